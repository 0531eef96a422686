"""What a system says of an entity's fields, asked once and kept for the mapping editor.

The route: the connector's `describe` -> `RemoteFields` of the rule -> both sides of the editor, its checks, and the
members that a pushed line may fill.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from django.db import transaction
from django.db.models import Count, Max
from django.db.models.functions import Length

from integrations.calls import connector_for
from integrations.connectors.base import RemoteField
from integrations.drift import watching
from integrations.mapping import can_push
from integrations.mapping.fitting import unmapped
from integrations.mappings import as_map, declaration, remote_fields
from integrations.models import FieldMapping, LineDirection, RemoteFields, SyncRule
from integrations.push.owing import pushes
from portal import audit
from reconciliation.entities import ENTITIES


def read_fields(rule: SyncRule) -> int:
    """Ask the system; returns how many fields it has. Raises RemoteError, Disconnected and what opening secrets does."""
    with connector_for(rule.connection) as (connector, _):
        found = connector.describe(declaration(rule))
    with transaction.atomic():
        _settle_directions(rule)
        keep_fields(rule, remote_fields(rule), found)
        audit.record("fields.read", rule, note=f"{len(found)} fields")
    return len(found)


@transaction.atomic
def keep_fields(rule: SyncRule, before: Sequence[RemoteField], found: Sequence[RemoteField]) -> None:
    """Store what the system says now; where it is not what it said before, that is drift."""
    RemoteFields.objects.update_or_create(rule=rule, defaults={"fields": [asdict(field) for field in found]})
    watching.described(rule, before, found)


def _settle_directions(rule: SyncRule) -> None:
    """A line that had no way out before its field was known to be writable does not get one unasked."""
    entity = declaration(rule)
    if entity.write is None or RemoteFields.objects.filter(rule=rule).exists():
        return
    for line in rule.mappings.filter(direction=LineDirection.BOTH):
        if line.part or not can_push(as_map(line), entity.write):
            FieldMapping.objects.filter(pk=line.pk).update(direction=LineDirection.PULL)


def warnings(rule: SyncRule, lines: list[FieldMapping]) -> list[str]:
    """What will go wrong with some records although each line is right: one sentence for each field."""
    if not pushes(rule):
        return []
    entity, described = declaration(rule), remote_fields(rule)
    own = [line for line in lines if not line.part]
    given = entity.write.references.values() if entity.write else ()
    found = [
        f"{field.label} ({field.path}) is required by {rule.connection.label}, and no line fills it: new records "
        "will be refused there until one does."
        for field in unmapped([as_map(line) for line in own], described, given)
    ]
    lengths = {field.path: field for field in described if field.length}
    for line in own:
        if (
            line.direction != LineDirection.PULL
            and line.transform in {"text", "trimmed"}
            and line.remote in lengths
        ):
            found += _too_long(rule, line.field, lengths[line.remote])
    return found


def _too_long(rule: SyncRule, name: str, field: Any) -> list[str]:
    entity = ENTITIES[rule.entity]
    if entity.fields.get(name) != "text":
        return []
    records = entity.objects.filter(tenant=rule.connection.tenant_id, active=True)
    longer = records.annotate(long=Length(name)).filter(long__gt=field.length)
    seen = longer.aggregate(count=Count("pk"), longest=Max("long"))
    if not seen["count"]:
        return []
    return [
        f"{field.label} ({field.path}) takes {field.length} characters; {seen['count']} {entity.label} "
        f"record{'s have' if seen['count'] > 1 else ' has'} a longer {name} (up to {seen['longest']})."
    ]
