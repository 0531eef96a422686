"""What the shop owes: vendors, and invoices in accounts payable."""

from django.contrib import admin
from django.utils.html import format_html

from portal.look import badge
from reconciliation.admin import columns, shown
from reconciliation.admin.filters import ActiveFilter, by_period
from reconciliation.admin.records import Linked, RecordAdmin
from reconciliation.models import (
    ApBill,
    ApCorrection,
    ApCorrectionLine,
    ApInvoice,
    ApInvoiceLine,
    PurchaseOrder,
    Vendor,
)
from reconciliation.search import Ways


@admin.register(Vendor)
class VendorAdmin(RecordAdmin):
    """Those who bill the shop."""

    menu_order = 122
    menu_group = "Buying"
    list_display = ["name_shown", "code_shown", "phone_shown", "terms_shown", "balance_amount"]
    list_filter = ["is_on_hold", ActiveFilter]
    search_help_text = "Name, supplier's code, id or e-mail address"
    ways = Ways(("vendor",), exact=("code", "email"), text=("name",))
    references = ("merged_into",)
    facts = (
        ("Vendor", ("name", "code", "tax_number", "memo")),
        ("How to reach", ("contact", "phone", "email", "address")),
        ("Accounting", ("branch", "terms", "bank", "currency", "balance")),
    )
    flags = ("is_on_hold",)
    card_columns = ("name_shown", "code_shown", "balance_amount")
    linked = (
        Linked("AP invoices", ApInvoice, "vendor"),
        Linked("Bills", ApBill, "vendor"),
        Linked("Purchase orders", PurchaseOrder, "vendor"),
    )
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
    menu_group = "Buying"
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
    linked = (
        Linked("Lines", ApInvoiceLine, "ap_invoice"),
        Linked("Corrections", ApCorrection, "ap_invoice"),
    )
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


@admin.register(ApCorrection)
class ApCorrectionAdmin(RecordAdmin):
    """Credit and debit notes against AP invoices that are posted."""

    menu_order = 125
    menu_group = "Buying"
    list_display = ["reference_shown", "kind", "supplier_shown", "number_shown", "total_amount", "standing"]
    list_filter = ["kind", ActiveFilter]
    list_select_related = ["ap_invoice"]
    search_help_text = "Its own number, the invoice's, supplier's code or id"
    ways = Ways(("ap_correction",), numbers=("number",), exact=("supplier", "reference"))
    references = ("ap_invoice",)
    facts = (
        (
            "AP correction",
            ("reference", "kind", "supplier", "number", "ap_invoice", "branch", "notation"),
        ),
        ("Amounts", ("total", "tax", "tax_code")),
        ("Posting", ("posted_on", "journal")),
    )
    card_columns = ("reference_shown", "kind", "total_amount", "standing")
    linked = (Linked("Lines", ApCorrectionLine, "ap_correction"),)
    reference_shown = columns.words("reference", "its own number")
    supplier_shown = columns.words("supplier")
    number_shown = columns.words("number", "invoice")
    total_amount = columns.amount("total")

    @admin.display(description="state")
    def standing(self, correction: ApCorrection) -> str:
        return badge("posted", "ok") if correction.journal else badge("not posted")


@admin.register(ApBill)
class ApBillAdmin(RecordAdmin):
    """Bills as the shop has them, of purchases and typed in; the filter by kind shows one or the other."""

    menu_order = 123
    menu_group = "Buying"
    list_display = ["number_shown", "kind", "vendor_shown", "billed", "total_amount", "status_shown"]
    list_filter = ["kind", by_period("billed_at", "billed"), ActiveFilter]
    list_select_related = ["vendor"]
    search_help_text = "The bill's number, or the vendor's own"
    ways = Ways(("ap_bill", "purchase_bill"), numbers=("number",), exact=("vendor_number",))
    references = ("vendor", "job", "business_unit")
    facts = (
        ("Bill", ("number", "kind", "vendor", "vendor_number", "job", "business_unit", "summary")),
        ("Amounts", ("total", "tax", "shipping")),
        ("Dates", ("billed_at", "due_at", "cancelled_at")),
        ("State", ("status", "sync_status", "entered_by", "posted_as")),
    )
    card_columns = ("number_shown", "vendor_shown", "billed", "total_amount")
    billed = columns.day("billed_at", "billed", sortable=True)
    vendor_shown = columns.words("vendor")
    total_amount = columns.amount("total")
    status_shown = columns.words("status")

    @admin.display(description="number", ordering="number")
    def number_shown(self, bill: ApBill) -> str:
        return bill.number or f"no. {bill.pk}"

    @admin.display(description="in accounting")
    def posted_as(self, bill: ApBill) -> str:
        """The AP invoice of the same vendor and number."""
        numbers = {number for number in (bill.number, bill.vendor_number) if number}
        found = ApInvoice.objects.filter(tenant=bill.tenant_id, vendor=bill.vendor_id, number__in=numbers)
        invoice = found.order_by("-pk").first() if bill.vendor_id else None
        return columns.link_to(invoice) if invoice else shown.NOTHING
