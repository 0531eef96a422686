"""A rule's field mapping: its lines as rows that a person can see and change, and compiled for a run."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import orjson
from django.core.exceptions import ValidationError

from integrations.connectors.base import Entity, FieldMap, Row
from integrations.connectors.registry import CONNECTORS
from integrations.mapping import compile_entity, mapping_salt, problems, remapped, row_fingerprint
from integrations.models import FieldMapping, SyncRule
from reconciliation import entities
from reconciliation.intake import Child, Incoming
from reconciliation.survivorship import FieldRule, Mode, Policy


def declaration(rule: SyncRule) -> Entity:
    """The connector's declaration of the rule's entity."""
    return CONNECTORS[rule.connection.system].entities[rule.entity]


def default_lines(rule: SyncRule) -> list[FieldMapping]:
    """The entity's default mapping as unsaved rows of this rule."""
    entity = declaration(rule)
    parts: list[tuple[str, Sequence[FieldMap]]] = [("", entity.mapping)]
    if entity.children:
        parts.append((entity.children.name, entity.children.mapping))
    return [
        FieldMapping(
            rule=rule,
            part=part,
            remote=line.remote,
            transform=line.transform,
            field=line.field,
            position=position,
        )
        for part, lines in parts
        for position, line in enumerate(lines)
    ]


def record_fields(rule: SyncRule, part: str) -> dict[str, str]:
    """The fields that lines of this part may fill, each with its kind; empty for a part that does not exist."""
    entity = entities.ENTITIES[rule.entity]
    if not part:
        return dict(entity.fields)
    if entity.children and entity.children.name == part:
        return dict(entity.children.fields)
    return {}


def check_line(line: FieldMapping) -> None:
    """Raise ValidationError, by column, for a line that names what does not exist."""
    fields = record_fields(line.rule, line.part)
    if not fields:
        raise ValidationError({"part": f"{line.rule.entity} has no part “{line.part}”."})
    found = problems([FieldMap(line.remote, line.field, line.transform)], fields)
    if found:
        messages: dict[str, list[str]] = {}
        for problem in found:
            messages.setdefault(problem.column, []).append(problem.message)
        raise ValidationError(messages)


def customised(entity: Entity, lines: Iterable[FieldMapping]) -> Entity:
    """The declaration with a rule's own lines in the place of the default mapping."""
    by_part: dict[str, list[FieldMap]] = {}
    for line in lines:
        by_part.setdefault(line.part, []).append(FieldMap(line.remote, line.field, line.transform))
    nested = by_part.get(entity.children.name, []) if entity.children else None
    return remapped(entity, by_part.get("", []), nested)


def field_rules(rule: SyncRule) -> dict[str, FieldRule]:
    """Fields with a say of their own: an overwrite mode but "always", or a policy but the rule's."""
    return {
        line.field: FieldRule(Mode(line.mode), Policy(line.policy) if line.policy else None)
        for line in rule.mappings.all()
        if not line.part and (line.mode != Mode.ALWAYS or line.policy)
    }


@dataclass(frozen=True)
class Reader:
    """Reads raw rows of one rule: the compiled mapping and the salt of its fingerprints."""

    read: Callable[[Row], Incoming]
    entity: Entity


def reader_of(rule: SyncRule) -> Reader:
    """The rule's mapping, compiled. The function raises `MappingError` for a row that cannot be read."""
    entity = customised(declaration(rule), rule.mappings.all())
    region = rule.connection.tenant.phone_region
    map_row = compile_entity(entity, region=region)
    salt = mapping_salt(entity, region=region)

    def read(row: Row) -> Incoming:
        mapped = map_row(row)
        payload = orjson.dumps(row)
        return Incoming(
            mapped.external_id,
            mapped.fields,
            mapped.references,
            payload.decode(),
            row_fingerprint(payload, salt),
            mapped.modified_at,
            mapped.created_at,
            mapped.active,
            mapped.merged_to,
            [Child(child.external_id, child.fields, child.references) for child in mapped.children],
        )

    return Reader(read, entity)
