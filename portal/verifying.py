"""Proves that the audit trail is as it was written, or says which entries are not.

The route: seal what is not sealed yet -> the signed head -> every seal in its order beside its entry -> each hash
computed again. After a seal that does not fit the chain goes on from what that seal says, so that a fault is named once.
"""

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from portal import sealing
from portal.audit import record, register_action
from portal.chain import BEGINNING, FIELDS, Head, chained
from portal.models import AuditEntry, AuditSeal

log = logging.getLogger(__name__)

BATCH = 1_000
NAMED = 100
"""So many faults are named; the rest is counted."""
Seal = tuple[int, int, str]
"""Position, entry, hash."""
VERIFIED, BROKEN = "audit.verified", "audit.broken"

register_action(VERIFIED, "verified the audit trail: {note}")
register_action(BROKEN, "found the audit trail broken: {note}")
register_action("audit.signed_anew", "signed the audit trail anew: {note}")


@dataclass
class Report:
    """What a look through the whole trail has found. `head` is worth keeping elsewhere; empty where none is sound."""

    entries: int = 0
    faults: int = 0
    named: list[str] = field(default_factory=list)
    head: str = ""
    seconds: float = 0.0

    def add(self, words: str) -> None:
        self.faults += 1
        if len(self.named) < NAMED:
            self.named.append(words)

    @property
    def outcome(self) -> str:
        """One sentence for the trail and for people."""
        if not self.faults:
            return f"{self.entries:,} entries, unbroken"
        return f"{self.faults:,} faults in {self.entries:,} entries. {self.named[0]}"


def verify(kept: Head | None = None) -> Report:
    """Look through the whole trail; `kept` is a head that was kept elsewhere. The outcome goes to the trail itself."""
    report, began = Report(), time.monotonic()
    try:
        sealing.seal(everything=True)
        report.head = sealing.current_head().signed()
    except sealing.TrailBroken as broken:
        report.add(str(broken))
    seen = _walk(report, kept)
    if kept is not None and not seen:
        report.add(
            f"The head that was kept elsewhere ({kept}) is not in the chain: entries up to number {kept.position:,} were "
            "cut off, or all was written anew."
        )
    report.seconds = time.monotonic() - began
    record(BROKEN if report.faults else VERIFIED, note=report.outcome)
    return report


def each_night() -> None:
    """The nightly look, by a worker."""
    report = verify()
    for words in report.named:
        log.error("The audit trail is broken: %s", words)


def last_outcome() -> AuditEntry | None:
    """What was found the last time."""
    return AuditEntry.objects.filter(action__in=[VERIFIED, BROKEN]).first()


def _walk(report: Report, kept: Head | None) -> bool:
    """Check every seal. Returns whether `kept` is one of them."""
    position, previous = 0, BEGINNING
    seen = kept == Head(position, previous)
    for seals in _seals():
        ids = [entry_id for _, entry_id, _ in seals]
        rows = AuditEntry.objects.filter(pk__in=ids).order_by().values_list(*FIELDS)
        entries = {row[0]: row for row in rows}
        for seal in seals:
            problem = _problem(seal, entries.get(seal[1]), position, previous)
            if problem:
                report.add(problem)
            position, _, previous = seal
            if kept is not None and position == kept.position:
                seen = previous == kept.hash
        report.entries += len(seals)
    return seen


def _problem(seal: Seal, entry: tuple[Any, ...] | None, before: int, previous: str) -> str:
    """What does not fit between one seal, its entry, and the position and hash of the seal before it."""
    position, entry_id, hash_ = seal
    if entry is None:
        return f"Entry {entry_id}, sealed as number {position:,}, was removed."
    if position != before + 1:
        gone = f"{before + 1:,} to {position - 1:,}"
        return f"The seals with the numbers {gone} were removed; what comes next is entry {_named(entry)}."
    if hash_ != chained(previous, entry):
        return (
            f"Entry {_named(entry)} is not as it was sealed as number {position:,}: it, its seal, its place or the "
            "seal before it was changed."
        )
    return ""


def _named(entry: tuple[Any, ...]) -> str:
    """`17 (2026-11-21 10:15, “Olive Owner changed tenant Hartwell”)`."""
    row = AuditEntry(**dict(zip(FIELDS, entry, strict=True)))
    return f"{row.pk} ({row.at:%Y-%m-%d %H:%M}, “{row}”)"


def _seals() -> Iterator[list[Seal]]:
    last = 0
    rows = AuditSeal.objects.order_by("position").values_list("position", "entry_id", "hash")
    while batch := list(rows.filter(position__gt=last)[:BATCH]):
        yield batch
        last = batch[-1][0]
