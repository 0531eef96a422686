"""Rows of flows, for the walk."""

from integrations.models import Flow, FlowItem, TableRow
from tests.admin.objects import makes, planted


@makes("integrations.flow")
def flow(tenant) -> Flow:
    found, _ = Flow.objects.get_or_create(tenant=tenant, name="completed_jobs")
    FlowItem.objects.get_or_create(
        flow=found,
        record_id=1,
        defaults={"state": FlowItem.State.WAITING, "reason": "planted", "message": planted(tenant)},
    )
    return found


@makes("integrations.tablerow")
def table_row(tenant) -> TableRow:
    return TableRow.objects.create(
        tenant=tenant, table="branch", key="31", label=planted(tenant), target="BR1"
    )
