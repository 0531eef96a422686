"""What a person sends from the review page, read; and the lines of the inbox. Pure."""

import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict

from reconciliation.admin import values
from reconciliation.admin.differences import marked
from reconciliation.entities import ENTITIES
from reconciliation.models import Conflict
from reconciliation.reviewing import Choice, Outcome

NOTHING_CHOSEN = "Nothing was chosen yet. Take a side for at least one field, or type another value."


_LONGEST_NUMBER = 18
"""Digits that every database's integers have room for."""


def number(text: str) -> int:
    """A number that a person's address or form holds; 0, which no row has, where it is none."""
    return int(text) if text.isdecimal() and len(text) <= _LONGEST_NUMBER else 0


def numbers(texts: Iterable[str]) -> list[int]:
    """Those that are numbers, each once, in order."""
    return [found for found in dict.fromkeys(map(number, texts)) if found]


def choices_of(posted: QueryDict) -> tuple[list[Choice], str]:
    """What was chosen per field, and what is wrong with it.

    The button `settle` says approve (all fields from the source), reject (all stay) or chosen (each as marked).
    """
    whole = {"approve": Outcome.REMOTE, "reject": Outcome.PORTAL}.get(posted.get("settle", ""))
    found = []
    for name in posted:
        if not name.startswith("seen-"):
            continue
        pk = name.removeprefix("seen-")
        chosen = whole or posted.get(f"choice-{pk}", "")
        if not number(pk) or chosen not in (Outcome.REMOTE, Outcome.PORTAL, Outcome.OTHER):
            continue
        try:
            seen = json.loads(posted.get(name) or "")
        except ValueError:
            return [], "This page is not complete. Load it again."
        outcome = Outcome(chosen)
        typed = posted.get(f"value-{pk}", "").strip()
        always = f"always-{pk}" in posted and outcome != Outcome.OTHER
        found.append(Choice(number(pk), outcome, seen, typed, always))
    return found, "" if found else NOTHING_CHOSEN


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
        "fields": [_field(conflict) for conflict in conflicts],
    }


def _field(conflict: Conflict) -> tuple[str, Any, Any]:
    entity, name = ENTITIES[conflict.entity], conflict.field
    here = values.words_of(entity, name, conflict.portal_value, conflict.tenant)
    there = values.words_of(entity, name, conflict.remote_value, conflict.tenant)
    return values.label(name), *marked(here, there)
