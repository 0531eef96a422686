"""The application. Route of a call: arrival -> rate window -> latency -> fault -> access -> resource -> reply.

Control verbs (`/_sandbox/`), the token endpoint and the admin's page stand outside the rate limit and the faults
of the API.
"""

import random
import time
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from werkzeug.wrappers import Request, Response

from integrations.sandbox import control_http
from integrations.sandbox.clock import Clock
from integrations.sandbox.faults import Fault, Faults, from_text
from integrations.sandbox.limits import whole_seconds
from integrations.sandbox.servicetitan import (
    access,
    api,
    consent,
    control_verbs,
    misbehaviour,
    replies,
    tokens,
)
from integrations.sandbox.servicetitan.access import Access
from integrations.sandbox.servicetitan.control import Control
from integrations.sandbox.servicetitan.shop import build
from integrations.sandbox.stats import Stats

Latency = tuple[float, float] | float | None
"""Seconds: none, always so many, or between two."""


APART = ("/_sandbox/", "/admin")
"""Pages and verbs of the sandbox's own, which no counter counts."""


class Sandbox:
    """A WSGI application with `control` beside it."""

    def __init__(self, control: Control, access: Access) -> None:
        self.control, self.access = control, access
        self._random = random.Random(0)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        try:
            response = self._answer(request)
        except replies.Refused as refused:
            response = refused.reply()
        if not request.path.startswith(APART):
            self.control.calls.answer(response.status_code)
        return response(environ, start_response)

    def _answer(self, request: Request) -> Response:
        if request.path.startswith("/_sandbox/"):
            return control_http.answer(control_verbs.VERBS, self.control, request)
        if request.path == "/connect/token":
            self.control.calls.arrive_for_token()
            return tokens.answer(self.access, request)
        if request.path.startswith("/admin"):
            return consent.answer(self.access, request)
        return self._api_call(request)

    def _api_call(self, request: Request) -> Response:
        control, now = self.control, self.control.now()
        call = api.parse(request)
        key = (request.headers.get("ST-App-Key", ""), call.tenant)
        wait = control.window.admit(key, now) if control.window else 0.0
        control.calls.arrive(f"/{call.module}/{call.path}", now)
        if wait:
            return replies.rate_limited(whole_seconds(wait))
        if control.latency:
            time.sleep(self._random.uniform(*control.latency))
        fault = control.faults_on.draw(request.method, request.path)
        if fault and (refused := misbehaviour.before(fault, request)):
            return refused
        with control.store.lock:
            response = api.answer(control, self.access, request, call)
        return misbehaviour.after(fault, request, response) if fault else response


def create_app(
    customers: int = 200,
    seed: int = 1,
    *,
    lag: float = 900.0,
    latency: Latency = None,
    rate: int | None = 60,
    window: str = "sliding",
    token_life: float = 900,
    faults: Iterable[Fault | str] = (),
    clock: Callable[[], float] = time.time,
    shape: str = "shop",
    page_cap: int = 5000,
    feed_page: int = 500,
    born: float | None = None,
) -> Sandbox:
    """A ServiceTitan with one merchant (tenant 900001), whose data follows from `seed`.

    `lag` is the export feeds' delay in seconds; `rate` the calls a second per app key and tenant (None: no
    limit) in a `window` that is `sliding` or a `bucket`; `shape` is `shop` or `exact` (see shop.py); the data is
    as old as `born` (Unix time, default now), so that a restarted sandbox may hold the same rows. Raises
    ValueError for an unknown fault, window or shape.
    """
    store, shop = build(shape, customers, seed, clock() if born is None else born, access.TENANT)
    switched_on = tuple(from_text(fault) if isinstance(fault, str) else fault for fault in faults)
    watch = Clock(clock)
    gate = Access(watch.now, token_life)
    control = Control(store, shop, gate, Faults(misbehaviour.NAMES, seed, switched_on), Stats(), watch)
    control.lag, control.page_cap, control.feed_page = lag, page_cap, feed_page
    control.latency = _latency(latency)
    control.limit(rate, window)
    store.journal.on = True
    return Sandbox(control, gate)


def _latency(latency: Latency) -> tuple[float, float] | None:
    if isinstance(latency, tuple) or latency is None:
        return latency
    return latency, latency


def credentials(sandbox: Sandbox) -> dict[str, Any]:
    """What a connection to this sandbox is configured with."""
    return {
        "tenant_id": sandbox.access.tenant,
        "app_key": sandbox.access.app_key,
        "client_id": access.CLIENT_ID,
        "client_secret": access.CLIENT_SECRET,
        "application_guid": access.APPLICATION_GUID,
    }
