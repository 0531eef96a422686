"""A torture's course: edits and kills in one random order, then everything is left to come to rest."""

import time
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Protocol

from integrations.models import Connection, Delivery, FlowItem, Run, SyncRule

REST_SECONDS = 90.0
Say = Callable[[str], None]


class NoRest(Exception):
    """Deliveries were still under way long after the last edit: they are stuck."""


class Edits(Protocol):
    """Whoever makes the edits, by its own random numbers."""

    random: Random

    def one(self) -> None: ...


def edits_and_kills(editor: Edits, kill: Callable[[], None], kills: int, edits: int, say: Say) -> None:
    """Both in one random order; what is killed was given a random while to live."""
    order = ["edit"] * edits + ["kill"] * kills
    editor.random.shuffle(order)
    for number, step in enumerate(order):
        if step == "edit":
            editor.one()
            time.sleep(editor.random.uniform(0.0, 0.02))
        else:
            time.sleep(editor.random.uniform(0.05, 0.6))
            kill()
        if number % 50 == 49:
            say(f"{number + 1} of {len(order)} …")


def rest(connections: Sequence[Connection], *, asking: bool = False) -> None:
    """Until nothing is owed, and everything has been read once more after that. `asking`: what waits for a person rests
    too."""
    states = [state for state in Delivery.OPEN if not (asking and state == Delivery.State.NEEDS_PERSON)]
    _settled(connections, states)
    for _ in range(2):
        _cycle(connections, time.monotonic() + REST_SECONDS)
        _settled(connections, states)


def _settled(connections: Sequence[Connection], states: Sequence[str]) -> None:
    """Wait until no flow owes anything any more, and no delivery is in one of these states. Raises NoRest where none of
    them has come to its end for a while: a slow machine is not a stuck one."""
    items = FlowItem.objects.filter(flow__tenant__connections__in=connections, state=FlowItem.State.OWED)
    deliveries = Delivery.objects.filter(connection__in=connections, state__in=states)
    left, until = -1, 0.0
    while (now := items.count() + deliveries.count()) > 0:
        if now != left:
            left, until = now, time.monotonic() + REST_SECONDS
        if time.monotonic() > until:
            rows: list[Any] = [*items[:5], *deliveries[:5]]
            raise NoRest("; ".join(f"{row}: {row.state} {row.reason} {row.message}" for row in rows))
        time.sleep(0.1)


def _cycle(connections: Sequence[Connection], until: float) -> None:
    """Wait for a whole pull of every rule."""
    for rule in SyncRule.objects.filter(connection__in=connections, enabled=True):
        last = Run.objects.filter(rule=rule).order_by("-id").values_list("id", flat=True).first() or 0
        fresh = Run.objects.filter(rule=rule, id__gt=last + 1, finished_at__isnull=False)
        while not fresh.exists() and time.monotonic() < until:
            time.sleep(0.1)


def idle(connections: Sequence[Connection], cycles: int = 3) -> None:
    """Some cycles in which nobody edits: whatever is written in them is needless, and shows in the journal."""
    for _ in range(cycles):
        _cycle(connections, time.monotonic() + 30)
