"""A page of rows from a source becomes records.

The route: rows already mapped (`Incoming`) -> links found by external id -> references resolved through links
-> new rows inserted; changed rows compared three ways (`survivorship.decide`) -> records, links, changes and
conflicts written. The caller holds the transaction and saves its cursor in it. The number of queries does not
depend on the number of rows.

Nothing here raises for a row's content: a row the database refuses is found by splitting the page, and comes
back as a `Failure`.
"""

from collections.abc import Iterable
from typing import Any

import orjson
from django.db import DataError, IntegrityError, transaction
from django.utils import timezone

from reconciliation.bulk import is_postgres, select
from reconciliation.fates import is_older
from reconciliation.intake import Failure, Incoming, Intake, PageResult
from reconciliation.models import Link, Source
from reconciliation.normalise import Unwritable
from reconciliation.page import PageWriter

_REFUSED = "refused_by_database"
_REFUSALS = (DataError, IntegrityError, OverflowError, UnicodeError, Unwritable)


def ingest(intake: Intake, rows: Iterable[Incoming]) -> PageResult:
    """Write one page. Must run inside a transaction; see the module's docstring."""
    newest = _newest_of_each(rows)
    if not newest:
        return PageResult()
    try:
        with transaction.atomic():
            return PageWriter(intake, timezone.now()).write(newest)
    except _REFUSALS as error:
        return _write_in_halves(intake, newest, error)


def _newest_of_each(rows: Iterable[Incoming]) -> list[Incoming]:
    """A feed may repeat a row within a page; the last modified one stands, the later one on a tie."""
    found: dict[str, Incoming] = {}
    for row in rows:
        seen = found.get(row.external_id)
        if seen is None or not is_older(row.modified_at, seen.modified_at):
            found[row.external_id] = row
    return list(found.values())


def _write_in_halves(intake: Intake, rows: list[Incoming], error: Exception) -> PageResult:
    """The database refused the page: write what it takes, and name the rows that it does not."""
    if len(rows) == 1:
        message = f"The portal's database refused this record ({type(error).__name__}). Check its values."
        return PageResult(failures=[Failure(rows[0].external_id, _REFUSED, message, rows[0].payload)])
    middle = len(rows) // 2
    result = ingest(intake, rows[:middle])
    result.add(ingest(intake, rows[middle:]))
    return result


def joinable(source: Source, entity: str, limit: int) -> list[tuple[str, Any]]:
    """External ids and payloads of rows that wait for a record which has come meanwhile, oldest first."""
    own, arrived = [source.pk, entity], [source.pk, Link.State.OUT_OF_SCOPE]
    sql = _JOINABLE_POSTGRES if is_postgres() else _JOINABLE
    found = select(sql, [*own, *arrived, *own, limit])
    return [(external_id, orjson.loads(payload)) for external_id, payload in found]


# Thousands may wait for the same few records: each of these is looked for once. That a row waits is said with a
# literal, or SQLite would not see that the partial index of those that wait is meant. PostgreSQL is told to probe by
# LATERAL and LIMIT: left to itself it read all links to find that nothing waits. It also goes through that index from
# one wanted record to the next: a plain DISTINCT looked 100,000 new rows up, to find the eleven that they wait for.
_TABLE = Link._meta.db_table
_WANTED = (
    "WITH wanted AS (SELECT DISTINCT waiting_for_entity, waiting_for_id"  # noqa: S608 - own names
    f" FROM {_TABLE} WHERE source_id = %s AND entity = %s AND NOT waiting_for_entity = '')"
)
_WANTED_POSTGRES = (
    "WITH RECURSIVE wanted AS (SELECT ''::varchar AS waiting_for_entity, ''::varchar AS waiting_for_id"  # noqa: S608
    " UNION ALL SELECT further.* FROM wanted CROSS JOIN LATERAL ("
    f"SELECT waiting_for_entity::varchar, waiting_for_id::varchar FROM {_TABLE} AS link"
    " WHERE source_id = %s AND entity = %s AND NOT waiting_for_entity = ''"
    " AND (link.waiting_for_entity, link.waiting_for_id) > (wanted.waiting_for_entity, wanted.waiting_for_id)"
    " ORDER BY link.waiting_for_entity, link.waiting_for_id LIMIT 1) AS further)"
)
_ARRIVED = (
    "arrived.source_id = %s AND arrived.entity = wanted.waiting_for_entity"
    " AND arrived.external_id = wanted.waiting_for_id AND (arrived.record_id IS NOT NULL OR arrived.state = %s)"
)
_WAITING = (
    "waiting.source_id = %s AND waiting.entity = %s AND NOT waiting.waiting_for_entity = ''"
    " AND waiting.waiting_for_entity = wanted.waiting_for_entity"
    " AND waiting.waiting_for_id = wanted.waiting_for_id"
)
_JOINABLE = (
    f"{_WANTED} SELECT waiting.external_id, waiting.payload FROM wanted JOIN {_TABLE} AS arrived ON {_ARRIVED}"  # noqa: S608
    f" JOIN {_TABLE} AS waiting ON {_WAITING} ORDER BY waiting.id LIMIT %s"
)
_JOINABLE_POSTGRES = (
    f"{_WANTED_POSTGRES} SELECT waiting.external_id, waiting.payload FROM wanted"  # noqa: S608
    f" CROSS JOIN LATERAL (SELECT 1 FROM {_TABLE} AS arrived WHERE {_ARRIVED} LIMIT 1) AS here"
    f" CROSS JOIN LATERAL (SELECT id, external_id, payload FROM {_TABLE} AS waiting WHERE {_WAITING} OFFSET 0)"
    " AS waiting ORDER BY waiting.id LIMIT %s"
)
