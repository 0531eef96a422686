"""What many deliveries would write: new rows with their bodies, changes of rows that are there, rows to take away.

The route: deliveries -> those whose rows an earlier try has made after all are tied to them -> records and links in a
few queries -> what has come to its end, waits or lacks something is noted -> an `Item` each for the rest.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from integrations.connectors.base import Writing
from integrations.connectors.entity import Row
from integrations.models import Delivery
from integrations.push import adopting, bodies, holding, outcomes, parents, timing
from integrations.push.sending import Sender
from integrations.push.sides import Side
from reconciliation.models import Link
from reconciliation.normalise import normal_form

State = Delivery.State


@dataclass(slots=True)
class Item:
    """One delivery with what it would write: a new row, or a change of the row of its link."""

    delivery: Delivery
    record: Any
    link: Link | None
    body: Row = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)

    @property
    def operation(self) -> Delivery.Operation:
        return Delivery.Operation.UPDATE if self.link else Delivery.Operation.CREATE


@dataclass(slots=True)
class Placed:
    """Rows to write, and rows of records that were taken away here."""

    items: list[Item] = field(default_factory=list)
    leaving: list[tuple[Delivery, Any, Link]] = field(default_factory=list)

    @property
    def is_new(self) -> bool:
        """Whether nothing there has to be read first."""
        return not self.leaving and not any(item.link for item in self.items)


def find_lost(sender: Sender, deliveries: Sequence[Delivery]) -> None:
    """Records whose rows an earlier try has made after all are tied to them: they are changed like others then.

    Raises RemoteError.
    """
    for delivery in deliveries:
        if delivery.state == State.SENDING:  # whoever was sending it is dead
            delivery.state = State.UNKNOWN
    side = sender.side
    unsure = [delivery for delivery in deliveries if delivery.state == State.UNKNOWN]
    links = side.links_of([delivery.record_id for delivery in unsure]) if unsure else {}
    lost = {adopting.key_of(side, one): one for one in unsure if one.record_id not in links}
    if not lost:
        return
    made = sender.connector.find_many(side.declared, list(lost)) if timing.protected else {}
    with transaction.atomic():
        sender.renew()
        for key, row in made.items():
            delivery = lost[key]
            adopting.tie(side, str(row[side.declared.id]), delivery.record_id, delivery.values)
    for key in lost.keys() - made.keys():
        lost[key].state = State.OWED  # it is not there; under the same key it would be the same row


def place(sender: Sender, deliveries: Sequence[Delivery]) -> Placed:
    """Each with its record and link; new rows with their bodies. The others have come to an end, or wait."""
    side = sender.side
    records = side.records([delivery.record_id for delivery in deliveries])
    links = side.links_of(list(records))
    new = [pk for pk in records if pk not in links]
    side.meet(records[pk] for pk in new)
    held = holding.held_back(sender.rule, new)
    placed, waiting = Placed(), []
    for delivery in deliveries:
        record, link = records.get(delivery.record_id), links.get(delivery.record_id)
        if sender.has_ended(delivery, record, link):
            continue
        if link is not None:
            if side.is_removed(record):
                placed.leaving.append((delivery, record, link))
                continue
        elif side.write.create is None:
            outcomes.needs_person(delivery, "no_create", f"A {side.entity.label} comes with its parent.")
            continue
        missing = parents.missing_of(side, record) if link is None else []
        if delivery.begun_at is None and (why := held.get(delivery.record_id)):
            outcomes.postpone(delivery, holding.REASON, why, holding.AGAIN)
        elif missing:
            waiting.append((delivery, record, missing))
        elif link is not None:
            placed.items.append(Item(delivery, record, link))
        elif item := _new(sender, delivery, record):
            placed.items.append(item)
    parents.wait_together(sender, waiting)
    return placed


def _new(sender: Sender, delivery: Delivery, record: Any) -> Item | None:
    """A new row with its body; None where something that it needs is not here at all."""
    values = sender.side.read(record)
    try:
        body, _ = bodies.body_of(sender, record, values)
    except bodies.CannotCreate as error:
        outcomes.needs_person(delivery, "incomplete", str(error))
        return None
    # What is empty here is agreed to be so as well: the row begins empty, but for what the system fills in itself.
    return Item(delivery, record, None, body, normal_form(values))


def writing_of(side: Side, delivery: Delivery, body: Row) -> Writing:
    """A delivery that was begun, as the connector takes it."""
    if delivery.operation == Delivery.Operation.UPDATE:
        return Writing(body, external_id=delivery.external_id)
    return Writing(body, key=adopting.key_of(side, delivery))
