"""A dry run of a flow: what it would make of real records, through the code that makes it.

The route: the newest subjects -> plans -> written as they would be, in a transaction that is rolled back -> what was
written, by subject. Nothing is kept, nothing is sent, nobody is woken.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils import timezone

from integrations.flows import owing
from integrations.flows.base import FlowSpec, Made, Plan, Skip, Wait
from integrations.flows.making import Making, Written
from integrations.flows.working import planned
from integrations.models import Flow, FlowItem
from portal.models import Tenant
from reconciliation.entities import ENTITIES

NEWEST = 20


@dataclass(slots=True)
class Tried:
    """One subject, what the flow says to it, and what would be written."""

    record: Any
    plan: Plan
    state: str
    written: list[Written] = field(default_factory=list)

    @property
    def words(self) -> str:
        return self.plan.words if isinstance(self.plan, Skip | Wait) else ""


def dry_run(
    tenant: Tenant, spec: FlowSpec, stored: Mapping[str, Any] | None = None, *, most: int = NEWEST
) -> list[Tried]:
    """The newest records that would concern it, from whenever they are."""
    ids = list(spec.subjects(tenant.pk, None).order_by("-pk").values_list("pk", flat=True)[:most])
    with transaction.atomic():
        found = _tried(tenant, spec, stored, ids)
        transaction.set_rollback(True)
    return found


def _tried(
    tenant: Tenant, spec: FlowSpec, stored: Mapping[str, Any] | None, ids: Sequence[int]
) -> list[Tried]:
    flow, _ = Flow.objects.get_or_create(tenant=tenant, name=spec.name)
    plans = planned(spec, tenant.pk, ids, spec.chosen(flow.settings if stored is None else stored))
    rows = [FlowItem(flow=flow, record_id=pk, created_at=timezone.now()) for pk in ids]
    FlowItem.objects.bulk_create(rows, ignore_conflicts=True)
    items = {item.record_id: item for item in FlowItem.objects.filter(flow=flow, record_id__in=ids)}
    wishes = [(items[pk], plan) for pk, (_, plan) in plans.items() if isinstance(plan, Made)]
    with owing.by(flow):
        making = Making(flow, spec, wishes)
        states = making.write()
    written: dict[int, list[Written]] = {}
    for one in making.written:
        written.setdefault(one.item_id, []).append(one)
    records = ENTITIES[spec.subject].objects.in_bulk(ids)
    return [
        Tried(records[pk], plan, _state(plan, states, items[pk]), written.get(items[pk].pk, []))
        for pk in ids
        if pk in plans and pk in records
        for plan in [plans[pk][1]]
    ]


def _state(plan: Plan, states: Mapping[int, str], item: FlowItem) -> str:
    if isinstance(plan, Made):
        return states[item.pk]
    return FlowItem.State.SKIPPED if isinstance(plan, Skip) else FlowItem.State.WAITING
