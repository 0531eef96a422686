"""A rule's field mapping: its lines as rows that a person can see and change, and compiled for a run."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import orjson
from django.core.exceptions import ValidationError

from integrations.connectors.base import RemoteField
from integrations.connectors.entity import Entity, FieldMap, Row, Write
from integrations.connectors.registry import CONNECTORS
from integrations.linked_values import LinkedValues
from integrations.mapping import (
    TRANSFORMS,
    Outward,
    Sides,
    all_problems,
    can_push,
    compile_entity,
    mapping_salt,
    outward,
    remapped,
    row_fingerprint,
)
from integrations.models import FieldMapping, LineDirection, RemoteFields, SyncRule
from reconciliation import entities
from reconciliation.intake import Child, Incoming
from reconciliation.survivorship import FieldRule, Mode, Policy


def declaration(rule: SyncRule) -> Entity:
    """The declaration of the rule's entity: the connector's, or what the connection's own object says of itself."""
    spec = CONNECTORS[rule.connection.system]
    if rule.object and spec.declare is not None:
        return spec.declare(rule.entity, rule.object, remote_fields(rule))
    return spec.entities[rule.entity]


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
            direction=natural_direction(entity, part, line),
            transform=line.transform,
            argument=line.argument,
            field=line.field,
            mode=line.mode,
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


def natural_direction(entity: Entity, part: str, line: FieldMap, more: Collection[str] = ()) -> LineDirection:
    """Both ways where the system and the transform allow it, else pull; a line that is made to push only pushes."""
    if line.direction == LineDirection.PUSH:
        return LineDirection.PUSH
    if part or entity.write is None or entity.read_only:
        return LineDirection.PULL
    way = replace(line, direction="both")
    return LineDirection.BOTH if can_push(way, entity.write, more) else LineDirection.PULL


def check_line(line: FieldMapping) -> None:
    """Raise ValidationError, by column, for a line that names what does not exist."""
    sides = sides_of(line.rule, line.part)
    if not sides.fields:
        raise ValidationError({"part": f"{line.rule.entity} has no part “{line.part}”."})
    mapped = as_map(line)
    if line.direction != LineDirection.PUSH:  # what it is written to is seen when it is saved with the others
        mapped = replace(mapped, direction="pull")
    found = all_problems([mapped], sides)
    if found:
        messages: dict[str, list[str]] = {}
        for problem in found:
            messages.setdefault(problem.column, []).append(problem.message)
        raise ValidationError(messages)


def as_map(line: FieldMapping) -> FieldMap:
    """A stored line as mappings are compiled from. The mode of what is pulled is for ingest to judge."""
    mode = line.mode if line.direction == LineDirection.PUSH else Mode.ALWAYS
    return FieldMap(line.remote, line.field, line.transform, line.argument, line.direction, mode=mode)


def compilable(line: FieldMapping, kinds: Mapping[str, str]) -> FieldMap:
    """The same, with the paths that its argument names, for systems that are asked by field, and its field's kind."""
    found, transform = as_map(line), TRANSFORMS.get(line.transform)
    if found.direction == LineDirection.PUSH:
        return found
    if transform is not None and transform.reads is not None:
        found = replace(found, remote=", ".join(transform.reads(line.argument)))
    needs_kind = transform is not None and not transform.kind
    return replace(found, kind=kinds.get(line.field, "")) if needs_kind else found


def sides_of(rule: SyncRule, part: str, paths: Collection[str] = ()) -> Sides:
    """What the lines of a part may join. `paths` are those that the system is known to send."""
    entity, described = declaration(rule), remote_fields(rule)
    record = entities.ENTITIES[rule.entity]
    whole = not part
    return Sides(
        fields=record_fields(rule, part),
        linked={name: entities.ENTITIES[target].fields for name, target in record.references.items()}
        if whole
        else {},
        paths=paths,
        remote={field.path: field for field in described} if whole else {},
        write=entity.write if whole and not entity.read_only else None,
        more=writable_members(rule),
    )


def remote_fields(rule: SyncRule) -> list[RemoteField]:
    """The fields of the rule's entity as its system last described them; empty where it was never asked."""
    stored = RemoteFields.objects.filter(rule=rule.pk).values_list("fields", flat=True).first() or []
    return [
        RemoteField(
            **{
                **field,
                "choices": tuple((value, label) for value, label in field["choices"]),
                "refers_to": tuple(field["refers_to"]),
            }
        )
        for field in stored
    ]


def customised(entity: Entity, lines: Iterable[FieldMapping]) -> Entity:
    """The declaration with a rule's own lines in the place of the default mapping."""
    by_part: dict[str, list[FieldMap]] = {}
    for line in lines:
        kinds = record_fields(line.rule, line.part)
        by_part.setdefault(line.part, []).append(compilable(line, kinds))
    nested = by_part.get(entity.children.name, []) if entity.children else None
    return remapped(entity, by_part.get("", []), nested)


def outward_of(rule: SyncRule, write: Write) -> Outward:
    """The rule's mapping on its way out."""
    lines = [as_map(line) for line in rule.mappings.all() if not line.part]
    not_chosen = {name for name, variant in write.only_as.items() if variant != rule.becomes}
    write = replace(write, create_members=write.create_members - not_chosen)
    return outward(lines, write, region=rule.connection.tenant.phone_region, more=writable_members(rule))


def writable_members(rule: SyncRule) -> frozenset[str]:
    """Members beyond the declared ones that the system itself described as custom and writable."""
    found = RemoteFields.objects.filter(rule=rule.pk).values_list("fields", flat=True).first() or []
    return frozenset(field["path"] for field in found if field["writable"] and not field["key"])


def field_rules(rule: SyncRule) -> dict[str, FieldRule]:
    """Fields with a say of their own: an overwrite mode but "always", or a policy but the rule's."""
    return {
        line.field: FieldRule(Mode(line.mode), Policy(line.policy) if line.policy else None)
        for line in rule.mappings.all()
        if not line.part
        and line.direction != LineDirection.PUSH
        and (line.mode != Mode.ALWAYS or line.policy)
    }


@dataclass(frozen=True)
class Reader:
    """Reads raw rows of one rule. `meet` is shown rows before they are read, so that look-ups are asked for together."""

    read: Callable[[Row], Incoming]
    entity: Entity
    meet: Callable[[Sequence[Row]], None]


def reader_of(rule: SyncRule) -> Reader:
    """The rule's mapping, compiled. The function raises `MappingError` for a row that cannot be read."""
    entity = customised(declaration(rule), rule.mappings.all())
    region = rule.connection.tenant.phone_region
    linked = LinkedValues(rule)
    map_row = compile_entity(entity, region=region, look_up=linked)
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

    return Reader(read, entity, linked.meeting(entity))
