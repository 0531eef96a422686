"""`query`, `queryAll` and their further pages: a locator remembers the rows found and where the next page begins."""

import re
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from werkzeug.wrappers import Response

from integrations.sandbox.salesforce.calls import Call
from integrations.sandbox.salesforce.errors import Refused
from integrations.sandbox.salesforce.ids import make_id
from integrations.sandbox.salesforce.replies import as_json
from integrations.sandbox.salesforce.soql.run import Answer, run

LEAST, MOST = 200, 2000
CURSOR_LIFE = 2 * 86_400.0
CURSORS = 10
"""Cursors a user may hold; an eleventh drops the oldest."""


@dataclass(frozen=True, slots=True)
class Cursor:
    answer: Answer
    size: int
    expires: float


class Cursors:
    def __init__(self) -> None:
        self._held: dict[str, OrderedDict[str, Cursor]] = {}
        self._count = 0

    def keep(self, user_id: str, cursor: Cursor) -> str:
        self._count += 1
        locator = make_id("01g", self._count)
        held = self._held.setdefault(user_id, OrderedDict())
        held[locator] = cursor
        while len(held) > CURSORS:
            held.popitem(last=False)
        return locator

    def find(self, user_id: str, locator: str, now: float) -> Cursor:
        """Raises Refused INVALID_QUERY_LOCATOR."""
        held = self._held.get(user_id)
        cursor = held.get(locator) if held else None
        if cursor is None or cursor.expires <= now:
            raise Refused("INVALID_QUERY_LOCATOR", "invalid query locator")
        return cursor


def answer(call: Call, parts: list[str], *, deleted: bool) -> Response:
    """`parts` follow `query`. Raises Refused."""
    call.allow("GET")
    if parts:
        return _next(call, parts[0])
    query = call.request.args.get("q")
    if not query:
        raise Refused("MALFORMED_QUERY", "A query string has to be specified")
    found = run(call.org, query, deleted=deleted)
    return _page(call, found, "", 0, page_size(call))


def page_size(call: Call) -> int:
    """What Sforce-Query-Options asks for, within the API's bounds; the sandbox's own cap may be lower."""
    match = re.search(r"batchSize=(\d+)", call.request.headers.get("Sforce-Query-Options", ""), re.IGNORECASE)
    asked = min(max(int(match[1]), LEAST), MOST) if match else MOST
    return min(asked, call.control.query_page)


def _next(call: Call, text: str) -> Response:
    locator, _, start = text.partition("-")
    cursor = call.control.cursors.find(call.session.user_id, locator, call.org.clock.now())
    if not start.isdigit():
        raise Refused("INVALID_QUERY_LOCATOR", "invalid query locator")
    return _page(call, cursor.answer, locator, int(start), cursor.size)


def _page(call: Call, found: Answer, locator: str, start: int, size: int) -> Response:
    shown = found.finished if found.finished is not None else found.rows
    end = start + size
    reply: dict[str, Any] = {"totalSize": found.total, "done": end >= len(shown)}
    if not reply["done"]:
        if not locator:
            expires = call.org.clock.now() + CURSOR_LIFE
            locator = call.control.cursors.keep(call.session.user_id, Cursor(found, size, expires))
        reply["nextRecordsUrl"] = f"{call.base}/query/{locator}-{end}"
    reply["records"] = found.show(call.version, start, size)
    return as_json(reply)
