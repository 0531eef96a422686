"""Empties the database after a test that has committed: what Django's flush does, but only where there is anything.

A flush empties every table there is and makes content types, permissions and the schedule anew, which costs more
than most of the tests that need it.
"""

from django.db import connection, transaction
from django.test import TransactionTestCase

flush = TransactionTestCase._fixture_teardown
Rows = dict[str, list[tuple]]


class Emptying:
    """`begin` with the tables as new, then `end` after each test, in the place of the flush."""

    def __init__(self) -> None:
        self.kept: Rows = {}
        """The rows that come with the tables; a test that changed one has all made anew."""

    def begin(self) -> None:
        self.kept = rows(filled())

    def end(self, test: TransactionTestCase) -> None:
        found = filled()
        if rows([table for table in found if table in self.kept]) != self.kept:
            flush(test)
            self.begin()
            return
        with transaction.atomic(), connection.cursor() as cursor:  # references are looked at when it commits
            for table in found:
                if table not in self.kept:
                    cursor.execute(f"DELETE FROM {quoted(table)}")  # noqa: S608  # a model's table


def quoted(table: str) -> str:
    return connection.ops.quote_name(table)


def filled() -> list[str]:
    """The tables that hold a row."""
    tables = connection.introspection.django_table_names(only_existing=False, include_views=False)
    asked = [f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {quoted(table)})" for table in tables]  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(asked))
        return [table for (table,) in cursor.fetchall()]


def rows(tables: list[str]) -> Rows:
    found = {}
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"SELECT * FROM {quoted(table)} ORDER BY 1")  # noqa: S608  # a model's table
            found[table] = cursor.fetchall()
    return found
