"""One thread with one database connection, asked by a connector's many.

The route: a thread about to make a call -> `Clerk.ask` -> the clerk's thread, which puts the question to the
database -> the answer, or what was raised. A database connection for each question costs PostgreSQL a process for
each: at 57 calls a second, a quarter of a core.
"""

from collections.abc import Callable
from threading import current_thread, main_thread
from types import TracebackType
from typing import TypeVar

from django.db import connection as database
from django.db import connections

from portal.threads import Pool
from reconciliation.bulk import commit_quickly, quick_commits

R = TypeVar("R")


def is_at_home() -> bool:
    """Whether this thread works with the database anyway: then it asks by itself."""
    return current_thread() is main_thread() or database.in_atomic_block


def on_own_connection(question: Callable[[], R]) -> R:
    """Ask on a connection opened for this one question."""
    if is_at_home():
        return question()
    try:
        with quick_commits():
            return question()
    finally:
        connections.close_all()


class Clerk:
    """Answers short questions, one at a time. Use it as a context; the thread starts with the first question."""

    def __init__(self) -> None:
        self._pool = Pool(1, thread_name_prefix="clerk")
        self._was_asked = False

    def __enter__(self) -> "Clerk":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._was_asked:
            self._pool.submit(connections.close_all).result()
        self._pool.shutdown()

    def ask(self, question: Callable[[], R]) -> R:
        """The question's answer; raises what it raises."""
        return question() if is_at_home() else self._pool.submit(self._answer, question).result()

    def _answer(self, question: Callable[[], R]) -> R:
        self._was_asked = True
        if database.connection is None:
            commit_quickly()
        try:
            return question()
        except BaseException:
            database.close_if_unusable_or_obsolete()
            raise
