"""What SYSPRO's failures mean, as tables of words: who must act, and what to tell them.

Three shapes: a text that begins with ERROR, the errors beside a document's elements, and HTTP's own for what lies
before SYSPRO. Numbers are of little use: those of accounts payable are not public, so words and elements decide. A text
that is not listed is our bug; an element's error that is not listed is the record's.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from integrations.connectors.errors import RemoteError, Who
from integrations.connectors.transport import Call, Reply

_FIX, _ADMIN, _LATER, _BUG = Who.FIX_RECORD, Who.FIX_CONFIGURATION, Who.RETRY_LATER, Who.OUR_BUG
_LONGEST = 300


@dataclass(frozen=True, slots=True)
class Case:
    """One meaning. `{problem}` in the message is SYSPRO's own words."""

    words: str
    who: Who
    reason: str
    message: str
    relink: bool = False


LOST_SESSION = "lost_session"
TEXTS: tuple[Case, ...] = (
    Case(
        r"UserID is invalid|session has expired|BaseDir", _LATER, LOST_SESSION,
        "SYSPRO has ended the session: somebody else has logged on as this operator, or it was idle too long. Give "
        "Trunkline an operator of its own. It tries again by itself.",
    ),
    Case(
        r"invalid operator password|password.*(invalid|incorrect|expired)", _ADMIN, "invalid_client",
        "SYSPRO did not accept a password: {problem} Compare it with the operator's and the company's in SYSPRO, and "
        "store both again.", relink=True,
    ),
    Case(
        r"invalid operator|operator .*(not found|does not exist)", _ADMIN, "invalid_client",
        "SYSPRO does not know the operator: {problem} Correct its code in the connection's credentials.", relink=True,
    ),
    Case(
        r"locked out|operator .*(locked|disabled|suspended)", _ADMIN, "inactive_user",
        "The operator is locked: {problem} The SYSPRO administrator unlocks it, then test the connection.", relink=True,
    ),
    Case(
        r"invalid company", _ADMIN, "invalid_client",
        "SYSPRO did not accept the company: {problem} Correct the company's code or its password in the connection's "
        "credentials.", relink=True,
    ),
    Case(
        r"already logged", _LATER, "rate_limited",
        "Somebody is logged on as Trunkline's operator. It waits; give Trunkline an operator of its own.",
    ),
    Case(
        r"no e\.?net licen|licen[cs]es? (available|exceeded)|maximum number of users", _LATER, "rate_limited",
        "All e.net licences are in use at the moment. Trunkline tries again by itself; if that happens often, the "
        "company needs another.",
    ),
    Case(
        r"invalid (object|table) name|table .*not found", _ADMIN, "invalid_type",
        "The company's SYSPRO has no such table: {problem} Switch the sync rule off, or look for the module's licence.",
    ),
    Case(
        r"invalid column|column .*not found", _ADMIN, "invalid_field",
        "The company's SYSPRO has no such column: {problem} Take it out of the field mapping; then retry.",
    ),
    Case(
        r"exception raised: 100000", _ADMIN, "forbidden",
        "SYSPRO refuses this business object: it is not licensed for e.net, or not for the operator. The SYSPRO "
        "administrator gives the operator's licence this area (e.net License Apportionment), then retry.",
    ),
)  # fmt: skip

FIELDS: tuple[tuple[str, str, Who, str], ...] = (
    # element in small letters, words of the error, who, reason
    (r"", r"in use|locked by|being (processed|used)|month end|try again", _LATER, "row_locked"),
    (r"", r"not installed|access to .* denied|not authori[sz]ed|permission", _ADMIN, "forbidden"),
    (r"", r"period.*(closed|not open|invalid)|(closed|invalid).*period", _ADMIN, "period_closed"),
    (r"invoice", r"already (exists|been)|duplicate|exists for", _FIX, "already_posted"),
    (r"", r"duplicate key", _FIX, "already_there"),
    (r"", r"must be ccyy-mm-dd", _BUG, "bad_date"),
    (r"", r"cannot be (spaces|blank)|must be entered|is mandatory", _FIX, "required_missing"),
    (r"ledgercode|taxcode|branch|termscode|bank|currency|warehouse", r"", _ADMIN, "bad_reference"),
    (r"supplier|stockcode|invoice|purchaseorder", r"not found|does not exist|invalid", _FIX, "bad_reference"),
    (r"", r"does not equal|out of balance|not balance", _FIX, "unbalanced"),
    (r"", r"on hold", _FIX, "on_hold"),
)
_WHAT_TO_DO = {
    _ADMIN: "Correct the mapping table or SYSPRO's set-up, then retry.",
    _FIX: "Correct it here or in SYSPRO, then retry.",
    _LATER: "Trunkline tries again by itself.",
    _BUG: "Tell support.",
}
_GRAVEST = (_BUG, _ADMIN, _FIX, _LATER)


@dataclass(frozen=True, slots=True)
class FieldError:
    """An error that SYSPRO has put beside an element of the document, or, as a warning, below it."""

    element: str
    value: str
    number: str
    description: str

    def __str__(self) -> str:
        named = f"{self.element} “{self.value}”" if self.value else self.element
        return f"{named}: {_sentence(self.description or f'error {self.number}')}"


def is_lost_session(problem: str) -> bool:
    """Whether the call did not run because its session had ended."""
    return any(re.search(case.words, problem, re.IGNORECASE) for case in TEXTS if case.reason == LOST_SESSION)


