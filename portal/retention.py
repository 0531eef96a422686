"""How long rows are kept, table by table, and the nightly job that takes away the rest.

The route: each floor declares its tables (`register_retention`): so many days, and which rows are then no longer needed
-> once a day a worker removes those, a thousand a transaction, so that nobody waits for it. A table that nobody declares
is kept for ever: records, links, merges (which can be undone at any time), the audit trail and its seals.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.checks import CheckMessage, Error, register
from django.db import transaction
from django.db.models import Model, QuerySet
from django.utils import timezone

log = logging.getLogger(__name__)

BATCH = 1_000


@dataclass(frozen=True, slots=True)
class Kept:
    """One table: `what` is removed once it is `days` old, or more days where RETENTION_DAYS says so.

    `old` gives the rows that are no longer needed, given the moment before which they are old enough. Fewer days than
    `least` would break a promise. `part` names some of a table's rows, where they are kept for a time of their own.
    """

    model: type[Model]
    days: int
    what: str
    old: Callable[[datetime], "QuerySet[Any]"]
    least: int = 1
    part: str = ""

    @property
    def label(self) -> str:
        return f"{self.model._meta.label_lower}{self.part and '.'}{self.part}"

    @property
    def for_days(self) -> int:
        """By RETENTION_DAYS, or else by default."""
        return max(self.least, settings.RETENTION_DAYS.get(self.label, self.days))


_kept: list[Kept] = []


def register_retention(*kept: Kept) -> None:
    """Add tables from which old rows are removed."""
    _kept.extend(kept)


def declared() -> list[Kept]:
    """All of them, in the order in which they are pruned."""
    return list(_kept)


def prune(now: datetime, *, dry_run: bool = False) -> Iterator[tuple[Kept, int]]:
    """Remove what is old, or only count it. Gives each table with the number of its rows, as it is done."""
    for kept in _kept:
        rows = kept.old(now - timedelta(days=kept.for_days))
        yield kept, rows.count() if dry_run else _remove(kept.model, rows)


def each_night() -> None:
    """The nightly job, by a worker."""
    for kept, count in prune(timezone.now()):
        if count:
            log.info("%d rows of %s were removed: %s", count, kept.label, kept.what)


def _remove(model: type[Model], rows: "QuerySet[Any]") -> int:
    """A batch a transaction. What is needed again by then is no longer among `rows`, and stays.

    Each batch begins after the last one's end: from the beginning, the rows that stay would be read again each time.
    """
    removed, left = 0, rows.order_by("pk")
    while batch := list(left.values_list("pk", flat=True)[:BATCH]):
        with transaction.atomic():
            _, of_each = rows.filter(pk__in=batch).order_by().delete()
        removed += of_each.get(model._meta.label, 0)
        if len(batch) < BATCH:
            break
        left = left.filter(pk__gt=batch[-1])
    return removed


@register()
def check_retention_days(**kwargs: Any) -> list[CheckMessage]:
    """RETENTION_DAYS names declared tables, and days as whole numbers."""
    known = {kept.label: kept for kept in _kept}
    wrong = [
        f"{name}: {days!r}"
        for name, days in settings.RETENTION_DAYS.items()
        if name not in known or not isinstance(days, int) or days < known[name].least
    ]
    hint = ", ".join(f"{kept.label} ({kept.least} or more)" for kept in known.values())
    message = (
        f"RETENTION_DAYS has what cannot be kept to ({'; '.join(wrong)}). It takes whole days of: {hint}."
    )
    return [Error(message, id="portal.E002")] if wrong else []


register_retention(
    Kept(Session, 1, "sessions that are over", lambda before: Session.objects.filter(expire_date__lt=before))
)
