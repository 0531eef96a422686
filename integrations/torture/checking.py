"""What came of it, beside what was intended: pure comparison of the journal, the change log and the two sides."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from integrations.torture.editing import HERE, THERE, Intent

MADE = ("customers", "locations")
Wish = tuple[str, int, str, str]
"""Entity, record, field and value."""


@dataclass(slots=True)
class Verdict:
    """Counts, each with the words for its cases. `hidden` are failures that no page shows. `raced` are overwrites
    within one call's time, which the API gives no means to prevent: they are told, and not held against anybody."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    needless: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    raced: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return not (self.lost or self.doubled or self.wrong or self.needless or self.hidden)


@dataclass(frozen=True, slots=True)
class Seen:
    """All that a verdict is made from. `history` is (entity, record, field) -> values held here, in order;
    `links` is (table, row) -> (entity, record); `overruled` are (entity, record, field, value) of conflicts."""

    journal: Sequence[Any]
    intents: Sequence[Intent]
    made: Sequence[str]
    history: Mapping[tuple[str, int, str], list[str]]
    links: Mapping[Any, tuple[str, int]]
    overruled: frozenset[tuple[str, int, str, str]]
    here: Mapping[tuple[str, int], Mapping[str, str]]
    there: Mapping[tuple[str, int], Mapping[str, str]]
    booked: Sequence[str] = ()
    noted: Sequence[str] = ()


def verdict(seen: Seen) -> Verdict:
    found = Verdict()
    effects = [entry for entry in seen.journal if entry.by == "api" and entry.kind != "read"]
    _made(seen, effects, found)
    judge_values(seen, found)
    return found


def judge_values(seen: Seen, found: Verdict) -> None:
    """What was written, what of the edits arrived, and how the two sides ended."""
    _written(seen, found)
    _last_words(seen, found)
    _both_sides(seen, found)


def _made(seen: Seen, effects: Iterable[Any], found: Verdict) -> None:
    """Each customer made here is made there once, with its location and its phone number; each job once, with its
    visit; each note once."""
    made = [entry for entry in effects if entry.kind == "new"]
    for table in MADE:
        marks = [entry.after["address"]["street"] for entry in made if entry.table == table]
        _once(table, seen.made, marks, found)
    _once("jobs", seen.booked, [entry.after["summary"] for entry in made if entry.table == "jobs"], found)
    _once(
        "job-notes", seen.noted, [entry.after["text"] for entry in made if entry.table == "job-notes"], found
    )
    visits = Counter(entry.after["jobId"] for entry in made if entry.table == "appointments")
    for entry in made:
        if entry.table == "jobs" and visits[entry.row_id] != 1:
            found.wrong.append(f"job {entry.after['summary']} was made with {visits[entry.row_id]} visits")
    phones = Counter(entry.after["value"] for entry in made if entry.table == "customer-contacts")
    found.doubled += [f"phone {value} was made {count} times" for value, count in phones.items() if count > 1]
    if len(phones) < len(seen.made):
        found.lost.append(f"{len(seen.made) - len(phones)} phone numbers were never made")


def _once(table: str, wanted: Iterable[str], marks: Iterable[str], found: Verdict) -> None:
    """Each mark was made exactly once, and no other."""
    count = Counter(marks)
    wishes = set(wanted)
    for mark in sorted(wishes):
        if not count[mark]:
            found.lost.append(f"{table}: {mark} was never made")
        elif count[mark] > 1:
            found.doubled.append(f"{table}: {mark} was made {count[mark]} times")
    found.wrong += [f"{table}: {mark} was nobody's wish" for mark in count if mark not in wishes]


