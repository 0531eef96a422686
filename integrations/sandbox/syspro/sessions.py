"""Who is logged on: one session per operator, a seat for each, and an end to those that stay idle.

A second logon of an operator, by a service or by a person at a desktop, removes the first without a word.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

from integrations.sandbox.syspro.errors import BASE_DIRECTORY, EXPIRED, EnetError

IDLE = 20 * 60.0
SEATS = 5


@dataclass(slots=True)
class Operator:
    code: str
    password: str = field(repr=False)
    name: str = ""
    locked: bool = False


@dataclass(slots=True)
class Session:
    """`today` is the ClientDate of the logon, ISO, or "". Times in Unix seconds."""

    token: str = field(repr=False)
    operator: str
    company: str
    since: float
    used: float
    today: str = ""


class Sessions:
    """`idle` in seconds; `long_tokens`: those of SYSPRO 8 instead of 34 hex digits and two blanks."""

    def __init__(self, now: Callable[[], float], idle: float = IDLE, seats: int = SEATS) -> None:
        self.now, self.idle, self.seats = now, idle, seats
        self.long_tokens = False
        self.operators: dict[str, Operator] = {}
        self.company_passwords: dict[str, str] = {}
        self._by_operator: dict[str, Session] = {}
        self._lock = Lock()
        self.logons = self.evictions = 0

    def log_on(
        self, operator: str, password: str, company: str, company_password: str, today: str, yields: bool
    ) -> str:
        """A token as it goes over the wire; `yields`: not in place of another session. Raises EnetError."""
        with self._lock:
            code = self._admitted(operator, password, company, company_password)
            self._sweep()
            if code in self._by_operator:
                if yields:
                    raise EnetError(f"Operator '{code}' is already logged in")
                self.evictions += 1
            elif len(self._by_operator) >= self.seats:
                raise EnetError("No e.net licenses available")
            self.logons += 1
            now = self.now()
            token = (
                secrets.token_hex(36).upper() if self.long_tokens else f"{secrets.token_hex(16).upper()}00"
            )
            self._by_operator[code] = Session(token, code, company.upper(), now, now, today)
        return token if self.long_tokens else f"{token}  "

    def _admitted(self, operator: str, password: str, company: str, company_password: str) -> str:
        known = self.operators.get(operator.upper())
        if known is None:
            raise EnetError("Invalid operator")
        if known.locked:
            raise EnetError("Operator is locked out")
        if password != known.password:
            raise EnetError("Invalid operator password")
        wanted = self.company_passwords.get(company.upper())
        if wanted is None:
            raise EnetError("Invalid company")
        if company_password != wanted:
            raise EnetError("Invalid company password")
        return known.code

    def _sweep(self) -> None:
        old = self.now() - self.idle
        self._by_operator = {code: one for code, one in self._by_operator.items() if one.used > old}

    def check(self, token: str) -> Session:
        """The live session of a token, with or without its blanks; it is used now. Raises EnetError."""
        with self._lock:
            self._sweep()
            found = self._of(token)
            if found is None:
                raise EnetError(BASE_DIRECTORY if _of_another_server(token.strip()) else EXPIRED)
            found.used = self.now()
            return found

    def _of(self, token: str) -> Session | None:
        return next((one for one in self._by_operator.values() if one.token == token.strip()), None)

    def log_off(self, token: str) -> None:
        """Raises EnetError."""
        operator = self.check(token).operator
        with self._lock:
            self._by_operator.pop(operator, None)

    def end(self, token: str) -> str:
        """The session of a token is over, if it is one; gives its operator, else ""."""
        with self._lock:
            found = self._of(token)
            if found:
                del self._by_operator[found.operator]
            return found.operator if found else ""

    def evict(self, operator: str) -> None:
        """A person logs on at a desktop as this operator: the service's session is gone, and its seat taken."""
        with self._lock:
            code, now = operator.upper(), self.now()
            self.evictions += code in self._by_operator
            company = next(iter(self.company_passwords), "")
            self._by_operator[code] = Session(f"desktop {secrets.token_hex(8)}", code, company, now, now)

    def expire_all(self) -> None:
        with self._lock:
            self._by_operator.clear()

    def live(self) -> list[Session]:
        with self._lock:
            self._sweep()
            return list(self._by_operator.values())


def _of_another_server(token: str) -> bool:
    """The last two of a token's 34 digits name the server's instance, here 00."""
    return len(token) == 34 and not token.endswith("00")
