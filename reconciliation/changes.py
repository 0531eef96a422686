"""Telling the floor above that records have changed, inside the transaction that changes them.

The route: whoever writes records calls `announce` -> receivers of `changed` write down what follows (a delivery
owed to another system) -> both are committed together, or neither.
"""

from collections.abc import Collection

from django.dispatch import Signal

from reconciliation.models import Source

changed = Signal()
"""Sent with `entity` (its name), `tenant_id`, `record_ids`, `origin` and `overruled`; see `announce`.

Receivers run in the caller's transaction and cost a constant number of queries, however many records there are.
"""


def announce(
    entity: str,
    tenant_id: int,
    record_ids: Collection[int],
    *,
    origin: Source | None = None,
    overruled: Collection[int] = (),
) -> None:
    """Say that these records hold other values than before. `origin` is the source the values came from.

    `overruled` are records whose value stood against `origin`'s: the origin has yet to hear of it.
    """
    if record_ids or overruled:
        changed.send(
            sender=None,
            entity=entity,
            tenant_id=tenant_id,
            record_ids=list(record_ids),
            origin=origin,
            overruled=list(overruled),
        )
