"""What Salesforce's replies mean, as tables of cases: who must act, and what to tell them.

The same codes come in three shapes: a list of errors as a whole reply, one row of a collection, and a cell of a
bulk job's results. Closed by default: what is not listed is our bug.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from integrations.connectors.errors import RemoteError, Who
from integrations.connectors.transport import Call, Reply

_LONGEST_TEXT = 300
DAILY_LIMIT = "daily_limit"
PAUSE_AFTER_DAILY_LIMIT = 1800.0


@dataclass(frozen=True, slots=True)
class Case:
    """One meaning of an error code. `{problem}` in the message is Salesforce's own words, `{fields}` its fields."""

    who: Who
    reason: str
    message: str
    relink: bool = False


_FIX = Who.FIX_RECORD
_ADMIN = Who.FIX_CONFIGURATION
_LATER = Who.RETRY_LATER

CASES: Mapping[str, Case] = {
    "INVALID_SESSION_ID": Case(
        _ADMIN, "unauthorized", "Salesforce refuses the access token. Open the connection and connect it again."
    ),
    "INVALID_AUTH_HEADER": Case(
        _ADMIN, "unauthorized", "Salesforce refuses the access token. Open the connection and connect it again."
    ),
    "REQUEST_LIMIT_EXCEEDED": Case(
        _LATER,
        DAILY_LIMIT,
        "The org has used up the API calls that Salesforce allows it in 24 hours. Trunkline goes on by itself when "
        "the window frees some; the Salesforce admin can buy more or find what else uses them "
        "(Setup > Company Information > API Requests).",
    ),
    "CONCURRENT_LIMIT": Case(
        _LATER, "rate_limited", "Salesforce has too many long calls at once. Trunkline waits and tries again."
    ),
    "UNABLE_TO_LOCK_ROW": Case(
        _LATER, "row_locked", "Somebody else is changing this record, or its account, in Salesforce at this moment. "
        "Trunkline tries again by itself."
    ),
    "SERVER_UNAVAILABLE": Case(
        _LATER, "server_error", "Salesforce is not available at the moment. Trunkline tries again by itself."
    ),
    "UNKNOWN_EXCEPTION": Case(
        _LATER, "server_error", "Salesforce had a problem of its own. Trunkline tries again by itself."
    ),
    "QUERY_TIMEOUT": Case(
        _LATER, "timeout", "Salesforce took too long for this question. Trunkline tries again by itself."
    ),
    "API_DISABLED_FOR_ORG": Case(
        _ADMIN, "api_disabled",
        "The org has no API access: its edition lacks it, or it was switched off. The Salesforce admin switches it "
        "on (API Enabled in the integration user's profile), then test the connection.", relink=True,
    ),
    "API_CURRENTLY_DISABLED": Case(
        _ADMIN, "api_disabled",
        "The integration user may not use the API. The Salesforce admin gives its profile or a permission set "
        "“API Enabled”, then test the connection.", relink=True,
    ),
    "INSUFFICIENT_ACCESS_OR_READONLY": Case(
        _ADMIN, "forbidden",
        "The integration user may not do this in Salesforce: {problem} The Salesforce admin gives it access to the "
        "object and its fields (a permission set), then retry.",
    ),
    "INSUFFICIENT_ACCESS": Case(
        _ADMIN,
        "forbidden",
        "The integration user may not do this in Salesforce: {problem} The Salesforce admin gives it access, then retry.",
    ),
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": Case(
        _ADMIN, "forbidden",
        "The integration user has no access to a record that this one refers to: {problem} The Salesforce admin "
        "shares it, then retry.",
    ),
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": Case(
        _ADMIN, "automation",
        "An automation in Salesforce (a trigger or a flow), or a missing user flag, stopped the record: {problem} "
        "The Salesforce admin looks at it, then retry.",
    ),
    "INVALID_FIELD": Case(
        _ADMIN, "invalid_field",
        "Salesforce does not know a field of the mapping, or hides it from the integration user: {problem} Give the "
        "user access to it, or change the field mapping; then retry.",
    ),
    "INVALID_FIELD_FOR_INSERT_UPDATE": Case(
        _ADMIN, "invalid_field",
        "The integration user may not write {fields} in Salesforce. The Salesforce admin makes it writable for the "
        "user, or the line is taken out of the field mapping; then retry.",
    ),
    "INVALID_TYPE": Case(
        _ADMIN, "invalid_type",
        "The org has no such object, or hides it from the integration user: {problem} Give the user access to it, "
        "or switch the sync rule off.",
    ),
    "MISSING_ARGUMENT": Case(Who.OUR_BUG, "missing_key", "Salesforce misses the external id: {problem} Tell support."),
    "REQUIRED_FIELD_MISSING": Case(
        _FIX, "required_missing",
        "Salesforce needs {fields}, which the record leaves empty. Fill it in here, or map it to a value; then retry.",
    ),
    "STRING_TOO_LONG": Case(
        _FIX, "too_long", "A text is too long for Salesforce: {problem} Shorten it here, then retry."
    ),
    "INVALID_EMAIL_ADDRESS": Case(
        _FIX, "invalid_email", "Salesforce takes no such e-mail address: {problem} Correct it here, then retry."
    ),
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": Case(
        _FIX, "picklist",
        "Salesforce's pick list does not have this value: {problem} Add it there, or map the value to one of the list; "
        "then retry.",
    ),
    "FIELD_INTEGRITY_EXCEPTION": Case(
        _FIX, "integrity", "Two values do not go together in Salesforce: {problem} Correct them here, then retry."
    ),
    "NUMBER_OUTSIDE_VALID_RANGE": Case(
        _FIX, "out_of_range", "A number is too large or too small for Salesforce: {problem} Correct it, then retry."
    ),
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": Case(
        _FIX, "validation_rule",
        "A validation rule of the org refused the record: {problem} Correct it here, or have the Salesforce admin "
        "change the rule; then retry.",
    ),
    "FIELD_FILTER_VALIDATION_EXCEPTION": Case(
        _FIX, "validation_rule", "A lookup filter of the org refused the record: {problem} Correct it, then retry."
    ),
    "DUPLICATES_DETECTED": Case(
        _FIX, "duplicates",
        "A duplicate rule of the org takes this for a record that is there already: {problem} Look at that record: if "
        "it is the same, put our external id on it there and retry; if not, let the Salesforce admin change the rule.",
    ),
    "DUPLICATE_VALUE": Case(
        _FIX, "duplicate_value",
        "Another record in Salesforce has this unique value already: {problem} Clear it on one of the two, then retry.",
    ),
    "DUPLICATE_EXTERNAL_ID": Case(
        _FIX, "duplicate_value",
        "Several records in Salesforce carry the same external id: {problem} Merge them there, then retry.",
    ),
    "ENTITY_IS_LOCKED": Case(
        _FIX, "locked", "The record is in an approval in Salesforce and cannot be edited. Retry when that is over."
    ),
    "INACTIVE_OWNER_OR_USER": Case(
        _FIX, "inactive_owner", "The record's owner in Salesforce is not active any more: {problem} Give it another "
        "owner there, then retry."
    ),
    "OP_WITH_INVALID_USER_TYPE_EXCEPTION": Case(
        _FIX, "inactive_owner", "The record's owner in Salesforce cannot own it: {problem} Give it another owner "
        "there, then retry."
    ),
    "NOT_FOUND": Case(_FIX, "not_found", "Salesforce no longer has this record."),
    "ENTITY_IS_DELETED": Case(_FIX, "not_found", "The record was deleted in Salesforce."),
    "MALFORMED_ID": Case(_FIX, "bad_reference", "A record refers to something of the wrong kind: {problem}"),
    "INVALID_CROSS_REFERENCE_KEY": Case(
        _FIX, "bad_reference", "A record that this one refers to is not there in Salesforce: {problem}"
    ),
    "DUPLICATE_DEVELOPER_NAME": Case(
        _ADMIN, "hidden_field",
        "The field is there, but hidden from the integration user. The Salesforce admin gives it Read and Edit access to "
        "the field in a permission set; then test again.",
    ),
    "LIMIT_EXCEEDED": Case(
        _ADMIN, "limit_exceeded",
        "A limit of the org forbids it: {problem} The Salesforce admin frees some of it, or names a field that is there "
        "already as the connection's external id field.",
    ),
    "STORAGE_LIMIT_EXCEEDED": Case(
        _ADMIN, "storage_full",
        "The org's data storage is full. The Salesforce admin frees some or buys more; then retry.",
    ),
    "UNSUPPORTED_API_VERSION": Case(
        _ADMIN, "api_version", "The org does not know this API version. Set another with the credentials."
    ),
}  # fmt: skip
_UNEXPECTED = Case(
    Who.OUR_BUG, "unexpected_error", "Salesforce answered in an unexpected way: {problem} Tell support."
)
_BY_STATUS: Mapping[int, Case] = {
    401: CASES["INVALID_SESSION_ID"],
    403: CASES["INSUFFICIENT_ACCESS_OR_READONLY"],
    404: CASES["NOT_FOUND"],
    410: CASES["UNSUPPORTED_API_VERSION"],
    408: CASES["QUERY_TIMEOUT"],
    429: CASES["CONCURRENT_LIMIT"],
    300: CASES["DUPLICATE_EXTERNAL_ID"],
}
_REDIRECTED = Case(
    _ADMIN,
    "redirected",
    "The address answers with a redirect, which is not followed, because the token would travel with it. Check the "
    "connection's environment and address, then connect it again.",
)


