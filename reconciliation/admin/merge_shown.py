"""What the page of a merge shows: what moved, what was set, and after an undo what came back and what stayed."""

from typing import Any

from django.urls import reverse

from reconciliation.admin import values
from reconciliation.admin.review_page import record_url
from reconciliation.entities import ENTITIES
from reconciliation.models import Merge
from reconciliation.relations import model_of

SHOWN = 12


def losers(act: Merge) -> list[int]:
    return [int(pk) for pk in act.before if int(pk) != act.survivor_id]


def name(act: Merge, pk: int) -> str:
    """What a record was called when it was merged."""
    before = act.before.get(str(pk)) or {}
    return str(before.get("name") or before.get("street") or f"{ENTITIES[act.entity].label} {pk}")


def by(act: Merge) -> str:
    """Who merged: a person, or the source that reported it."""
    if act.actor:
        return str(act.actor.display_name)
    return act.source.name if act.source else "Trunkline"


def page_of(act: Merge) -> dict[str, Any]:
    """The context of `merge.html`."""
    entity = ENTITIES[act.entity]
    records = entity.objects.in_bulk([act.survivor_id, *losers(act)])
    return {
        "act": act,
        "tenant": act.tenant,
        "entity": entity,
        "by": by(act),
        "survivor": (name(act, act.survivor_id), record_url(records.get(act.survivor_id))),
        "losers": [(name(act, pk), record_url(records.get(pk)), pk) for pk in losers(act)],
        "moved": _moved(act),
        "set": _set(act),
        "kept": _kept(act),
        "returned": (act.undone or {}).get("returned", 0),
    }


def _moved(act: Merge) -> list[dict[str, Any]]:
    """What moved, by kind: how many, and the first few by name."""
    found: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for move in act.moves.order_by("pk"):
        found.setdefault((move.model, move.field), []).append((move.row_id, move.from_id))
    kinds = []
    for (label, field), moves in found.items():
        model = model_of(label)
        rows = model._default_manager.in_bulk([row_id for row_id, _ in moves[:SHOWN]])
        earlier = field == "merged_into_id"
        title = str(model._meta.verbose_name_plural)
        kinds.append(
            {
                "title": f"{title} merged earlier" if earlier else title,
                "count": len(moves),
                "rows": [
                    (str(rows[row_id]), record_url(rows[row_id]), name(act, from_id))
                    for row_id, from_id in moves[:SHOWN]
                    if row_id in rows
                ],
                "more": max(0, len(moves) - SHOWN),
            }
        )
    return kinds


def _set(act: Merge) -> list[tuple[str, str, str]]:
    """The survivor's fields that the merge set: (label, before, after)."""
    entity, before = ENTITIES[act.entity], act.before[str(act.survivor_id)]
    return [
        (
            values.label(field),
            values.words_of(entity, field, before.get(field), act.tenant),
            values.words_of(entity, field, value, act.tenant),
        )
        for field, value in act.after.items()
    ]


def _kept(act: Merge) -> list[tuple[str, str, str]]:
    """What the undo left as it was: (what, its value now, the value then)."""
    entity = ENTITIES[act.entity]
    found = []
    for what, now, then in (act.undone or {}).get("kept", []):
        if what in entity.fields:
            words = (values.words_of(entity, what, value, act.tenant) for value in (now, then))
            found.append((values.label(what), *words))
        else:  # a row that somebody moved on: it hangs on another record by now
            holders = entity.objects.in_bulk([pk for pk in (now, then) if isinstance(pk, int)])
            found.append((what, *(str(holders.get(pk, f"no. {pk}")) for pk in (now, then))))
    return [(what, now, then) for what, now, then in found]


def merges_of(record: Any, entity: str) -> list[dict[str, Any]]:
    """For a record's own page: the merges into it, newest first."""
    mine = Merge.objects.filter(entity=entity, survivor_id=record.pk)
    return [
        {
            "act": act,
            "url": reverse("admin:reconciliation_merge_change", args=[act.pk]),
            "undo": "" if act.undone_at else reverse("admin:reconciliation_merge_undo", args=[act.pk]),
            "names": [name(act, pk) for pk in losers(act)],
            "by": by(act),
        }
        for act in mine.select_related("tenant", "actor", "source").order_by("-at", "-pk")[:10]
    ]
