"""`composite`: up to 25 calls in one, each of which may use what an earlier one answered (`@{ref.id}`).

`composite/batch` (independent calls), `composite/graph` (several composites, each all or nothing) and
`composite/sobjects` (row_sets.py) stand beside it.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request, Response

from integrations.sandbox.salesforce import row_sets
from integrations.sandbox.salesforce.calls import Call
from integrations.sandbox.salesforce.errors import Problem, Refused, missing
from integrations.sandbox.salesforce.replies import as_json, object_of, refusal
from integrations.sandbox.salesforce.store import RolledBack

MOST, MOST_QUERIES, MOST_NODES = 25, 5, 500
REFERENCE = re.compile(r"@\{([A-Za-z0-9_]+)([^}]*)\}")
STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]")
HALTED = Problem(
    "PROCESSING_HALTED",
    "The transaction was rolled back since another operation in the same transaction failed.",
    None,
)
Results = list[dict[str, Any]]


class NoValue(Exception):
    """A reference leads nowhere."""


def answer(call: Call, parts: list[str]) -> Response:
    """`parts` follow `composite`. Raises Refused."""
    if parts and parts[0] == "sobjects":
        return row_sets.answer(call, parts[1:])
    if len(parts) > 1 or (parts and parts[0] not in {"batch", "graph"}):
        raise missing()
    call.allow("POST")
    body = object_of(call.request)
    if not parts:
        requests = _requests(body.get("compositeRequest"))
        return as_json({"compositeResponse": _run(call, requests, strict=bool(body.get("allOrNone")))})
    return _batch(call, body) if parts == ["batch"] else _graphs(call, body)


def _requests(found: Any, most: int = MOST) -> list[dict[str, Any]]:
    """Raises Refused for an envelope that is no list of requests with ids of their own."""
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise Refused(
            "JSON_PARSER_ERROR", "compositeRequest must be an array of objects at [line:1, column:1]"
        )
    ids = [one.get("referenceId") for one in found]
    if not all(isinstance(one, str) and re.fullmatch(r"\w+", one) for one in ids) or len({*ids}) < len(ids):
        raise Refused(
            "INVALID_INPUT", "Each subrequest needs a referenceId of its own: letters, digits, underscores."
        )
    heavy = sum(bool(re.search(r"/(query|queryAll|composite)\b", str(one.get("url")))) for one in found)
    if len(found) > most or (most == MOST and heavy > MOST_QUERIES):
        sentence = f"The limit is {most} subrequests, of which {MOST_QUERIES} may be queries or collections."
        raise Refused("INVALID_INPUT", sentence)
    return found


def _run(call: Call, requests: list[dict[str, Any]], *, strict: bool) -> Results:
    results: Results = []
    answered: dict[str, Any] = {}
    if not strict:
        for one in requests:
            results.append(_one(call, one, answered))
        return results
    with call.org.store.transaction():
        for one in requests:
            results.append(_one(call, one, answered))
            if results[-1]["httpStatusCode"] >= 400:
                results = _halted(requests, results)
                raise RolledBack
    return results


def _halted(requests: list[dict[str, Any]], results: Results) -> Results:
    """Only the culprit, which came last, keeps its own error."""
    culprit = len(results) - 1
    return [
        results[place] if place == culprit else _result(one["referenceId"], 400, [HALTED.of_call()])
        for place, one in enumerate(requests)
    ]


def _result(
    reference: str, status: int, body: Any, headers: Mapping[str, str] | None = None
) -> dict[str, Any]:
    return {
        "body": body,
        "httpHeaders": dict(headers or {}),
        "httpStatusCode": status,
        "referenceId": reference,
    }


def _one(call: Call, asked: dict[str, Any], answered: dict[str, Any]) -> dict[str, Any]:
    reference = asked["referenceId"]
    try:
        url, body = _filled(asked.get("url", ""), answered), _filled(asked.get("body"), answered)
    except NoValue as error:
        return _result(reference, 400, [Problem("PROCESSING_HALTED", str(error), None).of_call()])
    response = _answered(
        call, str(asked.get("method", "")).upper(), url, body, asked.get("httpHeaders") or {}
    )
    found = orjson.loads(response.get_data()) if response.get_data() else None
    if response.status_code < 400:
        answered[reference] = found
    kept = {
        name: response.headers[name] for name in ("Location", "Last-Modified") if name in response.headers
    }
    return _result(reference, response.status_code, found, kept)


def _answered(call: Call, method: str, url: str, body: Any, headers: Mapping[str, str]) -> Response:
    """A call within the call, which costs nothing of the allowance."""
    from integrations.sandbox.salesforce import api

    match = api.VERSIONED.fullmatch(url.partition("?")[0])
    if match is None:
        return refusal(missing())
    data = b"" if body is None else orjson.dumps(body)
    builder = EnvironBuilder(path=url, method=method, data=data, headers=list(headers.items()))
    request = Request(builder.get_environ())
    inner = replace(call, request=request, version=f"{match[1]}.0", path=match[2] or "", method=method)
    try:
        return api.dispatch(inner)
    except Refused as refused:
        return refusal(refused)


def _filled(value: Any, answered: Mapping[str, Any]) -> Any:
    """A url or a body with its references replaced. Raises NoValue."""
    if isinstance(value, dict):
        return {name: _filled(inner, answered) for name, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, answered) for inner in value]
    if not isinstance(value, str) or "@{" not in value:
        return value
    whole = REFERENCE.fullmatch(value)
    if whole:
        return _value(whole, answered)
    return REFERENCE.sub(lambda match: str(_value(match, answered)), value)


def _value(match: re.Match[str], answered: Mapping[str, Any]) -> Any:
    reference, path = match[1], match[2]
    value: Any = answered.get(reference)
    try:
        for name, place in STEP.findall(path):
            value = value[name] if name else value[int(place)]
    except (KeyError, IndexError, TypeError):
        value = None
    if value is None:
        sentence = f"Invalid reference specified. No value for {reference}{path} found in {reference}."
        raise NoValue(sentence)
    return value


def _batch(call: Call, body: dict[str, Any]) -> Response:
    asked = body.get("batchRequests")
    if not isinstance(asked, list) or len(asked) > MOST:
        raise Refused("INVALID_INPUT", f"batchRequests must be an array of at most {MOST} requests.")
    results: Results = []
    for one in asked:
        url = f"/services/data/{str(one.get('url', '')).lstrip('/').removeprefix('services/data/')}"
        response = _answered(call, str(one.get("method", "")).upper(), url, one.get("richInput"), {})
        found = orjson.loads(response.get_data()) if response.get_data() else None
        results.append({"statusCode": response.status_code, "result": found})
        if body.get("haltOnError") and response.status_code >= 400:
            break
    return as_json({"hasErrors": any(one["statusCode"] >= 400 for one in results), "results": results})


def _graphs(call: Call, body: dict[str, Any]) -> Response:
    graphs = body.get("graphs")
    if (
        not isinstance(graphs, list)
        or sum(len(one.get("compositeRequest", [])) for one in graphs) > MOST_NODES
    ):
        raise Refused("INVALID_INPUT", f"graphs must be an array of at most {MOST_NODES} nodes in all.")
    told = []
    for graph in graphs:
        results = _run(call, _requests(graph.get("compositeRequest"), MOST_NODES), strict=True)
        good = all(one["httpStatusCode"] < 400 for one in results)
        told.append(
            {
                "graphId": graph.get("graphId"),
                "graphResponse": {"compositeResponse": results},
                "isSuccessful": good,
            }
        )
    return as_json({"graphs": told})
