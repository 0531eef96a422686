"""Backup and restore of the database, whichever it is. Keys are no part of it: they stand in the environment.

The route: database -> one file (`pg_dump`'s own format, or a SQLite database), there when it is whole. And back: file ->
database -> what has to be set right when time has gone backwards (`register_settling`), because other systems went on.
"""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connection, connections

GAP = 1_000_000
"""So many numbers of each table are left out after a restore: a number that another system knows a record by, which is
not there any more, is never given to another one."""
_settling: list[Callable[[], None]] = []


class BackupFailed(Exception):
    """In words, with what the database's own tool said."""


def register_settling(step: Callable[[], None]) -> None:
    """Have something done in a restored database before anybody works on it."""
    _settling.append(step)


def dump(file: Path) -> int:
    """Write a backup while the portal is at work, as of one moment. Returns its bytes. Raises BackupFailed."""
    part = file.with_name(f"{file.name}.part")
    part.unlink(missing_ok=True)
    os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    if _on_sqlite():
        part.unlink()
        with closing(sqlite3.connect(_sqlite(), timeout=60)) as source:
            source.execute("VACUUM INTO ?", [str(part)])
        part.chmod(0o600)
    else:
        _run("pg_dump", "--format=custom", f"--file={part}", *_server())
    part.rename(file)
    return file.stat().st_size


def restore(file: Path) -> None:
    """Put a backup in the place of all that is there. Web servers and workers are stopped. Raises BackupFailed."""
    connections.close_all()
    if _on_sqlite():
        _check_sqlite(file)
        with (
            closing(sqlite3.connect(file)) as source,
            closing(sqlite3.connect(_sqlite(), timeout=60)) as target,
        ):
            source.backup(target)
    else:
        flags = ["--clean", "--if-exists", "--no-owner", "--single-transaction", "--exit-on-error"]
        _run("pg_restore", *flags, *_server(), str(file))


def settle() -> None:
    """What a database needs that is older than the world around it; it has today's tables."""
    _leave_a_gap()
    for step in _settling:
        step()


def _leave_a_gap() -> None:
    with connection.cursor() as cursor:
        for model in apps.get_models(include_auto_created=True):
            table, column = model._meta.db_table, model._meta.pk.column
            if model._meta.proxy or not model._meta.managed or model._meta.auto_field is None:
                continue
            if _on_sqlite():
                cursor.execute("UPDATE sqlite_sequence SET seq = seq + %s WHERE name = %s", [GAP, table])
                continue
            cursor.execute("SELECT pg_get_serial_sequence(%s, %s)", [f'"{table}"', column])
            if (row := cursor.fetchone()) and row[0]:
                cursor.execute(
                    "SELECT setval(%s::regclass, nextval(%s::regclass) + %s)", [row[0], row[0], GAP]
                )


def _check_sqlite(file: Path) -> None:
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as source:
            found = source.execute("PRAGMA integrity_check").fetchone()[0]
    except sqlite3.DatabaseError as error:
        raise BackupFailed(f"{file} is no SQLite database: {error}") from None
    if found != "ok":
        raise BackupFailed(f"{file} is damaged: {found}")


def _on_sqlite() -> bool:
    return bool(settings.ON_SQLITE)


def _sqlite() -> str:
    return str(connection.settings_dict["NAME"])


def _server() -> Sequence[str]:
    found: dict[str, Any] = connection.settings_dict
    named = {"host": found["HOST"], "port": found["PORT"], "username": found["USER"], "dbname": found["NAME"]}
    return [f"--{name}={value}" for name, value in named.items() if value]


def _run(tool: str, *arguments: str) -> None:
    program = shutil.which(tool)
    if program is None:
        raise BackupFailed(f"{tool} is not installed on this host (package postgresql-client).")
    password = connection.settings_dict["PASSWORD"]
    environment = {**os.environ, **({"PGPASSWORD": password} if password else {})}
    done = subprocess.run([program, *arguments], env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BackupFailed(f"{tool} failed: {done.stderr.strip()[-1000:]}")
