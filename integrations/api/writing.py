"""The frame of every write: its idempotency key honoured, its answer kept and sent."""

from collections.abc import Callable

import orjson
from django.http import HttpRequest, HttpResponse

from integrations.api.auth import caller_of
from integrations.api.problems import ProblemError
from integrations.idempotency import LONGEST_KEY, Answer, KeyReused, hash_request, once

HEADER = "Idempotency-Key"


def write(request: HttpRequest, act: Callable[[], Answer]) -> HttpResponse:
    """Do a write once for its key. Without a key each request is a write of its own."""
    key = request.headers.get(HEADER, "")
    if HEADER not in request.headers:
        return _reply(act())
    if not 0 < len(key) <= LONGEST_KEY or not (key.isascii() and key.isprintable()):
        words = f"{HEADER} is 1 to {LONGEST_KEY} printable ASCII characters, such as a UUID."
        raise ProblemError(400, "idempotency-key-malformed", words)
    asked = hash_request(str(request.method), request.path, orjson.loads(request.body or b"null"))
    try:
        return _reply(once(caller_of(request).name, key, asked, act))
    except KeyReused:
        words = "This Idempotency-Key was used for another request. Use a new key for each new request."
        raise ProblemError(409, "idempotency-key-reused", words) from None


def _reply(answer: Answer) -> HttpResponse:
    reply = HttpResponse(answer.body, status=answer.status, content_type="application/json")
    if answer.location:
        reply["Location"] = answer.location
    if answer.replayed:
        reply["Idempotency-Replayed"] = "true"
    return reply
