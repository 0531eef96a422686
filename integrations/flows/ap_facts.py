"""What accounts payable has to know of an invoice, and what of it must not change once it is posted. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from integrations.flows.invoiced import CENT, in_cents
from integrations.tables.base import Key, Rows

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class BilledLine:
    """One item of the invoice."""

    sku: str
    description: str
    quantity: Decimal | None
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Facts:
    """What of an invoice must not differ from what was posted: amounts in cents, `lines` by what they are for."""

    total: Decimal
    tax: Decimal
    invoiced_on: str
    lines: tuple[tuple[str, Decimal], ...]
    active: bool = True

    @property
    def words(self) -> str:
        """`110.00 of 2026-03-01, 10.00 of it tax`"""
        if not self.active:
            return "voided"
        tax = f", {self.tax:,.2f} of it tax" if self.tax else ""
        return f"{self.total:,.2f} of {self.invoiced_on or 'no day'}{tax}"


@dataclass(frozen=True, slots=True)
class Entered:
    """What accounts payable has of an invoice, its corrections included: `lines` by account, `tax` where it is SYSPRO's.

    `fixed` are how many corrections are posted or may be; `open_id` is one that is made and was never sent.
    """

    supplier: str
    number: str
    branch: str
    total: Decimal
    tax: Decimal
    tax_code: str
    lines: Mapping[str, Decimal]
    fixed: int = 0
    open_id: int | None = None


@dataclass(frozen=True, slots=True)
class Supplier:
    """The vendor that the invoice is posted to. `code` and `currency` are empty where nobody has told them."""

    record_id: int
    key: Key
    code: str = ""
    currency: str = ""
    is_on_hold: bool = False


@dataclass(frozen=True, slots=True)
class Billed:
    """An invoice with all that its document is made from.

    `record_id` is the AP invoice that was made of it. `posted` are the facts as they were posted, or are being posted
    (`on_its_way`), `entered` what of it stands there by now, `settled` the facts that finance has put right there by hand
    since, and `approved` those whose correction finance has had posted. `taken` are (supplier, number) of
    other AP invoices, in their one form. `unused` are codes that SYSPRO does not have or has on hold, by list. `again_at`
    is when to look again at what is on its way.
    """

    invoice_id: int
    number: str
    active: bool
    job: str
    job_status: str
    invoiced_on: str
    due_on: str
    total: Decimal
    tax: Decimal
    lines: tuple[BilledLine, ...]
    customer: str = ""
    unit: Key | None = None
    job_type: Key | None = None
    technician: Key | None = None
    supplier: Supplier | None = None
    tables: Mapping[str, Rows] = field(default_factory=dict)
    currency: str = ""
    has_job: bool = True
    record_id: int | None = None
    posted: Facts | None = None
    on_its_way: bool = False
    entered: Entered | None = None
    settled: Facts | None = None
    approved: Facts | None = None
    taken: frozenset[tuple[str, str]] = frozenset()
    unused: Mapping[str, frozenset[str]] = field(default_factory=dict)
    again_at: datetime | None = None


def facts_of(billed: Billed) -> Facts:
    """The invoice as it is now."""
    amounts = spread([line.amount for line in billed.lines])
    pairs = [(named(line), amount) for line, amount in zip(billed.lines, amounts, strict=True)]
    return Facts(
        in_cents(billed.total), in_cents(billed.tax), billed.invoiced_on, together(pairs), billed.active
    )


def together(pairs: Iterable[tuple[str, Decimal]]) -> tuple[tuple[str, Decimal], ...]:
    """Amounts for the same thing as one, those of nothing left out, in order."""
    found: dict[str, Decimal] = {}
    for words, amount in pairs:
        found[words] = found.get(words, _ZERO) + amount
    return tuple(sorted((words, amount) for words, amount in found.items() if amount))


def named(line: BilledLine) -> str:
    """What a line is for, in the form that records keep."""
    return " ".join((line.description or line.sku or "Item").split())


def spread(amounts: Sequence[Decimal]) -> list[Decimal]:
    """The amounts in cents, so that they come to what all of them come to: what is left over goes where least is lost."""
    found = [in_cents(amount) for amount in amounts]
    left = int((in_cents(sum(amounts, _ZERO)) - sum(found, _ZERO)) / CENT)
    step = CENT if left > 0 else -CENT
    by_loss = sorted(range(len(found)), key=lambda n: (found[n] - amounts[n]) * (1 if left > 0 else -1))
    for place in by_loss[: abs(left)]:
        found[place] += step
    return found
