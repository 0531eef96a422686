"""Fresh databases for contenders: a file, or a database on the given server that is dropped afterwards."""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg


@contextmanager
def fresh(server: str, folder: Path, name: str) -> Iterator[tuple[str, Path]]:
    """A database URL and a folder beside it; `server` is empty for SQLite."""
    place = folder / name
    place.mkdir(parents=True)
    try:
        if not server:
            yield f"sqlite:///{place / 'data.sqlite3'}", place
            return
        base = server.rpartition("/")[0]
        database = f"bench_{os.getpid()}_{secrets.token_hex(3)}"
        with psycopg.connect(f"{base}/postgres", autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{database}"')
        try:
            yield f"{base}/{database}", place
        finally:
            with psycopg.connect(f"{base}/postgres", autocommit=True) as connection:
                connection.execute(f'DROP DATABASE "{database}" WITH (FORCE)')
    finally:
        shutil.rmtree(place, ignore_errors=True)
