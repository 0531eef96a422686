"""What the shop owes: vendors, and the invoices that are posted to accounts payable."""

from decimal import Decimal

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
    bank = models.TextField(blank=True, help_text="Code of the shop's own bank that pays them")
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


class ApCorrection(Record):
    """A credit or debit note against an AP invoice that is posted: what brings its amount to what is due by now.

    Accounting knows it by supplier, number and `reference`, which no other one of the invoice has. Amounts are positive,
    whichever way they go. `journal` is where it was posted: year/month/journal/entry, empty until then.
    """

    class Kind(models.TextChoices):
        CREDIT_NOTE = "C", "Credit note"
        DEBIT_NOTE = "D", "Debit note"

    ap_invoice = refers_to("ApInvoice", indexed=True)
    kind = models.TextField(blank=True, choices=Kind)
    supplier = models.TextField(blank=True, help_text="The supplier's code")
    number = models.TextField(blank=True, help_text="The invoice's")
    reference = models.TextField(blank=True, help_text="Its own number")
    branch = models.TextField(blank=True)
    notation = models.TextField(blank=True)
    total = money()
    tax = money()
    tax_code = models.TextField(blank=True)
    journal = models.TextField(blank=True, help_text="Where it was posted: year/month/journal/entry")
    posted_on = models.TextField("posted", blank=True, help_text="YYYY-MM-DD")

    class Meta:
        verbose_name = "AP correction"
        indexes = [models.Index(fields=["tenant", "number"], name="ap_correction_by_number")]

    def __str__(self) -> str:
        return f"AP correction {self.reference or self.pk}"

    @property
    def change(self) -> Decimal:
        """What it adds to what is owed."""
        total = self.total or Decimal(0)
        return -total if self.kind == self.Kind.CREDIT_NOTE else total


class ApCorrectionLine(models.Model):
    """A part of a correction, and the account that it goes to. Negative where one account goes against the others."""

    ap_correction = belongs_to("ApCorrection", "lines", on_delete=models.CASCADE)
    external_id = models.TextField(blank=True)
    position = models.IntegerField(null=True, blank=True)
    ledger_code = models.TextField("GL account", blank=True)
    amount = money()
    notation = models.TextField(blank=True)

    class Meta:
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.ledger_code


class ApBill(Record):
    """A bill of a vendor as the shop has it: of purchases, or typed in. Its system alone writes it.

    What of it is posted in accounting is an AP invoice of the same vendor, under this number or the vendor's own.
    """

    class Kind(models.TextChoices):
        PURCHASE = "purchase", "Of purchases"
        STANDALONE = "standalone", "Standalone"

    vendor = refers_to("Vendor", indexed=True)
    job = refers_to("Job")
    business_unit = refers_to("ReferenceItem")
    kind = models.TextField(choices=Kind)
    number = models.TextField(blank=True)
    vendor_number = models.TextField("vendor's number", blank=True)
    status = models.TextField(blank=True)
    sync_status = models.TextField(blank=True)
    entered_by = models.TextField(blank=True, help_text="The way it came in")
    summary = models.TextField(blank=True)
    billed_at = models.DateTimeField("billed", null=True, blank=True)
    due_at = models.DateTimeField("due", null=True, blank=True)
    total = money()
    tax = money()
    shipping = money()
    cancelled_at = models.DateTimeField("cancelled", null=True, blank=True)

    class Meta:
        verbose_name = "AP bill"
        indexes = [models.Index(fields=["tenant", "number"], name="ap_bill_by_number")]

    def __str__(self) -> str:
        return f"Bill {self.number}" if self.number else f"Bill no. {self.pk}"
