"""Many rows at once, below the ORM: COPY and arrays on PostgreSQL, executemany on SQLite, one statement a call.

Measured on 400,000 records: Django's bulk_create costs 2 (SQLite) to 5 (PostgreSQL) times as much as these,
because it builds and adapts a model object for each row. Used only inside the page transaction of `ingest`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from itertools import chain, islice
from typing import Any

import orjson
from django.db import DataError, connection, models
from psycopg import Cursor
from psycopg.types.json import Jsonb

from reconciliation.normalise import kept_amount

RowTuple = Sequence[Any]
Convert = Callable[[Any], Any]


def is_postgres() -> bool:
    return connection.vendor == "postgresql"


@contextmanager
def quick_commits() -> Iterator[None]:
    """Commits that do not wait for the disk: for pages of a pull, whose rows and cursor go and come together.

    A power cut may take back the last of them, never a part of one; the next pull then reads those pages again.
    (A killed process takes nothing back.) What must not be repeated, such as a delivery, is written outside.
    """
    if connection.in_atomic_block:
        yield
        return
    commit_quickly()
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            for statement in _SAFELY[connection.vendor]:
                cursor.execute(statement)


def commit_quickly() -> None:
    """As `quick_commits`, for as long as the connection lasts."""
    with connection.cursor() as cursor:
        for statement in _QUICKLY[connection.vendor]:
            cursor.execute(statement)


# Raw rows above 2 KB are compressed: lz4, where the server was built with it, takes a third of pglz's time.
_QUICKLY = {
    "sqlite": ("PRAGMA synchronous=NORMAL",),
    "postgresql": (
        "SET synchronous_commit TO off",
        "SELECT set_config(name, 'lz4', false) FROM pg_settings"
        " WHERE name = 'default_toast_compression' AND 'lz4' = ANY (enumvals)",
    ),
}
_SAFELY = {
    "sqlite": ("PRAGMA synchronous=FULL",),
    "postgresql": ("RESET synchronous_commit", "RESET default_toast_compression"),
}


def allocate_ids(model: type[models.Model], count: int) -> range | list[int]:
    """Reserve `count` primary keys.

    PostgreSQL's sequence is never rolled back and takes no lock. On SQLite the caller holds the only write
    transaction there is, so the numbers after the last one used are free.
    """
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if is_postgres():
            # The sequence's name is looked up once: inside the series it would be for each number.
            cursor.execute(
                "SELECT array_agg(nextval(own.name)) FROM"
                " (SELECT pg_get_serial_sequence(%s, 'id')::regclass AS name OFFSET 0) AS own,"
                " generate_series(1, %s)",
                [table, count],
            )
            return list(cursor.fetchone()[0])
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
        row = cursor.fetchone()
    first = (row[0] if row else 0) + 1
    return range(first, first + count)


def insert(model: type[models.Model], columns: Sequence[str], rows: Sequence[RowTuple]) -> None:
    """Insert rows given as tuples in the order of `columns` (attribute names, such as `customer_id`)."""
    if not rows:
        return
    if is_postgres():
        _copy(model, columns, rows)
    else:
        _insert_together(model, columns, rows)


def _copy(model: type[models.Model], columns: Sequence[str], rows: Sequence[RowTuple]) -> None:
    """Binary, for text would be read byte by byte for what must be escaped, on both sides."""
    table, names = _names(model, tuple(columns))
    statement = f"COPY {table} ({', '.join(names)}) FROM STDIN (FORMAT BINARY)"
    with (
        connection.cursor() as cursor,
        connection.wrap_database_errors,
        cursor.cursor.copy(statement) as copy,
    ):
        copy.set_types(_types(model, tuple(columns)))
        try:
            for row in _converted(model, columns, rows, copying=True):
                copy.write_row(row)
        except TypeError as error:  # a value of another type than its column
            raise DataError(str(error)) from error


def _insert_together(model: type[models.Model], columns: Sequence[str], rows: Sequence[RowTuple]) -> None:
    """Some dozens of rows a statement, what is left one by one.

    After each statement the interpreter must be got back from threads that read: 7 % less time than one a row.
    """
    table, names = _names(model, tuple(columns))
    marks = f"({', '.join(['%s'] * len(names))})"
    sql = f"INSERT INTO {table} ({', '.join(names)}) VALUES "  # noqa: S608 - names from models
    together = _MOST_VALUES // len(names)
    found = iter(_converted(model, columns, rows))
    with connection.cursor() as cursor:
        if many := len(rows) // together:
            values: Any = (list(chain.from_iterable(islice(found, together))) for _ in range(many))
            cursor.executemany(sql + ", ".join([marks] * together), values)
        cursor.executemany(sql + marks, found)


def update(
    model: type[models.Model],
    columns: Sequence[str],
    rows: Sequence[RowTuple],
    same: Mapping[str, Any] | None = None,
) -> None:
    """Update rows by primary key; each tuple holds the values of `columns`, then the id.

    `same` are further columns, with the one value that all rows get.
    """
    if not rows:
        return
    common = _Common(model, same or {})
    if is_postgres():
        _update_at_once(model, (*columns, "id"), rows, common)
        return
    table, names = _names(model, tuple(columns))
    sets = ", ".join(f"{name} = %s" for name in (*common.names, *names))
    sql = f"UPDATE {table} SET {sets} WHERE id = %s"  # noqa: S608 - names from models
    found = _converted(model, [*columns, "id"], rows)
    if common.values:
        found = ((*common.values, *row) for row in found)
    with connection.cursor() as cursor:
        cursor.executemany(sql, found)


class _Common:
    """The columns that have one value in all rows, with their values as the database takes them."""

    def __init__(self, model: type[models.Model], same: Mapping[str, Any]) -> None:
        columns = tuple(same)
        self.names, self.types = _names(model, columns)[1], _types(model, columns)
        (self.values,) = _converted(model, columns, [tuple(same.values())], copying=is_postgres())


def _update_at_once(
    model: type[models.Model], columns: tuple[str, ...], rows: Sequence[RowTuple], common: _Common
) -> None:
    """All rows as one statement's arrays, a column each, in binary form; the last of a row given twice stands."""
    table, names = _names(model, columns)
    by_id = {row[-1]: row for row in _converted(model, columns, rows, copying=True)}
    arrays = ", ".join(f"%b::{kind}[]" for kind in _types(model, columns))
    sets = [f"{name} = %b::{kind}" for name, kind in zip(common.names, common.types, strict=True)]
    sets += [f"{name} = new.{name}" for name in names[:-1]]
    sql = (
        f"UPDATE {table} SET {', '.join(sets)} FROM unnest({arrays}) AS new ({', '.join(names)})"  # noqa: S608 - names from models
        f" WHERE {table}.{names[-1]} = new.{names[-1]}"
    )
    values = [*common.values, *(list(column) for column in zip(*by_id.values(), strict=True))]
    with _beside() as cursor:
        cursor.execute(sql, values, prepare=False)


