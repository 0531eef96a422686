"""What is wrong now, for all tenants together: each kind in a fixed number of queries, however many tenants there are.

Tenants that are not at work (paused, disconnected) have no troubles here: nobody is told of them.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, OuterRef, Subquery
from django.urls import reverse

from integrations import metrics, pending
from integrations.connectors.errors import Who
from integrations.models import AlertRule, Connection, Delivery, Drift, Run, RunFailure
from integrations.wiring import worker_problem
from portal.misplaced import MISPLACED
from portal.models import AuditEntry, Tenant

Kind = AlertRule.Kind
AT_WORK = (Tenant.Status.ONBOARDING, Tenant.Status.LIVE)
OPERATOR = "operator"
"""Who acts where it is neither a merchant nor a partner: whoever runs this portal."""
NAMED = 5


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that is wrong. `measure` is held against a rule's limit, `key` names the thing."""

    key: str
    tenant_id: int | None
    about: str
    words: str
    who: str
    path: str
    measure: float = float("inf")


Find = Callable[[datetime, int], list[Trouble]]


def first_failures(now: datetime, window: int) -> list[Trouble]:
    """Connections that work but for some of their syncs, whose last run failed; one trouble for all of a connection's."""
    last = Run.objects.filter(rule=OuterRef("pk"), state=Run.State.FAILED).order_by("-id").values("pk")[:1]
    rules = pending.workable().filter(failures__gt=0).annotate(last=Subquery(last)).order_by()
    failed = Run.objects.filter(pk__in=rules.values("last"))
    runs = failed.select_related("rule__connection__tenant").order_by("pk")
    by_connection: dict[int, list[Run]] = defaultdict(list)
    for run in runs:
        by_connection[run.rule.connection_id].append(run)
    return [_failing(runs) for runs in by_connection.values()]


def _failing(runs: list[Run]) -> Trouble:
    first = next((run for run in runs if run.error_who != Who.RETRY_LATER), runs[0])
    connection = first.rule.connection
    what = _listed(sorted(run.rule.label for run in runs))
    return Trouble(
        f"failing:{connection.pk}",
        connection.tenant_id,
        f"{connection.tenant}: {connection.label} cannot be read ({what})",
        first.error,
        first.error_who,
        reverse("admin:integrations_run_change", args=[first.pk]),
    )


def failures(now: datetime, window: int) -> list[Trouble]:
    """Runs and records that failed within so many minutes, by connection."""
    since = now - timedelta(minutes=window)
    counts: dict[int, int] = defaultdict(int)
    runs = Run.objects.filter(state=Run.State.FAILED, finished_at__gte=since)
    records = RunFailure.objects.filter(created_at__gte=since).exclude(state=RunFailure.State.RESOLVED)
    for rows in (runs, records):
        found: Iterable[Any] = rows.order_by().values_list("rule__connection").annotate(Count("pk"))
        for connection, count in found:
            counts[connection] += count
    page = reverse("admin:integrations_runfailure_changelist")
    return [
        Trouble(
            f"failures:{row.pk}",
            row.tenant_id,
            f"{row.tenant}: {counts[row.pk]:,} failures with {row.label}",
            f"Within {AlertRule.Window(window).label}: runs that failed, and records that could not be read.",
            Who.FIX_RECORD,
            f"{page}?rule__connection__tenant__id__exact={row.tenant_id}&state__exact=open",
            counts[row.pk],
        )
        for row in _connections(counts)
    ]


def waiting(now: datetime, window: int) -> list[Trouble]:
    """Deliveries that wait for a person, by connection."""
    rows = Delivery.objects.filter(state=Delivery.State.NEEDS_PERSON).order_by()
    counts = dict(rows.values_list("connection").annotate(Count("pk")))
    page = reverse("admin:integrations_delivery_changelist")
    return [
        Trouble(
            f"waiting:{row.pk}",
            row.tenant_id,
            f"{row.tenant}: {counts[row.pk]:,} records could not be written to {row.label}",
            "They wait for a person, each with its reason.",
            Who.FIX_RECORD,
            f"{page}?connection__tenant__id__exact={row.tenant_id}&state__exact=needs_person",
            counts[row.pk],
        )
        for row in _connections(counts)
    ]


