"""APSTIN: posts invoices into accounts payable, and adjustments, credit and debit notes to those that are there.

Route of an item: elements -> checks -> ledger journal -> its own journal entry and distribution -> invoice -> supplier.
Credit notes lower what is owed and debit notes raise it by a positive value; an adjustment has a sign (inferred).
"""

from datetime import date, timedelta
from decimal import Decimal

from integrations.sandbox.syspro.columns import Row
from integrations.sandbox.syspro.company import Company
from integrations.sandbox.syspro.elements import Node, build, built
from integrations.sandbox.syspro.errors import EXISTS, MISSING, ON_HOLD, RULE
from integrations.sandbox.syspro.objects.distribution import distribution, tax_of
from integrations.sandbox.syspro.objects.ledger import said_of_ledger
from integrations.sandbox.syspro.objects.payables import ADJUSTMENT, CREDIT, DEBIT, INVOICE, Entry, write
from integrations.sandbox.syspro.posting import Batch, Posted, Transaction
from integrations.sandbox.syspro.reading import Reading
from integrations.sandbox.syspro.schemas import Schema

SCHEMA = Schema(
    "Item(Supplier TransactionCode Branch Invoice EntryNumber TransactionValue FreightCharge MiscellaneousCharge "
    "Notation TransactionReference JournalNotation DiscountBasis DiscountableValue DiscountPercentageValue InvoiceDate "
    "DueDate DiscountDate ExchRateAtEntry FixedExchRate TaxBasis CalculateQstOnTax TaxCode TaxValue SecondTaxCode "
    "SecondTaxValue WithholdingTaxCode WithholdingTaxValue EcAcquisition Nationality eSignature "
    "GrnDetails(GrnSupplier GrnGrn GrnFlag GrnJournal GrnEntry GrnMatchType GrnMatchValue GrnPartialMatchQuantity "
    "GrnPartialMatchValue) "
    "LedgerDistribution(LedgerCode PasswordForLedgerCode LedgerTaxCode LedgerSecondTaxCode LedgerNotation LedgerValue "
    "TaxOnlyLine LedgerWithholdingTaxCode AnalysisEntry) "
    "AnalysisLineEntry(AnalysisCode1 AnalysisCode2 AnalysisCode3 AnalysisCode4 AnalysisCode5 StartDate EndDate "
    "EntryAmount Comment))",
    "PostingPeriod IgnoreWarnings ApplyIfEntireDocumentValid ValidateOnly PostZeroAdjustments DefaultDiscountDate "
    "DefaultDueDate LedgerDistributionCurrency AutomaticTaxCalculation PermissibleTaxVariance ApArContraTrx "
    "IgnoreAnalysis ApTaxReliefAsOfDate ApTaxReliefNoOfDays IncludeDimensionAnalysis",
)
DEFAULTS = {
    "PostingPeriod": "C", "PostZeroAdjustments": "N", "AutomaticTaxCalculation": "N", "DefaultDueDate": "",
    "DefaultDiscountDate": "", "PermissibleTaxVariance": "",
}  # fmt: skip


def post(batch: Batch, item: Reading) -> Posted:
    """Raises Rejected."""
    entry = _checked(batch, item)
    item.settle(batch.parameters["IgnoreWarnings"])
    write(batch, entry)
    key = built(TrnYear=entry.period.year, TrnMonth=f"{entry.period.month:02d}", Journal=f"{batch.journal:05d}",
                EntryNumber=f"{batch.entries:03d}")  # fmt: skip
    said = built(Supplier=entry.supplier["Supplier"], Invoice=entry.invoice, TransactionCode=entry.code)
    return Posted([build("Transaction", [build("Key", key), *said])], key_of(item))


def key_of(item: Reading) -> str:
    return f"{item.text('Supplier').lstrip('0')}/{item.text('Invoice')}"


