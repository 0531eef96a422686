"""What corrects an AP invoice that is posted: what is due by now less what is entered, account by account. Pure.

The route: an invoice that differs from what was posted -> its document as it would be today, none where it was voided
-> less the AP invoice and its corrections so far -> a credit or a debit note, or why a person has to see to it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from integrations.connectors.syspro.keys import normal
from integrations.flows.ap_documents import document
from integrations.flows.ap_facts import Billed, Entered
from integrations.flows.base import Made, Settings, Wait, Wanted
from integrations.flows.invoiced import in_cents

CREDIT, DEBIT = "C", "D"
BY_HAND = "by_hand"
_ZERO = Decimal(0)
_NOTATION = 100


@dataclass(frozen=True, slots=True)
class _Due:
    """What accounts payable should have of an invoice: `lines` by account, `tax` where it is SYSPRO's own."""

    supplier: str
    total: Decimal
    tax: Decimal
    tax_code: str
    lines: Mapping[str, Decimal]


def correction_of(billed: Billed, entered: Entered, settings: Settings) -> Wanted | Wait | None:
    """The document, or what it waits for; None where what is entered is what is due."""
    if billed.settled is not None:
        return _by_hand(
            "Somebody has put an earlier difference right by hand, of which SYSPRO alone knows the accounts"
        )
    due = _due(billed, entered, settings)
    if isinstance(due, Wait):
        return due
    if normal(due.supplier) != normal(entered.supplier):
        return _by_hand(
            f"It is an invoice of supplier {due.supplier} by now, and is posted to {entered.supplier}"
        )
    total, tax = due.total - entered.total, due.tax - entered.tax
    accounts = {
        account: due.lines.get(account, _ZERO) - entered.lines.get(account, _ZERO)
        for account in dict.fromkeys([*entered.lines, *due.lines])
    }
    moved = {account: amount for account, amount in accounts.items() if amount}
    if not total and not tax and not moved:
        return None
    if not total:
        return _by_hand("Its total is the same, and amounts only move between accounts")
    return _wanted(billed, entered, total, tax, due.tax_code, moved)


def _by_hand(why: str) -> Wait:
    return Wait(BY_HAND, why)


def _due(billed: Billed, entered: Entered, settings: Settings) -> _Due | Wait:
    if not billed.active or not in_cents(billed.total):
        return _Due(entered.supplier, _ZERO, _ZERO, entered.tax_code, {})
    plan = document(billed, settings)
    if not isinstance(plan, Made):
        return plan if isinstance(plan, Wait) else _by_hand("It cannot be posted as it is now")
    values = plan.records[0].values
    return _Due(
        str(values["supplier"]),
        values["total"],
        values["tax"] or _ZERO,
        str(values["tax_code"] or entered.tax_code),
        by_account(plan.records[0].children or ()),
    )


def by_account(lines: Any) -> dict[str, Decimal]:
    """What nested rows come to on each account."""
    found: dict[str, Decimal] = {}
    for line in lines:
        account = str(line["ledger_code"])
        found[account] = found.get(account, _ZERO) + Decimal(str(line["amount"] or 0))
    return found


def _wanted(
    billed: Billed,
    entered: Entered,
    total: Decimal,
    tax: Decimal,
    tax_code: str,
    moved: Mapping[str, Decimal],
) -> Wanted:
    """A note has a positive total; a line is negative where its account goes against it."""
    kind, sign = (CREDIT, -1) if total < 0 else (DEBIT, 1)
    number = entered.fixed + 1
    lines = [
        {
            "position": place,
            "ledger_code": account,
            "amount": sign * amount,
            "notation": f"Correction {number}",
        }
        for place, (account, amount) in enumerate(moved.items(), 1)
    ]
    said = "voided" if not billed.active else f"now {in_cents(billed.total):,.2f}"
    return Wanted(
        "ap_correction",
        {
            "kind": kind,
            "supplier": entered.supplier,
            "number": entered.number,
            "reference": f"COR{number} {entered.number}",
            "branch": entered.branch,
            "notation": f"ServiceTitan invoice {billed.number}, {said}"[:_NOTATION],
            "total": sign * total,
            "tax": sign * tax if tax else None,
            "tax_code": tax_code if tax else "",
        },
        {"ap_invoice": billed.record_id},
        role=f"correction {number}",
        record_id=entered.open_id,
        firm=frozenset({"total"}),
        children=lines,
    )
