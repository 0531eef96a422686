"""What Prometheus is told of the work: how late it is, what failed and waits, how many calls are left, how fast it goes.

All of it is read from the tables that workers write anyway. `tenant` is a tenant's slug, `system` a connector's name and
`reason` one of the short words that failures are counted by.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Min, QuerySet, Sum
from django_q.brokers import get_broker

from integrations import schedule
from integrations.connectors.registry import CONNECTORS
from integrations.models import CallBudget, Connection, Delivery, Heartbeat, Run, RunFailure
from integrations.pending import candidates
from integrations.push.working import due
from portal.metrics import Gauge, Samples, register_metrics
from portal.models import Tenant

HOUR = timedelta(hours=1)
OWNER = ("tenant", "system")
OF_RUN = ("rule__connection__tenant__slug", "rule__connection__system")
OF_DELIVERY = ("connection__tenant__slug", "connection__system")

HEARTBEAT = Gauge("trunkline_heartbeat_age_seconds", "Seconds since the minute's tick last ran.")
QUEUED = Gauge("trunkline_queue_tasks", "Wake-ups that wait for a worker.")
QUEUE_AGE = Gauge("trunkline_queue_age_seconds", "Seconds that the longest waiting work has been due.")
DUE = Gauge("trunkline_work_due", "Sync rules with work whose time has come and that nobody works on.")
LATE = Gauge(
    "trunkline_work_late", f"Those whose work has been due for {schedule.LATE.seconds} seconds and more."
)
LATENESS = Gauge(
    "trunkline_lateness_seconds", "Seconds that a tenant's longest waiting work has been due.", ("tenant",)
)
HEALTHY = Gauge(
    "trunkline_connection_healthy", "1 where a connection is linked and has no problem, else 0.", OWNER
)
CALLS = Gauge("trunkline_calls_last_minute", "Calls that an account took in the last full minute.", OWNER)
QUOTA = Gauge(
    "trunkline_quota_remaining", "Calls that an account has left, of a minute's and of a day's.", (*OWNER, "per")
)  # fmt: skip
FAILED_RUNS = Gauge(
    "trunkline_runs_failed_last_hour", "Runs that failed as a whole within the hour.", (*OWNER, "reason")
)
FAILED_RECORDS = Gauge(
    "trunkline_failed_records", "Records that could not be read and are not solved.", (*OWNER, "reason")
)
WAITING = Gauge("trunkline_deliveries_waiting", "Deliveries that wait for a person.", (*OWNER, "reason"))
OPEN = Gauge("trunkline_deliveries_open", "Deliveries that go on by themselves.", (*OWNER, "state"))
OLDEST = Gauge("trunkline_delivery_oldest_age_seconds", "Seconds since the oldest of them was owed.", OWNER)
PULLED = Gauge("trunkline_records_pulled_last_hour", "Records read within the hour.", OWNER)
PUSHED = Gauge("trunkline_records_pushed_last_hour", "Records delivered within the hour.", OWNER)


def register() -> None:
    """Called once the apps are ready."""
    register_metrics([HEARTBEAT, QUEUED, QUEUE_AGE, DUE, LATE, LATENESS], lateness)
    register_metrics([HEALTHY, CALLS, QUOTA], connections)
    register_metrics([FAILED_RUNS, FAILED_RECORDS], failures)
    register_metrics([WAITING, OPEN, OLDEST], deliveries)
    register_metrics([PULLED, PUSHED], rates)


def lateness(now: datetime) -> dict[str, Samples]:
    """What is due and has not been begun, by the scheduler's own eyes. A tenant with nothing due is 0 seconds late."""
    waits = _waits(now)
    at_work = Tenant.objects.filter(status__in=(Tenant.Status.ONBOARDING, Tenant.Status.LIVE))
    slugs = dict(at_work.values_list("pk", "slug"))
    by_tenant = dict.fromkeys(slugs, 0.0)
    for tenant_id, seconds in waits:
        by_tenant[tenant_id] = max(by_tenant.get(tenant_id, 0.0), seconds)
    beat = Heartbeat.objects.filter(name=schedule.TICK).values_list("at", flat=True).first()
    return {
        HEARTBEAT.name: {} if beat is None else {(): _age(beat, now)},
        QUEUED.name: {(): get_broker().queue_size()},
        QUEUE_AGE.name: {(): max((seconds for _, seconds in waits), default=0.0)},
        DUE.name: {(): len(waits)},
        LATE.name: {(): sum(seconds >= schedule.LATE.total_seconds() for _, seconds in waits)},
        LATENESS.name: {(slugs[pk],): seconds for pk, seconds in by_tenant.items() if pk in slugs},
    }


def lateness_by_tenant(now: datetime) -> dict[int, float]:
    """For how many seconds each tenant's longest waiting work has been due; only those that have any."""
    late: dict[int, float] = {}
    for tenant_id, seconds in _waits(now):
        late[tenant_id] = max(late.get(tenant_id, 0.0), seconds)
    return late


