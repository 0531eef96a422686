"""The goals, as ratios within one run. Pure: rows in, verdicts out."""

from collections.abc import Iterator, Sequence

from tests.bench.push import goals as push
from tests.bench.push.scenarios import NO_DATABASE
from tests.bench.scenarios import Row
from tests.bench.verdicts import Verdict, typical

PULLS = ("full", "1 % changed", "nothing changed", "latency", "latency, two")
ENOUGH = 50_000
"""Customers below which the fixed cost of a look outweighs what 1 % of the records costs."""


def judge(rows: Sequence[Row], customers: int) -> list[Verdict]:
    found: list[Verdict] = []
    for database in dict.fromkeys(row.database for row in rows if row.database != NO_DATABASE):
        here = [row for row in rows if row.database == database]
        found += _full(here, database)
        found += _changes(here, database, enough=customers >= ENOUGH)
        found += _latency(here, database)
        found += push.judge(rows, database, customers)
    return found


def _full(rows: Sequence[Row], database: str) -> Iterator[Verdict]:
    ours, floor, peer = (typical(rows, "full", name) for name in ("ours", "floor", "peer"))
    if ours is None:
        return
    if peer is not None:
        ratio = ours.rate / peer.rate
        yield Verdict(f"{database}: at least 2x dlt's records/s", f"{ratio:.1f}x", ratio >= 2)
    if floor is not None:
        ratio = ours.measured.wall / floor.measured.wall
        yield Verdict(f"{database}: at most 3x the floor's wall time", f"{ratio:.2f}x", ratio <= 3)
    most = max(row.measured.peak_mb for row in rows if row.contender == "ours" and row.scenario in PULLS)
    yield Verdict(f"{database}: under 250 MB a process", f"{most:.0f} MB", most < 250)


def _changes(rows: Sequence[Row], database: str, *, enough: bool) -> Iterator[Verdict]:
    full, some, none = (typical(rows, name, "ours") for name in ("full", "1 % changed", "nothing changed"))
    if full is None or some is None or none is None:
        return
    calls, seconds = some.calls / full.calls, some.measured.wall / full.measured.wall
    seen = some.measured.facts["updated"] == some.notes["touched"]
    yield Verdict(
        f"{database}: every changed record is updated",
        f"{some.measured.facts['updated']} of {some.notes['touched']}",
        seen,
    )
    met = some.measured.facts["conflicts"]
    yield Verdict(f"{database}: no conflict, as nobody edited here", str(met), met == 0)
    yield Verdict(
        f"{database}: 1 % changed, at most 2 % of the calls",
        f"{calls:.1%}",
        calls <= 0.02 if enough else None,
    )
    yield Verdict(
        f"{database}: 1 % changed, at most 4 % of the time",
        f"{seconds:.1%}",
        seconds <= 0.04 if enough else None,
    )
    quiet = none.measured.facts["wrote_no_record"] is True
    yield Verdict(f"{database}: nothing changed, no record written", "none" if quiet else "some were", quiet)


def _latency(rows: Sequence[Row], database: str) -> Iterator[Verdict]:
    one, two = typical(rows, "latency", "ours"), typical(rows, "latency, two", "ours")
    if one is not None:
        rate = one.calls_per_second
        yield Verdict(f"{database}: at least 51 calls/s with latency", f"{rate:.1f}", rate >= 51)
        yield Verdict(f"{database}: never answered 429", str(one.refused), one.refused == 0)
    if two is not None:
        yield Verdict(
            f"{database}: two workers together within 60 calls in any second",
            f"{two.peak_calls}, {two.refused} x 429",
            two.peak_calls <= 60 and two.refused == 0,
        )
