"""Seals the audit trail: gives each entry its place in the hash chain once it is committed.

The route: `audit.record` writes an entry in its caller's transaction -> the minute's tick reads committed entries
without a seal -> their hashes -> seals and the signed head, in one short transaction. Chained as they are written,
entries would have all writers wait for one another until each had committed. So those of the last minute are not yet
sealed.

Two sealers at once: the head moves on for one of them; the other has done nothing.
"""

import logging
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.utils import timezone

from portal.chain import BEGINNING, FIELDS, Head, HeadForged, chained
from portal.models import AuditEntry, AuditHead, AuditSeal

log = logging.getLogger(__name__)

BATCH = 2_000
A_TICK = 20_000
"""So many are sealed at each tick: an old trail is caught up with in the course of some minutes."""
LONGEST_TRANSACTION = timedelta(hours=1)
"""An entry is older than its commit. What is older still is found by `everything`."""
LOGGED_EACH = timedelta(hours=1)
_THE_ONE = 1
Entry = tuple[Any, ...]
"""An entry as its `FIELDS`."""


class TrailBroken(Exception):
    """The chain does not end where its signed head says. Says what does not fit."""


def each_minute() -> None:
    """Seal what came, and write the head to the log once an hour. A broken trail stays as it is, for a person."""
    try:
        seal(most=A_TICK)
        log_head()
    except TrailBroken as broken:
        log.error("The audit trail is not sealed any more: %s", broken)


def seal(*, most: int | None = None, everything: bool = False) -> int:
    """Seal the committed entries that have no seal, oldest first. Returns how many; raises TrailBroken.

    `everything` looks through the whole trail, not just behind the last seal.
    """
    sealed, last = 0, None
    while most is None or sealed < most:
        entries = _seal_some(everything=everything, after=last)
        sealed += len(entries)
        if len(entries) < BATCH:
            return sealed
        last = entries[-1]
    return sealed


def current_head() -> Head:
    """Where the chain ends, by its signature and by its last seal. Raises TrailBroken where the two do not agree."""
    return _standing()[1]


def unsealed() -> "QuerySet[AuditEntry]":
    """Committed entries without a seal, oldest first."""
    sealed = AuditSeal.objects.filter(entry_id=OuterRef("pk"))
    return AuditEntry.objects.filter(~Exists(sealed)).order_by("at", "pk")


def log_head() -> None:
    """Write the head to the log, which is kept elsewhere, unless that was done within the hour or it is the same."""
    now = timezone.now()
    row, _ = _standing()
    if row.logged_at is None or (row.logged_at < row.sealed_at and now - row.logged_at >= LOGGED_EACH):
        log.info("The head of the audit trail is %s", row.signed)
        AuditHead.objects.filter(pk=_THE_ONE).update(logged_at=now)


def sign_anew() -> Head:
    """Sign the chain as it stands: the way on where a key was lost, or once a damage has been looked into."""
    last = AuditSeal.objects.order_by("-position").first()
    head = Head(last.position, last.hash) if last else Head(0, BEGINNING)
    AuditHead.objects.update_or_create(
        pk=_THE_ONE, defaults={"signed": head.signed(), "sealed_at": timezone.now()}
    )
    return head


def _seal_some(*, everything: bool, after: Entry | None) -> list[Entry]:
    """Seal a batch, of those behind the entry `after` where there is one. Returns it; empty if another was quicker."""
    row, head = _standing()
    rows = unsealed() if everything else _lately(unsealed(), head)
    if after is not None:  # what lies before is sealed: it need not be looked through again for each batch
        pk, at, *_ = after
        rows = rows.filter(at__gte=at).exclude(at=at, pk__lte=pk)
    entries = list(rows.values_list(*FIELDS)[:BATCH])
    seals, hash_ = [], head.hash
    for position, entry in enumerate(entries, start=head.position + 1):
        hash_ = chained(hash_, entry)
        seals.append(AuditSeal(position=position, entry_id=entry[0], hash=hash_))
    if not seals:
        return []
    moved_on = Head(seals[-1].position, hash_)
    with transaction.atomic():
        mine = AuditHead.objects.filter(pk=_THE_ONE, signed=row.signed)
        if not mine.update(signed=moved_on.signed(), sealed_at=timezone.now()):
            return []
        AuditSeal.objects.bulk_create(seals)
    return entries


def _lately(rows: "QuerySet[AuditEntry]", head: Head) -> "QuerySet[AuditEntry]":
    """Those that may have come since the last one sealed: the rest of the trail is not looked through each minute."""
    last = AuditSeal.objects.filter(position=head.position).values("entry_id")
    at = AuditEntry.objects.filter(pk__in=last).values_list("at", flat=True).first()
    return rows if at is None else rows.filter(at__gte=min(at, timezone.now()) - LONGEST_TRANSACTION)


def _standing() -> tuple[AuditHead, Head]:
    """The head's row, and the head. One statement reads it and the last seal, so that both are of one moment."""
    last = AuditSeal.objects.order_by("-position")[:1]
    rows = AuditHead.objects.filter(pk=_THE_ONE).annotate(
        position=Subquery(last.values("position")), hash=Subquery(last.values("hash"))
    )
    row = rows.first()
    if row is None:
        first = {"signed": Head(0, BEGINNING).signed(), "sealed_at": timezone.now()}
        AuditHead.objects.get_or_create(pk=_THE_ONE, defaults=first)
        row = rows.get()
    last_sealed = Head(row.position or 0, row.hash or BEGINNING)
    return row, _agreed(row.signed, last_sealed)


def _agreed(signed: str, last: Head) -> Head:
    try:
        head = Head.of(signed)
    except HeadForged:
        raise TrailBroken(
            "Its signed head bears the signature of no key of this portal. If SECRET_KEY was changed, put the old one "
            "into SECRET_KEY_FALLBACKS."
        ) from None
    if head.position != last.position:
        raise TrailBroken(
            f"{head.position:,} entries were sealed by its signed head, but the last seal there is has number "
            f"{last.position:,}."
        )
    if head.hash != last.hash:
        raise TrailBroken(f"Its last seal, number {last.position:,}, is not the one that was signed.")
    return head
