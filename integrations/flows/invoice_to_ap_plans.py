"""What becomes of an invoice in accounts payable: its document, or what keeps it from being posted. Pure.

The route: an invoice as it was read -> is it posted already, and as it is now? -> is there something to post, and does it
balance to the cent? -> its document, or all that is missing for it (`ap_documents`).
"""

from decimal import Decimal

from integrations.flows.ap_corrections import CREDIT, correction_of
from integrations.flows.ap_documents import document
from integrations.flows.ap_facts import Billed, Facts, facts_of
from integrations.flows.base import Made, Plan, Settings, Skip, Wait, Wanted
from integrations.flows.invoiced import in_cents

POSTED, VOIDED = "posted", "voided"
"""Reasons: it differs from what was posted; it was voided before it was."""
WAIT, POST = "wait", "post"
"""What is done with an invoice that differs from what was posted of it."""


def plan(billed: Billed, settings: Settings) -> Plan:
    if billed.posted is not None:
        return _after_posting(billed, billed.posted, settings)
    return nothing_to_post(billed) or unfit(billed) or document(billed, settings)


def _after_posting(billed: Billed, posted: Facts, settings: Settings) -> Plan:
    """What is posted stays as it is: another version of it is for a person, or for a document that corrects it."""
    now, bill = facts_of(billed), Wanted("ap_invoice", record_id=billed.record_id)
    corrected = billed.entered is not None and billed.entered.fixed > 0
    if now == billed.settled or (now == posted and not corrected):
        return Made((bill,))
    if billed.on_its_way or billed.entered is None:
        return Wait(
            "on_its_way", "It changed while it was being posted. Looked at again shortly.", billed.again_at
        )
    found = unfit(billed) or correction_of(billed, billed.entered, settings)
    if found is None and corrected:
        return Made((bill,))
    if isinstance(found, Wanted) and (settings["corrections"] == POST or billed.approved == now):
        return Made((bill, found))
    return _for_finance(posted, now, found)


def _for_finance(posted: Facts, now: Facts, found: Wanted | Wait | None) -> Wait:
    """The two versions in words, and what a person can do about them."""
    do = "post the correction in SYSPRO, then say so on the AP invoice's page."
    if isinstance(found, Wanted):
        kind = "credit note" if found.values["kind"] == CREDIT else "debit note"
        do = f"have the {kind} of {found.values['total']:,.2f} posted from the AP invoice's page, or {do}"
    words = f"Posted is: {posted.words}. The invoice now is: {now.words}. Nothing that is posted is changed by itself: "
    words += do
    if isinstance(found, Wait):
        words += f" No document is made of it: {found.words.removesuffix('.')}."
    return Wait(POSTED, words, missing=found.missing if isinstance(found, Wait) else ())


def nothing_to_post(billed: Billed) -> Skip | None:
    """Why an invoice is none for accounts payable, if it is none."""
    if not billed.active:
        return Skip(VOIDED, "It was voided before it was posted.")
    if not billed.has_job:
        return Skip("no_job", "It belongs to no job.")
    if billed.job_status.casefold() != "completed":
        return Skip("not_completed", f"Its job is not completed: it is “{billed.job_status}”.")
    if not in_cents(billed.total):
        return Skip("no_value", "It comes to nothing: there is nothing to post.")
    return None


def unfit(billed: Billed) -> Wait | None:
    """What is wrong with its figures, in words that name them; of a voided one nothing is."""
    if not billed.active:
        return None
    total = in_cents(billed.total)
    if total < 0:
        words = (
            f"It comes to {total:,.2f}: a credit. SYSPRO takes one only against the invoice that it corrects. Post it "
            "there by hand; it is not made an invoice of its own."
        )
        return Wait("credit", words)
    lines = in_cents(sum((line.amount for line in billed.lines), Decimal(0)))
    tax = in_cents(billed.tax)
    if lines + tax != total:
        words = (
            f"Its lines come to {lines:,.2f} and its tax to {tax:,.2f}, together {lines + tax:,.2f}; its total says "
            f"{total:,.2f}. Correct it in ServiceTitan: the difference of {total - lines - tax:,.2f} has no account."
        )
        return Wait("unbalanced", words)
    return None
