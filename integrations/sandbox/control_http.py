"""Control verbs over HTTP, for a sandbox that runs in another process: `POST /_sandbox/VERB` with JSON.

`stats` is a GET; each sandbox declares its verbs.
"""

from collections.abc import Callable, Mapping
from typing import Any

import orjson
from werkzeug.wrappers import Request, Response

from integrations.sandbox.faults import from_json

Verb = Callable[[Any, dict[str, Any]], Any]
"""Does something to a sandbox's control with the members of the body."""


def answer(verbs: Mapping[str, Verb], control: Any, request: Request) -> Response:
    """`{"result": ...}`, or 400 with `{"error": sentence}`."""
    verb = verbs.get(request.path.removeprefix("/_sandbox/").strip("/"))
    if verb is None:
        return _json({"error": f"The verbs are {', '.join(verbs)}."}, 404)
    if request.method != "POST" and verb is not verbs["stats"]:
        return _json({"error": "Send this verb with POST."}, 405)
    try:
        body = orjson.loads(request.get_data() or b"{}")
        return _json({"result": verb(control, body)})
    except (KeyError, TypeError, ValueError) as error:
        return _json({"error": f"{type(error).__name__}: {error}"}, 400)


def set_faults(control: Any, body: dict[str, Any]) -> Any:
    """`{"faults": [...]}`: each a text as on the command line or an object with the members of a fault."""
    control.faults(*[from_json(fault) if isinstance(fault, dict) else fault for fault in body["faults"]])
    return control.faults_on.report()


def _json(value: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(value, default=str), status, content_type="application/json; charset=utf-8")
