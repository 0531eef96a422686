"""Which record's value a merge proposes for each field. Pure: records and a rule in, one of them out.

Fields that only make sense together are chosen together: the parts of an address, with its place on the map.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from reconciliation.entities import Entity

_ADDRESS = ("street", "unit", "city", "state", "postal_code", "country", "latitude", "longitude")
_UNITED = ("tag_ids",)
_EMPTY: tuple[Any, ...] = (None, "", False, [], {})
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Prefer(StrEnum):
    """What makes a value the better one. An empty value never beats one that says something."""

    SYSTEM_OF_RECORD = "system_of_record"
    NEWEST = "newest"
    LONGEST = "longest"
    MOST_COMPLETE = "most_complete"


WORDS = {
    Prefer.SYSTEM_OF_RECORD: "from the system of record",
    Prefer.NEWEST: "the newest",
    Prefer.LONGEST: "the longest",
    Prefer.MOST_COMPLETE: "from the most complete record",
}
DEFAULTS: Mapping[str, Prefer] = {"name": Prefer.LONGEST, "address": Prefer.MOST_COMPLETE}


@dataclass(frozen=True)
class Choice:
    """Fields that are chosen as one, by the name under which rules and forms speak of them."""

    name: str
    fields: tuple[str, ...]
    united: bool = False


@dataclass(frozen=True)
class Side:
    """One of the records to be merged: its values in normal form, and what rules go by."""

    id: int
    values: Mapping[str, Any]
    modified_at: datetime | None = None
    in_system_of_record: bool = False
    work: int = field(default=0)
    """How much hangs on it: jobs, invoices."""


def choices(entity: Entity) -> list[Choice]:
    """What there is to choose in a merge of this entity."""
    found = []
    for name in entity.fields:
        if name in _UNITED:
            found.append(Choice(name, (name,), united=True))
        elif name not in _ADDRESS:
            found.append(Choice(name, (name,)))
        elif name == "street":
            found.append(Choice("address", tuple(part for part in _ADDRESS if part in entity.fields)))
    return found


def prefer(rules: Mapping[str, str], name: str) -> Prefer:
    """The tenant's rule for a choice, or the default one."""
    try:
        return Prefer(rules[name])
    except (KeyError, ValueError):
        return DEFAULTS.get(name, Prefer.SYSTEM_OF_RECORD)


def best(choice: Choice, rule: Prefer, sides: Sequence[Side], survivor: int | None = None) -> int:
    """The id of the record whose value is proposed. Equals go to the better written, the fuller, the newer.

    Where several are of the system of record it is the survivor's: that is the one it goes on writing to.
    """
    return max(sides, key=lambda side: _rank(choice, rule, side, side.id == survivor)).id


def _rank(choice: Choice, rule: Prefer, side: Side, survives: bool) -> tuple[Any, ...]:
    said = [side.values[name] for name in choice.fields if side.values[name] not in _EMPTY]
    modified_at = side.modified_at or _LONG_AGO
    merits: Mapping[Prefer, Any] = {
        Prefer.SYSTEM_OF_RECORD: (side.in_system_of_record, survives),
        Prefer.NEWEST: modified_at,
        Prefer.LONGEST: sum(char.isalnum() for value in said for char in str(value)),
        Prefer.MOST_COMPLETE: len(said),
    }
    return bool(said), merits[rule], _well_written(said), _fullness(side), modified_at, -side.id


def _well_written(said: Iterable[Any]) -> int:
    """Texts as people write them: neither all in capitals nor all small, no surname first with a comma."""
    texts = [value for value in said if isinstance(value, str) and any(char.isalpha() for char in value)]
    return sum(
        not (text.isupper() and len(text) > 3) and not text.islower() and "," not in text for text in texts
    )


def _fullness(side: Side) -> int:
    return sum(value not in _EMPTY for value in side.values.values())


def best_survivor(sides: Sequence[Side]) -> int:
    """The record on which most hangs; equals go to the fuller one, then to the older."""
    return max(sides, key=lambda side: (side.in_system_of_record, side.work, _fullness(side), -side.id)).id


def united(values: Iterable[Sequence[Any]]) -> list[Any]:
    """All items of several lists, in order, each once."""
    found: dict[Any, None] = {}
    for items in values:
        found.update(dict.fromkeys(items or ()))
    return list(found)


def differs(choice: Choice, sides: Sequence[Side]) -> bool:
    """Whether there is anything to choose."""
    return any(side.values[name] != sides[0].values[name] for side in sides for name in choice.fields)
