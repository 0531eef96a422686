"""Each invoice of a completed job becomes an invoice in accounts payable, its lines distributed to GL accounts.

An invoice waits while anything of it is in no mapping table, and goes by itself once that is mapped. Until it is
posted it is brought up to date; what is posted is never changed: another version of it waits for finance.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from integrations.flows import ap_check, ap_settling, invoice_to_ap_read
from integrations.flows.ap_facts import Billed
from integrations.flows.base import FlowSpec, Made, NeededRule, Plan, Setting, Settings, Skip, Version, itself
from integrations.flows.invoice_to_ap_plans import VOIDED, plan
from integrations.models import Delivery, Flow, FlowItem, FlowMade, SyncRule
from integrations.push import owing
from integrations.tables.base import record_key
from integrations.tables.catalogue import (
    BRANCH,
    ITEM_LEDGER,
    JOB_TYPE_LEDGER,
    STOCK_CODE,
    SUPPLIER,
    TECHNICIAN,
)
from reconciliation.models import ApInvoice, Assignment, Invoice, Link, Vendor
from reconciliation.three_way import Trace

NAME = "invoice_to_ap"
USED = (STOCK_CODE, ITEM_LEDGER, JOB_TYPE_LEDGER, BRANCH, TECHNICIAN, SUPPLIER)
State = Delivery.State


def subjects(tenant_id: int, since: datetime | None) -> "QuerySet[Any]":
    """Active invoices of completed jobs, and adjustments of invoices, whose job is known by those."""
    of_jobs = Q(job__status__iexact="completed") | (Q(job=None) & ~Q(adjustment_of=""))
    invoices = Invoice.objects.filter(of_jobs, tenant=tenant_id, active=True)
    if since is None:
        return invoices
    return invoices.filter(Q(invoiced_at__gte=since) | Q(invoiced_at=None, created_at__gte=since))


def of_jobs(tenant_id: int, record_ids: Collection[int]) -> Iterable[int]:
    rows = Invoice.objects.filter(tenant=tenant_id, job__in=list(record_ids))
    return list(rows.values_list("pk", flat=True))


def of_assignments(tenant_id: int, record_ids: Collection[int]) -> Iterable[int]:
    """The invoices of assignments' jobs: who was sent is a part of the document."""
    jobs = Assignment.objects.filter(tenant=tenant_id, pk__in=list(record_ids), job__isnull=False)
    rows = Invoice.objects.filter(tenant=tenant_id, job__in=jobs.values("job_id"))
    return list(rows.values_list("pk", flat=True))


def of_ap_invoices(tenant_id: int, record_ids: Collection[int]) -> Iterable[int]:
    """What they were made of: once posted, it is seen whether that is still what the invoice says."""
    rows = ApInvoice.objects.filter(tenant=tenant_id, pk__in=list(record_ids), invoice__isnull=False)
    return [pk for pk in rows.values_list("invoice_id", flat=True) if pk is not None]


def of_vendors(tenant_id: int, record_ids: Collection[int]) -> Iterable[int]:
    """The invoices that wait for a vendor's code."""
    vendors = Vendor.objects.filter(tenant=tenant_id, pk__in=list(record_ids))
    keys = [record_key(external_id, pk) for pk, external_id in vendors.values_list("pk", "external_id")]
    items = FlowItem.objects.filter(
        flow__tenant=tenant_id, flow__name=NAME, unmapped__table=SUPPLIER, unmapped__key__in=keys
    )
    return list(items.values_list("record_id", flat=True))


def read(tenant_id: int, ids: Sequence[int], settings: Settings) -> Mapping[int, Billed]:
    return invoice_to_ap_read.read(tenant_id, ids, settings, USED)


def unsettled(flow: Flow) -> "QuerySet[FlowItem]":
    """The items whose AP invoice is made and not posted."""
    there = Link.objects.filter(
        source__tenant=flow.tenant_id, source__system="syspro", entity="ap_invoice", record_id=OuterRef("record_id")
    )  # fmt: skip
    made = FlowMade.objects.filter(~Exists(there), item__flow=flow, entity="ap_invoice")
    return FlowItem.objects.filter(flow=flow, pk__in=made.values("item"))


def held_back(rule: SyncRule, record_ids: Sequence[int]) -> Mapping[int, str]:
    """AP invoices that the flow has to look at again first, or that lack something by now: those are not posted."""
    if rule.entity != "ap_invoice":
        return {}
    made = FlowMade.objects.filter(
        entity="ap_invoice",
        record_id__in=list(record_ids),
        item__flow__tenant=rule.connection.tenant_id,
        item__flow__name=NAME,
        item__flow__enabled=True,
        item__state__in=(FlowItem.State.OWED, FlowItem.State.WAITING, FlowItem.State.FAILED),
    )
    words = made.values_list("record_id", "item__message", "item__state")
    return {pk: message if state == FlowItem.State.WAITING else _FIRST for pk, message, state in words}


