"""Jobs: booked, and looked at."""

from datetime import datetime
from typing import Any, Literal

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from ninja import Field, Router, Schema
from pydantic import model_validator

from integrations.api.auth import Caller, caller_of
from integrations.api.problems import invalid
from integrations.api.schemas import Given, Id, Item, Line, Moment, Named, Problem, Words
from integrations.api.standing import ConnectionState, connections_of
from integrations.api.timeline import Event, timeline_of
from integrations.api.writing import HEADER, write
from integrations.booking import asked as asking
from integrations.booking.making import book
from integrations.booking.people import Maker
from integrations.idempotency import Answer
from reconciliation.models import Job

router = Router(tags=["Jobs"])


class AddressIn(Given):
    street: Line
    unit: Line = ""
    city: Line
    state: Line
    postal_code: Line
    country: Line = "USA"


class CustomerIn(Given):
    """By `id`; or found by `phone` (in any spelling), else by `email`; or made of these, `name` and the address."""

    id: Id | None = None
    name: Line = ""
    phone: Line = ""
    email: Line = ""
    kind: Literal["Residential", "Commercial"] = "Residential"

    @model_validator(mode="after")
    def is_somebody(self) -> "CustomerIn":
        if self.email and ("@" not in self.email.strip("@") or " " in self.email):
            raise ValueError("email is not an e-mail address.")
        return self


class LocationIn(Given):
    """By `id`, or by `address`, which is made where the customer has none like it."""

    id: Id | None = None
    name: Line = ""
    address: AddressIn | None = None


class WindowIn(Given):
    """When the technician arrives, with offsets from UTC."""

    start: Moment
    end: Moment


class JobIn(Given):
    """Either `campaign`, or `lead_source`, which the connection's page Lead sources ties to a campaign."""

    customer: CustomerIn
    location: LocationIn = Field(default_factory=LocationIn)
    job_type: Named
    business_unit: Named
    campaign: Named | None = None
    lead_source: Line = ""
    arrival_window: WindowIn
    priority: Literal["Low", "Normal", "High", "Urgent"] = "Normal"
    summary: Words = ""
    customer_po: Line = ""


class Window(Schema):
    start: datetime
    end: datetime


class AppointmentOut(Schema):
    id: int
    number: str
    status: str
    start: datetime | None
    end: datetime | None
    arrival_window: Window | None


class LocationOut(Schema):
    id: int
    name: str
    address: str


class JobOut(Schema):
    """`status` is ServiceTitan's once the job is there; `connections` say where it stands, `events` how it got there."""

    id: int
    number: str
    status: str
    priority: str
    summary: str
    customer_po: str
    created_at: datetime
    completed_at: datetime | None
    customer: Item
    location: LocationOut
    business_unit: Item | None
    job_type: Item | None
    campaign: Item | None
    lead_source: str
    appointments: list[AppointmentOut]
    connections: list[ConnectionState]
    events: list[Event] = Field(description="What happened to the job, newest first, at most 50.")


_PROBLEMS: dict[int, Any] = dict.fromkeys((400, 401, 409, 413, 422, 429), Problem)
_KEY = {
    "in": "header",
    "name": HEADER,
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    "description": (
        "Any text of your own for this booking, such as a UUID. The same key and body get the same answer for three "
        "days and book once; the same key with another body gets 409. Without it every request books."
    ),
}


@router.post(
    "", response={201: JobOut, **_PROBLEMS}, summary="Book a job", openapi_extra={"parameters": [_KEY]}
)
def book_job(request: HttpRequest, data: JobIn) -> HttpResponse:
    """Finds or makes the customer and the location and books a job with one visit. It is sent on at once."""
    caller = caller_of(request)
    return write(request, lambda: _booked(caller, data))


@router.get(
    "/{int:job_id}", response={200: JobOut, 401: Problem, 404: Problem, 429: Problem}, summary="Read a job"
)
def read_job(request: HttpRequest, job_id: int) -> JobOut:
    """A job with its status, its visits, where it stands in each connected system, and what happened to it."""
    return shown(caller_of(request), job_id)


def _booked(caller: Caller, data: JobIn) -> Answer:
    client = caller.client
    maker = Maker(caller.tenant, source=client.source, note=f"Booked through the API by {client}")
    try:
        job = book(maker, _asked(data))
    except asking.Refused as error:
        raise invalid((problem.field, problem.message) for problem in error.problems) from None
    location = reverse("api-1:read_job", args=[job.pk])
    return Answer(201, shown(caller, job.pk).model_dump_json(), location)


def _asked(data: JobIn) -> asking.Asked:
    place, address = data.location, data.location.address
    return asking.Asked(
        customer=asking.Person(**data.customer.model_dump()),
        location=asking.Place(
            place.id, asking.Address(**address.model_dump()) if address else None, place.name
        ),
        job_type=data.job_type,
        business_unit=data.business_unit,
        campaign=data.campaign,
        lead_source=data.lead_source,
        start=data.arrival_window.start,
        end=data.arrival_window.end,
        priority=data.priority,
        summary=data.summary,
        customer_po=data.customer_po,
    )


def shown(caller: Caller, job_id: int) -> JobOut:
    """Raises Http404 where the caller's tenant has no such job."""
    rows = caller.rows(Job).select_related(
        "tenant", "customer", "location", "business_unit", "job_type", "campaign"
    )
    job = rows.filter(pk=job_id).first()
    if job is None:
        raise Http404
    return JobOut(
        id=job.pk,
        number=job.number,
        status=job.status,
        priority=job.priority,
        summary=job.summary,
        customer_po=job.customer_po,
        created_at=job.source_created_at or job.created_at,
        completed_at=job.completed_at,
        customer=_item(job.customer),
        location=LocationOut(id=job.location_id, name=job.location.name, address=job.location.address),
        business_unit=_item(job.business_unit),
        job_type=_item(job.job_type),
        campaign=_item(job.campaign),
        lead_source=job.lead_source,
        appointments=[_visit(visit) for visit in job.appointments.order_by("starts_at", "pk")],
        connections=connections_of("job", job),
        events=timeline_of("job", job),
    )


def _item(row: Any) -> Any:
    return None if row is None else Item(id=row.pk, name=row.name)


def _visit(visit: Any) -> AppointmentOut:
    begin, end = visit.arrival_window_start, visit.arrival_window_end
    return AppointmentOut(
        id=visit.pk,
        number=visit.number,
        status=visit.status,
        start=visit.starts_at,
        end=visit.ends_at,
        arrival_window=Window(start=begin, end=end) if begin and end else None,
    )
