"""Which rules have something to do, found by indexes alone: of ten thousand merchants few are due at a time.

The route: rules whose time has come, that have an open run, or that owe (three short reads) -> what each of those may do
now -> `Candidate`s, among which `schedule.choose` decides.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import BooleanField, Exists, ExpressionWrapper, OuterRef, Q, QuerySet

from integrations import quota
from integrations.models import Connection, Delivery, Run, SyncRule
from integrations.push.working import due
from portal.models import Tenant

AT_MOST = 500
"""Rules of each kind that one decision looks at: a merchant has some thirty, so these are many merchants' oldest."""
_ACTIVE_TENANTS = (Tenant.Status.ONBOARDING, Tenant.Status.LIVE)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A rule with something to do. `owes` means that it has deliveries whose time has come."""

    rule_id: int
    connection_id: int
    tenant_id: int
    entity: str
    position: int
    due_at: datetime | None
    first: bool
    asked_for: bool
    owes: bool = False


def workable() -> QuerySet[SyncRule]:
    """Enabled rules of connections that may be called, of tenants that are at work."""
    return SyncRule.objects.filter(
        enabled=True,
        connection__status=Connection.Status.CONNECTED,
        connection__tenant__status__in=_ACTIVE_TENANTS,
    )


def candidates(
    now: datetime, *, except_of: Collection[int] = (), most: int | None = AT_MOST
) -> list[Candidate]:
    """Rules with an open run, a time that has come, or deliveries that are due; whose lease is free.

    Those of the tenants `except_of` are left out. No more than `most` of each kind are looked at (None: all), the
    longest due first and parents before children.

    A rule owes nothing before its first pull, which tells what the other side has; and while the outcome of a write
    is unknown it is not read, since a row that the write has made would come as a stranger. While an account's calls of
    the day run short, nothing is read whole there: changes come first.
    """
    free = workable().filter(Q(lease_until=None) | Q(lease_until__lte=now)).order_by()
    if except_of:
        free = free.exclude(connection__tenant_id__in=except_of)
    found = _whose_time_has_come(free, now, most) | _with_open_run(free, most) | _owing(free, now, most)
    return _that_may_work(found, now) if found else []


def _whose_time_has_come(free: QuerySet[SyncRule], now: datetime, most: int | None) -> set[int]:
    rules = free.filter(due_at__lte=now).order_by("due_at", "connection", "position")
    return set(rules.values_list("pk", flat=True)[:most])


def _with_open_run(free: QuerySet[SyncRule], most: int | None) -> set[int]:
    """What people asked for comes before what the schedule has begun."""
    by_schedule = ExpressionWrapper(Q(trigger=Run.Trigger.SCHEDULE), BooleanField())
    runs = Run.objects.filter(state__literally=Run.OPEN, rule__in=free).order_by(by_schedule, "pk")
    return set(runs.values_list("rule_id", flat=True)[:most])


def _owing(free: QuerySet[SyncRule], now: datetime, most: int | None) -> set[int]:
    """Rules with deliveries whose time has come. One step in their index a rule, however many are due of it."""
    moving = ", ".join(f"'{state}'" for state in Delivery.MOVING)
    owed = f"FROM {Delivery._meta.db_table} WHERE state IN ({moving}) AND next_try_at <= %s"
    sql = (
        f"WITH RECURSIVE owing (rule) AS (SELECT MIN(rule_id) {owed} UNION ALL"  # noqa: S608  # our own words
        f" SELECT (SELECT MIN(rule_id) {owed} AND rule_id > owing.rule) FROM owing WHERE owing.rule IS NOT NULL)"
        " SELECT rule FROM owing WHERE rule IS NOT NULL"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [connection.ops.adapt_datetimefield_value(now)] * 2)
        rules = [rule for (rule,) in cursor.fetchall()]
    return set(free.filter(pk__among=rules).values_list("pk", flat=True)[:most]) if rules else set()


def _that_may_work(found: Collection[int], now: datetime) -> list[Candidate]:
    open_runs = Run.objects.filter(rule=OuterRef("pk"), state__literally=Run.OPEN)
    by_person = Exists(open_runs.exclude(trigger=Run.Trigger.SCHEDULE))
    reads_all = Exists(open_runs.filter(full=True))
    owed = Exists(due(now).filter(rule=OuterRef("pk")))
    unresolved = Exists(Delivery.moving().filter(rule=OuterRef("pk"), state__in=Delivery.UNRESOLVED))
    short = Q(connection__budget_key__in=quota.short_keys(now)) & ~Q(connection__budget_key="")
    whole = Q(synced_at=None) | Q(full_wanted=True) | Q(reads_all=True)
    pulling = (Q(has_run=True) | Q(due_at__lte=now)) & Q(unresolved=False) & ~(short & whole)
    pushing = Q(owes=True, synced_at__isnull=False)
    rules = (
        SyncRule.objects.filter(pk__among=sorted(found))
        .order_by()
        .annotate(
            has_run=Exists(open_runs),
            asked_for=by_person,
            owes=owed,
            unresolved=unresolved,
            reads_all=reads_all,
        )
        .filter(pulling | pushing)
        .values_list(
            "pk",
            "connection_id",
            "connection__tenant_id",
            "entity",
            "position",
            "due_at",
            "synced_at",
            "failures",
            "asked_for",
            "owes",
        )
    )
    return [
        Candidate(
            pk, connection_id, tenant, entity, position, at, synced is None and not failures, asked, owes
        )
        for pk, connection_id, tenant, entity, position, at, synced, failures, asked, owes in rules
    ]
