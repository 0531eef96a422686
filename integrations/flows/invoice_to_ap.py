"""Each invoice of a completed job becomes an invoice in accounts payable, its lines distributed to GL accounts.

An invoice waits while anything of it is in no mapping table, and goes by itself once that is mapped. Until it is
posted it is brought up to date; what is posted is never changed: another version of it waits for finance.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.db.models import Q, QuerySet

from integrations.flows import ap_check, ap_settling, invoice_to_ap_read, posted_once
from integrations.flows.ap_corrections import correction_of
from integrations.flows.ap_documents import UNFIT
from integrations.flows.ap_facts import Billed
from integrations.flows.base import (
    FlowSpec,
    Made,
    Need,
    NeededRule,
    Plan,
    Setting,
    Settings,
    Skip,
    Version,
    Wait,
    Wanted,
    itself,
)
from integrations.flows.invoice_to_ap_plans import POST, POSTED, VOIDED, WAIT, plan, unfit
from integrations.models import Flow, FlowItem, SyncRule
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
from integrations.tables.looking import out_of_use
from portal.models import Tenant
from reconciliation.models import ApCorrection, ApInvoice, Assignment, Invoice, Vendor
from reconciliation.three_way import Trace

NAME = "invoice_to_ap"
USED = (STOCK_CODE, ITEM_LEDGER, JOB_TYPE_LEDGER, BRANCH, TECHNICIAN, SUPPLIER)


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


def of_corrections(tenant_id: int, record_ids: Collection[int]) -> Iterable[int]:
    """The invoices that they correct."""
    bills = ApCorrection.objects.filter(tenant=tenant_id, pk__in=list(record_ids)).values("ap_invoice")
    rows = ApInvoice.objects.filter(tenant=tenant_id, pk__in=bills, invoice__isnull=False)
    return [pk for pk in rows.values_list("invoice_id", flat=True) if pk is not None]


def of_vendors(tenant_id: int, record_ids: Collection[int]) -> Iterable[int]:
    """The invoices that wait for a vendor's code, or for what SYSPRO would refuse."""
    vendors = Vendor.objects.filter(tenant=tenant_id, pk__in=list(record_ids))
    keys = [record_key(external_id, pk) for pk, external_id in vendors.values_list("pk", "external_id")]
    items = FlowItem.objects.filter(
        flow__tenant=tenant_id, flow__name=NAME, unmapped__table=SUPPLIER, unmapped__key__in=keys
    )
    return {*items.values_list("record_id", flat=True), *of_codes(tenant_id, record_ids)}


def of_codes(tenant_id: int, record_ids: Collection[int]) -> Iterable[int]:
    """The invoices that wait for a code that SYSPRO would take: one of these may be it."""
    items = FlowItem.objects.filter(flow__tenant=tenant_id, flow__name=NAME, state=FlowItem.State.WAITING)
    return list(items.filter(reason=UNFIT).values_list("record_id", flat=True))


def needs(tenant: Tenant, settings: Settings) -> Sequence[Need]:
    """The account for tax is one that SYSPRO takes."""
    account = str(settings["tax_account"] or "")
    if settings["tax"] != "account" or not account:
        return []
    met = not out_of_use(tenant.pk, "gl_account", [account])
    words = f"GL account {account} for tax is in use in SYSPRO"
    return [Need(words, met, "" if met else "Choose another one under Settings, or sync the accounts again")]


def read(tenant_id: int, ids: Sequence[int], settings: Settings) -> Mapping[int, Billed]:
    return invoice_to_ap_read.read(tenant_id, ids, settings, USED)


def unsettled(flow: Flow) -> "QuerySet[FlowItem]":
    """The items whose AP invoice is made and not posted."""
    return posted_once.unsettled(flow, "ap_invoice")


held_back = posted_once.holder(NAME, "ap_invoice", "ap_correction")


def traces(flow: Flow, since: date, until: date) -> Sequence[Trace]:
    return ap_check.traces(flow, FLOW.chosen(flow.settings), USED, since, until)


