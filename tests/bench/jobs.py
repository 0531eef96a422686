"""What a contender is told, and what it answers."""

import json
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

TENANT, APP_KEY, CLIENT_ID, CLIENT_SECRET = 900001, "ak1.sandbox", "cid.sandbox", "cs1.sandbox"
LISTS = {
    "customer": f"/crm/v2/tenant/{TENANT}/customers",
    "location": f"/crm/v2/tenant/{TENANT}/locations",
    "job": f"/jpm/v2/tenant/{TENANT}/jobs",
    "invoice": f"/accounting/v2/tenant/{TENANT}/invoices",
}
"""What everybody loads, parents first."""


@dataclass(frozen=True)
class Job:
    url: str
    database: str
    """sqlite:///path or postgres://…, fresh unless the act goes on from an earlier one"""
    folder: str
    page_size: int = 1000
    act: str = "full"
    entities: tuple[str, ...] = tuple(LISTS)
    org: str = ""
    """where the push goes, of so many"""
    customers: int = 0

    @property
    def on_sqlite(self) -> bool:
        return self.database.startswith("sqlite")

    def at(self, act: str) -> "Job":
        """The same, but for what is to be done."""
        return replace(self, act=act)

    @property
    def sqlite_path(self) -> str:
        return self.database.removeprefix("sqlite:///")


@dataclass
class Measured:
    """Seconds of wall and CPU (this process and its children) of the work alone; MB of memory at the peak."""

    wall: float = 0.0
    cpu: float = 0.0
    peak_mb: float = 0.0
    records: int = 0
    facts: dict[str, object] = field(default_factory=dict)


def cpu_seconds() -> float:
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def peak_mb() -> float:
    """The kernel's own high-water mark of this process's memory."""
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    unit = 1024 * 1024 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


@contextmanager
def measured() -> Iterator[Measured]:
    """Measure the block; start-up and imports of a contender stay outside."""
    found = Measured()
    wall, cpu = time.monotonic(), cpu_seconds()
    yield found
    found.wall, found.cpu, found.peak_mb = time.monotonic() - wall, cpu_seconds() - cpu, peak_mb()


def to_json(found: Measured) -> str:
    return json.dumps(asdict(found))


def from_json(line: str) -> Measured:
    return Measured(**json.loads(line))
