"""Second factors in the database: sealed for their person, as other secrets are for their tenant.

django-allauth keeps them within a JSON column and hands over only the token, when it is to be opened. So a row that is
read gives each token its place along, and a row that is new binds what was encrypted before its person was known.
"""

from typing import Any

from allauth.mfa.models import Authenticator
from django.db.models.signals import post_init, pre_save
from django.dispatch import receiver

from portal.keyring import Place, SecretMisplaced, opened, sealed
from portal.misplaced import opened_or_told

SECRETS = frozenset({"secret", "seed"})
"""The members of a factor's data that are tokens."""
_WHAT = "mfa.authenticator.data"
_NEW = Place(f"{_WHAT}.new", name="A second factor")


class PlacedToken(str):
    """A token that knows where it stands."""

    place: Place


def place_of(row: Any) -> Place:
    """A person has one factor of a kind that has secrets."""
    return Place(_WHAT, (row.user_id, row.type), "A second factor", (Authenticator._meta.label_lower, row.pk))


def encrypted(text: str) -> str:
    """For a row that is about to be made."""
    return sealed(text, _NEW)


def decrypted(token: str) -> str:
    """Raises SecretUnreadable and SecretMisplaced."""
    return str(opened_or_told(token, token.place if isinstance(token, PlacedToken) else _NEW))


@receiver(post_init, sender=Authenticator)
def know_places(instance: Authenticator, **kwargs: Any) -> None:
    data = instance.__dict__.get("data")
    for name in SECRETS & data.keys() if isinstance(data, dict) else ():
        data[name] = PlacedToken(data[name])
        data[name].place = place_of(instance)


@receiver(pre_save, sender=Authenticator)
def bind(instance: Authenticator, raw: bool = False, **kwargs: Any) -> None:
    if instance._state.adding and not raw:
        for name in SECRETS & instance.data.keys():
            instance.data[name] = _bound(instance.data[name], place_of(instance))


def _bound(token: str, place: Place) -> str:
    """A row that is made anew with what it had keeps it."""
    try:
        fresh = PlacedToken(sealed(opened(token, _NEW), place))
    except SecretMisplaced:
        fresh = PlacedToken(token)
    fresh.place = place
    return fresh
