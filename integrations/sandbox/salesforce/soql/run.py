"""Answering a query: WHERE as tests -> the rows to look at -> ORDER BY, OFFSET, LIMIT -> `Answer`.

An answer holds row ids and shows them page by page (`show`), or finished records where the query aggregates.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from integrations.sandbox.salesforce import moments
from integrations.sandbox.salesforce.org import Org
from integrations.sandbox.salesforce.schema import SObject
from integrations.sandbox.salesforce.soql import aggregates, conditions
from integrations.sandbox.salesforce.soql.conditions import Test
from integrations.sandbox.salesforce.soql.narrowing import candidates
from integrations.sandbox.salesforce.soql.parse import parse
from integrations.sandbox.salesforce.soql.paths import resolve, source_of
from integrations.sandbox.salesforce.soql.showing import Shape, shape_of
from integrations.sandbox.salesforce.soql.tokens import refuse
from integrations.sandbox.salesforce.soql.tree import (
    Both,
    Compare,
    Either,
    Function,
    Literal,
    Not,
    Order,
    Path,
    Select,
)
from integrations.sandbox.salesforce.store import Row

MOST_OFFSET = 2000
UNFILTERABLE = 255
"""The length above which a text area cannot be asked for in WHERE or ORDER BY."""


@dataclass(slots=True)
class Answer:
    """`total` counts all rows; `shape` tells how they look; `finished` are the records of an aggregate."""

    sobject: SObject
    rows: list[Row]
    shape: Shape | None
    total: int
    finished: list[dict[str, Any]] | None = field(default=None)

    def show(self, version: str, first: int, count: int) -> list[dict[str, Any]]:
        if self.finished is not None:
            return self.finished[first : first + count]
        return (
            [self.shape.show(row, version) for row in self.rows[first : first + count]] if self.shape else []
        )


def run(org: Org, query: str, *, deleted: bool = False) -> Answer:
    """`deleted`: rows of the recycle bin too (queryAll). Raises Refused."""
    return answer(org, parse(query), deleted=deleted)


def answer(org: Org, select: Select, *, deleted: bool = False) -> Answer:
    sobject = source_of(org, select)
    counts = [item for item in select.items if isinstance(item, Function)]
    if select.offset > MOST_OFFSET:
        raise refuse(
            select.text, 0, "NUMBER_OUTSIDE_VALID_RANGE", f"Maximum SOQL offset allowed is {MOST_OFFSET}"
        )
    if counts and counts[0].name == "count" and counts[0].of is None:
        return Answer(sobject, [], None, _limited(select, len(_rows(org, select, sobject, deleted))), [])
    if counts or select.group:
        rows = _rows(org, select, sobject, deleted)
        finished = aggregates.aggregate(org, select, sobject, rows)
        finished = list(
            islice(finished, select.offset, None if select.limit is None else select.offset + select.limit)
        )
        return Answer(sobject, [], None, len(finished), finished)
    shape = shape_of(org, select, sobject, answer, deleted=deleted)
    rows = _rows(org, select, sobject, deleted, ordered=True)
    return Answer(sobject, rows, shape, len(rows))


def _limited(select: Select, count: int) -> int:
    return count if select.limit is None else min(count, select.limit)


def _rows(org: Org, select: Select, sobject: SObject, deleted: bool, *, ordered: bool = False) -> list[Row]:
    test = test_of(org, select, sobject, select.where)
    found, by_modstamp = candidates(org.store[sobject.name], select.where, live=not deleted)
    if not deleted:
        found = (row for row in found if not row["IsDeleted"])
    if test is not None:
        found = filter(test, found)
    if not ordered:
        return list(found)
    if select.order and not (by_modstamp and _wants_modstamp(select)):
        found = _sorted(org, select, sobject, list(found))
    end = None if select.limit is None else select.offset + select.limit
    return list(islice(found, select.offset, end))


def _wants_modstamp(select: Select) -> bool:
    names = [
        order.path.text.lower() for order in select.order if isinstance(order.path, Path) and not order.down
    ]
    return len(names) == len(select.order) and names in (["systemmodstamp"], ["systemmodstamp", "id"])


def _sorted(org: Org, select: Select, sobject: SObject, rows: list[Row]) -> list[Row]:
    for order in reversed(select.order):
        rows = sorted_by(rows, getter_of(org, select, sobject, order), order)
    return rows


def getter_of(org: Org, select: Select, sobject: SObject, order: Order) -> Callable[[Row], Any]:
    if isinstance(order.path, Function):
        raise refuse(select.text, order.path.at, "MALFORMED_QUERY", "ORDER BY a function needs GROUP BY")
    found = resolve(org, select, sobject, order.path)
    return conditions.getter_for(found.field, found.get)


def sorted_by(rows: list[Any], get: Callable[[Any], Any], order: Order) -> list[Any]:
    """Stable; nulls come first unless the query says otherwise."""
    nulls = [row for row in rows if get(row) is None]
    others = sorted((row for row in rows if get(row) is not None), key=get, reverse=order.down)
    return [*others, *nulls] if order.nulls_last else [*nulls, *others]


# --- WHERE ---


def test_of(org: Org, select: Select, sobject: SObject, where: Any) -> Test | None:
    """A function that says whether a row fulfils the condition; None where there is none."""
    if where is None:
        return None
    if isinstance(where, Not):
        inner = test_of(org, select, sobject, where.part)
        return lambda row: not (inner and inner(row))
    if isinstance(where, Both | Either):
        tests = [test for part in where.parts if (test := test_of(org, select, sobject, part))]
        if isinstance(where, Both):
            return lambda row: all(test(row) for test in tests)
        return lambda row: any(test(row) for test in tests)
    return _comparison(org, select, sobject, where)


def _comparison(org: Org, select: Select, sobject: SObject, where: Compare) -> Test:
    found = resolve(org, select, sobject, where.path)
    field = found.field
    if (field.type == "textarea" and field.length > UNFILTERABLE) or field.type == "address":
        sentence = f"field '{field.name}' can not be filtered in a query call"
        raise refuse(select.text, where.path.at, "INVALID_FIELD", sentence)
    get = conditions.getter_for(field, found.get)
    if isinstance(where.value, Select):
        return conditions.one_of(get, _subquery(org, where.value), wanted=where.op == "in")
    if isinstance(where.value, tuple):
        values = [conditions.value_of(select.text, field, literal) for literal in where.value]
        if where.op in {"includes", "excludes"}:
            return conditions.includes(found.get, filter(None, values), present=where.op == "includes")
        return conditions.one_of(get, values, wanted=where.op == "in")
    return _single(org, select, where, found, get)


def _single(org: Org, select: Select, where: Compare, found: Any, get: Any) -> Test:
    literal: Literal = where.value
    is_date = found.field.type == "date"
    if literal.kind == "span":
        if found.field.type not in {"date", "datetime"}:
            conditions.value_of(select.text, found.field, literal)
        today = moments.day_of(org.clock.now())
        return conditions.within(get, where.op, literal, today=today, is_date=is_date)
    if where.op == "like":
        if literal.kind != "string":
            raise refuse(select.text, literal.at, "MALFORMED_QUERY", f"unexpected token: '{literal.value}'")
        return conditions.like(found.get, literal.value)
    return conditions.compare(get, where.op, conditions.value_of(select.text, found.field, literal))


def _subquery(org: Org, select: Select) -> set[Any]:
    """The values that a semi-join selects."""
    sobject = source_of(org, select)
    if len(select.items) != 1 or not hasattr(select.items[0], "parts"):
        raise refuse(select.text, select.source_at, "MALFORMED_QUERY", "a semi-join selects one field")
    found = resolve(org, select, sobject, select.items[0])
    get = conditions.getter_for(found.field, found.get)
    return {get(row) for row in _rows(org, select, sobject, deleted=False)} - {None}
