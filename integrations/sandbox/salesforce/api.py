"""API calls: `/services/data/v62.0/{resource}/…` -> who may -> which resource answers."""

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from werkzeug.wrappers import Request, Response

from integrations.sandbox.salesforce import composite, job_calls, queries, records, tooling
from integrations.sandbox.salesforce.calls import Call
from integrations.sandbox.salesforce.errors import Refused, missing
from integrations.sandbox.salesforce.replies import as_json

if TYPE_CHECKING:
    from integrations.sandbox.salesforce.control import Control

VERSIONED = re.compile(r"/services/data/v(\d+)\.0(?:/(.*?))?/?")
RETIRED, OLDEST, NEWEST = 30, 31, 67
SEASONS = ("Summer '{0}", "Winter '{1}", "Spring '{1}")
"""From version 31.0, Summer '14, on: three releases a year, named after this year or the next."""
FIRST_YEAR = 14
Handler = Callable[[Call, list[str]], Response]


def versions() -> list[dict[str, str]]:
    """Oldest first."""
    return [
        {"label": _season(number), "url": f"/services/data/v{number}.0", "version": f"{number}.0"}
        for number in range(OLDEST, NEWEST + 1)
    ]


def _season(number: int) -> str:
    years, place = divmod(number - OLDEST, len(SEASONS))
    return SEASONS[place].format(FIRST_YEAR + years, FIRST_YEAR + years + 1)


def answer(control: "Control", request: Request) -> Response:
    """Raises Refused."""
    match = VERSIONED.fullmatch(request.path)
    if match is None:
        raise missing()
    number, path = int(match[1]), match[2] or ""
    if number <= RETIRED:
        raise Refused("UNSUPPORTED_API_VERSION", f"Invalid Api version specified on URL: v{number}.0", 410)
    if number > NEWEST:
        raise Refused("UNSUPPORTED_API_VERSION", f"Invalid Api version specified on URL: v{number}.0", 404)
    session = control.access.check(request.headers.get("Authorization", ""))
    control.allowance.take(control.org.clock.now())
    call = Call(control, request, session, f"{number}.0", path, _method(request))
    return dispatch(call)


def _method(request: Request) -> str:
    """`_HttpMethod` lets a client without PATCH say it."""
    override = request.args.get("_HttpMethod", "").upper()
    return override if request.method == "POST" and override else request.method


def dispatch(call: Call) -> Response:
    """Raises Refused."""
    if not call.path:
        return as_json({name: f"{call.base}/{name}" for name in sorted(RESOURCES)})
    first, *rest = call.path.split("/")
    handler = RESOURCES.get(first)
    if handler is None:
        raise missing()
    return handler(call, rest)


def _limits(call: Call, parts: list[str]) -> Response:
    call.allow("GET")
    counts = call.org.store.counts()
    if not parts:
        return as_json(call.control.allowance.report(sum(counts.values())))
    if parts != ["recordCount"]:
        raise missing()
    wanted = call.request.args.get("sObjects", "")
    names = [name for name in wanted.split(",") if name] or list(counts)
    return as_json({"sObjects": [{"count": counts.get(name, 0), "name": name} for name in names]})


RESOURCES: Mapping[str, Handler] = {
    "sobjects": records.answer,
    "query": lambda call, parts: queries.answer(call, parts, deleted=False),
    "queryAll": lambda call, parts: queries.answer(call, parts, deleted=True),
    "limits": _limits,
    "composite": composite.answer,
    "jobs": job_calls.answer,
    "tooling": tooling.answer,
}
