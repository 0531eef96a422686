"""How much there is in the database: rows and bytes, table by table, indexes included."""

from dataclasses import dataclass

from django.apps import apps
from django.db import DatabaseError, connection


@dataclass(frozen=True, slots=True)
class Size:
    """`rows` are an estimate on PostgreSQL; `bytes` is None where an SQLite was built without `dbstat`."""

    table: str
    label: str
    rows: int
    bytes: int | None


def sizes() -> list[Size]:
    """Every table of a model, the largest first. On SQLite the whole file is read for it."""
    labels = {
        model._meta.db_table: model._meta.label_lower for model in apps.get_models(include_auto_created=True)
    }
    found = _on_postgres() if connection.vendor == "postgresql" else _on_sqlite()
    some = [Size(table, labels[table], *found[table]) for table in sorted(labels) if table in found]
    return sorted(some, key=lambda size: -(size.bytes or size.rows))


def database_bytes() -> int:
    """The whole database, at the cost of one question."""
    question = (
        "SELECT pg_database_size(current_database())"
        if connection.vendor == "postgresql"
        else "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
    )
    with connection.cursor() as cursor:
        cursor.execute(question)
        return int(cursor.fetchone()[0])


def _on_postgres() -> dict[str, tuple[int, int | None]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, reltuples::bigint, pg_total_relation_size(oid) FROM pg_class"
            " WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace"
        )
        return {
            table: (rows if rows >= 0 else _count(table), size) for table, rows, size in cursor.fetchall()
        }


def _on_sqlite() -> dict[str, tuple[int, int | None]]:
    tables = connection.introspection.table_names()
    with connection.cursor() as cursor:
        try:
            cursor.execute(
                "SELECT tbl_name, SUM(pgsize) FROM dbstat JOIN sqlite_master USING (name)"
                " WHERE aggregate = TRUE GROUP BY tbl_name"
            )
            bytes_of = dict(cursor.fetchall())
        except DatabaseError:
            bytes_of = {}
    return {table: (_count(table), bytes_of.get(table)) for table in tables}


def _count(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*) FROM {connection.ops.quote_name(table)}")  # noqa: S608  # a model's table
        return int(cursor.fetchone()[0])
