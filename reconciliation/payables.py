"""Why an AP invoice must not be posted as it is, whatever made it: the last look before money moves."""

from decimal import Decimal

from reconciliation.models import ApInvoice

_ZERO = Decimal(0)


def objection(bill: ApInvoice) -> str:
    """In words for a person; empty where nothing speaks against it."""
    if not bill.active:
        return "It was taken away here."
    due = (bill.total or _ZERO) - (bill.tax or _ZERO)
    lines = sum((line.amount or _ZERO for line in bill.lines.all()), _ZERO)
    if lines != due:
        return f"Its lines come to {lines:,.2f}, and {due:,.2f} are to be distributed to accounts."
    source = bill.invoice
    if source is None or bill.kind not in {"", ApInvoice.Kind.INVOICE}:
        return ""
    if not source.active:
        return f"{source} was voided."
    if source.total != bill.total:
        return (
            f"{source} comes to {source.total or _ZERO:,.2f} by now. The flow brings this up to date first."
        )
    return ""
