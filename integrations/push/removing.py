"""A record that was taken away here: its row is taken away there, where the system lets us.

The route: row read again -> gone already, and nothing is left to do -> else written down -> taken away -> agreed, so
that the next pull finds nothing new. After an answer that never came the row is looked at again: doing it twice is
harmless, and not doing it shows.
"""

from typing import Any

from django.db import transaction

from integrations.models import Delivery
from integrations.push import outcomes, silence
from integrations.push.sending import FROZEN, Sender, agree
from reconciliation.models import Link

State = Delivery.State


def remove(sender: Sender, delivery: Delivery, record: Any, link: Link) -> None:
    """Take the record's row away there. Raises RemoteError."""
    declared, parent = sender.side.declared, sender.parent_of(record)
    row = sender.connector.read(declared, link.external_id, parent)
    if row is None or row.get("active") is False:
        done = delivery.state in Delivery.UNRESOLVED
        message = "Found to be gone." if done else "It was gone there already."
        return _agree(sender, delivery, link, State.DONE if done else State.NOT_NEEDED, message)
    if why := sender.side.frozen(row):
        return sender.outcomes.close(delivery, State.NOT_NEEDED, why, reason=FROZEN)
    if outcomes.tired(delivery):
        message = "It is still there, and each try ended without an answer."
        return sender.outcomes.needs_person(delivery, "no_answer", message)
    sender.begin(delivery, Delivery.Operation.REMOVE, {}, {"active": [True, False]})
    sender.connector.remove(declared, row, parent=parent)
    return _agree(sender, delivery, link, State.DONE)


def _agree(sender: Sender, delivery: Delivery, link: Link, state: Delivery.State, message: str = "") -> None:
    with transaction.atomic():
        sender.renew()
        if not sender.dry:
            agree(link, {"active": False})
            delivery.external_id = link.external_id
        sender.outcomes.close(delivery, state, message, reason="" if state == State.DONE else "same")
    silence.answered(sender.rule.connection)
