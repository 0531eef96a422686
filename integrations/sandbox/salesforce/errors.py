"""The errors of the API, in the exact shapes of its REST calls: an array of `message`, `errorCode`, `fields`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

STATUSES: Mapping[str, int] = {
    "INVALID_SESSION_ID": 401, "INVALID_AUTH_HEADER": 401, "REQUEST_LIMIT_EXCEEDED": 403,
    "API_DISABLED_FOR_ORG": 403, "INSUFFICIENT_ACCESS": 403, "NOT_FOUND": 404, "ENTITY_IS_DELETED": 404,
    "METHOD_NOT_ALLOWED": 405, "UNSUPPORTED_MEDIA_TYPE": 415, "PRECONDITION_FAILED": 412,
    "UNKNOWN_EXCEPTION": 500, "SERVER_UNAVAILABLE": 503, "UNSUPPORTED_API_VERSION": 404,
}  # fmt: skip
MISSING = "The requested resource does not exist"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong. `fields` is None where the shape has no such member; `more` are extra members."""

    code: str
    message: str
    fields: Sequence[str] | None = ()
    more: Mapping[str, Any] = field(default_factory=dict)

    def of_call(self) -> dict[str, Any]:
        """As the error of a call of its own."""
        body: dict[str, Any] = {"message": self.message, "errorCode": self.code}
        if self.fields is not None:
            body["fields"] = list(self.fields)
        return {**body, **self.more}

    def of_row(self) -> dict[str, Any]:
        """As the error of one row among others."""
        fields = list(self.fields or ())
        return {"statusCode": self.code, "message": self.message, "fields": fields, **self.more}

    def of_csv(self) -> str:
        """As Bulk 2.0 writes it into `sf__Error`."""
        return f"{self.code}:{self.message}:{','.join(self.fields or ())} --"


class RowRefused(Exception):
    """One row cannot be written; its neighbours can."""

    def __init__(self, code: str, message: str, fields: Sequence[str] = (), **more: Any) -> None:
        super().__init__(message)
        self.problem = Problem(code, message, fields, more)


class Refused(Exception):
    """The whole call is answered with an error."""

    def __init__(
        self, code: str, message: str, status: int | None = None, fields: Sequence[str] | None = None
    ) -> None:
        super().__init__(message)
        self.problem = Problem(code, message, fields)
        self.status = status or STATUSES.get(code, 400)


def missing(message: str = MISSING) -> Refused:
    return Refused("NOT_FOUND", message)
