"""What the portal already knows of a page's rows: their links, and the records that they refer to.

One query each, whatever the number of rows.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from reconciliation.bulk import among, is_postgres, select
from reconciliation.models import Link, Source

_TABLE = Link._meta.db_table


class KnownLink(NamedTuple):
    """The part of a link that decides what becomes of a row."""

    id: int
    record_id: int | None
    fingerprint: int
    state: str
    remote_modified_at: datetime | None
    waiting_for: tuple[str, str] | None


class Parent(NamedTuple):
    """What a reference leads to: the link's state and the record behind it, if it has one."""

    record_id: int | None
    state: str


def known_links(source: Source, entity: str, external_ids: list[str]) -> dict[str, KnownLink]:
    """The links of these rows, by external id."""
    columns = "external_id, id, record_id, fingerprint, state, remote_modified_at, waiting_for_entity, waiting_for_id"
    rows = select(*_links(columns, source, entity, external_ids))
    return {
        row[0]: KnownLink(row[1], row[2], row[3], row[4], _time(row[5]), (row[6], row[7]) if row[6] else None)
        for row in rows
    }


def parents(source: Source, wanted: Mapping[str, Iterable[str]]) -> dict[tuple[str, str], Parent]:
    """Where references lead: (entity, external id) -> `Parent`, for those that are known at all."""
    selects, params = [], []
    for entity, ids in wanted.items():
        sql, values = _links("entity, external_id, record_id, state", source, entity, list(ids))
        selects.append(sql)
        params += values
    if not selects:
        return {}
    rows = select(" UNION ALL ".join(selects), params)
    return {(entity, external_id): Parent(record_id, state) for entity, external_id, record_id, state in rows}


def _links(columns: str, source: Source, entity: str, ids: list[str]) -> tuple[str, list[Any]]:
    """One SELECT of links by external id.

    PostgreSQL gets it as one probe of the unique index for each id. Left to itself, and without statistics of a
    table that grows as it looks, it reads all of the entity's links instead: a first sync of 400,000 records took
    twice as long.
    """
    one = f"SELECT {columns} FROM {_TABLE} WHERE source_id = %s AND entity = %s"  # noqa: S608 - own names
    if not is_postgres():
        condition, values = among("external_id", ids)
        return f"{one} AND {condition}", [source.pk, entity, *values]
    sql = (
        "SELECT found.* FROM unnest(%s::text[]) AS wanted (id)"  # noqa: S608 - own names
        f" CROSS JOIN LATERAL ({one} AND external_id = wanted.id LIMIT 1) AS found"
    )
    return sql, [ids, source.pk, entity]


def _time(value: datetime | None) -> datetime | None:
    """SQLite's driver gives naive times, in UTC."""
    return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value
