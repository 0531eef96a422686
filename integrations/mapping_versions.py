"""A rule's mapping through time and between tenants: stored as versions, restored, exported, imported, copied.

The route of every change: lines -> checked (`checked`) -> `store`: the rule's rows replaced, a version kept, an audit
row, a full sync asked for where what is read has changed, deliveries owed where what is sent has.
A document holds lines only: no ids, no addresses, no secrets.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.text import capfirst

from integrations import samples
from integrations.mapping import Problem, all_problems
from integrations.mappings import as_map, record_fields, sides_of
from integrations.models import FieldMapping, LineDirection, MappingVersion, RemoteShape, SyncRule
from integrations.models.rules import OverwriteMode
from integrations.push.owing import owe, pushes
from integrations.push.planning import candidates
from portal import audit
from portal.models import User

FORMAT = "trunkline-mapping"
COLUMNS = ("part", "remote", "direction", "transform", "argument", "field", "mode", "policy")
MOST_LINES = 300
_LONGEST = {name: getattr(FieldMapping._meta.get_field(name), "max_length", None) or 4000 for name in COLUMNS}
_CHOICES = {
    "direction": set(LineDirection.values),
    "mode": set(OverwriteMode.values),
    "policy": {"", *SyncRule.ConflictPolicy.values},
}


class NotAMapping(ValueError):
    """A document that is not a mapping of this entity, in words for a person."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One line in two versions, each as {column: value}; None where the version has no such line."""

    name: str
    before: dict[str, str] | None
    after: dict[str, str] | None

    @property
    def columns(self) -> list[str]:
        """The columns whose values differ."""
        before, after = self.before or {}, self.after or {}
        return [name for name in COLUMNS if before.get(name, "") != after.get(name, "")]


def as_rows(lines: Iterable[FieldMapping]) -> list[dict[str, str]]:
    """Lines as plain values, in order."""
    return [{name: getattr(line, name) for name in COLUMNS} for line in lines]


def from_rows(rule: SyncRule, rows: Sequence[dict[str, str]]) -> list[FieldMapping]:
    """Unsaved lines of this rule; positions count within each part."""
    places: dict[str, int] = {}
    found = []
    for row in rows:
        place = places[row.get("part", "")] = places.get(row.get("part", ""), -1) + 1
        found.append(FieldMapping(rule=rule, position=place, **{name: row[name] for name in COLUMNS}))
    return found


def checked(rule: SyncRule, lines: Sequence[FieldMapping]) -> list[tuple[FieldMapping, Problem]]:
    """What is wrong with each line; nothing means that they may be stored."""
    found = []
    for part in dict.fromkeys(line.part for line in lines):
        own = [line for line in lines if line.part == part]
        if not record_fields(rule, part):
            words = f"{capfirst(rule.label)} records have no part “{part}”."
            found += [(line, Problem(n, "part", words)) for n, line in enumerate(own)]
            continue
        sides = sides_of(rule, part)
        found += [(own[p.line], p) for p in all_problems([as_map(line) for line in own], sides)]
    return found


@transaction.atomic
def store(
    rule: SyncRule,
    lines: Sequence[FieldMapping],
    *,
    action: str = "mapping.changed",
    note: str = "",
    actor: User | None = None,
) -> MappingVersion | None:
    """Replace the mapping and keep it as a version; None where nothing was changed."""
    SyncRule.objects.select_for_update().get(pk=rule.pk)
    before = list(rule.mappings.all())
    if as_rows(before) == as_rows(lines):
        return None
    if not rule.mapping_versions.exists():
        _keep(rule, before, "as it was at first", None)
    said, now = samples.in_words(before), samples.in_words(lines)
    reads = _read(before) != _read(lines)
    rule.mappings.all().delete()
    FieldMapping.objects.bulk_create(lines)
    if reads:
        RemoteShape.objects.filter(rule=rule).update(ways={})  # other members may be asked for now
        rule.full_wanted = True
        if rule.synced_at is not None:
            rule.due_at = timezone.now()
        rule.save(update_fields=["full_wanted", "due_at"])
    if pushes(rule):
        owe(rule, candidates(rule), backfill=True)
    changed = {
        name: [said.get(name), now.get(name)] for name in {**said, **now} if said.get(name) != now.get(name)
    }
    audit.record(action, rule, diff=changed, note=note, actor=actor)
    return _keep(rule, lines, note, actor)


