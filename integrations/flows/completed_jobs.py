"""A completed job becomes a won deal: with job type, value, technician and day, tied to the customer and its person.

A deal that the job came from is brought up to date; else one is made. What somebody writes into it afterwards stays,
until the job itself says something new.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet

from integrations.flows.base import (
    FlowSpec,
    Made,
    NeededRule,
    Plan,
    Ref,
    Setting,
    Settings,
    Skip,
    Wanted,
    itself,
)
from integrations.flows.people import first_people
from reconciliation.models import Assignment, Job, Opportunity, OpportunityRole

COMPLETED = "completed"


@dataclass(frozen=True, slots=True)
class JobDone:
    """A job with what of it a deal shows. `deal_id` is the one it has, `person_id` the customer's first person, where
    the deal names nobody yet."""

    number: str
    status: str
    active: bool
    completed_on: str
    total: Decimal | None
    job_type: str
    technicians: tuple[tuple[int, str], ...]
    summary: str
    customer_id: int
    customer: str
    job_id: int
    deal_id: int | None = None
    person_id: int | None = None


def subjects(tenant_id: int, since: datetime | None) -> "QuerySet[Any]":
    jobs = Job.objects.filter(tenant=tenant_id, status__iexact=COMPLETED, active=True)
    return jobs.filter(completed_at__gte=since) if since else jobs


def of_assignments(tenant_id: int, record_ids: Collection[int]) -> Iterable[int]:
    """The jobs of assignments: who was sent may be known after the job is done."""
    rows = Assignment.objects.filter(tenant=tenant_id, pk__in=list(record_ids), job__isnull=False)
    return [pk for pk in rows.values_list("job_id", flat=True).distinct() if pk is not None]


def read(tenant_id: int, ids: Sequence[int], settings: Settings) -> Mapping[int, JobDone]:
    jobs = Job.objects.filter(tenant=tenant_id, pk__in=list(ids)).select_related(
        "customer", "job_type", "tenant"
    )
    found = list(jobs)
    deals = dict(Opportunity.objects.filter(job__in=ids).values_list("job_id", "pk"))
    named = set(
        OpportunityRole.objects.filter(opportunity__in=deals.values()).values_list(
            "opportunity_id", flat=True
        )
    )
    people = first_people(job.customer_id for job in found)
    crews = crews_of(ids)
    return {
        job.pk: JobDone(
            number=job.number,
            status=job.status,
            active=job.active,
            completed_on=job.completed_at.astimezone(job.tenant.zone).date().isoformat()
            if job.completed_at
            else "",
            total=job.total,
            job_type=job.job_type.name if job.job_type else "",
            technicians=crews.get(job.pk, ()),
            summary=job.summary,
            customer_id=job.customer_id,
            customer=job.customer.name,
            job_id=job.pk,
            deal_id=(deal := deals.get(job.pk)),
            person_id=None if deal in named else people.get(job.customer_id),
        )
        for job in found
    }


def crews_of(job_ids: Sequence[int]) -> dict[int, tuple[tuple[int, str], ...]]:
    """The technicians of each job, in the order in which they were sent, each once."""
    rows = Assignment.objects.filter(job__in=job_ids, active=True, technician__isnull=False)
    found: dict[int, dict[int, str]] = {}
    for job_id, pk, name in rows.order_by("pk").values_list("job_id", "technician_id", "technician__name"):
        found.setdefault(int(job_id or 0), {}).setdefault(int(pk or 0), name)
    return {job_id: tuple(names.items()) for job_id, names in found.items()}


def plan(job: JobDone, settings: Settings) -> Plan:
    if job.status.casefold() != COMPLETED or not job.active:
        return Skip("not_completed", f"The job is no longer completed: it is “{job.status}”.")
    if not settings["without_value"] and not job.total:
        return Skip("no_value", "The job has no value.")
    name = f"{job.job_type or 'Job'} {job.number or job.job_id}"
    deal = Wanted(
        "opportunity",
        {
            "stage": settings["stage"],
            "is_closed": True,
            "is_won": True,
            "amount": job.total,
            "closes_on": job.completed_on,
            "kind": job.job_type,
            "description": _description(job),
        },
        {
            "customer": job.customer_id,
            "job": job.job_id,
            "technician": job.technicians[0][0] if job.technicians else None,
        },
        record_id=job.deal_id,
        at_first={"name": f"{job.customer}: {name}"[:120]},
    )
    if job.person_id is None:
        return Made((deal,))
    role = Wanted(
        "opportunity_role",
        references={"opportunity": Ref("opportunity"), "person": job.person_id},
        at_first={"is_primary": True},
    )
    return Made((deal, role))


def _description(job: JobDone) -> str:
    lines = [
        f"Job {job.number}" if job.number else "",
        f"Technician: {', '.join(name for _, name in job.technicians)}" if job.technicians else "",
        f"Completed: {job.completed_on}" if job.completed_on else "",
        job.summary,
    ]
    return "\n".join(line for line in lines if line)


FLOW = FlowSpec(
    name="completed_jobs",
    title="Completed job → Opportunity",
    does="Makes each completed job a won Opportunity, or brings the one it came from up to date: job type, value, "
    "technician and day, tied to Account and Contact.",
    systems=("servicetitan", "salesforce"),
    subject="job",
    triggers={"job": itself, "assignment": of_assignments},
    subjects=subjects,
    read=read,
    plan=plan,
    rules=(
        NeededRule("servicetitan", "job"),
        NeededRule("salesforce", "opportunity", pushes=True),
        NeededRule("salesforce", "opportunity_role", pushes=True),
        NeededRule("salesforce", "customer"),
        NeededRule("salesforce", "person"),
    ),
    settings=(
        Setting(
            "stage",
            "Stage",
            default="Closed Won",
            required=True,
            help="The stage of won deals in Salesforce.",
        ),
        Setting(
            "without_value",
            "Jobs without a value too",
            "boolean",
            default=True,
            help="Warranty visits and the like become deals of nothing.",
        ),
    ),
)
