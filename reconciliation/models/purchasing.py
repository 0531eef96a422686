"""What the shop orders from its vendors."""

from decimal import Decimal

from django.db import models

from reconciliation.models.base import Address, Record, money, refers_to


class PurchaseOrder(Record, Address):
    """An order to a vendor, with the address it is shipped to. One that was cancelled is inactive.

    `number` is the shop's own, `accounting_number` that of accounting; each stays empty until the order is there.
    `reference` is what accounting finds the shop's order by, `summary` what the shop finds accounting's by. `supplier`
    and `warehouse_code` are accounting's codes. Days are YYYY-MM-DD, as both sides mean days.
    """

    vendor = refers_to("Vendor", indexed=True)
    job = refers_to("Job", indexed=True)
    business_unit = refers_to("ReferenceItem")
    warehouse = refers_to("ReferenceItem")
    order_type = refers_to("ReferenceItem")
    place = models.TextField(blank=True, help_text="The shop's id of the warehouse or truck that it is for")
    number = models.TextField(blank=True)
    accounting_number = models.TextField(blank=True)
    status = models.TextField(blank=True, help_text="As the shop's system says it")
    accounting_status = models.TextField("status in accounting", blank=True)
    reference = models.TextField(blank=True)
    summary = models.TextField(blank=True)
    supplier = models.TextField(blank=True, help_text="The supplier's code")
    warehouse_code = models.TextField(blank=True)
    ordered_on = models.TextField("ordered", blank=True, help_text="YYYY-MM-DD")
    required_on = models.TextField("required", blank=True, help_text="YYYY-MM-DD")
    received_on = models.TextField("received", blank=True, help_text="YYYY-MM-DD")
    total = money()
    tax = money()
    shipping = money()
    line_count = models.IntegerField("lines", null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "number"], name="purchase_order_by_number"),
            models.Index(fields=["tenant", "accounting_number"], name="purchase_order_by_accounting"),
            models.Index(fields=["tenant", "ordered_on"], name="purchase_order_by_date"),
        ]

    def __str__(self) -> str:
        number = self.number or self.accounting_number
        return f"Purchase order {number}" if number else f"Purchase order no. {self.pk}"


class PurchaseOrderLine(Record):
    """One thing that an order asks for: the shop's item and accounting's stock code for it.

    A record of its own, not a nested row: each system has it under an id of its own and changes its quantities. `item_id`
    is the shop's number of the item. `complete` lines expect nothing more, whatever was received.
    """

    purchase_order = refers_to("PurchaseOrder", indexed=True)
    sku = models.TextField("item", blank=True)
    item_id = models.BigIntegerField(null=True, blank=True)
    stock_code = models.TextField(blank=True)
    description = models.TextField(blank=True)
    part_number = models.TextField("vendor's part number", blank=True)
    warehouse_code = models.TextField(blank=True)
    ordered = money()
    received = models.DecimalField(max_digits=14, decimal_places=4, default=Decimal(0))
    cost = money()
    complete = models.BooleanField(default=False)

    def __str__(self) -> str:
        return self.description or self.sku or self.stock_code or f"Purchase order line no. {self.pk}"
