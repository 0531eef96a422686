"""APSQRY: one supplier with its address, and on demand its invoices and what was paid of them."""

from collections.abc import Iterator

from integrations.sandbox.syspro.calls import Call
from integrations.sandbox.syspro.columns import Row
from integrations.sandbox.syspro.elements import Node, Reply, build, built, child, text_of
from integrations.sandbox.syspro.errors import EnetError
from integrations.sandbox.syspro.objects.system import system_information
from integrations.sandbox.syspro.posting import root_of
from integrations.sandbox.syspro.schemas import Schema

SCHEMA = Schema(
    "Key(Supplier) Option(IncludeInvoices IncludeReceipts IncludeScrapReject IncludeUnapprovedInvInCashProj "
    "CashProjectionAtCurrentRate IncludeRetainedInvoices IncludeInvoicePayments IncludeRegisteredInvoices "
    "IncludeGoodsReceivedNotes IncludeCustomForms)"
)
SHOWN = (
    "Supplier", "SupplierName", "SupplierType", "Telephone", "Fax", "Contact", "OnHold", "Bank", "Currency", "Branch",
    "SupplierClass", "Area", "Nationality", "TaxRegnNum", "PurchOrdAllowed", "LastPurchDate", "MerchGlCode",
    "FreightGlCode", "Email", "CurrentBalance", "DateSuppAdded",
)  # fmt: skip
ADDRESS = ("SupAddr1", "SupAddr2", "SupAddr3", "SupAddr4", "SupAddr5", "SupPostalCode", "RemitName")
OF_INVOICE = (
    "Invoice", "JournalDate", "Journal", "Branch", "InvoiceDate", "DiscountDate", "DueDate", "Reference", "OrigInvValue",
    "OrigDiscValue", "InvoiceStatus", "Currency", "Bank", "InvoiceYear", "InvoiceMonth", "ConvRate", "MulDiv",
    "EntryNumber",
)  # fmt: skip
PLACES = (("TBLAPT_Description", "TblApTerms", "TermsCode"), ("APSBNK_Description", "ApBank", "Bank"),
          ("TBLCUR_Description", "TblCurrency", "Currency"), ("APSBRN_Description", "ApBranch", "Branch"))  # fmt: skip


def answer(call: Call) -> Reply:
    """Raises EnetError for a supplier that there is not."""
    query = root_of(call.document, "Query", "XmlIn")
    code = text_of(query, "Key", "Supplier")
    supplier = call.company.supplier(code)
    if supplier is None:
        raise EnetError(f"Supplier '{code}' not found")
    address = call.company.store["ApSupplierAddr"].get(supplier["Supplier"]) or {}
    nodes = [
        *built(**{name: supplier[name] for name in SHOWN}),
        *built(EnquiryDate=call.today, **{name: address.get(name, "") for name in ADDRESS}),
        *_descriptions(call, supplier),
    ]
    option = child(query, "Option")
    if text_of(option, "IncludeInvoices") == "Y":
        paid = text_of(option, "IncludeInvoicePayments") == "Y"
        nodes.append(build("Invoices", list(_invoices(call, supplier["Supplier"], with_payments=paid))))
    return Reply("ApQuery", [system_information(call), build("Supplier", nodes)])


def _descriptions(call: Call, supplier: Row) -> Iterator[Node]:
    for name, table, column in PLACES:
        row = call.company.store[table].get(supplier[column])
        yield build(name, row["Description"] if row else "")


def _invoices(call: Call, supplier: str, *, with_payments: bool) -> Iterator[Node]:
    """Those with a balance: what is paid has left the list, as without retained invoices."""
    for row in call.company.store["ApInvoice"].all():
        if row["Supplier"] != supplier or not row["MthInvBal1"]:
            continue
        nodes = [
            *built(**{name: row[name] for name in OF_INVOICE}),
            build("MthInvBal", f"{row['MthInvBal1']:>16,}"),
        ]
        nodes.append(build("Unedited_MthInvBal", row["MthInvBal1"]))
        if with_payments:
            paid = call.company.store["ApInvoicePay"].all()
            own = [one for one in paid if (one["Supplier"], one["Invoice"]) == (supplier, row["Invoice"])]
            nodes.append(build("Payments", [build("Payment", built(**one)) for one in own]))
        yield build("InvoiceDetail", nodes)
