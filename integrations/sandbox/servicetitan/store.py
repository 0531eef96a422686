"""The rows of the sandbox, kept as the JSON bytes that are sent.

A page is a slice of ids and a join of bytes, so that serving costs next to nothing; a row is parsed only to
change it or to look inside for a filter. What decides who sees a row (times, active, parent) stands beside
the bytes.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from threading import RLock
from typing import Any

import orjson

from integrations.sandbox import times
from integrations.sandbox.journal import Journal

Body = dict[str, Any]


@dataclass(slots=True)
class Row:
    """One row. `created` and `modified` are ticks; `parent` is the id of the record it hangs on, or 0."""

    id: int
    created: int
    modified: int
    active: bool
    parent: int
    body: bytes


def encoded(body: Body) -> bytes:
    """JSON bytes, copied: those that orjson returns hold on to a buffer several times their size."""
    return bytes(memoryview(orjson.dumps(body)))


class Table:
    """The rows of one resource, in order of id, and the orders and indexes derived from them."""

    def __init__(self, name: str, journal: Journal, first_id: int, step: int = 1) -> None:
        self.name, self.journal = name, journal
        self.rows: dict[int, Row] = {}
        self.external: dict[int, dict[str, dict[str, str]]] = {}
        self.version = 0
        self._next, self._step = first_id, step
        self._derived: dict[Any, tuple[int, Any]] = {}

    def new_id(self) -> int:
        self._next += self._step
        return self._next

    def add(
        self,
        body: Body,
        *,
        created: int,
        modified: int,
        active: bool = True,
        parent: int = 0,
        row_id: int | None = None,
    ) -> Row:
        """Store a new row; `row_id` is for bodies that do not show their id."""
        row = Row(body["id"] if row_id is None else row_id, created, modified, active, parent, encoded(body))
        self.rows[row.id] = row
        self.version += 1
        self.journal.wrote(self.name, row.id, {}, body)
        return row

    def read(self, row_id: int) -> Body:
        """The row's members as a dict of its own. Raises KeyError."""
        return orjson.loads(self.rows[row_id].body)

    def write(self, row_id: int, changes: Mapping[str, Any], now: int | None) -> Body:
        """Change members of a row; with `now` its modification time moves as well. Raises KeyError."""
        row = self.rows[row_id]
        before = orjson.loads(row.body)
        body = {**before, **changes}
        if now is not None:
            row.modified = now
            if "modifiedOn" in body:
                body["modifiedOn"] = times.to_text(now)
        row.active = bool(body.get("active", row.active))
        row.body = encoded(body)
        self.version += 1
        self.journal.wrote(self.name, row_id, before, body)
        return body

    def remove(self, row_id: int, now: int) -> None:
        """Soft delete where the body itself says nothing about being active."""
        row = self.rows[row_id]
        if "active" in orjson.loads(row.body):
            self.write(row_id, {"active": False}, now)
        row.active, row.modified = False, now
        self.version += 1

    def derived(self, key: Any, make: Callable[[], Any]) -> Any:
        """A value computed from the rows, kept until a row changes."""
        version, value = self._derived.get(key, (-1, None))
        if version != self.version:
            if len(self._derived) > 200:
                self._derived.clear()
            value = make()
            self._derived[key] = (self.version, value)
        return value

    def by_modification(self) -> list[tuple[int, int]]:
        """Every (modified, id), oldest first: the order of an export feed."""
        return self.derived("modified", lambda: sorted((row.modified, row.id) for row in self.rows.values()))

    def children(self, parent: int) -> list[int]:
        return self.derived("parent", self._group_by_parent).get(parent, [])

    def _group_by_parent(self) -> dict[int, list[int]]:
        groups: dict[int, list[int]] = {}
        for row in self.rows.values():
            groups.setdefault(row.parent, []).append(row.id)
        return groups

    def bodies(self) -> Iterator[tuple[Row, Body]]:
        for row in self.rows.values():
            yield row, orjson.loads(row.body)

    def dump(self) -> dict[str, Any]:
        """Everything that is not derived, as JSON can hold it."""
        rows = [
            [r.id, r.created, r.modified, r.active, r.parent, r.body.decode()] for r in self.rows.values()
        ]
        return {"next": self._next, "rows": rows, "external": self.external}

    def restore(self, dumped: dict[str, Any]) -> None:
        """Put a dump in place of all rows. Raises KeyError, TypeError or ValueError for one that is none."""
        rows = (
            Row(row_id, created, modified, active, parent, body.encode())
            for row_id, created, modified, active, parent, body in dumped["rows"]
        )
        self.rows = {row.id: row for row in rows}
        self.external = {int(row_id): known for row_id, known in dumped["external"].items()}
        self._next = dumped["next"]
        self.version += 1


class Store:
    """All tables of one merchant, under one lock."""

    def __init__(self, names: list[str]) -> None:
        self.lock = RLock()
        self.journal = Journal(frozenset({"modifiedOn"}))
        self._numbers: dict[str, int] = {}
        self.tables = {
            name: Table(name, self.journal, first_id=(place + 1) * 10_000_000)
            for place, name in enumerate(names)
        }

    def __getitem__(self, name: str) -> Table:
        return self.tables[name]

    def next_number(self, kind: str, first: int) -> int:
        """The next of a series of printed numbers (jobs, invoices): these are not ids."""
        self._numbers[kind] = self._numbers.get(kind, first - 1) + 1
        return self._numbers[kind]

    def dump(self) -> dict[str, Any]:
        """All tables and the series of numbers, as JSON can hold them."""
        tables = {name: table.dump() for name, table in self.tables.items()}
        return {"numbers": dict(self._numbers), "tables": tables}

    def restore(self, dumped: dict[str, Any]) -> None:
        """Go on from a dump. Raises KeyError, TypeError or ValueError for one that is none."""
        self._numbers = dict(dumped["numbers"])
        for name, table in dumped["tables"].items():
            self.tables[name].restore(table)

    def counts(self) -> dict[str, int]:
        return {name: len(table.rows) for name, table in self.tables.items()}
