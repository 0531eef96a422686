"""The scenarios. Each yields rows for the table; goals are judged from the rows afterwards.

`full`: every contender loads everything, in turns. `changes`: 1 % of the records change, then nothing does, and
Trunkline looks again. `latency`: calls take 250 to 500 ms under a strict 60 calls/s, for one worker and for two.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.bench.databases import fresh
from tests.bench.jobs import Job, Measured, from_json
from tests.bench.machine import postgres_cpu
from tests.bench.server import ROOT, Sandbox, sandbox

CONTENDERS = {"floor": "requests + executemany / COPY", "ours": "Trunkline", "peer": "dlt 1.31"}
TOUCHED = ("customers", "locations", "jobs", "invoices")
SLOW = ("--latency", "250-500", "--rate", "60", "--window", "sliding")
HALVES = (("customer", "location"), ("job", "invoice"))


@dataclass
class Row:
    """One measured act of one contender."""

    scenario: str
    database: str
    contender: str
    measured: Measured
    calls: int = 0
    refused: int = 0
    peak_calls: int = 0
    server_cpu: float | None = None
    notes: dict[str, object] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        return self.measured.records / self.measured.wall if self.measured.wall else 0.0

    @property
    def calls_per_second(self) -> float:
        return self.calls / self.measured.wall if self.measured.wall else 0.0


@dataclass
class Bench:
    """The options of one run, and what is said while it goes on."""

    customers: int
    page_size: int
    repeats: int
    slow_customers: int
    contenders: tuple[str, ...]
    server: str
    folder: Path
    environment: dict[str, str]
    say: Callable[[str], None]

    def databases(self) -> list[tuple[str, str]]:
        return [("SQLite", ""), *([("PostgreSQL", self.server)] if self.server else [])]

    def contend(self, name: str, job: Job) -> Measured:
        """One act in a process of its own. Raises RuntimeError with what it said last."""
        done = subprocess.run(
            [sys.executable, "-m", "tests.bench.contender", name],
            input=json.dumps(asdict(job)), cwd=ROOT, env=self.environment, text=True, capture_output=True,
            check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{name} failed at {job.act}:\n{done.stderr[-3000:]}")
        return from_json(done.stdout.strip().splitlines()[-1])

    def observe(self, scenario: str, database: str, name: str, job: Job, remote: Sandbox) -> Row:
        """One act, with what the server and the database saw of it."""
        remote.reset()
        before = postgres_cpu(self.server) if database == "PostgreSQL" else None
        found = self.contend(name, job)
        stats = remote.stats()
        after = postgres_cpu(self.server) if before is not None else None
        who = name.rpartition(".")[2]
        row = Row(scenario, database, who, found, stats["calls"], stats["rate_limited"])
        row.peak_calls, row.notes["rows"] = stats["peak_calls_in_one_second"], stats.get("rows")
        row.server_cpu = after - before if before is not None and after is not None else None
        self.say(f"  {scenario:<23} {database:<10} {who:<6} {found.wall:7.1f} s  {row.rate:9,.0f} records/s")
        return row


def full_and_changes(bench: Bench, *, changes: bool) -> Iterator[Row]:
    """Both share the server and Trunkline's database: what changes is looked for where the full pull left."""
    for database, server in bench.databases():
        with sandbox(bench.customers, "--rate", "0") as remote:
            yield from _full_then(bench, remote, database, server, changes=changes)


def _full_then(bench: Bench, remote: Sandbox, database: str, server: str, *, changes: bool) -> Iterator[Row]:
    for repeat in range(bench.repeats):
        turn = repeat % len(bench.contenders)
        for name in (*bench.contenders[turn:], *bench.contenders[:turn]):
            with fresh(server, bench.folder, f"{database}-{name}-{repeat}") as (url, place):
                job = Job(remote.url, url, str(place), bench.page_size)
                if name == "ours":
                    bench.contend(name, job.at("prepare"))
                yield bench.observe("full", database, name, job, remote)
                if name == "ours" and changes and repeat == bench.repeats - 1:
                    yield from _changes(bench, remote, database, job)


def _changes(bench: Bench, remote: Sandbox, database: str, job: Job) -> Iterator[Row]:
    touched = sum(remote.touch(resource, 0.01) for resource in TOUCHED)
    row = bench.observe("1 % changed", database, "ours", job.at("changes"), remote)
    row.notes["touched"] = touched
    yield row
    yield bench.observe("nothing changed", database, "ours", job.at("changes"), remote)


def latency(bench: Bench) -> Iterator[Row]:
    """Pages of 50 from a slow, strict server; then the same again by two workers at once."""
    with sandbox(bench.slow_customers, *SLOW) as remote, ExitStack() as stack:
        for database, server in bench.databases():
            url, place = stack.enter_context(fresh(server, bench.folder, f"{database}-slow"))
            job = Job(remote.url, url, str(place), page_size=50)
            bench.contend("ours", job.at("prepare"))
            yield bench.observe("latency", database, "ours", job, remote)
            yield _two_workers(bench, remote, database, job)


def _two_workers(bench: Bench, remote: Sandbox, database: str, job: Job) -> Row:
    """Two processes, two entities each, everything read again."""
    remote.reset()
    jobs = [Job(job.url, job.database, job.folder, 50, "full", half) for half in HALVES]
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda half: bench.contend("ours", half), jobs))
    stats = remote.stats()
    both = Measured(
        wall=max(one.wall for one in found),
        cpu=sum(one.cpu for one in found),
        peak_mb=max(one.peak_mb for one in found),
        records=sum(one.records for one in found),
    )
    row = Row("latency, two", database, "ours", both, stats["calls"], stats["rate_limited"])
    row.peak_calls = stats["peak_calls_in_one_second"]
    bench.say(f"  {row.scenario:<23} {database:<10} ours   {both.wall:7.1f} s  {row.rate:9,.0f} records/s")
    return row
