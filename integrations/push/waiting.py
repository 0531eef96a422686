"""Deliveries that wait for something a person or a pull brings: they are owed again the moment it is there."""

from typing import Any

from django.utils import timezone

from integrations.models import Connection, Delivery


def release(connection: Connection, reason: str) -> int:
    """Owe again what waits for this reason. What still lacks it will wait again. Returns how many."""
    waiting = Delivery.objects.filter(connection=connection, state=Delivery.State.NEEDS_PERSON, reason=reason)
    return waiting.update(state=Delivery.State.OWED, next_try_at=timezone.now(), refusals=0)


def on_change(entity: str, tenant_id: int, **_: Any) -> None:
    """Receives `reconciliation.changes.changed`: a new tag type may be the one that a delivery waits for."""
    from integrations.push import tags

    if entity == tags.ENTITY:
        for connection in Connection.objects.filter(tenant_id=tenant_id):
            release(connection, tags.REASON)
