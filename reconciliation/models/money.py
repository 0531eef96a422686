"""What is owed and what was paid. Amounts are in the tenant's currency, as the source states them."""

from django.db import models

from reconciliation.models.base import BY_BEGINNING, Record, belongs_to, money, refers_to


class Invoice(Record):
    """A bill. `number` is what people quote; the source's API id is on the link."""

    customer = belongs_to("Customer", "invoices")
    location = refers_to("Location")
    job = refers_to("Job", indexed=True)
    business_unit = refers_to("ReferenceItem")
    number = models.TextField(blank=True)
    kind = models.TextField(blank=True)
    invoiced_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    paid_at = models.DateTimeField(null=True, blank=True)
    subtotal = money()
    tax = money()
    total = money()
    balance = money()
    sync_status = models.TextField(blank=True)
    review_status = models.TextField(blank=True)
    summary = models.TextField(blank=True)
    adjustment_of = models.TextField(blank=True, help_text="Source id of the invoice that this one adjusts")

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "number"], name="invoice_by_number", opclasses=BY_BEGINNING),
            models.Index(fields=["tenant", "invoiced_at"], name="invoice_by_date"),
        ]

    def __str__(self) -> str:
        return f"Invoice {self.number}"


class InvoiceLine(models.Model):
    """One item of an invoice."""

    invoice = belongs_to("Invoice", "lines", on_delete=models.CASCADE)
    external_id = models.TextField(blank=True)
    position = models.IntegerField(null=True, blank=True)
    kind = models.TextField(blank=True)
    sku = models.TextField(blank=True)
    description = models.TextField(blank=True)
    quantity = money()
    unit_price = money()
    total = money()
    cost = money()
    taxable = models.BooleanField(default=False)

    class Meta:
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.description or self.sku


class Payment(Record):
    """Money received, spread over invoices by its splits."""

    customer = refers_to("Customer", indexed=True)
    payment_type = refers_to("ReferenceItem")
    business_unit = refers_to("ReferenceItem")
    number = models.TextField(blank=True)
    kind = models.TextField(blank=True)
    method = models.TextField(blank=True)
    paid_at = models.DateTimeField(null=True, blank=True)
    total = money()
    unapplied = money()
    memo = models.TextField(blank=True)
    check_number = models.TextField(blank=True)
    auth_code = models.TextField(blank=True)
    sync_status = models.TextField(blank=True)

    class Meta:
        indexes = [models.Index(fields=["tenant", "paid_at"], name="payment_by_date")]

    def __str__(self) -> str:
        return f"Payment {self.number or self.pk}"


class PaymentSplit(models.Model):
    """The part of a payment that was applied to one invoice."""

    payment = belongs_to("Payment", "splits", on_delete=models.CASCADE)
    external_id = models.TextField(blank=True)
    invoice = refers_to("Invoice", indexed=True)
    invoice_number = models.TextField(blank=True)
    amount = money()
    applied_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.amount} on invoice {self.invoice_number}"


class Estimate(Record):
    """An offer. One job may have several, one per option."""

    job = refers_to("Job", indexed=True)
    customer = refers_to("Customer", indexed=True)
    location = refers_to("Location")
    business_unit = refers_to("ReferenceItem")
    name = models.TextField(blank=True)
    status = models.TextField(blank=True)
    review_status = models.TextField(blank=True)
    summary = models.TextField(blank=True)
    job_number = models.TextField(blank=True)
    subtotal = money()
    tax = money()
    sold_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["tenant", "status"], name="estimate_by_status")]

    def __str__(self) -> str:
        return self.name or f"Estimate {self.pk}"