def relinks(now: datetime, window: int) -> list[Trouble]:
    """Connections whose link has died."""
    rows = Connection.objects.filter(status=Connection.Status.RELINK, tenant__status__in=AT_WORK)
    return [
        Trouble(
            f"relink:{row.pk}",
            row.tenant_id,
            f"{row.tenant}: {row.label} has to be linked again",
            f"{row.problem} Until then nothing is synced; nothing is lost.".strip(),
            Who.FIX_CONFIGURATION,
            reverse("admin:integrations_connection_test", args=[row.pk]),
        )
        for row in rows.select_related("tenant")
    ]


def late(now: datetime, window: int) -> list[Trouble]:
    """Tenants whose work has been due for longer than a minute, which is what an idle queue takes."""
    minutes = {pk: seconds / 60 for pk, seconds in metrics.lateness_by_tenant(now).items() if seconds > 60}
    names = dict(Tenant.objects.filter(pk__in=minutes).values_list("pk", "name"))
    page = reverse("admin:integrations_run_changelist")
    return [
        Trouble(
            f"late:{pk}",
            pk,
            f"{name}: syncs are {int(minutes[pk])} minutes late",
            "They wait for a worker. If other tenants are late too, more workers are needed.",
            OPERATOR,
            f"{page}?rule__connection__tenant__id__exact={pk}",
            minutes[pk],
        )
        for pk, name in names.items()
    ]


def workers(now: datetime, window: int) -> list[Trouble]:
    """The cluster is silent, or the whole queue is old: of no tenant."""
    page = reverse("admin:integrations_run_changelist")
    silent = worker_problem()
    oldest = max(metrics.lateness_by_tenant(now).values(), default=0.0) / 60
    if silent is None and oldest < 1:
        return []
    words = silent or f"The longest waiting work has been due for {int(oldest)} minutes."
    measure = float("inf") if silent else oldest
    about = "The workers are silent" if silent else "The queue is old"
    return [Trouble("workers", None, about, words.replace("`", ""), OPERATOR, page, measure)]


def drifts(now: datetime, window: int) -> list[Trouble]:
    """Fields and addresses that something here reads, and that are not what they were. Seen ones are closed."""
    rows = Drift.objects.filter(closed_at=None, rule__connection__tenant__status__in=AT_WORK)
    used = rows.exclude(uses="").exclude(kind=Drift.Kind.NEW).select_related("rule__connection__tenant")
    return [
        Trouble(
            f"drift:{row.pk}",
            row.rule.connection.tenant_id,
            f"{row.rule.connection.tenant}: {row.get_kind_display().lower()} at {row.rule.connection.label}: {row.path}",
            f"{row.in_words} The rest is read on.",
            Who.FIX_CONFIGURATION,
            reverse("admin:integrations_drift_change", args=[row.pk]),
        )
        for row in used.order_by("pk")
    ]


def moved_secrets(now: datetime, window: int) -> list[Trouble]:
    """Stored secrets that somebody put where they do not belong: as long as they were come upon within a day."""
    found = AuditEntry.objects.filter(action=MISPLACED, at__gte=now - timedelta(days=1)).select_related(
        "tenant"
    )
    entries = {(entry.note, entry.target_type, entry.target_id): entry for entry in found.order_by("pk")}
    return [
        Trouble(
            f"secret:{entry.note}:{entry.target_id}"[:80],
            entry.tenant_id,
            f"{entry.tenant or entry.target_label}: a stored secret was moved",
            f"{entry.target_label}: what stands in {entry.note} was stored for another place. It is not used. Find out "
            "who writes to the database, then enter the secret again.",
            OPERATOR,
            reverse("admin:portal_auditentry_change", args=[entry.pk]),
        )
        for entry in entries.values()
    ]


FINDERS: dict[str, Find] = {
    Kind.FIRST_FAILURE: first_failures,
    Kind.FAILURES: failures,
    Kind.WAITING: waiting,
    Kind.RELINK: relinks,
    Kind.DRIFT: drifts,
    Kind.LATE: late,
    Kind.WORKERS: workers,
    Kind.SECRETS: moved_secrets,
}
NEVER_MIND_THE_LIMIT = frozenset({Kind.FIRST_FAILURE, Kind.RELINK, Kind.DRIFT, Kind.SECRETS})


def _connections(keys: Iterable[int]) -> "Iterable[Connection]":
    rows = Connection.objects.filter(pk__in=list(keys), tenant__status__in=AT_WORK)
    return rows.exclude(status=Connection.Status.DISCONNECTED).select_related("tenant").order_by("pk")


def _listed(names: list[str]) -> str:
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")
