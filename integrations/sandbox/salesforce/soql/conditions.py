"""WHERE as functions of a row, and the few rows that need be asked because an index knows them.

Texts compare without regard to case, moments as their wire texts; null is less than nothing: only `=` and `!=` see it.
"""

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any

from integrations.sandbox.salesforce import moments
from integrations.sandbox.salesforce.ids import long_id
from integrations.sandbox.salesforce.schema import NUMBERS, Field
from integrations.sandbox.salesforce.soql.spans import span
from integrations.sandbox.salesforce.soql.tokens import refuse
from integrations.sandbox.salesforce.soql.tree import Literal
from integrations.sandbox.salesforce.store import Row

Test = Callable[[Row], bool]
Get = Callable[[Row], Any]
IDS = frozenset({"id", "reference"})


def value_of(query: str, field: Field, literal: Literal) -> Any:
    """A literal in the form its field is compared in. Raises Refused INVALID_FIELD for the wrong kind."""
    if literal.kind == "null":
        return None
    good = {
        "boolean": {"boolean"}, "date": {"moment"}, "datetime": {"moment"}, **{kind: {"number"} for kind in NUMBERS},
    }.get(field.type, {"string"})  # fmt: skip
    if literal.kind not in good:
        raise _wrong_kind(query, field, literal)
    if field.type == "date":
        return moments.date_text(literal.value)
    if field.type == "datetime":
        if "T" not in literal.value:
            raise _wrong_kind(query, field, literal)
        return moments.datetime_text(literal.value)
    if field.type in IDS:
        return long_id(literal.value)
    return literal.value.lower() if isinstance(literal.value, str) else literal.value


def _wrong_kind(query: str, field: Field, literal: Literal) -> Exception:
    quotes = "should be enclosed in quotes" if field.type not in {*NUMBERS, "boolean", "date", "datetime"} else (
        "should not be enclosed in quotes" if literal.kind == "string" else "has the wrong format"
    )  # fmt: skip
    sentence = f"value of filter criterion for field '{field.name}' must be of type {field.type} and {quotes}"
    return refuse(query, literal.at, "INVALID_FIELD", sentence)


def getter_for(field: Field, get: Get) -> Get:
    """How a field's value is read for comparing."""
    if field.type in IDS or field.type in NUMBERS or field.type in {"date", "datetime"}:
        return get
    if field.type == "boolean":
        return lambda row: get(row) or False

    def lowered(row: Row) -> Any:
        value = get(row)
        return value.lower() if isinstance(value, str) else value

    return lowered


ORDERED: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


def compare(get: Get, op: str, value: Any) -> Test:
    if op == "=":
        return lambda row: get(row) == value
    if op == "!=":
        return lambda row: get(row) != value
    if value is None:
        return lambda row: False
    holds = ORDERED[op]
    return lambda row: (have := get(row)) is not None and holds(have, value)


def like(get: Get, pattern: str) -> Test:
    """`%` stands for any text, `_` for one character, and a backslash takes their meaning away."""
    pieces = re.findall(r"\\[%_]|.", pattern, re.DOTALL)
    wild = {"%": ".*", "_": "."}
    shape = re.compile(
        "".join(wild.get(piece) or re.escape(piece[-1]) for piece in pieces), re.IGNORECASE | re.DOTALL
    )
    return lambda row: (have := get(row)) is not None and shape.fullmatch(str(have)) is not None


def one_of(get: Get, values: Iterable[Any], *, wanted: bool) -> Test:
    known = frozenset(values)
    return lambda row: (get(row) in known) is wanted


def within(get: Get, op: str, literal: Literal, *, today: date, is_date: bool) -> Test:
    """A comparison with a date literal."""
    name, count = literal.value
    first, end = span(name, count, today)
    low, high = first.isoformat(), end.isoformat()
    if not is_date:
        low, high = (moments.datetime_text(f"{day}T00:00:00Z") for day in (low, high))
    tests: dict[str, Callable[[str], bool]] = {
        "=": lambda have: low <= have < high, "!=": lambda have: not low <= have < high,
        "<": lambda have: have < low, "<=": lambda have: have < high,
        ">": lambda have: have >= high, ">=": lambda have: have >= low,
    }  # fmt: skip
    test = tests[op]
    return lambda row: (have := get(row)) is not None and test(have)


def includes(get: Get, wanted: Iterable[str], *, present: bool) -> Test:
    """Multi-select picklists: `A;B` means both, several values mean any."""
    groups = [frozenset(text.lower().split(";")) for text in wanted]

    def test(row: Row) -> bool:
        have = frozenset((get(row) or "").lower().split(";"))
        return any(group <= have for group in groups) is present

    return test
