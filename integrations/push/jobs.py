"""Thousands of rows as a bulk job of the other system, which is asked again until it is over.

The route: items that are written down -> one job for the new rows, one for the changes -> their deliveries name it and
wait -> whoever has the rule then asks after it -> an answer for each row.
"""

from collections.abc import Sequence

from django.utils import timezone

from integrations.connectors.errors import RemoteError, Who
from integrations.models import Delivery
from integrations.push import outcomes
from integrations.push.placing import Item, writing_of
from integrations.push.sending import Sender

SOONEST, LATEST = 2.0, 60.0
"""Seconds between two questions after a job, which is asked again after half the time it has taken so far."""


def begin(sender: Sender, items: Sequence[Item]) -> bool:
    """Hand them over. Whether the connection may go on."""
    side = sender.side
    for operation in Delivery.Operation:
        some = [item for item in items if item.operation == operation]
        if not some:
            continue
        deliveries = [item.delivery for item in some]
        writings = [writing_of(side, item.delivery, item.body) for item in some]
        try:
            job = sender.connector.begin_bulk(side.declared, writings)
        except RemoteError as error:
            if not outcomes.failed_together(deliveries, error):
                return False
            continue
        outcomes.in_job(deliveries, job, SOONEST)
    return True


def ask(sender: Sender, deliveries: Sequence[Delivery]) -> "list[str | RemoteError] | None":
    """What the job says of each; None while it is at work. Raises RemoteError for what is not just silence."""
    job = deliveries[0].job
    writings = [writing_of(sender.side, delivery, {}) for delivery in deliveries]
    try:
        answers = sender.connector.end_bulk(sender.side.declared, job, writings)
    except RemoteError as error:
        if error.who is Who.RETRY_LATER:
            outcomes.in_job(deliveries, job, error.retry_after or LATEST)  # still on their way
        raise
    if answers is None:
        outcomes.in_job(deliveries, job, _wait_for(deliveries[0]))
    return answers


def _wait_for(delivery: Delivery) -> float:
    taken = (timezone.now() - delivery.sent_at).total_seconds() if delivery.sent_at else 0.0
    return min(LATEST, max(SOONEST, taken / 2))
