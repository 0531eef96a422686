"""What a query says, before anything is known of the org."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Path:
    """`Name`, or `Account.Owner.Name`: relationships, then a field."""

    text: str
    at: int

    @property
    def parts(self) -> list[str]:
        return self.text.split(".")


@dataclass(frozen=True, slots=True)
class Function:
    """`COUNT(Id) alias`; `of` is None for COUNT()."""

    name: str
    of: Path | None
    alias: str | None
    at: int


@dataclass(frozen=True, slots=True)
class Literal:
    """`kind`: string, number, moment, boolean, null or span (a date literal such as TODAY)."""

    kind: str
    value: Any
    at: int


@dataclass(frozen=True, slots=True)
class Compare:
    """`op`: = != < <= > >= like in not in. `value` is a Literal, a tuple of them, or a Select."""

    path: Path
    op: str
    value: Any


@dataclass(frozen=True, slots=True)
class Both:
    parts: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Either:
    parts: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Not:
    part: Any


@dataclass(frozen=True, slots=True)
class Order:
    path: Path | Function
    down: bool
    nulls_last: bool


@dataclass(frozen=True, slots=True)
class Select:
    """A query or a subquery. `items` are Path, Function or Select; `fields` is the group of FIELDS(), if any."""

    text: str
    items: tuple[Any, ...]
    source: str
    source_at: int
    where: Any = None
    group: tuple[Path, ...] = ()
    order: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int = 0
    fields: str = ""
    alias: str = ""
