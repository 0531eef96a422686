"""Work on what is owed: the deliveries of one rule, under its lease, so that no pull of it runs beside.

The route: a rule's due deliveries, oldest first -> `Sender.send` each -> until none is due, the connection is silent,
or the slice is over.
"""

import logging
import time
from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils import timezone

from integrations.calls import connector_for
from integrations.connectors.errors import Who
from integrations.connectors.hosts import AddressRefused
from integrations.leases import Lease
from integrations.models import Delivery, Outbox, SyncRule
from integrations.push import outcomes
from integrations.push.owing import PUSHING, write_of
from integrations.push.sending import Sender
from integrations.scope import ScopeError
from portal.secrets import SecretUnreadable

log = logging.getLogger(__name__)
State = Delivery.State


def due(now: datetime) -> "QuerySet[Delivery]":
    """Deliveries whose time has come, of connections that are not waiting as a whole.

    A rule that only pulls sends what another record's delivery wants, and nothing else.
    """
    return Delivery.objects.filter(
        Q(wanted=True) | Q(rule__direction__in=PUSHING),
        state__in=(State.OWED, State.SENDING, State.UNKNOWN),
        next_try_at__lte=now,
    ).exclude(connection__outbox__hold_until__gt=now)


def unresolved(rule: SyncRule) -> bool:
    """Whether a write of this rule may have had an effect that is not known yet: then its rows are not read."""
    return Delivery.objects.filter(rule=rule, state__in=Delivery.UNRESOLVED).exists()


def push(rule: SyncRule, lease: Lease, until: float) -> int:
    """Send what is due of one rule. Returns how many deliveries were brought on. Raises LeaseLost."""
    if not rule.enabled or write_of(rule) is None or rule.synced_at is None or _next(rule) is None:
        return 0
    try:
        with connector_for(rule.connection) as (connector, _):
            sender = Sender(rule, connector, lease)
            count = 0
            while (delivery := _next(rule)) is not None:
                count += 1
                if not sender.send(delivery) or time.monotonic() > until:
                    break
            return count
    except (SecretUnreadable, AddressRefused, ScopeError) as error:
        rule.connection.fail(str(error), Who.FIX_CONFIGURATION, relink=False)
        for delivery in due(timezone.now()).filter(rule=rule):
            outcomes.postpone(delivery, "configuration", str(error), 600)
        return 0


def _next(rule: SyncRule) -> Delivery | None:
    if Outbox.objects.filter(connection_id=rule.connection_id, hold_until__gt=timezone.now()).exists():
        return None
    found = due(timezone.now()).filter(rule=rule).order_by("id").first()
    if found is not None:
        found.rule, found.connection = rule, rule.connection
    return found
