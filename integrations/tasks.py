"""What django-q2 runs. It only wakes workers: everything that must not be lost stands in our own tables.

The route: `manage.py tick` or a cluster's schedule, whichever comes first in a minute -> `tick` sweeps, then wakes as
many workers as there is work -> each `wake` takes the rule that is next, wakes another worker if there is more, works
a slice on it, and asks again until its time is over. So where there is enough to do all workers of all clusters are at
work, however many.
"""

import logging
import time
from datetime import datetime, timedelta

from django.conf import settings
from django.core.cache import cache
from django.utils import timezone
from django_q.brokers import get_broker
from django_q.models import Schedule
from django_q.tasks import async_task

from integrations import disconnecting, pending, review_requests, runs, schedule, telling, waking
from integrations.alerts import stepping as alerting
from integrations.flows import working as flows
from integrations.giving_way import GivingWay
from integrations.models import Heartbeat, Run
from integrations.webhooks import inbox, outbox
from integrations.work import take_turn
from portal import sealing
from portal.logs import about
from portal.models import Tenant
from reconciliation import bulk_review, customer_imports, full_passes, merging_by_itself
from reconciliation.exports import files
from reconciliation.matching import passes
from reconciliation.models import Unmatched

log = logging.getLogger(__name__)

WAKE_SECONDS = 45.0
SLICE_SECONDS = 15.0
MATCH_SECONDS = 900
"""What one tenant may take: a first comparison of a large one takes minutes."""
NIGHTLY = "nightly"
NIGHTLY_SECONDS = 3_600
_TICK = "integrations.tasks.each_minute"
_WAKE = "integrations.tasks.wake"
_FOLLOW = "integrations.tasks.follow_hooks"
_SEND = "integrations.tasks.send_webhooks"
_REVIEWS = "integrations.review_requests.step"
_TELL = "integrations.telling.step"
_ALERTS = "integrations.alerts.stepping.step"
_END = "integrations.tasks.end_connection"
_MATCH = "integrations.tasks.match"
_FLOWS = "integrations.tasks.work_on_flows"
_VERIFY = "portal.verifying.each_night"
_PRUNE = "portal.retention.each_night"


def wake() -> int:
    """Work on what is due until this task's time is over. Returns the number of slices."""
    until = time.monotonic() + WAKE_SECONDS
    slices = 0
    while (left := until - time.monotonic()) > 0 and (turn := schedule.next_turn()) is not None:
        if turn.more:
            call_another()
        take_turn(turn.lease, seconds=min(SLICE_SECONDS, left), gives_way=GivingWay(turn.lease, call_another))
        slices += 1
    if slices and time.monotonic() >= until and pending.candidates(timezone.now()):
        call_workers(1)  # there is more: leave the queue a turn, then go on
    return slices


def wake_for(connection_id: int) -> int:
    """Changes were committed that a connection is owed: work on what is due, theirs with it."""
    waking.answered(connection_id)
    return wake()


def each_minute() -> None:
    """The schedule's: that a worker came to it is a sign of life, whoever has this minute's tick."""
    schedule.beat(timezone.now(), schedule.WORKER)
    tick_if_due()


def tick_if_due() -> bool:
    """This minute's tick, unless somebody has done it. Each minute has one, however many hosts there are."""
    if not schedule.take_minute(timezone.now()):
        return False
    tick()
    return True


def tick() -> None:
    """Once a minute: show that the cluster is alive, tidy up after the dead, wake workers for what is due."""
    now = timezone.now()
    schedule.beat(now)
    sweep(now)
    call_workers(len(pending.candidates(now)))
    for pk in disconnecting.waiting(now):
        go_on_ending(pk)
    for resume in (bulk_review.resume, full_passes.resume, customer_imports.resume):
        resume(now)
    if inbox.has_waiting():
        follow_hooks_soon()
    if outbox.due(now).exists():
        send_webhooks_soon()
    if review_requests.is_anything_due(now):
        async_task(_REVIEWS, save=False)
    if flows.waiting_flows(now):
        async_task(_FLOWS, save=False)
    if telling.is_anything_due(now):
        async_task(_TELL, save=False)
    if alerting.is_wanted(now):
        async_task(_ALERTS, save=False)
    files.each_minute(now)
    changed = Unmatched.objects.values_list("tenant_id", flat=True).distinct()
    for tenant_id in sorted({*changed, *merging_by_itself.waiting()}):
        async_task(_MATCH, tenant_id, save=False, timeout=MATCH_SECONDS)
    sealing.each_minute()
    each_night(now)


