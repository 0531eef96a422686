"""Work on what is owed: the deliveries of one rule, under its lease, so that no pull of it runs beside.

The route: a rule's due deliveries, oldest first -> `Sender.send` each, or `Batch.send` many where the system takes many
rows a call -> until none is due, the connection is silent, or the slice is over.
"""

import logging
from collections.abc import Callable
from concurrent.futures import Executor
from datetime import datetime

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from integrations import quota
from integrations.calls import connector_for
from integrations.connectors.entity import Write
from integrations.connectors.errors import Who
from integrations.connectors.hosts import AddressRefused
from integrations.leases import Lease
from integrations.models import Delivery, Outbox, SyncRule
from integrations.push import outcomes
from integrations.push.batching import Batch
from integrations.push.owing import PUSHING, write_of
from integrations.push.sending import Sender
from integrations.scope import ScopeError
from portal.secrets import SecretUnreadable
from portal.threads import Pool

log = logging.getLogger(__name__)
State = Delivery.State


def due(now: datetime) -> "QuerySet[Delivery]":
    """Deliveries whose time has come, of connections that are not waiting as a whole.

    A rule that only pulls sends what another record's delivery wants, and nothing else. While an account's calls of the
    day run short, what was tried before waits, and so does what no change owes (a first push).
    """
    found = Delivery.moving().filter(Q(wanted=True) | Q(rule__direction__in=PUSHING), next_try_at__lte=now)
    found = found.exclude(connection__outbox__hold_until__gt=now)
    if short := quota.short_keys(now):
        found = found.exclude(_MAY_WAIT & Q(connection__budget_key__in=short))
    return found


def due_of(rule: SyncRule, now: datetime) -> "QuerySet[Delivery]":
    """`due` of one rule, whose own row and connection are asked first: from then on its index alone is read."""
    if Outbox.objects.filter(connection_id=rule.connection_id, hold_until__gt=now).exists():
        return Delivery.objects.none()
    found = Delivery.moving().filter(rule=rule, next_try_at__lte=now)
    if not SyncRule.objects.filter(pk=rule.pk, direction__in=PUSHING).exists():
        found = found.filter(wanted=True)
    if quota.is_short(rule.connection.budget_key, now):
        found = found.exclude(_MAY_WAIT)
    return found


_MAY_WAIT = Q(Q(begun_at__isnull=False) | Q(backfill=True), state=State.OWED)


def unresolved(rule: SyncRule) -> bool:
    """Whether a write of this rule may have had an effect that is not known yet: then its rows are not read."""
    return Delivery.moving().filter(rule=rule, state__in=Delivery.UNRESOLVED).exists()


def push(rule: SyncRule, lease: Lease, is_over: Callable[[], bool]) -> int:
    """Send what is due of one rule, until all is sent or the slice is over.

    Returns how many deliveries were brought on. Raises LeaseLost.
    """
    if not rule.enabled or write_of(rule) is None or rule.synced_at is None or not _next(rule, 1):
        return 0
    try:
        with connector_for(rule.connection) as (connector, _):
            sender = Sender(rule, connector, lease)
            with Pool(sender.side.write.at_once, thread_name_prefix="push") as pool:
                return _send_all(sender, pool, is_over)
    except (SecretUnreadable, AddressRefused, ScopeError) as error:
        rule.connection.fail(str(error), Who.FIX_CONFIGURATION, relink=False)
        for delivery in due_of(rule, timezone.now()):
            outcomes.postpone(delivery, "configuration", str(error), 600)
        return 0


def _send_all(sender: Sender, pool: Executor, is_over: Callable[[], bool]) -> int:
    """What is due, portion by portion: the next is taken while the last one's calls are under way."""
    rule, write, count = sender.rule, sender.side.write, 0
    batch = Batch(sender, pool)
    while True:
        if deliveries := _next(rule, portion_of(rule, write)):
            count += len(deliveries)
            goes_on = batch.send(deliveries) if write.batch > 1 else sender.send(deliveries[0])
        else:
            goes_on = bool(batch.calls) and batch.finish()  # what came through may make more due
        # A long slice may use up what was left of the day.
        quota.note(rule.connection.budget_key, sender.connector.usage)
        if not goes_on or is_over():
            batch.finish()
            return count


def portion_of(rule: SyncRule, write: Write) -> int:
    """How many to take at once: a call's worth, or some calls', or a job's where thousands wait."""
    if write.bulk:
        above = settings.WRITE_IN_BULK_ABOVE
        if due_of(rule, timezone.now()).order_by(*_TURN)[above : above + 1].exists():
            return write.bulk
    return write.batch * write.at_once


def _next(rule: SyncRule, most: int) -> list[Delivery]:
    """The oldest that are due, those that a change owes first; none while the connection waits.

    Those of one bulk job stay together.
    """
    found = list(due_of(rule, timezone.now()).order_by(*_TURN).defer(*_UNREAD)[:most])
    if found and (job := _job_of(found[0])):
        found = list(Delivery.moving().filter(rule=rule, state=State.SENDING, job=job).order_by("id"))
    else:
        found = [delivery for delivery in found if not _job_of(delivery)]
    for delivery in found:
        delivery.know(rule=rule, connection=rule.connection)
    return found


_TURN = ("backfill", "id")
_UNREAD = (
    "message",
    "who",
    "created_at",
    "next_try_at",
    "sent_at",
    "closed_at",
    "closed_by",
    "wanted",
)
"""What nobody asks of a delivery that is about to be sent."""


def _job_of(delivery: Delivery) -> str:
    """The bulk job that it is on its way with, if it is."""
    return delivery.job if delivery.state == State.SENDING else ""
