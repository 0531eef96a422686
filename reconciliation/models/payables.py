"""What the shop owes: vendors, and the invoices that are posted to accounts payable."""

from django.db import models

from reconciliation.models.base import Address, Record, belongs_to, money, refers_to


class Vendor(Record, Address):
    """Somebody who bills the shop. `code` is what accounting knows them by; empty while it does not.

    Of one company the record that stands with accounting is kept; one that was merged into it is a tombstone.
    """

    code = models.TextField(blank=True, help_text="The supplier's code in accounting")
    name = models.TextField(blank=True)
    contact = models.TextField(blank=True)
    phone = models.TextField(blank=True)
    email = models.TextField(blank=True)
    branch = models.TextField(blank=True)
    terms = models.TextField(blank=True, help_text="Code of the terms of payment")
    currency = models.TextField(blank=True)
    tax_number = models.TextField(blank=True)
    is_on_hold = models.BooleanField("on hold", default=False)
    balance = money()
    memo = models.TextField(blank=True)
    merged_into = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="merged_from",
        db_index=False,
        db_constraint=False,
    )

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "code"], name="vendor_by_code"),
            models.Index(fields=["tenant", "name"], name="vendor_by_name"),
        ]

    def __str__(self) -> str:
        return self.name or self.code or f"Vendor {self.pk}"


class ApInvoice(Record):
    """An invoice in accounts payable. Accounting knows it by its supplier's code and its number together.

    `journal` is where it was posted: year/month/journal/entry, empty until then. What is posted is never changed, only
    corrected by another document of the same number. `balance` is what is left to pay: 0 is paid.
    """

    class Kind(models.TextChoices):
        INVOICE = "I", "Invoice"
        ADJUSTMENT = "A", "Adjustment"
        CREDIT_NOTE = "C", "Credit note"
        DEBIT_NOTE = "D", "Debit note"

    vendor = refers_to("Vendor", indexed=True)
    invoice = refers_to("Invoice", indexed=True)
    kind = models.TextField(blank=True, choices=Kind)
    supplier = models.TextField(blank=True, help_text="The supplier's code")
    number = models.TextField(blank=True)
    branch = models.TextField(blank=True)
    reference = models.TextField(blank=True)
    notation = models.TextField(blank=True)
    invoiced_on = models.TextField("invoice date", blank=True, help_text="YYYY-MM-DD")
    due_on = models.TextField("due date", blank=True, help_text="YYYY-MM-DD")
    total = money()
    tax = money()
    tax_code = models.TextField(blank=True)
    currency = models.TextField(blank=True, help_text="The supplier's, as accounting says")
    journal = models.TextField(blank=True, help_text="Where it was posted: year/month/journal/entry")
    posted_on = models.TextField("posted", blank=True, help_text="YYYY-MM-DD")
    balance = money()

    class Meta:
        verbose_name = "AP invoice"
        indexes = [
            models.Index(fields=["tenant", "number"], name="ap_invoice_by_number"),
            models.Index(fields=["tenant", "invoiced_on"], name="ap_invoice_by_date"),
        ]

    def __str__(self) -> str:
        return f"AP invoice {self.number}" if self.number else f"AP invoice no. {self.pk}"


class ApInvoiceLine(models.Model):
    """A part of an AP invoice's total, and the account that it goes to."""

    ap_invoice = belongs_to("ApInvoice", "lines", on_delete=models.CASCADE)
    external_id = models.TextField(blank=True)
    position = models.IntegerField(null=True, blank=True)
    stock_code = models.TextField(blank=True)
    description = models.TextField(blank=True)
    quantity = money()
    ledger_code = models.TextField("GL account", blank=True)
    amount = money()
    notation = models.TextField(blank=True)

    class Meta:
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.description or self.ledger_code
