"""What becomes of a delivery: the only writer of its state once it is owed, and of its connection's outbox.

Two limits. A system that says no counts `refusals`: at the limit the delivery waits for a person. A system that
does not answer counts `silences`: the whole connection backs off, and is shown as down; a delivery that stays
without an answer while others are answered waits for a person as well.
"""

import random
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from integrations.connectors.errors import RemoteError, Who
from integrations.models import Connection, Delivery, Outbox
from integrations.push import timing
from portal.logs import redact
from reconciliation import bulk
from reconciliation.models import JSONTextField

State = Delivery.State
DOWN = "Writes wait: "
"""How a connection's problem begins that the outbox has put there."""
NOT_SEEN = "not_seen"
WAITS = "waits"
_TRY_AGAIN = frozenset({"conflict"})
"""Refusals that may pass: the record's state there can change. Others are final at once."""
_ROW_BUSY = frozenset({"row_locked", "unprocessed"})
"""What concerns one row and passes by itself."""
_LIMITS = frozenset({"rate_limited", "daily_limit", "seat_taken", "seat_lost"})
"""The system is up, but not for us at this moment."""


def begin(
    delivery: Delivery,
    operation: Delivery.Operation,
    request: Mapping[str, Any],
    values: Mapping[str, Any],
    parts: Mapping[str, Any] | None = None,
) -> None:
    """Written down before the call: from here on a worker's death leaves an outcome to be found out."""
    begin_together([(delivery, operation, request, values)], parts)


def begin_together(
    begun: Sequence[tuple[Delivery, Delivery.Operation, Mapping[str, Any], Mapping[str, Any]]],
    parts: Mapping[str, Any] | None = None,
) -> None:
    """`begin` of many, of one connection, in one statement."""
    now = timezone.now()
    for delivery, operation, request, values in begun:
        delivery.state, delivery.operation = State.SENDING, operation
        delivery.request, delivery.values, delivery.parts = dict(request), dict(values), dict(parts or {})
        delivery.begun_at, delivery.sent_at, delivery.job = delivery.begun_at or now, now, ""
        delivery.next_try_at = now + timing.current().abandoned_after(delivery.connection.system)
    _write([delivery for delivery, *_ in begun], _BEGUN)


def _write(deliveries: Sequence[Delivery], columns: tuple[str, ...]) -> None:
    """Store these columns of many deliveries."""
    fields = [Delivery._meta.get_field(name) for name in columns]
    rows = [
        (*(_as_text(field, getattr(delivery, field.name)) for field in fields), delivery.pk)
        for delivery in deliveries
    ]
    bulk.update(Delivery, columns, rows)


def _as_text(field: Any, value: Any) -> Any:
    return field.get_prep_value(value) if isinstance(field, JSONTextField) else value


def close_together(deliveries: Sequence[Delivery], more: Collection[int]) -> None:
    """`close` of many that were delivered, of one rule; `more` are the ids of those that owe another."""
    for delivery in deliveries:
        _as_closed(delivery, State.DONE)
    _store_closed(deliveries, more)


def _as_closed(delivery: Delivery, state: Delivery.State, message: str = "", reason: str = "") -> None:
    delivery.state, delivery.closed_at, delivery.next_try_at = state, timezone.now(), None
    delivery.message, delivery.reason, delivery.who = message, reason, ""


def _store_closed(deliveries: Sequence[Delivery], more: Collection[int]) -> None:
    """Changes that came meanwhile owe another delivery; later success closes earlier failures."""
    if not deliveries:
        return
    now = timezone.now()
    with transaction.atomic():
        locked = Delivery.objects.select_for_update().filter(pk__in=[delivery.pk for delivery in deliveries])
        changes = dict(locked.values_list("pk", "changes"))
        _write(deliveries, _CLOSED)
        again = [d for d in deliveries if d.pk in more or changes.get(d.pk, 0) > d.changes]
        Delivery.objects.bulk_create(_another(d, changes.get(d.pk, 0), now) for d in again)
        _forgive(deliveries)


_BEGUN = (
    "state", "operation", "request", "values", "parts", "begun_at", "sent_at", "next_try_at", "job", "external_id",
)  # fmt: skip
_CLOSED = ("state", "closed_at", "next_try_at", "message", "reason", "who", "external_id", "reply")
_SET = ("state", "reason", "message", "who", "next_try_at", "refusals", "silences", "reply")


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
        record_id__in=[delivery.record_id for delivery in deliveries],
        state=State.GIVEN_UP,
    ).update(state=State.NOT_NEEDED, message="A later write of this record came through.")


def in_job(deliveries: Sequence[Delivery], job: str, seconds: float) -> None:
    """They are on their way with a bulk job, which is asked again after so many seconds."""
    at = timezone.now() + timedelta(seconds=seconds)
    for delivery in deliveries:
        delivery.job, delivery.next_try_at = job, at
    Delivery.objects.filter(pk__in=[delivery.pk for delivery in deliveries]).update(job=job, next_try_at=at)