_FIRST = "It is brought up to date with its invoice first."


def traces(flow: Flow, since: date, until: date) -> Sequence[Trace]:
    return ap_check.traces(flow, FLOW.chosen(flow.settings), USED, since, until)


def versions(item: FlowItem, settings: Settings) -> Sequence[Version]:
    return ap_settling.versions(read(item.flow.tenant_id, [item.record_id], settings).get(item.record_id))


def settle(item: FlowItem, settings: Settings) -> None:
    """Finance has put right in SYSPRO what differs: this version of the invoice waits no more."""
    billed = read(item.flow.tenant_id, [item.record_id], settings).get(item.record_id)
    if billed is not None and billed.posted is not None:
        ap_settling.settle(item, billed)


def withdraw(tenant_id: int, plans: Sequence[tuple[Billed, Plan]]) -> None:
    """An AP invoice that shall not be any more is not sent; one that shall be again is."""
    gone = [b.record_id for b, plan in plans if isinstance(plan, Skip) and b.record_id and not b.posted]
    back = [b.record_id for b, plan in plans if isinstance(plan, Made) and b.record_id and not b.posted]
    rows = Delivery.objects.filter(
        connection__tenant=tenant_id, connection__system="syspro", entity="ap_invoice"
    )
    if gone:
        words = "Its invoice was voided, or changed so that there is nothing to post, before it was sent."
        waiting = rows.filter(record_id__in=gone, state__in=(State.OWED, State.NEEDS_PERSON))
        waiting.update(state=State.NOT_NEEDED, reason=VOIDED, message=words, next_try_at=None)
    if back:
        open_ = rows.filter(record_id__in=back, state__in=Delivery.OPEN).values("record_id")
        again = rows.filter(record_id__in=back, reason=VOIDED).exclude(record_id__in=open_)
        for rule in SyncRule.objects.filter(deliveries__in=again).distinct().select_related("connection"):
            if owing.pushes(rule):
                owing.want(rule, set(again.filter(rule=rule).values_list("record_id", flat=True)))


FLOW = FlowSpec(
    name=NAME,
    title="Invoice → AP invoice",
    does="Posts each invoice of a completed job to accounts payable in SYSPRO, once: its lines on their GL accounts, "
    "with branch, technician and items. What is not mapped yet waits, and goes by itself once it is.",
    systems=("servicetitan", "syspro"),
    subject="invoice",
    triggers={
        "invoice": itself,
        "job": of_jobs,
        "assignment": of_assignments,
        "ap_invoice": of_ap_invoices,
        "vendor": of_vendors,
    },
    subjects=subjects,
    read=read,
    plan=plan,
    rules=(
        NeededRule("servicetitan", "invoice"),
        NeededRule("servicetitan", "job"),
        NeededRule("syspro", "vendor"),
        NeededRule("syspro", "ap_invoice", pushes=True),
        NeededRule("syspro", "gl_account", optional=True),
        NeededRule("syspro", "stock_code", optional=True),
    ),
    settings=(
        Setting("vendor", "Default vendor", "reference", None, refers_to="vendor",
                help="Whose invoices these are in SYSPRO. Empty: an invoice of a business unit without a vendor waits."),
        Setting("vendors", "Vendor", "pairs", {}, refers_to="vendor", each="business_unit",
                help="Invoices of this business unit are of this vendor."),
        Setting("prefix", "Prefix of numbers",
                help="Stands before each invoice's number, where SYSPRO has others of the same number. It keeps 20 "
                "characters."),
        Setting("tax", "Sales tax", "choice", "account",
                "SYSPRO wants all of an invoice accounted for, its tax too.",
                (("account", "a line of its own, on the account below"), ("code", "SYSPRO's tax, by the code below"))),
        Setting("tax_account", "GL account for tax", help="Where tax is a line of its own."),
        Setting("tax_code", "Tax code", help="One letter, where tax is SYSPRO's."),
        Setting("due", "Due date", "choice", "terms", "",
                (("terms", "by the supplier's terms in SYSPRO"), ("invoice", "as on the invoice"))),
        Setting("stock_codes", "Every item needs a stock code", "boolean", True,
                "Otherwise items go without, and only need an account."),
        Setting("technicians", "Every technician needs a reference", "boolean", True,
                "Otherwise the reference names the job alone."),
    ),
    also=withdraw,
    tables=USED,
    unsettled=unsettled,
    traces=traces,
    versions=versions,
    settle=settle,
)  # fmt: skip
