"""A low rating becomes a case: of a technician after a job (0 to 10), or in a review (1 to 5). One case a rating.

It belongs to the customer of the rating or of its job, to the first person there, and to the owner who answers for the
job's business unit. A rating that somebody puts up again afterwards leaves its case as it is.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet

from integrations.connectors.entity import FieldMap
from integrations.flows.base import (
    FlowSpec,
    Line,
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
from integrations.flows.people import NOBODY, WAYS, customers_of, first_people, waiting_for_somebody
from integrations.models import Flow
from integrations.work import MISSING_SCOPE
from portal.models import Tenant
from reconciliation.models import Rating, ReferenceItem

NAME = "satisfaction"
OPINIONS = ("technician_rating", "review")
NOT_MATCHED = Wait(
    "no_customer", "Nobody has said whose review this is. Tie it to a job in ServiceTitan, under Reputation."
)


@dataclass(frozen=True, slots=True)
class Judged:
    """A rating with what a case shows of it. `owner_ids` are the owners that there still are."""

    kind: str
    rating: Decimal | None
    most: int
    active: bool
    text: str = ""
    platform: str = ""
    author: str = ""
    technician: str = ""
    job_id: int | None = None
    job: str = ""
    job_type: str = ""
    unit_id: int | None = None
    customer_id: int | None = None
    customer: str = ""
    person_id: int | None = None
    owner_ids: frozenset[int] = frozenset()


def subjects(tenant_id: int, since: datetime | None) -> "QuerySet[Any]":
    """Low ratings: the others are many, and concern nobody here."""
    stored = Flow.objects.filter(tenant=tenant_id, name=NAME).values_list("settings", flat=True).first()
    low = Q(pk__in=[])
    for kind, most in limits(FLOW.chosen(stored or {})).items():
        low |= Q(kind=kind, rating__lte=most)
    ratings = Rating.objects.filter(low, tenant=tenant_id, active=True)
    return ratings.filter(source_created_at__gte=since) if since else ratings


def limits(settings: Settings) -> dict[str, Decimal]:
    """The highest rating of each kind that makes a case."""
    return {
        Rating.Kind.TECHNICIAN: Decimal(str(settings["technician_at_most"])),
        Rating.Kind.REVIEW: Decimal(str(settings["review_at_most"])),
    }


def of_people(tenant_id: int, record_ids: Collection[int]) -> Iterable[int]:
    """The ratings that have waited for somebody at the customers of whom these are the people."""
    payers = customers_of(tenant_id, record_ids)
    ratings = Rating.objects.filter(tenant=tenant_id, pk__in=waiting_for_somebody(tenant_id, NAME))
    return ratings.filter(Q(customer__in=payers) | Q(job__customer__in=payers)).values_list("pk", flat=True)


def read(tenant_id: int, ids: Sequence[int], settings: Settings) -> Mapping[int, Judged]:
    rows = Rating.objects.filter(tenant=tenant_id, pk__in=list(ids))
    found = list(rows.select_related("customer", "technician", "job__customer", "job__job_type"))
    people = first_people(payer.pk for rating in found if (payer := _payer(rating)))
    owners = ReferenceItem.objects.filter(tenant=tenant_id, kind=ReferenceItem.Kind.OWNER, active=True)
    known = frozenset(owners.values_list("pk", flat=True))
    return {rating.pk: _judged(rating, people, known) for rating in found}


def _payer(rating: Rating) -> Any:
    return rating.customer or (rating.job and rating.job.customer)


def _judged(rating: Rating, people: Mapping[int, int], owners: frozenset[int]) -> Judged:
    job, payer = rating.job, _payer(rating)
    return Judged(
        kind=rating.kind,
        rating=rating.rating,
        most=rating.most,
        active=rating.active,
        text=rating.text,
        platform=rating.platform,
        author=rating.author_name,
        technician=rating.technician.name if rating.technician else "",
        job_id=rating.job_id,
        job=job.number if job else "",
        job_type=job.job_type.name if job and job.job_type else "",
        unit_id=rating.business_unit_id or (job.business_unit_id if job else None),
        customer_id=payer.pk if payer else None,
        customer=payer.name if payer else "",
        person_id=people.get(payer.pk) if payer else None,
        owner_ids=owners,
    )


def plan(judged: Judged, settings: Settings) -> Plan:
    if not judged.active or judged.rating is None:
        return Skip("withdrawn", "The rating was taken back.")
    if judged.rating > limits(settings)[judged.kind]:
        return Skip("not_low", f"It is {_figure(judged)} now.")
    if judged.customer_id is None:
        return NOT_MATCHED
    if judged.person_id is None:
        return NOBODY
    return Made((_case(judged, settings),))


def _case(judged: Judged, settings: Settings) -> Wanted:
    return Wanted(
        "case",
        {"subject": _subject(judged), "description": _description(judged)},
        {"customer": judged.customer_id, "job": judged.job_id},
        at_first={
            "priority": settings["priority"],
            "origin": settings["origin"],
            "person": judged.person_id,
            "owner": _owner(judged, settings),
        },
    )


def _owner(judged: Judged, settings: Settings) -> int | None:
    """Who answers for the business unit, else who answers for all; nobody who has left."""
    asked = (settings["owners"].get(str(judged.unit_id)), settings["owner"])
    return next((pk for pk in asked if pk in judged.owner_ids), None)


def _figure(judged: Judged) -> str:
    return f"{judged.rating.normalize():f} of {judged.most}" if judged.rating is not None else "no figure"


def _subject(judged: Judged) -> str:
    what = "Review" if judged.kind == Rating.Kind.REVIEW else "Technician rating"
    of = f" for job {judged.job}" if judged.job else ""
    return f"{what}: {_figure(judged)}{of}"[:255]


def _description(judged: Judged) -> str:
    lines = [
        judged.text,
        f"Customer: {judged.customer}",
        f"Job: {' '.join(filter(None, (judged.job, judged.job_type)))}" if judged.job_id else "",
        f"Technician: {judged.technician}" if judged.technician else "",
        f"Written on {judged.platform} by {judged.author}" if judged.platform else "",
    ]
    return "\n".join(line for line in lines if line)


def needs(tenant: Tenant, settings: Settings) -> Sequence[Need]:
    """A merchant may lack one of the two: reviews are an extra of ServiceTitan's."""
    connection = tenant.connections.filter(system="servicetitan").first()
    if connection is None:
        return ()
    may_see = connection.rules.filter(entity__in=OPINIONS).exclude(off_because__startswith=MISSING_SCOPE)
    test = Place("admin:integrations_connection_test", (connection.pk,))
    words = "ServiceTitan lets us see technician ratings or reviews"
    return (Need(words, may_see.exists(), "How to grant it", test),)


