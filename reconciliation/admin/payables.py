"""What the shop owes: vendors, and invoices in accounts payable."""

from django.contrib import admin
from django.utils.html import format_html

from portal.look import badge
from reconciliation.admin import columns
from reconciliation.admin.filters import ActiveFilter
from reconciliation.admin.records import Linked, RecordAdmin
from reconciliation.models import ApInvoice, ApInvoiceLine, Vendor
from reconciliation.search import Ways


@admin.register(Vendor)
class VendorAdmin(RecordAdmin):
    """Those who bill the shop."""

    menu_order = 122
    list_display = ["name_shown", "code_shown", "phone_shown", "terms_shown", "balance_amount"]
    list_filter = ["is_on_hold", ActiveFilter]
    search_help_text = "Name, supplier's code, id or e-mail address"
    ways = Ways(("vendor",), exact=("code", "email"), text=("name",))
    references = ("merged_into",)
    facts = (
        ("Vendor", ("name", "code", "tax_number", "memo")),
        ("How to reach", ("contact", "phone", "email", "address")),
        ("Accounting", ("branch", "terms", "currency", "balance")),
    )
    flags = ("is_on_hold",)
    card_columns = ("name_shown", "code_shown", "balance_amount")
    linked = (Linked("AP invoices", ApInvoice, "vendor"),)
    code_shown = columns.words("code", "supplier")
    phone_shown = columns.words("phone")
    terms_shown = columns.words("terms")
    balance_amount = columns.amount("balance")

    @admin.display(description="name")
    def name_shown(self, vendor: Vendor) -> str:
        words = str(vendor)
        if vendor.merged_into_id:
            return format_html("{} {}", words, badge("merged"))
        return words if vendor.active else format_html("{} {}", words, badge("inactive"))


@admin.register(ApInvoice)
class ApInvoiceAdmin(RecordAdmin):
    """Invoices in accounts payable: on their way there, posted, or paid."""

    menu_order = 124
    list_display = [
        "number_shown",
        "supplier_shown",
        "invoiced",
        "total_amount",
        "balance_amount",
        "journal_shown",
        "standing",
    ]
    list_filter = ["kind", ActiveFilter]
    list_select_related = ["vendor"]
    ordering = ("-invoiced_on", "-pk")
    search_help_text = "Invoice number, supplier's code, reference or id"
    ways = Ways(("ap_invoice",), numbers=("number",), exact=("supplier", "reference"), text=("reference",))
    references = ("vendor", "invoice")
    facts = (
        (
            "AP invoice",
            ("number", "kind", "supplier", "vendor", "invoice", "branch", "reference", "notation"),
        ),
        ("Amounts", ("total", "tax", "tax_code", "balance", "currency")),
        ("Dates", ("invoiced_on", "due_on", "posted_on")),
        ("Posting", ("journal",)),
    )
    card_columns = (
        "number_shown",
        "supplier_shown",
        "invoiced",
        "total_amount",
        "balance_amount",
        "standing",
    )
    linked = (Linked("Lines", ApInvoiceLine, "ap_invoice"),)
    supplier_shown = columns.words("supplier")
    invoiced = columns.words("invoiced_on", "invoiced")
    total_amount = columns.amount("total")
    balance_amount = columns.amount("balance")
    journal_shown = columns.words("journal", "posted in")

    @admin.display(description="number", ordering="number")
    def number_shown(self, bill: ApInvoice) -> str:
        return bill.number or f"no. {bill.pk}"

    @admin.display(description="state")
    def standing(self, bill: ApInvoice) -> str:
        """As far as accounting has told."""
        if bill.balance is None:
            return badge("posted", "busy") if bill.journal else badge("not posted")
        return badge("open", "busy") if bill.balance else badge("paid", "ok")
