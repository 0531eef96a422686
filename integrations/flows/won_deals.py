"""An opportunity won in Salesforce becomes a job in ServiceTitan: once, and as soon as it can be booked.

The route: a deal, or what it waits for, changes -> deals that are won, with all that a booking needs, read together ->
`won_deal_plans` -> job and visit, as any other booking makes them (`integrations.booking`), and the deal names its job.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.utils import timezone

from integrations.booking.asked import PRIORITIES
from integrations.flows.base import FlowSpec, NeededRule, Place, Setting, Settings, Way, itself
from integrations.flows.won_deal_plans import MARK, Deal, Service, Shop, Spot, plan
from integrations.models import FlowMade, LeadSource
from portal.models import Tenant
from reconciliation.models import Change, Job, Link, Location, Opportunity, ReferenceItem
from reconciliation.normalise import search_key

NAME, SYSTEM = "won_deals", "servicetitan"
_CUSTOMERS = Place("admin:reconciliation_customer_changelist")
_CAME_TO_BE_WON = '"is_won":[false,true]'


def subjects(tenant_id: int, since: datetime | None) -> "QuerySet[Any]":
    """Won deals; those won `since` by their day, or by when they came to be won: not every one saves its day anew.

    One that comes won already, with a day before, is history that somebody has entered: no job is booked for it.
    """
    deals = Opportunity.objects.filter(tenant=tenant_id, is_won=True, active=True)
    if since is None:
        return deals
    changes = Change.objects.annotate(said=Cast("fields", TextField())).filter(
        entity="opportunity", record_id=OuterRef("pk"), at__gte=since, said__contains=_CAME_TO_BE_WON
    )
    return deals.filter(Q(closes_on__gte=since.date().isoformat()) | Exists(changes))


def of_customers(tenant_id: int, record_ids: Collection[int]) -> Iterable[int]:
    deals = Opportunity.objects.filter(tenant=tenant_id, customer__in=list(record_ids), is_won=True, job=None)
    return deals.values_list("pk", flat=True)


def of_locations(tenant_id: int, record_ids: Collection[int]) -> Iterable[int]:
    """A location is what a deal may have waited for."""
    owners = Location.objects.filter(tenant=tenant_id, pk__in=list(record_ids)).values("customer")
    deals = Opportunity.objects.filter(tenant=tenant_id, customer__in=owners, is_won=True, job=None)
    return deals.values_list("pk", flat=True)


def of_lists(tenant_id: int, record_ids: Collection[int]) -> Iterable[int]:
    """A new job type may be the one that a deal names."""
    deals = Opportunity.objects.filter(tenant=tenant_id, is_won=True, job=None)
    return deals.values_list("pk", flat=True)


def read(tenant_id: int, ids: Sequence[int], settings: Settings) -> Mapping[int, Deal]:
    deals = list(Opportunity.objects.filter(tenant=tenant_id, pk__in=list(ids)).select_related("customer"))
    customers = {deal.customer_id for deal in deals if deal.customer_id}
    there = _live(tenant_id, "customer", customers)
    spots = _spots(customers)
    ours = _booked_here(tenant_id, ids)
    twins = _jobs_that_name(deals)
    shop, now = _shop(tenant_id), timezone.now()
    return {
        deal.pk: Deal(
            id=deal.pk,
            name=deal.name,
            is_won=deal.is_won and deal.active,
            external_id=deal.external_id,
            customer_id=deal.customer_id,
            customer=deal.customer.name if deal.customer else "",
            address_key=deal.customer.address_key if deal.customer else "",
            do_not_service=bool(deal.customer and deal.customer.do_not_service),
            in_servicetitan=deal.customer_id in there,
            spots=spots.get(deal.customer_id or 0, ()),
            job_id=deal.job_id or twins.get(deal.external_id),
            is_ours=deal.pk in ours,
            service_type=deal.service_type or deal.kind,
            place=deal.place,
            wanted_from=deal.wanted_from,
            wanted_until=deal.wanted_until,
            lead_source=deal.lead_source,
            description=deal.description,
            shop=shop,
            now=now,
        )
        for deal in deals
    }


def _live(tenant_id: int, entity: str, record_ids: Collection[int]) -> set[int]:
    """Those of these records that ServiceTitan has."""
    links = Link.objects.filter(
        source__tenant=tenant_id, source__system=SYSTEM, entity=entity, state=Link.State.LIVE
    )
    found = links.filter(record_id__in=list(record_ids)).values_list("record_id", flat=True)
    return {pk for pk in found if pk is not None}


def _spots(customer_ids: Collection[int]) -> dict[int, tuple[Spot, ...]]:
    rows = Location.objects.filter(customer__in=list(customer_ids), active=True, merged_into=None)
    found: dict[int, list[Spot]] = {}
    for row in rows.order_by("pk"):
        found.setdefault(row.customer_id, []).append(Spot(row.pk, row.external_id, row.name, row.address_key))
    return {customer_id: tuple(spots) for customer_id, spots in found.items()}


def _booked_here(tenant_id: int, ids: Sequence[int]) -> set[int]:
    """Deals that this flow has booked a job for, whatever has become of the job since."""
    made = FlowMade.objects.filter(
        item__flow__tenant=tenant_id, item__flow__name=NAME, item__record_id__in=list(ids), role="job"
    )
    return set(made.values_list("item__record_id", flat=True))


def _jobs_that_name(deals: Sequence[Opportunity]) -> dict[str, int]:
    """Jobs that were booked for these deals when the portal knew them under other numbers: before a disconnect."""
    customers = {deal.customer_id for deal in deals if deal.customer_id and deal.job_id is None}
    jobs = Job.objects.filter(customer__in=customers, summary__contains=MARK)
    return {
        summary.rpartition(MARK)[2].split()[0]: pk
        for pk, summary in jobs.values_list("pk", "summary")
        if summary.rpartition(MARK)[2].split()
    }


def _shop(tenant_id: int) -> Shop:
    kinds = ("job_type", "business_unit", "campaign")
    links = Link.objects.filter(
        source__tenant=tenant_id, source__system=SYSTEM, entity__in=kinds, state=Link.State.LIVE
    )
    external = dict(links.values_list("record_id", "external_id"))
    items = ReferenceItem.objects.filter(tenant=tenant_id, kind__in=kinds, active=True, pk__in=list(external))
    rows = list(items.order_by("pk"))
    units = {external[row.pk]: row for row in rows if row.kind == "business_unit"}
    sources = LeadSource.objects.filter(connection__tenant=tenant_id, connection__system=SYSTEM)
    return Shop(
        services=tuple(_service(row, units) for row in rows if row.kind == "job_type"),
        units={row.pk: row.name for row in units.values()},
        campaigns=frozenset(row.pk for row in rows if row.kind == "campaign"),
        lead_sources=frozenset(search_key(name) for name in sources.values_list("name", flat=True)),
        zone=Tenant.objects.get(pk=tenant_id).zone,
    )


def _service(row: ReferenceItem, units: Mapping[str, ReferenceItem]) -> Service:
    details = row.details if isinstance(row.details, dict) else {}
    does = [units[str(key)].pk for key in details.get("businessUnitIds") or () if str(key) in units]
    said = str(details.get("priority") or "").capitalize()
    return Service(row.pk, row.name, tuple(does), said if said in PRIORITIES else "Normal")


FLOW = FlowSpec(
    name=NAME,
    title="Won Opportunity → ServiceTitan job",
    does="Books a job for each Opportunity that is won in Salesforce: customer, service type and the time that was "
    "wished for. One deal is one job. What cannot be booked waits, says why, and goes by itself once that is mended.",
    systems=("salesforce", "servicetitan"),
    subject="opportunity",
    triggers={
        "opportunity": itself,
        "customer": of_customers,
        "location": of_locations,
        "job_type": of_lists,
        "business_unit": of_lists,
        "campaign": of_lists,
    },
    subjects=subjects,
    read=read,
    plan=plan,
    rules=(
        NeededRule("salesforce", "customer"),
        NeededRule("salesforce", "opportunity"),
        NeededRule("servicetitan", "customer"),
        NeededRule("servicetitan", "location"),
        NeededRule("servicetitan", "job", pushes=True, creates="all"),
        NeededRule("servicetitan", "appointment", pushes=True, creates="all"),
    ),
    settings=(
        Setting(
            "services",
            "Service types",
            help="Which service type of a deal is which job type: “Boiler swap = Boiler replacement / HVAC; Tune-up = "
            "Maintenance”. The business unit may be left out. A service type that is called as a job type needs no "
            "line. A deal's service type is the field mapped to “service type”, else its Type.",
        ),
        Setting(
            "job_type",
            "Job type for all else",
            "reference",
            default=None,
            refers_to="job_type",
            help="Empty: a deal of another service type waits.",
        ),
        Setting("business_unit", "Business unit", "reference", default=None, refers_to="business_unit",
                help="For job types that several do, or that name none."),
        Setting("campaign", "Campaign", "reference", default=None, refers_to="campaign",
                help="For deals whose lead source is tied to none. ServiceTitan wants one of every job."),
        Setting("days", "Working days ahead", "integer", default=1, required=True,
                help="Where the deal wishes for no time."),
        Setting("from_hour", "Visits from", "integer", default=9, required=True, help="Hour of the day, 0 to 22."),
        Setting("until_hour", "Visits until", "integer", default=12, required=True, help="Hour of the day, 1 to 23."),
    ),
    ways={
        "not_in_servicetitan": Way("Merge them on the list of customers", _CUSTOMERS),
    },
)  # fmt: skip
