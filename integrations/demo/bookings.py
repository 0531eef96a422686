"""Jobs that the demo's agent booked: two go to the sandbox and come back with a status, one waits for a person.

The route: booked as the form books -> a worker sends them -> the sandbox's dispatcher sends somebody to the first ->
the next pull brings the status.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Count
from django.utils import timezone

from integrations.booking.asked import Address, Asked, Person, Place, Problem, Refused
from integrations.booking.making import SCHEDULED, book
from integrations.booking.people import Maker
from integrations.demo.asking import ask
from integrations.models import Connection, Delivery
from portal.models import Tenant, User
from reconciliation.models import Job, Link, Location


@dataclass(frozen=True)
class Call:
    """What somebody said on the telephone. `name` is empty for a customer of old."""

    summary: str
    business_unit: str
    job_type: str
    days: int
    hour: int
    priority: str = "Normal"
    campaign: str | None = None
    lead_source: str = ""
    name: str = ""
    phone: str = ""
    street: str = ""


CALLS: Sequence[Call] = (
    Call("Water heater leaks into the pan, towels are down. Side door, dog is friendly.", "Plumbing", "Water heater",
         days=1, hour=8, priority="High", campaign="Repeat customer"),
    Call("Furnace starts and stops, house at 58. New in town, found us online.", "HVAC", "Furnace no heat",
         days=1, hour=12, priority="Urgent", campaign="Google Ads",
         name="Marisol Whitcombe", phone="(775) 555-0164", street="418 Juniper Ct"),
    Call("Wants a charger in the garage; panel is from 1998. Talked to us at the home show.", "Electrical", "EV charger",
         days=2, hour=12, lead_source="Home show booth",
         name="Dale Ferreira", phone="(775) 555-0171", street="27 Quarry View Dr"),
)  # fmt: skip
"""The last names a lead source that nobody has tied to a campaign yet."""


def book_some(tenant: Tenant, actor: User | None = None) -> list[Job]:
    """The jobs of these calls, booked unless an earlier start of the demo has. Raises Refused where lists are missing."""
    maker = Maker(tenant, actor=actor, note="Booked by hand")
    return [_booked(tenant, call) or book(maker, _asked(tenant, call)) for call in CALLS]


def on_their_way(jobs: Iterable[Job]) -> int:
    """How many are still to be sent; one that waits for a person is not."""
    rows = Delivery.objects.filter(entity="job", record_id__in=[job.pk for job in jobs])
    return rows.filter(state__in=Delivery.MOVING).count()


def waiting(jobs: Iterable[Job]) -> list[Delivery]:
    """Those that a person must see to before they can go."""
    rows = Delivery.objects.filter(entity="job", record_id__in=[job.pk for job in jobs])
    return list(rows.filter(state=Delivery.State.NEEDS_PERSON))


def dispatch_first(connection: Connection, jobs: Sequence[Job]) -> bool:
    """The sandbox's dispatcher sends somebody to the first job. False where that was done, or it is not there yet."""
    link = Link.objects.filter(source=connection.source_id, entity="job", record_id=jobs[0].pk).first()
    if link is None or not link.external_id or jobs[0].status != SCHEDULED:
        return False
    ask(connection, "dispatch", id=int(link.external_id))
    return True


def _booked(tenant: Tenant, call: Call) -> Job | None:
    return Job.objects.filter(tenant=tenant, summary=call.summary).first()


def _asked(tenant: Tenant, call: Call) -> Asked:
    start = datetime.combine(_workday(tenant, call.days), time(call.hour), tenant.zone)
    return Asked(
        customer=Person(name=call.name, phone=call.phone) if call.name else Person(id=_known(tenant).customer_id),
        location=Place(address=_address(tenant, call.street)) if call.name else Place(id=_known(tenant).pk),
        job_type=call.job_type, business_unit=call.business_unit, start=start, end=start + timedelta(hours=4),
        campaign=call.campaign, lead_source=call.lead_source, priority=call.priority, summary=call.summary,
    )  # fmt: skip


def _workday(tenant: Tenant, count: int) -> date:
    """So many days on, weekends left out."""
    day = timezone.now().astimezone(tenant.zone).date()
    while count:
        day += timedelta(days=1)
        count -= day.weekday() < 5
    return day


def _known(tenant: Tenant) -> Location:
    """The home of a customer who has only one."""
    rows: Any = Location.objects.filter(
        tenant=tenant, active=True, merged_into=None, customer__active=True, customer__merged_into=None,
        customer__do_not_service=False, customer__kind="Residential",
    )  # fmt: skip
    found: Location | None = (
        rows.annotate(homes=Count("customer__locations")).filter(homes=1).order_by("pk").first()
    )
    if found is None:
        raise Refused([Problem("customer", "The shop has no customer with a single home.")])
    return found


def _address(tenant: Tenant, street: str) -> Address:
    """Somewhere in the town of that customer."""
    near = _known(tenant)
    return Address(street=street, city=near.city, state=near.state, postal_code=near.postal_code)
