"""An entry of accounts payable, once it is checked: what it changes, and the rows that it writes."""

from dataclasses import dataclass
from decimal import Decimal

from integrations.sandbox.syspro.columns import Row
from integrations.sandbox.syspro.company import AGES, CONTROL_ACCOUNT, TAX_ACCOUNT, Period
from integrations.sandbox.syspro.objects.distribution import Line
from integrations.sandbox.syspro.objects.ledger import post_to_ledger
from integrations.sandbox.syspro.posting import Batch

INVOICE, ADJUSTMENT, CREDIT, DEBIT = "I", "A", "C", "D"


@dataclass(frozen=True, slots=True)
class Entry:
    """A checked item. `change` is what it adds to the balance owed; `before`: the invoice that it is about, if any."""

    supplier: Row
    code: str
    invoice: str
    branch: str
    value: Decimal
    tax: Decimal
    tax_code: str
    reference: str
    notation: str
    invoiced_on: str
    due_on: str
    discount_on: str
    lines: list[Line]
    period: Period
    before: Row | None

    @property
    def sign(self) -> int:
        return -1 if self.code == CREDIT else 1

    @property
    def change(self) -> Decimal:
        return self.sign * self.value

    def debits(self) -> list[tuple[str, Decimal]]:
        """The lines as the ledger gets them; tax that is not in them goes to its own account."""
        lines = [(line.account, self.sign * line.value) for line in self.lines]
        tax = self.change - sum(amount for _, amount in lines)
        return [*lines, (TAX_ACCOUNT, tax)] if tax else lines


def write(batch: Batch, entry: Entry) -> None:
    """Ledger journal, its own journal with the distribution, invoice, and what the supplier is owed."""
    batch.begin_entry("AP", entry.period)
    _write_journal(batch, entry)
    _write_invoice(batch, entry)
    balance = entry.supplier["CurrentBalance"] + entry.change
    batch.call.company.put("ApSupplier", Supplier=entry.supplier["Supplier"], CurrentBalance=balance,
                           LastInvDate=entry.invoiced_on)  # fmt: skip


def _write_journal(batch: Batch, entry: Entry) -> None:
    company, ledger = batch.call.company, post_to_ledger(batch, entry.debits(), CONTROL_ACCOUNT, "AP")
    shared = {
        "TrnYear": entry.period.year, "TrnMonth": entry.period.month, "Journal": batch.journal,
        "EntryNumber": batch.entries, "Supplier": entry.supplier["Supplier"], "Invoice": entry.invoice,
    }  # fmt: skip
    company.put(
        "ApJnlSummary", **shared, **ledger, TrnType=entry.code, JournalDate=batch.call.today, TrnValue=entry.value,
        TaxValue=entry.tax, Reference=entry.reference, Notation=entry.notation,
        Operator=batch.call.session.operator,
    )  # fmt: skip
    for number, line in enumerate(entry.lines, 1):
        company.put("ApJnlDistrib", **shared, DistrEntry=number, ExpenseGlCode=line.account,
                    DistrValue=line.value, Notation=line.notation)  # fmt: skip


def _write_invoice(batch: Batch, entry: Entry) -> None:
    company, was = batch.call.company, entry.before
    late = AGES.index(entry.period.letter)
    balances = [f"MthInvBal{age}" for age in range(1, late + 2)]
    changed = {name: (was[name] if was else Decimal(0)) + entry.change for name in balances}
    new = {
        "JournalDate": batch.call.today, "Journal": batch.journal, "EntryNumber": batch.entries,
        "Branch": entry.branch, "InvoiceDate": entry.invoiced_on, "DueDate": entry.due_on,
        "DiscountDate": entry.discount_on, "Reference": entry.reference, "OrigInvValue": entry.value,
        "Currency": entry.supplier["Currency"], "PostCurrency": entry.supplier["Currency"],
        "Bank": entry.supplier["Bank"], "InvoiceYear": entry.period.year, "InvoiceMonth": entry.period.month,
        "ExchangeRate": 1, "ConvRate": 1, "MulDiv": "M", "CurrencyValue": entry.value,
        "FirstTaxCode": entry.tax_code, "InvoiceStatus": "0",
    }  # fmt: skip
    company.put("ApInvoice", Supplier=entry.supplier["Supplier"], Invoice=entry.invoice, **changed,
                **({} if was else new))  # fmt: skip