def _keep(rule: SyncRule, lines: Iterable[FieldMapping], note: str, actor: User | None) -> MappingVersion:
    last = rule.mapping_versions.values_list("number", flat=True).first() or 0
    return MappingVersion.objects.create(
        rule=rule, number=last + 1, lines=as_rows(lines), note=note[:200], actor=actor
    )


def _read(lines: Iterable[FieldMapping]) -> list[dict[str, str]]:
    """What of the lines decides how rows are read."""
    return [
        {name: row[name] for name in ("part", "remote", "transform", "argument", "field", "mode", "policy")}
        for row in as_rows(lines)
        if row["direction"] != LineDirection.PUSH
    ]


def compared(before: Sequence[dict[str, str]], after: Sequence[dict[str, str]]) -> list[Difference]:
    """The lines that differ between two versions, in the order of the later one."""
    was, now = _by_name(before), _by_name(after)
    return [
        Difference(name, was.get(name), now.get(name))
        for name in {**now, **was}
        if was.get(name) != now.get(name)
    ]


def _by_name(rows: Iterable[dict[str, str]]) -> dict[str, dict[str, str]]:
    """By what a line fills."""
    return {
        ": ".join(filter(None, [row["part"], row["remote" if row["direction"] == "push" else "field"]])): row
        for row in rows
    }


def as_document(rule: SyncRule) -> dict[str, Any]:
    """The mapping as a file says it."""
    return {
        "format": FORMAT,
        "version": 1,
        "system": rule.connection.system,
        "entity": rule.entity,
        "lines": as_rows(rule.mappings.all()),
    }


def from_document(rule: SyncRule, document: Any) -> list[FieldMapping]:
    """The lines of a document, checked for this rule and not saved. Raises NotAMapping."""
    if not isinstance(document, dict) or document.get("format") != FORMAT or document.get("version") != 1:
        raise NotAMapping("This is not a field mapping that Trunkline exported.")
    if (document.get("system"), document.get("entity")) != (rule.connection.system, rule.entity):
        theirs = f"{document.get('entity')} of {document.get('system')}"
        raise NotAMapping(
            f"This is a mapping of {theirs}; here it is {rule.entity} of {rule.connection.system}."
        )
    rows = document.get("lines")
    if not isinstance(rows, list) or not 0 < len(rows) <= MOST_LINES:
        raise NotAMapping(f"A mapping has between 1 and {MOST_LINES} lines.")
    lines = from_rows(rule, [_row(number, row) for number, row in enumerate(rows, 1)])
    if found := checked(rule, lines):
        words = [f"{line.field or line.remote}: {problem.message}" for line, problem in found[:10]]
        raise NotAMapping("Nothing was stored. " + " ".join(words))
    return lines


def _row(number: int, row: Any) -> dict[str, str]:
    if not isinstance(row, dict) or set(row) - set(COLUMNS):
        raise NotAMapping(f"Line {number} has something else than {', '.join(COLUMNS)}.")
    found = {"direction": "pull", "mode": "always", "transform": "text", **row}
    values = {name: found.get(name, "") for name in COLUMNS}
    for name, value in values.items():
        if not isinstance(value, str) or len(value) > _LONGEST[name] or "\0" in value:
            raise NotAMapping(f"Line {number}: {name} is not a text of at most {_LONGEST[name]} characters.")
        if name in _CHOICES and value not in _CHOICES[name]:
            raise NotAMapping(
                f"Line {number}: {name} is one of {', '.join(sorted(filter(None, _CHOICES[name])))}."
            )
    return values
