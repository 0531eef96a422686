"""What is killed in a torture: workers, the web server, and connections to the database under way.

SQLite has no connections to cut: there somebody holds the lock for longer than anybody waits.
"""

import sqlite3
import time
from collections import Counter
from contextlib import closing
from random import Random

from django.conf import settings
from django.db import connection

from integrations.torture.hurry import BUSY
from integrations.torture.workers import NAMED, WEB, WORKER, Nursery

DATABASE = "database"
SHARES = {WORKER: 3, WEB: 1, DATABASE: 1}
"""How often each is chosen, of so many together."""


class Killer:
    """Kills by seed, and counts what."""

    def __init__(self, nursery: Nursery, random: Random) -> None:
        self.nursery, self.random = nursery, random
        self.killed: Counter[str] = Counter()
        self._kinds = [kind for kind in SHARES if kind in {*nursery.living, DATABASE}]
        self._next: list[str] = []

    def one(self) -> None:
        if not self._next:
            self._next = [kind for kind in self._kinds for _ in range(SHARES[kind])]
            self.random.shuffle(self._next)
        what = self._next.pop()
        if what == DATABASE:
            cut(self.random)
        else:
            self.nursery.again(what)
        self.killed[what] += 1


def cut(random: Random) -> None:
    """End every connection of the processes, or keep them all from the database."""
    if settings.ON_SQLITE:
        with closing(sqlite3.connect(settings.DATABASES["default"]["NAME"], timeout=30)) as held:
            held.isolation_level = None
            held.execute("BEGIN IMMEDIATE")
            time.sleep(BUSY * random.uniform(1.1, 1.5))
            held.execute("ROLLBACK")
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = %s",
            [NAMED],
        )
