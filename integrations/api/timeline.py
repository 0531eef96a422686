"""What has happened to a record, for answers: changes with both values, and writes to connected systems in words."""

from datetime import datetime
from typing import Any

from ninja import Field, Schema

from reconciliation.admin.extensions import events_of
from reconciliation.models import Change

MOST = 50


class FieldChange(Schema):
    """One field, as it was and as it became."""

    field: str
    before: Any
    after: Any


class Event(Schema):
    """`by` is a connected system or a client by its name, `A person`, or `Trunkline`."""

    at: datetime
    by: str
    what: str = Field(
        description="created, updated, merged, …; or what was sent to a connected system, in words."
    )
    changes: list[FieldChange] = []


def timeline_of(entity: str, record: Any) -> list[Event]:
    """The newest events of a record, newest first, at most `MOST`, in a fixed number of queries.

    The staff of a merchant are not named to its programs.
    """
    rows = Change.objects.filter(entity=entity, record_id=record.pk).select_related("source")
    events = [
        Event(at=row.at, by=_who(row), what=row.kind, changes=_changes(row.fields))
        for row in rows.order_by("-at", "-pk")[:MOST]
    ]
    events += [Event(at=sent.at, by=sent.who, what=sent.what) for sent in events_of(entity, record)]
    return sorted(events, key=lambda event: event.at, reverse=True)[:MOST]


def _who(change: Change) -> str:
    if change.source is not None:
        return change.source.name
    return "A person" if change.actor_id else "Trunkline"


def _changes(fields: Any) -> list[FieldChange]:
    pairs = [
        (name, pair) for name, pair in (fields or {}).items() if isinstance(pair, list) and len(pair) == 2
    ]
    return [FieldChange(field=name, before=pair[0], after=pair[1]) for name, pair in pairs]
