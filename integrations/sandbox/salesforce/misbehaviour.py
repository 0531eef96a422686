"""What each fault does: to a whole call before it takes effect, to its reply, or to single rows of it."""

from collections.abc import Callable, Mapping

from werkzeug.wrappers import Request, Response

from integrations.sandbox import wire_faults
from integrations.sandbox.faults import Fault, Faults
from integrations.sandbox.salesforce.errors import Problem, RowRefused
from integrations.sandbox.salesforce.replies import problem
from integrations.sandbox.server import ABORT

CALLS: Mapping[str, str] = {
    "server_error": "500 UNKNOWN_EXCEPTION",
    "service_unavailable": "503 SERVER_UNAVAILABLE",
    "html_503": "503 with the maintenance page",
    "html_500": "500 with an HTML page",
    "request_limit": "403 REQUEST_LIMIT_EXCEEDED: the day's calls are used up",
    "concurrent_limit": "403 REQUEST_LIMIT_EXCEEDED: too many long calls at once",
    "too_many_requests": "429 with an HTML page, as a proxy gives; argument: seconds of Retry-After",
    "token_expired": "401 INVALID_SESSION_ID: the access token is dead from now on",
    "forbidden": "403 INSUFFICIENT_ACCESS",
    "not_found": "404 NOT_FOUND",
    "slow": "a reply that takes its time; argument: seconds",
    "reset": "the connection is reset and nothing has happened",
    "lost_reply": "the call takes effect, then the connection is reset",
    "late_error": "the call takes effect, then 500 is answered",
    "cut_body": "the connection ends half way through the body",
    "truncated_json": "200 whose JSON ends half way",
    "empty_body": "200 without a body",
}
ROWS: Mapping[str, str] = {
    "locked_row": "a row of a write: UNABLE_TO_LOCK_ROW",
    "failing_rule": "a row of a write: FIELD_CUSTOM_VALIDATION_EXCEPTION",
    "failing_trigger": "a row of a write: CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
}
JOBS: Mapping[str, str] = {
    "unprocessed_rows": "a bulk job ends as Failed half way: the rows behind stay unprocessed",
}
NAMES: Mapping[str, str] = {**CALLS, **ROWS, **JOBS}
PAGE = "<!DOCTYPE html><html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"
UNEXPECTED = Problem(
    "UNKNOWN_EXCEPTION",
    "An unexpected error occurred. Please include this ErrorId if you contact support: 1163529174-91825 (-1560182746)",
    None,
)
REFUSALS: Mapping[str, tuple[int, Problem]] = {
    "server_error": (500, UNEXPECTED),
    "service_unavailable": (503, Problem("SERVER_UNAVAILABLE", "Server Unavailable", None)),
    "request_limit": (403, Problem("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", None)),
    "concurrent_limit": (
        403,
        Problem(
            "REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests (Concurrent API Requests) Limit exceeded.", None
        ),
    ),
    "token_expired": (401, Problem("INVALID_SESSION_ID", "Session expired or invalid", None)),
    "forbidden": (
        403,
        Problem("INSUFFICIENT_ACCESS", "insufficient access rights on cross-reference id", None),
    ),
    "not_found": (404, Problem("NOT_FOUND", "The requested resource does not exist", None)),
}
PAGES = {"html_503": (503, "Down For Maintenance"), "html_500": (500, "Unexpected Error"),
         "too_many_requests": (429, "Too Many Requests")}  # fmt: skip
ROW_PROBLEMS: Mapping[str, tuple[str, str]] = {
    "locked_row": ("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record"),
    "failing_rule": ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "This record breaks a rule of the org."),
    "failing_trigger": (
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
        "SandboxTrigger: execution of BeforeInsert caused by: System.NullPointerException",
    ),
}


def before(fault: Fault, request: Request) -> Response | None:
    """The reply that stands in for the call, which then has no effect; None lets it go on."""
    if fault.name in REFUSALS:
        status, found = REFUSALS[fault.name]
        return problem(found, status)
    if fault.name in PAGES:
        status, title = PAGES[fault.name]
        response = Response(PAGE.format(title), status, content_type="text/html; charset=UTF-8")
        if fault.name == "too_many_requests":
            response.headers["Retry-After"] = str(int(fault.argument or 1))
        return response
    return wire_faults.before(fault, request)


def after(fault: Fault, request: Request, response: Response) -> Response:
    """Spoil the reply of a call that has taken effect."""
    if fault.name in {"lost_reply", "cut_body"}:
        request.environ[ABORT] = "reset" if fault.name == "lost_reply" else "cut"
    elif fault.name == "late_error":
        return problem(UNEXPECTED, 500)
    elif fault.name == "truncated_json":
        response.set_data(response.get_data()[: len(response.get_data()) // 2])
    elif fault.name == "empty_body":
        response.set_data(b"")
    return response


def row_fault(faults: Faults, method: str, path: str) -> Callable[[], None] | None:
    """A function to call once a row, which raises RowRefused for the rows drawn; None where no such fault is on."""
    if not faults.any_of(ROWS):
        return None

    def draw() -> None:
        fault = faults.draw(method, path, ROWS)
        if fault:
            raise RowRefused(*ROW_PROBLEMS[fault.name])

    return draw
