"""Invoices read for accounts payable: many at once, as plain values, in a number of queries that their number does not
change.

The route: invoices with their jobs, lines and technicians -> the merchant's mapping tables and vendors -> the AP invoices
made of them before, and what of each was sent.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone

from integrations.connectors.syspro.keys import normal
from integrations.flows import ap_entered, posted_once
from integrations.flows.ap_documents import TAX, number_of
from integrations.flows.ap_facts import Billed, BilledLine, Entered, Facts, Supplier, together
from integrations.flows.base import Settings
from integrations.flows.completed_jobs import crews_of
from integrations.flows.invoiced import in_cents, jobs_of
from integrations.models import Delivery, FlowMade
from integrations.tables.base import Key, record_key
from integrations.tables.catalogue import TABLES
from integrations.tables.looking import out_of_use, rows_of
from reconciliation.entities import ENTITIES
from reconciliation.many import normal_rows
from reconciliation.models import (
    ApInvoice,
    ApInvoiceLine,
    Invoice,
    InvoiceLine,
    Job,
    Link,
    ReferenceItem,
    Vendor,
)

AGAIN = timedelta(minutes=2)
SETTLED, APPROVED = "settled", "approved"
"""Roles under which a flow's item keeps facts: put right by hand, or by a correction that a person has had posted."""


@dataclass(slots=True)
class Posting:
    """The AP invoice made of an invoice, and how far it is."""

    record_id: int
    posted: Facts | None = None
    on_its_way: bool = False
    entered: Entered | None = None


@dataclass(slots=True)
class _Shop:
    """What is read once for all of the invoices."""

    zone: ZoneInfo
    currency: str
    jobs: dict[int, Job]
    lines: dict[int, list[BilledLine]]
    crews: dict[int, tuple[tuple[int, str], ...]]
    technicians: dict[int, str]
    tables: Mapping[str, Mapping[str, str]]
    vendors: dict[int, Vendor]
    postings: dict[int, Posting]
    noted: Mapping[str, Mapping[int, Facts]]
    unused: Mapping[str, frozenset[str]]
    taken: Mapping[str, list[tuple[int, str]]] = field(default_factory=dict)


def read(
    tenant_id: int, ids: Sequence[int], settings: Settings, tables: Sequence[str]
) -> Mapping[int, Billed]:
    """Each invoice that is still there."""
    rows = Invoice.objects.filter(tenant=tenant_id, pk__in=list(ids))
    invoices = list(rows.select_related("tenant", "customer", "business_unit"))
    if not invoices:
        return {}
    shop = _shop(tenant_id, invoices, settings, tables)
    return {invoice.pk: _billed(invoice, shop, settings) for invoice in invoices}


def _shop(tenant_id: int, invoices: Sequence[Invoice], settings: Settings, tables: Sequence[str]) -> _Shop:
    of = jobs_of(tenant_id, invoices)
    jobs = Job.objects.filter(pk__in=set(of.values())).select_related("job_type", "business_unit").in_bulk()
    crews = crews_of(list(jobs))
    leaders = {crew[0][0] for crew in crews.values()}
    ids = [invoice.pk for invoice in invoices]
    rows, vendors = rows_of(tenant_id, tables), chosen_vendors(tenant_id, settings)
    return _Shop(
        zone=invoices[0].tenant.zone,
        currency=invoices[0].tenant.currency,
        jobs={invoice_id: jobs[job_id] for invoice_id, job_id in of.items() if job_id in jobs},
        lines=_lines(ids),
        crews=crews,
        technicians=dict(ReferenceItem.objects.filter(pk__in=leaders).values_list("pk", "external_id")),
        tables=rows,
        vendors=vendors,
        unused=_unused(tenant_id, rows, vendors.values(), settings),
        postings=postings_of(tenant_id, ids),
        noted=noted_of(tenant_id, ids),
        taken=_taken(tenant_id, invoices, settings),
    )


