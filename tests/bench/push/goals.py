"""The goals of the push, within one run. Pure: rows in, verdicts out."""

from collections.abc import Iterator, Sequence

from tests.bench.push.floor import COLLECTION
from tests.bench.scenarios import Row
from tests.bench.verdicts import Verdict, typical

ENOUGH = 5_000
"""Customers below which a describe or two outweigh what the collections cost."""


def judge(rows: Sequence[Row], database: str, customers: int) -> Iterator[Verdict]:
    here = [row for row in rows if row.database == database]
    ours, bulk = typical(here, "push collections", "ours"), typical(here, "push bulk", "ours")
    for way, row in (("collections", ours), ("bulk", bulk)):
        if row is not None:
            there = (row.notes["rows"] or {}).get("Account")
            good = row.measured.records == there and not row.measured.facts["left"]
            yield Verdict(f"{database}: push by {way}, each record there once", str(there), good)
            most = row.measured.peak_mb
            yield Verdict(f"{database}: push by {way}, under 300 MB", f"{most:.0f} MB", most < 300)
    if ours is not None:
        yield from _collections(rows, ours, database, enough=customers >= ENOUGH)
    if ours is not None and bulk is not None:
        share = bulk.calls / ours.calls
        yield Verdict(
            f"{database}: bulk takes at most a fifth of the calls",
            f"{share:.0%}",
            share <= 0.2 if customers >= ENOUGH else None,
        )
    if (back := typical(here, "push read back", "ours")) is not None:
        facts = back.measured.facts
        quiet = facts["owed"] == facts["changed"] == 0
        yield Verdict(
            f"{database}: what was pushed comes back as no change",
            f"{facts['changed']} changed, {facts['owed']} owed",
            quiet,
        )
    if (slow := typical(here, "push collections, slow", "ours")) is not None:
        rate = slow.rate
        enough = slow.measured.records >= ENOUGH
        yield Verdict(
            f"{database}: at least 1,200 records/s where a call takes 0.7 s",
            f"{rate:,.0f}",
            rate >= 1200 if enough else None,
        )


def _collections(rows: Sequence[Row], ours: Row, database: str, *, enough: bool) -> Iterator[Verdict]:
    ratio = ours.calls / (ours.measured.records / COLLECTION)
    yield Verdict(
        f"{database}: at most 1.05x the fewest calls", f"{ratio:.3f}x", ratio <= 1.05 if enough else None
    )
    cpu = ours.measured.cpu / ours.measured.records * 1e6
    yield Verdict(
        f"{database}: at most 60 us of our CPU a record", f"{cpu:.0f} us", cpu <= 60 if enough else None
    )
    singly = typical(rows, "push singly", "peer")
    if singly is not None:
        faster = ours.rate / singly.rate
        yield Verdict(
            f"{database}: at least 3x simple-salesforce's loop",
            f"{faster:.1f}x",
            faster >= 3 if enough else None,
        )