def _waits(now: datetime) -> list[tuple[int, float]]:
    """(tenant, seconds) of each rule with work that nobody does."""
    found = candidates(now, most=None)
    owed = dict(due(now).order_by().values_list("rule").annotate(Min("next_try_at")))
    waits = []
    for candidate in found:
        since = [at for at in (candidate.due_at, owed.get(candidate.rule_id)) if at is not None and at <= now]
        waits.append((candidate.tenant_id, max((_age(at, now) for at in since), default=0.0)))
    return waits


def connections(now: datetime) -> dict[str, Samples]:
    """Health, and the calls of each budget. A budget that several connections share stands under the first of them."""
    found = Connection.objects.exclude(status=Connection.Status.DISCONNECTED).order_by("pk")
    linked: dict[tuple[str, ...], float] = {
        (row.tenant.slug, row.system): float(row.status == Connection.Status.CONNECTED and not row.problem)
        for row in found.select_related("tenant")
    }
    owners: dict[str, tuple[str, str]] = {}
    for key, slug, system in found.exclude(budget_key="").values_list("budget_key", "tenant__slug", "system"):
        owners.setdefault(key, (slug, system))
    calls: dict[tuple[str, ...], float] = {}
    left: dict[tuple[str, ...], float] = {}
    for budget in CallBudget.objects.filter(key__in=owners):
        owner = owners[budget.key]
        calls[owner] = used = budget.used_last_minute(now)
        if a_minute := CONNECTORS[owner[1]].calls_a_minute:
            left[*owner, "minute"] = max(0, a_minute - used)
        if budget.day_allowed:
            left[*owner, "day"] = max(0, budget.day_allowed - budget.day_used)
    return {HEALTHY.name: linked, CALLS.name: calls, QUOTA.name: left}


def failures(now: datetime) -> dict[str, Samples]:
    """Runs that failed lately, and records that failed and are still to be solved."""
    runs = Run.objects.filter(state=Run.State.FAILED, finished_at__gte=now - HOUR)
    records = RunFailure.objects.exclude(state=RunFailure.State.RESOLVED)
    return {
        FAILED_RUNS.name: _counts(runs, *OF_RUN, "error_reason"),
        FAILED_RECORDS.name: _counts(records, *OF_RUN, "reason"),
    }


def deliveries(now: datetime) -> dict[str, Samples]:
    """What is owed: what goes on by itself, and what waits for a person."""
    still_open = Delivery.objects.filter(state__literally=Delivery.OPEN).order_by()
    rows = still_open.values_list(*OF_DELIVERY, "state", "reason").annotate(Count("pk"), Min("created_at"))
    waiting: dict[tuple[str, ...], float] = {}
    moving: Counter[tuple[str, ...]] = Counter()
    oldest: dict[tuple[str, ...], float] = {}
    for slug, system, state, reason, count, since in rows:
        if state == Delivery.State.NEEDS_PERSON:
            waiting[slug, system, reason] = count
        else:
            moving[slug, system, state] += count
            oldest[slug, system] = max(oldest.get((slug, system), 0.0), _age(since, now))
    return {WAITING.name: waiting, OPEN.name: moving, OLDEST.name: oldest}


def rates(now: datetime) -> dict[str, Samples]:
    """Records of the last hour. Of a run that began earlier, the part that its time within the hour suggests."""
    since = now - HOUR
    pulled: Counter[tuple[str, ...]] = Counter()
    ended = Run.objects.exclude(state__in=Run.OPEN).filter(finished_at__gte=since)
    for runs in (ended, Run.objects.filter(state=Run.State.RUNNING)):
        within = runs.filter(started_at__gte=since).order_by().values_list(*OF_RUN)
        for slug, system, read in within.annotate(Sum("read")):
            pulled[slug, system] += read
        longer = runs.filter(started_at__lt=since).values_list(*OF_RUN, "started_at", "heartbeat_at", "read")
        for slug, system, began, last, read in longer:
            pulled[slug, system] += round(read * _share(began, last, since))
    done = Delivery.objects.filter(state=Delivery.State.DONE, closed_at__gte=since)
    return {PULLED.name: pulled, PUSHED.name: _counts(done, *OF_DELIVERY)}


def _share(began: datetime, last: datetime | None, since: datetime) -> float:
    """How much of the time from `began` to `last` lies after `since`."""
    if last is None or last <= since:
        return 0.0
    return (last - since) / (last - began)


def _counts(rows: "QuerySet[Any]", *by: str) -> dict[tuple[str, ...], float]:
    counted: Iterable[Any] = rows.order_by().values_list(*by).annotate(Count("pk"))
    return {tuple(values): count for *values, count in counted}


def _age(since: datetime, now: datetime) -> float:
    return (now - since).total_seconds()
