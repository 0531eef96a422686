"""What a new row refers to and its system does not know yet: waited for where it is on its way, else a person gives it.

The route: references without which the row cannot be created -> those that are missing there -> a create is asked for of
what only lives here -> the delivery waits for it, or for a person.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from integrations.models import Delivery
from integrations.push import lead_sources, outcomes, owing, timing
from integrations.push.sending import Sender
from integrations.push.sides import Side
from reconciliation.models import Link

WAIT_FOR_PARENT = 30.0
Waiting = tuple[Delivery, Any, list[str]]
"""A delivery, its record, and the references that its system does not know yet."""


def missing_of(side: Side, record: Any) -> list[str]:
    """References without which the row cannot be created, and that the system does not know yet."""
    return [name for name in side.needs if not side.parent_id(record, name)]


def wait_for(sender: Sender, delivery: Delivery, record: Any, missing: list[str]) -> None:
    """What is on its way is waited for; what is not, a person must give."""
    wait_together(sender, [(delivery, record, missing)])


def wait_together(sender: Sender, waiting: Sequence[Waiting]) -> None:
    """`wait_for` of many: a few queries for each reference that is missing."""
    left = []
    for delivery, record, missing in waiting:
        words = lead_sources.unmapped(sender.rule, record) if "campaign" in missing else ""
        if words:
            sender.outcomes.needs_person(delivery, lead_sources.REASON, words)
        else:
            left.append((delivery, record, missing))
    if not sender.dry:
        _want_parents(sender, _parents_of(left))
    wait(sender, left)


def _parents_of(waiting: Sequence[Waiting]) -> dict[str, set[int]]:
    """The records that are missing there, by the reference that leads to them."""
    found: dict[str, set[int]] = {}
    for _, record, missing in waiting:
        for name in missing:
            if (parent_id := getattr(record, f"{name}_id")) is not None:
                found.setdefault(name, set()).add(parent_id)
    return found


def wait(sender: Sender, waiting: Sequence[Waiting]) -> None:
    references = sender.side.entity.references
    coming = {
        (name, record_id)
        for name, ids in _parents_of(waiting).items()
        for record_id in Delivery.objects.filter(
            connection=sender.rule.connection, entity=references[name], record_id__in=ids, state__in=Delivery.OPEN
        ).values_list("record_id", flat=True)
    }  # fmt: skip
    label = sender.rule.connection.label
    for delivery, record, missing in waiting:
        words = ", ".join(name.replace("_", " ") for name in missing)
        if all((name, getattr(record, f"{name}_id")) in coming for name in missing):
            seconds = min(WAIT_FOR_PARENT, timing.current().first_wait)
            sender.outcomes.postpone(delivery, outcomes.WAITS, f"Waits until its {words} is there.", seconds)
        else:
            message = (
                f"{label} needs a {words} that it knows. Choose one here, or have it synced; then retry."
            )
            sender.outcomes.needs_person(delivery, "reference", message)


def _want_parents(sender: Sender, parents: Mapping[str, set[int]]) -> None:
    """What only lives here is created there first, although its rule may only pull: a booked job needs its customer."""
    connection = sender.rule.connection
    for name, ids in parents.items():
        rule = connection.rules.filter(entity=sender.side.entity.references[name], enabled=True).first()
        write = owing.write_of(rule) if rule is not None else None
        if rule is None or write is None or write.create is None:
            continue
        links = Link.objects.filter(source=connection.source_id, entity=rule.entity, record_id__in=ids)
        asked = rule.deliveries.filter(record_id__in=ids, wanted=True, state__in=Delivery.OPEN)
        known = {*links.values_list("record_id", flat=True), *asked.values_list("record_id", flat=True)}
        if new := ids - known:
            owing.want(rule, new)
