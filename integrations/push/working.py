"""Work on what is owed: the deliveries of one rule, under its lease, so that no pull of it runs beside.

The route: a rule's due deliveries, oldest first -> `Sender.send` each, or `Batch.send` many where the system takes many
rows a call -> until none is due, the connection is silent, or the slice is over.
"""

import logging
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from integrations import quota
from integrations.calls import connector_for
from integrations.connectors.base import Write
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

log = logging.getLogger(__name__)
State = Delivery.State


def due(now: datetime) -> "QuerySet[Delivery]":
    """Deliveries whose time has come, of connections that are not waiting as a whole.

    A rule that only pulls sends what another record's delivery wants, and nothing else. While an account's calls of the
    day run short, what was tried before waits, and so does what no change owes (a first push).
    """
    found = Delivery.objects.filter(
        Q(wanted=True) | Q(rule__direction__in=PUSHING),
        state__in=(State.OWED, State.SENDING, State.UNKNOWN),
        next_try_at__lte=now,
    ).exclude(connection__outbox__hold_until__gt=now)
    if short := quota.short_keys(now):
        tried = Q(begun_at__isnull=False) | Q(backfill=True)
        found = found.exclude(tried & Q(state=State.OWED, connection__budget_key__in=short))
    return found


def unresolved(rule: SyncRule) -> bool:
    """Whether a write of this rule may have had an effect that is not known yet: then its rows are not read."""
    return Delivery.objects.filter(rule=rule, state__in=Delivery.UNRESOLVED).exists()


def push(rule: SyncRule, lease: Lease, until: float) -> int:
    """Send what is due of one rule. Returns how many deliveries were brought on. Raises LeaseLost."""
    if not rule.enabled or write_of(rule) is None or rule.synced_at is None or not _next(rule, 1):
        return 0
    try:
        with connector_for(rule.connection) as (connector, _):
            sender = Sender(rule, connector, lease)
            write = sender.side.write
            with ThreadPoolExecutor(write.at_once, thread_name_prefix="push") as pool:
                send = Batch(sender, pool).send if write.batch > 1 else partial(_one, sender)
                count = 0
                while deliveries := _next(rule, portion_of(rule, write)):
                    count += len(deliveries)
                    goes_on = send(deliveries)
                    # A long slice may use up what was left of the day.
                    quota.note(rule.connection.budget_key, connector.usage)
                    if not goes_on or time.monotonic() > until:
                        break
                return count
    except (SecretUnreadable, AddressRefused, ScopeError) as error:
        rule.connection.fail(str(error), Who.FIX_CONFIGURATION, relink=False)
        for delivery in due(timezone.now()).filter(rule=rule):
            outcomes.postpone(delivery, "configuration", str(error), 600)
        return 0


def _one(sender: Sender, deliveries: list[Delivery]) -> bool:
    return sender.send(deliveries[0])


def portion_of(rule: SyncRule, write: Write) -> int:
    """How many to take at once: a call's worth, or some calls', or a job's where thousands wait."""
    if write.bulk and _due(rule).count() > settings.WRITE_IN_BULK_ABOVE:
        return write.bulk
    return write.batch * write.at_once


def _next(rule: SyncRule, most: int) -> list[Delivery]:
    """The oldest that are due, those that a change owes first; none while the connection waits.

    Those of one bulk job stay together.
    """
    if Outbox.objects.filter(connection_id=rule.connection_id, hold_until__gt=timezone.now()).exists():
        return []
    first = _due(rule).order_by("backfill", "id").first()
    if first is None:
        return []
    on_its_way = Q(state=State.SENDING) & ~Q(job="")
    if first.state == State.SENDING and first.job:
        found = list(Delivery.objects.filter(on_its_way, rule=rule, job=first.job).order_by("id"))
    else:
        found = list(_due(rule).exclude(on_its_way).order_by("backfill", "id")[:most])
    for delivery in found:
        delivery.rule, delivery.connection = rule, rule.connection
    return found


def _due(rule: SyncRule) -> "QuerySet[Delivery]":
    return due(timezone.now()).filter(rule=rule)