def versions(item: FlowItem, settings: Settings) -> Sequence[Version]:
    """Where it waits for finance."""
    billed = read(item.flow.tenant_id, [item.record_id], settings).get(item.record_id)
    if billed is None or not waits_for_finance(plan(billed, settings)):
        return ()
    return ap_settling.versions(billed)


def waits_for_finance(found: Plan) -> bool:
    return isinstance(found, Wait) and found.reason == POSTED


def settle(item: FlowItem, settings: Settings) -> None:
    """Finance has put right in SYSPRO what differs: this version of the invoice waits no more."""
    billed = read(item.flow.tenant_id, [item.record_id], settings).get(item.record_id)
    if billed is not None and billed.posted is not None:
        ap_settling.settle(item, billed)


def correct(item: FlowItem, settings: Settings) -> str:
    """Have the matching document posted of what differs. In words why there is none, empty where it is on its way."""
    billed = read(item.flow.tenant_id, [item.record_id], settings).get(item.record_id)
    if billed is None or billed.entered is None or not waits_for_finance(plan(billed, settings)):
        return "It waits for finance no more."
    found = unfit(billed) or correction_of(billed, billed.entered, settings)
    if not isinstance(found, Wanted):
        return f"No document is made of it: {found.words if found else 'no amount differs.'}"
    rule = SyncRule.objects.filter(
        connection__tenant=item.flow.tenant_id, connection__system="syspro", entity="ap_correction"
    ).first()
    if rule is None or not owing.pushes(rule):
        return "AP corrections are not written to SYSPRO. Switch that on in the sync rules of its connection."
    ap_settling.approve(item, billed)
    return ""


def withdraw(tenant_id: int, plans: Sequence[tuple[Billed, Plan]]) -> None:
    """An AP invoice or a correction that shall not be any more is not sent; one that shall be again is."""
    gone = [b.record_id for b, plan in plans if isinstance(plan, Skip) and b.record_id and not b.posted]
    back = [b.record_id for b, plan in plans if isinstance(plan, Made) and b.record_id and not b.posted]
    words = "Its invoice was voided, or changed so that there is nothing to post, before it was sent."
    posted_once.withdraw(tenant_id, "ap_invoice", gone, back, VOIDED, words)
    open_ = {b.entered.open_id: plan for b, plan in plans if b.entered and b.entered.open_id}
    wanted = {w.record_id for plan in open_.values() if isinstance(plan, Made) for w in plan.records}
    none = [pk for pk, plan in open_.items() if isinstance(plan, Made) and pk not in wanted]
    again = [pk for pk in open_ if pk in wanted]
    posted_once.withdraw(tenant_id, "ap_correction", none, again, VOIDED, words)


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
        "ap_correction": of_corrections,
        "vendor": of_vendors,
        "gl_account": of_codes,
        "stock_code": of_codes,
    },
    subjects=subjects,
    read=read,
    plan=plan,
    rules=(
        NeededRule("servicetitan", "invoice"),
        NeededRule("servicetitan", "job"),
        NeededRule("syspro", "vendor"),
        NeededRule("syspro", "ap_invoice", pushes=True),
        NeededRule("syspro", "ap_correction", pushes=True, optional=True, only=("corrections", WAIT)),
        NeededRule("syspro", "ap_correction", pushes=True, only=("corrections", POST)),
        NeededRule("syspro", "gl_account", optional=True),
        NeededRule("syspro", "stock_code", optional=True),
    ),
    needs=needs,
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
        Setting("on_hold", "A supplier on hold in SYSPRO", "choice", "wait", "",
                (("wait", "has its invoices wait"),
                 ("post", "is posted to, if the connection's settings let its warning pass"))),
        Setting("corrections", "An invoice changed after it was posted", "choice", WAIT,
                "A person may have the matching document posted in any case. Where no document can be told from the "
                "difference, it waits for finance whatever is chosen.",
                ((WAIT, "waits for finance with both versions side by side"),
                 (POST, "is corrected by a credit or debit note of the difference"))),
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
    correct=correct,
)  # fmt: skip
