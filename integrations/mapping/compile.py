"""A field mapping becomes a function from a raw row to a `Mapped` one.

The lines of a mapping are sorted into groups that are read together (`groups`): per row, a group is one
look-up of all its members, one check of all their types and one update of the fields. Only where a row is out
of the ordinary is a group read line by line, which also finds the words for an error.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from integrations.connectors.entity import Children, Entity, FieldMap, Reference, Row
from integrations.mapping.binding import LookUp, nothing_linked
from integrations.mapping.errors import MappingError
from integrations.mapping.groups import Fill, fills
from integrations.mapping.paths import MISSING, Path, dig, parse
from integrations.mapping.rows import Mapped, MappedChild
from integrations.mapping.transforms import timestamp

Compiled = Callable[[Row], Mapped]


def remapped(
    entity: Entity, lines: Iterable[FieldMap], child_lines: Iterable[FieldMap] | None = None
) -> Entity:
    """The entity with the mapping that a person has given it; `child_lines` for its nested rows."""
    children = entity.children
    if children is not None and child_lines is not None:
        children = replace(children, mapping=tuple(child_lines))
    return replace(entity, mapping=tuple(lines), children=children)


def compile_entity(entity: Entity, *, region: str = "US", look_up: LookUp = nothing_linked) -> Compiled:
    """The function that maps rows of `entity`; see `remapped` for a mapping that is not its default.

    `region` is the tenant's phone region, `look_up` finds what ids are linked to. Raises ValueError for a mapping that
    `problems` would refuse; the function itself raises MappingError for a row.
    """
    fill = _filler(entity.mapping, entity.constants, region, look_up)
    refer = _referrer(entity.references)
    get_id = _id_reader(entity.id)
    get_children = _children_reader(entity.children, region, look_up)
    created, modified, active, merged = entity.created, entity.modified, entity.active, entity.merged_to
    deleted = entity.deleted

    def map_row(row: Row) -> Mapped:
        flag = True if active is None else row.get(active, True)
        return Mapped(
            get_id(row),
            fill(row),
            refer(row),
            _moment(row, modified),
            _moment(row, created),
            (True if flag is None else _flag(flag, active)) and not (deleted and row.get(deleted)),
            None if merged is None else _reference(merged, row.get(merged)),
            get_children(row),
        )

    return map_row


def _filler(
    lines: Sequence[FieldMap], constants: Mapping[str, Any], region: str, look_up: LookUp
) -> Callable[[Row], dict[str, Any]]:
    parts: tuple[Fill, ...] = fills(lines, region, look_up)
    fixed = dict(constants)

    def fill(row: Row) -> dict[str, Any]:
        fields = fixed.copy()
        for part in parts:
            part(row, fields)
        return fields

    return fill


def _referrer(references: Mapping[str, Reference]) -> Callable[[Row], dict[str, str]]:
    simple = tuple(
        (name, ref.remote) for name, ref in references.items() if "." not in ref.remote and not ref.prefix
    )
    mixed = tuple((name, ref.remote, ref.prefix) for name, ref in references.items() if ref.prefix)
    nested = tuple(
        (name, ref.remote, parse(ref.remote)[0]) for name, ref in references.items() if "." in ref.remote
    )
    required = tuple((name, ref.remote) for name, ref in references.items() if ref.required)

    def refer(row: Row) -> dict[str, str]:
        found: dict[str, str] = {}
        for name, remote in simple:
            if value := row.get(remote):
                found[name] = str(value) if type(value) is int else _id_text(name, remote, value)
        for name, remote, prefix in mixed:
            value = row.get(remote)
            if type(value) is str and value.startswith(prefix):
                found[name] = value
        for name, remote, path in nested:
            value = dig(row, path)
            if value and value is not MISSING:
                found[name] = str(value) if type(value) is int else _id_text(name, remote, value)
        for name, remote in required:
            if name not in found:
                raise MappingError(name, remote, "reference", None, f"names no {name}")
        return found

    return refer


def _id_text(name: str, remote: str, value: Any) -> str:
    if type(value) is str:
        return value
    raise MappingError(name, remote, "reference", value, "is not an id")


def _reference(remote: str, value: Any) -> str | None:
    return _id_text(remote, remote, value if type(value) is not int else str(value)) if value else None


def _id_reader(remote: str) -> Callable[[Row], str]:
    if "," in remote:
        parts = [_id_reader(part) for part in remote.split(", ")]
        return lambda row: "-".join(part(row) for part in parts)

    def get_id(row: Row) -> str:
        value = row.get(remote)
        if type(value) is int:
            return str(value)
        if type(value) is str and value:
            return value
        raise MappingError("external id", remote, "id", value, "is not an id")

    return get_id


def _moment(row: Row, remote: str | None) -> datetime | None:
    value = row.get(remote) if remote is not None else None
    if value is None:
        return None
    try:
        return timestamp(value)
    except ValueError as error:
        raise MappingError(str(remote), str(remote), "timestamp", value, str(error)) from None


def _flag(value: Any, remote: str | None) -> bool:
    if type(value) is bool:
        return value
    raise MappingError("active", str(remote), "boolean", value, "is neither true nor false")


def _children_reader(
    children: Children | None, region: str, look_up: LookUp
) -> Callable[[Row], Sequence[MappedChild]]:
    if children is None:
        return lambda row: ()
    path: Path = parse(children.remote)[0]
    remote = children.remote
    fill = _filler(children.mapping, {}, region, look_up)
    refer = _referrer(children.references)
    get_id = _id_reader(children.id)

    def get_children(row: Row) -> Sequence[MappedChild]:
        items = dig(row, path)
        if not items or items is MISSING:
            return ()
        if type(items) is not list or not all(type(item) is dict for item in items):
            raise MappingError(children.name, remote, "rows", items, "is not a list of rows")
        return [MappedChild(get_id(item), fill(item), refer(item)) for item in items]

    return get_children
