"""Which rows of an export a person wants: by date, business unit, and whether they are active.

Dates are days in the tenant's time zone, both ends included, on the export's natural date (`DATES`). A source that
knows no dates sends midnight in UTC for one: such a value is that day everywhere, as on the records' pages.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Self
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet

from portal.models import Tenant
from reconciliation.exports.plans import Plan
from reconciliation.models import ReferenceItem

_DAY = timedelta(days=1)


class CannotNarrow(ValueError):
    """That filter means nothing for this export, with what to do instead."""


@dataclass(frozen=True)
class Narrowing:
    """What is wanted of an export; empty is everything. `business_unit` is its name or its id at the source."""

    since: date | None = None
    until: date | None = None
    business_unit: str = ""
    active: bool | None = None

    @classmethod
    def of(cls, stored: dict[str, Any]) -> Self:
        """From what `stored` gave."""
        days = {name: date.fromisoformat(stored[name]) for name in ("since", "until") if stored.get(name)}
        return cls(**{**stored, "since": None, "until": None, **days})

    def stored(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return {
            name: value.isoformat() if isinstance(value, date) else value
            for name, value in asdict(self).items()
        }

    def words(self) -> str:
        """For the audit trail and pages: "from 2026-03-01, to 2026-03-31, business unit HVAC, active only"."""
        parts = [f"{word} {day}" for word, day in (("from", self.since), ("to", self.until)) if day]
        if self.business_unit:
            parts.append(f"business unit {self.business_unit}")
        if self.active is not None:
            parts.append("active only" if self.active else "inactive only")
        return ", ".join(parts) or "all"


def narrowed(plan: Plan, rows: QuerySet[Any], tenant: Tenant, wanted: Narrowing) -> QuerySet[Any]:
    """The tenant's rows that are wanted. Raises CannotNarrow where a filter does not fit this export."""
    rows = plan.narrow(rows).filter(**{plan.tenant_path: tenant})
    what = plan.name.replace("_", " ")
    if wanted.since and wanted.until and wanted.since > wanted.until:
        raise CannotNarrow(f"The first day, {wanted.since}, lies behind the last, {wanted.until}.")
    if wanted.since or wanted.until:
        rows = rows.filter(_of_days(plan, wanted.since, wanted.until, tenant.zone))
    if wanted.business_unit:
        if not plan.unit:
            raise CannotNarrow(f"A business unit is not known of each {what}: leave that filter out.")
        rows = rows.filter(**{f"{plan.unit}__in": _units(tenant, wanted.business_unit)})
    if wanted.active is not None:
        if not plan.active:
            raise CannotNarrow(f"A {what} is neither active nor inactive: leave that filter out.")
        rows = rows.filter(**{plan.active: wanted.active})
    return rows


def _of_days(plan: Plan, since: date | None, until: date | None, zone: ZoneInfo) -> Q:
    """Rows of these days."""
    if not plan.bare_days:
        return _within(plan.date, since, until, zone)
    found = Q(**{f"{plan.date}__gt": ""})
    if since:
        found &= Q(**{f"{plan.date}__gte": since.isoformat()})
    return found & Q(**{f"{plan.date}__lte": until.isoformat()}) if until else found


def _within(path: str, since: date | None, until: date | None, zone: ZoneInfo) -> Q:
    """Times whose day lies within. Bare dates count by their day in UTC; only those at the ends can differ."""
    begin = _midnight(since, zone) if since else None
    end = _midnight(until + _DAY, zone) if until else None
    found = Q(**{f"{path}__isnull": False})
    if begin:
        found &= Q(**{f"{path}__gte": begin})
    if end:
        found &= Q(**{f"{path}__lt": end})
    inside, outside = [], []
    for day in _days_at_the_ends(since, until):
        bare = _midnight(day, UTC)
        meant = (not since or day >= since) and (not until or day <= until)
        taken = (not begin or bare >= begin) and (not end or bare < end)
        if meant and not taken:
            inside.append(bare)
        if taken and not meant:
            outside.append(bare)
    return (found & ~Q(**{f"{path}__in": outside})) | Q(**{f"{path}__in": inside})


def _days_at_the_ends(*ends: date | None) -> Iterator[date]:
    for day in filter(None, ends):
        yield from (day - _DAY, day, day + _DAY)


def _midnight(day: date, zone: Any) -> datetime:
    return datetime.combine(day, time.min, zone).astimezone(UTC)


def _units(tenant: Tenant, text: str) -> list[int]:
    """The ids of the business units of that name, or with that id at the source."""
    known = ReferenceItem.objects.filter(tenant=tenant, kind=ReferenceItem.Kind.BUSINESS_UNIT)
    found = list(known.filter(Q(name__iexact=text) | Q(external_id=text)).values_list("pk", flat=True))
    if not found:
        names = ", ".join(known.order_by("name").values_list("name", flat=True)[:20])
        there_are = f"Those there are: {names}." if names else "None has been synced yet."
        raise CannotNarrow(f"{tenant} has no business unit “{text}”. {there_are}")
    return found
