"""What a table of the company's database is: its columns by kind and size, and its key.

Declared in one text: `Name:15` is a text of 15 characters, `Name#2` a number with two decimals, `Name@` a date.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any

Row = dict[str, Any]
"""Texts and dates (ISO, "" for none) as str, numbers as Decimal."""


class Kind(Enum):
    TEXT, NUMBER, DATE = ":", "#", "@"


@dataclass(frozen=True, slots=True)
class Column:
    """`size`: characters of a text, decimals of a number."""

    name: str
    kind: Kind
    size: int = 0

    def fit(self, value: object) -> Any:
        """A value as the database keeps it: a text is cut, a number rounded. Raises ValueError, ArithmeticError."""
        if self.kind is Kind.NUMBER:
            return Decimal(str(value or 0)).quantize(Decimal(1).scaleb(-self.size))
        if self.kind is Kind.DATE:
            return date.fromisoformat(str(value)).isoformat() if value else ""
        return str(value or "")[: self.size]


@dataclass(frozen=True, slots=True)
class Table:
    """`keys` are the columns of the primary key, in order."""

    name: str
    keys: tuple[str, ...]
    columns: Mapping[str, Column]

    def key_of(self, row: Mapping[str, Any]) -> tuple[str, ...]:
        return tuple(str(row[name]) for name in self.keys)

    def fit(self, members: Mapping[str, Any]) -> Row:
        """Raises ValueError for a column that the table has not."""
        if unknown := sorted(set(members) - set(self.columns)):
            raise ValueError(f"{self.name} has no column {unknown[0]}.")
        return {name: self.columns[name].fit(value) for name, value in members.items()}

    def blank(self) -> Row:
        return {name: column.fit("") for name, column in self.columns.items()}


_COLUMN = re.compile(r"(\w+)([:#@])(\d*)")


def table(name: str, keys: str, columns: str) -> Table:
    found = (Column(one[0], Kind(one[1]), int(one[2] or 0)) for one in _COLUMN.findall(columns))
    return Table(name, tuple(keys.split()), {column.name: column for column in found})
