"""The application. Route of a call: arrival -> latency -> fault -> e.net or OData -> reply.

Control verbs (`/_sandbox/`) stand outside the faults. A fault's path filter meets `/Rest/{verb}/{object}` in the case
of the reference, or the path of an OData call; a query string, which holds passwords, is never noted.
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
from integrations.sandbox.stats import Stats
from integrations.sandbox.syspro import control_verbs, enet, misbehaviour, seeding
from integrations.sandbox.syspro.control import Control
from integrations.sandbox.syspro.errors import EnetError, Infrastructure
from integrations.sandbox.syspro.framing import Framing, framed, web_server_page
from integrations.sandbox.syspro.odata.service import MOST, Site
from integrations.sandbox.syspro.sessions import IDLE, SEATS, Sessions

Latency = tuple[float, float] | None
"""Seconds between two, or none."""
ENET, ODATA = "/SYSPROWCFService/Rest", "/SYSPRO8Odata/SYSPROOData"


class Sandbox:
    """A WSGI application with `control` beside it."""

    def __init__(self, control: Control) -> None:
        self.control = control
        self._random = random.Random(0)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        if request.path.startswith("/_sandbox/"):
            return control_http.answer(control_verbs.VERBS, self.control, request)(environ, start_response)
        try:
            response = self._enet(request) if enet.is_enet(request.path) else self._odata(request)
        except Infrastructure as error:
            response = web_server_page(error.status, error.title)
        self.control.calls.answer(response.status_code)
        return response(environ, start_response)

    def _enet(self, request: Request) -> Response:
        """Raises Infrastructure."""
        control = self.control
        asked = enet.asked_by(request)
        fault = self._arrive(request, asked.path)
        if fault and fault.name in misbehaviour.ENDS_SESSION:
            operator = control.sessions.end(asked.get("UserId"))
            if operator and fault.name == "session_evicted":
                control.sessions.evict(operator)

        def answer(*, spoils_ledger: bool) -> Response:
            try:
                return framed(enet.answer(control, asked, spoils_ledger=spoils_ledger), control.framing)
            except EnetError as error:
                return framed(f"ERROR: {error}", control.framing)

        return self._spoilt(request, fault, asked.verb, answer)

    def _odata(self, request: Request) -> Response:
        fault = self._arrive(request, request.path)
        return self._spoilt(request, fault, "", lambda **_: self.control.site.answer(request))

    def _arrive(self, request: Request, path: str) -> Fault | None:
        """Count the call, take the time that calls take, and draw the fault that spoils it."""
        control = self.control
        control.calls.arrive(path, control.company.clock.now())
        if control.latency:
            time.sleep(self._random.uniform(*control.latency))
        return control.faults_on.draw(request.method, path)

    def _spoilt(
        self, request: Request, fault: Fault | None, verb: str, answer: Callable[..., Response]
    ) -> Response:
        """The answer, as the fault leaves it."""
        control = self.control
        if fault and (instead := misbehaviour.before(fault, request, verb, control.framing)):
            return instead
        with control.company.store.lock, control.company.store.journal.of_api():
            response = answer(spoils_ledger=fault is not None and fault.name == "ledger_error")
        return misbehaviour.after(fault, request, response) if fault else response


def create_app(
    suppliers: int = 12,
    seed: int = 1,
    *,
    framing: str = "bare",
    long_tokens: bool = False,
    idle: float = IDLE,
    seats: int = SEATS,
    strict: bool = False,
    key_width: int = 15,
    checks_numbers: bool = True,
    odata_dates: str = "timestamp",
    odata_most: int = MOST,
    latency: Latency = None,
    faults: Iterable[Fault | str] = (),
    clock: Callable[[], float] = time.time,
) -> Sandbox:
    """A SYSPRO 8 company with made-up `suppliers` that follow from `seed`.

    `framing`: bare, json or string; `idle`: seconds after which a session ends; `seats`: how many operators may be logged
    on; `strict`: elements that a business object does not know are refused instead of ignored; `key_width`: digits of
    numeric keys; `checks_numbers`: False posts an invoice twice under one number, so that nothing but its callers' own
    care is measured; `odata_dates`: timestamp or date; `odata_most`: rows in one reply. Raises ValueError for an unknown
    fault or framing.
    """
    if odata_dates not in {"timestamp", "date"}:
        raise ValueError("odata_dates is timestamp or date.")
    watch = Clock(clock)
    company = seeding.found_company(watch, seed, suppliers, key_width)
    company.checks_numbers = checks_numbers
    sessions = Sessions(watch.now, idle, seats)
    sessions.long_tokens = long_tokens
    seeding.let_in(sessions, company)
    site = Site(company, seeding.ODATA_USER, seeding.ODATA_PASSWORD, odata_dates, odata_most)
    switched_on = tuple(from_text(fault) if isinstance(fault, str) else fault for fault in faults)
    control = Control(
        company, sessions, site, Faults(misbehaviour.NAMES, seed, switched_on), Stats(), latency,
        strict=strict, framing=Framing(framing),
    )  # fmt: skip
    company.store.journal.on = True
    return Sandbox(control)


def credentials(sandbox: Sandbox) -> dict[str, Any]:
    """What a connection to this sandbox is configured with."""
    return {
        "operator": seeding.OPERATOR,
        "operator_password": seeding.OPERATOR_PASSWORD,
        "company": sandbox.control.company.code,
        "company_password": seeding.COMPANY_PASSWORD,
        "odata_user": seeding.ODATA_USER,
        "odata_password": seeding.ODATA_PASSWORD,
        "odata_dates": sandbox.control.site.dates,
    }
