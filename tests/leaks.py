"""Planted secrets, and the places where none may turn up.

A floor adds what it does with secrets by a function that takes a `Search`:

    @exercise
    def connecting(search):
        search.browse("owner").post(url, client_secret=search.plant("client secret"))
"""

import base64
import io
import json
import logging
import secrets
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, quote_plus

from django.conf import settings
from django.db import connection
from django.test import Client

from portal.logs import LineFormatter, RedactionFilter

EXERCISES: list[Callable[["Search"], None]] = []


def exercise(function: Callable[["Search"], None]) -> Callable[["Search"], None]:
    """Register something that is done with secrets."""
    EXERCISES.append(function)
    return function


@dataclass
class Search:
    """Plants secrets, gathers what people and operators can read, and says where a secret stands in clear."""

    people: Callable[[str], Client]
    tenant: object
    planted: dict[str, str] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)

    def plant(self, what: str) -> str:
        """A fresh secret of that name, as long and as odd as real ones."""
        return self.planted.setdefault(what, f"pl4nted.{secrets.token_urlsafe(24)}")

    def browse(self, person: str) -> "Browser":
        """That person's browser ("" is nobody's); all it is answered will be searched."""
        client = self.people(person) if person else Client()
        client.raise_request_exception = False
        return Browser(client, self)

    def read(self, place: str, text: str) -> None:
        """Add a text to what will be searched: a file that was exported, the words of an error."""
        self.places[f"{place} #{len(self.places)}"] = text

    def found(self) -> list[str]:
        """ "<what> in <place>" for every secret that stands somewhere in clear."""
        assert self.planted, "Nothing was planted, so nothing can be found."
        places = {**self.places, **_database(), **_files(Path(settings.EXPORT_DIR))}
        return [
            f"{what} in {place}"
            for what, secret in self.planted.items()
            for place, text in places.items()
            if any(form in text for form in forms_of(secret))
        ]

    @property
    def attempts(self) -> int:
        """Secrets by places searched."""
        return len(self.planted) * len({**self.places, **_database(), **_files(Path(settings.EXPORT_DIR))})


def forms_of(secret: str) -> set[str]:
    """A secret as it may turn up: as it is, its beginning, for an address, for JSON, and in base64 wherever it begins."""
    found = {secret, secret[:12], quote(secret), quote_plus(secret), json.dumps(secret)[1:-1], secret[::-1]}
    for before in range(3):  # what stands before it shifts the letters; the first and last ones differ
        code = base64.b64encode(b"x" * before + secret.encode()).decode()
        found.add(code[4 * (before > 0) : -4])
    return found


@dataclass
class Browser:
    client: Client
    search: Search

    def get(self, url, **data):
        return self._keep(url, self.client.get(url, data))

    def post(self, url, **data):
        return self._keep(url, self.client.post(url, data))

    def _keep(self, url, reply):
        body = b"".join(reply).decode(errors="replace")
        self.search.read(f"page {url}", f"{reply.headers} {body}")
        return reply


class KeptLog:
    """Everything that is logged meanwhile, as the production handler would write it."""

    def __enter__(self) -> io.StringIO:
        self.text = io.StringIO()
        self.handler = logging.StreamHandler(self.text)
        self.handler.setFormatter(LineFormatter())
        self.handler.addFilter(RedactionFilter())
        self.loggers = [logging.getLogger(name) for name in ("", *settings.LOGGING["loggers"])]
        self.levels = [logger.level for logger in self.loggers]
        for logger in self.loggers:
            logger.addHandler(self.handler)
            logger.setLevel(logging.DEBUG)
        return self.text

    def __exit__(self, *error: object) -> None:
        for logger, level in zip(self.loggers, self.levels, strict=True):
            logger.removeHandler(self.handler)
            logger.setLevel(level)


def _database() -> dict[str, str]:
    """Every row of every table as the server holds it; on SQLite the image of the database file too."""
    places = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608  # our own tables
            places[f"table {table}"] = repr(cursor.fetchall())
    if isinstance(connection.connection, sqlite3.Connection):
        places["database file"] = connection.connection.serialize().decode("latin-1")
    return places


def _files(folder: Path) -> dict[str, str]:
    return {f"file {path.name}": path.read_text("latin-1") for path in folder.rglob("*") if path.is_file()}
