"""COUNT, COUNT_DISTINCT, SUM, AVG, MIN, MAX, with or without GROUP BY."""

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from integrations.sandbox.salesforce.org import Org
from integrations.sandbox.salesforce.schema import NUMBERS, SObject
from integrations.sandbox.salesforce.soql.paths import Found, resolve
from integrations.sandbox.salesforce.soql.tokens import refuse
from integrations.sandbox.salesforce.soql.tree import Function, Path, Select
from integrations.sandbox.salesforce.store import Row

FUNCTIONS: Mapping[str, Callable[[list[Any]], Any]] = {
    "count": len,
    "count_distinct": lambda values: len(set(values)),
    "sum": lambda values: round(sum(values), 6) if values else None,
    "avg": lambda values: sum(values) / len(values) if values else None,
    "min": lambda values: min(values, default=None),
    "max": lambda values: max(values, default=None),
}
Column = tuple[str, Callable[[Sequence[Row]], Any]]


def aggregate(org: Org, select: Select, sobject: SObject, rows: list[Row]) -> list[dict[str, Any]]:
    """One record per group. Raises Refused for a field that is neither grouped nor aggregated."""
    keys = [resolve(org, select, sobject, path) for path in select.group]
    columns = _columns(org, select, sobject)
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(key.get(row) for key in keys), []).append(row)
    if not keys and not groups:
        groups[()] = []
    found = [
        {"attributes": {"type": "AggregateResult"}, **{name: make(members) for name, make in columns}}
        for members in groups.values()
    ]
    return _ordered(select, found)


def _columns(org: Org, select: Select, sobject: SObject) -> list[Column]:
    grouped = {path.text.lower() for path in select.group}
    columns: list[Column] = []
    unnamed = 0
    for item in select.items:
        if isinstance(item, Function):
            name = item.alias or f"expr{unnamed}"
            unnamed += item.alias is None
            columns.append((name, _function(org, select, sobject, item)))
        elif isinstance(item, Path) and item.text.lower() in grouped:
            columns.append((item.parts[-1], _first(resolve(org, select, sobject, item))))
        else:
            sentence = f"Field must be grouped or aggregated: {getattr(item, 'text', '')}"
            raise refuse(select.text, getattr(item, "at", 0), "MALFORMED_QUERY", sentence)
    return columns


def _first(found: Found) -> Callable[[Sequence[Row]], Any]:
    return lambda members: found.get(members[0])


def _function(org: Org, select: Select, sobject: SObject, item: Function) -> Callable[[Sequence[Row]], Any]:
    make = FUNCTIONS.get(item.name)
    if make is None or item.of is None:
        raise refuse(select.text, item.at, "MALFORMED_QUERY", f"unexpected token: '{item.name}'")
    found = resolve(org, select, sobject, item.of)
    if item.name in {"sum", "avg"} and found.field.type not in NUMBERS:
        sentence = f"field {found.field.name} does not support aggregate operator {item.name.upper()}"
        raise refuse(select.text, item.at, "INVALID_FIELD", sentence)
    return lambda members: make([value for row in members if (value := found.get(row)) is not None])


def _ordered(select: Select, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    for order in reversed(select.order):
        path = order.path
        name = path.parts[-1] if isinstance(path, Path) else _column_name(select, path)
        nulls = [one for one in found if one.get(name) is None]
        others = sorted(
            (one for one in found if one.get(name) is not None), key=itemgetter(name), reverse=order.down
        )
        found = [*others, *nulls] if order.nulls_last else [*nulls, *others]
    return found


def _column_name(select: Select, wanted: Function) -> str:
    unnamed = 0
    for item in select.items:
        if isinstance(item, Function):
            if (item.name, item.of and item.of.text) == (wanted.name, wanted.of and wanted.of.text):
                return item.alias or f"expr{unnamed}"
            unnamed += item.alias is None
    raise refuse(select.text, wanted.at, "MALFORMED_QUERY", "ORDER BY a function that is not selected")