def _billed(invoice: Invoice, shop: _Shop, settings: Settings) -> Billed:
    job = shop.jobs.get(invoice.pk)
    unit = invoice.business_unit or (job.business_unit if job else None)
    posting = shop.postings.get(invoice.pk)
    found = Billed(
        invoice_id=invoice.pk,
        number=invoice.number or invoice.external_id,
        active=invoice.active,
        job=job.number if job else "",
        job_status=job.status if job else "",
        has_job=job is not None,
        invoiced_on=day_of(invoice.invoiced_at, shop.zone),
        due_on=day_of(invoice.due_at, shop.zone),
        total=invoice.total or Decimal(0),
        tax=invoice.tax or Decimal(0),
        lines=tuple(shop.lines.get(invoice.pk, ())),
        customer=invoice.customer.name,
        unit=_key(unit),
        job_type=_key(job.job_type if job else None),
        technician=_leader(job, shop),
        supplier=_supplier(unit, shop, settings),
        tables=shop.tables,
        currency=shop.currency,
        record_id=posting.record_id if posting else None,
        posted=posting.posted if posting else None,
        on_its_way=posting.on_its_way if posting else False,
        entered=posting.entered if posting else None,
        settled=shop.noted[SETTLED].get(invoice.pk),
        approved=shop.noted[APPROVED].get(invoice.pk),
        unused=shop.unused,
        again_at=timezone.now() + AGAIN,
    )
    number = normal(number_of(found, settings))
    others = [supplier for pk, supplier in shop.taken.get(number, ()) if pk != found.record_id]
    return replace(found, taken=frozenset((normal(supplier), number) for supplier in others))


def _unused(
    tenant_id: int, tables: Mapping[str, Mapping[str, str]], vendors: Iterable[Vendor], settings: Settings
) -> dict[str, frozenset[str]]:
    """What of all that could be sent SYSPRO does not have, or has on hold, by list."""
    codes: dict[str, set[str]] = {"gl_account": {str(settings["tax_account"] or "")}}
    for name, rows in tables.items():
        if listed := TABLES[name].listed:
            codes.setdefault(listed, set()).update(rows.values())
    codes.setdefault("vendor", set()).update(vendor.code for vendor in vendors)
    return {entity: out_of_use(tenant_id, entity, found) for entity, found in codes.items()}


def _key(item: ReferenceItem | None) -> Key | None:
    return Key(record_key(item.external_id, item.pk), item.name or item.external_id) if item else None


def _leader(job: Job | None, shop: _Shop) -> Key | None:
    """The technician who was sent first."""
    crew = shop.crews.get(job.pk, ()) if job else ()
    if not crew:
        return None
    pk, name = crew[0]
    return Key(record_key(shop.technicians.get(pk, ""), pk), name)


def _supplier(unit: ReferenceItem | None, shop: _Shop, settings: Settings) -> Supplier | None:
    """The vendor of the business unit, else the default one."""
    chosen = settings["vendors"].get(str(unit.pk)) if unit else None
    vendor = shop.vendors.get(int(chosen or settings["vendor"] or 0))
    if vendor is None:
        return None
    return Supplier(
        vendor.pk,
        Key(record_key(vendor.external_id, vendor.pk), str(vendor)),
        vendor.code,
        vendor.currency,
        vendor.is_on_hold,
    )


def chosen_vendors(tenant_id: int, settings: Settings) -> dict[int, Vendor]:
    """The flow's vendors by the ids that were chosen; one that was merged since is the one it was merged into."""
    ids = {int(pk) for pk in (settings["vendor"], *settings["vendors"].values()) if pk}
    found = Vendor.objects.filter(tenant=tenant_id).select_related("merged_into").in_bulk(list(ids))
    return {pk: vendor.merged_into or vendor for pk, vendor in found.items()}


def _lines(invoice_ids: Sequence[int]) -> dict[int, list[BilledLine]]:
    found: dict[int, list[BilledLine]] = {}
    for row in InvoiceLine.objects.filter(invoice__in=invoice_ids):
        line = BilledLine(row.sku, row.description, row.quantity, row.total or Decimal(0))
        found.setdefault(row.invoice_id, []).append(line)
    return found


def _taken(
    tenant_id: int, invoices: Sequence[Invoice], settings: Settings
) -> dict[str, list[tuple[int, str]]]:
    """AP invoices of the same numbers: (record, supplier) by number in its one form."""
    prefix = str(settings["prefix"] or "")
    wanted = {f"{prefix}{invoice.number or invoice.external_id}".strip() for invoice in invoices}
    spellings = wanted | {number.upper() for number in wanted}
    rows = ApInvoice.objects.filter(tenant=tenant_id, number__in=spellings, active=True)
    found: dict[str, list[tuple[int, str]]] = {}
    for pk, supplier, number in rows.values_list("pk", "supplier", "number"):
        found.setdefault(normal(number), []).append((pk, supplier))
    return found


