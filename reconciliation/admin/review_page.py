"""What an agent sees of one record in review: each differing field from all sides, who moved it, and what hangs on it.

Gathered in a fixed number of queries, however many fields differ.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.urls import NoReverseMatch, reverse

from reconciliation import inbox
from reconciliation.admin import shown, values
from reconciliation.admin.differences import marked
from reconciliation.entities import ENTITIES, Entity
from reconciliation.links import deep_link
from reconciliation.models import Change, Conflict, Customer, Invoice, Job, Link, Location
from reconciliation.reviewing import value_here

CHANGES = 200
RELATED = 5
_LOOKED_BACK = 20


@dataclass(frozen=True)
class Side:
    """What one source says that differs. `seen` is its value as JSON: what the person settles is what they saw.

    `choice` is what the form calls it: "remote", and with several sources the conflict's number behind it.
    """

    conflict: Conflict
    name: str
    value: Any
    by: str
    seen: str
    choice: str


@dataclass(frozen=True)
class Row:
    """One differing field with all its sides: `quiet` are sources that did not change it, as (name, value, words)."""

    conflict: Conflict
    label: str
    kind: str
    here: Any
    sides: list[Side]
    quiet: list[tuple[str, str, str]]
    agreed: list[str]
    here_by: str
    to_type: str
    reason: str
    agree: bool


@dataclass(frozen=True)
class Since:
    """A change that came while the person looked: by whom, when, and (label, before, after) of its fields."""

    who: str
    at: Any
    fields: list[tuple[str, str, str]]


def page_of(conflict: Conflict) -> dict[str, Any]:
    """The context of `review.html` for the record of this conflict."""
    entity = ENTITIES[conflict.entity]
    record = entity.objects.filter(pk=conflict.record_id).first()
    waiting = list(inbox.with_reason(inbox.of_record(conflict.entity, conflict.record_id)))
    changes, links = _changes(conflict), _links_of(conflict)
    rows = []
    if record is not None:
        rows = [_row(entity, fields, record, changes, links) for fields in inbox.by_field(waiting)]
    return {
        "conflict": conflict,
        "record": record,
        "entity": entity,
        "tenant": conflict.tenant,
        "rows": rows,
        "sources": sorted({row.link.source.name for row in waiting}),
        "contested": sorted({(row.link.source_id, row.link.source.name) for row in waiting})
        if any(len(row.sides) > 1 for row in rows)
        else [],
        "links": _opened(links),
        "record_url": record_url(record),
        "related": related(record),
        "version": record.version if record is not None else 0,
        "settled": _settled(conflict),
    }


def _changes(conflict: Conflict) -> list[Change]:
    """What was done to the record, newest first."""
    found = Change.objects.filter(entity=conflict.entity, record_id=conflict.record_id)
    return list(found.select_related("actor", "source").order_by("-pk")[:CHANGES])


def _row(
    entity: Entity, waiting: Sequence[Conflict], record: Any, changes: Sequence[Change], links: Sequence[Link]
) -> Row:
    """`waiting` are the conflicts of one field, one for each source that differs."""
    conflict = waiting[0]
    name, tenant = conflict.field, conflict.tenant
    now_here = value_here(conflict, record)
    ours = values.words_of(entity, name, now_here, tenant)
    sides = [_side(entity, one, ours, several=len(waiting) > 1) for one in waiting]
    agreed = {values.words_of(entity, name, one.base, tenant): one for one in waiting}
    reason: Any = conflict
    return Row(
        conflict,
        values.label(name),
        entity.fields.get(name, "text"),
        marked(ours, values.words_of(entity, name, conflict.remote_value, tenant))[0],
        sides,
        _quiet(entity, waiting, links, now_here),
        list(agreed),
        _who_here(conflict, changes),
        values.to_type(now_here),
        inbox.Reason(reason.reason).label,
        all(one.remote_value == now_here for one in waiting),
    )


def _side(entity: Entity, conflict: Conflict, ours: str, *, several: bool) -> Side:
    theirs = values.words_of(entity, conflict.field, conflict.remote_value, conflict.tenant)
    return Side(
        conflict,
        conflict.link.source.name,
        marked(ours, theirs)[1],
        _who_there(conflict),
        json.dumps(conflict.remote_value),
        f"remote-{conflict.pk}" if several else "remote",
    )


def _quiet(
    entity: Entity, waiting: Sequence[Conflict], links: Sequence[Link], now_here: Any
) -> list[tuple[str, str, str]]:
    """Systems that have the record and did not change this field: what they hold, as far as we know."""
    name, tenant, differ = waiting[0].field, waiting[0].tenant, {one.link_id for one in waiting}
    return [
        (
            link.source.name,
            values.words_of(entity, name, link.base[name], tenant),
            "the same as the portal" if link.base[name] == now_here else "not changed there",
        )
        for link in links
        if link.state == Link.State.LIVE and link.pk not in differ and name in link.base
    ]


def _who_here(conflict: Conflict, changes: Iterable[Change]) -> str:
    """Who last moved the portal's side of this field, and when."""
    for change in changes:
        if conflict.field in (change.fields or {}) and change.source_id != conflict.link.source_id:
            return f"{who(change)}, {when(change.at, conflict)}"
    return "not changed here lately"


