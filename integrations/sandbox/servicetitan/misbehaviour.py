"""What each fault does to a call: before it takes effect, or to its reply."""

from collections.abc import Mapping
from typing import Any

import orjson
from werkzeug.wrappers import Request, Response

from integrations.sandbox import wire_faults
from integrations.sandbox.faults import Fault
from integrations.sandbox.limits import whole_seconds
from integrations.sandbox.server import ABORT
from integrations.sandbox.servicetitan.replies import problem, rate_limited

NAMES: Mapping[str, str] = {
    "rate_limited": "429 with the wait in the title only",
    "rate_limited_with_retry_after": "429 with a Retry-After header as well; argument: seconds",
    "server_error": "500 with the error object",
    "html_502": "502 with an HTML page, as a proxy gives",
    "service_unavailable": "503 with no body",
    "truncated_json": "200 whose JSON ends half way",
    "cut_body": "the connection ends half way through the body",
    "empty_body": "200 without a body",
    "slow": "a reply that takes its time; argument: seconds",
    "reset": "the connection is reset and nothing has happened",
    "lost_reply": "the call takes effect, then the connection is reset",
    "late_error": "the call takes effect, then 500 is answered",
    "unknown_fields": "rows carry members that no document names",
    "unknown_values": "enumerations carry a value that no document names",
    "duplicate_rows": "a page repeats its rows",
    "reordered_rows": "a page's rows come in another order",
    "repeated_page": "an export feed leads back to the page that it has just given",
    "token_expired": "401, although the token is good",
    "disabled_app": "403 for everything",
    "forbidden": "403 for this path only",
    "not_found": "404",
}


HTML = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


def before(fault: Fault, request: Request) -> Response | None:
    """The reply that stands in for the call, which then has no effect; None lets it go on."""
    seconds = whole_seconds(fault.argument or 1)
    if fault.name in {"rate_limited", "rate_limited_with_retry_after"}:
        response = rate_limited(seconds)
        if fault.name == "rate_limited_with_retry_after":
            response.headers["Retry-After"] = str(seconds)
        return response
    return wire_faults.before(fault, request) or _refusal(fault.name)


def _refusal(name: str) -> Response | None:
    if name == "html_502":
        return Response(HTML, 502, content_type="text/html")
    if name == "service_unavailable":
        return Response(b"", 503)
    statuses = {
        "server_error": 500,
        "token_expired": 401,
        "disabled_app": 403,
        "forbidden": 403,
        "not_found": 404,
    }
    titles = {500: "An error occurred while processing your request.", 401: "Unauthorized", 403: "Forbidden"}
    return problem(statuses[name], titles.get(statuses[name], "Not Found")) if name in statuses else None


def after(fault: Fault, request: Request, response: Response) -> Response:
    """Spoil the reply of a call that has taken effect."""
    if fault.name == "lost_reply":
        request.environ[ABORT] = "reset"
    elif fault.name == "cut_body":
        request.environ[ABORT] = "cut"
    elif fault.name == "late_error":
        return problem(500, "An error occurred while processing your request.")
    elif response.status_code == 200 and fault.name == "repeated_page":
        response.set_data(_leading_back(request, response.get_data()))
    elif response.status_code == 200:
        response.set_data(_spoilt(fault.name, response.get_data()))
    return response


def _leading_back(request: Request, body: bytes) -> bytes:
    reply = orjson.loads(body)
    if request.method != "GET" or "continueFrom" not in reply or not request.args.get("from"):
        return body
    return orjson.dumps({**reply, "hasMore": True, "continueFrom": request.args["from"]})


def _spoilt(name: str, body: bytes) -> bytes:
    if name == "truncated_json":
        return body[: len(body) // 2]
    if name == "empty_body":
        return b""
    changes = {
        "unknown_fields": _add_fields,
        "unknown_values": _change_values,
        "duplicate_rows": _repeat,
        "reordered_rows": _reorder,
    }
    if name not in changes or not body:
        return body
    reply = orjson.loads(body)
    if isinstance(reply, dict) and isinstance(reply.get("data"), list):
        reply["data"] = changes[name](reply["data"])
    return orjson.dumps(reply)


def _add_fields(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**row, "sandboxNovelty": {"since": "2027", "level": 3}} for row in rows]


def _change_values(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Enumerations gain a value; only members that are one are changed."""
    enums = {
        "status",
        "type",
        "jobStatus",
        "syncStatus",
        "reviewStatus",
        "sentStatus",
        "priority",
        "licenseType",
    }
    return [
        {
            name: "SandboxNovelty" if name in enums and isinstance(value, str) else value
            for name, value in row.items()
        }
        for row in rows
    ]


def _reorder(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The last first, so that any order that somebody relies on is broken."""
    return rows[::-1]


def _repeat(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in rows for _ in range(2)]
