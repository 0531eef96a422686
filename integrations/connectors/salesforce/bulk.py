"""Bulk API 2.0: one job for up to ten thousand rows, with an answer for each.

The route: rows -> CSV -> job made, filled and closed -> asked now and then until it is over -> its results by our own
key column, since their order is not kept. A job that was cut off is made again: upserts and updates may be repeated.
"""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from integrations.connectors.base import Writing
from integrations.connectors.errors import RemoteError, Who
from integrations.connectors.http import Answer
from integrations.connectors.salesforce.errors import of_cell
from integrations.connectors.transport import Call

MOST = 10_000
_JOBS = "jobs/ingest"
_NULL = "#N/A"
_AT_WORK = frozenset({"Open", "UploadComplete", "InProgress"})
Send = Callable[[Callable[[str], Call]], Answer]


def begin(send: Send, name: str, key: str, rows: Sequence[Writing]) -> str:
    """Hand rows over, to be upserted on `key`, or updated where there is none; returns the job's id."""
    job = _begin(send, name, key)
    text = as_csv(rows, key or "Id")
    send(lambda base: Call("PUT", f"{base}{_JOBS}/{job}/batches", csv=text, empty_ok=True))
    send(
        lambda base: Call("PATCH", f"{base}{_JOBS}/{job}", json={"state": "UploadComplete"}, repeatable=True)
    )
    return job


def end(send: Send, job: str, column: str, rows: Sequence[Writing]) -> "list[str | RemoteError] | None":
    """An id or an error for each row, in their order; None while the job is at work. Raises RemoteError."""
    found = send(lambda base: Call("GET", f"{base}{_JOBS}/{job}", repeatable=True)).data
    if found["state"] in _AT_WORK:
        return None
    known = _known(send, job, column)
    if found["state"] != "JobComplete" and not known:
        message = (
            f"Salesforce gave up a bulk job: {found.get('errorMessage') or found['state']}. Tell support."
        )
        raise RemoteError(Who.OUR_BUG, "bulk_failed", message, details=f"job {job}")
    lost = RemoteError(
        Who.RETRY_LATER, "unprocessed", "Salesforce left this record of a bulk job undone. Trunkline tries again.",
        details=f"job {job}",
    )  # fmt: skip
    return [known.get(row.key or row.external_id, lost) for row in rows]


def _begin(send: Send, name: str, key: str) -> str:
    body = {
        "object": name,
        "operation": "upsert" if key else "update",
        "contentType": "CSV",
        "lineEnding": "LF",
    }
    if key:
        body["externalIdFieldName"] = key
    return str(send(lambda base: Call("POST", base + _JOBS, json=body, repeatable=True)).data["id"])


def _known(send: Send, job: str, column: str) -> "dict[str, str | RemoteError]":
    """What became of the rows that the job came to, by our column."""
    found: dict[str, str | RemoteError] = {}
    for row in _results(send, job, "successfulResults"):
        found[row.get(column) or row["sf__Id"]] = row["sf__Id"]
    for row in _results(send, job, "failedResults"):
        found[row[column]] = of_cell(row["sf__Error"], f"bulk {job}")
    return found


def _results(send: Send, job: str, what: str) -> Iterator[dict[str, str]]:
    answer = send(
        lambda base: Call("GET", f"{base}{_JOBS}/{job}/{what}", text=True, empty_ok=True, repeatable=True)
    )
    yield from csv.DictReader(io.StringIO(answer.data or "", newline=""))


def as_csv(rows: Sequence[Writing], column: str) -> str:
    """One line a row, our key first. A cell that is empty would be left as it is there: null has its own word."""
    names = sorted({name for row in rows for name in row.body})
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([column, *names])
    for row in rows:
        cells = [_cell(row.body[name]) if name in row.body else "" for name in names]
        writer.writerow([row.key or row.external_id, *cells])
    return out.getvalue()


def _cell(value: Any) -> str:
    if value is None or value == "":
        return _NULL
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
