"""What the shop orders: purchase orders with their lines, as both sides have them."""

from decimal import Decimal

from django.contrib import admin

from portal.look import badge
from reconciliation.admin import columns, shown
from reconciliation.admin.filters import ActiveFilter
from reconciliation.admin.records import Linked, RecordAdmin
from reconciliation.models import PurchaseOrder, PurchaseOrderLine
from reconciliation.search import Ways


def quantity(value: Decimal | None) -> str:
    """A number of things, without the zeros behind it."""
    return shown.NOTHING if value is None else f"{value.normalize():f}"


@admin.register(PurchaseOrder)
class PurchaseOrderAdmin(RecordAdmin):
    """Orders to vendors: open, received, or cancelled."""

    menu_order = 123
    menu_group = "Buying"
    list_display = [
        "number_shown",
        "vendor_shown",
        "ordered_shown",
        "required_shown",
        "total_amount",
        "status_shown",
        "accounting_shown",
    ]
    list_filter = [ActiveFilter]
    list_select_related = ["vendor"]
    ordering = ("-ordered_on", "-pk")
    search_help_text = "Number on either side, supplier's code, reference or id"
    ways = Ways(
        ("purchase_order",),
        numbers=("number", "accounting_number"),
        exact=("supplier", "reference"),
        text=("reference", "summary"),
    )
    references = ("vendor", "job", "business_unit", "warehouse", "order_type")
    facts = (
        ("Purchase order", ("number", "status", "vendor", "job", "business_unit", "order_type", "summary")),
        ("Accounting", ("accounting_number", "accounting_status", "supplier", "reference")),
        ("Amounts", ("total", "tax", "shipping")),
        ("Dates", ("ordered_on", "required_on", "received_on")),
        ("Shipped to", ("warehouse", "warehouse_code", "address")),
    )
    card_columns = ("number_shown", "ordered_shown", "total_amount", "status_shown")
    linked = (Linked("Lines", PurchaseOrderLine, "purchase_order"),)
    vendor_shown = columns.other("vendor")
    ordered_shown = columns.words("ordered_on", "ordered")
    required_shown = columns.words("required_on", "required")
    total_amount = columns.amount("total")
    accounting_shown = columns.words("accounting_number", "in accounting")

    @admin.display(description="number", ordering="number")
    def number_shown(self, order: PurchaseOrder) -> str:
        return order.number or order.accounting_number or f"no. {order.pk}"

    @admin.display(description="state")
    def status_shown(self, order: PurchaseOrder) -> str:
        """As the shop says; where only accounting has it, as accounting does."""
        if not order.active:
            return badge("cancelled")
        return badge(order.status or f"{order.accounting_status or '?'} in accounting", "busy")


@admin.register(PurchaseOrderLine)
class PurchaseOrderLineAdmin(RecordAdmin):
    """What orders ask for, and how much of it has come."""

    menu_order = 125
    menu_group = "Buying"
    list_display = [
        "description_shown",
        "order_shown",
        "sku",
        "stock_code",
        "ordered_shown",
        "received_shown",
        "cost_amount",
    ]
    list_filter = ["complete", ActiveFilter]
    list_select_related = ["purchase_order"]
    search_help_text = "Item, stock code or description"
    ways = Ways(("purchase_order_line",), exact=("sku", "stock_code"), text=("description",))
    references = ("purchase_order",)
    facts = (
        ("Line", ("purchase_order", "sku", "stock_code", "description", "part_number", "warehouse_code")),
        ("Quantities", ("ordered", "received", "cost")),
    )
    flags = ("complete",)
    card_columns = (
        "description_shown",
        "sku",
        "stock_code",
        "ordered_shown",
        "received_shown",
        "cost_amount",
    )
    card_order = ("pk",)
    order_shown = columns.other("purchase_order", "order")
    cost_amount = columns.amount("cost")

    @admin.display(description="ordered")
    def ordered_shown(self, line: PurchaseOrderLine) -> str:
        return quantity(line.ordered)

    @admin.display(description="received")
    def received_shown(self, line: PurchaseOrderLine) -> str:
        return quantity(line.received)

    @admin.display(description="line")
    def description_shown(self, line: PurchaseOrderLine) -> str:
        return str(line)
