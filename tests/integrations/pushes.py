"""Edits here, deliveries worked here, and what the sandbox's journal says came of them."""

from datetime import timedelta

from django.utils import timezone

from integrations import leases
from integrations.models import Connection, Delivery, Outbox, SyncRule
from integrations.work import push_under
from reconciliation.editing import edit
from reconciliation.entities import ENTITIES


def both_ways(connection: Connection, *entities: str) -> None:
    connection.rules.filter(entity__in=entities).update(direction=SyncRule.Direction.BOTH)


def record(entity: str, external_id) -> object:
    return ENTITIES[entity].objects.get(external_id=str(external_id), **ENTITIES[entity].constants)


def change(entity: str, record_id: int, **values):
    return edit(ENTITIES[entity], record_id, values)


def push(connection: Connection, *entities: str) -> int:
    """Work on what is due of these rules, of all in order; returns how many deliveries were brought on."""
    rules = connection.rules.order_by("position")
    done = 0
    for rule in rules.filter(entity__in=entities) if entities else rules:
        lease = leases.take(rule.pk)
        try:
            done += push_under(lease, seconds=60)
        finally:
            leases.release(lease)
    return done


def time_passes(seconds: float = 10_000) -> None:
    """Every wait of a delivery or an outbox is over."""
    past = timezone.now() - timedelta(seconds=seconds)
    Delivery.objects.filter(next_try_at__isnull=False).update(next_try_at=past)
    Outbox.objects.update(hold_until=None)


def effects(control, table: str = "") -> list:
    """What the API's callers did, in order."""
    return [
        entry
        for entry in control.store.journal.entries
        if entry.by == "api" and entry.kind != "read" and (not table or entry.table == table)
    ]


def states(**lookup) -> list[str]:
    return list(Delivery.objects.filter(**lookup).order_by("id").values_list("state", flat=True))