def classify(call: Call, reply: Reply) -> RemoteError:
    """What a whole reply outside 200 to 299 means."""
    found = _first(reply)
    code = str(found.get("errorCode") or "")
    if code == "REQUEST_LIMIT_EXCEEDED" and "oncurrent" in str(found.get("message")):
        code = "CONCURRENT_LIMIT"
    case = CASES.get(code) or _by_status(reply.status)
    error = _error(case, found, f"{call.place}: {reply.status} {code}".rstrip(), reply.status)
    error.unknown = reply.status >= 500 and not call.repeatable
    return error


def of_row(found: Mapping[str, Any], place: str) -> RemoteError:
    """What the error of one row of a collection means: `{"statusCode", "message", "fields"}`."""
    code = str(found.get("statusCode") or found.get("errorCode") or "")
    return _error(CASES.get(code, _UNEXPECTED), found, f"{place}: {code}", None)


def of_cell(text: str, place: str) -> RemoteError:
    """What a bulk job's `sf__Error` means: `CODE:message:fields --`."""
    code, _, rest = text.partition(":")
    message, _, fields = rest.rpartition(":")
    names = [name.strip() for name in fields.removesuffix("--").split(",") if name.strip()]
    return of_row({"statusCode": code, "message": message or rest, "fields": names}, place)


