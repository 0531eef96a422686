"""`jobs/…`: opening a job of Bulk API 2.0, uploading and closing it, and fetching what came of its rows."""

from typing import Any

from werkzeug.wrappers import Response

from integrations.sandbox.salesforce import csv_rows, query_jobs
from integrations.sandbox.salesforce.calls import Call
from integrations.sandbox.salesforce.csv_rows import DELIMITERS
from integrations.sandbox.salesforce.errors import Refused, missing
from integrations.sandbox.salesforce.ids import long_id
from integrations.sandbox.salesforce.jobs import CSV, Job
from integrations.sandbox.salesforce.replies import as_json, nothing, object_of
from integrations.sandbox.salesforce.saving import Saver
from integrations.sandbox.salesforce.schema import SObject

INGEST = ("insert", "update", "upsert", "delete", "hardDelete")
RESULTS = {"successfulresults": "good", "failedresults": "bad", "unprocessedrecords": "left"}
ENDINGS = {"LF": "\n", "CRLF": "\r\n"}


def answer(call: Call, parts: list[str]) -> Response:
    """`parts` follow `jobs`. Raises Refused."""
    if not parts or parts[0] not in {"ingest", "query"}:
        raise missing()
    kind, rest = parts[0], parts[1:]
    jobs, now = call.control.jobs, call.org.clock.now()
    if not rest:
        call.allow("GET", "POST")
        if call.method == "POST":
            return _open_ingest(call) if kind == "ingest" else query_jobs.open_job(call)
        records = [job.progress(now) for job in jobs.held.values() if job.kind == kind]
        return as_json({"done": True, "records": records, "nextRecordsUrl": None})
    job = jobs.find(kind, rest[0])
    if len(rest) == 1:
        return _job(call, job)
    if kind == "query" and rest[1:] == ["results"]:
        return query_jobs.results(call, job)
    if rest[1:] == ["batches"]:
        return _upload(call, job)
    which = RESULTS.get(rest[1].lower())
    if kind != "ingest" or which is None or len(rest) > 2:
        raise missing()
    job.must_have_ended(now)
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


def _row(job: Job, saver: Saver, sobject: SObject, columns: list[csv_rows.Column], cells: list[str]) -> None:
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


def _upserted(job: Job, saver: Saver, sobject: SObject, values: dict[str, Any]) -> tuple[str, bool]:
    key = sobject.find(job.asked["externalIdFieldName"])
    if key is None:
        raise Refused("INVALIDJOB", "InvalidJob : Invalid externalIdFieldName")
    return saver.upsert(sobject, key, csv_rows.key_of(values, key.name), values)


def _change(operation: str, saver: Saver, sobject: SObject, row_id: str, values: dict[str, Any]) -> None:
    if operation == "update":
        saver.update(sobject, row_id, values)
    else:
        saver.delete(sobject, row_id)
