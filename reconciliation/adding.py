"""A record made here, by a person or a program, that no source has sent.

The route: values and references -> defaults and derived values -> record, change, audit entry -> announced. It has
no link until a system has taken it.
"""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from portal import audit
from portal.models import User
from reconciliation.changes import announce
from reconciliation.entities import Entity
from reconciliation.models import Change, Record, Source


@transaction.atomic
def add(
    entity: Entity,
    tenant_id: int,
    values: Mapping[str, Any],
    references: Mapping[str, Record | None] | None = None,
    *,
    actor: User | None = None,
    source: Source | None = None,
    note: str = "",
) -> Any:
    """Create a record with `values` by field and `references` by name. Raises KeyError for a name that is none.

    `source` is the program that asked for it, where no person did.
    """
    references = references or {}
    held = held_by_new(entity, values, references)
    now = timezone.now()
    record = entity.objects.create(
        tenant_id=tenant_id, created_at=now, updated_at=now, edited_at=now, **held, **references
    )
    Change.objects.create(
        tenant_id=tenant_id,
        entity=entity.name,
        record_id=record.pk,
        at=now,
        kind=Change.Kind.CREATED,
        actor=actor,
        source=source,
        fields={},
    )
    audit.record("record.created", record, actor=actor, note=note)
    announce(entity.name, tenant_id, [record.pk])
    return record


def held_by_new(entity: Entity, values: Mapping[str, Any], references: Mapping[str, Any]) -> dict[str, Any]:
    """Every field of a new record: the values given, defaults and what follows from them. Raises KeyError."""
    unknown = (values.keys() - entity.fields.keys()) | (references.keys() - entity.references.keys())
    if unknown:
        raise KeyError(f"A {entity.label} has no {', '.join(sorted(unknown))}.")
    held = {**entity.defaults, **values, **entity.constants}
    if entity.derive:
        held.update(entity.derive(held))
    return held
