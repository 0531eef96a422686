"""The ledger lines of a payables document: accounts that exist and are open, amounts that agree with its value."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from integrations.sandbox.syspro.errors import BALANCE, MISSING, ON_HOLD, RULE
from integrations.sandbox.syspro.posting import Batch
from integrations.sandbox.syspro.reading import Reading

CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Line:
    account: str
    value: Decimal
    notation: str


def distribution(batch: Batch, item: Reading, value: Decimal, tax: Decimal) -> list[Line]:
    """Agrees with the value less the tax under TaxBasis E, with the value itself under I."""
    wanted = value - tax if item.choice("TaxBasis", "EI", "E") == "E" else value
    lines = [
        Line(account_of(batch, part, "LedgerCode"), part.number("LedgerValue"), part.text("LedgerNotation"))
        for part in item.parts("LedgerDistribution")
    ]
    if not lines:
        item.text("LedgerCode", required=True)
        return lines
    total = sum((line.value for line in lines), Decimal(0))
    if total != wanted and not item.is_wrong("TransactionValue"):
        sentence = f"Distribution total does not equal transaction value ({total:.2f} of {wanted:.2f})"
        item.wrong("LedgerValue", f"{total:.2f}", BALANCE, sentence)
    return lines


def account_of(batch: Batch, part: Reading, name: str, *, required: bool = True) -> str:
    """The ledger code of an element; it must exist, be open, and be no control account."""
    code = part.text(name, required=required)
    found = batch.call.company.account(code) if code else None
    if code and found is None:
        part.wrong(name, code, MISSING, f"Ledger code '{code}' not found")
    elif found and found["AccOnHldFlag"] == "Y":
        part.wrong(name, code, ON_HOLD, f"Ledger code '{code}' is on hold")
    elif found and found["ControlAccFlag"] == "Y":
        part.wrong(name, code, RULE, f"Ledger code '{code}' is a control account")
    return code


def tax_of(batch: Batch, item: Reading, value: Decimal) -> tuple[Decimal, str]:
    """The tax in the value and its code; computed where it is not given and is to be computed, else nought."""
    code = item.text("TaxCode")
    rate = batch.call.company.store["AdmTax"].get(code) if code else None
    if code and rate is None:
        item.wrong("TaxCode", code, MISSING, f"Tax code '{code}' not found")
    tax = item.number("TaxValue")
    if rate is None or batch.parameters["AutomaticTaxCalculation"] != "Y":
        return tax, code
    percent = rate["CurTaxRate"]
    computed = (value * percent / (100 + percent)).quantize(CENT, ROUND_HALF_UP)
    variance = _variance(batch.parameters["PermissibleTaxVariance"])
    if item.text("TaxValue") and abs(tax - computed) > variance:
        item.wrong("TaxValue", str(tax), RULE, f"Tax value '{tax}' differs from the computed {computed}")
    return (tax if item.text("TaxValue") else computed), code


def _variance(text: str) -> Decimal:
    """What a parameter permits; none where it is no number."""
    try:
        return Decimal(text or "0")
    except ArithmeticError:
        return Decimal(0)