def _checked(batch: Batch, item: Reading) -> Entry:
    call = batch.call
    company = call.company
    code = item.choice("TransactionCode", "IACD", INVOICE)
    supplier = _supplier(company, item)
    invoice = item.text("Invoice", 20, required=True)
    before = _before(company, item, supplier, invoice, code)
    invoiced_on = item.day("InvoiceDate", before["InvoiceDate"] if before else call.today)
    due, discount = _dates(company, item, batch, supplier, invoiced_on, before)
    value = _value(batch, item, code)
    tax, tax_code = tax_of(batch, item, value)
    period = batch.open_period(item)
    branch = item.text("Branch", default=(before or supplier)["Branch"])
    if branch and company.store["ApBranch"].get(branch) is None:
        item.wrong("Branch", branch, MISSING, f"Branch '{branch}' not found")
    if item.text("ExchRateAtEntry") and supplier["Currency"] in {"", company.currency}:
        sentence = "An exchange rate is not allowed for a supplier in local currency"
        item.wrong("ExchRateAtEntry", item.text("ExchRateAtEntry"), RULE, sentence)
    return Entry(
        supplier, code, invoice, branch, value, tax, tax_code, item.text("TransactionReference"),
        item.text("Notation"), invoiced_on, due, discount, distribution(batch, item, value, tax), period, before,
    )  # fmt: skip


def _supplier(company: Company, item: Reading) -> Row:
    code = item.text("Supplier", required=True)
    found = company.supplier(code)
    if found is None:
        if code:
            item.wrong("Supplier", code, MISSING, f"Supplier '{code}' not found")
        return company.store["ApSupplier"].table.blank()
    if found["OnHold"] == "Y":
        item.warn("Supplier", code, ON_HOLD, f"Supplier '{code}' is on hold")
    return found


def _before(company: Company, item: Reading, supplier: Row, invoice: str, code: str) -> Row | None:
    """The invoice of this supplier and number, which must or must not be there."""
    found = company.store["ApInvoice"].get(supplier["Supplier"], invoice)
    owner = item.text("Supplier")
    if code == INVOICE and found and company.checks_numbers:
        item.wrong("Invoice", invoice, EXISTS, f"Invoice '{invoice}' already exists for supplier '{owner}'")
    if code != INVOICE and not found and supplier["Supplier"] and invoice:
        item.wrong("Invoice", invoice, MISSING, f"Invoice '{invoice}' not found for supplier '{owner}'")
    return None if code == INVOICE else found


def _value(batch: Batch, item: Reading, code: str) -> Decimal:
    value = item.number("TransactionValue", required=True)
    zero_is_fine = code == ADJUSTMENT and batch.parameters["PostZeroAdjustments"] == "Y"
    if item.is_wrong("TransactionValue"):
        return value
    if not value and not zero_is_fine:
        item.wrong("TransactionValue", str(value), RULE, "Transaction value cannot be zero")
    if value < 0 and code in {CREDIT, DEBIT}:
        sentence = "The value of a credit or debit note cannot be negative"
        item.wrong("TransactionValue", str(value), RULE, sentence)
    return value


def _dates(
    company: Company, item: Reading, batch: Batch, supplier: Row, invoiced_on: str, before: Row | None
) -> tuple[str, str]:
    """Due and discount date: given, else the document's, else by the terms of the supplier."""
    terms = company.store["TblApTerms"].get(supplier["TermsCode"])
    due, discount = (
        (_later(invoiced_on, int(terms["DueDays"])), _later(invoiced_on, int(terms["DiscDays"])))
        if terms
        else (invoiced_on, invoiced_on)
    )
    if before:
        due, discount = before["DueDate"], before["DiscountDate"]
    due = item.day("DueDate", batch.parameters["DefaultDueDate"] or due)
    if due < invoiced_on:
        item.wrong("DueDate", due, RULE, f"Due date '{due}' is before the invoice date")
    return due, item.day("DiscountDate", batch.parameters["DefaultDiscountDate"] or discount)


def _later(day: str, days: int) -> str:
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()


def _said(batch: Batch) -> list[Node]:
    return [said_of_ledger(batch)]


OBJECT = Transaction("PostApInvoice", post, key_of, defaults=DEFAULTS, width=0, in_totals=_said)
