"""Which rule is next. Our own tables say what is due; the queue only wakes workers that then ask here.

The route: `pending.candidates` (rules with something to do) -> `choose` (fairly between tenants, parents first; pure)
-> the first whose lease can be taken.
"""

from collections import Counter, deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import heapify, heappop, heappush
from typing import Any

from django.utils import timezone

from integrations import leases
from integrations.connectors.registry import CONNECTORS
from integrations.leases import Lease
from integrations.models import Heartbeat, SyncRule
from integrations.pending import Candidate, candidates

Place = tuple[int, str]

PER_TENANT = 2
LATE = timedelta(minutes=3)
TICK, WORKER = "tick", "worker"
"""Heartbeats: the minute's, and that of whichever worker showed itself last."""


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


@dataclass(frozen=True, slots=True)
class Turn:
    """A rule taken. `more`: another worker, if there were one, would find something to do as well."""

    lease: Lease
    more: bool


def next_turn() -> Turn | None:
    """Take the rule that is next, or None when there is nothing to do."""
    order = _order(timezone.now())
    for candidate in order:
        if (lease := leases.take(candidate.rule_id)) is not None:
            return Turn(lease, more=next(order, None) is not None)
    return None


def others_wait(lease: Lease) -> bool:
    """Whether there is something to do, and nobody at it, for another tenant than that of this lease."""
    own = SyncRule.objects.values_list("connection__tenant_id", flat=True).get(pk=lease.rule_id)
    return next(_order(timezone.now(), own), None) is not None


def _order(now: datetime, *except_of: int) -> Iterator[Candidate]:
    """What can be taken now, in the order in which workers should try it."""
    at_work = list(
        SyncRule.objects.filter(lease_until__gt=now)
        .order_by()
        .values_list("connection__tenant_id", "connection_id", "entity", "synced_at")
    )
    busy = Counter(tenant for tenant, *_ in at_work)
    full = [tenant for tenant, count in busy.items() if count >= PER_TENANT]
    pending = candidates(now, except_of=[*full, *except_of])
    coming = {(c.connection_id, c.entity) for c in pending if c.first}
    coming |= {(connection, entity) for _, connection, entity, synced_at in at_work if synced_at is None}
    return choose(pending, busy, coming, PARENTS)


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


def beat(now: datetime, name: str = TICK) -> None:
    Heartbeat.objects.update_or_create(name=name, defaults={"at": now})


def take_minute(now: datetime) -> bool:
    """Whether this minute's tick is the caller's: of all who ask, on whatever host, one. A conditional UPDATE decides."""
    minute = now.replace(second=0, microsecond=0)
    Heartbeat.objects.get_or_create(name=TICK, defaults={"at": minute - timedelta(minutes=1)})
    return Heartbeat.objects.filter(name=TICK, at__lt=minute).update(at=now) == 1


def is_alive(now: datetime) -> bool | None:
    """Whether the tick came lately, and a worker did something; None if neither ever did."""
    found = Heartbeat.objects.filter(name__in=(TICK, WORKER)).values_list("at", flat=True)
    return all(now - at < LATE for at in found) if found else None
