"""What becomes of a delivery: the only writer of its state once it is owed.

Two limits. A system that says no counts `refusals`: at the limit the delivery waits for a person. A system that
does not answer counts `silences`: the whole connection backs off (`silence`); a delivery that stays without an answer
while others are answered waits for a person as well.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from integrations.connectors.errors import RemoteError, Who
from integrations.models import Connection, Delivery
from integrations.push import silence, storing, timing
from portal.logs import redact

State = Delivery.State
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
    if not begun:
        return
    now = timezone.now()
    until = now + timing.current().abandoned_after(begun[0][0].connection.system)
    for delivery, operation, request, values in begun:
        delivery.state, delivery.operation, delivery.job = State.SENDING, operation, ""
        delivery.request, delivery.values, delivery.parts = request, values, parts or {}
        delivery.begun_at, delivery.sent_at, delivery.next_try_at = delivery.begun_at or now, now, until
    storing.begun([delivery for delivery, *_ in begun], now)


def in_job(deliveries: Sequence[Delivery], job: str, seconds: float) -> None:
    """They are on their way with a bulk job, which is asked again after so many seconds."""
    storing.in_job(deliveries, job, timezone.now() + timedelta(seconds=seconds))


def close(
    delivery: Delivery, state: Delivery.State, message: str = "", *, reason: str = "", more: bool = False
) -> None:
    """Delivered, or nothing to deliver. Changes that came meanwhile owe another delivery, as does `more`.

    Later success closes earlier failures of the same record.
    """
    _close(delivery, state, message, reason)
    storing.closed(delivery, more=more)


def close_together(deliveries: Sequence[Delivery], more: Collection[int]) -> None:
    """`close` of many that were delivered, of one rule; `more` are the ids of those that owe another."""
    for delivery in deliveries:
        _close(delivery, State.DONE)
    storing.closed_together(deliveries, more)


def _close(delivery: Delivery, state: Delivery.State, message: str = "", reason: str = "") -> None:
    delivery.state, delivery.message, delivery.reason, delivery.who = state, message, reason, ""
    delivery.next_try_at = None


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
    silence.broken(delivery.connection_id)
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
    with storing.together():
        goes_on = failed(first, error)
        for delivery in others:
            delivery.refusals, delivery.silences, delivery.reply = first.refusals, first.silences, first.reply
            _set(delivery, State(first.state), first.reason, first.message, first.who, first.next_try_at)
    return goes_on


def tired(delivery: Delivery) -> bool:
    """Known to be undone after so many tries without an answer that it is more likely the record than the system."""
    enough = delivery.silences >= timing.current().most_silences
    return enough and not silence.is_down(delivery.connection_id)


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
    until = silence.hold(delivery.connection, error, counts=error.who is Who.RETRY_LATER)
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
    until = silence.hold(delivery.connection, error, counts=not limited)
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


def _set(
    delivery: Delivery, state: Delivery.State, reason: str, message: str, who: str, at: datetime | None
) -> None:
    delivery.state, delivery.reason, delivery.message = state, reason[:40], message
    delivery.who, delivery.next_try_at = who, at
    storing.changed(delivery)
