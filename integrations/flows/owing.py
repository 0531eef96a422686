"""Changes owe work to flows: written in the transaction of the change, so that neither is there without the other.

The route: `reconciliation.changes.changed` -> the tenant's flows that are on and that the entity triggers -> one item per
subject, opened again if it is there -> a worker woken at commit. A constant number of queries a flow, none
for an entity that no flow knows, one where the tenant has none on.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from integrations import waking
from integrations.flows.base import FlowSpec
from integrations.flows.catalogue import FLOWS
from integrations.models import Flow, FlowItem

State = FlowItem.State
PORTION = 1000
_writing: ContextVar[int | None] = ContextVar("flow that is writing", default=None)


def _by_trigger() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for spec in FLOWS.values():
        for entity in spec.triggers:
            found.setdefault(entity, []).append(spec.name)
    return found


BY_TRIGGER = _by_trigger()


def on_change(entity: str, tenant_id: int, record_ids: Collection[int], **_: Any) -> None:
    """Receives `reconciliation.changes.changed`."""
    names = BY_TRIGGER.get(entity)
    if not names or not record_ids:
        return
    flows = Flow.objects.filter(tenant_id=tenant_id, enabled=True, name__in=names)
    for flow in flows.exclude(pk=_writing.get() or 0):
        spec = FLOWS[flow.name]
        owe(flow, spec, list(spec.triggers[entity](tenant_id, record_ids)))


@contextmanager
def by(flow: Flow) -> Iterator[None]:
    """What is written within is this flow's own doing, and no news to it."""
    token = _writing.set(flow.pk)
    try:
        yield
    finally:
        _writing.reset(token)


def owe(flow: Flow, spec: FlowSpec, record_ids: Collection[int]) -> None:
    """An item for each of these records that concerns the flow; those it has looked at before are opened again."""
    if not record_ids:
        return
    concerned = spec.subjects(flow.tenant_id, flow.since).filter(pk__in=record_ids)
    new = concerned.order_by().values_list("pk", flat=True)
    with transaction.atomic():
        rows = [FlowItem(flow=flow, record_id=pk, created_at=timezone.now()) for pk in sorted(set(new))]
        FlowItem.objects.bulk_create(rows, ignore_conflicts=True)
        reopen(FlowItem.objects.filter(flow=flow, record_id__in=list(record_ids)))
        waking.for_flows_at_commit(flow.tenant_id)


def owe_all(flow: Flow, spec: FlowSpec) -> int:
    """Everything that concerns the flow. Returns how many records that is."""
    ids = list(spec.subjects(flow.tenant_id, flow.since).order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(ids), PORTION):
        owe(flow, spec, ids[start : start + PORTION])
    return len(ids)


def reopen(items: Any) -> int:
    """To be looked at again, whatever became of them. Returns how many."""
    return int(items.update(state=State.OWED, turn=F("turn") + 1, next_try_at=None))
