"""Tests of a row, as COMFND and OData both need them: a column compared with a value, and how tests are joined.

Texts are compared as the database's binary collation does: by code, with case, trailing blanks aside.
"""

import operator
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from integrations.sandbox.syspro.columns import Column, Kind, Row

Test = Callable[[Row], bool]
COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq, "ne": operator.ne, "gt": operator.gt, "ge": operator.ge, "lt": operator.lt, "le": operator.le,
}  # fmt: skip


def compared(column: Column, op: str, value: Any) -> Test:
    """`value`: a str or a Decimal as the column has it. A row without a date fulfils nothing but `ne`."""
    name, test = column.name, COMPARE[op]
    if column.kind is Kind.DATE:
        return lambda row: (
            test(row[name], value) if row[name] and value else test(row[name], value) and op in "eqne"
        )
    if isinstance(value, str):
        wanted = value.rstrip(" ")
        return lambda row: test(row[name].rstrip(" "), wanted)
    return lambda row: test(row[name], value)


def like(column: Column, pattern: str) -> Test:
    """`*` stands for any characters, `?` for one."""
    parts = (".*" if sign == "*" else "." if sign == "?" else re.escape(sign) for sign in pattern)
    wanted, name = re.compile("".join(parts), re.DOTALL), column.name
    return lambda row: wanted.fullmatch(str(row[name])) is not None


def both(one: Test, other: Test) -> Test:
    return lambda row: one(row) and other(row)


def either(one: Test, other: Test) -> Test:
    return lambda row: one(row) or other(row)


def negated(test: Test) -> Test:
    return lambda row: not test(row)


def as_column(column: Column, text: str) -> str | Decimal:
    """A value that came as text, as the column has it. Raises ValueError, ArithmeticError."""
    if column.kind is Kind.NUMBER:
        return Decimal(text.strip() or "0")
    return str(column.fit(text.strip()[:10])) if column.kind is Kind.DATE else text