def call_workers(wanted: int) -> None:
    """Queue a wake for each rule with something to do, as far as workers are free to hear it."""
    free = settings.Q_WORKERS - get_broker().queue_size()
    for _ in range(min(wanted, free)):
        async_task(_WAKE, save=False)


def call_another() -> None:
    """Queue a wake where none waits to be heard: as long as a worker of any cluster is free, it is taken at once."""
    if not get_broker().queue_size():
        async_task(_WAKE, save=False)


def go_on_ending(pk: int) -> None:
    """Queue the rest of a disconnect; one that is queued twice is worked on once, by its lease."""
    async_task(_END, pk, save=False)


def end_connection(pk: int) -> None:
    """A slice of a disconnect: freezing links, or erasing records."""
    if disconnecting.work(pk, seconds=WAKE_SECONDS) is False:
        go_on_ending(pk)


def follow_hooks_soon() -> None:
    """Queue a look at the webhooks that came in."""
    async_task(_FOLLOW, save=False)


def follow_hooks() -> None:
    """Start the pulls that webhooks have asked for."""
    call_workers(inbox.follow())


def send_webhooks_soon() -> None:
    """Queue a look at the webhooks that are owed."""
    async_task(_SEND, save=False)


def send_webhooks() -> None:
    """Send what is owed, as far as one task's time goes; the rest is found by the next tick."""
    outbox.send_due(WAKE_SECONDS)


def work_on_flows(tenant_id: int | None = None) -> int:
    """Work on what flows owe, a slice each, until this task's time is over. Returns how many records were looked at."""
    if tenant_id is not None:
        waking.answered_for_flows(tenant_id)
    until, count = time.monotonic() + WAKE_SECONDS, 0
    while (left := until - time.monotonic()) > 0:
        done = [
            flows.work(pk, seconds=min(SLICE_SECONDS, left))
            for pk in flows.waiting_flows(timezone.now(), tenant_id)
        ]
        if not any(done):
            return count
        count += sum(done)
    async_task(_FLOWS, save=False)  # there may be more: leave the queue a turn, then go on
    return count


def match(tenant_id: int) -> None:
    """Compare a tenant's new and changed customers with the rest, merge what is certain; one worker a tenant."""
    turn = f"matching:{tenant_id}"
    if cache.add(turn, True, timeout=MATCH_SECONDS):
        try:
            tenant = Tenant.objects.get(pk=tenant_id)
            with about(tenant_id=tenant_id):
                passes.bring_up_to_date(tenant)
                merging_by_itself.merge_certain(tenant)
        finally:
            cache.delete(turn)


def sweep(now: datetime) -> int:
    """Close open runs that nobody may work on any more (rule switched off, connection or tenant paused)."""
    orphans = Run.objects.filter(state__in=Run.OPEN).exclude(rule__in=pending.workable())
    closed = 0
    for run in orphans.select_related("rule__connection__tenant"):
        if not run.rule.is_leased(now):
            runs.cancel(run, "The rule, its connection or its tenant was switched off meanwhile.")
            closed += 1
    return closed


def each_night(now: datetime) -> None:
    """Once a day: have a worker remove what is old, and another look through the audit trail."""
    last = Heartbeat.objects.filter(name=NIGHTLY).values_list("at", flat=True).first()
    if last is None or now - last > timedelta(days=1):
        for task in (_PRUNE, _VERIFY):
            async_task(task, save=False, timeout=NIGHTLY_SECONDS)
        Heartbeat.objects.update_or_create(name=NIGHTLY, defaults={"at": now})


def ensure_schedule() -> None:
    """The one schedule there is. Called after each migration."""
    Schedule.objects.update_or_create(
        name="trunkline tick",
        defaults={"func": _TICK, "schedule_type": Schedule.MINUTES, "minutes": 1, "repeats": -1},
    )