@contextmanager
def _beside() -> Iterator[Cursor[tuple[Any, ...]]]:
    """A cursor of PostgreSQL that sends values beside the statement, not written into it as Django's does."""
    connection.ensure_connection()
    with connection.wrap_database_errors, Cursor(connection.connection) as cursor:
        yield cursor


def select(sql: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
    """All rows of a query. Lists among `params` stand for `ANY(%s)`: see `among`.

    PostgreSQL gets them beside the statement: a thousand ids written into it would be quoted here and parsed there.
    """
    if is_postgres():
        with _beside() as cursor:
            cursor.execute(sql, params, prepare=False)
            return cursor.fetchall()
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()


def among(column: str, values: Sequence[Any]) -> tuple[str, list[Any]]:
    """`column IN values` as SQL and parameters: one array on PostgreSQL, whatever the number of values."""
    if is_postgres():
        return f"{column} = ANY(%s)", [list(values)]
    return f"{column} IN ({', '.join(['%s'] * len(values))})", list(values)


@lru_cache
def _names(model: type[models.Model], columns: tuple[str, ...]) -> tuple[str, list[str]]:
    quote = connection.ops.quote_name
    by_attribute = {f.attname: str(f.column) for f in model._meta.concrete_fields}
    return quote(model._meta.db_table), [quote(by_attribute[name]) for name in columns]


@lru_cache
def _types(model: type[models.Model], columns: tuple[str, ...]) -> list[str]:
    """The columns' types by name, without their lengths."""
    types = {f.attname: str(f.db_type(connection)) for f in model._meta.concrete_fields}
    return [types[name].partition("(")[0] for name in columns]


def _converted(
    model: type[models.Model], columns: Sequence[str], rows: Sequence[RowTuple], *, copying: bool = False
) -> Any:
    converts = _converters(model, tuple(columns), is_postgres(), copying)
    if not converts:
        return rows
    return (_convert(row, converts) for row in rows)


def _convert(row: RowTuple, converts: Sequence[tuple[int, Convert]]) -> RowTuple:
    values = list(row)
    for index, convert in converts:
        if values[index] is not None:
            values[index] = convert(values[index])
    return values


@lru_cache
def _converters(
    model: type[models.Model], columns: tuple[str, ...], postgres: bool, copying: bool
) -> tuple[tuple[int, Convert], ...]:
    fields = {f.attname: f for f in model._meta.concrete_fields}
    found = []
    for index, name in enumerate(columns):
        convert = _converter(fields[name], postgres, copying)
        if convert is not None:
            found.append((index, convert))
    return tuple(found)


def _converter(field: "models.Field[Any, Any]", postgres: bool, copying: bool) -> Convert | None:
    if isinstance(field, models.JSONField):
        return _copied_json if copying else _json
    if copying and (largest := _LARGEST.get(str(field.db_type(connection)))):
        return _bounded(largest)
    if postgres:
        return None
    if isinstance(field, models.DateTimeField):
        return _sqlite_time
    if isinstance(field, models.DecimalField):
        return _sqlite_decimal
    return None


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _copied_json(value: Any) -> Jsonb:
    return Jsonb(value, dumps=orjson.dumps)


_MOST_VALUES = 900
"""In one statement on SQLite, which took 999 before its version 3.32."""
_LARGEST = {"integer": 2**31 - 1, "smallint": 2**15 - 1}


def _bounded(largest: int) -> Convert:
    """psycopg's binary form cuts a number off where its column is too short for it."""

    def checked(value: int) -> int:
        if -largest <= value <= largest:
            return value
        raise OverflowError(f"{value} is too large")

    return checked


def stamp(now: datetime) -> Any:
    """A time that stands in many rows of a page, put once into the form in which it is stored."""
    return now if is_postgres() else _sqlite_time(now)


def _sqlite_time(value: datetime | str) -> str:
    """As Django stores it: naive UTC with a blank, so that text order is time order. A `stamp` is so already."""
    if isinstance(value, str):
        return value
    utc = value if value.tzinfo is UTC else value.astimezone(UTC)
    return utc.isoformat(" ")[:-6]


def _sqlite_decimal(value: Decimal) -> str:
    """SQLite takes an amount of any size and fails when it is read: so its size is looked at here."""
    return format(kept_amount(value), "f")
