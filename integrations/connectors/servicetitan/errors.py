"""What ServiceTitan's replies mean, as a table of cases: who must act, and what to tell them.

Closed by default: what is not listed is our bug.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import orjson

from integrations.connectors.errors import RemoteError, Who
from integrations.connectors.transport import Call, Reply

_IN_N_SECONDS = re.compile(r"\bin\s+(\d{1,6}(?:\.\d{1,3})?)\s+second", re.IGNORECASE)
_LONGEST_TEXT = 300


@dataclass(frozen=True, slots=True)
class Case:
    """One meaning of a status."""

    who: Who
    reason: str
    message: str


_READ_CASES: Mapping[int, Case] = {
    400: Case(Who.OUR_BUG, "bad_request", "ServiceTitan did not understand the question: {problem}"),
    404: Case(
        Who.FIX_CONFIGURATION,
        "not_found",
        "ServiceTitan knows no such address. Check the tenant id and the environment; if both are right, "
        "ServiceTitan has taken this part of its API away.",
    ),
    409: Case(Who.RETRY_LATER, "conflict", "ServiceTitan is busy with this data: {problem}"),
}
_WRITE_CASES: Mapping[int, Case] = {
    400: Case(Who.FIX_RECORD, "invalid", "ServiceTitan refused the record: {problem}"),
    404: Case(Who.FIX_RECORD, "not_found", "ServiceTitan no longer has this record."),
    409: Case(Who.FIX_RECORD, "conflict", "ServiceTitan refused the change in the record's state: {problem}"),
    422: Case(Who.FIX_RECORD, "invalid", "ServiceTitan refused the record: {problem}"),
}
_CASES: Mapping[int, Case] = {
    401: Case(
        Who.FIX_CONFIGURATION,
        "unauthorized",
        "ServiceTitan refuses the access token or the app key. Compare the app key and the environment with "
        "the developer portal, then test the connection.",
    ),
    403: Case(
        Who.FIX_CONFIGURATION,
        "forbidden",
        "ServiceTitan does not let this app read here. Test the connection to see which scope is missing.",
    ),
    408: Case(Who.RETRY_LATER, "timeout", "ServiceTitan took too long. Trunkline tries again by itself."),
    413: Case(Who.OUR_BUG, "too_large", "ServiceTitan refused the size of the call."),
    429: Case(Who.RETRY_LATER, "rate_limited", "ServiceTitan asks for a pause. Trunkline waits for it."),
}
_REDIRECTED = Case(
    Who.FIX_CONFIGURATION,
    "redirected",
    "The address answers with a redirect, which is not followed, because the credentials would travel with it. "
    "Check the connection's environment and address.",
)
_SERVER = Case(
    Who.RETRY_LATER,
    "server_error",
    "ServiceTitan has a problem of its own at the moment. Trunkline tries again by itself.",
)
_UNEXPECTED = Case(
    Who.OUR_BUG, "unexpected_status", "ServiceTitan answered in an unexpected way. Tell support."
)


def classify(call: Call, reply: Reply) -> RemoteError:
    """What a reply outside 200 to 299 means."""
    body = _error_object(reply)
    case = _case(call, reply.status)
    trace = body.get("traceId")
    return RemoteError(
        case.who,
        case.reason,
        case.message.format(problem=_problem(body)),
        details=f"{call.place}: {reply.status} {_problem(body)}",
        status=reply.status,
        trace_id=trace if isinstance(trace, str) else None,
        retry_after=_retry_after(reply, body) if reply.status in {429, 503} else None,
        unknown=reply.status >= 500 and not call.repeatable,
    )


def _case(call: Call, status: int) -> Case:
    if status >= 500:
        return _SERVER
    if 300 <= status < 400:
        return _REDIRECTED
    special = _READ_CASES if call.method == "GET" else _WRITE_CASES
    return special.get(status) or _CASES.get(status, _UNEXPECTED)


def _error_object(reply: Reply) -> Mapping[str, Any]:
    """The error object, or nothing where a proxy's HTML page (or anything else) came instead."""
    try:
        found = orjson.loads(reply.body)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _problem(body: Mapping[str, Any]) -> str:
    """The title and the messages per field, in one line of bounded length."""
    parts = [str(body["title"])] if body.get("title") else []
    errors = body.get("errors")
    if isinstance(errors, dict):
        for name, found in errors.items():
            texts = found if isinstance(found, list) else [found]
            parts.append(f"{name}: {' '.join(str(text) for text in texts)}")
    return " ".join(" ".join(parts).split())[:_LONGEST_TEXT] or "it gave no reason."


def _retry_after(reply: Reply, body: Mapping[str, Any]) -> float | None:
    """The header if it is sent, else the N of "in N seconds" in the title."""
    header = reply.headers.get("Retry-After", "").strip()
    for read in (_seconds, _http_date):
        if (wait := read(header, reply)) is not None:
            return wait
    found = _IN_N_SECONDS.search(str(body.get("title", "")))
    return float(found[1]) if found else None


def _seconds(header: str, reply: Reply) -> float | None:
    try:
        wait = float(header)
    except ValueError:
        return None
    return max(0.0, wait) if math.isfinite(wait) else None


def _http_date(header: str, reply: Reply) -> float | None:
    """A date in Retry-After, measured from the reply's own Date, so that our clock plays no part."""
    try:
        until = parsedate_to_datetime(header)
        sent = parsedate_to_datetime(reply.headers["Date"])
        return max(0.0, (until - sent).total_seconds())
    except (KeyError, TypeError, ValueError):
        return None
