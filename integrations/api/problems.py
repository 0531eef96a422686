"""Errors as problem documents (RFC 9457), for everything under /api/."""

import logging
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

import orjson
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.http.request import RawPostDataException, UnreadablePostError
from ninja.errors import HttpError, ValidationError

from portal.middleware import request_id

log = logging.getLogger(__name__)

TYPE = "application/problem+json"
_URN = "urn:trunkline:problem:"
_WORDS: Mapping[int, str] = {
    400: "The request cannot be read.",
    401: "Send a valid token: “Authorization: Bearer …”.",
    404: "There is nothing here.",
    405: "This address does not take this method.",
    413: "The body is too large.",
    500: "Trunkline itself failed. Try again with the same Idempotency-Key; tell support the request id if it stays.",
}

_STATUSES: tuple[tuple[type[Exception], int], ...] = (
    (Http404, 404),
    (RequestDataTooBig, 413),
    (SuspiciousOperation, 400),
    (UnreadablePostError, 400),
    (RawPostDataException, 400),  # a multipart form, of which no call takes any
)

Error = tuple[str, str]
"""A field by its dotted path, and what is wrong with it."""


class ProblemError(Exception):
    """Ends a call with this problem. `name` tells programs what it is; `errors` name fields."""

    def __init__(
        self,
        status: int,
        name: str = "",
        detail: str = "",
        *,
        errors: Iterable[Error] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail or str(status))
        self.status, self.name, self.detail = status, name, detail
        self.errors, self.headers = tuple(errors), dict(headers or {})


def problem(request: HttpRequest, error: ProblemError) -> HttpResponse:
    """The document of an error."""
    document: dict[str, Any] = {
        "type": f"{_URN}{error.name}" if error.name else "about:blank",
        "title": HTTPStatus(error.status).phrase,
        "status": error.status,
        "detail": error.detail or _WORDS.get(error.status, HTTPStatus(error.status).description),
        "instance": request.path,
        "request_id": request_id.get(),
    }
    if error.errors:
        document["errors"] = [{"field": field, "message": message} for field, message in error.errors]
    return HttpResponse(orjson.dumps(document), status=error.status, content_type=TYPE, headers=error.headers)


def of_exception(request: HttpRequest, exc: Any) -> HttpResponse:
    """The problem that an exception of a call stands for; what nobody expected is a 500 and stands in the log."""
    return problem(request, _as_problem(exc))


def _as_problem(exc: Exception) -> ProblemError:
    match exc:
        case ProblemError():
            return exc
        case ValidationError():
            return invalid((_field(error["loc"]), _sentence(error["msg"])) for error in exc.errors)
        case HttpError():
            return ProblemError(exc.status_code)
    status = next((status for kind, status in _STATUSES if isinstance(exc, kind)), 500)
    if status == 500:
        log.error("A call of the API failed", exc_info=exc)
    return ProblemError(status)


def invalid(errors: Iterable[Error]) -> ProblemError:
    """The request was understood and cannot be done as it is."""
    return ProblemError(
        422, "invalid", "Correct the fields that are named and send the request again.", errors=errors
    )


def _field(location: Iterable[Any]) -> str:
    """`("body", "data", "customer", "phone")` -> `customer.phone`: the first two are ours."""
    parts = [str(part) for part in location]
    return ".".join(parts[2:] if parts[:1] == ["body"] else parts[1:]) or "body"


def _sentence(message: str) -> str:
    words = message.removeprefix("Value error, ")
    return words if words.endswith(".") else f"{words}."