def close(
    delivery: Delivery, state: Delivery.State, message: str = "", *, reason: str = "", more: bool = False
) -> None:
    """Delivered, or nothing to deliver. Changes that came meanwhile owe another delivery, as does `more`.

    Later success closes earlier failures of the same record.
    """
    _as_closed(delivery, state, message, reason)
    if (gathered := _gathered.get()) is not None:
        gathered.closed[delivery.pk] = (delivery, more)
    else:
        _store_closed([delivery], {delivery.pk} if more else ())


def answered(connection: Connection) -> None:
    """The system answers: what made the connection wait is over."""
    if not Outbox.objects.filter(connection=connection, silences__gt=0).exists():
        return
    Outbox.objects.filter(connection=connection).update(silences=0, hold_until=None, down_since=None)
    Connection.objects.filter(pk=connection.pk, problem__startswith=DOWN).update(
        problem="", problem_who="", problem_at=None, health=Connection.Health.HEALTHY
    )


def go_on(connection: Connection) -> None:
    """Something has arrived there: what waited for it need not wait any longer."""
    waiting = Delivery.objects.filter(connection=connection, state=State.OWED, reason=WAITS)
    waiting.update(next_try_at=timezone.now())


def postpone(delivery: Delivery, reason: str, message: str, seconds: float) -> None:
    """Not its turn yet: it waits for something that has its own delivery or run."""
    _set(delivery, State.OWED, reason, message, Who.RETRY_LATER, timezone.now() + timedelta(seconds=seconds))


def not_seen(delivery: Delivery) -> None:
    """It was answered that all is well, and yet it is not to be found: looked for again, never sent again."""
    delivery.silences += 1
    message = "The system took it, but it cannot be found there yet."
    if delivery.silences >= timing.current().most_silences:
        needs_person(
            delivery, NOT_SEEN, f"{message} Look there by hand before you retry: a retry sends it again."
        )
    else:
        at = timezone.now() + timing.current().wait(delivery.silences)
        _set(delivery, State.UNKNOWN, NOT_SEEN, message, Who.RETRY_LATER, at)


def needs_person(delivery: Delivery, reason: str, message: str, who: str = Who.FIX_RECORD) -> None:
    """Trying again by itself will not help."""
    _set(delivery, State.NEEDS_PERSON, reason, message, who, None)
    if _gathered.get() is None:
        _take_up_corrections([delivery])


def _take_up_corrections(deliveries: Sequence[Delivery]) -> None:
    """An edit that joined while a delivery was looked at may be the very correction: it is not left lying."""
    seen = {delivery.pk: delivery.changes for delivery in deliveries}
    counted = Delivery.objects.filter(pk__in=seen).values_list("pk", "changes")
    joined = [pk for pk, changes in counted if changes > seen[pk]]
    if joined:
        Delivery.objects.filter(pk__in=joined).update(
            state=State.OWED, next_try_at=timezone.now(), refusals=0
        )


def failed(delivery: Delivery, error: RemoteError) -> bool:
    """Sort a failure. Returns whether the worker may go on with the connection's other deliveries."""
    delivery.reply = {
        "status": error.status,
        "reason": error.reason,
        "details": redact(error.details),
        "trace": error.trace_id,
        **({"exchange": error.exchange} if error.exchange else {}),
    }
    if delivery.state == State.UNKNOWN:
        return _still_unknown(delivery, error)
    if error.reason in _ROW_BUSY and _wait_for_row(delivery, error):
        return True
    if error.who is Who.RETRY_LATER:
        _silent(delivery, error)
        return False
    if error.relink or error.reason == "unauthorized":
        return _configuration(delivery, error)
    if error.unknown:
        _unknown(delivery, error)
        return True
    delivery.refusals += 1
    Outbox.objects.filter(connection_id=delivery.connection_id, silences__gt=0).update(silences=0)
    if error.reason in _TRY_AGAIN and delivery.refusals < timing.current().most_refusals:
        at = timezone.now() + timing.current().wait(delivery.refusals)
        _set(delivery, State.OWED, error.reason, error.message, error.who, at)
    else:
        needs_person(delivery, error.reason, error.message, error.who)
    return True


def failed_together(deliveries: Sequence[Delivery], error: RemoteError) -> bool:
    """One call for all of them failed as a whole: one silence of the system, not one for each row."""
    if not deliveries:
        return True
    first, *others = deliveries
    with together():
        goes_on = failed(first, error)
        for delivery in others:
            delivery.refusals, delivery.silences, delivery.reply = first.refusals, first.silences, first.reply
            _set(delivery, State(first.state), first.reason, first.message, first.who, first.next_try_at)
    return goes_on


def _wait_for_row(delivery: Delivery, error: RemoteError) -> bool:
    """The row alone is busy: it waits, the connection does not. False once it has been so too often."""
    if delivery.refusals + 1 >= timing.current().most_silences:
        return False
    delivery.refusals += 1
    at = timezone.now() + timing.current().wait(delivery.refusals)
    _set(delivery, State.OWED, error.reason, error.message, error.who, at)
    return True


