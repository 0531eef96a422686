"""Why an AP invoice must not be posted as it is, whatever made it: the last look before money moves."""

from decimal import Decimal

from reconciliation.models import ApCorrection, ApInvoice

_ZERO = Decimal(0)


def objection(bill: ApInvoice) -> str:
    """In words for a person; empty where nothing speaks against it."""
    if not bill.active:
        return "It was taken away here."
    if words := _unbalanced(bill):
        return words
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


def objection_to_correction(correction: ApCorrection) -> str:
    """As `objection`: a correction has to balance, and there must be an invoice that it corrects."""
    if not correction.active:
        return "It was taken away here."
    return _unbalanced(correction) or ("" if correction.ap_invoice_id else "It corrects no AP invoice.")


def _unbalanced(bill: ApInvoice | ApCorrection) -> str:
    """That the lines do not come to the total without its tax, if they do not."""
    due = (bill.total or _ZERO) - (bill.tax or _ZERO)
    lines = sum((line.amount or _ZERO for line in bill.lines.all()), _ZERO)
    if lines == due:
        return ""
    return f"Its lines come to {lines:,.2f}, and {due:,.2f} are to be distributed to accounts."
