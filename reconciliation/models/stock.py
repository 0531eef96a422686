"""What the shop has on its shelves and trucks: adjustments of it, its movements in accounting, and how much there is."""

from decimal import Decimal
from typing import Any

from django.db import models

from reconciliation.models.base import Record, belongs_to, money, refers_to


def exact(**options: Any) -> "models.DecimalField[Any, Any]":
    """A number with six places, as accounting keeps quantities and unit costs. Signed where it changes what is there."""
    return models.DecimalField(max_digits=18, decimal_places=6, null=True, blank=True, **options)


def signed(number: Decimal | None) -> str:
    """`5.000000` -> `+5`"""
    return f"{(number or Decimal(0)).normalize():+f}"


class Adjustment(Record):
    """What somebody in the shop has put right about the stock of one place, item by item.

    `place` is the source's id of the warehouse or truck. `posted_as` names the journals of accounting that its lines
    were posted in, empty until all of them are.
    """

    warehouse = refers_to("ReferenceItem")
    business_unit = refers_to("ReferenceItem")
    place = models.TextField(blank=True, help_text="Source id of the warehouse or truck")
    number = models.TextField(blank=True)
    reference = models.TextField(blank=True)
    kind = models.TextField(blank=True)
    memo = models.TextField(blank=True)
    summary = models.TextField("items", blank=True, help_text="What is adjusted, in words")
    adjusted_at = models.DateTimeField("adjusted", null=True, blank=True)
    sync_status = models.TextField(blank=True)
    cancelled_at = models.DateTimeField("cancelled", null=True, blank=True)
    cancel_reason = models.TextField(blank=True)
    posted_as = models.TextField(blank=True, help_text="Journals in accounting: year/month/journal/entry")

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "number"], name="adjustment_by_number"),
            models.Index(fields=["tenant", "adjusted_at"], name="adjustment_by_date"),
        ]

    def __str__(self) -> str:
        return f"Adjustment {self.number}" if self.number else f"Adjustment no. {self.pk}"


class AdjustmentLine(models.Model):
    """One item of an adjustment: so many more of it, or fewer."""

    adjustment = belongs_to("Adjustment", "lines", on_delete=models.CASCADE)
    external_id = models.TextField(blank=True)
    sku = models.TextField(blank=True)
    name = models.TextField(blank=True)
    description = models.TextField(blank=True)
    quantity = exact()
    cost = money()
    total = money()
    is_active = models.BooleanField("active", default=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.name or self.sku


class StockMovement(Record):
    """One movement of one item in one warehouse of accounting, which is never changed, only followed by another.

    `reference` is what it is looked up by there. `adjustment` is what it was posted for, or what it was entered as.
    `journal` is where it was posted: year/month/journal/entry, empty until then.
    """

    class Kind(models.TextChoices):
        ADJUSTMENT = "A", "Adjustment"
        ISSUE = "I", "Issue"
        RECEIPT = "R", "Receipt"
        TRANSFER = "T", "Transfer"

    adjustment = refers_to("Adjustment", indexed=True)
    stock_code = models.TextField(blank=True)
    store = models.TextField("warehouse", blank=True, help_text="The warehouse's code in accounting")
    quantity = exact()
    kind = models.TextField(blank=True, choices=Kind)
    reference = models.TextField(blank=True)
    notation = models.TextField(blank=True)
    moved_on = models.TextField("moved", blank=True, help_text="YYYY-MM-DD")
    value = money()
    journal = models.TextField(blank=True, help_text="Where it was posted: year/month/journal/entry")

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "stock_code", "store"], name="movement_by_item"),
            models.Index(fields=["tenant", "reference"], name="movement_by_reference"),
        ]

    def __str__(self) -> str:
        return f"{signed(self.quantity)} {self.stock_code} in {self.store}"


class StockLevel(Record):
    """How much of an item one warehouse of accounting has, as accounting last said."""

    stock_code = models.TextField(blank=True)
    store = models.TextField("warehouse", blank=True, help_text="The warehouse's code in accounting")
    on_hand = exact()
    allocated = exact()
    on_order = exact()
    in_transit = exact()
    unit_cost = exact()
    last_moved_on = models.TextField("last moved", blank=True, help_text="YYYY-MM-DD")

    class Meta:
        indexes = [models.Index(fields=["tenant", "stock_code", "store"], name="level_by_item")]

    def __str__(self) -> str:
        return f"{self.stock_code} in {self.store}"
