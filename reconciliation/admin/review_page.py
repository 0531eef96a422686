"""What an agent sees of one record in review: each differing field from both sides, who moved it, and what hangs on it.

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
class Row:
    """One differing field. `seen` is the source's value as JSON: what the person settles is what they saw."""

    conflict: Conflict
    label: str
    kind: str
    here: Any
    there: Any
    agreed: str
    here_by: str
    there_by: str
    to_type: str
    seen: str
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
    changes = _changes(conflict)
    return {
        "conflict": conflict,
        "record": record,
        "entity": entity,
        "tenant": conflict.tenant,
        "rows": [_row(entity, row, record, changes) for row in waiting] if record is not None else [],
        "sources": sorted({row.link.source.name for row in waiting}),
        "links": _links(conflict),
        "record_url": record_url(record),
        "related": related(record),
        "version": record.version if record is not None else 0,
        "settled": _settled(conflict),
    }


def _changes(conflict: Conflict) -> list[Change]:
    """What was done to the record, newest first."""
    found = Change.objects.filter(entity=conflict.entity, record_id=conflict.record_id)
    return list(found.select_related("actor", "source").order_by("-pk")[:CHANGES])


def _row(entity: Entity, conflict: Conflict, record: Any, changes: Sequence[Change]) -> Row:
    name, tenant = conflict.field, conflict.tenant
    now_here = value_here(conflict, record)
    ours = values.words_of(entity, name, now_here, tenant)
    theirs = values.words_of(entity, name, conflict.remote_value, tenant)
    here, there = marked(ours, theirs)
    reason: Any = conflict
    return Row(
        conflict,
        values.label(name),
        entity.fields.get(name, "text"),
        here,
        there,
        values.words_of(entity, name, conflict.base, tenant),
        _who_here(conflict, changes),
        _who_there(conflict),
        values.to_type(now_here),
        json.dumps(conflict.remote_value),
        inbox.Reason(reason.reason).label,
        now_here == conflict.remote_value,
    )


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


def _links(conflict: Conflict) -> list[tuple[str, str]]:
    """(system's name and id, address) of the record where it can be opened."""
    links = Link.objects.filter(entity=conflict.entity, record_id=conflict.record_id).select_related("source")
    found = [
        (
            f"{link.source.name} {link.external_id}",
            deep_link(link.source.system, link.entity, link.external_id),
        )
        for link in links[:10]
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
