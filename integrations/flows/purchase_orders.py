"""Purchase orders of ServiceTitan and SYSPRO are the same orders: made on either side, they come to stand on both.

The route of a new order: it is pulled -> the codes of the other side are looked up (`purchase_orders_plans`) -> it is
asked for there with all its lines, once. From then on each change of it, of a line, of what has come of a line, and its
cancellation go from the side that made it to the other by themselves: nothing of that is this flow's doing.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from integrations.flows import purchase_orders_read
from integrations.flows.base import FlowSpec, NeededRule, Setting, Settings, itself
from integrations.flows.purchase_orders_plans import UNMAPPED, Ordered, plan
from integrations.flows.purchase_orders_read import ACCOUNTING, SHOP, TABLES_READ
from integrations.models import Flow, FlowItem, SyncRule
from reconciliation.models import PurchaseOrder, PurchaseOrderLine

NAME = "purchase_orders"
ORDER, LINE = "purchase_order", "purchase_order_line"
State = FlowItem.State


def subjects(tenant_id: int, since: datetime | None) -> "QuerySet[Any]":
    """Orders of the days from then on."""
    orders = PurchaseOrder.objects.filter(tenant=tenant_id)
    if since is None:
        return orders
    day = since.date().isoformat()
    return orders.filter(Q(ordered_on__gte=day) | Q(ordered_on="", created_at__gte=since))


def of_lines(tenant_id: int, record_ids: Collection[int]) -> Iterable[int]:
    rows = PurchaseOrderLine.objects.filter(tenant=tenant_id, pk__in=list(record_ids))
    return {pk for pk in rows.values_list("purchase_order_id", flat=True) if pk is not None}


def that_lack_something(tenant_id: int, record_ids: Collection[int]) -> Iterable[int]:
    """The orders that wait for a code: a vendor, a warehouse or a material that came or changed may be what they lack."""
    waiting = FlowItem.objects.filter(flow__tenant=tenant_id, flow__name=NAME, state=State.WAITING)
    return set(waiting.filter(reason=UNMAPPED).values_list("record_id", flat=True))


def unsettled(flow: Flow) -> "QuerySet[FlowItem]":
    """Those that wait: a new row read backwards may be what they lack."""
    return FlowItem.objects.filter(flow=flow, state=State.WAITING)


def read(tenant_id: int, ids: Sequence[int], settings: Settings) -> Mapping[int, Ordered]:
    return purchase_orders_read.read(tenant_id, ids)


def held_back(rule: SyncRule, record_ids: Sequence[int]) -> Mapping[int, str]:
    """Orders, and lines of orders, that lack something or that the flow has to look at first: those do not go there."""
    if rule.entity not in (ORDER, LINE):
        return {}
    orders = {pk: pk for pk in record_ids}
    if rule.entity == LINE:
        lines = PurchaseOrderLine.objects.filter(pk__in=list(record_ids), purchase_order__isnull=False)
        orders = {
            pk: order for pk, order in lines.values_list("pk", "purchase_order_id") if order is not None
        }
    items = FlowItem.objects.filter(
        flow__tenant=rule.connection.tenant_id, flow__name=NAME, flow__enabled=True,
        record_id__in=set(orders.values()), state__in=(State.OWED, State.WAITING, State.FAILED),
    )  # fmt: skip
    words = {pk: message or _FIRST for pk, message in items.values_list("record_id", "message")}
    return {pk: words[order] for pk, order in orders.items() if order in words}


_FIRST = "The flow looks at the order first."

FLOW = FlowSpec(
    name=NAME,
    title="Purchase orders",
    does="An order made in ServiceTitan is posted to SYSPRO, and one made in SYSPRO comes to ServiceTitan, once. What is "
    "changed, received or cancelled on one side goes to the other. What ServiceTitan has exported is left alone.",
    systems=(SHOP, ACCOUNTING),
    subject=ORDER,
    triggers={
        ORDER: itself,
        LINE: of_lines,
        **dict.fromkeys(("vendor", "warehouse", "material"), that_lack_something),
    },
    subjects=subjects,
    read=read,
    plan=plan,
    rules=(
        NeededRule(SHOP, "vendor"),
        NeededRule(SHOP, "warehouse"),
        NeededRule(SHOP, ORDER, pushes=True, asks=True),
        NeededRule(SHOP, LINE, pushes=True, asks=True),
        NeededRule(SHOP, "purchase_order_type", optional=True),
        NeededRule(SHOP, "material", optional=True),
        NeededRule(ACCOUNTING, "vendor"),
        NeededRule(ACCOUNTING, ORDER, pushes=True, asks=True),
        NeededRule(ACCOUNTING, LINE, pushes=True, asks=True),
        NeededRule(ACCOUNTING, "stock_code", optional=True),
        NeededRule(ACCOUNTING, "warehouse", optional=True),
    ),
    settings=(
        Setting("prefix", "Prefix of references", default="ST-",
                help="Stands before a ServiceTitan order's number; SYSPRO keeps both as the customer's order number."),
        Setting("to_shop", "Orders made in SYSPRO come to ServiceTitan", "boolean", True),
        Setting("business_unit", "Their business unit", "reference", None, refers_to="business_unit",
                help="ServiceTitan wants one for each order."),
        Setting("order_type", "Their kind of order", "reference", None, refers_to="purchase_order_type"),
    ),
    tables=TABLES_READ,
    unsettled=unsettled,
)  # fmt: skip
