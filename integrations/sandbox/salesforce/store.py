"""The rows of the org: plain dicts that hold what is set, beside indexes of the fields that identify.

Deleted rows stay (queryAll shows them) but leave the indexes, so that an upsert never matches them. A transaction
keeps what it replaced, so that `allOrNone` can take it back.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock
from typing import Any

from integrations.sandbox.journal import Journal
from integrations.sandbox.salesforce.ids import make_id
from integrations.sandbox.salesforce.schema import Schema, SObject

Row = dict[str, Any]
STAMPS = frozenset({"SystemModstamp", "LastModifiedDate", "LastModifiedById"})


class RolledBack(Exception):
    """Leaves a transaction and takes its writes back."""


def folded(value: object) -> str:
    """A key's value as it is compared: without regard to case."""
    return str(value).lower()


class Table:
    """The rows of one object by id, in the order they were made."""

    def __init__(self, sobject: SObject, store: "Store") -> None:
        self.sobject, self.store = sobject, store
        self.rows: dict[str, Row] = {}
        self.version = 0
        self._numbers = 0
        self._index: dict[str, dict[str, list[str]]] = {}
        self._schema_version = -1
        self._derived: dict[Any, tuple[int, Any]] = {}

    @property
    def index(self) -> dict[str, dict[str, list[str]]]:
        """Ids of live rows by field and folded value, for each field that is a key or unique."""
        if self._schema_version != self.sobject.version:
            self._schema_version = self.sobject.version
            for field in self.sobject.fields.values():
                if (field.is_key or field.unique) and field.name not in {"Id", *self._index}:
                    self._index[field.name] = {}
                    for row in self.rows.values():
                        self._enter(field.name, row)
        return self._index

    def _enter(self, name: str, row: Row) -> None:
        value = row.get(name)
        if value is not None and not row["IsDeleted"]:
            self._index[name].setdefault(folded(value), []).append(row["Id"])

    def _leave(self, name: str, row: Row) -> None:
        value = row.get(name)
        if value is not None and not row["IsDeleted"]:
            found = self._index[name][folded(value)]
            found.remove(row["Id"])
            if not found:
                del self._index[name][folded(value)]

    def new_id(self) -> str:
        self._numbers += 1
        return make_id(self.sobject.prefix, self._numbers)

    def number(self) -> int:
        """How many ids were given so far: the source of auto-numbers."""
        return self._numbers

    def put(self, row: Row) -> None:
        """Store a row in place of the one with its id."""
        before = self.rows.get(row["Id"])
        self.store.replaced(self, row["Id"], before)
        self._place(row["Id"], before, row)
        self.store.journal.wrote(self.sobject.name, row["Id"], before or {}, row)

    def _place(self, row_id: str, before: Row | None, row: Row | None) -> None:
        for name in self.index:
            if (
                before
                and row
                and before.get(name) == row.get(name)
                and before["IsDeleted"] == row["IsDeleted"]
            ):
                continue
            if before:
                self._leave(name, before)
            if row:
                self._enter(name, row)
        if row is None:
            del self.rows[row_id]
        else:
            self.rows[row_id] = row
        self.version += 1

    def fill(self, numbers: int, rows: list[Row]) -> None:
        """Begin with these rows, as they are, and go on counting ids from `numbers`."""
        self._numbers = numbers
        for row in rows:
            self._place(row["Id"], None, row)

    def restore(self, row_id: str, before: Row | None) -> None:
        self._place(row_id, self.rows[row_id], before)

    def by_key(self, name: str, value: object) -> list[str]:
        """Ids of the live rows whose key field has this value."""
        if name == "Id":
            row = self.rows.get(str(value))
            return [row["Id"]] if row and not row["IsDeleted"] else []
        return list(self.index[name].get(folded(value), ()))

    def where(self, name: str, value: str | None) -> list[Row]:
        """The live rows whose field has this value, by an index that the first question makes."""
        if value is None:
            return []
        if name not in self.index:
            self._index[name] = {}
            for row in self.rows.values():
                self._enter(name, row)
        return [self.rows[row_id] for row_id in self._index[name].get(folded(value), ())]

    def live(self) -> Iterator[Row]:
        return (row for row in self.rows.values() if not row["IsDeleted"])

    def by_modstamp(self) -> list[tuple[str, str]]:
        """Every (SystemModstamp, id) in order; kept until a row changes."""
        if self._derived.get("modstamp", (-1,))[0] != self.version:
            order = sorted((row["SystemModstamp"], row_id) for row_id, row in self.rows.items())
            self._derived["modstamp"] = (self.version, order)
        return self._derived["modstamp"][1]


class Store:
    """All tables, under one lock."""

    def __init__(self, schema: Schema) -> None:
        self.lock = RLock()
        self.schema = schema
        self.journal = Journal(STAMPS)
        self._tables: dict[str, Table] = {}
        self._undo: list[tuple[Table, str, Row | None]] | None = None

    def __getitem__(self, name: str) -> Table:
        """The table of an object by its exact name. Raises KeyError."""
        table = self._tables.get(name)
        if table is None:
            table = self._tables[name] = Table(self.schema.objects[name], self)
        return table

    def of_id(self, row_id: str) -> Table | None:
        """The table that a row with this id would stand in."""
        sobject = self.schema.by_prefix.get(row_id[:3])
        return self[sobject.name] if sobject else None

    def home(self, row_id: str) -> Table:
        """The table that holds this row. Raises KeyError."""
        table = self.of_id(row_id)
        if table is None or row_id not in table.rows:
            raise KeyError(row_id)
        return table

    def row(self, row_id: str) -> Row | None:
        table = self.of_id(row_id)
        return table.rows.get(row_id) if table else None

    def replaced(self, table: Table, row_id: str, before: Row | None) -> None:
        if self._undo is not None:
            self._undo.append((table, row_id, before))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """What is written inside is taken back if an exception leaves the block; `RolledBack` ends there."""
        outer, self._undo = self._undo, []
        told = self.journal.count
        try:
            yield
        except BaseException as error:
            undo, self._undo = self._undo, None
            for table, row_id, before in reversed(undo):
                table.restore(row_id, before)
            self.journal.forget(self.journal.count - told)
            self._undo = outer
            if not isinstance(error, RolledBack):
                raise
        else:
            undo, self._undo = self._undo, outer
            if outer is not None:
                outer.extend(undo)

    def dump(self) -> dict[str, tuple[int, list[Row]]]:
        """Every row, and how many ids were given, by object."""
        return {name: (table.number(), list(table.rows.values())) for name, table in self._tables.items()}

    def restore(self, tables: dict[str, tuple[int, list[Row]]]) -> None:
        """Put a dump in place of all rows. Raises KeyError for an object that this org has not."""
        self._tables = {}
        for name, (numbers, rows) in tables.items():
            self[name].fill(numbers, rows)

    def counts(self) -> dict[str, int]:
        """Live rows by object, for the objects that have any."""
        found = {name: sum(1 for _ in table.live()) for name, table in self._tables.items()}
        return {name: count for name, count in found.items() if count}
