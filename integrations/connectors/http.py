"""One HTTP client for every connector: what is safe to repeat is repeated, the rest is told apart.

The route of a call: credentials' headers built anew -> limiter -> one exchange (`transport`) -> classified by
the connector's table, or parsed -> on a failure that may pass, a wait and once more.

Safe to repeat are calls marked so (reads, token requests). Any other call is sent again only when it surely
had no effect: no connection came about, or the reply was 429. After anything else its outcome is `unknown`.
"""

import json
import logging
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from integrations.connectors.base import Limiter
from integrations.connectors.errors import RemoteError, Who
from integrations.connectors.transport import Call, Limits, Reply, Transport

log = logging.getLogger(__name__)

Headers = Callable[[], Mapping[str, str]]
"""Builds the credentials' headers; called for every attempt, since a token may end between two of them."""

Classify = Callable[[Call, Reply], RemoteError]
"""A connector's table: what a reply that is not a success means, and who must act."""

_HARMLESS = frozenset({"unreachable", "rate_limited"})


@dataclass(frozen=True, slots=True)
class Policy:
    """When to try again. Seconds.

    `budget` bounds a call with all its attempts and waits. A wait that does not fit is left to the queue,
    which reads it from `RemoteError.retry_after`: a remote that says "in six hours" holds no worker.
    """

    attempts: int = 5
    budget: float = 240.0
    first_backoff: float = 0.5
    longest_backoff: float = 20.0
    longest_wait: float = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """A good answer: parsed JSON (None for an allowed empty body; text or bytes where the call says so), and its size."""

    data: Any
    size: int


class HttpClient:
    """Sends the calls of one connection. Safe to use from many threads. `note` is shown every reply."""

    def __init__(
        self,
        classify: Classify,
        *,
        limiter: Limiter | None = None,
        policy: Policy | None = None,
        limits: Limits | None = None,
        note: Callable[[Reply], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self.policy = policy or Policy()
        self._classify = classify
        self._limiter = limiter
        self._note = note
        self._transport = Transport(limits or Limits(), clock)
        self._clock = clock
        self._sleep = sleep
        self._draw = draw

    def close(self) -> None:
        """Close every thread's connections."""
        self._transport.close()

    def send(self, call: Call, headers: Headers, *, classify: Classify | None = None) -> Answer:
        """Send until answered, refused for good, or out of attempts or time. Raises RemoteError.

        What `headers` raises is not tried again here: fetching a token has its own attempts.
        """
        deadline = self._clock() + self.policy.budget
        attempt = 1
        while True:
            credentials = (
                headers()
            )  # before the turn: calls that wait for one token must not then go in a bunch
            if self._limiter is not None and call.paced:
                self._limiter.acquire()
            try:
                return self._once(call, credentials, deadline, classify or self._classify)
            except RemoteError as error:
                wait = self._wait_after(call, error, attempt)
                if wait is None or self._clock() + wait >= deadline:
                    raise
                limited = error.reason == "rate_limited"
                log.info("%s: %s, attempt %d, again in %.1f s", error.reason, error.details, attempt, wait)
            attempt += 1
            self._pause(call, wait, limited)

    def _once(
        self, call: Call, credentials: Mapping[str, str], deadline: float, classify: Classify
    ) -> Answer:
        seconds = max(1.0, deadline - self._clock())
        reply = self._transport.exchange(call, credentials, seconds)
        if self._note is not None:
            self._note(reply)
        if 200 <= reply.status < 300:
            return _parse(call, reply)
        raise classify(call, reply)

    def _wait_after(self, call: Call, error: RemoteError, attempt: int) -> float | None:
        """Seconds until the next attempt, or None if there must be none."""
        if error.who is not Who.RETRY_LATER or attempt >= self.policy.attempts:
            return None
        if not call.repeatable and error.reason not in _HARMLESS:
            return None
        if error.retry_after is not None:
            return None if error.retry_after > self.policy.longest_wait else error.retry_after
        ceiling = min(self.policy.longest_backoff, self.policy.first_backoff * 2.0 ** (attempt - 1))
        if error.reason == "rate_limited":
            return ceiling / 2 + self._draw() * ceiling / 2  # a limit needs some wait for certain
        return self._draw() * ceiling

    def _pause(self, call: Call, wait: float, limited: bool) -> None:
        """After 429 everybody who shares the budget must wait, not this call alone."""
        if limited and call.paced and self._limiter is not None:
            self._limiter.hold(wait)
        else:
            self._sleep(wait)


def _parse(call: Call, reply: Reply) -> Answer:
    if not reply.body.strip():
        if call.empty_ok:
            return Answer(None, len(reply.body))
        raise _unreadable(call, reply, "empty body")
    if call.raw:
        return Answer(reply.body, len(reply.body))
    if call.text:
        return Answer(reply.body.decode(errors="replace"), len(reply.body))
    try:
        data = orjson.loads(reply.body)
        return Answer(_whole(data) if b"\\u0000" in reply.body else data, len(reply.body))
    except orjson.JSONDecodeError as error:
        data = _leniently(reply.body)
        if data is _NOTHING:
            kind = reply.headers.get("Content-Type", "no content type")
            raise _unreadable(call, reply, f"{kind}: {error.msg} at {error.pos}") from None
        return Answer(data, len(reply.body))


_NOTHING = object()


def _leniently(body: bytes) -> Any:
    """JSON with a single value that JSON has not (NaN, half a character, a number without end): all but that is good.

    Such a value becomes a text, so that its row alone fails, and not every page that it stands on, for ever. Of half
    a character a question mark is left.
    """
    try:
        found = json.loads(body, parse_constant=str, parse_int=_integer)
        return _whole(found) if isinstance(found, dict | list) else _NOTHING
    except (ValueError, RecursionError):
        return _NOTHING


def _whole(value: Any) -> Any:
    """Without half characters, and without NUL, which PostgreSQL takes in no text."""
    match value:
        case str():
            return value.replace("\x00", "\ufffd").encode(errors="replace").decode()
        case dict():
            return {_whole(name): _whole(part) for name, part in value.items()}
        case list():
            return [_whole(part) for part in value]
    return value


def _integer(digits: str) -> int | float | str:
    """As orjson reads them, which has no integers beyond 64 bits either."""
    return int(digits) if len(digits) < 19 else float(digits) if len(digits) < 300 else digits


def _unreadable(call: Call, reply: Reply, why: str) -> RemoteError:
    return RemoteError(
        Who.RETRY_LATER,
        "unreadable_reply",
        "The system's reply could not be read. Trunkline tries again by itself.",
        details=f"{call.place}: {reply.status}, {len(reply.body)} bytes, {why}",
        status=reply.status,
        unknown=not call.repeatable,
    )
