"""Invoices followed to where they are posted: as billed, as entered in accounts payable here, as SYSPRO has them.

The route: the invoices of some days -> read as the flow reads them -> their AP invoices, what SYSPRO last said of each,
and why the others wait -> `Trace`s; then what SYSPRO has of the same vendors that nothing here was billed for.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Q

from integrations.flows.ap_entered import Correction, corrections_of
from integrations.flows.ap_facts import Billed, facts_of
from integrations.flows.base import Settings
from integrations.flows.invoice_to_ap_plans import nothing_to_post
from integrations.flows.invoice_to_ap_read import chosen_vendors, read
from integrations.flows.invoiced import in_cents
from integrations.models import Delivery, Flow, FlowItem
from integrations.tables.catalogue import BRANCH
from integrations.tables.looking import target_of
from reconciliation.models import ApInvoice, Invoice, Link
from reconciliation.three_way import Trace

PORTION = 500
NO_BRANCH, NO_VENDOR = "no branch", "no vendor"
_BY_HAND = "somebody has said that it is put right in SYSPRO by another document."


def traces(
    flow: Flow, settings: Settings, tables: Sequence[str], since: date, until: date
) -> Sequence[Trace]:
    """All of these days, both included, from the flow's first day on."""
    ids = list(_invoices(flow, since, until).values_list("pk", flat=True))
    found: list[Trace] = []
    for start in range(0, len(ids), PORTION):
        billed = read(flow.tenant_id, ids[start : start + PORTION], settings, tables)
        found += _of(flow, [one for one in billed.values() if _within(one.invoiced_on, since, until)])
    return [*found, *_of_theirs(flow, settings, since, until)]


def _within(day: str, since: date, until: date) -> bool:
    return since.isoformat() <= day <= until.isoformat()


def _invoices(flow: Flow, since: date, until: date) -> Any:
    """Those of these days or nearly, voided ones too."""
    first = datetime.combine(since - timedelta(days=1), time(), UTC)
    last = datetime.combine(until + timedelta(days=2), time(), UTC)
    rows = Invoice.objects.filter(tenant=flow.tenant_id, invoiced_at__gte=max(first, flow.since))
    completed = Q(job__status__iexact="completed") | (Q(job=None) & ~Q(adjustment_of=""))
    return rows.filter(completed, invoiced_at__lt=last).order_by("pk")


def _of(flow: Flow, billed: Sequence[Billed]) -> Iterable[Trace]:
    bills = ApInvoice.objects.in_bulk([one.record_id for one in billed if one.record_id])
    posted = totals_there(flow.tenant_id, bills)
    corrections = corrections_of(flow.tenant_id, bills)
    stuck = _undelivered(flow.tenant_id, bills)
    waiting = dict(
        FlowItem.objects.filter(flow=flow, record_id__in=[one.invoice_id for one in billed])
        .exclude(message="")
        .values_list("record_id", "message")
    )
    for one in billed:
        bill = bills.get(one.record_id or 0)
        yield Trace(
            number=one.number,
            day=one.invoiced_on,
            branch=_branch(one, bill),
            vendor=one.supplier.key.label if one.supplier else NO_VENDOR,
            billed=in_cents(one.total),
            entered=_with(in_cents(bill.total or Decimal(0)), corrections.get(bill.pk, ())) if bill else None,
            posted=_posted(one, posted.get(bill.pk), corrections.get(bill.pk, ())) if bill else None,
            due=nothing_to_post(one) is None,
            why=_BY_HAND
            if one.settled and one.settled == facts_of(one)
            else waiting.get(one.invoice_id) or (stuck.get(bill.pk, "") if bill else ""),
            record_id=one.invoice_id,
            bill_id=bill.pk if bill else None,
        )


def _with(total: Decimal, corrections: Sequence[Correction]) -> Decimal:
    return total + sum((one.record.change for one in corrections), Decimal(0))


def _posted(billed: Billed, total: Decimal | None, corrections: Sequence[Correction]) -> Decimal | None:
    """What SYSPRO has of it by now; nothing where it was voided and is taken back there."""
    if total is None:
        return None
    left = _with(total, [one for one in corrections if one.is_posted])
    return left if left or billed.active else None


def _branch(billed: Billed, bill: ApInvoice | None) -> str:
    if bill is not None:
        return bill.branch or NO_BRANCH
    found = target_of(billed.tables.get(BRANCH, {}), billed.unit.key) if billed.unit else ""
    return found or (f"{billed.unit.label} (unmapped)" if billed.unit else NO_BRANCH)


def totals_there(tenant_id: int, record_ids: Iterable[int]) -> dict[int, Decimal]:
    """What SYSPRO last said that AP invoices were posted with."""
    links = Link.objects.filter(
        source__tenant=tenant_id, source__system="syspro", entity="ap_invoice", record_id__in=list(record_ids)
    )
    return {
        int(record_id or 0): in_cents(Decimal(str(base.get("total") or 0)))
        for record_id, base in links.values_list("record_id", "base")
    }


def _undelivered(tenant_id: int, record_ids: Iterable[int]) -> Mapping[int, str]:
    """Why deliveries of AP invoices did not come to an end, by record."""
    rows = Delivery.objects.filter(
        connection__tenant=tenant_id, connection__system="syspro", entity="ap_invoice", record_id__in=list(record_ids)
    ).exclude(state__in=(Delivery.State.DONE, Delivery.State.NOT_NEEDED))  # fmt: skip
    found = rows.order_by("pk").values_list("record_id", "message", "state")
    return {pk: message or f"{Delivery.State(state).label}." for pk, message, state in found}


def _of_theirs(flow: Flow, settings: Settings, since: date, until: date) -> Iterable[Trace]:
    """What SYSPRO has of the flow's vendors without an invoice here."""
    vendors = chosen_vendors(flow.tenant_id, settings).values()
    first = max(since, flow.since.astimezone(flow.tenant.zone).date())
    rows = ApInvoice.objects.filter(
        tenant=flow.tenant_id, vendor__in=vendors, invoice=None, active=True,
        invoiced_on__gte=first.isoformat(), invoiced_on__lte=until.isoformat(),
    ).select_related("vendor")  # fmt: skip
    bills = {bill.pk: bill for bill in rows}
    for pk, total in totals_there(flow.tenant_id, bills).items():
        bill = bills[pk]
        yield Trace(
            number=bill.number,
            day=bill.invoiced_on,
            branch=bill.branch or NO_BRANCH,
            vendor=str(bill.vendor),
            posted=total,
            why="somebody posted it in SYSPRO, or its invoice is not synced",
            bill_id=pk,
        )
