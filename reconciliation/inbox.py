"""Which conflicts wait for a person: narrowed, counted, and one row per record. Queries only; nothing is written.

The route: what was asked (`Asked`, from a page's address) -> pending conflicts of some tenants -> grouped by record.
A group goes by the number of its oldest conflict: that is its place in the list and how "next" finds the next.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import Case, Count, Min, Q, QuerySet, TextField, Value, When
from django.db.models.functions import Cast, Coalesce

from reconciliation.entities import ENTITIES
from reconciliation.models import Conflict, Link

Rows = QuerySet[Conflict]


class Reason(models.TextChoices):
    """How the two sides came to differ."""

    EMPTIED_THERE = "emptied_there", "emptied at the source"
    EMPTIED_HERE = "emptied_here", "emptied here"
    CHANGED = "changed", "changed on both sides"


AGES = {"1": "older than a day", "7": "older than a week", "30": "older than a month"}
_EMPTY = ("null", '""', "[]", "{}")


@dataclass(frozen=True, slots=True)
class Asked:
    """The filters of the inbox, as they stand in its address. Values that mean nothing count as not given."""

    tenant: str = ""
    entity: str = ""
    field: str = ""
    system: str = ""
    age: str = ""
    reason: str = ""
    q: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Asked":
        found = {field.name: str(query.get(field.name, "")).strip()[:200] for field in fields(cls)}
        if not found["tenant"].isdecimal():
            found["tenant"] = ""
        return cls(**found)

    @property
    def given(self) -> dict[str, str]:
        """What was asked for, by name."""
        return {field.name: value for field in fields(self) if (value := getattr(self, field.name))}

    def words(self) -> str:
        """For the audit trail and the page of a bulk review."""
        return ", ".join(f"{name} {value}" for name, value in self.given.items() if name != "tenant") or "all"


def pending(tenants: Iterable[int], asked: Asked, now: datetime) -> Rows:
    """Conflicts that wait, of these tenants, narrowed by everything asked for but the search."""
    wanted = set(tenants)
    if asked.tenant:
        wanted &= {int(asked.tenant)}
    rows = Conflict.objects.filter(tenant__in=wanted, state=Conflict.State.PENDING)
    # A record that was merged away no longer hears its source: nothing to decide unless the merge is undone.
    rows = rows.exclude(link__state=Link.State.MERGED)
    for name, lookup in (("entity", "entity"), ("field", "field"), ("system", "link__source__system")):
        if value := asked.given.get(name):
            rows = rows.filter(**{lookup: value})
    if asked.age in AGES:
        rows = rows.filter(created_at__lt=now - timedelta(days=int(asked.age)))
    if asked.reason in Reason.values:
        rows = with_reason(rows).filter(reason=asked.reason)
    return rows


def with_reason(rows: Rows) -> Any:
    """Each conflict with its `reason`."""
    there = Coalesce(Cast("remote_value", TextField()), Value("null"), output_field=TextField())
    here = Coalesce(Cast("portal_value", TextField()), Value("null"), output_field=TextField())
    return rows.annotate(there=there, here=here).annotate(
        reason=Case(
            When(there__in=_EMPTY, then=Value(Reason.EMPTIED_THERE.value)),
            When(here__in=_EMPTY, then=Value(Reason.EMPTIED_HERE.value)),
            default=Value(Reason.CHANGED.value),
        )
    )


def groups(rows: Rows) -> Any:
    """One row per record, the longest waiting first: tenant_id, entity, record_id, first, since, fields."""
    return (
        rows.order_by()
        .values("tenant_id", "entity", "record_id")
        .annotate(first=Min("pk"), since=Min("created_at"), count=Count("pk"))
        .order_by("first")
    )


def beside(rows: Rows, first: int) -> tuple[int | None, int | None]:
    """The groups before and after the one whose oldest conflict is `first`."""
    following = groups(rows).filter(first__gt=first).values_list("first", flat=True)[:1]
    before = groups(rows).filter(first__lt=first).order_by("-first").values_list("first", flat=True)[:1]
    return next(iter(before), None), next(iter(following), None)


def counts(rows: Rows) -> dict[str, list[tuple[str, int]]]:
    """How many wait per field, and per reason, the most first."""
    by_field = rows.order_by().values_list("field").annotate(count=Count("pk")).order_by("-count", "field")
    by_reason = with_reason(rows).order_by().values_list("reason").annotate(count=Count("pk"))
    return {"field": list(by_field[:12]), "reason": list(by_reason.order_by("-count", "reason"))}


def of_record(entity: str, record_id: int) -> Rows:
    """Everything that waits for one record."""
    found = Conflict.objects.filter(entity=entity, record_id=record_id, state=Conflict.State.PENDING)
    found = found.exclude(link__state=Link.State.MERGED)
    return found.select_related("link__source", "tenant").order_by("pk")


def by_field(waiting: Iterable[Conflict]) -> list[list[Conflict]]:
    """The conflicts of one record, field by field: one for each source that differs."""
    found: dict[str, list[Conflict]] = {}
    for conflict in waiting:
        found.setdefault(conflict.field, []).append(conflict)
    return list(found.values())


def count_fields(rows: Rows) -> int:
    """How many decisions wait: a field in which several systems differ is one."""
    return rows.order_by().values("entity", "record_id", "field").distinct().count()


def records_of(rows: Iterable[tuple[str, int]]) -> dict[tuple[str, int], Any]:
    """The records behind (entity, record id), one query per entity."""
    wanted: dict[str, set[int]] = {}
    for entity, record_id in rows:
        wanted.setdefault(entity, set()).add(record_id)
    return {
        (entity, pk): record
        for entity, ids in wanted.items()
        for pk, record in ENTITIES[entity].objects.in_bulk(list(ids)).items()
    }


def narrowed_to(rows: Rows, found: Mapping[str, Iterable[int]]) -> Rows:
    """Only conflicts of these records, given by entity."""
    wanted = Q(pk__in=[])
    for entity, ids in found.items():
        wanted |= Q(entity=entity, record_id__in=ids)
    return rows.filter(wanted)
