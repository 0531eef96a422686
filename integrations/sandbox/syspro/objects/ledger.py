"""The general ledger's side of a posting: one journal a document, whose failure does not take the document back."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from integrations.sandbox.syspro.elements import Node, build, built
from integrations.sandbox.syspro.posting import Batch

FAILED = ("100000", "GL journal could not be created: ledger period is being updated by another user")


def post_to_ledger(
    batch: Batch, debits: Sequence[tuple[str, Decimal]], contra: str, source: str
) -> Mapping[str, Any]:
    """Debits accounts (a credit is negative) against one other; gives the journal's columns, none where it failed."""
    if batch.call.spoils_ledger:
        return {}
    company = batch.call.company
    period = company.period("C")
    if not batch.ledger_journal:
        batch.ledger_journal = company.store.next_number(f"GL journal {period.year}/{period.month}")
    for account, amount in [*debits, (contra, -sum((amount for _, amount in debits), Decimal(0)))]:
        number = company.store.next_number(f"GL entry {period.year}/{period.month}/{batch.ledger_journal}")
        company.put(
            "GenJournalDetail", GlYear=period.year, GlPeriod=period.month, Journal=batch.ledger_journal,
            EntryNumber=number, GlCode=account, EntryValue=amount, EntryDate=batch.call.today, Source=source,
            SubModJournal=batch.journal,
        )  # fmt: skip
        company.change_account(account, amount)
    return {"GlYear": period.year, "GlPeriod": period.month, "GlJournal": batch.ledger_journal}


def said_of_ledger(batch: Batch) -> Node:
    """`GlJournal` of a reply: where the ledger has it, or why it has not."""
    period = batch.call.company.period("C")
    number, message = FAILED if batch.call.spoils_ledger else ("", "")
    return build(
        "GlJournal",
        built(
            GlYear=period.year,
            GlPeriod=f"{period.month:02d}",
            GlJournal=f"{batch.ledger_journal:05d}" if batch.ledger_journal else "",
            GlJournalError=number,
            GlJournalMessage=message,
        ),
    )
