"""Rows that workers take, keep and finish: never two at a time, and none lost with its worker.

The route: a row is queued -> a worker takes its lease -> tells how far it is, which keeps the lease -> done, or failed
in words. A worker that dies leaves a lease that runs out; `resume` calls the next one.
"""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from django.db.models import F, Q
from django.utils import timezone

from reconciliation.models.background import Background

LEASE = timedelta(minutes=5)
"""Longer than anything goes on without a word."""
MOST_ATTEMPTS = 3
TASK_SECONDS = 3_600
"""What the queue allows one of them: a million customers take some minutes."""
SAVE_SECONDS = 1.0
Kind = TypeVar("Kind", bound=Background)
State = Background.State
OPEN = (State.QUEUED, State.RUNNING)


class TakenOver(Exception):
    """The row was removed, or another worker holds it."""


def take(model: type[Kind], pk: int) -> Kind | None:
    """The row, leased to this worker; None where another has it, or it is over."""
    now = timezone.now()
    mine = model._default_manager.filter(_free(now), pk=pk, state__in=OPEN)
    if not mine.update(state=State.RUNNING, lease_until=now + LEASE, attempts=F("attempts") + 1):
        return None
    row = model._default_manager.select_related("tenant", "actor").get(pk=pk)
    if row.attempts > MOST_ATTEMPTS:
        fail(row, f"It was begun {MOST_ATTEMPTS} times and its worker was stopped each time.")
        return None
    return row


def keep(row: Background, **values: object) -> None:
    """Write down how far it is and keep the lease; TakenOver where it is no longer this worker's."""
    _write(row, {"lease_until": timezone.now() + LEASE, **values})


def finish(row: Background, **values: object) -> None:
    """It is done."""
    _write(row, {"state": State.DONE, "lease_until": None, "finished_at": timezone.now(), **values})


def fail(row: Background, words: str) -> None:
    """It cannot be done; `words` say why and what would help."""
    _write(row, {"state": State.FAILED, "error": words, "lease_until": None, "finished_at": timezone.now()})


def resume(model: type[Background], now: datetime, call: Callable[[int], None]) -> int:
    """Call workers for rows that nobody works on: their worker died, or was never there. Returns how many."""
    left = model._default_manager.filter(
        _free(now), state__in=OPEN, created_at__lt=now - timedelta(minutes=1)
    )
    found = list(left.values_list("pk", flat=True))
    for pk in found:
        call(pk)
    return len(found)


class Pace:
    """Says when it is time to write down how far something is: not more than once a second."""

    def __init__(self) -> None:
        self.last = 0.0

    def is_time(self) -> bool:
        now = time.monotonic()
        if now - self.last < SAVE_SECONDS:
            return False
        self.last = now
        return True


def _write(row: Background, values: dict[str, object]) -> None:
    mine = type(row)._default_manager.filter(pk=row.pk, state=State.RUNNING, attempts=row.attempts)
    if not mine.update(**values):
        raise TakenOver
    for name, value in values.items():
        setattr(row, name, value)


def _free(now: datetime) -> Q:
    return Q(lease_until=None) | Q(lease_until__lt=now)
