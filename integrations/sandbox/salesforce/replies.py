"""The replies of the API as HTTP."""

from typing import Any

import orjson
from werkzeug.wrappers import Request, Response

from integrations.sandbox.salesforce.errors import Problem, Refused

JSON = "application/json;charset=UTF-8"


def as_json(value: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(value), status, content_type=JSON)


def nothing(status: int = 204) -> Response:
    response = Response(b"", status)
    del response.headers["Content-Type"]
    return response


def refusal(refused: Refused) -> Response:
    return problem(refused.problem, refused.status)


def problem(found: Problem, status: int) -> Response:
    return as_json([found.of_call()], status)


def body_of(request: Request) -> Any:
    """The JSON of a body. Raises Refused JSON_PARSER_ERROR."""
    try:
        return orjson.loads(request.get_data())
    except orjson.JSONDecodeError as error:
        where = f"at [line:{error.lineno}, column:{error.colno}]"
        raise Refused("JSON_PARSER_ERROR", f"Unexpected character: {error.msg} {where}") from None


def object_of(request: Request) -> dict[str, Any]:
    """A body that must be a JSON object. Raises Refused."""
    body = body_of(request)
    if not isinstance(body, dict):
        raise Refused("JSON_PARSER_ERROR", "The body must be a JSON object at [line:1, column:1]")
    return body
