"""What a person sends from the review page, read; and the lines of the inbox. Pure."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict

from portal.numbers import number, numbers
from reconciliation import inbox
from reconciliation.admin import values
from reconciliation.admin.differences import marked
from reconciliation.entities import ENTITIES
from reconciliation.models import Conflict
from reconciliation.reviewing import Choice, Outcome, value_here

NOTHING_CHOSEN = "Nothing was chosen yet. Take a side for at least one field, or type another value."


def choices_of(posted: QueryDict) -> tuple[list[Choice], str]:
    """What was chosen per field, and what is wrong with it.

    The button `settle` says approve (all fields from the source; with its number: from that one of several), reject
    (all stay) or chosen (each as marked). A field goes by its first conflict; `beside` names those of other sources.
    """
    found = []
    try:
        for pk in numbers(name.removeprefix("field-") for name in posted if name.startswith("field-")):
            others = numbers(posted.getlist(f"beside-{pk}"))
            seen = {one: json.loads(posted.get(f"seen-{one}") or "") for one in (pk, *others)}
            if choice := _choice(posted, pk, seen):
                found.append(choice)
    except ValueError:
        return [], "This page is not complete. Load it again."
    return found, "" if found else NOTHING_CHOSEN


def _choice(posted: QueryDict, pk: int, seen: dict[int, Any]) -> Choice | None:
    """The choice for one field; None where nothing was chosen, or nothing that there is."""
    outcome, taken = _way(posted, pk)
    if outcome is None or taken not in seen:
        return None
    beside = {one: value for one, value in seen.items() if one != taken}
    always = f"always-{pk}" in posted and outcome != Outcome.OTHER
    typed = posted.get(f"value-{pk}", "").strip()
    return Choice(taken, outcome, seen[taken], typed, always, beside)


def _way(posted: QueryDict, pk: int) -> tuple[Outcome | None, int]:
    """The outcome for a field and the conflict whose source is meant: of several, 0 where that one did not differ."""
    button, _, source = posted.get("settle", "").partition("-")
    if button == "reject":
        return Outcome.PORTAL, pk
    if button == "approve":
        return Outcome.REMOTE, number(posted.get(f"of-{pk}-{source}", "")) if source else pk
    chosen, _, taken = posted.get(f"choice-{pk}", "").partition("-")
    known = chosen in (Outcome.REMOTE, Outcome.PORTAL, Outcome.OTHER)
    return (Outcome(chosen) if known else None), number(taken) if taken else pk


def version_of(posted: QueryDict) -> int:
    """The record's version that the person saw; one that is no number fits no record."""
    return number(posted.get("version", ""))


def query(given: Mapping[str, str]) -> str:
    return f"?{urlencode(given)}" if given else ""


def line(group: Mapping[str, Any], record: Any, conflicts: list[Conflict]) -> dict[str, Any]:
    """One row of the inbox."""
    entity = ENTITIES[group["entity"]]
    return {
        **group,
        "name": str(record) if record is not None else f"{entity.label} {group['record_id']}",
        "entity": entity.label,
        "tenant": conflicts[0].tenant,
        "sources": sorted({conflict.link.source.name for conflict in conflicts}),
        "fields": [_field(waiting, record) for waiting in inbox.by_field(conflicts)],
    }


def _field(waiting: list[Conflict], record: Any) -> tuple[str, Any, list[tuple[str, Any]]]:
    """Label, ours, and what each source says, by name where there are several."""
    conflict = waiting[0]
    entity, name = ENTITIES[conflict.entity], conflict.field
    held = conflict.portal_value if record is None else value_here(conflict, record)
    ours = values.words_of(entity, name, held, conflict.tenant)
    theirs = [
        (
            one.link.source.name if len(waiting) > 1 else "",
            marked(ours, values.words_of(entity, name, one.remote_value, one.tenant))[1],
        )
        for one in waiting
    ]
    first = values.words_of(entity, name, conflict.remote_value, conflict.tenant)
    return values.label(name), marked(ours, first)[0], theirs
