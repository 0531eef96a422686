"""Deliveries as they stand, stored: many in one statement, and what is the same in all of them said once.

The route: `outcomes` sets what has become of a delivery -> stored here at once, or at the end of a `together` block
with all the others of it.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from django.db import transaction
from django.utils import timezone

from integrations.models import Delivery
from reconciliation import bulk

State = Delivery.State
_SET = ("state", "reason", "message", "who", "next_try_at", "refusals", "silences", "reply")
_BEGUN = ("operation", "request", "values", "parts", "begun_at", "external_id")
_CLOSED = ("message", "external_id", "reply")
_EMPTY = "{}"


def standing(deliveries: Sequence[Delivery]) -> set[int]:
    """The ids of those that nobody has closed, and no change has joined, since they were read. They stay locked."""
    rows = Delivery.moving().select_for_update().filter(pk__among=[d.pk for d in deliveries]).order_by("pk")
    changes = dict(rows.values_list("pk", "changes"))
    return {d.pk for d in deliveries if changes.get(d.pk) == d.changes}


def begun(deliveries: Sequence[Delivery], now: datetime) -> None:
    """What is about to be sent, of deliveries that were begun together."""
    stamp = bulk.stamp(now)
    rows = [
        (
            delivery.operation,
            _text(delivery.request),
            _text(delivery.values),
            _text(delivery.parts),
            stamp if delivery.begun_at is now else delivery.begun_at,
            delivery.external_id,
            delivery.pk,
        )
        for delivery in deliveries
    ]
    if rows:
        same = {
            "state": State.SENDING,
            "job": "",
            "sent_at": now,
            "next_try_at": deliveries[0].next_try_at,
        }
        bulk.update(Delivery, _BEGUN, rows, same)


def in_job(deliveries: Sequence[Delivery], job: str, at: datetime) -> None:
    """They are on their way with a bulk job, which is asked again at that time."""
    for delivery in deliveries:
        delivery.job, delivery.next_try_at = job, at
    ids = [delivery.pk for delivery in deliveries]
    Delivery.objects.filter(pk__among=ids).update(job=job, next_try_at=at)


def changed(delivery: Delivery) -> None:
    """It waits, for another try or for a person."""
    if (gathered := _gathered.get()) is not None:
        gathered.changed[delivery.pk] = delivery
    else:
        _store_changed([delivery])


def closed(delivery: Delivery, *, more: bool) -> None:
    """It has come to its end; `more` is whether its record owes another."""
    if (gathered := _gathered.get()) is not None:
        gathered.closed[delivery.pk] = (delivery, more)
    else:
        closed_together([delivery], {delivery.pk} if more else ())


def closed_together(deliveries: Sequence[Delivery], more: Collection[int]) -> None:
    """`closed` of many of one entity. Changes that came meanwhile owe another delivery; later success closes earlier
    failures."""
    if not deliveries:
        return
    now = timezone.now()
    with transaction.atomic():
        locked = Delivery.objects.select_for_update().filter(pk__among=[d.pk for d in deliveries])
        changes = dict(locked.order_by("pk").values_list("pk", "changes"))
        _store_closed(deliveries, now)
        again = [d for d in deliveries if d.pk in more or changes.get(d.pk, 0) > d.changes]
        Delivery.objects.bulk_create(_another(d, changes.get(d.pk, 0), now) for d in again)
        _forgive(deliveries)


@dataclass(slots=True)
class _Gathered:
    """What is still to be stored of deliveries, by id; of those that were closed, whether they owe another."""

    changed: dict[int, Delivery] = field(default_factory=dict)
    closed: dict[int, tuple[Delivery, bool]] = field(default_factory=dict)


_gathered: ContextVar[_Gathered | None] = ContextVar("gathered", default=None)


@contextmanager
def together() -> Iterator[None]:
    """What becomes of many deliveries in this block is stored at its end, in a few statements for all of them.

    Nothing is where an exception leaves the block: they are as they were, and found again.
    """
    gathered = _Gathered()
    token = _gathered.set(gathered)
    try:
        yield
    finally:
        _gathered.reset(token)
    with transaction.atomic():
        _store_changed(list(gathered.changed.values()))
        closed = list(gathered.closed.values())
        closed_together([delivery for delivery, _ in closed], {d.pk for d, more in closed if more})


def _store_changed(deliveries: Sequence[Delivery]) -> None:
    rows = [(*(_column(d, name) for name in _SET), d.pk) for d in deliveries]
    bulk.update(Delivery, _SET, rows)
    if waiting := [d for d in deliveries if d.state == State.NEEDS_PERSON]:
        _take_up_corrections(waiting)


def _take_up_corrections(deliveries: Sequence[Delivery]) -> None:
    """An edit that joined while a delivery was looked at may be the very correction: it is not left lying."""
    seen = {delivery.pk: delivery.changes for delivery in deliveries}
    counted = Delivery.objects.filter(pk__among=list(seen)).values_list("pk", "changes")
    joined = [pk for pk, changes in counted if changes > seen[pk]]
    if joined:
        Delivery.objects.filter(pk__in=joined).update(
            state=State.OWED, next_try_at=timezone.now(), refusals=0
        )


def _store_closed(deliveries: Sequence[Delivery], now: datetime) -> None:
    """A statement for each way of ending: nearly always there is one."""
    ways: dict[tuple[str, str], list[Delivery]] = {}
    for delivery in deliveries:
        ways.setdefault((delivery.state, delivery.reason), []).append(delivery)
    for (state, reason), group in ways.items():
        same = {
            "state": state,
            "reason": reason,
            "who": "",
            "closed_at": now,
            "next_try_at": None,
        }
        rows = [(d.message, d.external_id, None if d.reply is None else _text(d.reply), d.pk) for d in group]
        bulk.update(Delivery, _CLOSED, rows, same)


def _another(delivery: Delivery, changes: int, now: datetime) -> Delivery:
    """The next delivery of the same record."""
    return Delivery(
        connection_id=delivery.connection_id,
        rule_id=delivery.rule_id,
        entity=delivery.entity,
        record_id=delivery.record_id,
        changes=max(1, changes - delivery.changes),
        created_at=now,
        next_try_at=now,
    )


def _forgive(deliveries: Sequence[Delivery]) -> None:
    """Later success closes earlier failures of the same records."""
    first = deliveries[0]
    Delivery.objects.filter(
        connection_id=first.connection_id,
        entity=first.entity,
        record_id__among=[delivery.record_id for delivery in deliveries],
        state=State.GIVEN_UP,
    ).update(state=State.NOT_NEEDED, message="A later write of this record came through.")


def _column(delivery: Delivery, name: str) -> Any:
    value = getattr(delivery, name)
    return _text(value) if name == "reply" and value is not None else value


def _text(value: Mapping[str, Any] | None) -> str:
    """As `JSONTextField` keeps it."""
    return orjson.dumps(value, default=str).decode() if value else _EMPTY
