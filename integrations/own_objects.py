"""Objects that an account made for itself, added to its connection: each gets a sync rule like any other.

The route: what the system lists -> a person chooses -> its describe -> a rule with the object's fields kept beside it
(`RemoteFields`), from which `mappings.declaration` makes the entity -> read, mapped and written like any other.
"""

from dataclasses import asdict

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from integrations import mappings
from integrations.calls import connector_for
from integrations.connectors.base import RemoteField, TellsObjects
from integrations.connectors.entity import Entity
from integrations.connectors.registry import CONNECTORS
from integrations.models import Connection, FieldMapping, RemoteFields, SyncRule
from portal import audit
from portal.models import User

GENERIC = "custom_record"


def may_have(connection: Connection) -> bool:
    """Whether its system has such objects."""
    return CONNECTORS[connection.system].declare is not None


def entities_for(connection: Connection) -> list[tuple[str, str]]:
    """What an object's rows may be here: (entity, words)."""
    copied = sorted(CONNECTORS[connection.system].copied)
    return [
        (GENERIC, "custom records of the portal"),
        *((name, f"copies of the portal's {name}s") for name in copied),
    ]


def own_entities(connection: Connection) -> list[Entity]:
    """The entities that the connection has declared itself."""
    rules = connection.rules.exclude(object="").select_related("connection")
    return [mappings.declaration(rule) for rule in rules]


def choices(connection: Connection) -> list[tuple[str, str]]:
    """Objects that the account has made and that are not added yet. Raises RemoteError, Disconnected and the like."""
    with connector_for(connection) as (connector, _):
        found = connector.objects() if isinstance(connector, TellsObjects) else []
    added = set(connection.rules.exclude(object="").values_list("object", flat=True))
    return sorted((pair for pair in found if pair[0] not in added), key=lambda pair: pair[1].casefold())


def add(connection: Connection, name: str, entity: str, *, user: User | None = None) -> SyncRule:
    """The object's rule; it reads, and writes once a person says so. Raises RemoteError, ValidationError."""
    if entity not in dict(entities_for(connection)):
        raise ValidationError(f"The portal keeps no {entity}.")
    with connector_for(connection) as (connector, _):
        fields = connector.describe(Entity(name=entity, scope=name, feed=name, mapping=()))
    return declare(connection, name, entity, fields, user=user)


@transaction.atomic
def declare(
    connection: Connection, name: str, entity: str, fields: list[RemoteField], *, user: User | None = None
) -> SyncRule:
    """The rule of an object whose describe is known; the one there is, where it was added before."""
    Connection.objects.select_for_update().get(pk=connection.pk)
    known = connection.rules.filter(object=name).first()
    if known is not None:
        return known
    if entity != GENERIC and (other := connection.rules.filter(entity=entity).first()):
        raise ValidationError(f"Copies of {entity}s go to {other.object or other.label} already.")
    last = connection.rules.aggregate(last=Max("position"))["last"] or 0
    rule = SyncRule.objects.create(
        connection=connection,
        entity=entity,
        object=name,
        position=last + 1,
        direction=SyncRule.Direction.PULL,
        due_at=timezone.now() if connection.synced_at else None,
    )
    RemoteFields.objects.create(rule=rule, fields=[asdict(field) for field in fields])
    if not mappings.declaration(rule).of_record:
        rule.system_of_record = SyncRule.SystemOfRecord.HUB
        rule.save(update_fields=["system_of_record"])
    FieldMapping.objects.bulk_create(mappings.default_lines(rule))
    audit.record("sync_rule.added", rule, actor=user, tenant=connection.tenant, note=name)
    return rule
