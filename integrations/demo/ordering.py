"""The demo's purchasing and stock: what their flows need, and what somebody moves in either system.

Orders of a mapped item go across, the others wait. A count in ServiceTitan is posted to SYSPRO; one in SYSPRO waits to be
entered in ServiceTitan by a person.
"""

from typing import Any

from integrations.demo.asking import ask
from integrations.models import Connection
from portal.models import Tenant
from reconciliation.models import ReferenceItem

UNIT, KIND = "Plumbing", "Stock replenishment"
COUNTED = {"MAT-VALVE": -2}
"""By what ServiceTitan calls the item, which has a stock code."""


def prepare(tenant: Tenant) -> dict[str, Any]:
    """The settings of the flow. The warehouses are tied with the other tables (`payables`)."""
    items = ReferenceItem.objects.filter(tenant=tenant, active=True)
    return {
        "business_unit": items.get(kind="business_unit", name=UNIT).pk,
        "order_type": items.get(kind="purchase_order_type", name=KIND).pk,
    }


def count_stock(shop: Connection, accounting: Connection) -> None:
    """Somebody counts in the warehouse and in the van, each in a system of their own."""
    ask(shop, "adjust", items=COUNTED, memo="Cycle count")
    ask(accounting, "adjust-stock", code="WH-50G", warehouse="MAIN", quantity="1", reference="COUNT 7")
