"""What was invoiced for a job is what its deal is worth; or each invoice has its copy in an object of the org's own.

An invoice that is made, changed, paid, adjusted or taken away leads to itself; the deal's amount is the sum of all
invoices of its job, adjustments too, in cents. The amount stands whatever anybody writes over it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet

from integrations.flows import revenue_check
from integrations.flows.base import (
    FlowSpec,
    Made,
    Need,
    NeededRule,
    Place,
    Plan,
    Setting,
    Settings,
    Skip,
    Wait,
    Wanted,
    itself,
)
from integrations.flows.invoiced import jobs_of, revenue_of
from integrations.models import Connection
from portal.models import Tenant
from reconciliation.models import Invoice, Opportunity, PaymentSplit

DEAL, COPY = "opportunity", "object"


@dataclass(frozen=True, slots=True)
class Bill:
    """An invoice with its job and deal, and what all invoices of that job come to."""

    invoice_id: int
    number: str
    active: bool
    job_id: int | None = None
    job: str = ""
    deal_id: int | None = None
    revenue: Decimal = Decimal(0)


def subjects(tenant_id: int, since: datetime | None) -> "QuerySet[Any]":
    invoices = Invoice.objects.filter(tenant=tenant_id)
    if since is None:
        return invoices
    return invoices.filter(Q(invoiced_at__gte=since) | Q(invoiced_at=None, created_at__gte=since))


def of_payments(tenant_id: int, record_ids: Collection[int]) -> Iterable[int]:
    """The invoices that payments were applied to."""
    splits = PaymentSplit.objects.filter(payment__in=list(record_ids), payment__tenant=tenant_id)
    return [pk for pk in splits.values_list("invoice_id", flat=True).distinct() if pk is not None]


def of_deals(tenant_id: int, record_ids: Collection[int]) -> Iterable[int]:
    """The invoices of deals' jobs: a deal that comes is what they waited for."""
    jobs = Opportunity.objects.filter(tenant=tenant_id, pk__in=list(record_ids), job__isnull=False)
    invoices = Invoice.objects.filter(tenant=tenant_id, job__in=jobs.values("job_id"))
    return list(invoices.values_list("pk", flat=True))


def read(tenant_id: int, ids: Sequence[int], settings: Settings) -> Mapping[int, Bill]:
    invoices = list(Invoice.objects.filter(tenant=tenant_id, pk__in=list(ids)).select_related("job"))
    jobs = jobs_of(tenant_id, invoices)
    deals = dict(Opportunity.objects.filter(job__in=set(jobs.values())).values_list("job_id", "pk"))
    revenues = revenue_of(tenant_id, deals, str(settings["figure"]))
    return {
        invoice.pk: Bill(
            invoice_id=invoice.pk,
            number=invoice.number,
            active=invoice.active,
            job_id=(job_id := jobs.get(invoice.pk)),
            job=invoice.job.number if invoice.job else "",
            deal_id=deals.get(job_id or 0),
            revenue=revenues.get(job_id or 0, Decimal(0)),
        )
        for invoice in invoices
    }


def plan(bill: Bill, settings: Settings) -> Plan:
    if settings["target"] == COPY:
        return Made((Wanted("invoice", record_id=bill.invoice_id),))
    if bill.job_id is None:
        return Skip("no_job", "The invoice belongs to no job, and so to no opportunity.")
    if bill.deal_id is None and not bill.active:
        return Skip("inactive", "The invoice was taken away before its job had an opportunity.")
    if bill.deal_id is None:
        words = (
            f"Job {bill.job or bill.job_id} has no opportunity yet. “Completed job → Opportunity” makes one when the "
            "job is completed; then the amount follows by itself."
        )
        return Wait("no_opportunity", words)
    return Made(
        (Wanted("opportunity", {"amount": bill.revenue}, record_id=bill.deal_id, firm=frozenset({"amount"})),)
    )


def needs(tenant: Tenant, settings: Settings) -> Sequence[Need]:
    """That there is an object for copies, and that amounts of an org with several currencies name theirs."""
    connection = Connection.objects.filter(tenant=tenant, system="salesforce").first()
    if connection is None:
        return []
    entity = "invoice" if settings["target"] == COPY else "opportunity"
    rule = connection.rules.filter(entity=entity).first()
    if rule is None:
        place = Place("admin:integrations_connection_objects", (connection.pk,))
        words = "An object of Salesforce takes copies of the invoices"
        return [Need(words, False, "Choose the object, such as ST_Invoice__c", place)]
    found = [Need(f"Invoices go to {rule.object}", True)] if rule.object else []
    described = rule.remote_fields.fields if hasattr(rule, "remote_fields") else []
    if any(field["path"] == "CurrencyIsoCode" for field in described):
        lines = rule.mappings.filter(remote="CurrencyIsoCode").exclude(direction="pull")
        place = Place("admin:integrations_syncrule_change", (rule.pk,))
        words = f"Amounts name their currency ({tenant.currency})"
        todo = f"Push the constant {tenant.currency} to CurrencyIsoCode"
        found.append(Need(words, lines.exists(), todo, place))
    return found


FLOW = FlowSpec(
    name="revenue",
    title="Invoices → revenue",
    does="Keeps the amount of each job's Opportunity at what its invoices come to, adjustments too, to the cent; or "
    "writes each invoice to an object of the org's own.",
    systems=("servicetitan", "salesforce"),
    subject="invoice",
    triggers={"invoice": itself, "payment": of_payments, "opportunity": of_deals},
    subjects=subjects,
    read=read,
    plan=plan,
    rules=(
        NeededRule("servicetitan", "invoice"),
        NeededRule("servicetitan", "payment"),
        NeededRule("salesforce", "opportunity", pushes=True, only=("target", DEAL)),
        NeededRule("salesforce", "invoice", pushes=True, only=("target", COPY)),
    ),
    settings=(
        Setting(
            "target",
            "Amounts go to",
            "choice",
            DEAL,
            "Copies go to the object that was added on the connection's page under Sync rules.",
            (
                (DEAL, "the Opportunity of the invoice's job"),
                (COPY, "an object that takes copies of invoices"),
            ),
        ),
        Setting(
            "figure",
            "The Opportunity's amount is",
            "choice",
            "total",
            "Copies have all figures.",
            (
                ("total", "what was invoiced, with tax"),
                ("subtotal", "what was invoiced, without tax"),
                ("paid", "what was paid of it"),
            ),
        ),
    ),
    needs=needs,
    check=revenue_check.table,
)
