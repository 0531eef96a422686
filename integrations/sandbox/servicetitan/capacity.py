"""When the shop could still take work in: two windows a day, less what is booked already, for two weeks ahead."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from werkzeug.wrappers import Response

from integrations.sandbox import times
from integrations.sandbox.servicetitan.control import Control
from integrations.sandbox.servicetitan.replies import as_json, invalid
from integrations.sandbox.servicetitan.store import Body, Store

ZONE = ZoneInfo("America/Los_Angeles")
WINDOWS = ((8, 12), (12, 16))
AHEAD = timedelta(days=14)
_OPEN = {"Scheduled", "Dispatched", "Working", "Hold"}


def answer(control: Control, body: Body) -> Response:
    """A POST that reads. Frames that have begun, on Sundays, or farther than two weeks ahead are not offered."""
    begin, end = (_moment(body[name]) for name in ("startsOnOrAfter", "endsOnOrBefore"))
    if end <= begin:
        raise invalid(endsOnOrBefore="It must be after startsOnOrAfter.")
    now = _moment(times.to_text(control.present()))
    store, units = control.store, _units(control.store, body.get("businessUnitIds"))
    crew = [
        row for _, row in store["technicians"].bodies() if row["active"] and row["businessUnitId"] in units
    ]
    booked = list(_booked(store, units))
    frames = [
        frame
        for frame in _frames(max(begin, now), min(end, now + AHEAD))
        if frame[0] >= begin and frame[1] <= end
    ]
    found = [_availability(*frame, sorted(units), crew, booked) for frame in frames]
    return as_json({"timeStamp": times.to_text(control.present()), "availabilities": found})


def _units(store: Store, wanted: Iterable[int] | None) -> set[int]:
    known = {row["id"] for _, row in store["business-units"].bodies() if row["active"]}
    if wanted is None:
        return known
    if not set(wanted) <= set(store["business-units"].rows):
        raise invalid(businessUnitIds="A business unit was not found.")
    return set(wanted)


def _frames(begin: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    day = begin.astimezone(ZONE).date()
    while day <= end.astimezone(ZONE).date():
        for opens, closes in WINDOWS if day.weekday() < 6 else ():
            start = _at(day, opens)
            if start >= begin:
                yield start, _at(day, closes)
        day += timedelta(days=1)


def _at(day: date, hour: int) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=ZONE).astimezone(UTC)


def _booked(store: Store, units: set[int]) -> Iterator[tuple[datetime, datetime]]:
    for _, row in store["appointments"].bodies():
        if row["status"] in _OPEN and store["jobs"].read(row["jobId"])["businessUnitId"] in units:
            yield _moment(row["start"]), _moment(row["end"])


def _availability(
    start: datetime,
    end: datetime,
    units: list[int],
    crew: list[Body],
    booked: list[tuple[datetime, datetime]],
) -> Body:
    total = _hours(end - start) * len(crew)
    taken = sum(max(0.0, _hours(min(end, until) - max(start, since))) for since, until in booked)
    free = max(0.0, total - taken)
    return {
        "start": _local(start), "end": _local(end), "startUtc": _text(start), "endUtc": _text(end),
        "businessUnitIds": units, "totalAvailability": total, "openAvailability": free,
        "technicians": [
            {"id": row["id"], "name": row["name"], "status": "Available" if free else "Unavailable",
             "hasRequiredSkills": True}
            for row in crew
        ],
        "isAvailable": free > 0, "isExceedingIdealBookingPercentage": total > 0 and taken > 0.8 * total,
    }  # fmt: skip


def _hours(span: timedelta) -> float:
    return span.total_seconds() / 3600


def _moment(text: str) -> datetime:
    return datetime.fromtimestamp(times.from_text(text) / times.SECOND, UTC)


def _text(moment: datetime) -> str:
    return times.to_text(times.from_datetime(moment))


def _local(moment: datetime) -> str:
    """The clock on the merchant's wall, written as if it were UTC: so the paired names suggest."""
    return _text(moment.astimezone(ZONE).replace(tzinfo=UTC))