def of_text(problem: str, place: str, *, posting: bool = False) -> RemoteError:
    """What a reply that begins with ERROR means. One that is not listed may have come from within a posting."""
    for case in TEXTS:
        if re.search(case.words, problem, re.IGNORECASE):
            message = case.message.format(problem=_sentence(problem))
            return RemoteError(
                case.who, case.reason, message, details=f"{place}: {_short(problem)}", relink=case.relink
            )
    message = f"SYSPRO answered in an unexpected way: {_sentence(problem)} Tell support."
    return RemoteError(_BUG, "unexpected_error", message, details=place, unknown=posting)


def of_fields(errors: Sequence[FieldError], place: str) -> RemoteError:
    """What errors beside elements mean: all of them in one sentence each, classed by the gravest."""
    judged = [_judged(error) for error in errors]
    who, reason = min(judged, key=lambda found: _GRAVEST.index(found[0]))
    told = " ".join(dict.fromkeys(map(str, errors)))
    numbers = ", ".join(filter(None, (f"{error.element} {error.number}".strip() for error in errors)))
    return RemoteError(
        who, reason, f"SYSPRO refused it. {told} {_WHAT_TO_DO[who]}", details=f"{place}: {numbers}"
    )


def _judged(error: FieldError) -> tuple[Who, str]:
    for element, words, who, reason in FIELDS:
        if re.search(words, error.description, re.IGNORECASE) and (
            not element or re.fullmatch(element, error.element.lower())
        ):
            return who, reason
    return (_ADMIN, "forbidden") if error.number == "100000" else (_FIX, "refused")


def classify(call: Call, reply: Reply) -> RemoteError:
    """What an HTTP status but 200 means for e.net: something before SYSPRO, or the service itself, has failed."""
    status, details = reply.status, f"{call.place}: {reply.status}"
    if status >= 500:
        message = "SYSPRO's e.net service has a problem of its own. Trunkline tries again by itself."
        return RemoteError(
            _LATER, "server_error", message, details=details, status=status, unknown=not call.repeatable
        )
    if status == 429:
        message = "The server asks for fewer calls. Trunkline waits."
        return RemoteError(_LATER, "rate_limited", message, details=details, status=status)
    if status in {400, 413, 414}:
        message = (
            "The server before SYSPRO refused the call as malformed or too long. Have documents go in the body of PostLD "
            "(the connection's credentials, More settings), then retry."
        )
        return RemoteError(_ADMIN, "too_long", message, details=details, status=status)
    message = (
        f"There is no e.net service at this address: it answers with {status}. Compare the connection's e.net address "
        "with the one of the company's server, up to and with /SYSPROWCFService/Rest."
    )
    return RemoteError(_ADMIN, "no_service", message, details=details, status=status)


def classify_odata(call: Call, reply: Reply) -> RemoteError:
    """What an HTTP status but 200 means at the OData site."""
    status, told = reply.status, _odata_words(reply)
    details = f"{call.place}: {status} {told}".rstrip()
    if status == 401:
        message = (
            "SYSPRO's OData site did not accept the user or its password. Compare both with the operator's OData "
            "credentials; the site reads them when it starts, so restart it after a change. Store them again."
        )
        return RemoteError(_ADMIN, "unauthorized", message, details=details, status=status, relink=True)
    if status == 403:
        message = (
            "The OData user may not read this table. The SYSPRO administrator gives it access, then retry."
        )
        return RemoteError(_ADMIN, "forbidden", message, details=details, status=status)
    if status == 404:
        table = call.url.rpartition("/")[2]
        message = (
            f"SYSPRO's OData site has no {table}. Compare the OData address and the company's code, and whether the "
            "table is open to OData."
        )
        return RemoteError(_ADMIN, "invalid_type", message, details=details, status=status)
    if status == 400:
        message = (
            f"SYSPRO's OData site did not understand the question: {_sentence(told)} A column of the field mapping may "
            "be missing there, or dates be written in the other style: see “Dates in OData questions” among the "
            "credentials."
        )
        return RemoteError(_ADMIN, "invalid_field", message, details=details, status=status)
    if status == 429 or status >= 500:
        reason = "rate_limited" if status == 429 else "server_error"
        message = "SYSPRO's OData site has a problem of its own. Trunkline tries again by itself."
        return RemoteError(_LATER, reason, message, details=details, status=status)
    message = f"SYSPRO's OData site answers with {status}, which is not expected. Compare its address."
    return RemoteError(_ADMIN, "redirected", message, details=details, status=status)


def unreadable(place: str, why: str, *, posting: bool) -> RemoteError:
    """A reply that is not what SYSPRO writes; whether a posting behind it took place is open."""
    message = "SYSPRO's reply could not be read. Trunkline tries again by itself."
    return RemoteError(_LATER, "unreadable_reply", message, details=f"{place}: {why}", unknown=posting)


def _odata_words(reply: Reply) -> str:
    try:
        found = orjson.loads(reply.body)
    except orjson.JSONDecodeError:
        return ""
    error = found.get("error") if isinstance(found, dict) else None
    told = error.get("message") if isinstance(error, dict) else None
    if isinstance(told, dict):  # OData 3 has its message in a language
        told = told.get("value")
    return _short(told) if isinstance(told, str) else ""


def _short(text: str) -> str:
    return " ".join(text.split())[:_LONGEST]


def _sentence(text: str) -> str:
    short = _short(text) or "it gave no reason"
    return short if short.endswith((".", "!", "?")) else f"{short}."