def _still_unknown(delivery: Delivery, error: RemoteError) -> bool:
    """The look-up itself failed: what the write before it did is as open as it was. Unless it found what a person must
    look at: something else stands where the row would be."""
    if error.who is Who.FIX_RECORD:
        needs_person(delivery, error.reason, error.message, error.who)
        return True
    if error.relink or error.reason == "unauthorized":
        delivery.connection.fail(error.message, error.who, relink=error.relink)
    delivery.silences += 1
    until = _hold(delivery.connection, error, counts=error.who is Who.RETRY_LATER)
    _set(delivery, State.UNKNOWN, error.reason, error.message, error.who, until)
    return False


def _configuration(delivery: Delivery, error: RemoteError) -> bool:
    """Every call is refused: the connection stops itself, and its deliveries stay owed."""
    delivery.connection.fail(error.message, error.who, relink=error.relink)
    postpone(delivery, error.reason, error.message, timing.current().longest_wait)
    return False


def _silent(delivery: Delivery, error: RemoteError) -> None:
    """No answer, or "not now": the connection waits as a whole."""
    limited = error.reason in _LIMITS
    until = _hold(delivery.connection, error, counts=not limited)
    if error.unknown:
        _unknown(delivery, error)
    elif limited:
        _set(delivery, State.OWED, error.reason, error.message, error.who, until)
    else:
        delivery.silences += 1
        _set(delivery, State.OWED, error.reason, error.message, error.who, until)


def _unknown(delivery: Delivery, error: RemoteError) -> None:
    """It may have taken effect, or may still: only when that is over is it looked for."""
    delivery.silences += 1
    at = timezone.now() + timing.current().settles_after(delivery.connection.system)
    if not timing.protected:
        _set(delivery, State.OWED, error.reason, error.message, error.who, timezone.now())
        return
    _set(delivery, State.UNKNOWN, error.reason, error.message, error.who, at)


def tired(delivery: Delivery) -> bool:
    """Known to be undone after so many tries without an answer that it is more likely the record than the system."""
    if delivery.silences < timing.current().most_silences:
        return False
    outbox = Outbox.objects.filter(connection_id=delivery.connection_id).first()
    return outbox is None or outbox.down_since is None


def _hold(connection: Connection, error: RemoteError, *, counts: bool) -> datetime:
    """Let nobody write there for a while: longer with each silence, with some chance in it."""
    now = timezone.now()
    outbox, _ = Outbox.objects.get_or_create(connection=connection)
    silences = outbox.silences + 1
    wait = timing.current().wait(silences) * random.uniform(0.75, 1.25)  # noqa: S311  # spreads workers
    if error.retry_after is not None:
        wait = timedelta(seconds=error.retry_after)
    elif not counts:
        wait = timedelta(seconds=timing.current().first_wait)
    Outbox.objects.filter(pk=outbox.pk).update(
        hold_until=now + wait, **({"silences": F("silences") + 1} if counts else {})
    )
    if counts and silences >= timing.current().down_after:
        _down(connection, outbox, error, now)
    return now + wait


def _down(connection: Connection, outbox: Outbox, error: RemoteError, now: datetime) -> None:
    if outbox.down_since is None:
        Outbox.objects.filter(pk=outbox.pk).update(down_since=now)
    Connection.objects.filter(pk=connection.pk, problem="").update(
        problem=f"{DOWN}{connection.label} does not answer. {error.message}",
        problem_who=Who.RETRY_LATER,
        problem_at=now,
        health=Connection.Health.DEGRADED,
    )


def _set(
    delivery: Delivery, state: Delivery.State, reason: str, message: str, who: str, at: datetime | None
) -> None:
    delivery.state, delivery.reason, delivery.message = state, reason[:40], message
    delivery.who, delivery.next_try_at = who, at
    if (gathered := _gathered.get()) is not None:
        gathered.set[delivery.pk] = delivery
    else:
        _write([delivery], _SET)


@dataclass(slots=True)
class _Gathered:
    """What is still to be written of deliveries, by id; of those that were closed, whether they owe another."""

    set: dict[int, Delivery] = field(default_factory=dict)
    closed: dict[int, tuple[Delivery, bool]] = field(default_factory=dict)


_gathered: ContextVar[_Gathered | None] = ContextVar("gathered", default=None)


@contextmanager
def together() -> Iterator[None]:
    """What becomes of many deliveries in this block is written at its end, in a few statements for all of them.

    Nothing is where an exception leaves the block: they are as they were, and found again.
    """
    gathered = _Gathered()
    token = _gathered.set(gathered)
    try:
        yield
    finally:
        _gathered.reset(token)
    with transaction.atomic():
        _write(list(gathered.set.values()), _SET)
        waiting = [d for d in gathered.set.values() if d.state == State.NEEDS_PERSON]
        if waiting:
            _take_up_corrections(waiting)
        closed = list(gathered.closed.values())
        _store_closed([delivery for delivery, _ in closed], {d.pk for d, more in closed if more})
