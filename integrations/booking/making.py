"""A booking becomes a job with its visit: all of it, or nothing."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from integrations.booking.asked import Asked, Named, Problem, Refused, problems
from integrations.booking.people import Maker, customer_for, location_for
from portal.models import Tenant
from reconciliation.models import Job, ReferenceItem

ITEMS = ("business_unit", "job_type", "campaign")
SCHEDULED = "Scheduled"


def book(maker: Maker, asked: Asked, now: datetime | None = None) -> Job:
    """Make the job, its visit and what it needs. Raises Refused, with nothing made."""
    if found := problems(asked, now or timezone.now()):
        raise Refused(found)
    with transaction.atomic():
        # One booking of a tenant at a time: two for the same new customer would make two customers.
        Tenant.objects.select_for_update().get(pk=maker.tenant.pk)
        items = _items(maker.tenant, asked)
        customer = customer_for(maker, asked.customer, asked.location.address)
        location = location_for(maker, customer, asked.location)
        return _job(maker, asked, customer=customer, location=location, **items)


def job_values(asked: Asked) -> dict[str, Any]:
    """What a booked job holds, beside what it refers to."""
    return {
        "status": SCHEDULED,
        "priority": asked.priority,
        "summary": asked.summary,
        "customer_po": asked.customer_po,
        "lead_source": asked.lead_source,
    }


def visit_values(asked: Asked) -> dict[str, Any]:
    """The job's first visit."""
    return {
        "status": SCHEDULED,
        "starts_at": asked.start,
        "ends_at": asked.end,
        "arrival_window_start": asked.start,
        "arrival_window_end": asked.end,
    }


def _job(maker: Maker, asked: Asked, **references: Any) -> Job:
    job: Job = maker.make("job", job_values(asked), **references)
    maker.make("appointment", visit_values(asked), job=job)
    return job


def _items(tenant: Tenant, asked: Asked) -> dict[str, ReferenceItem]:
    """The items of reference lists by field; every one that is wrong is named. One query a list."""
    found: dict[str, ReferenceItem] = {}
    wrong: list[Problem] = []
    for name in ITEMS:
        named = getattr(asked, name)
        if named is None:
            continue
        try:
            found[name] = item(tenant, name, named)
        except Refused as error:
            wrong += error.problems
    if wrong:
        raise Refused(wrong)
    return found


def item(tenant: Tenant, kind: str, named: Named) -> ReferenceItem:
    """An active item of a list by the portal's id (a number), or by its name or its source's id. Raises Refused."""
    rows = ReferenceItem.objects.filter(tenant=tenant, kind=kind, active=True)
    by = Q(pk=named) if isinstance(named, int) else Q(name__iexact=named) | Q(external_id=named)
    matching = list(rows.filter(by).order_by("pk")[:20])
    if not isinstance(named, int):  # a name goes before an id that looks the same
        matching = [one for one in matching if one.name.casefold() == named.casefold()] or matching
    words = kind.replace("_", " ")
    if len(matching) > 1:
        raise Refused([Problem(kind, f"Several items are called so: give the id of the {words}.")])
    if not matching:
        raise Refused([Problem(kind, f"There is no such active {words}.")])
    return matching[0]
