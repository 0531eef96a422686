"""The window of a visit that was wished for with a sale, not agreed on the telephone. Pure.

A wish is kept where a window can keep it: times of up to half a day, or a day, in the usual hours. Without one, or where
it is over, the visit is put on the next working day that the shop leaves itself. What the window does not keep comes
back as words, for the dispatcher.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

LONGEST = timedelta(hours=12)
FARTHEST = 60
SATURDAY = 5
_UTC = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class Usual:
    """Where nothing is wished: so many working days ahead, between these hours of the tenant's day."""

    days: int = 1
    from_hour: int = 9
    until_hour: int = 12

    def on(self, day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
        begin = max(0, min(self.from_hour, 22))
        end = max(begin + 1, min(self.until_hour, 23))
        return datetime.combine(day, time(begin), zone), datetime.combine(day, time(end), zone)

    def after(self, day: date) -> date:
        """The working day that is so many ahead of this one."""
        return working_day(day, self.days)


Window = tuple[datetime, datetime, str]
"""From, until, and what of the wish it does not keep."""


def window(
    wanted: datetime | None, until: datetime | None, usual: Usual, now: datetime, zone: ZoneInfo
) -> Window:
    """When somebody is to come. All times are aware."""
    today = now.astimezone(zone).date()
    if wanted is None:
        return *usual.on(usual.after(today), zone), ""
    wish = f"Wanted: {_words(wanted, until, zone)}"
    if _day(wanted, zone) < today:
        return *usual.on(usual.after(today), zone), wish
    if not _is_day(wanted, zone):
        end = until or wanted + LONGEST
        if now < end and timedelta() < end - wanted <= LONGEST and until is not None:
            return wanted, end, ""
        begin, usual_end = usual.on(_day(wanted, zone), zone)
        start, end = wanted, wanted + (usual_end - begin)
    else:
        start, end = usual.on(_day(wanted, zone), zone)
    if end <= now:
        return *usual.on(working_day(today, 1), zone), wish
    return start, end, wish if until is not None else ""


def _is_day(wanted: datetime, zone: ZoneInfo) -> bool:
    """Whether a day was meant: midnight there, or in UTC, as systems write a date that they keep as a time."""
    return time() in (wanted.astimezone(zone).time(), wanted.astimezone(_UTC).time())


def _day(wanted: datetime, zone: ZoneInfo) -> date:
    utc = wanted.astimezone(_UTC)
    return utc.date() if utc.time() == time() else wanted.astimezone(zone).date()


def working_day(day: date, ahead: int) -> date:
    """So many working days after this one, at least one."""
    for _ in range(max(1, min(ahead, FARTHEST))):
        day += timedelta(days=1)
        while day.weekday() >= SATURDAY:
            day += timedelta(days=1)
    return day


def _words(wanted: datetime, until: datetime | None, zone: ZoneInfo) -> str:
    def said(moment: datetime) -> str:
        if _is_day(moment, zone):
            return f"{_day(moment, zone):%a %-d %b %Y}"
        return f"{moment.astimezone(zone):%a %-d %b %Y %H:%M}"

    return " to ".join(said(moment) for moment in (wanted, until) if moment)
