"""A record that the other side does not have yet: created there once, with what has to come along.

The route: references resolved (`parents`) -> body with its parts (`bodies`) -> key and body written down -> created ->
`adopting`. After an answer that never came: looked for by key, or among its siblings, and adopted where it is found.
"""

from contextlib import suppress
from typing import Any

from integrations.connectors.registry import CONNECTORS
from integrations.models import Delivery
from integrations.push import holding, outcomes, timing
from integrations.push.adopting import adopt, key_of, look_up
from integrations.push.bodies import CannotCreate, body_of
from integrations.push.converting import convert
from integrations.push.parents import missing_of, wait, wait_for
from integrations.push.sending import Sender
from integrations.push.sides import Side

State = Delivery.State


def create(sender: Sender, delivery: Delivery, record: Any) -> None:
    """Create the record there, or find out that it is there already. Raises RemoteError."""
    side = sender.side
    if side.write.create is None:
        return _comes_along(sender, delivery, record)
    if sender.rule.becomes and sender.rule.becomes == side.write.becomes and delivery.begun_at is None:
        return convert(sender, delivery, record)
    parent = sender.parent_of(record)
    if side.is_removed(record) and delivery.begun_at is None:
        return sender.outcomes.close(
            delivery, State.NOT_NEEDED, "Taken away before it was sent.", reason="gone"
        )
    if not _may_begin(sender, delivery, record):
        return None
    if timing.protected and (found := look_up(sender, delivery, record, parent)) is not None:
        if not delivery.operation:
            _as_if_sent(sender, delivery, record)
        return adopt(sender, delivery, record, side.declared.id_of(found), parent, found)
    return _anew(sender, delivery, record, parent)


def _as_if_sent(sender: Sender, delivery: Delivery, record: Any) -> None:
    """It was sent after the backup that this database was restored from: with what, nobody wrote down here. What it would
    be now tells its parts apart; where the row differs, that is the row's later change."""
    delivery.values = sender.side.begun(record)
    with suppress(CannotCreate):
        _, delivery.parts = body_of(sender, record, sender.side.read(record))


def _may_begin(sender: Sender, delivery: Delivery, record: Any) -> bool:
    """Whether nothing holds it back, and all that it refers to is there; else its delivery waits."""
    is_open = delivery.state != State.UNKNOWN  # what may be there already is found out first
    if is_open and (why := holding.held_back(sender.rule, [record.pk])):
        sender.outcomes.postpone(delivery, holding.REASON, why[record.pk], holding.AGAIN)
        return False
    if missing := missing_of(sender.side, record):
        wait_for(sender, delivery, record, missing)
        return False
    return True


def _comes_along(sender: Sender, delivery: Delivery, record: Any) -> None:
    """It is made with the record it belongs to or not at all: while that one is on its way, so is this one."""
    if missing := [name for name in _owners(sender.side, record) if not sender.side.parent_id(record, name)]:
        return wait(sender, [(delivery, record, missing)])
    label, one = sender.rule.connection.label, sender.side.entity.label
    message = (
        f"{label} makes no {one} by itself: it comes with the record it belongs to, which is there already."
    )
    return sender.outcomes.needs_person(delivery, "no_create", message)


def _owners(side: Side, record: Any) -> list[str]:
    """The record's references to what it comes along with when that is created."""
    declared = CONNECTORS[side.rule.connection.system].entities.values()
    parts = [part for owner in declared if owner.write for part in owner.write.parts]
    found = {part.reference for part in parts if part.entity == side.rule.entity}
    return sorted(name for name in found if getattr(record, f"{name}_id"))


def _anew(sender: Sender, delivery: Delivery, record: Any, parent: str) -> None:
    """It is certain that nothing is there yet, or as good as certain: send it."""
    if delivery.state == State.UNKNOWN and delivery.reason == outcomes.NOT_SEEN:
        return outcomes.not_seen(delivery)
    if sender.side.is_removed(record):
        return sender.outcomes.close(
            delivery, State.NOT_NEEDED, "Taken away before it came there.", reason="gone"
        )
    if outcomes.tired(delivery):
        message = "It is not there, and each try ended without an answer."
        return sender.outcomes.needs_person(delivery, "no_answer", message)
    if objection := sender.side.objection(record):
        return sender.outcomes.needs_person(delivery, "objection", objection)
    try:
        body, parts = body_of(sender, record, sender.side.read(record))
    except CannotCreate as error:
        return sender.outcomes.needs_person(delivery, "incomplete", str(error))
    sender.begin(delivery, Delivery.Operation.CREATE, body, sender.side.begun(record), parts)
    key = key_of(sender.side, delivery)
    external_id = sender.connector.create(sender.side.declared, body, key=key, parent=parent)
    return adopt(sender, delivery, record, external_id, parent)
