"""The replies of the sandbox: pages and the error object that every module of the API answers with."""

import secrets
from collections.abc import Mapping
from typing import Any

import orjson
from werkzeug.wrappers import Response

VALIDATION = "https://tools.ietf.org/html/rfc7231#section-6.5.1"
TITLES: Mapping[int, str] = {
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    409: "Conflict",
    500: "An error occurred while processing your request.",
    501: "Not Implemented",
}


class Refused(Exception):
    """The call is answered with an error object. `errors` maps PascalCase names to sentences."""

    def __init__(self, status: int, title: str = "", errors: Mapping[str, list[str]] | None = None) -> None:
        super().__init__(title)
        self.status, self.title, self.errors = (
            status,
            title or TITLES.get(status, "Error"),
            dict(errors or {}),
        )

    def reply(self) -> Response:
        return problem(self.status, self.title, self.errors)


def invalid(**errors: str) -> Refused:
    """A 400 for these fields, named as the query or the body names them."""
    named = {name[:1].upper() + name[1:]: [sentence] for name, sentence in errors.items()}
    return Refused(400, "One or more validation errors occurred.", named)


def problem(status: int, title: str, errors: Mapping[str, list[str]] | None = None) -> Response:
    kind = VALIDATION if status == 400 else f"https://httpstatuses.io/{status}"
    trace = f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-00"
    body = {
        "type": kind,
        "title": title,
        "status": status,
        "traceId": trace,
        "errors": dict(errors or {}),
        "data": {},
    }
    return Response(orjson.dumps(body), status, content_type="application/json; charset=utf-8")


def rate_limited(seconds: int) -> Response:
    return problem(429, f"Rate limit is exceeded. Try again in {seconds} seconds.")


def as_json(value: Any, status: int = 200) -> Response:
    return raw_json(orjson.dumps(value), status)


def raw_json(body: bytes, status: int = 200) -> Response:
    return Response(body, status, content_type="application/json; charset=utf-8")


def empty() -> Response:
    return Response(b"", 200)


def list_page(rows: list[bytes], page: int, page_size: int, has_more: bool, total: int | None) -> Response:
    head = f'{{"page":{page},"pageSize":{page_size},"hasMore":{_flag(has_more)},"totalCount":{_number(total)},"data":['
    return raw_json(b"".join((head.encode(), b",".join(rows), b"]}")))


def feed_page(rows: list[bytes], has_more: bool, continue_from: str) -> Response:
    head = f'{{"hasMore":{_flag(has_more)},"continueFrom":"{continue_from}","data":['
    return raw_json(b"".join((head.encode(), b",".join(rows), b"]}")))


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _number(value: int | None) -> str:
    return "null" if value is None else str(value)
