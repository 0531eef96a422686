"""What a mapping's lines make of one real record, line by line, before they are stored.

The route: a row as it was last read, and the record that it is linked to -> each line, bound exactly as a pull and a
push bind it -> what stands on the one side and what would stand on the other. Nothing is written.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from integrations.connectors.entity import Row, Write
from integrations.linked_values import LinkedValues
from integrations.mapping import MappingError, can_push, outward
from integrations.mapping.groups import line_of
from integrations.mapping.paths import MISSING, dig
from integrations.mappings import (
    as_map,
    compilable,
    declaration,
    record_fields,
    writable_members,
)
from integrations.models import FieldMapping, SyncRule
from integrations.push.sides import reached
from reconciliation.entities import ENTITIES
from reconciliation.models import Link

MOST_FOUND = 8
_SEARCHED = ("name", "number", "subject", "first_name", "last_name", "value")


@dataclass(frozen=True, slots=True)
class Glimpse:
    """One way of one line: what it reads, what it gives, or why it gives nothing.

    `held` is what the other side holds now, where it is something else; `way` is pull or push.
    """

    way: str
    before: Any = None
    after: Any = None
    held: Any = None
    differs: bool = False
    error: str = ""


@dataclass(frozen=True)
class Sample:
    """One real record: the row that the system sent, and what the portal made of it (None: nothing yet)."""

    external_id: str
    row: Row
    record: Any = None


def sample_of(rule: SyncRule, external_id: str) -> Sample | None:
    """The record with this external id; None where it was never read."""
    link = _links(rule).filter(external_id=external_id).first()
    if link is None or not isinstance(link.payload, dict) or not link.payload:
        return None
    record = ENTITIES[rule.entity].objects.filter(pk=link.record_id, tenant=rule.connection.tenant_id).first()
    return Sample(external_id, link.payload, record)


def search(rule: SyncRule, words: str) -> list[tuple[str, str]]:
    """(external id, name) of records whose name, number or id has these words, the first few."""
    entity = ENTITIES[rule.entity]
    records = entity.objects.filter(tenant=rule.connection.tenant_id)
    names = [name for name in _SEARCHED if name in entity.fields]
    found: dict[int, str] = {}
    for name in names:
        for pk, value in records.filter(**{f"{name}__icontains": words}).values_list("pk", name)[:MOST_FOUND]:
            found.setdefault(pk, str(value))
    links = _links(rule).filter(record_id__in=list(found)[:MOST_FOUND]).order_by("external_id")
    return [(external_id, found[pk]) for external_id, pk in links.values_list("external_id", "record_id")]


def glimpses(rule: SyncRule, lines: Sequence[FieldMapping], sample: Sample) -> list[list[Glimpse]]:
    """For each line, what it gives on the way in and on the way out."""
    more = writable_members(rule)
    return [_of_line(rule, line, sample, more) for line in lines]


def _of_line(rule: SyncRule, line: FieldMapping, sample: Sample, more: frozenset[str]) -> list[Glimpse]:
    found = []
    entity = declaration(rule)
    if line.direction != "push":
        found.append(_pulled(rule, line, sample))
    write = None if line.part or entity.read_only else entity.write
    if write is not None and sample.record is not None and can_push(as_map(line), write, more):
        found.append(_pushed(line, sample, write, rule.connection.tenant.phone_region, more))
    return found


def _pulled(rule: SyncRule, line: FieldMapping, sample: Sample) -> Glimpse:
    kinds = record_fields(rule, line.part)
    region = rule.connection.tenant.phone_region
    row = _row_for(rule, line.part, sample.row)
    try:
        bound = line_of(compilable(line, kinds), region, LinkedValues(rule))
    except ValueError as error:
        return Glimpse("pull", error=str(error))
    before = _shown([dig(row, path) for path in bound.paths])
    fields: dict[str, Any] = {}
    try:
        bound.put(row, fields)
    except MappingError as error:
        return Glimpse("pull", before, error=error.message)
    if line.field not in fields:
        return Glimpse("pull", before, error="The row does not say it: the field stays as it is.")
    after = fields[line.field]
    held = getattr(sample.record, line.field, None) if sample.record is not None and not line.part else after
    return Glimpse("pull", before, after, held, differs=not _same(held, after))


def _pushed(line: FieldMapping, sample: Sample, write: Write, region: str, more: frozenset[str]) -> Glimpse:
    try:
        way = outward([as_map(line)], write, region=region, more=more)
        values = {name: reached(sample.record, name) for name in way.names}
    except (ValueError, AttributeError):
        return Glimpse("push", error="Its settings, or the record's fields that it names, are not right yet.")
    before = _shown(list(values.values()))
    try:
        (sent,) = (one.body(values, sample.row) for one in way.lines)
    except MappingError as error:
        return Glimpse("push", before, error=error.message)
    after, held = list(sent.values()), [dig(sample.row, path) for path in sent]
    held = [None if value is MISSING else value for value in held]
    return Glimpse("push", before, _shown(after), _shown(held), differs=not _same(held, after))


def _row_for(rule: SyncRule, part: str, row: Row) -> Row:
    """The row that lines of a part read: the first of the nested ones."""
    children = declaration(rule).children
    if not part or children is None:
        return row
    nested = dig(row, (children.remote,))
    return nested[0] if isinstance(nested, list) and nested and isinstance(nested[0], dict) else {}


def _shown(values: Sequence[Any]) -> Any:
    found = [None if value is MISSING else value for value in values]
    return found[0] if len(found) == 1 else found


def _same(one: Any, other: Any) -> bool:
    """Equal, or both as good as nothing."""
    return one == other or _bare(one) == _bare(other)


def _bare(value: Any) -> Any:
    """None for whatever says nothing."""
    if isinstance(value, list):
        return [_bare(item) for item in value] if any(_bare(item) is not None for item in value) else None
    return None if value in (None, "") else value


def _links(rule: SyncRule) -> Any:
    return Link.objects.filter(source=rule.connection.source_id, entity=rule.entity)
