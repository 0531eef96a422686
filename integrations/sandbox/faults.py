"""Faults of the sandboxes: switched on by name, drawn by seed, so that a bad day can be repeated exactly.

A fault may have a probability, a count after which it is over, a filter on method and path, and an argument
(seconds of a slow reply, for one). The application asks `Faults.draw` once a call and does what the name says.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any

NAMES: Mapping[str, str] = {
    "rate_limited": "429 with the wait in the title only",
    "rate_limited_with_retry_after": "429 with a Retry-After header as well; argument: seconds",
    "server_error": "500 with the error object",
    "html_502": "502 with an HTML page, as a proxy gives",
    "service_unavailable": "503 with no body",
    "truncated_json": "200 whose JSON ends half way",
    "cut_body": "the connection ends half way through the body",
    "empty_body": "200 without a body",
    "slow": "a reply that takes its time; argument: seconds",
    "reset": "the connection is reset and nothing has happened",
    "lost_reply": "the call takes effect, then the connection is reset",
    "late_error": "the call takes effect, then 500 is answered",
    "unknown_fields": "rows carry members that no document names",
    "unknown_values": "enumerations carry a value that no document names",
    "duplicate_rows": "a page repeats its rows",
    "token_expired": "401, although the token is good",
    "disabled_app": "403 for everything",
    "forbidden": "403 for this path only",
    "not_found": "404",
}


@dataclass(frozen=True, slots=True)
class Fault:
    name: str
    probability: float = 1.0
    count: int | None = None
    path: str = ""
    method: str = ""
    argument: float | None = None

    def __post_init__(self) -> None:
        if self.name not in NAMES:
            raise ValueError(f"There is no fault {self.name!r}. Known faults: {', '.join(NAMES)}.")

    def concerns(self, method: str, path: str) -> bool:
        return self.path in path and self.method in {"", method}


class Faults:
    """The faults that are on. The first that concerns a call and is drawn wins."""

    def __init__(self, seed: int = 0, faults: tuple[Fault, ...] = ()) -> None:
        self.seed = seed
        self._lock = Lock()
        self.set(faults)

    def set(self, faults: tuple[Fault, ...]) -> None:
        with self._lock:
            self._faults = list(faults)
            self._random = random.Random(f"faults:{self.seed}")

    def draw(self, method: str, path: str) -> Fault | None:
        with self._lock:
            for place, fault in enumerate(self._faults):
                if fault.count == 0 or not fault.concerns(method, path):
                    continue
                if fault.probability < 1.0 and self._random.random() >= fault.probability:
                    continue
                if fault.count is not None:
                    self._faults[place] = replace(fault, count=fault.count - 1)
                return fault
        return None

    def report(self) -> list[dict[str, Any]]:
        with self._lock:
            return [{name: getattr(fault, name) for name in Fault.__slots__} for fault in self._faults]


def from_json(entry: Mapping[str, Any]) -> Fault:
    """Read one fault as the control verb takes it: the members of `Fault`, `name` required."""
    unknown = set(entry) - set(Fault.__slots__)
    if unknown or "name" not in entry:
        raise ValueError(f"A fault has the members {', '.join(Fault.__slots__)}; name is required.")
    return Fault(**dict(entry))


def from_text(text: str) -> Fault:
    """Read `name`, `name:0.1` or `name:0.1,count=3,path=/jobs,method=GET,argument=2` from a command line."""
    name, _, rest = text.partition(":")
    values: dict[str, Any] = {"name": name}
    for part in filter(None, rest.split(",")):
        key, equals, value = part.partition("=")
        values[key if equals else "probability"] = value if equals else key
    for key, kind in (("probability", float), ("count", int), ("argument", float)):
        if key in values:
            values[key] = kind(values[key])
    return from_json(values)
