"""What a person does about deliveries that wait for one: retries them, as they are or corrected, or gives up."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from integrations import waking
from integrations.models import Connection, Delivery, SyncRule
from integrations.push import owing
from integrations.push.owing import write_of
from portal import audit
from portal.models import User
from reconciliation.editing import edit, typed
from reconciliation.entities import ENTITIES

State = Delivery.State


def retry(deliveries: "QuerySet[Delivery]", *, user: User | None) -> int:
    """Owe them again, now. Those that are on their way or closed are left alone. Returns how many."""
    with transaction.atomic():
        wanted = _waiting(deliveries)
        count = _by_connection(wanted)
        wanted.update(state=State.OWED, next_try_at=timezone.now(), refusals=0, silences=0)
        for connection_id in count:
            waking.at_commit(connection_id)
        _note("deliveries.retried", count, user)
    return count.total()


def replay(deliveries: "QuerySet[Delivery]", *, user: User | None) -> int:
    """Send again: those that wait are retried, and of those that are closed another one is owed. What the other side
    has already is recognised there, and sent to it no second time. Returns how many records that concerns."""
    with transaction.atomic():
        count = retry(deliveries, user=user)
        closed = deliveries.filter(state__in=(State.DONE, State.NOT_NEEDED, State.GIVEN_UP)).order_by()
        again: Counter[int] = Counter()
        for rule_id in set(closed.values_list("rule_id", flat=True)):
            rule = SyncRule.objects.select_related("connection").get(pk=rule_id)
            ids = set(closed.filter(rule=rule_id).values_list("record_id", flat=True))
            open_ = Delivery.objects.filter(
                connection=rule.connection_id, entity=rule.entity, state__in=Delivery.OPEN
            )
            ids -= set(open_.filter(record_id__in=ids).values_list("record_id", flat=True))
            if ids and owing.pushes(rule):
                owing.want(rule, ids)
                again[rule.connection_id] += len(ids)
        _note("deliveries.replayed", again, user)
    return count + again.total()


def give_up(deliveries: "QuerySet[Delivery]", *, user: User | None) -> int:
    """Close them undelivered: the two sides stay different until somebody edits the record again."""
    with transaction.atomic():
        wanted = _waiting(deliveries)
        count = _by_connection(wanted)
        wanted.update(state=State.GIVEN_UP, closed_at=timezone.now(), closed_by=user, next_try_at=None)
        _note("deliveries.given_up", count, user)
    return count.total()


def edit_and_retry(delivery: Delivery, texts: Mapping[str, str], *, user: User | None) -> None:
    """Correct the record, which owes the delivery again. Raises `editing.BadValue`."""
    entity = ENTITIES[delivery.entity]
    values: dict[str, Any] = {name: typed(entity, name, text) for name, text in texts.items()}
    with transaction.atomic():
        edit(entity, delivery.record_id, values, actor=user, note="Corrected so that it can be delivered")
        retry(Delivery.objects.filter(pk=delivery.pk), user=user)


def editable(delivery: Delivery) -> dict[str, Any]:
    """The fields a person may correct: those of the last try, or all that can be written; with their values now."""
    from integrations.push.sides import side_of

    record = ENTITIES[delivery.entity].objects.filter(pk=delivery.record_id).first()
    if record is None or delivery.state != State.NEEDS_PERSON or write_of(delivery.rule) is None:
        return {}
    side = side_of(delivery.rule)
    held = side.held(record)
    simple = [
        name
        for name in side.outward.names
        if side.entity.fields.get(name) in {"text", "decimal", "boolean", "timestamp"}
    ]
    names = [name for name in simple if name in delivery.values] or simple
    return {name: held[name] for name in names}


def _waiting(deliveries: "QuerySet[Delivery]") -> "QuerySet[Delivery]":
    ids = deliveries.order_by().values("pk")
    return Delivery.objects.filter(pk__in=ids, state__in=(State.NEEDS_PERSON, State.OWED)).order_by()


def _by_connection(deliveries: "QuerySet[Delivery]") -> Counter[int]:
    return Counter(deliveries.values_list("connection_id", flat=True))


def _note(action: str, count: Counter[int], user: User | None) -> None:
    connections = Connection.objects.select_related("tenant").in_bulk(list(count))
    for pk, number in count.items():
        words = f"{number} deliver{'ies' if number > 1 else 'y'}"
        audit.record(action, connections[pk], actor=user, tenant=connections[pk].tenant, note=words)
