"""The application. Route of a call: arrival -> latency -> fault -> access -> allowance -> resource -> reply.

Control verbs (`/_sandbox/`) and the log-in's pages stand outside the faults; a fault meets the token endpoint only
if its path filter names it.
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
from integrations.sandbox.salesforce import access, api, control_verbs, log_in, misbehaviour
from integrations.sandbox.salesforce.access import Access
from integrations.sandbox.salesforce.allowance import Allowance
from integrations.sandbox.salesforce.control import Control
from integrations.sandbox.salesforce.errors import Refused
from integrations.sandbox.salesforce.grants import LogInRefused
from integrations.sandbox.salesforce.people import found_org
from integrations.sandbox.salesforce.replies import as_json, refusal
from integrations.sandbox.salesforce.standard import standard_schema
from integrations.sandbox.stats import Stats

Latency = tuple[float, float] | None
"""Seconds between two, or none."""
DATA = "/services/data"


class Sandbox:
    """A WSGI application with `control` beside it."""

    def __init__(self, control: Control) -> None:
        self.control = control
        self._random = random.Random(0)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        if request.path.startswith("/_sandbox/"):
            return control_http.answer(control_verbs.VERBS, self.control, request)(environ, start_response)
        response = self._answer(request)
        self.control.calls.answer(response.status_code)
        if request.path.startswith(f"{DATA}/v"):
            response.headers["Sforce-Limit-Info"] = self.control.allowance.header()
        return response(environ, start_response)

    def _answer(self, request: Request) -> Response:
        try:
            return self._routed(request)
        except Refused as refused:
            return refusal(refused)
        except LogInRefused as refused:
            return refused.reply()

    def _routed(self, request: Request) -> Response:
        control = self.control
        if request.path.rstrip("/") == DATA:
            return as_json(api.versions())
        if not request.path.startswith(DATA):
            if request.path == log_in.TOKEN:
                control.calls.arrive_for_token()
            fault = control.faults_on.draw(request.method, request.path, named_path=True)
            return self._spoilt(request, fault, lambda: log_in.answer(control.org, control.access, request))
        control.calls.arrive(request.path, control.org.clock.now())
        if control.latency:
            time.sleep(self._random.uniform(*control.latency))
        fault = control.faults_on.draw(request.method, request.path, misbehaviour.CALLS)
        return self._spoilt(request, fault, lambda: api.answer(control, request))

    def _spoilt(self, request: Request, fault: Fault | None, answer: Callable[[], Response]) -> Response:
        """The answer, as the fault leaves it."""
        if fault and fault.name == "token_expired":
            self.control.access.revoke(request.headers.get("Authorization", "").partition(" ")[2])
        if fault and (refused := misbehaviour.before(fault, request)):
            return refused
        with self.control.org.store.lock, self.control.org.store.journal.of_api():
            try:
                response = answer()
            except Refused as refused:
                response = refusal(refused)
        return misbehaviour.after(fault, request, response) if fault else response


def create_app(
    accounts: int = 0,
    seed: int = 1,
    *,
    prepared: bool = True,
    person_accounts: bool = True,
    allowance: int = 100_000,
    used: int = 0,
    token_life: float = 7200.0,
    latency: Latency = None,
    faults: Iterable[Fault | str] = (),
    clock: Callable[[], float] = time.time,
    callbacks: Iterable[str] = (),
    certificate: bytes = b"",
    query_page: int = 2000,
    rotates: bool = False,
) -> Sandbox:
    """A Salesforce org with made-up `accounts` that follow from `seed`.

    `prepared`: the external-id fields and the invoice object are there; `allowance`: calls in 24 hours, of which
    `used` are gone; `token_life` in seconds, sliding; `callbacks`: the redirect URIs that the app may use (none: any);
    `certificate`: PEM of the public key that JWT bearers are signed for; `rotates`: each refresh gives a new refresh
    token. Raises ValueError for an unknown fault.
    """
    watch = Clock(clock)
    org = found_org(
        standard_schema(prepared=prepared, person_accounts=person_accounts), watch, seed, accounts
    )
    gate = Access(watch.now, token_life, org.id)
    gate.app.callbacks, gate.app.certificate, gate.app.rotates = tuple(callbacks), certificate, rotates
    gate.app.runs_as = org.user_id
    switched_on = tuple(from_text(fault) if isinstance(fault, str) else fault for fault in faults)
    control = Control(
        org, gate, Faults(misbehaviour.NAMES, seed, switched_on), Stats(), Allowance(allowance), latency
    )
    control.allow_calls(allowance, used)
    control.query_page = query_page
    org.store.journal.on = True
    return Sandbox(control)


def credentials(sandbox: Sandbox) -> dict[str, Any]:
    """What a connection to this sandbox is configured with."""
    app = sandbox.control.access.app
    return {
        "client_id": app.client_id,
        "client_secret": app.client_secret,
        "username": access.USERNAME,
        "password": access.PASSWORD,
        "security_token": access.SECURITY_TOKEN,
        "org_id": sandbox.control.org.id,
        "user_id": sandbox.control.org.user_id,
    }
