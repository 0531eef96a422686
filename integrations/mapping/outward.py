"""From a record's fields back to a remote row's members: the mapping read the other way. Pure.

The route: fields that changed -> the mapping's lines that fill them -> each value through the reverse of its
transform -> members at their paths; a nested member that goes whole is filled up from the row as it stands.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from integrations.connectors.base import FieldMap, Row, Write
from integrations.mapping.contacts import remote_kind
from integrations.mapping.paths import dig, parse


def _plain(value: Any) -> Any:
    return value


def _amount(value: Any) -> float | None:
    """Amounts are numbers in a write. Four places are kept here, which a float holds exactly enough."""
    return None if value is None else float(Decimal(str(value)))


def _time(value: Any) -> str | None:
    """Z, never an offset."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else value


def _ids(value: Any) -> list[int]:
    return [int(item) for item in value or ()]


REVERSE: Mapping[str, Callable[[Any], Any]] = {
    **dict.fromkeys(
        ("text", "trimmed", "upper", "lower", "email", "integer", "number", "boolean", "date"), _plain
    ),
    "decimal": _amount,
    "timestamp": _time,
    "id_list": _ids,
    "contact_kind": remote_kind,
}
"""Transforms that can be read backwards; a line with another one is never written."""


def writable(lines: Iterable[FieldMap], members: Collection[str]) -> dict[str, FieldMap]:
    """The lines that a write may use, by record field."""
    return {
        line.field: line
        for line in lines
        if line.transform in REVERSE and "," not in line.remote and line.remote.partition(".")[0] in members
    }


def body_of(
    lines: Mapping[str, FieldMap],
    write: Write,
    values: Mapping[str, Any],
    names: Collection[str],
    row: Row | None = None,
) -> Row:
    """The members to send for the fields `names`, whose new values are in `values`. `row` is the row as it stands."""
    body: Row = {}
    for name in names:
        path = parse(lines[name].remote)[0]
        top = path[0]
        if top in write.whole and top not in body:
            body[top] = _whole(write.whole[top], row, top)
        _put(body, path, REVERSE[lines[name].transform](values[name]), write.whole.get(top, {}))
    return {write.rename.get(name, name): value for name, value in body.items()}


def _whole(parts: Mapping[str, Any], row: Row | None, top: str) -> Row:
    """A nested member with all its parts, as they stand; those that may not be null have what stands for it."""
    found = dig(row, (top,)) if row is not None else None
    stands = dict(found) if isinstance(found, dict) else {}
    return {**stands, **{name: stands.get(name) or empty for name, empty in parts.items()}}


def _put(body: Row, path: tuple[str, ...], value: Any, parts: Mapping[str, Any]) -> None:
    for name in path[:-1]:
        body = body.setdefault(name, {})
    empty = value is None or value == ""
    body[path[-1]] = parts.get(path[-1], value) if empty else value
