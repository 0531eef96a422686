"""The members of an entity's rows, put together: ServiceTitan describes nothing itself.

The route: the default mapping and the write's declaration -> and what a sample of rows shows beyond them, with types
read off its values.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from integrations.connectors.base import RemoteField
from integrations.connectors.entity import Entity, Row

_TIME = re.compile(r"\d{4}-\d\d-\d\dT")
_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_TYPES = {
    "integer": "integer", "number": "number", "decimal": "decimal", "boolean": "boolean",
    "timestamp": "timestamp", "date": "date", "json": "json", "members": "json", "id_list": "json", "email": "email",
}  # fmt: skip


def described(entity: Entity, rows: Iterable[Row]) -> list[RemoteField]:
    """Every path that is declared or that one of the rows has, in alphabetical order."""
    types: dict[str, str] = {}
    for row in rows:
        for path, value in _leaves(row):
            if value is not None and types.get(path) != "decimal":
                types[path] = _type_of(value)
    for line in entity.mapping:
        for path in line.remote.split(","):
            types[path.strip()] = _TYPES.get(line.transform, types.get(path.strip(), "text"))
    refers = {reference.remote: reference.entity for reference in entity.references.values()}
    return [_field(entity, path, types[path], refers.get(path, "")) for path in sorted(types)]


def _field(entity: Entity, path: str, kind: str, target: str) -> RemoteField:
    top, write = path.partition(".")[0], entity.write
    return RemoteField(
        path=path,
        label=_label(path),
        type="reference" if target else kind,
        required=write is not None and top in write.needed,
        writable=write is not None and not entity.read_only and top in write.members,
        refers_to=(target,) if target else (),
        key=path in entity.id.split(", "),
    )


def _label(path: str) -> str:
    """`address.postalCode` -> `Address: postal code`."""
    words = [_WORD.sub(" ", part).lower() for part in path.split(".")]
    return ": ".join(words).capitalize()


def _leaves(row: Row, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in row.items():
        if isinstance(value, dict) and value:
            yield from _leaves(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _type_of(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "decimal"
    if isinstance(value, str):
        return "timestamp" if _TIME.match(value) else "text"
    return "json"
