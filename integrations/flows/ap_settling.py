"""An invoice that differs from what was posted of it: both versions side by side, and a person's word about it.

Nothing that is posted is changed from here. Finance either posts the correction in SYSPRO and says so, or has the
matching document posted: from then on this version of the invoice counts as settled, and only another one waits again.
"""

from collections.abc import Sequence
from dataclasses import asdict
from decimal import Decimal

from integrations.flows import settling
from integrations.flows.ap_facts import Billed, Facts, facts_of
from integrations.flows.base import Version
from integrations.flows.invoice_to_ap_read import APPROVED, SETTLED
from integrations.flows.invoiced import in_cents
from integrations.models import FlowItem
from portal import audit
from reconciliation.normalise import normal_form

audit.register_action("ap_invoice.settled", "settled a posted invoice by hand: {note}")
audit.register_action("ap_invoice.corrected", "had a posted invoice corrected: {note}")
_ZERO = Decimal(0)


def versions(billed: Billed) -> Sequence[Version]:
    """Each fact as it was posted and as it is now; empty where nothing is posted."""
    if billed.posted is None:
        return ()
    found = side_by_side(billed.posted, facts_of(billed))
    if billed.entered is not None and billed.entered.fixed:
        due = in_cents(billed.total) if billed.active else _ZERO
        found = [Version("Total with its corrections", _money(billed.entered.total), _money(due)), *found]
    return found


def side_by_side(posted: Facts, now: Facts) -> Sequence[Version]:
    """Total, tax, day, and what each item comes to."""
    found = [
        Version("Total", _money(posted.total), _money(now.total)),
        Version("Sales tax", _money(posted.tax), _money(now.tax)),
        Version("Invoice date", posted.invoiced_on, now.invoiced_on),
        Version("State", _state(posted), _state(now)),
    ]
    theirs, ours = dict(posted.lines), dict(now.lines)
    for words in dict.fromkeys([*theirs, *ours]):
        found.append(Version(words, _money(theirs.get(words)), _money(ours.get(words))))
    return found


def _money(amount: Decimal | None) -> str:
    return "—" if amount is None else f"{amount:,.2f}"


def _state(facts: Facts) -> str:
    return "in force" if facts.active else "voided"


def settle(item: FlowItem, billed: Billed) -> None:
    """Note these facts as settled, by whom the audit trail says."""
    _note(item, billed, SETTLED, "ap_invoice.settled")


def approve(item: FlowItem, billed: Billed) -> None:
    """Note these facts as those to be corrected to: the flow makes the document."""
    _note(item, billed, APPROVED, "ap_invoice.corrected")


def _note(item: FlowItem, billed: Billed, role: str, action: str) -> None:
    now = facts_of(billed)
    posted = billed.posted.words if billed.posted else ""
    settling.settle(
        item,
        "ap_invoice",
        normal_form(asdict(now)),
        f"invoice {billed.number}, posted with {posted}, is now {now.words}",
        role=role,
        record_id=billed.record_id or 0,
        action=action,
    )
