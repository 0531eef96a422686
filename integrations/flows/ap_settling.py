"""An invoice that differs from what was posted of it: both versions side by side, and a person's word that it is settled.

Nothing that is posted is changed from here. Finance posts the correction in SYSPRO and says so: from then on this version
of the invoice counts as settled, and only another one waits again.
"""

from collections.abc import Sequence
from dataclasses import asdict
from decimal import Decimal

from django.db import transaction

from integrations import waking
from integrations.flows import owing
from integrations.flows.ap_facts import Billed, Facts, facts_of
from integrations.flows.base import Version
from integrations.flows.invoice_to_ap_read import SETTLED
from integrations.models import FlowItem, FlowMade
from portal import audit
from reconciliation.normalise import normal_form

audit.register_action("ap_invoice.settled", "settled a posted invoice by hand: {note}")
_ZERO = Decimal(0)


def versions(billed: Billed | None) -> Sequence[Version]:
    """Each fact as it was posted and as it is now; empty where nothing is posted, or nothing differs."""
    if billed is None or billed.posted is None:
        return ()
    posted, now = billed.posted, facts_of(billed)
    return () if now in (posted, billed.settled) else side_by_side(posted, now)


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


@transaction.atomic
def settle(item: FlowItem, billed: Billed) -> None:
    """Note these facts as settled, by whom the audit trail says."""
    now = facts_of(billed)
    FlowMade.objects.update_or_create(
        item=item,
        role=SETTLED,
        defaults={
            "entity": "ap_invoice",
            "record_id": billed.record_id or 0,
            "is_new": False,
            "written": normal_form(asdict(now)),
        },
    )
    tenant = item.flow.tenant
    posted = billed.posted.words if billed.posted else ""
    note = f"invoice {billed.number}, posted with {posted}, is now {now.words}"
    audit.record("ap_invoice.settled", item.flow, tenant=tenant, note=note)
    owing.reopen(FlowItem.objects.filter(pk=item.pk))
    waking.for_flows_at_commit(tenant.pk)
