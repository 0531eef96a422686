"""Stock: adjustments as the shop makes them, its movements and quantities as accounting has them."""

from typing import Any

from django.contrib import admin
from django.utils.html import format_html

from portal.look import badge
from reconciliation.admin import columns, shown
from reconciliation.admin.filters import ActiveFilter, by_period
from reconciliation.admin.records import Linked, RecordAdmin
from reconciliation.models import Adjustment, AdjustmentLine, StockLevel, StockMovement
from reconciliation.models.stock import signed
from reconciliation.search import Ways


def _number(name: str, label: str = "") -> columns.Column:
    """A quantity without the zeros behind it."""

    @admin.display(description=label or name.replace("_", " "))
    def column(self: Any, record: Any) -> str:
        value = getattr(record, name)
        return shown.NOTHING if value is None else f"{value.normalize():f}"

    return column


@admin.register(Adjustment)
class AdjustmentAdmin(RecordAdmin):
    """What was put right about the stock of a warehouse or a truck."""

    menu_order = 126
    menu_group = "Stock"
    list_display = ["number_shown", "place_shown", "adjusted", "items_shown", "posted_shown"]
    list_filter = [by_period("adjusted_at", "adjusted"), ActiveFilter]
    list_select_related = ["warehouse"]
    ordering = ("-adjusted_at", "-pk")
    search_help_text = "Number, reference or API id"
    ways = Ways(("adjustment",), numbers=("number",), exact=("reference",))
    references = ("warehouse", "business_unit")
    facts = (
        (
            "Adjustment",
            ("number", "reference", "kind", "warehouse", "place", "business_unit", "summary", "memo"),
        ),
        ("Dates", ("adjusted_at", "cancelled_at")),
        ("State", ("sync_status", "cancel_reason", "posted_as")),
    )
    card_columns = ("number_shown", "place_shown", "adjusted", "posted_shown")
    linked = (
        Linked("Lines", AdjustmentLine, "adjustment"),
        Linked("Movements in accounting", StockMovement, "adjustment"),
    )
    adjusted = columns.day("adjusted_at", "adjusted", sortable=True)
    items_shown = columns.words("summary", "items")
    posted_shown = columns.words("posted_as", "posted as")

    @admin.display(description="number", ordering="number")
    def number_shown(self, adjustment: Adjustment) -> str:
        words = adjustment.number or f"no. {adjustment.pk}"
        return words if adjustment.active else format_html("{} {}", words, badge("cancelled"))

    @admin.display(description="warehouse")
    def place_shown(self, adjustment: Adjustment) -> str:
        return str(adjustment.warehouse or "") or adjustment.place or shown.NOTHING


@admin.register(StockMovement)
class StockMovementAdmin(RecordAdmin):
    """What came and went, in accounting; adjustments on their way there too."""

    menu_order = 127
    menu_group = "Stock"
    list_display = ["item", "store_shown", "moved_by", "kind", "moved", "reference_shown", "standing"]
    list_filter = ["kind", ActiveFilter]
    list_select_related = ["adjustment"]
    search_help_text = "Stock code, reference, or id in accounting"
    ways = Ways(("stock_movement",), exact=("stock_code", "reference"))
    references = ("adjustment",)
    facts = (
        ("Movement", ("stock_code", "store", "moved_by", "kind", "reference", "notation", "adjustment")),
        ("Posting", ("moved_on", "value", "journal")),
    )
    card_columns = ("item", "store_shown", "moved_by", "moved", "standing")
    item = columns.words("stock_code", "stock code")
    store_shown = columns.words("store", "warehouse")
    moved = columns.words("moved_on", "moved")
    reference_shown = columns.words("reference")

    @admin.display(description="quantity")
    def moved_by(self, movement: StockMovement) -> str:
        return signed(movement.quantity)

    @admin.display(description="state")
    def standing(self, movement: StockMovement) -> str:
        return badge("posted", "ok") if movement.journal else badge("not posted")


@admin.register(StockLevel)
class StockLevelAdmin(RecordAdmin):
    """How much there is, as accounting last said."""

    menu_order = 128
    menu_group = "Stock"
    list_display = ["item", "store_shown", "held", "allocated_shown", "ordered", "moved"]
    list_filter = [ActiveFilter]
    search_help_text = "Stock code, or id in accounting"
    ways = Ways(("stock_level",), exact=("stock_code",))
    facts = (
        ("Item", ("stock_code", "store")),
        ("Quantities", ("held", "allocated_shown", "ordered", "on_its_way")),
        ("More", ("unit_cost", "last_moved_on")),
    )
    card_columns = ("item", "store_shown", "held")
    item = columns.words("stock_code", "stock code")
    store_shown = columns.words("store", "warehouse")
    held = _number("on_hand")
    allocated_shown = _number("allocated")
    ordered = _number("on_order")
    on_its_way = _number("in_transit")
    moved = columns.words("last_moved_on", "last moved")
