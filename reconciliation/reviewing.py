"""Settling conflicts: a person says which value stands.

The route: a pending conflict, as the person saw it -> still the same? -> record written (`editing.edit`), the link's
base moved on to what the source has, so that the same difference is not met again -> conflict resolved, audited.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.dispatch import Signal
from django.utils import timezone

from portal import audit
from portal.models import User
from reconciliation.editing import RecordMovedOn, edit, typed
from reconciliation.entities import ENTITIES
from reconciliation.models import Conflict, Link

Outcome = Conflict.Outcome

always_chosen = Signal()
"""Sent with `conflict` and `outcome` when a person wants this field settled so for ever: rules live a floor above."""


class ConflictMovedOn(Exception):
    """The conflict is no longer what the person saw: settled meanwhile, or with another value from the source."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the person had in front of them: the source's value and the record's version."""

    remote_value: Any
    version: int


@transaction.atomic
def resolve(
    conflict_id: int,
    outcome: Conflict.Outcome,
    *,
    actor: User | None,
    value: Any = None,
    note: str = "",
    always: bool = False,
    seen: Seen | None = None,
) -> Conflict:
    """Settle one field. Raises ConflictMovedOn, RecordMovedOn, or editing.BadValue for a value that does not fit."""
    conflict = Conflict.objects.select_for_update().get(pk=conflict_id)
    _still_as_seen(conflict, seen)
    entity = ENTITIES[conflict.entity]
    chosen = {
        Outcome.REMOTE: conflict.remote_value,
        Outcome.PORTAL: conflict.portal_value,
        Outcome.OTHER: value,
    }[outcome]
    if outcome != Outcome.PORTAL:
        values = {conflict.field: typed(entity, conflict.field, chosen)}
        edit(
            entity, conflict.record_id, values, actor=actor, version=seen.version if seen else None, note=note
        )
    _agree(conflict)
    now = timezone.now()
    conflict.state, conflict.outcome, conflict.outcome_value = Conflict.State.RESOLVED, outcome, chosen
    conflict.actor, conflict.note, conflict.settled_at, conflict.updated_at = actor, note, now, now
    conflict.save()
    record = entity.objects.get(pk=conflict.record_id)
    audit.record(
        f"conflict.{outcome}", record, actor=actor, note=f"{conflict.field.replace('_', ' ')}. {note}".strip()
    )
    if always:
        always_chosen.send(sender=Conflict, conflict=conflict, outcome=outcome)
    return conflict


def _still_as_seen(conflict: Conflict, seen: Seen | None) -> None:
    if conflict.state != Conflict.State.PENDING:
        by = f" by {conflict.actor}" if conflict.actor else ""
        raise ConflictMovedOn(f"This difference was settled{by} while you looked at it. Nothing was written.")
    if seen is None:
        return
    if conflict.remote_value != seen.remote_value:
        raise ConflictMovedOn(
            "The source has changed the value again while you looked at it. Nothing was written."
        )
    entity = ENTITIES[conflict.entity]
    record = entity.objects.select_for_update().get(pk=conflict.record_id)
    if record.version != seen.version:
        raise RecordMovedOn(record)


def _agree(conflict: Conflict) -> None:
    """The source's value has been considered: only another change of it is news."""
    link = Link.objects.select_for_update().get(pk=conflict.link_id)
    base: Mapping[str, Any] = link.base
    Link.objects.filter(pk=link.pk).update(base={**base, conflict.field: conflict.remote_value})
