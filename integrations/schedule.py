"""Which rule is next. Our own tables say what is due; the queue only wakes workers that then ask here.

The route: `candidates` (rules with something to do) -> `choose` (fairly between tenants, parents first; pure)
-> the first whose lease can be taken.
"""

from collections import Counter, deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import heapify, heappop, heappush
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from integrations import leases, quota
from integrations.connectors.registry import CONNECTORS
from integrations.leases import Lease
from integrations.models import Connection, Delivery, Heartbeat, Run, SyncRule
from integrations.push.working import due
from portal.models import Tenant

Place = tuple[int, str]

PER_TENANT = 2
LATE = timedelta(minutes=3)
TICK = "tick"
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


def choose(
    candidates: Iterable[Candidate],
    busy: Counter[int],
    coming: Collection[Place],
    parents: Mapping[str, frozenset[str]],
) -> Iterator[Candidate]:
    """Candidates in the order in which workers should try them, found as they are asked for.

    `busy` counts the rules at work by tenant, `coming` are first pulls that are still to come or under way. The
    tenant with the fewest workers on it comes first, none gets more than `PER_TENANT`; within a tenant what
    people asked for, what is owed, first pulls, each parents before children, then what has been due for longest. A first
    pull waits for its parents' first pulls.
    """
    queues: dict[int, deque[Candidate]] = {}
    for candidate in sorted(candidates, key=_urgency):
        waits_for = ((candidate.connection_id, parent) for parent in parents.get(candidate.entity, ()))
        if not (candidate.first and any(place in coming for place in waits_for)):
            queues.setdefault(candidate.tenant_id, deque()).append(candidate)
    turns = [
        (busy[tenant], _urgency(queue[0]), tenant)
        for tenant, queue in queues.items()
        if busy[tenant] < PER_TENANT
    ]
    heapify(turns)
    while turns:
        load, _, tenant = heappop(turns)
        yield queues[tenant].popleft()
        if queues[tenant] and load + 1 < PER_TENANT:
            heappush(turns, (load + 1, _urgency(queues[tenant][0]), tenant))


def _urgency(candidate: Candidate) -> tuple[Any, ...]:
    """What is merely due goes by how long it has been: by its position, the last ones could wait for ever."""
    due = candidate.due_at.timestamp() if candidate.due_at else float("inf")
    in_order = candidate.asked_for or candidate.owes or candidate.first
    return (
        not candidate.asked_for,
        not candidate.owes,
        not candidate.first,
        0 if in_order else due,
        candidate.position,
        due,
        candidate.rule_id,
    )


def workable() -> QuerySet[SyncRule]:
    """Enabled rules of connections that may be called, of tenants that are at work."""
    return SyncRule.objects.filter(
        enabled=True,
        connection__status=Connection.Status.CONNECTED,
        connection__tenant__status__in=_ACTIVE_TENANTS,
    )


def candidates(now: datetime) -> list[Candidate]:
    """Rules with an open run, a time that has come, or deliveries that are due; whose lease is free.

    A rule owes nothing before its first pull, which tells what the other side has; and while the outcome of a write
    is unknown it is not read, since a row that the write has made would come as a stranger. While an account's calls of
    the day run short, nothing is read whole there: changes come first.
    """
    open_run = Exists(Run.objects.filter(rule=OuterRef("pk"), state__in=Run.OPEN))
    by_person = Exists(
        Run.objects.filter(rule=OuterRef("pk"), state__in=Run.OPEN).exclude(trigger=Run.Trigger.SCHEDULE)
    )
    reads_all = Exists(Run.objects.filter(rule=OuterRef("pk"), state__in=Run.OPEN, full=True))
    owed = Exists(due(now).filter(rule=OuterRef("pk")))
    unresolved = Exists(Delivery.moving().filter(rule=OuterRef("pk"), state__in=Delivery.UNRESOLVED))
    pushing = Q(owes=True, synced_at__isnull=False)
    short = Q(connection__budget_key__in=quota.short_keys(now)) & ~Q(connection__budget_key="")
    whole = Q(synced_at=None) | Q(full_wanted=True) | Q(reads_all=True)
    pulling = (Q(has_run=True) | Q(due_at__lte=now)) & Q(unresolved=False) & ~(short & whole)
    rules = (
        workable()
        .annotate(
            has_run=open_run, asked_for=by_person, owes=owed, unresolved=unresolved, reads_all=reads_all
        )
        .filter(pulling | pushing)
        .filter(Q(lease_until=None) | Q(lease_until__lte=now))
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
        Candidate(pk, connection, tenant, entity, position, at, synced is None and not failures, asked, owes)
        for pk, connection, tenant, entity, position, at, synced, failures, asked, owes in rules
    ]


def next_lease() -> Lease | None:
    """Take the rule that is next, or None when there is nothing to do."""
    now = timezone.now()
    at_work = list(
        SyncRule.objects.filter(lease_until__gt=now).values_list(
            "connection__tenant_id", "connection_id", "entity", "synced_at"
        )
    )
    pending = candidates(now)
    busy = Counter(tenant for tenant, *_ in at_work)
    coming = {(c.connection_id, c.entity) for c in pending if c.first}
    coming |= {(connection, entity) for _, connection, entity, synced_at in at_work if synced_at is None}
    for candidate in choose(pending, busy, coming, PARENTS):
        if (lease := leases.take(candidate.rule_id)) is not None:
            return lease
    return None


def _parents() -> dict[str, frozenset[str]]:
    """What each entity refers to, from every connector's declarations."""
    found: dict[str, set[str]] = {}
    for spec in CONNECTORS.values():
        for entity in spec.entities.values():
            children = entity.children.references.values() if entity.children else ()
            for reference in (*entity.references.values(), *children):
                if reference.entity != entity.name:
                    found.setdefault(entity.name, set()).add(reference.entity)
    return {entity: frozenset(parents) for entity, parents in found.items()}


PARENTS = _parents()


def beat(now: datetime) -> None:
    Heartbeat.objects.update_or_create(name=TICK, defaults={"at": now})


def is_alive(now: datetime) -> bool | None:
    """Whether the tick came lately; None if it never did."""
    found = Heartbeat.objects.filter(name=TICK).values_list("at", flat=True).first()
    return None if found is None else now - found < LATE
