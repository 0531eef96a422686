"""Secrets at rest: encrypted on the way into the database, opened only where a call needs them.

The route of a secret: a write-only form field (`portal.forms.SecretFormField`) → a model attribute, which holds it
as a `Secret` → a Fernet token in the database → a `Secret` again, still closed → `.reveal()` at the moment of use.
Lists and forms that load the row never decrypt it, and printing a `Secret` prints no secret.

Keys come from FIELD_KEYS: the first encrypts, all may decrypt, so that a key is changed by putting a new one in
front and running `manage.py rotate_secrets`.
"""

import base64
import json
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NoReturn

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django import forms
from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import FieldError, ImproperlyConfigured
from django.db import models
from django.db.models.lookups import IsNull
from django.db.models.query_utils import DeferredAttribute

KEY_FORM = "Each must be 32 random bytes in URL-safe base64, as `manage.py new_field_key` prints."


class SecretUnreadable(Exception):
    """A stored secret was written with a key that is not in FIELD_KEYS (or was damaged)."""

    def __init__(self, name: str = "A stored secret") -> None:
        super().__init__(
            f"{name} cannot be read with the keys in FIELD_KEYS. Add the key it was written with to the end of "
            "FIELD_KEYS and run `manage.py rotate_secrets`, or enter the secret again."
        )


class Secret:
    """A value that shows itself only through `reveal()`.

    From the database it holds a token and no plain text; `set_at` tells when that token was written.
    """

    __slots__ = ("_name", "_plain", "_token")

    def __init__(self, *, plain: Any = None, token: str = "", name: str = "A stored secret") -> None:
        self._plain, self._token, self._name = plain, token, name

    def reveal(self) -> Any:
        """The plain value. Raises SecretUnreadable where no key fits; never gives out the token instead."""
        if self._token:
            try:
                return json.loads(keyring().decrypt(self._token.encode()))
            except (InvalidToken, ValueError):
                raise SecretUnreadable(self._name) from None
        return self._plain

    @property
    def token(self) -> str:
        """What the database holds. Encrypts on first use, so that saving twice writes the same token."""
        if not self._token:
            self._token = keyring().encrypt(json.dumps(self._plain).encode()).decode()
            self._plain = None
        return self._token

    @property
    def set_at(self) -> datetime | None:
        """When it was written: a Fernet token carries that in clear, and rotation keeps it."""
        if not self._token:
            return None
        stamp = int.from_bytes(base64.urlsafe_b64decode(self._token[:12])[1:9], "big")
        return datetime.fromtimestamp(stamp, UTC)

    def __repr__(self) -> str:
        return "[secret]"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        if self is other:
            return True
        return bool(self._token) and self._token == other._token

    def __hash__(self) -> int:
        return id(self)

    def __reduce__(self) -> NoReturn:
        raise TypeError("A Secret is not pickled: hand on the row's id and reveal it there.")


class SecretAttribute(DeferredAttribute):
    """Keeps a model's attribute a Secret whatever is assigned to it; None and "" stay what they are."""

    def __set__(self, instance: models.Model, value: Any) -> None:
        if value not in (None, "") and not isinstance(value, Secret):
            value = Secret(plain=value)
        instance.__dict__[self.field.attname] = value


if TYPE_CHECKING:  # generic only in the stubs
    TextField = models.TextField[Any, Any]
else:
    TextField = models.TextField


class EncryptedField(TextField):
    """What the two encrypted fields share. In Python the value is a `Secret`, None or ""."""

    secret = True
    descriptor_class = SecretAttribute

    def from_db_value(self, value: str | None, expression: object, connection: object) -> Secret | str | None:
        if not value:
            return value
        return Secret(token=value, name=f"“{self.verbose_name}” of a {self.model._meta.verbose_name}")

    def to_python(self, value: Any) -> Any:
        return value

    def get_prep_value(self, value: Any) -> str | None:
        if value in (None, ""):
            return value
        return value.token if isinstance(value, Secret) else Secret(plain=value).token

    def value_to_string(self, obj: models.Model) -> str:
        """Fixtures and dumps get the token, which only the key's holder can open."""
        value = self.value_from_object(obj)
        return value.token if isinstance(value, Secret) else ""

    def get_lookup(self, lookup_name: str) -> Any:
        """Only "is it set" can be asked: any other lookup would be a way to guess tokens."""
        if lookup_name == "isnull":
            return IsNull
        raise FieldError(f"“{self.name}” is encrypted: the database cannot compare or search it.")

    def get_transform(self, lookup_name: str) -> Any:
        return None

    def save_form_data(self, instance: models.Model, data: Any) -> None:
        """A blank write-only field keeps what is stored."""
        if data not in (None, ""):
            setattr(instance, self.name, data)

    def formfield(self, **kwargs: Any) -> forms.Field | None:
        from portal.forms import SecretFormField

        return models.Field.formfield(self, **{"form_class": SecretFormField, **kwargs})


class EncryptedTextField(EncryptedField):
    """Text, encrypted. Blank is stored as it is, so that "not set" can be asked of the database."""


class EncryptedJSONField(EncryptedField):
    """Anything that JSON can hold, such as `{"client_id": …, "client_secret": …}`, encrypted as a whole.

    Not editable as such: a form asks for each member with a `SecretFormField`.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"editable": False, **kwargs})


def keyring() -> MultiFernet:
    """All keys; the first encrypts. Raises ImproperlyConfigured where one is malformed."""
    return _keyring(tuple(settings.FIELD_KEYS))


@lru_cache(maxsize=4)
def _keyring(keys: tuple[str, ...]) -> MultiFernet:
    problem = keys_problem(keys)
    if problem:
        raise ImproperlyConfigured(problem)
    return MultiFernet([Fernet(key) for key in keys])


def keys_problem(keys: tuple[str, ...]) -> str | None:
    """What is wrong with FIELD_KEYS, by position and never by value; None when it can be used."""
    if not keys:
        return f"FIELD_KEYS is empty. {KEY_FORM}"
    for position, key in enumerate(keys, start=1):
        try:
            Fernet(key)
        except ValueError:
            return f"Key {position} of {len(keys)} in FIELD_KEYS is malformed. {KEY_FORM}"
    return None


@register()
def check_field_keys(**kwargs: Any) -> list[CheckMessage]:
    """`manage.py check`, and so every start, refuses malformed keys before a secret is lost to one."""
    problem = keys_problem(tuple(settings.FIELD_KEYS))
    return [Error(problem, id="portal.E001")] if problem else []


def current_key_reads(token: str) -> bool:
    """Was this token written with the first key?"""
    try:
        Fernet(settings.FIELD_KEYS[0]).decrypt(token.encode())
    except InvalidToken:
        return False
    return True


def rotated(secret: Secret) -> Secret:
    """The same secret under the first key, its date kept. Raises SecretUnreadable where no key fits."""
    try:
        return Secret(token=keyring().rotate(secret.token.encode()).decode())
    except InvalidToken:
        raise SecretUnreadable from None


def encrypted_fields() -> list[tuple[type[models.Model], EncryptedField]]:
    """Every encrypted field of every concrete model, for rotation and for the search for leaks."""
    from django.apps import apps

    return [
        (model, field)
        for model in apps.get_models()
        if not model._meta.proxy
        for field in model._meta.local_concrete_fields
        if isinstance(field, EncryptedField)
    ]


def new_key() -> str:
    """A fresh key for FIELD_KEYS."""
    return Fernet.generate_key().decode()
