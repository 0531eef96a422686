"""Ending a connection: at once what must not wait, then its records in the background.

The route: `counts` (shown to the person) -> `disconnect`, ONE transaction: secrets destroyed, status set, runs
closed, leases taken away, schedules ended -> a worker calls `work` until the links are frozen (keep) or the records
that live only through the connection are gone (wipe). Killed at any instant, the next worker goes on.

Whoever is in the middle of something learns of it before the next call: every call asks `shared.Gate`, and every
page proves its lease.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db import connection as database
from django.db.models import F, ProtectedError, Q, QuerySet
from django.utils import timezone

from integrations import revoking
from integrations.models import AccessToken, Connection, Delivery, Disconnection, Run, RunFailure, SyncRule
from portal import audit
from portal.models import User
from reconciliation import erasing
from reconciliation.models import Link

PORTION = 500
FREEZE_PORTION = 5000
LEASE = timedelta(seconds=90)

Ending = Callable[[Connection, bool], None]
_endings: list[Ending] = []


class Refused(ValueError):
    """A disconnect that cannot begin, with the reason and what to do."""


class LeaseLost(Exception):
    """Another worker goes on with this."""


@dataclass(frozen=True, slots=True)
class Counted:
    """What a disconnect would do, by entity: `frozen` if kept, `erased` and `staying` if wiped."""

    frozen: dict[str, int]
    erased: dict[str, int]
    staying: dict[str, int]


def register_ending(ending: Ending) -> None:
    """Have `ending(connection, wipe)` called in the transaction that disconnects: deliveries end, bodies are erased."""
    if ending not in _endings:
        _endings.append(ending)


def _end_deliveries(connection: Connection, wipe: bool) -> None:
    """What is still owed there is owed no longer; a wipe takes the bodies of all that was sent with it."""
    rows = Delivery.objects.filter(connection=connection)
    if wipe:
        rows.delete()
    rows.filter(state__in=Delivery.OPEN).update(
        state=Delivery.State.GIVEN_UP,
        message="The connection was disconnected.",
        next_try_at=None,
        closed_at=timezone.now(),
    )


register_ending(_end_deliveries)


def counts(connection: Connection) -> Counted:
    """Exactly what would happen now."""
    erased, staying = {}, {}
    for share in erasing.census(connection.source):
        if share.goes:
            erased[share.entity.name] = len(share.goes)
        if share.stays:
            staying[share.entity.name] = len(share.stays)
    return Counted(_live(connection), erased, staying)


def _live(connection: Connection) -> dict[str, int]:
    links = Link.objects.filter(source=connection.source_id, state=Link.State.LIVE)
    found: dict[str, int] = {}
    for name in links.order_by().values_list("entity", flat=True).iterator():
        found[name] = found.get(name, 0) + 1
    return found


def disconnect(
    connection: Connection, mode: Disconnection.Mode, *, name: str, user: User | None
) -> Disconnection:
    """Disconnect now; what is left to do is in the row that is returned. Raises Refused.

    `name` is the tenant's name as the person typed it.
    """
    if name.strip() != connection.tenant.name:
        raise Refused(f"Type the merchant's name exactly as it is written: {connection.tenant.name}.")
    wipe = mode == Disconnection.Mode.WIPE
    link = revoking.ending(connection)
    with transaction.atomic():
        _close(connection, wipe)
        try:
            with transaction.atomic():
                ended = Disconnection.objects.create(connection=connection, mode=mode, actor=user)
        except IntegrityError:
            raise Refused("It is being disconnected already.") from None
        for ending in _endings:
            ending(connection, wipe)
        note = "its records are being wiped" if wipe else "its records are kept, frozen"
        audit.record("connection.disconnected", connection, actor=user, tenant=connection.tenant, note=note)
    connection.refresh_from_db()
    if link is not None:  # after the commit: whether the system answers must not keep the connection alive
        ended.not_told = revoking.end(connection, link)
        ended.save(update_fields=["not_told"])
    return ended


def _close(connection: Connection, wipe: bool) -> None:
    """Everything that must be over at once. What was kept may be wiped later; keeping twice says nothing."""
    row = Connection.objects.filter(pk=connection.pk)
    closed = (row if wipe else row.exclude(status=Connection.Status.DISCONNECTED)).update(
        status=Connection.Status.DISCONNECTED,
        disconnects=F("disconnects") + 1,
        credentials="",
        health=Connection.Health.UNKNOWN,
        problem="",
        problem_who="",
        problem_at=None,
        scopes=[],
        budget_key="",
    )
    if not closed:
        raise Refused("It is disconnected already.")
    now = timezone.now()
    AccessToken.objects.filter(connection=connection).delete()
    SyncRule.objects.filter(connection=connection).update(
        lease_number=F("lease_number") + 1, lease_until=None, due_at=None
    )
    Run.objects.filter(rule__connection=connection, state__in=Run.OPEN).update(
        state=Run.State.CANCELLED, finished_at=now, error="The connection was disconnected."
    )


def check_reconnect(connection: Connection) -> None:
    """Raise ValidationError while the last disconnect is still at work."""
    if connection.disconnections.filter(finished_at=None).exists():
        raise ValidationError(
            "This connection is still being disconnected. Connect it again when that has finished; its page shows "
            "how far it is."
        )


def begin_again(connection: Connection) -> None:
    """A connection that was disconnected is connected again: everything is read anew, parents first."""
    connection.rules.update(cursor={}, synced_at=None, full_wanted=True, failures=0, due_at=None)


# --- In the background -----------------------------------------------------------------------------------------------


def waiting(now: datetime) -> list[int]:
    """Disconnections with something left to do that nobody works on."""
    free = Q(lease_until=None) | Q(lease_until__lte=now)
    return list(
        Disconnection.objects.filter(free, finished_at=None).order_by("pk").values_list("pk", flat=True)
    )


def work(pk: int, *, seconds: float = float("inf")) -> bool | None:
    """Go on with one disconnection: True when it is finished, False if there is more, None if somebody else has it."""
    now = timezone.now()
    free = Q(lease_until=None) | Q(lease_until__lte=now)
    taken = Disconnection.objects.filter(free, pk=pk, finished_at=None).update(
        lease_number=F("lease_number") + 1, lease_until=now + LEASE
    )
    if not taken:
        return None
    ended = Disconnection.objects.select_related("connection__source", "connection__tenant", "actor").get(
        pk=pk
    )
    until = time.monotonic() + seconds
    step = _wipe if ended.mode == Disconnection.Mode.WIPE else _freeze
    try:
        if not ended.planned and not ended.done:
            _plan(ended)
        if not step(ended, until):
            return False
        _finish(ended)
        return True
    except LeaseLost:
        return None
    finally:
        _mine(ended).update(lease_until=None)


def _plan(ended: Disconnection) -> None:
    """Count what is to be done, outside the transaction that disconnects: a shop's records take seconds to count.

    Nothing comes through the connection any more, so the numbers hold.
    """
    found = counts(ended.connection)
    wipe = ended.mode == Disconnection.Mode.WIPE
    ended.planned, ended.staying = (found.erased, found.staying) if wipe else (found.frozen, {})
    if not _mine(ended).update(planned=ended.planned, staying=ended.staying):
        raise LeaseLost


def _mine(ended: Disconnection) -> QuerySet[Disconnection]:
    return Disconnection.objects.filter(pk=ended.pk, lease_number=ended.lease_number)


def _note(ended: Disconnection, more: dict[str, int]) -> None:
    """Count a portion, in its transaction, if the work is still ours."""
    done = {name: ended.done.get(name, 0) + more.get(name, 0) for name in {**ended.done, **more}}
    if not _mine(ended).update(done=done, at=ended.at, lease_until=timezone.now() + LEASE):
        raise LeaseLost
    ended.done = done


def _freeze(ended: Disconnection, until: float) -> bool:
    while True:
        with transaction.atomic():
            source = ended.connection.source
            reached, frozen = erasing.freeze_after(source, ended.at, FREEZE_PORTION, timezone.now())
            ended.at = reached or ended.at
            _note(ended, frozen)
        if not reached:
            return True
        if time.monotonic() > until:
            return False


def _wipe(ended: Disconnection, until: float) -> bool:
    source = ended.connection.source
    erasing.forget_conflicts(source)
    for share in erasing.census(source):
        ids = sorted(share.goes)
        for start in range(0, len(ids), PORTION):
            try:
                _erase(ended, share, ids[start : start + PORTION])
            except (ProtectedError, IntegrityError):
                return False  # something new refers to one of them: the next census knows
            if time.monotonic() > until:
                return False
    with transaction.atomic():
        RunFailure.objects.filter(rule__connection=ended.connection).delete()
        erasing.forget_links(source)
        _note(ended, {})
    return True


def _erase(ended: Disconnection, share: erasing.Share, ids: list[int]) -> None:
    """One portion. SQLite looks through whole tables for each row it erases where a reference has no index, so its
    own check is off meanwhile: Django's, one query for the portion, refuses the same."""
    with database.constraint_checks_disabled(), transaction.atomic():
        gone = erasing.erase(ended.connection.source, share.entity, ids)
        _note(ended, {share.entity.name: gone})


def _finish(ended: Disconnection) -> None:
    connection = ended.connection
    with transaction.atomic():
        if not _mine(ended).update(finished_at=timezone.now()):
            raise LeaseLost
        total = ended.total_done
        words = "erased" if ended.mode == Disconnection.Mode.WIPE else "frozen"
        stayed = sum(ended.staying.values())
        note = f"{total:,} record{'' if total == 1 else 's'} {words}" + (
            f", {stayed:,} stayed" if stayed else ""
        )
        audit.record(
            f"connection.{'wiped' if ended.mode == Disconnection.Mode.WIPE else 'frozen'}",
            connection,
            actor=ended.actor,
            tenant=connection.tenant,
            diff={name: [ended.planned.get(name, 0), number] for name, number in ended.done.items()},
            note=note,
        )