def _who_there(conflict: Conflict) -> str:
    at = conflict.remote_modified_at or conflict.updated_at
    return f"{conflict.link.source.name}, {when(at, conflict)}"


def who(change: Change) -> str:
    """The person or the system behind a change."""
    if change.actor:
        return str(change.actor.display_name)
    return change.source.name if change.source else "Trunkline"


def when(at: datetime, conflict: Conflict) -> str:
    return f"{at.astimezone(conflict.tenant.zone):%-d %b %Y, %H:%M}"


def since(conflict: Conflict, looked_at: datetime) -> list[Since]:
    """What was done to the record after the person opened it."""
    entity = ENTITIES[conflict.entity]
    found = Change.objects.filter(
        entity=conflict.entity, record_id=conflict.record_id, at__gt=looked_at
    ).select_related("actor", "source")
    return [
        Since(who(change), when(change.at, conflict), _moved(entity, change, conflict))
        for change in found.order_by("-pk")[:_LOOKED_BACK]
    ]


def _moved(entity: Entity, change: Change, conflict: Conflict) -> list[tuple[str, str, str]]:
    return [
        (
            values.label(name),
            values.words_of(entity, name, before, conflict.tenant),
            values.words_of(entity, name, after, conflict.tenant),
        )
        for name, (before, after) in (change.fields or {}).items()
        if name in entity.fields
    ]


def _settled(conflict: Conflict) -> str:
    """How the conflict was settled, if it was."""
    if conflict.state == Conflict.State.PENDING:
        return ""
    value = values.words_of(
        ENTITIES[conflict.entity], conflict.field, conflict.outcome_value, conflict.tenant
    )
    by = conflict.actor.display_name if conflict.actor else "the rule's policy"
    chosen = {
        Conflict.Outcome.REMOTE: f"{conflict.link.source.name}'s value was taken",
        Conflict.Outcome.PORTAL: "the portal's value was kept",
        Conflict.Outcome.OTHER: f"“{value}” was chosen",
        Conflict.Outcome.AGREED: "both sides came to agree",
    }.get(Conflict.Outcome(conflict.outcome) if conflict.outcome else Conflict.Outcome.AGREED, "")
    at = f", {when(conflict.settled_at, conflict)}" if conflict.settled_at else ""
    note = f" “{conflict.note}”" if conflict.note else ""
    return f"{values.label(conflict.field).capitalize()}: {chosen}, by {by}{at}.{note}"


def _links_of(conflict: Conflict) -> list[Link]:
    links = Link.objects.filter(entity=conflict.entity, record_id=conflict.record_id)
    return list(links.select_related("source").defer("payload").order_by("pk")[:10])


def _opened(links: Sequence[Link]) -> list[tuple[str, str]]:
    """(system's name and id, address) of the record where it can be opened."""
    found = [
        (
            f"{link.source.name} {link.external_id}",
            deep_link(link.source.system, link.entity, link.external_id),
        )
        for link in links
    ]
    return [(words, address) for words, address in found if address]


def record_url(record: Any) -> str:
    """The record's own page, or "" where it has none."""
    if record is None:
        return ""
    try:
        return reverse(f"admin:{record._meta.app_label}_{record._meta.model_name}_change", args=[record.pk])
    except NoReverseMatch:
        return ""


def related(record: Any) -> list[tuple[str, list[dict[str, Any]]]]:
    """The newest jobs and invoices of the record's customer, location or job."""
    of = _related_to(record)
    if of is None:
        return []
    jobs = Job.objects.filter(of if not isinstance(record, Job) else Q(pk=record.pk))
    bills = Invoice.objects.filter(of)
    tenant = record.tenant
    job_rows = [
        {
            "url": record_url(job),
            "name": str(job),
            "status": shown.status(job.status),
            "words": job.summary,
            "day": shown.day(job.completed_at or job.source_created_at, tenant.zone),
            "total": shown.money(job.total, tenant.currency),
        }
        for job in jobs.order_by("-pk")[:RELATED]
    ]
    bill_rows = [
        {
            "url": record_url(bill),
            "name": str(bill),
            "status": shown.status(bill.sync_status),
            "words": bill.summary,
            "day": shown.day(bill.invoiced_at, tenant.zone),
            "total": shown.money(bill.total, tenant.currency),
        }
        for bill in bills.order_by("-pk")[:RELATED]
    ]
    return [(title, rows) for title, rows in (("Jobs", job_rows), ("Invoices", bill_rows)) if rows]


def _related_to(record: Any) -> Q | None:
    if isinstance(record, Customer):
        return Q(customer=record.pk)
    if isinstance(record, Location):
        return Q(location=record.pk)
    if isinstance(record, Job):
        return Q(job=record.pk)
    customer_id = getattr(record, "customer_id", None)
    return Q(customer=customer_id) if customer_id else None
