"""Many conflicts settled one way: a few at once, many in the background.

The route: ids that matched -> one `BulkReview` row -> a worker takes its lease -> each conflict is settled in a
transaction of its own, and the row moves on -> done. A worker that dies leaves the row where it stood; whoever
takes the lease next goes on from there, and meets as settled what the dead one had settled already.
"""

import time
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django_q.tasks import async_task

from portal.access import Action, access_of
from portal.models import User
from reconciliation.editing import BadValue
from reconciliation.entities import ENTITIES
from reconciliation.models import BulkReview, Conflict
from reconciliation.reviewing import ConflictMovedOn, Outcome, locked, resolve, sides_of, value_here

AT_ONCE = 50
"""So many are settled while the person waits."""
MOST = 20_000
LEASE = timedelta(seconds=60)
SLICE_SECONDS = 45.0
_SAVE_EVERY = 20
State = BulkReview.State
OPEN = (State.QUEUED, State.RUNNING)


def start(
    ids: Sequence[int], outcome: Conflict.Outcome, *, actor: User, looked_at: datetime, note: str, words: str
) -> BulkReview:
    """Settle these conflicts: at once if they are few, else by a worker."""
    ordered = sorted(ids)[:MOST]
    bulk = BulkReview.objects.create(
        actor=actor,
        outcome=outcome,
        note=note,
        ids=ordered,
        words=words,
        looked_at=looked_at,
        total=len(ordered),
    )
    if len(ordered) <= AT_ONCE:
        work(bulk.pk)
        bulk.refresh_from_db()
    else:
        transaction.on_commit(lambda: call_worker(bulk.pk))
    return bulk


def call_worker(pk: int) -> None:
    async_task("reconciliation.bulk_review.work", pk, save=False)


def resume(now: datetime) -> int:
    """Call workers for those that nobody works on: their worker died, or was never there. Returns how many."""
    left = BulkReview.objects.filter(_free(now), state__in=OPEN, created_at__lt=now - LEASE)
    for pk in left.values_list("pk", flat=True):
        call_worker(pk)
    return len(left)


def cancel(bulk: BulkReview) -> None:
    """What is settled stays settled; the rest stays pending."""
    BulkReview.objects.filter(pk=bulk.pk, state__in=OPEN).update(
        state=State.CANCELLED, finished_at=timezone.now()
    )


def work(pk: int, seconds: float = SLICE_SECONDS) -> bool:
    """Settle as many as fit into the time. False where another worker holds it, or it is over."""
    now = timezone.now()
    mine = BulkReview.objects.filter(_free(now), pk=pk, state__in=OPEN)
    if not mine.update(state=State.RUNNING, lease_until=now + LEASE):
        return False
    bulk = BulkReview.objects.select_related("actor").get(pk=pk)
    tenants = access_of(bulk.actor).tenant_ids(Action.RESOLVE)
    until = time.monotonic() + seconds
    left = [conflict_id for conflict_id in bulk.ids if conflict_id > bulk.at]
    for number, conflict_id in enumerate(left, start=1):
        if _settle(bulk, conflict_id, tenants):
            bulk.settled += 1
        else:
            bulk.skipped += 1
        bulk.at = conflict_id
        if number % _SAVE_EVERY == 0 and not _save(bulk):
            return True  # cancelled meanwhile
        if time.monotonic() >= until:
            break
    over = bulk.done >= bulk.total
    _save(bulk, over=over)
    if not over:
        call_worker(pk)
    return True


def _free(now: datetime) -> Q:
    return Q(lease_until=None) | Q(lease_until__lt=now)


def _save(bulk: BulkReview, *, over: bool | None = None) -> bool:
    """Write down how far it is; `over` says whether the lease is given back with nothing or with something left."""
    now = timezone.now()
    values: dict[str, object] = {"at": bulk.at, "settled": bulk.settled, "skipped": bulk.skipped}
    values["lease_until"] = now + LEASE if over is None else None
    if over:
        values |= {"state": State.DONE, "finished_at": now}
    return bool(BulkReview.objects.filter(pk=bulk.pk, state=State.RUNNING).update(**values))


def _settle(bulk: BulkReview, conflict_id: int, tenants: frozenset[int]) -> bool:
    """One field, if it still is what the person saw; what moved on is left for them."""
    try:
        with transaction.atomic():
            found = locked([conflict_id, *sides_of(conflict_id)])
            conflict = found[conflict_id]
            if conflict.state != Conflict.State.PENDING:
                return _settled_by_this(bulk, conflict)
            if conflict.tenant_id not in tenants or not _is_as_seen(bulk, found.values()):
                return False
            if bulk.outcome == Outcome.REMOTE and _is_ambiguous(bulk, found.values()):
                return False
            resolve(conflict_id, Outcome(bulk.outcome), actor=bulk.actor, note=bulk.note)
    except (ConflictMovedOn, BadValue):
        return False
    return True


def _is_as_seen(bulk: BulkReview, sides: Collection[Conflict]) -> bool:
    """Whether no side has moved since the person looked at the list."""
    one = next(iter(sides))
    record = ENTITIES[one.entity].objects.filter(pk=one.record_id).first()
    if record is None or any(side.updated_at > bulk.looked_at for side in sides):
        return False
    still = record.updated_at <= bulk.looked_at
    return still or all(value_here(side, record) == side.portal_value for side in sides)


def _is_ambiguous(bulk: BulkReview, sides: Collection[Conflict]) -> bool:
    """Whether "take the source's" could mean several values: two systems that were both asked for differ."""
    wanted = set(bulk.ids)
    said: list[Any] = []
    for side in sides:
        if side.pk in wanted and side.remote_value not in said:
            said.append(side.remote_value)
    return len(said) > 1


def _settled_by_this(bulk: BulkReview, conflict: Conflict) -> bool:
    """Whether a worker that died had done it, and had no time left to count it."""
    same = conflict.actor_id == bulk.actor_id and conflict.outcome == bulk.outcome
    return same and conflict.settled_at is not None and conflict.settled_at >= bulk.created_at
