"""A person's word that what an item waits for is settled: kept with the facts it was said of, so others wait again."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from integrations import waking
from integrations.flows import owing
from integrations.flows.invoice_to_ap_read import SETTLED
from integrations.models import FlowItem, FlowMade
from portal import audit

audit.register_action("flow_item.settled", "settled by hand what a flow waited for: {note}")


@transaction.atomic
def settle(
    item: FlowItem,
    entity: str,
    facts: Mapping[str, Any],
    words: str,
    *,
    role: str = SETTLED,
    record_id: int | None = None,
    action: str = "flow_item.settled",
) -> None:
    """Note these facts of a record of `entity`, the item's own unless another is named, and look at the item again."""
    record_id = item.record_id if record_id is None else record_id
    FlowMade.objects.update_or_create(
        item=item,
        role=role,
        defaults={"entity": entity, "record_id": record_id, "is_new": False, "written": facts},
    )
    audit.record(action, item.flow, tenant=item.flow.tenant, note=words)
    owing.reopen(FlowItem.objects.filter(pk=item.pk))
    waking.for_flows_at_commit(item.flow.tenant_id)
