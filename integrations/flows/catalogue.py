"""The flows there are, in the order of the gallery. Another one is one file beside this and its line here."""

from collections.abc import Mapping

from integrations.flows import (
    adjustments,
    completed_jobs,
    invoice_to_ap,
    memberships,
    movements,
    new_customers,
    on_hand,
    purchase_orders,
    revenue,
    satisfaction,
    vendors,
    won_deals,
)
from integrations.flows.base import FlowSpec

FLOWS: Mapping[str, FlowSpec] = {
    spec.name: spec
    for spec in (
        new_customers.FLOW,
        completed_jobs.FLOW,
        won_deals.FLOW,
        revenue.FLOW,
        memberships.FLOW,
        satisfaction.FLOW,
        invoice_to_ap.FLOW,
        vendors.FLOW,
        purchase_orders.FLOW,
        adjustments.FLOW,
        movements.FLOW,
        on_hand.FLOW,
    )
}
