"""Binds what versions before stored to its place: once, when the database is migrated, or by a person's word.

Never by itself: an unbound token that turns up later is refused, or an old copy of one could be put anywhere. Models come
as a migration has them, so the columns of the place are told beside.
"""

from collections import Counter
from typing import Any

from django.db import models, transaction

from portal.entrance.factors import SECRETS, place_of
from portal.keyring import Place, SecretUnreadable, bound
from portal.secrets import Secret


@transaction.atomic
def bind_column(model: type[models.Model], name: str, of: tuple[str, ...]) -> Counter[str]:
    """Returns how many tokens were bound, and how many no key reads: those stay, and are entered again."""
    counts: Counter[str] = Counter()
    what = f"{model._meta.label_lower}.{name}"
    rows = model._base_manager.order_by("pk").select_for_update()
    for pk, secret, *owner in list(rows.values_list("pk", name, *of)):
        if secret and (fresh := _bound(secret.token, Place(what, tuple(owner)), counts)):
            model._base_manager.filter(pk=pk).update(**{name: Secret(token=fresh)})
    return counts


@transaction.atomic
def bind_factors(authenticator: Any) -> Counter[str]:
    """`bind_column` for the second factors that django-allauth keeps."""
    counts: Counter[str] = Counter()
    for row in list(authenticator.objects.order_by("pk").select_for_update()):
        fresh = {name: _bound(row.data[name], place_of(row), counts) for name in SECRETS & row.data.keys()}
        if any(fresh.values()):
            row.data |= {name: token for name, token in fresh.items() if token}
            row.save(update_fields=["data"])
    return counts


def _bound(token: str, place: Place, counts: Counter[str]) -> str:
    """The bound token; nothing where it bears a place already, or cannot be read."""
    try:
        fresh = bound(token, place)
    except SecretUnreadable:
        counts["unreadable"] += 1
        return ""
    if fresh == token:
        return ""
    counts["bound"] += 1
    return fresh
