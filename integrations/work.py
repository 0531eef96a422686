"""Work on one rule: the frame around a pull that turns every way of ending into a state that people can read.

The route: rule's id -> lease -> open run -> `Pull.go` -> finished, to be continued, cancelled or failed.
"""

import gc
import logging
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import OperationalError
from django.utils import timezone

from integrations import leases, quota, runs
from integrations.calls import connector_for
from integrations.connectors.errors import RemoteError, Who
from integrations.connectors.hosts import AddressRefused
from integrations.drift import watching
from integrations.leases import Lease, LeaseLost
from integrations.mappings import declaration
from integrations.models import Connection, Run, SyncRule
from integrations.pull import Cancelled, Progress, Pull
from integrations.push import working
from integrations.scope import ScopeError
from integrations.shared import Disconnected
from portal.logs import about, redact
from portal.secrets import SecretUnreadable
from reconciliation.bulk import quick_commits

log = logging.getLogger(__name__)

MISSING_SCOPE = "scope is missing: "
"""How `SyncRule.off_because` begins where a test of the connection may switch the rule on again."""


def silent(run: Run) -> None:
    """The progress of a worker is read from its run."""


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of a slice: the run as it stands, and whether there is more to do."""

    run: Run
    done: bool


def stays() -> bool:
    """Of a worker that leaves its rule to nobody before its time is over."""
    return False


def _lasting(seconds: float, gives_way: Callable[[], bool]) -> Callable[[], bool]:
    """Whether a slice that begins now is over."""
    end = time.monotonic() + seconds
    return lambda: time.monotonic() > end or gives_way()


def work(rule_id: int, *, seconds: float = float("inf"), progress: Progress = silent) -> Ended | None:
    """Work on a rule for some seconds. None if another worker holds it."""
    lease = leases.take(rule_id)
    return None if lease is None else work_under(lease, seconds=seconds, progress=progress)


def work_under(
    lease: Lease,
    *,
    seconds: float = float("inf"),
    progress: Progress = silent,
    gives_way: Callable[[], bool] = stays,
) -> Ended:
    """Work under a lease already taken, and give it back: when `seconds` are over, or `gives_way` says so."""
    rules = SyncRule.objects.select_related("connection__tenant", "connection__source")
    rules = rules.prefetch_related("mappings")  # read once: both its reader and its intake go by them
    rule = rules.get(pk=lease.rule_id)
    with about(**_ids(rule)):
        return _work_on(rule, lease, _lasting(seconds, gives_way), progress)


def _ids(rule: SyncRule) -> dict[str, int]:
    """What every line that is logged meanwhile bears."""
    return {"tenant_id": rule.connection.tenant_id, "connection_id": rule.connection_id, "rule_id": rule.pk}


def _work_on(rule: SyncRule, lease: Lease, is_over: Callable[[], bool], progress: Progress) -> Ended:
    try:
        held = _resolve(rule, lease, is_over)
    except BaseException:
        leases.release(lease)
        raise
    run = Run.objects.filter(rule=rule, state__in=Run.OPEN).first()
    if run is None:
        run = runs.ask(rule, Run.Trigger.SCHEDULE)
    run.rule = rule
    rule.recent = rule.recent or run.recent  # of this run alone: the row keeps its own setting
    if held:
        leases.release(lease)
        return Ended(run, done=False)
    try:
        with about(run_id=run.pk):
            return _attempt(run, lease, is_over, progress)
    finally:
        leases.release(lease)


def _resolve(rule: SyncRule, lease: Lease, is_over: Callable[[], bool]) -> bool:
    """Whether the rule's rows must not be read yet: one that a write has made would come as a stranger."""
    if not working.unresolved(rule):
        return False
    try:
        working.push(rule, lease, is_over)
    except LeaseLost:
        return True
    return working.unresolved(rule)


def push_under(lease: Lease, *, seconds: float, gives_way: Callable[[], bool] = stays) -> int:
    """Send what the rule owes, under a lease that stays taken. Returns how many deliveries were brought on."""
    rule = SyncRule.objects.select_related("connection__tenant", "connection__source").get(pk=lease.rule_id)
    with about(**_ids(rule)), rare_collections():
        return working.push(rule, lease, _lasting(seconds, gives_way))


def take_turn(lease: Lease, *, seconds: float, gives_way: Callable[[], bool] = stays) -> None:
    """A worker's turn on a rule: first what it owes, then the pull that is due, if one is."""
    until = time.monotonic() + seconds
    try:
        push_under(lease, seconds=seconds, gives_way=gives_way)
    except LeaseLost:
        return
    except Exception:
        leases.release(lease)
        raise
    rule = SyncRule.objects.get(pk=lease.rule_id)
    asked = Run.objects.filter(rule=rule, state__in=Run.OPEN).exists()
    is_due = rule.due_at is not None and rule.due_at <= timezone.now()
    may_read = not working.unresolved(rule) and not quota.holds_back(rule, timezone.now())
    if (asked or is_due) and may_read:
        work_under(lease, seconds=max(1.0, until - time.monotonic()), gives_way=gives_way)
    else:
        leases.release(lease)


