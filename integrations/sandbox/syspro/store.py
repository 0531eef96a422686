"""The rows of the company's database: plain dicts by table and primary key, and the last numbers that were given.

A transaction keeps what it replaced, so that a document that is only validated leaves nothing behind.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import RLock
from typing import Any

from integrations.sandbox.journal import Journal
from integrations.sandbox.syspro.columns import Row, Table
from integrations.sandbox.syspro.tables import TABLES

Key = tuple[str, ...]


class Rows:
    """The rows of one table by key, in the order they were made."""

    def __init__(self, table: Table, store: "Store") -> None:
        self.table, self._store = table, store
        self.by_key: dict[Key, Row] = {}

    def get(self, *key: object) -> Row | None:
        return self.by_key.get(tuple(map(str, key)))

    def all(self) -> list[Row]:
        """In the order of the key, as a database reads them."""
        return [self.by_key[key] for key in sorted(self.by_key)]

    def put(self, **members: Any) -> Row:
        """Write some columns of the row that their key names, or a new one. Raises ValueError."""
        given = self.table.fit(members)
        key = self.table.key_of({**self.table.blank(), **given})
        before = self.by_key.get(key)
        row = {**(before or self.table.blank()), **given}
        self._store.replaced(self, key, before)
        self.by_key[key] = row
        self._store.journal.wrote(self.table.name, "/".join(key), before or {}, row)
        return row

    def delete(self, *key: object) -> None:
        """Raises KeyError."""
        found = tuple(map(str, key))
        before = self.by_key.pop(found)
        self._store.replaced(self, found, before)
        self._store.journal.removed(self.table.name, "/".join(found), before)


class Store:
    """All tables. Its callers hold `lock`."""

    def __init__(self) -> None:
        self.lock = RLock()
        self.journal = Journal(frozenset())
        self.numbers: dict[str, int] = {}
        self._rows = {name: Rows(table, self) for name, table in TABLES.items()}
        self._undo: list[tuple[Rows, Key, Row | None]] | None = None

    def __getitem__(self, table: str) -> Rows:
        """Raises KeyError for a table that the database has not."""
        return self._rows[table]

    def next_number(self, name: str) -> int:
        self.numbers[name] = self.numbers.get(name, 0) + 1
        return self.numbers[name]

    def replaced(self, rows: Rows, key: Key, before: Row | None) -> None:
        if self._undo is not None:
            self._undo.append((rows, key, before))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """What is written inside, numbers too, is taken back if an exception leaves the block."""
        outer, self._undo = self._undo, []
        numbers, told = dict(self.numbers), self.journal.count
        try:
            yield
        except BaseException:
            for rows, key, before in reversed(self._undo):
                if before is None:
                    del rows.by_key[key]
                else:
                    rows.by_key[key] = before
            self.numbers = numbers
            self.journal.forget(self.journal.count - told)
            self._undo = outer
            raise
        undo, self._undo = self._undo, outer
        if outer is not None:
            outer.extend(undo)

    def counts(self) -> dict[str, int]:
        return {name: len(rows.by_key) for name, rows in self._rows.items() if rows.by_key}

    def dump(self) -> dict[str, list[Row]]:
        return {name: list(rows.by_key.values()) for name, rows in self._rows.items()}

    def restore(self, tables: Mapping[str, list[Mapping[str, Any]]]) -> None:
        """Put a dump in place of all rows. Raises KeyError, ValueError for one that is of other tables."""
        for name, kept in tables.items():
            rows = self[name]
            fitted = [rows.table.fit(row) for row in kept]
            rows.by_key = {rows.table.key_of(row): row for row in fitted}
