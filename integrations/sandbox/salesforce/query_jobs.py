"""`jobs/query`: a query whose answer is fetched as pages of CSV, from one locator to the next."""

from werkzeug.wrappers import Response

from integrations.sandbox.salesforce import csv_rows
from integrations.sandbox.salesforce.calls import Call
from integrations.sandbox.salesforce.errors import Refused
from integrations.sandbox.salesforce.jobs import CSV, Job
from integrations.sandbox.salesforce.replies import as_json, object_of

QUERY = ("query", "queryAll")
DEFAULT_PAGE = 50_000


def open_job(call: Call) -> Response:
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


def results(call: Call, job: Job) -> Response:
    call.allow("GET")
    job.must_have_ended(call.org.clock.now())
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
