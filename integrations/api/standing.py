"""Where a record stands in each connected system, for answers."""

from datetime import datetime
from typing import Any

from ninja import Schema

from integrations.finding import Standing, standings_of


class Delivery(Schema):
    """The last write that was owed there. `reason` and `message` say why it waits, or why it failed."""

    state: str
    reason: str
    message: str
    next_try_at: datetime | None


class ConnectionState(Schema):
    """One system: `external_id` and `url` are empty while it does not know the record."""

    system: str
    name: str
    external_id: str
    url: str
    synced_at: datetime | None
    conflicts: int
    waits: str
    delivery: Delivery | None


def connections_of(entity: str, record: Any) -> list[ConnectionState]:
    """All connections of the record's tenant that sync this entity, in a fixed number of queries."""
    return [_shown(standing) for standing in standings_of(entity, record)]


def _shown(standing: Standing) -> ConnectionState:
    owed = standing.delivery
    return ConnectionState(
        system=standing.connection.system,
        name=standing.connection.label,
        external_id=standing.link.external_id if standing.link else "",
        url=standing.address,
        synced_at=standing.pulled_at,
        conflicts=standing.conflicts,
        waits=standing.waits,
        delivery=Delivery(
            state=owed.state, reason=owed.reason, message=owed.message, next_try_at=owed.next_try_at
        )
        if owed
        else None,
    )
