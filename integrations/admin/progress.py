"""How far one run, or all runs of one “sync now”, have come."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from integrations.models import Run


@dataclass(frozen=True, slots=True)
class Overall:
    """Several runs seen as one: `percent` from 0 to 100, the rest are sums."""

    total: int
    finished: int
    percent: int
    read: int
    failed: int
    calls: int
    troubled: int
    now: str

    @property
    def is_done(self) -> bool:
        return self.finished == self.total


def share(run: Run) -> float:
    """From 0 to 1; a run whose length is unknown counts as begun."""
    if not run.is_open:
        return 1.0
    if run.state == Run.State.QUEUED:
        return 0.0
    return min(run.done / run.expected, 1.0) if run.expected else 0.1


def overall(runs: Iterable[Run]) -> Overall:
    """All of them; each run weighs the same, since nobody knows lengths beforehand."""
    runs = list(runs)
    at_work = [run.rule.label for run in runs if run.state == Run.State.RUNNING]
    return Overall(
        total=len(runs),
        finished=sum(not run.is_open for run in runs),
        percent=round(100 * sum(share(run) for run in runs) / len(runs)) if runs else 100,
        read=sum(run.read for run in runs),
        failed=sum(run.failed for run in runs),
        calls=sum(run.calls for run in runs),
        troubled=sum(run.state == Run.State.FAILED for run in runs),
        now=", ".join(at_work),
    )


def open_and_theirs(runs: QuerySet[Run]) -> QuerySet[Run]:
    """Of these, the open ones and whatever was started with them: a bar that does not forget its beginning."""
    batches = runs.filter(state__in=Run.OPEN).exclude(batch=None).order_by().values("batch")
    return runs.filter(Q(state__in=Run.OPEN) | Q(batch__in=batches))


def rate(run: Run, now: datetime) -> float | None:
    """Rows a second, from start to end or until now."""
    seconds = run.duration(now)
    return run.done / seconds if seconds and run.done else None
