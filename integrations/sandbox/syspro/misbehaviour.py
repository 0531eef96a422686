"""What each fault does to a call: before it takes effect, to its effect, or to its reply."""

from collections.abc import Mapping

from werkzeug.wrappers import Request, Response

from integrations.sandbox import wire_faults
from integrations.sandbox.faults import Fault
from integrations.sandbox.server import ABORT
from integrations.sandbox.syspro.errors import EXPIRED, UNKNOWN_OBJECT
from integrations.sandbox.syspro.framing import Framing, framed, web_server_page

NAMES: Mapping[str, str] = {
    "session_expired": "the session is over, and the call answers so without having run",
    "session_evicted": "somebody logs on as the operator; the call answers as for a session that is over",
    "no_license": "ERROR: No e.net licenses available, for logons; for objects e.net exception 100000",
    "enet_exception": "ERROR: e.net exception raised: 100000, and nothing has happened",
    "html_500": "500 with an HTML page, and nothing has happened",
    "html_503": "503 with an HTML page, and nothing has happened",
    "slow": "a reply that takes its time; argument: seconds",
    "reset": "the connection is reset and nothing has happened",
    "lost_reply": "the call takes effect, then the connection is reset",
    "late_error": "the call takes effect, then 500 with an HTML page is answered",
    "ledger_error": "a document is posted, but its general ledger journal is not: GlJournalError",
    "cut_body": "the call takes effect, then the connection ends half way through the body",
    "truncated_body": "the call takes effect, then 200 with half of the body",
    "garbage": "the call takes effect, then 200 with bytes that are no XML",
    "empty_body": "the call takes effect, then 200 without a body",
}
ENDS_SESSION = ("session_expired", "session_evicted")
TEXTS: Mapping[str, str] = {"enet_exception": UNKNOWN_OBJECT, **dict.fromkeys(ENDS_SESSION, EXPIRED)}
PAGES: Mapping[str, tuple[int, str]] = {
    "html_500": (500, "The server encountered an error processing the request. See server logs for more details."),
    "html_503": (503, "Service Unavailable"),
}  # fmt: skip
GARBAGE = b"\x00\x01\x1f\x8b\x08\xff\xfe<postapinvoice><Item>\x81\x8d\x8f"


def before(fault: Fault, request: Request, verb: str, framing: Framing) -> Response | None:
    """The reply that stands in for the call, which then has no effect; None lets it go on."""
    if fault.name in TEXTS:
        return framed(f"ERROR: {TEXTS[fault.name]}", framing)
    if fault.name == "no_license":
        text = "No e.net licenses available" if verb == "Logon" else UNKNOWN_OBJECT
        return framed(f"ERROR: {text}", framing)
    if fault.name in PAGES:
        return web_server_page(*PAGES[fault.name])
    return wire_faults.before(fault, request)


def after(fault: Fault, request: Request, response: Response) -> Response:
    """Spoil the reply of a call that has taken effect."""
    if fault.name in {"lost_reply", "cut_body"}:
        request.environ[ABORT] = "reset" if fault.name == "lost_reply" else "cut"
    elif fault.name == "late_error":
        return web_server_page(*PAGES["html_500"])
    elif fault.name == "garbage":
        response.set_data(GARBAGE)
    elif fault.name == "truncated_body":
        response.set_data(response.get_data()[: len(response.get_data()) // 2])
    elif fault.name == "empty_body":
        response.set_data(b"")
    return response
