"""What is owed, what was paid, what was offered."""

from django.contrib import admin
from django.utils.html import format_html

from portal.look import badge
from reconciliation.admin import columns, shown
from reconciliation.admin.filters import ActiveFilter, by_period, by_words
from reconciliation.admin.records import Linked, RecordAdmin
from reconciliation.models import ApInvoice, Estimate, Invoice, InvoiceLine, Payment, PaymentSplit
from reconciliation.search import Ways

_EXPORT_STATES = ("Pending", "Posted", "Exported")


@admin.register(Invoice)
class InvoiceAdmin(RecordAdmin):
    """Bills. People quote the number; programs know the API id: the page shows both."""

    menu_order = 100
    menu_group = "Money"
    list_display = [
        "number_shown",
        "customer_link",
        "invoiced",
        "total_amount",
        "balance_amount",
        "sync_shown",
    ]
    list_filter = [
        by_period("invoiced_at", "invoiced"),
        by_words("sync_status", "export status", *_EXPORT_STATES),
        ActiveFilter,
    ]
    list_select_related = ["customer"]
    ordering = ("-invoiced_at",)
    search_help_text = "Invoice number, API id, its customer's name, phone or address"
    ways = Ways(("invoice",), numbers=("number",), customer="customer")
    references = ("customer", "location", "job", "business_unit")
    facts = (
        (
            "Invoice",
            ("number", "api_id", "customer", "location", "job", "business_unit", "kind", "adjustment_of"),
        ),
        ("Amounts", ("subtotal", "tax", "total", "balance")),
        ("Dates", ("invoiced_at", "due_at", "paid_at")),
        ("State", ("sync_status", "review_status", "summary")),
    )
    card_columns = ("number_shown", "invoiced", "total_amount", "balance_amount", "sync_shown")
    card_order = ("-invoiced_at", "-pk")
    linked = (Linked("Lines", InvoiceLine, "invoice"), Linked("In accounts payable", ApInvoice, "invoice"))
    customer_link = columns.other("customer")
    invoiced = columns.day("invoiced_at", "invoiced", sortable=True)
    total_amount = columns.amount("total")
    balance_amount = columns.amount("balance")
    sync_shown = columns.status("sync_status", "export status")

    @admin.display(description="number", ordering="number")
    def number_shown(self, invoice: Invoice) -> str:
        return invoice.number or f"no. {invoice.pk}"

    @admin.display(description="API id")
    def api_id(self, invoice: Invoice) -> str:
        return invoice.external_id


@admin.register(Payment)
class PaymentAdmin(RecordAdmin):
    """Money received."""

    menu_order = 110
    menu_group = "Money"
    list_display = [
        "number_shown",
        "customer_link",
        "paid",
        "method_shown",
        "total_amount",
        "unapplied_amount",
    ]
    list_filter = [
        by_period("paid_at", "paid"),
        by_words("sync_status", "export status", *_EXPORT_STATES),
        ActiveFilter,
    ]
    list_select_related = ["customer", "payment_type"]
    ordering = ("-paid_at",)
    search_help_text = "Payment or invoice number, check number, its customer's name, phone or address"
    ways = Ways(("payment",), exact=("number", "check_number"), customer="customer", invoice="pk")
    references = ("customer", "payment_type", "business_unit")
    facts = (
        ("Payment", ("number", "customer", "paid_at", "payment_type", "method", "business_unit", "kind")),
        ("Amounts", ("total", "unapplied")),
        ("Details", ("check_number", "auth_code", "sync_status", "memo")),
    )
    card_columns = ("number_shown", "paid", "method_shown", "total_amount", "unapplied_amount")
    card_order = ("-paid_at", "-pk")
    linked = (Linked("Applied to", PaymentSplit, "payment"),)
    customer_link = columns.other("customer")
    paid = columns.day("paid_at", "paid", sortable=True)
    total_amount = columns.amount("total")
    unapplied_amount = columns.amount("unapplied")

    @admin.display(description="number")
    def number_shown(self, payment: Payment) -> str:
        words = payment.number or f"no. {payment.pk}"
        return words if payment.active else format_html("{} {}", words, badge("inactive"))

    @admin.display(description="method")
    def method_shown(self, payment: Payment) -> str:
        return str(payment.payment_type or "") or shown.spaced(payment.method) or shown.NOTHING


@admin.register(Estimate)
class EstimateAdmin(RecordAdmin):
    """Offers; a job may have one per option."""

    menu_order = 120
    menu_group = "Money"
    list_display = ["name_shown", "customer_link", "job_link", "status_shown", "sold", "subtotal_amount"]
    list_filter = [by_words("status", "status", "Open", "Sold", "Dismissed"), ActiveFilter]
    list_select_related = ["customer", "job"]
    search_help_text = "Job number, ServiceTitan id, its customer's name, phone or address"
    ways = Ways(("estimate",), job="job", customer="customer")
    references = ("customer", "job", "location", "business_unit")
    facts = (
        ("Estimate", ("name", "status", "review_status", "customer", "job", "location", "business_unit")),
        ("Amounts", ("subtotal", "tax", "sold_at")),
        ("Details", ("summary",)),
    )
    card_columns = ("name_shown", "status_shown", "sold", "subtotal_amount")
    customer_link = columns.other("customer")
    job_link = columns.other("job")
    status_shown = columns.status()
    sold = columns.day("sold_at", "sold")
    subtotal_amount = columns.amount("subtotal")

    @admin.display(description="name")
    def name_shown(self, estimate: Estimate) -> str:
        return str(estimate)
