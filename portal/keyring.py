"""The keys of stored secrets, and what is sealed with them: a Fernet token that opens in one place alone.

A token bears the place it was sealed for (which field, and whose), beside the value and under the key's seal. Copied into
another row, tenant or field it does not open there: `SecretMisplaced` instead of the value. Nor does one that bears no
place, as versions before did: those were bound once, when the database was migrated.

Keys come from FIELD_KEYS: the first encrypts, all may decrypt.
"""

import json
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ImproperlyConfigured

KEY_FORM = "Each must be 32 random bytes in URL-safe base64, as `manage.py new_field_key` prints."
_MARK = b"@"
"""Begins what bears a place. No JSON begins with it, so that no older token passes for one."""


class SecretUnreadable(Exception):
    """A stored secret was written with a key that is not in FIELD_KEYS (or was damaged)."""

    def __init__(self, name: str = "A stored secret") -> None:
        super().__init__(
            f"{name} cannot be read with the keys in FIELD_KEYS. Add the key it was written with to the end of "
            "FIELD_KEYS and run `manage.py rotate_secrets`, or enter the secret again."
        )


class SecretMisplaced(SecretUnreadable):
    """A stored secret stands where it was not put: somebody who can write to the database has moved or copied it."""

    def __init__(self, name: str = "A stored secret") -> None:
        Exception.__init__(
            self,
            f"{name} was not stored for this place, so it is not used: somebody changed the database by hand. "
            "Find out who did, then enter the secret again.",
        )


@dataclass(frozen=True, slots=True)
class Place:
    """Where a secret stands: `what` is the field, `of` says whose. `name` and `row` are for people, and bind nothing."""

    what: str
    of: tuple[Any, ...] = ()
    name: str = field(default="A stored secret", compare=False)
    row: tuple[str, Any] | None = field(default=None, compare=False)

    def __bytes__(self) -> bytes:
        return json.dumps([self.what, *self.of]).encode()


def sealed(plain: Any, place: Place, at: int | None = None) -> str:
    """A token of what JSON can hold, to be opened at `place`; `at` is its date where that is not now."""
    payload = _MARK + bytes(place) + b"\n" + json.dumps(plain).encode()
    return (keyring().encrypt(payload) if at is None else keyring().encrypt_at_time(payload, at)).decode()


def opened(token: str, place: Place, ttl: int | None = None) -> Any:
    """The value. Raises SecretUnreadable where no key fits or it is older than `ttl` seconds, SecretMisplaced."""
    payload = _decrypted(token, place, ttl)
    where, _, plain = payload[1:].partition(b"\n")
    if not payload.startswith(_MARK) or where != bytes(place):
        raise SecretMisplaced(place.name)
    return json.loads(plain)


def bound(token: str, place: Place) -> str:
    """A token of a version before, which bears no place, bound to where it stands, its date kept.

    One that bears a place is returned as it is, the wrong one too: it does not open. Raises SecretUnreadable.
    """
    payload = _decrypted(token, place)
    if payload.startswith(_MARK):
        return token
    return sealed(json.loads(payload), place, keyring().extract_timestamp(token.encode()))


def rotated(token: str, place: Place) -> str:
    """The same secret under the first key, its date kept. Raises SecretUnreadable and SecretMisplaced."""
    opened(token, place)
    return token if current_key_reads(token) else keyring().rotate(token.encode()).decode()


def _decrypted(token: str, place: Place, ttl: int | None = None) -> bytes:
    try:
        return keyring().decrypt(token.encode(), ttl)
    except InvalidToken:
        raise SecretUnreadable(place.name) from None


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


def new_key() -> str:
    """A fresh key for FIELD_KEYS."""
    return Fernet.generate_key().decode()
