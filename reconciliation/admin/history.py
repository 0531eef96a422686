"""A record's history as people read it: who changed what, when, from what to what."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from reconciliation.admin import shown
from reconciliation.admin.extensions import events_of
from reconciliation.entities import ENTITIES, Entity
from reconciliation.models import Change

EVENTS = 50
_OF_SURVIVOR = {
    Change.Kind.MERGED: "merged another record into it",
    Change.Kind.UNMERGED: "undid a merge into it",
}
_MERGE = "merge"
"""Under this name a survivor's change holds the number of the merge."""
_DONE = {
    Change.Kind.CREATED: "made it",
    Change.Kind.UPDATED: "changed it",
    Change.Kind.MERGED: "merged it into another record",
    Change.Kind.UNMERGED: "undid a merge: it stands by itself again",
    Change.Kind.FROZEN: "no longer sends it: it left the scope and is kept as it was",
    Change.Kind.THAWED: "sends it again: it is back in the scope",
}


@dataclass(frozen=True)
class Event:
    """One entry: `fields` are (label, before, after), `moment` is what entries are ordered by."""

    moment: datetime
    at: str
    who: str
    what: str
    fields: list[tuple[str, Any, Any]]
    url: str = ""


def history_of(record: Any, entity_name: str, source: str) -> list[Event]:
    """The last changes, newest first, with what the floor above tells, and how the record came to be.

    The last is left out where the changes do not reach back that far.
    """
    changes = list(
        Change.objects.filter(entity=entity_name, record_id=record.pk)
        .select_related("source", "actor")
        .order_by("-at", "-pk")[:EVENTS]
    )
    entity = ENTITIES[entity_name]
    names = _names_of_references(entity, changes)
    events = [_event(change, entity, record, names) for change in changes]
    if len(changes) < EVENTS and not any(change.kind == Change.Kind.CREATED for change in changes):
        events.append(
            Event(
                record.created_at,
                shown.moment(record.created_at, record.tenant.zone),
                source or "Trunkline",
                "first brought it in",
                [],
            )
        )
    zone = record.tenant.zone
    events += [
        Event(event.at, shown.moment(event.at, zone), event.who, event.what, [], event.url)
        for event in events_of(entity_name, record)
    ]
    return sorted(events, key=lambda event: event.moment, reverse=True)


def _event(change: Change, entity: Entity, record: Any, names: dict[tuple[str, int], str]) -> Event:
    who = change.actor.display_name if change.actor else change.source.name if change.source else "Trunkline"
    fields = [
        (
            name.removesuffix("_id").replace("_", " "),
            _value(name, before, entity, record, names),
            _value(name, after, entity, record, names),
        )
        for name, before, after in _pairs(change.fields)
    ]
    kind = Change.Kind(change.kind)
    done = _OF_SURVIVOR if _MERGE in (change.fields or {}) else _DONE
    what = "booked it" if kind == Change.Kind.CREATED and entity.name == "job" else done[kind]
    return Event(change.at, shown.moment(change.at, record.tenant.zone), who, what, fields)


def _pairs(fields: Any) -> Iterable[tuple[str, Any, Any]]:
    for name, pair in (fields or {}).items():
        if name != _MERGE and isinstance(pair, list) and len(pair) == 2:
            yield name, pair[0], pair[1]


def _value(name: str, value: Any, entity: Entity, record: Any, names: dict[tuple[str, int], str]) -> Any:
    """A stored value in its field's own form: money, times and other records are kept as plain JSON."""
    if value is None or value == "":
        return "empty"
    kind = entity.fields.get(name)
    if name.removesuffix("_id") in entity.references or name == "merged_into":
        return names.get((name, value), f"no. {value}")
    if kind == "decimal" and name in entity.currency_fields:
        return shown.money(Decimal(str(value)), record.tenant.currency)
    if kind == "timestamp":
        return shown.moment(datetime.fromisoformat(value), record.tenant.zone)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(str(item) for item in value) if isinstance(value, list) else value


def _names_of_references(entity: Entity, changes: Iterable[Change]) -> dict[tuple[str, int], str]:
    """What the ids in changed references stand for: one query per reference that ever changed."""
    wanted: dict[str, set[int]] = {}
    for change in changes:
        for name, before, after in _pairs(change.fields):
            if name == "merged_into" or name.removesuffix("_id") in entity.references:
                wanted.setdefault(name, set()).update(pk for pk in (before, after) if isinstance(pk, int))
    found = {}
    for name, ids in wanted.items():
        target = entity if name == "merged_into" else ENTITIES[entity.references[name.removesuffix("_id")]]
        for pk, record in target.model._default_manager.in_bulk(list(ids)).items():
            found[name, pk] = str(record)
    return found