def _written(seen: Seen, found: Verdict) -> None:
    """Each change there was wanted here, changed something, and overwrote nothing that nobody here had seen."""
    wishes = {(i.entity, i.record_id, i.field, i.value) for i in seen.intents if i.side == HERE}
    office = {(i.entity, i.record_id, i.field, i.value) for i in seen.intents if i.side == THERE}
    for place, entry in enumerate(seen.journal):
        if entry.by != "api" or entry.kind != "changed":
            continue
        key = seen.links.get((entry.table, entry.row_id))
        if key is None:
            found.wrong.append(f"{entry.table} {entry.row_id} is linked to nothing")
            continue
        if not entry.after:
            found.needless.append(f"{key} was written and did not change")
        for name, (before, after) in _fields(entry).items():
            if (*key, name, after) not in wishes and not _first_values(seen, key, name, after):
                found.wrong.append(f"{key} {name}: {after!r} was nobody's wish")
            if _unseen(seen, office, (*key, name, before)):
                words = f"{key} {name}: {before!r} was overwritten by {after!r} unseen"
                (found.raced if _raced(seen, place) else found.wrong).append(words)


def _unseen(seen: Seen, office: Collection[Wish], value: Wish) -> bool:
    return value in office and value[3] not in seen.history.get(value[:3], ())


def raced(seen: Seen) -> set[Wish]:
    """What people wrote at the system within one call's time, and nobody else ever saw."""
    office = {(i.entity, i.record_id, i.field, i.value) for i in seen.intents if i.side == THERE}
    found = set()
    for place, entry in enumerate(seen.journal):
        key = seen.links.get((entry.table, entry.row_id))
        if entry.by == "api" and entry.kind == "changed" and key is not None and _raced(seen, place):
            values = {(*key, name, before) for name, (before, _) in _fields(entry).items()}
            found |= {value for value in values if _unseen(seen, office, value)}
    return found


def _fields(entry: Any) -> dict[str, tuple[str, str]]:
    """What a change of a row says in a record's words."""
    found = {}
    if "name" in entry.after:
        found["name"] = (entry.before["name"], entry.after["name"])
    if "address" in entry.after:
        before, after = entry.before["address"]["street"], entry.after["address"]["street"]
        if before != after:
            found["street"] = (before, after)
    return found


def _made_with(entry: Any) -> dict[str, tuple[str, str]]:
    """What a new row was made with: an edit may have come before its record was first sent."""
    return {"name": ("", entry.after["name"]), "street": ("", entry.after["address"]["street"])}


def _first_values(seen: Seen, key: tuple[str, int], name: str, value: str) -> bool:
    """A value that a record was made with is nobody's edit, and yet right."""
    return value in seen.history.get((*key, name), ())[:1]


def _raced(seen: Seen, place: int) -> bool:
    """Whether somebody there wrote between our look at the row and our write of it."""
    entry = seen.journal[place]
    for earlier in reversed(seen.journal[:place]):
        if (earlier.table, earlier.row_id) != (entry.table, entry.row_id):
            continue
        return bool(earlier.kind == "changed" and earlier.by == "office")
    return False


def _last_words(seen: Seen, found: Verdict) -> None:
    """The last edit made here of each field stands there, or was overruled where somebody can see it."""
    last: dict[tuple[str, int, str], str] = {}
    for intent in seen.intents:
        if intent.side == HERE:
            last[intent.entity, intent.record_id, intent.field] = intent.value
    arrived = {
        (*seen.links[entry.table, entry.row_id], name, after)
        for entry in seen.journal
        if entry.by == "api" and entry.kind != "read" and (entry.table, entry.row_id) in seen.links
        for name, (_, after) in (_fields(entry) if entry.kind == "changed" else _made_with(entry)).items()
    }
    for (entity, record_id, name), value in last.items():
        key = (entity, record_id, name, value)
        stands = seen.there.get((entity, record_id), {}).get(name) == value
        if not stands and key not in arrived and key not in seen.overruled:
            found.lost.append(f"{entity} {record_id} {name}: {value!r} never arrived")


def _both_sides(seen: Seen, found: Verdict) -> None:
    for key, ours in seen.here.items():
        theirs = seen.there.get(key)
        if theirs is None:
            found.lost.append(f"{key} is not there")
        elif theirs != ours:
            found.wrong.append(f"{key} ends as {ours} here and {theirs} there")
