"""What was held here in the course of a torture: values by (entity, record, field), in order."""

from collections.abc import Sequence

from reconciliation.entities import ENTITIES
from reconciliation.models import Change

FIELDS = ("name", "street")
Place = tuple[str, int, str]


def values_of(tenant_id: int, entities: Sequence[str]) -> dict[Place, str]:
    """What stands here now."""
    return {
        (entity, record.pk, name): getattr(record, name)
        for entity in entities
        for record in ENTITIES[entity].objects.filter(tenant_id=tenant_id)
        for name in FIELDS
    }


def history(tenant_id: int, entities: Sequence[str], first: dict[Place, str]) -> dict[Place, list[str]]:
    """All that was held, from the `first` values on."""
    found = {place: [value] for place, value in first.items()}
    for change in Change.objects.filter(tenant_id=tenant_id, entity__in=entities).order_by("id"):
        for name in FIELDS:
            if name in change.fields:
                before, after = change.fields[name]
                found.setdefault((change.entity, change.record_id, name), [before]).append(after)
    return found
