"""What finance asks about the records themselves: which conflicts were settled, how, and what was merged.

`id` is the conflict's or the merge's own; `external_id`, `active` and `source_modified_at` are those of its record
(of a merge: the survivor). Values stand as text, whatever their field: a text as it is, all else as JSON.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import orjson

from reconciliation.entities import ENTITIES
from reconciliation.exports.plans import Column, Plan
from reconciliation.models import Conflict, Merge, Record

BETWEEN = "; "
"""Stands between several losers of one merge in a cell."""

Row = tuple[Any, ...]
Places = Iterable[tuple[str, int]]


def _records(places: Places) -> dict[tuple[str, int], Record]:
    """Records by entity and id: one query for each entity."""
    ids: dict[str, list[int]] = {}
    for entity, pk in places:
        ids.setdefault(entity, []).append(pk)
    return {
        (entity, pk): record
        for entity, wanted in ids.items()
        if entity in ENTITIES
        for pk, record in ENTITIES[entity].objects.in_bulk(wanted).items()
    }


def _text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else orjson.dumps(value).decode()


def _final(conflict: Conflict) -> Any:
    """The value that stood when it was settled; of two sides that came to agree, it is not kept."""
    outcome = Conflict.Outcome
    if conflict.state == Conflict.State.RESOLVED:
        return conflict.outcome_value
    values = {
        outcome.REMOTE: conflict.remote_value,
        outcome.PORTAL: conflict.portal_value,
        outcome.OTHER: conflict.outcome_value,
    }
    return values.get(Conflict.Outcome(conflict.outcome)) if conflict.outcome else None


def _person(user: Any) -> str:
    return user.display_name if user is not None else ""


_CONFLICT: dict[str, tuple[str, Callable[[Conflict, Record | None], Any]]] = {
    "id": ("id", lambda conflict, _: conflict.pk),
    "external_id": ("id", lambda conflict, _: conflict.link.external_id),
    "active": ("boolean", lambda _, record: record.active if record else None),
    "source_modified_at": ("timestamp", lambda conflict, _: conflict.remote_modified_at),
    "record_type": ("text", lambda conflict, _: conflict.entity),
    "record_id": ("id", lambda conflict, _: conflict.record_id),
    "record": ("text", lambda _, record: str(record) if record else None),
    "system": ("text", lambda conflict, _: conflict.link.source.name),
    "field": ("text", lambda conflict, _: conflict.field),
    "base": ("text", lambda conflict, _: _text(conflict.base)),
    "portal_value": ("text", lambda conflict, _: _text(conflict.portal_value)),
    "remote_value": ("text", lambda conflict, _: _text(conflict.remote_value)),
    "outcome": ("text", lambda conflict, _: conflict.outcome),
    "final_value": ("text", lambda conflict, _: _text(_final(conflict))),
    "settled_how": ("text", lambda conflict, _: conflict.state),
    "settled_by": ("text", lambda conflict, _: _person(conflict.actor)),
    "policy": ("text", lambda conflict, _: conflict.policy),
    "settled_at": ("timestamp", lambda conflict, _: conflict.settled_at),
    "found_at": ("timestamp", lambda conflict, _: conflict.created_at),
    "note": ("text", lambda conflict, _: conflict.note),
}


def _conflict_rows(ids: Sequence[int]) -> list[Row]:
    found = list(Conflict.objects.filter(pk__in=ids).select_related("link__source", "actor").order_by("pk"))
    records = _records((conflict.entity, conflict.record_id) for conflict in found)
    return [
        tuple(
            read(conflict, records.get((conflict.entity, conflict.record_id)))
            for _, read in _CONFLICT.values()
        )
        for conflict in found
    ]


_Known = dict[tuple[str, int], Record]


def _survivor(act: Merge, known: _Known) -> Record | None:
    return known.get((act.entity, act.survivor_id))


def _losers(act: Merge) -> list[int]:
    return [int(pk) for pk in act.before if int(pk) != act.survivor_id]


def _of_losers(act: Merge, known: _Known, tell: Callable[[Record], str]) -> str:
    found = (known.get((act.entity, pk)) for pk in _losers(act))
    return BETWEEN.join(tell(record) for record in found if record is not None)


def _merged_by(act: Merge) -> str:
    """A person, or the system that reported its own merge."""
    return _person(act.actor) or (act.source.name if act.source else "")


_MERGE: dict[str, tuple[str, Callable[[Merge, _Known], Any]]] = {
    "id": ("id", lambda act, _: act.pk),
    "external_id": ("id", lambda act, known: getattr(_survivor(act, known), "external_id", None)),
    "active": ("boolean", lambda act, known: getattr(_survivor(act, known), "active", None)),
    "source_modified_at": (
        "timestamp",
        lambda act, known: getattr(_survivor(act, known), "source_modified_at", None),
    ),
    "record_type": ("text", lambda act, _: act.entity),
    "survivor_id": ("id", lambda act, _: act.survivor_id),
    "survivor": ("text", lambda act, known: str(_survivor(act, known) or "")),
    "loser_ids": ("text", lambda act, _: BETWEEN.join(str(pk) for pk in _losers(act))),
    "loser_external_ids": ("text", lambda act, known: _of_losers(act, known, lambda r: str(r.external_id))),
    "losers": ("text", lambda act, known: _of_losers(act, known, str)),
    "merged_by": ("text", lambda act, _: _merged_by(act)),
    "merged_at": ("timestamp", lambda act, _: act.at),
    "note": ("text", lambda act, _: act.note),
    "undone": ("boolean", lambda act, _: act.undone_at is not None),
    "undone_by": ("text", lambda act, _: _person(act.undone_by)),
    "undone_at": ("timestamp", lambda act, _: act.undone_at),
}


def _merge_rows(ids: Sequence[int]) -> list[Row]:
    rows = Merge.objects.filter(pk__in=ids).select_related("actor", "source", "undone_by")
    found = list(rows.defer("after", "undone").order_by("pk"))
    known = _records((act.entity, pk) for act in found for pk in (act.survivor_id, *_losers(act)))
    return [tuple(read(act, known) for _, read in _MERGE.values()) for act in found]


PLANS = {
    "conflict": Plan(
        "conflict",
        Conflict,
        tuple(Column(name, "", kind) for name, (kind, _) in _CONFLICT.items()),
        where={"state__in": [Conflict.State.SETTLED, Conflict.State.RESOLVED]},
        read=_conflict_rows,
        date="settled_at",
    ),
    "merge": Plan(
        "merge",
        Merge,
        tuple(Column(name, "", kind) for name, (kind, _) in _MERGE.items()),
        read=_merge_rows,
        date="at",
    ),
}
"""The exports that are no entity's."""
