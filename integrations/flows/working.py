"""Work on what flows owe: a flow's open items, under its lease, a portion at a time.

The route: a flow's due items -> its subjects read in bulk -> planned, purely -> records written (`making`), outcomes
noted and counted, all of a portion in ONE transaction that proves the lease: kill a worker at any instant, and the
next one goes on where the last portion was committed. An item that cannot be worked on fails by itself.
"""

import logging
import time
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import OperationalError, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from integrations import leases
from integrations.flows import owing
from integrations.flows.base import FlowSpec, Made, Plan, Skip, Wait
from integrations.flows.catalogue import FLOWS
from integrations.flows.making import Making
from integrations.leases import Lease, LeaseLost
from integrations.models import Flow, FlowItem, FlowRun, Unmapped
from portal.logs import about
from portal.models import Tenant

log = logging.getLogger(__name__)
State = FlowItem.State
PORTION = 100
GONE = Skip("gone", "The record is gone.")


def due(now: datetime) -> "QuerySet[FlowItem]":
    """Items to look at: those that are owed, and those that wait for a time that has come."""
    return FlowItem.objects.filter(Q(state=State.OWED) | Q(state=State.WAITING, next_try_at__lte=now))


def waiting_flows(now: datetime, tenant_id: int | None = None) -> list[int]:
    """Flows that are on, of merchants at work, with something due and nobody at it."""
    flows = Flow.objects.filter(
        Q(lease_until=None) | Q(lease_until__lte=now),
        enabled=True,
        name__in=list(FLOWS),
        tenant__status__in=(Tenant.Status.ONBOARDING, Tenant.Status.LIVE),
    )
    if tenant_id is not None:
        flows = flows.filter(tenant=tenant_id)
    return list(flows.filter(pk__in=due(now).values("flow")).values_list("pk", flat=True))


def work(flow_id: int, *, seconds: float = float("inf")) -> int:
    """Work on a flow for some seconds. Returns how many items were looked at."""
    lease = leases.take(flow_id, Flow)
    if lease is None:
        return 0
    try:
        flow = Flow.objects.select_related("tenant").get(pk=flow_id)
        with about(tenant_id=flow.tenant_id, flow_id=flow_id):
            return _work(flow, lease, seconds)
    except LeaseLost:
        log.warning("Flow %s was taken over by another worker", flow_id)
        return 0
    finally:
        leases.release(lease)


def _work(flow: Flow, lease: Lease, seconds: float) -> int:
    until, count = time.monotonic() + seconds, 0
    run: FlowRun | None = None
    while items := list(due(timezone.now()).filter(flow=flow).order_by("id")[:PORTION]):
        run = run or FlowRun.objects.create(flow=flow)
        count += len(items)
        try:
            _portion(flow, lease, run, items)
        except (LeaseLost, OperationalError):
            raise
        except Exception:  # one bad item must not hold up the others
            log.exception("A portion of flow %s failed; its items are tried one by one", flow.pk)
            _one_by_one(flow, lease, run, items)
        if time.monotonic() > until:
            break
    return count


def _one_by_one(flow: Flow, lease: Lease, run: FlowRun, items: Sequence[FlowItem]) -> None:
    for item in items:
        try:
            _portion(flow, lease, run, [item])
        except (LeaseLost, OperationalError):
            raise
        except Exception as error:
            log.exception("Item %s of flow %s failed", item.pk, flow.pk)
            with transaction.atomic():
                leases.renew(lease)
                words = (
                    f"Trunkline itself failed ({type(error).__name__}). Retry; if it stays so, tell support."
                )
                _close(run, [(item, State.FAILED, "bug", words, None)])


@transaction.atomic
def _portion(flow: Flow, lease: Lease, run: FlowRun, items: Sequence[FlowItem]) -> None:
    """The items were read before their subjects are: a change in between has opened them again, and they stay so."""
    spec = FLOWS[flow.name]
    leases.renew(lease)
    plans = planned(spec, flow.tenant_id, [item.record_id for item in items], spec.chosen(flow.settings))
    found = [(item, *plans.get(item.record_id, (None, GONE))) for item in items]
    with owing.by(flow):
        wishes = [(item, plan) for item, _, plan in found if isinstance(plan, Made)]
        states = Making(flow, spec, wishes).write()
        if spec.also:
            spec.also(flow.tenant_id, [(subject, plan) for _, subject, plan in found if subject is not None])
    _close(run, [(item, *_outcome(plan, states.get(item.pk))) for item, _, plan in found])
    if spec.tables:
        _note_unmapped([(item, plan) for item, _, plan in found])


def _note_unmapped(plans: Sequence[tuple[FlowItem, Plan]]) -> None:
    """What each item lacks now in which mapping table; what it lacked before is forgotten."""
    Unmapped.objects.filter(item__in=[item for item, _ in plans]).delete()
    Unmapped.objects.bulk_create(
        Unmapped(item=item, table=missing.table, key=missing.key, label=missing.label)
        for item, plan in plans
        if isinstance(plan, Wait)
        for missing in dict.fromkeys(plan.missing)
    )


def planned(
    spec: FlowSpec, tenant_id: int, ids: Sequence[int], settings: dict[str, Any]
) -> dict[int, tuple[Any, Plan]]:
    """Each subject as it is read, with its plan. Writes nothing."""
    subjects = spec.read(tenant_id, ids, settings)
    return {pk: (subject, spec.plan(subject, settings)) for pk, subject in subjects.items()}


Outcome = tuple[State, str, str, datetime | None]


def _outcome(plan: Plan, state: State | None) -> Outcome:
    match plan:
        case Skip(reason, words):
            return State.SKIPPED, reason, words, None
        case Wait(reason, words, until):
            return State.WAITING, reason, words, until
    return state or State.UNCHANGED, "", "", None


def _close(run: FlowRun, outcomes: Sequence[tuple[FlowItem, State, str, str, datetime | None]]) -> None:
    """Note what came of the items, all that had the same together; one that was opened again meanwhile stays open."""
    now = timezone.now()
    alike: dict[tuple[Any, ...], list[FlowItem]] = {}
    for item, *outcome in outcomes:
        alike.setdefault(tuple(outcome), []).append(item)
    counts: Counter[str] = Counter()
    for (state, reason, words, until), items in alike.items():
        counts[state] += len(items)
        turns: dict[int, list[int]] = {}
        for item in items:
            turns.setdefault(item.turn, []).append(item.pk)
        same = Q(pk__in=[])
        for turn, ids in turns.items():
            same |= Q(turn=turn, pk__in=ids)
        FlowItem.objects.filter(same).update(
            state=state, reason=reason, message=words, next_try_at=until, closed_at=now
        )
    FlowRun.objects.filter(pk=run.pk).update(
        ended_at=now, **{state: F(state) + number for state, number in counts.items()}
    )
