"""Nobody can be at two homes at once: a technician's visits compared, before anybody is told to go.

The route: the visit in question and the technician's other visits that are still to come -> `overlapping`, which is
pure -> words for a person.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from reconciliation.models import Assignment

OVER = ("Done", "Canceled", "Hold")
"""States of a visit in which it takes nobody's time any more, or not yet."""


@dataclass(frozen=True, slots=True)
class Visit:
    """A technician's time at one home, from `starts_at` up to and without `ends_at`."""

    appointment: int
    label: str
    starts_at: datetime | None
    ends_at: datetime | None


def overlapping(visit: Visit, others: Iterable[Visit]) -> list[Visit]:
    """Those of `others` that share some time with the visit. One that ends as another begins shares none."""
    if visit.starts_at is None or visit.ends_at is None:
        return []
    return [
        other
        for other in others
        if other.appointment != visit.appointment
        and other.starts_at is not None
        and other.ends_at is not None
        and other.starts_at < visit.ends_at
        and visit.starts_at < other.ends_at
    ]


def of_assignment(assignment: Any) -> str:
    """Why this technician cannot be sent to this visit; empty where nothing is known against it."""
    if not assignment.active or assignment.technician_id is None:
        return ""
    return _against(assignment.technician, assignment.appointment)


def of_appointment(appointment: Any) -> str:
    """Why the visit cannot be at its time: a technician who is sent there has another one then."""
    sent = Assignment.objects.filter(appointment=appointment, active=True, technician__isnull=False)
    for assignment in sent.select_related("technician").order_by("pk") if appointment.pk else ():
        if words := _against(assignment.technician, appointment):
            return words
    return ""


def _against(technician: Any, appointment: Any) -> str:
    visit = _visit(appointment)
    clashes = overlapping(visit, _visits_of(technician, visit))
    if not clashes:
        return ""
    other, zone = clashes[0], appointment.tenant.zone
    assert other.starts_at and other.ends_at  # noqa: S101  # or it would overlap nothing
    return (
        f"{technician} is at {other.label} from {other.starts_at.astimezone(zone):%d %b %H:%M} "
        f"to {other.ends_at.astimezone(zone):%H:%M}. Choose another technician or another time."
    )


def _visits_of(technician: Any, visit: Visit) -> list[Visit]:
    """The technician's visits near it that stand, as far as they are known here."""
    if visit.starts_at is None or visit.ends_at is None:
        return []
    rows = Assignment.objects.filter(
        technician=technician,
        active=True,
        appointment__active=True,
        appointment__starts_at__lt=visit.ends_at,
        appointment__ends_at__gt=visit.starts_at,
    ).exclude(Q(appointment__status__in=OVER) | Q(appointment__job__status="Canceled"))
    return [_visit(row.appointment) for row in rows.select_related("appointment__job")]


def _visit(appointment: Any) -> Visit:
    label = f"visit {appointment.number}" if appointment.number else f"{appointment.job}"
    return Visit(appointment.pk or 0, label, appointment.starts_at, appointment.ends_at)
