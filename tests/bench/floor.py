"""The floor: `requests`, one page after the other, raw payloads written by `executemany` or `COPY`. It keeps nothing
else: no columns, no links, no change detection, no resume."""

import json
import sqlite3
from collections.abc import Callable, Iterator

import psycopg
import requests

from tests.bench.jobs import APP_KEY, CLIENT_ID, CLIENT_SECRET, LISTS, Job, Measured, measured

Rows = list[tuple[int, str]]
TABLE = "CREATE TABLE {} (id bigint PRIMARY KEY, payload text NOT NULL)"
UPSERT = "ON CONFLICT (id) DO UPDATE SET payload = excluded.payload"


def run(job: Job) -> Measured:
    write, count = _sqlite(job) if job.on_sqlite else _postgres(job)
    with measured() as found:
        session = _session(job)
        for entity in job.entities:
            for rows in _pages(session, job.url + LISTS[entity], job.page_size):
                write(entity, rows)
    found.records = sum(count(entity) for entity in job.entities)
    return found


def _session(job: Job) -> requests.Session:
    session = requests.Session()
    form = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    token = session.post(f"{job.url}/connect/token", data=form, timeout=30).json()["access_token"]
    session.headers.update({"Authorization": f"Bearer {token}", "ST-App-Key": APP_KEY})
    return session


def _pages(session: requests.Session, url: str, size: int) -> Iterator[Rows]:
    number, more = 1, True
    while more:
        reply = session.get(url, params={"page": number, "pageSize": size}, timeout=100)
        reply.raise_for_status()
        page = reply.json()
        yield [(row["id"], json.dumps(row)) for row in page["data"]]
        number, more = number + 1, page["hasMore"]


def _sqlite(job: Job) -> tuple[Callable[[str, Rows], None], Callable[[str], int]]:
    database = sqlite3.connect(job.sqlite_path)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=NORMAL")
    for entity in job.entities:
        database.execute(TABLE.format(entity))

    def write(entity: str, rows: Rows) -> None:
        with database:
            database.executemany(f"INSERT INTO {entity} VALUES (?, ?) {UPSERT}", rows)  # noqa: S608

    def count(entity: str) -> int:
        return database.execute(f"SELECT count(*) FROM {entity}").fetchone()[0]  # noqa: S608

    return write, count


def _postgres(job: Job) -> tuple[Callable[[str, Rows], None], Callable[[str], int]]:
    database = psycopg.connect(job.database, autocommit=True)
    for entity in job.entities:
        database.execute(TABLE.format(entity))
    database.execute("CREATE TEMP TABLE incoming (id bigint, payload text) ON COMMIT DELETE ROWS")

    def write(entity: str, rows: Rows) -> None:
        with database.transaction(), database.cursor() as cursor:
            with cursor.copy("COPY incoming FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            cursor.execute(f"INSERT INTO {entity} SELECT * FROM incoming {UPSERT}")  # noqa: S608

    def count(entity: str) -> int:
        return database.execute(f"SELECT count(*) FROM {entity}").fetchone()[0]  # noqa: S608

    return write, count
