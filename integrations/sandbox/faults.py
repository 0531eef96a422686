"""Faults of the sandboxes: switched on by name, drawn by seed, so that a bad day can be repeated exactly.

A fault may have a probability, a count after which it is over, a filter on method and path, and an argument
(seconds of a slow reply, for one). The application asks `Faults.draw` once a call and does what the name says.
"""

import random
from collections.abc import Collection, Container, Mapping
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any


@dataclass(frozen=True, slots=True)
class Fault:
    name: str
    probability: float = 1.0
    count: int | None = None
    path: str = ""
    method: str = ""
    argument: float | None = None

    def concerns(self, method: str, path: str) -> bool:
        return self.path in path and self.method in {"", method}


class Faults:
    """The faults that are on. The first that concerns a call and is drawn wins."""

    def __init__(self, names: Collection[str], seed: int = 0, faults: tuple[Fault, ...] = ()) -> None:
        """`names` are the faults that this sandbox knows. Raises ValueError for another."""
        self.names, self.seed = names, seed
        self._lock = Lock()
        self.set(faults)

    def set(self, faults: tuple[Fault, ...]) -> None:
        """Raises ValueError for a fault that this sandbox does not know."""
        for fault in faults:
            if fault.name not in self.names:
                raise ValueError(f"There is no fault {fault.name!r}. Known faults: {', '.join(self.names)}.")
        with self._lock:
            self._faults = list(faults)
            self._random = random.Random(f"faults:{self.seed}")

    def draw(
        self, method: str, path: str, among: Container[str] | None = None, *, named_path: bool = False
    ) -> Fault | None:
        """The fault that spoils this call.

        `among` narrows it to some names (default: all), `named_path` to those with a filter on the path.
        """
        with self._lock:
            for place, fault in enumerate(self._faults):
                if fault.count == 0 or not fault.concerns(method, path):
                    continue
                if (among is not None and fault.name not in among) or (named_path and not fault.path):
                    continue
                if fault.probability < 1.0 and self._random.random() >= fault.probability:
                    continue
                if fault.count is not None:
                    self._faults[place] = replace(fault, count=fault.count - 1)
                return fault
        return None

    def any_of(self, names: Container[str]) -> bool:
        """Whether one of these is on at all, so that a caller may save itself the drawing."""
        return any(fault.name in names and fault.count != 0 for fault in self._faults)

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
