"""One operator's session at e.net, for the length of a connector's use.

The route of a call: the seat proved ours -> logged on, if not yet -> the call under the session's id -> its text. A
reply that says that the session is lost (nothing ran) -> the seat proved ours again -> one new log-on -> the call once
more. `close` logs off whatever happened, and then gives the seat back.

A second log-on of an operator ends the first: so there is one session per operator among all workers, which the seat
keeps, and a worker that has lost its seat never logs on again before it has it back. Log-on and session id travel in
query strings: no error and no log here holds one.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import RLock

from integrations.connectors.base import Seat
from integrations.connectors.errors import RemoteError, Who
from integrations.connectors.http import HttpClient
from integrations.connectors.syspro import errors
from integrations.connectors.syspro.wire import Unreadable, failure_in, unwrapped
from integrations.connectors.transport import Call

SLOWEST_START = 20.0
"""Seconds within which a posting must be on its way: the seat must outlast it, and later another worker may look for
what it did."""
_LONGEST_ID = 128
Build = Callable[[str], Call]
"""Makes a call of the session's id."""


@dataclass(frozen=True, slots=True)
class LogOn:
    """Who logs on, and to which company."""

    operator: str
    operator_password: str = field(repr=False)
    company: str = ""
    company_password: str = field(default="", repr=False)

    @property
    def params(self) -> Mapping[str, str]:
        return {
            "Operator": self.operator,
            "OperatorPassword": self.operator_password,
            "CompanyId": self.company,
            "CompanyPassword": self.company_password,
        }


class Session:
    """Calls of one operator, one at a time. Safe to use from many threads."""

    def __init__(
        self,
        http: HttpClient,
        farewell: HttpClient,
        base: str,
        log_on: LogOn,
        seat: Seat,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._http, self._farewell, self._base, self._log_on, self._seat = http, farewell, base, log_on, seat
        self._clock = clock
        self._lock = RLock()
        self._id = ""
        self._is_seated = False

    def ask(self, build: Build) -> str:
        """The text of the reply, a failure's text too, but for that of a lost session. Raises RemoteError."""
        with self._lock:
            began = self._clock()
            for last in (False, True):
                call = build(self._current())
                if not call.repeatable and self._clock() - began > SLOWEST_START:
                    raise _too_slow()
                text = self._send(self._http, call)
                if not _is_lost(text):
                    return text
                self._id = ""
                if last:
                    raise errors.of_text(failure_in(text) or "", call.place)
        raise AssertionError("unreachable")

    def ask_nobody(self, call: Call) -> str:
        """A call that needs no session. Raises RemoteError."""
        return self._send(self._http, call)

    def call(self, verb: str, params: Mapping[str, str], *, repeatable: bool) -> Build:
        """A GET of this verb under the session's id."""
        return lambda session: _get(
            f"{self._base}/{verb}", {"UserId": session, **params}, repeatable=repeatable
        )

    def posted(self, verb: str, body: Callable[[str], str]) -> Build:
        """A POST of XML, made of the session's id: it may be large, and is in nobody's access log."""
        return lambda session: Call("POST", f"{self._base}/{verb}", xml=body(session), raw=True)

    def close(self) -> None:
        """Log off and give the seat back. Never fails: a session that stays open ends by itself."""
        with self._lock:
            try:
                if self._id:
                    call = _get(f"{self._base}/Logoff", {"UserId": self._id}, repeatable=True, paced=False)
                    self._send(self._farewell, call)
            except RemoteError:
                pass
            finally:
                self._id = ""
                if self._is_seated:
                    self._is_seated = False
                    self._seat.release()

    def _current(self) -> str:
        """The id of a session that is ours. Raises RemoteError where the seat is taken, or was lost."""
        if self._is_seated:
            try:
                self._seat.renew()
            except RemoteError:
                self._is_seated, self._id = False, ""  # whoever has it now has ended our session
                raise
        else:
            self._seat.acquire()
            self._is_seated = True
        if not self._id:
            self._id = self._new()
        return self._id

    def _new(self) -> str:
        call = _get(f"{self._base}/Logon", self._log_on.params, repeatable=True, paced=False)
        text = self._send(self._http, call)
        if (problem := failure_in(text)) is not None:
            raise errors.of_text(problem, call.place)
        if not text or not (
            text.isprintable() or text.startswith("<")
        ):  # cut short or spoilt, and no other site's page
            raise errors.unreadable(call.place, "no session id", posting=False)
        if len(text) > _LONGEST_ID or not text.isprintable() or set(text) & set(" <>"):
            message = (
                "The address answers to a log-on, but not as SYSPRO's e.net service does. Compare the connection's e.net "
                "address, up to and with /SYSPROWCFService/Rest."
            )
            raise RemoteError(Who.FIX_CONFIGURATION, "no_session", message, details=call.place)
        return text

    def _send(self, http: HttpClient, call: Call) -> str:
        answer = http.send(call, dict)
        try:
            return self._without_secrets(unwrapped(answer.data))
        except Unreadable as error:
            raise errors.unreadable(call.place, str(error), posting=not call.repeatable) from None

    def _without_secrets(self, text: str) -> str:
        """A failure's words, should they ever repeat what they were asked with."""
        if failure_in(text) is None:
            return text
        for secret in (self._id, self._log_on.operator_password, self._log_on.company_password):
            text = text.replace(secret, "…") if len(secret) > 2 else text
        return text


def _get(url: str, params: Mapping[str, str], *, repeatable: bool, paced: bool = True) -> Call:
    return Call("GET", url, params=params, repeatable=repeatable, raw=True, paced=paced)


def _is_lost(text: str) -> bool:
    problem = failure_in(text)
    return problem is not None and errors.is_lost_session(problem)


def _too_slow() -> RemoteError:
    message = (
        "Logging on to SYSPRO took so long that nothing was sent any more. Trunkline tries again by itself."
    )
    return RemoteError(Who.RETRY_LATER, "slow_log_on", message)
