"""Bulk API 2.0: `jobs/ingest` and `jobs/query`, from opening a job to fetching its results.

A job's rows are written when it is closed; it says so only after the sandbox's `bulk_delay`, as a real one takes time.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Response

from integrations.sandbox.salesforce import csv_rows
from integrations.sandbox.salesforce.calls import Call
from integrations.sandbox.salesforce.csv_rows import DELIMITERS, Outcome
from integrations.sandbox.salesforce.errors import Refused, missing
from integrations.sandbox.salesforce.ids import long_id, make_id
from integrations.sandbox.salesforce.replies import as_json, nothing, object_of
from integrations.sandbox.salesforce.schema import SObject

if TYPE_CHECKING:
    from integrations.sandbox.salesforce.saving import Saver

CSV = "text/csv; charset=UTF-8"
INGEST = ("insert", "update", "upsert", "delete", "hardDelete")
QUERY = ("query", "queryAll")
RESULTS = {"successfulresults": "good", "failedresults": "bad", "unprocessedrecords": "left"}
ENDINGS = {"LF": "\n", "CRLF": "\r\n"}
DEFAULT_PAGE = 50_000


@dataclass(slots=True)
class Job:
    """`done_at` is when it admits to have ended; `outcome` holds what came of its rows, `pages` of a query."""

    id: str
    kind: str
    asked: dict[str, Any]
    user_id: str
    created: str
    version: str
    state: str = "Open"
    data: bytes | None = None
    error: str | None = None
    done_at: float = 0.0
    outcome: Outcome = field(default_factory=Outcome)
    header: str = ""
    lines: list[str] = field(default_factory=list)

    def info(self, now: float) -> dict[str, Any]:
        waiting = self.state in {"JobComplete", "Failed"} and now < self.done_at
        told = {
            "id": self.id, "operation": self.asked["operation"], "createdById": self.user_id,
            "createdDate": self.created, "systemModstamp": self.created,
            "state": "InProgress" if waiting else self.state, "concurrencyMode": "Parallel", "contentType": "CSV",
            "apiVersion": float(self.version), "lineEnding": self.asked.get("lineEnding", "LF"),
            "columnDelimiter": self.asked.get("columnDelimiter", "COMMA"),
        }  # fmt: skip
        told["object"] = self.asked["object"]
        if self.kind == "ingest":
            url = f"services/data/v{self.version}/jobs/ingest/{self.id}/batches"
            told |= {"externalIdFieldName": self.asked.get("externalIdFieldName"), "contentUrl": url}
        return told

    def progress(self, now: float) -> dict[str, Any]:
        told = self.info(now)
        ended = told["state"] not in {"InProgress", "UploadComplete", "Open"}
        done, failed = self.outcome.processed or len(self.lines), len(self.outcome.bad)
        told |= {
            "jobType": "V2Ingest" if self.kind == "ingest" else "V2Query", "retries": 0, "totalProcessingTime": 0,
            "numberRecordsProcessed": done if ended else 0,
        }  # fmt: skip
        if self.kind == "ingest":
            told |= {
                "apiActiveProcessingTime": 0, "apexProcessingTime": 0, "numberRecordsFailed": failed if ended else 0,
            }  # fmt: skip
        if self.error and ended:
            told["errorMessage"] = self.error
        return told


class Jobs:
    """The jobs of the org by id; `delay` in seconds between closing a job and its end."""

    def __init__(self) -> None:
        self.held: dict[str, Job] = {}
        self.delay = 0.0

    def open(self, call: Call, kind: str, asked: dict[str, Any]) -> Job:
        job = Job(
            make_id("750", len(self.held) + 1),
            kind,
            asked,
            call.session.user_id,
            call.org.stamp(),
            call.version,
        )
        self.held[job.id] = job
        return job

    def find(self, kind: str, job_id: str) -> Job:
        """Raises Refused NOT_FOUND."""
        job = self.held.get(long_id(job_id))
        if job is None or job.kind != kind:
            raise missing()
        return job


def answer(call: Call, parts: list[str]) -> Response:
    """`parts` follow `jobs`. Raises Refused."""
    if not parts or parts[0] not in {"ingest", "query"}:
        raise missing()
    kind, rest = parts[0], parts[1:]
    jobs, now = call.control.jobs, call.org.clock.now()
    if not rest:
        call.allow("GET", "POST")
        if call.method == "POST":
            return _open_ingest(call) if kind == "ingest" else _open_query(call)
        records = [job.progress(now) for job in jobs.held.values() if job.kind == kind]
        return as_json({"done": True, "records": records, "nextRecordsUrl": None})
    job = jobs.find(kind, rest[0])
    if len(rest) == 1:
        return _job(call, job)
    if kind == "query" and rest[1:] == ["results"]:
        return _query_results(call, job)
    if rest[1:] == ["batches"]:
        return _upload(call, job)
    which = RESULTS.get(rest[1].lower())
    if kind != "ingest" or which is None or len(rest) > 2:
        raise missing()
    _must_have_ended(call, job)
    return Response(job.outcome.csv(which, job.asked), 200, content_type=CSV)


def _open_ingest(call: Call) -> Response:
    asked = object_of(call.request)
    if asked.get("operation") not in INGEST:
        raise Refused("INVALIDOPERATION", f"Operation {asked.get('operation')} is not supported")
    if call.org.schema.find(str(asked.get("object"))) is None:
        raise Refused("INVALIDENTITY", f"Unable to find object: {asked.get('object')}")
    if (
        asked.get("columnDelimiter", "COMMA") not in DELIMITERS
        or asked.get("lineEnding", "LF") not in ENDINGS
    ):
        raise Refused("INVALIDJOB", "columnDelimiter or lineEnding is not supported")
    if asked["operation"] == "upsert":
        sobject = call.sobject(asked["object"])
        key = sobject.find(asked.get("externalIdFieldName") or "")
        if key is None or not key.is_key:
            raise Refused(
                "INVALIDJOB", f"InvalidJob : Invalid externalIdFieldName: {asked.get('externalIdFieldName')}"
            )
    return as_json(call.control.jobs.open(call, "ingest", asked).info(call.org.clock.now()))


def _job(call: Call, job: Job) -> Response:
    call.allow("GET", "PATCH", "DELETE")
    now = call.org.clock.now()
    if call.method == "GET":
        return as_json(job.progress(now))
    if call.method == "DELETE":
        if job.state in {"Open", "UploadComplete"}:
            raise Refused(
                "INVALIDJOBSTATE", "Job must be in state JobComplete, Failed or Aborted to be deleted"
            )
        del call.control.jobs.held[job.id]
        return nothing()
    wanted = object_of(call.request).get("state")
    if wanted not in {"UploadComplete", "Aborted"} or (job.state != "Open" and wanted == "UploadComplete"):
        raise Refused("INVALIDJOBSTATE", f"Cannot move job from {job.state} to {wanted}")
    job.state = wanted
    told = job.info(now)
    if wanted == "UploadComplete":
        _process(call, job)
        job.done_at = now + call.control.jobs.delay
    return as_json(told)


def _upload(call: Call, job: Job) -> Response:
    call.allow("PUT")
    if call.request.mimetype != "text/csv":
        raise Refused("UNSUPPORTED_MEDIA_TYPE", "Content-Type must be text/csv")
    if job.state != "Open" or job.data is not None:
        sentence = (
            f"Found multiple contents for job: <{job.id}>, please 'Close' / 'Abort' / 'Delete' the current Job then "
            "create a new Job and make sure you only do 'PUT' once on a given Job."
        )
        raise Refused("INVALIDJOBSTATE", sentence)
    job.data = call.request.get_data()
    response = nothing(201)
    response.headers["Content-Length"] = "0"
    return response


def _process(call: Call, job: Job) -> None:
    sobject = call.sobject(job.asked["object"])
    ending = job.asked.get("lineEnding", "LF")
    try:
        names, rows = csv_rows.read(
            job.data or b"", DELIMITERS[job.asked.get("columnDelimiter", "COMMA")], ending
        )
        columns = csv_rows.columns_of(sobject, names)
    except ValueError as error:
        job.state, job.error = "Failed", str(error)
        return
    job.outcome.names = names
    fault = call.control.faults_on.draw(call.method, call.request.path, {"unprocessed_rows"})
    stop = len(rows) // 2 if fault else len(rows)
    saver = call.saver()
    for cells in rows[:stop]:
        _row(job, saver, sobject, columns, cells)
    job.outcome.left = rows[stop:]
    job.state = "Failed" if fault else "JobComplete"
    job.error = "TransientError : the job failed more than ten times" if fault else None


def _row(
    job: Job, saver: "Saver", sobject: SObject, columns: list[csv_rows.Column], cells: list[str]
) -> None:
    operation = job.asked["operation"]
    try:
        values = csv_rows.values_of(columns, cells)
        created = operation == "insert"
        if operation == "insert":
            row_id = saver.create(sobject, values)
        elif operation == "upsert":
            row_id, created = _upserted(job, saver, sobject, values)
        else:
            row_id = long_id(str(csv_rows.key_of(values, "Id")))
            _change(operation, saver, sobject, row_id, values)
        job.outcome.good.append((row_id, created, cells))
    except csv_rows.ROW_ERRORS as error:
        job.outcome.bad.append((csv_rows.id_in(columns, cells), csv_rows.problem_of(error).of_csv(), cells))


def _upserted(job: Job, saver: "Saver", sobject: SObject, values: dict[str, Any]) -> tuple[str, bool]:
    key = sobject.find(job.asked["externalIdFieldName"])
    if key is None:
        raise Refused("INVALIDJOB", "InvalidJob : Invalid externalIdFieldName")
    return saver.upsert(sobject, key, csv_rows.key_of(values, key.name), values)


def _change(operation: str, saver: "Saver", sobject: SObject, row_id: str, values: dict[str, Any]) -> None:
    if operation == "update":
        saver.update(sobject, row_id, values)
    else:
        saver.delete(sobject, row_id)


def _must_have_ended(call: Call, job: Job) -> None:
    if job.info(call.org.clock.now())["state"] not in {"JobComplete", "Failed", "Aborted"}:
        raise Refused("INVALIDJOBSTATE", "Results are available once the job has ended")


# --- queries ---


def _open_query(call: Call) -> Response:
    asked = object_of(call.request)
    if asked.get("operation") not in QUERY or not asked.get("query"):
        raise Refused("INVALIDJOB", "A query job needs an operation and a query")
    header, lines, name = csv_rows.answer(call.org, asked["query"], asked.get("columnDelimiter", "COMMA"),
                                          deleted=asked["operation"] == "queryAll")  # fmt: skip
    job = call.control.jobs.open(call, "query", {**asked, "object": name})
    job.header, job.lines = header, lines
    job.state = "UploadComplete"
    told = job.info(call.org.clock.now())
    job.state, job.done_at = "JobComplete", call.org.clock.now() + call.control.jobs.delay
    return as_json(told)


def _query_results(call: Call, job: Job) -> Response:
    call.allow("GET")
    _must_have_ended(call, job)
    start, size = (
        call.request.args.get("locator", "0"),
        call.request.args.get("maxRecords", str(DEFAULT_PAGE)),
    )
    if not (start.isdigit() and size.isdigit() and int(size)):
        raise Refused("INVALID_QUERY_LOCATOR", "invalid query locator")
    end = int(start) + int(size)
    lines = job.lines[int(start) : end]
    response = Response("\n".join([job.header, *lines]) + "\n", 200, content_type=CSV)
    response.headers["Sforce-NumberOfRecords"] = str(len(lines))
    response.headers["Sforce-Locator"] = str(end) if end < len(job.lines) else "null"
    return response