def _by_status(status: int) -> Case:
    if status >= 500:
        return CASES["SERVER_UNAVAILABLE"]
    if status != 300 and 300 <= status < 400:
        return _REDIRECTED
    return _BY_STATUS.get(status, _UNEXPECTED)


def _error(case: Case, found: Mapping[str, Any], details: str, status: int | None) -> RemoteError:
    problem = _in_one_line(found.get("message"))
    fields = found.get("fields")
    names = ", ".join(str(name) for name in fields) if isinstance(fields, list) else ""
    return RemoteError(
        case.who,
        case.reason,
        case.message.format(problem=problem, fields=names or problem),
        details=f"{details} {problem} {_matches(found)}".rstrip(),
        status=status,
        retry_after=PAUSE_AFTER_DAILY_LIMIT if case.reason == DAILY_LIMIT else None,
        relink=case.relink,
    )


def _in_one_line(message: Any) -> str:
    text = " ".join(str(message or "").split())[:_LONGEST_TEXT] or "it gave no reason"
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _matches(found: Mapping[str, Any]) -> str:
    """The records that a duplicate rule took for the same, by id."""
    result = found.get("duplicateResult") or found.get("duplicateResut")
    if not isinstance(result, dict):
        return ""
    records = [
        match.get("record", {}).get("Id", "")
        for rule in result.get("matchResults") or ()
        for match in rule.get("matchRecords") or ()
    ]
    return f"matches {', '.join(filter(None, records))}" if any(records) else ""


def _first(reply: Reply) -> Mapping[str, Any]:
    """The first error of the list; or the object, or nothing where a page of HTML came instead."""
    try:
        found = orjson.loads(reply.body)
    except orjson.JSONDecodeError:
        return {}
    if isinstance(found, list) and found:
        found = found[0]
    return found if isinstance(found, dict) else {}