@contextmanager
def rare_collections() -> Iterator[None]:
    """Let the garbage collector look seldom, and only at what is new.

    A page, or a portion of what is owed, is tens of thousands of objects without cycles: looking for some among them, and
    among all of Django each time, took a fifth of a pull's CPU.
    """
    thresholds = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()


def _attempt(run: Run, lease: Lease, is_over: Callable[[], bool], progress: Progress) -> Ended:
    connection = run.rule.connection
    try:
        with connector_for(connection) as (connector, limiter), quick_commits(), rare_collections():
            done = Pull(run, lease, connector, limiter, progress).go(is_over)
            if done:
                watching.describe_each_day(run.rule, connector, timezone.now())
        if not done:
            return Ended(run, done=False)
        _note_health(connection)
        if run.rule.failures:
            watching.note_recovery(run.rule)
        return Ended(runs.finish(run), done=True)
    except LeaseLost:
        log.warning("Run %s was taken over by another worker", run.pk)
        return Ended(run, done=False)
    except (Cancelled, Disconnected) as stopped:
        return Ended(_stopped(run, stopped), done=True)
    except RemoteError as error:
        return Ended(_remote_failure(run, error), done=True)
    except Exception as error:
        return Ended(_own_failure(run, error), done=True)


def _stopped(run: Run, stopped: Cancelled | Disconnected) -> Run:
    """A person ended it. Whoever disconnected has closed the run already."""
    if isinstance(stopped, Cancelled):
        return runs.cancel(run, "Cancelled by a person. What was read so far is kept.")
    run.refresh_from_db()
    return runs.cancel(run, str(stopped)) if run.is_open else run


def _own_failure(run: Run, error: Exception) -> Run:
    """What went wrong on our side of the wire, classed by who must act."""
    connection = run.rule.connection
    match error:
        case ScopeError():
            message = f"The connection's scope no longer fits: {error} Open the scope and choose again."
            connection.fail(message, Who.FIX_CONFIGURATION, relink=False)
            return runs.fail(run, Who.FIX_CONFIGURATION, "scope", message)
        case SecretUnreadable() | AddressRefused():
            connection.fail(str(error), Who.FIX_CONFIGURATION, relink=False)
            return runs.fail(run, Who.FIX_CONFIGURATION, "configuration", str(error))
        case OperationalError():
            log.warning("Run %s met a busy database: %s", run.pk, error)
            message = "The portal's database was too busy. Trunkline tries again by itself."
            return runs.fail(run, Who.RETRY_LATER, "database_busy", message, str(error))
    log.error("Run %s failed", run.pk, exc_info=error)
    message = (
        f"Trunkline itself failed ({type(error).__name__}). Nothing is lost; tell support the run's number."
    )
    return runs.fail(
        run, Who.OUR_BUG, "bug", message, redact("".join(traceback.format_exception(error)[-6:]))
    )


def _remote_failure(run: Run, error: RemoteError) -> Run:
    """Say who must act, where they will see it; a scope that is missing switches its entities off, no more."""
    connection = run.rule.connection
    details = f"{error.details} trace {error.trace_id}" if error.trace_id else error.details
    refused = watching.is_refused(run.rule, error)
    if refused:
        watching.note_refusal(run, declaration(run.rule), error)
    if error.reason == "missing_scope":
        scope = declaration(run.rule).scope
        switch_off(connection, {run.rule.entity}, f"{MISSING_SCOPE}{scope}")
    elif not refused:  # else it is the matter of this entity alone
        connection.fail(error.message, error.who, relink=error.relink)
        if not error.relink and error.who == Who.RETRY_LATER:
            Connection.objects.filter(pk=connection.pk).update(health=Connection.Health.DEGRADED)
    return runs.fail(run, error.who, error.reason, error.message, details, error.retry_after)


def switch_off(connection: Connection, entities: set[str], because: str) -> None:
    """Entities that the remote does not let us read are not tried again until a test says otherwise."""
    SyncRule.objects.filter(connection=connection, entity__in=entities, enabled=True).update(
        enabled=False, off_because=because[:200]
    )


def _note_health(connection: Connection) -> None:
    """A run came through: whatever was wrong is over."""
    Connection.objects.filter(pk=connection.pk, status=Connection.Status.CONNECTED).update(
        health=Connection.Health.HEALTHY,
        problem="",
        problem_who="",
        problem_at=None,
        synced_at=timezone.now(),
    )
