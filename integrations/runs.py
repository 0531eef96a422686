"""A run's life: asked for, begun, counted page by page, finished. The only writer of `Run` and its failures."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from integrations.connectors.errors import Who
from integrations.models import Run, RunFailure, SyncRule
from integrations.webhooks import events
from portal.models import User
from reconciliation.intake import Failure, PageResult

LONGEST_BACKOFF = timedelta(hours=1)
_LONGEST_ID = 64


def ask(
    rule: SyncRule,
    trigger: Run.Trigger,
    *,
    full: bool = False,
    recent: bool = False,
    user: User | None = None,
    batch: UUID | None = None,
) -> Run:
    """The rule's open run, or a new one in the queue. Asking twice gives the same run: it is never started twice."""
    if full:
        SyncRule.objects.filter(pk=rule.pk).update(full_wanted=True)
    run: Run | None = None
    while run is None:
        try:
            with transaction.atomic():
                run = Run.objects.create(
                    rule=rule, trigger=trigger, full=full, recent=recent, started_by=user, batch=batch
                )
        except IntegrityError:  # one is open; unless it is closed before it is found
            run = Run.objects.filter(rule=rule, state__in=Run.OPEN).last()
            if run is None:
                continue
        if recent and not run.recent:
            Run.objects.filter(pk=run.pk).update(recent=True)
        if batch is not None and run.batch is None:
            Run.objects.filter(pk=run.pk).update(batch=batch)
    SyncRule.objects.filter(pk=rule.pk).update(due_at=timezone.now())
    return run


def counted(
    run: Run,
    result: PageResult,
    *,
    pages: int,
    seconds: float,
    calls: int,
    holds: int,
    expected: int | None,
) -> dict[str, Any]:
    """The run's counts with so many pages more. Only the holder of the rule's lease counts, so no sum is lost."""
    more = {
        "pages": pages,
        "calls": calls,
        "rate_limited": holds,
        "read": result.read,
        "created": result.created,
        "updated": result.updated,
        "unchanged": result.unchanged,
        "waiting": result.waiting,
        "failed": len(result.failures),
        "out_of_scope": result.out_of_scope,
        "seconds": seconds,
    }
    values: dict[str, Any] = {name: getattr(run, name) + value for name, value in more.items()}
    values["expected"] = expected if run.expected is None else run.expected
    values["heartbeat_at"] = timezone.now()
    return values


def save_counts(run: Run, values: dict[str, Any]) -> None:
    """Write the counts, in the page's transaction."""
    Run.objects.filter(pk=run.pk).update(**values)


def note_calls(run: Run, calls: int, holds: int) -> None:
    """Calls that brought no page: refused, or read ahead and not used."""
    if calls or holds:
        Run.objects.filter(pk=run.pk).update(calls=F("calls") + calls, rate_limited=F("rate_limited") + holds)


def note_failures(run: Run, failures: Sequence[Failure]) -> None:
    """Write down the records that failed; one that failed before is counted up instead of listed twice."""
    now = timezone.now()
    by_id = {failure.external_id[:_LONGEST_ID]: failure for failure in failures if failure.external_id}
    nameless = [("", failure) for failure in failures if not failure.external_id]
    unresolved = RunFailure.objects.filter(rule=run.rule_id, external_id__in=by_id).exclude(
        state=RunFailure.State.RESOLVED
    )
    known = {failure.external_id: failure for failure in unresolved}
    new: list[RunFailure] = []
    again: list[RunFailure] = []
    for external_id, failure in [*by_id.items(), *nameless]:
        row = known.get(external_id) or RunFailure(rule_id=run.rule_id, attempts=0, created_at=now)
        row.run, row.external_id = run, external_id
        row.reason, row.message = failure.reason, failure.message
        row.payload = orjson.loads(failure.payload) if failure.payload else None
        row.state, row.attempts = RunFailure.State.OPEN, row.attempts + 1
        (again if row.pk else new).append(row)
    RunFailure.objects.bulk_create(new)
    RunFailure.objects.bulk_update(again, ["run", "reason", "message", "payload", "state", "attempts"])


def resolve_failures(rule_id: int, external_ids: Sequence[str]) -> None:
    """Records that have succeeded meanwhile close their failures."""
    RunFailure.objects.filter(rule=rule_id, external_id__in=external_ids).exclude(
        state=RunFailure.State.RESOLVED
    ).update(state=RunFailure.State.RESOLVED, resolved_at=timezone.now())


def open_failures(rule_id: int) -> set[str]:
    """External ids of the rule's failures that are not resolved: usually none."""
    unresolved = RunFailure.objects.filter(rule=rule_id).exclude(state=RunFailure.State.RESOLVED)
    return set(unresolved.values_list("external_id", flat=True))


def finish(run: Run) -> Run:
    """Every page is in: the run's last word depends on its counts, and its rule is due again after its interval."""
    run.refresh_from_db()
    if not run.adds_up:
        run.error_who, run.error_reason = Who.OUR_BUG, "counts"
        run.error = "The counts do not add up: records may be missing. Start a full sync and tell support."
        return _close(run, Run.State.FAILED)
    troubled = run.failed or run.failures.exists()
    return _close(run, Run.State.WITH_ERRORS if troubled else Run.State.COMPLETED)


def fail(
    run: Run, who: Who, reason: str, message: str, details: str = "", retry_after: float | None = None
) -> Run:
    """The run cannot go on. Its cursor stays where the last page left it; the next run resumes there."""
    run.refresh_from_db()
    run.error_who, run.error_reason = who, reason[:40]
    run.error, run.error_details = message, details[:4000]
    return _close(run, Run.State.FAILED, retry_after)


def cancel(run: Run, why: str) -> Run:
    run.refresh_from_db()
    run.error = why
    return _close(run, Run.State.CANCELLED)


@transaction.atomic
def _close(run: Run, state: Run.State, retry_after: float | None = None) -> Run:
    now = timezone.now()
    run.state, run.finished_at, run.heartbeat_at = state, now, now
    run.save()
    rule = SyncRule.objects.get(pk=run.rule_id)
    if state in {Run.State.COMPLETED, Run.State.WITH_ERRORS}:
        rule.failures, rule.synced_at = 0, now
    elif state == Run.State.FAILED:
        rule.failures += 1
        if rule.failures == 1:  # the others of the row would say the same again
            events.sync_failed(run)
    rule.due_at = next_due(rule, state, now, retry_after)
    rule.save(update_fields=["failures", "synced_at", "due_at"])
    return run


def next_due(rule: SyncRule, state: str, now: datetime, retry_after: float | None) -> datetime:
    """After its interval; after failures in a row twice as late each time, up to an hour."""
    interval = timedelta(minutes=rule.interval)
    if state != Run.State.FAILED:
        return now if rule.full_wanted else now + interval
    if retry_after is not None:
        return now + max(timedelta(seconds=retry_after), timedelta(minutes=1))
    backoff = timedelta(minutes=1) * 2 ** min(rule.failures - 1, 10)
    return now + min(backoff, LONGEST_BACKOFF)