def postings_of(tenant_id: int, invoice_ids: Sequence[int]) -> dict[int, Posting]:
    """What was made of these invoices, by invoice: as it was posted, or is being posted, where it is."""
    bills = ApInvoice.objects.filter(tenant=tenant_id, invoice__in=invoice_ids, kind__in=("I", ""))
    found = {int(bill.invoice_id or 0): bill for bill in bills.order_by("-pk")}
    by_record = {bill.pk: bill for bill in found.values()}
    linked = Link.objects.filter(
        source__tenant=tenant_id, source__system="syspro", entity="ap_invoice", record_id__in=by_record
    )
    there = set(linked.values_list("record_id", flat=True))
    sent = posted_once.sent(tenant_id, "ap_invoice", list(by_record))
    lines = _lines_of(list(by_record))
    corrections = ap_entered.corrections_of(tenant_id, list(by_record))
    return {
        invoice_id: _posting(
            bill,
            sent.get(bill.pk),
            lines.get(bill.pk, []),
            corrections.get(bill.pk, ()),
            is_there=bill.pk in there,
        )
        for invoice_id, bill in found.items()
    }


def _posting(
    bill: ApInvoice,
    sent: Delivery | None,
    held: list[dict[str, Any]],
    corrections: Sequence[ap_entered.Correction],
    *,
    is_there: bool,
) -> Posting:
    if not is_there and sent is None:
        return Posting(bill.pk)
    values, lines = _as_sent(bill, sent, held)
    return Posting(
        bill.pk,
        facts_posted(values, lines),
        on_its_way=not is_there,
        entered=ap_entered.entered(values, lines, corrections),
    )


def _lines_of(record_ids: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    children = ENTITIES["ap_invoice"].children
    assert children is not None  # noqa: S101  # declared so
    found: dict[int, list[dict[str, Any]]] = {}
    for row in ApInvoiceLine.objects.filter(ap_invoice__in=record_ids):
        values = {name: getattr(row, name) for name in children.fields}
        found.setdefault(row.ap_invoice_id, []).extend(normal_rows(children, [values]))
    return found


def _as_sent(
    bill: ApInvoice, sent: Delivery | None, held: list[dict[str, Any]]
) -> tuple[Mapping[str, Any], list[dict[str, Any]]]:
    """Values and rows: what was sent, where that is known; else what the record holds."""
    own = {name: getattr(bill, name) for name in ap_entered.TOLD}
    values = {**own, **(sent.values if sent and sent.values else {})}
    return values, sent.parts.get("lines", held) if sent and sent.parts else held


def facts_posted(values: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]) -> Facts:
    """What must not differ from what was posted."""
    tax = values["tax"]
    apart = [row for row in lines if row["description"] == TAX and not row["stock_code"]]
    goods = [(str(row["description"]), _amount(row["amount"])) for row in lines if row not in apart]
    taxes = (
        _amount(tax) if tax not in (None, "") else sum((_amount(row["amount"]) for row in apart), Decimal(0))
    )
    return Facts(_amount(values["total"]), taxes, str(values["invoiced_on"]), together(goods))


def noted_of(tenant_id: int, invoice_ids: Sequence[int]) -> dict[str, dict[int, Facts]]:
    """The facts that finance has put right by hand or had corrected, by role and invoice."""
    rows = FlowMade.objects.filter(
        item__flow__tenant=tenant_id, item__record_id__in=invoice_ids, role__in=(SETTLED, APPROVED)
    ).select_related("item")
    found: dict[str, dict[int, Facts]] = {SETTLED: {}, APPROVED: {}}
    for row in rows:
        found[row.role][row.item.record_id] = facts_from(row.written)
    return found


def facts_from(stored: Mapping[str, Any]) -> Facts:
    """Facts from JSON."""
    lines = tuple((str(words), _amount(amount)) for words, amount in stored["lines"])
    return Facts(
        _amount(stored["total"]), _amount(stored["tax"]), stored["invoiced_on"], lines, bool(stored["active"])
    )


def day_of(moment: datetime | None, zone: ZoneInfo) -> str:
    """The day of a time where the merchant is; midnight in UTC is a source's way to say a bare day."""
    if moment is None:
        return ""
    bare = moment.astimezone(UTC).time() == time.min
    found: date = moment.astimezone(UTC if bare else zone).date()
    return found.isoformat()


def _amount(value: Any) -> Decimal:
    return in_cents(Decimal(str(value or 0)))
