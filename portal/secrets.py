"""Secrets at rest: encrypted on the way into the database, opened only where a call needs them.

The route of a secret: a write-only form field (`portal.forms.SecretFormField`) → a model attribute, which holds it
as a `Secret` → a Fernet token in the database → a `Secret` again, still closed → `.reveal()` at the moment of use.
Lists and forms that load the row never decrypt it, and printing a `Secret` prints no secret.

Each token is bound to its place (`portal.keyring`): the field, and what the field's `of` names of its row, which is known
before the row is saved and never changes. In another place it opens nothing, and it is told (`portal.misplaced`).
A key is changed by putting a new one in front of FIELD_KEYS and running `manage.py rotate_secrets`.
"""

import base64
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NoReturn

from django import forms
from django.core.checks import CheckMessage, Error
from django.core.exceptions import FieldError
from django.db import models
from django.db.models.lookups import IsNull
from django.db.models.query_utils import DeferredAttribute
from django.db.models.signals import post_init

from portal.keyring import Place, SecretMisplaced, SecretUnreadable, sealed
from portal.misplaced import opened_or_told

__all__ = ["EncryptedJSONField", "EncryptedTextField", "Secret", "SecretMisplaced", "SecretUnreadable"]


class Secret:
    """A value that shows itself only through `reveal()`.

    From the database it holds a token and no plain text; `set_at` tells when that token was written.
    """

    __slots__ = ("_place", "_plain", "_token")

    def __init__(self, *, plain: Any = None, token: str = "", place: Place | None = None) -> None:
        self._plain, self._token, self._place = plain, token, place

    def reveal(self) -> Any:
        """The plain value; never gives out the token instead.

        Raises SecretUnreadable where no key fits, SecretMisplaced where it was stored for another place.
        """
        if not self._token:
            return self._plain
        if self._place is None:
            raise ValueError("A secret opens through its row alone, which says where it stands.")
        return opened_or_told(self._token, self._place)

    @property
    def token(self) -> str:
        """What the database holds. Encrypts on first use, so that saving twice writes the same token."""
        if not self._token:
            if self._place is None:
                raise ValueError(
                    "Where is this secret to stand? Save its row, or give its columns to `placed`."
                )
            self._token, self._plain = sealed(self._plain, self._place), None
        return self._token

    def settle(self, place: Place) -> None:
        """Learn from its row where it stands. The first place holds: its token opens there or nowhere."""
        if self._place is None:
            self._place = place

    def at(self, place: Place) -> "Secret":
        """The same secret for `place`: itself, or another where it was read somewhere else."""
        self.settle(place)
        return self if self._place == place else Secret(plain=self.reveal(), place=place)

    @property
    def is_stored(self) -> bool:
        """Whether it holds a token, and not what somebody has just typed."""
        return bool(self._token)

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

    field: "EncryptedField"

    def __get__(self, instance: models.Model | None, cls: Any = None) -> Any:
        value = super().__get__(instance, cls)
        if instance is not None and isinstance(value, Secret) and value.is_stored and self.field.of:
            value.settle(self.field.place_of(instance))
        return value

    def __set__(self, instance: models.Model, value: Any) -> None:
        if value not in (None, "") and not isinstance(value, Secret):
            value = Secret(plain=value)
        instance.__dict__[self.field.attname] = value


if TYPE_CHECKING:  # generic only in the stubs
    TextField = models.TextField[Any, Any]
else:
    TextField = models.TextField


class EncryptedField(TextField):
    """What the two encrypted fields share. In Python the value is a `Secret`, None or "".

    `of` names the columns that say whose it is (`("tenant_id",)`). No change of the table: migrations do without.
    """

    secret = True
    descriptor_class = SecretAttribute

    def __init__(self, *args: Any, of: tuple[str, ...] = (), **kwargs: Any) -> None:
        self.of = of
        super().__init__(*args, **kwargs)

    def contribute_to_class(self, cls: type[models.Model], name: str, private_only: bool = False) -> None:
        super().contribute_to_class(cls, name, private_only)
        if self.of:
            post_init.connect(self._settle, sender=cls)

    def check(self, **kwargs: Any) -> list[CheckMessage]:
        problem = "An encrypted field must say whose it is: `of=(…)`, columns that never change."
        return [*super().check(**kwargs), *([] if self.of else [Error(problem, obj=self, id="portal.E002")])]

    def place_of(self, row: models.Model) -> Place:
        """Where this field's secret of that row stands."""
        label = self.model._meta.label_lower
        name = f"“{self.verbose_name}” of a {self.model._meta.verbose_name}"
        of = tuple(getattr(row, column) for column in self.of)
        return Place(f"{label}.{self.name}", of, name, (label, row.pk))

    def _settle(self, instance: models.Model, **kwargs: Any) -> None:
        """A row was read: its secret stands where the row stood then, whatever is assigned to the row later."""
        value = instance.__dict__.get(self.attname)
        if isinstance(value, Secret) and value.is_stored and instance.__dict__.keys() >= set(self.of):
            value.settle(self.place_of(instance))

    def from_db_value(self, value: str | None, expression: object, connection: object) -> Secret | str | None:
        return Secret(token=value) if value else value

    def to_python(self, value: Any) -> Any:
        """Fixtures hold the token; forms and code bring a Secret."""
        return Secret(token=value) if isinstance(value, str) and value else value

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        """Here the row is known, so here a secret is bound to it."""
        value = super().pre_save(model_instance, add)
        if (
            isinstance(value, Secret) and self.of
        ):  # a migration's models do not know it, and say the place themselves
            value = value.at(self.place_of(model_instance))
            setattr(model_instance, self.attname, value)
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


def placed(row: models.Model, columns: dict[str, Any]) -> dict[str, Any]:
    """`columns` for an UPDATE of that row which does not go by `save`: its secrets bound to it."""
    fields = {
        field.attname: field for field in row._meta.concrete_fields if isinstance(field, EncryptedField)
    }
    return {
        name: Secret(plain=value, place=fields[name].place_of(row)) if name in fields and value else value
        for name, value in columns.items()
    }


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