FLOW = FlowSpec(
    name=NAME,
    title="Low satisfaction → Case",
    does="Makes a Case of each low technician rating or review, once, tied to the customer, the job and the Contact, "
    "for the owner you choose.",
    systems=("servicetitan", "salesforce"),
    subject="technician_rating",
    triggers={"technician_rating": itself, "review": itself, "person": of_people},
    subjects=subjects,
    read=read,
    plan=plan,
    ways=WAYS,
    rules=(
        NeededRule("servicetitan", "job"),
        NeededRule("servicetitan", "technician_rating", optional=True),
        NeededRule("servicetitan", "review", optional=True),
        NeededRule("salesforce", "owner"),
        NeededRule("salesforce", "customer"),
        NeededRule("salesforce", "person"),
        NeededRule("salesforce", "case", pushes=True),
    ),
    needs=needs,
    lines=(Line("salesforce", "case", FieldMap("ServiceTitan_Job__c", "job.number", direction="push")),),
    settings=(
        Setting(
            "technician_at_most",
            "Technician ratings up to",
            "decimal",
            default="4",
            help="Of 10. Ratings up to this one become cases.",
            required=True,
        ),
        Setting(
            "review_at_most",
            "Reviews up to",
            "decimal",
            default="2",
            help="Of 5 stars. Reviews up to this many become cases.",
            required=True,
        ),
        Setting("priority", "Priority", default="High", required=True, help="As Salesforce calls it."),
        Setting("origin", "Origin", help="As Salesforce calls it. Empty: Salesforce's own default."),
        Setting(
            "owner",
            "Owner",
            "reference",
            default=None,
            refers_to="owner",
            help="Who gets the cases. Nobody chosen: Salesforce's own rules decide.",
        ),
        Setting(
            "owners",
            "Owner by business unit",
            "pairs",
            default={},
            each="business_unit",
            refers_to="owner",
            help="Who gets the cases of a unit's jobs. Nobody chosen: the owner above.",
        ),
    ),
)
