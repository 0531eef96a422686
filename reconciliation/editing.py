"""A person's or a program's change to one record: the only way to write one beside a pull.

The route: values -> compared with the record under a lock -> record, derived values, change, audit entry. Links
keep their base, so the next pull knows that only this side moved.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import models, transaction
from django.utils import timezone

from portal import audit
from portal.models import User
from reconciliation.changes import announce
from reconciliation.entities import ENTITIES, Entity
from reconciliation.models import Change
from reconciliation.normalise import normal_form


class RecordMovedOn(Exception):
    """The record was changed since the caller looked at it; nothing was written over."""

    def __init__(self, record: models.Model) -> None:
        super().__init__(
            f"{record} was changed while you looked at it. Nothing was written: look at it again."
        )
        self.record = record


class BadValue(ValueError):
    """A value that a field cannot hold, with what would do."""


@transaction.atomic
def edit(
    entity: Entity,
    record_id: int,
    values: Mapping[str, Any],
    *,
    actor: User | None = None,
    version: int | None = None,
    kind: Change.Kind = Change.Kind.UPDATED,
    note: str = "",
) -> Change | None:
    """Write `values` (by field, in the record's types) to one record. None if nothing differs.

    `version` is the record's version that the caller saw; RecordMovedOn if it is no longer that.
    """
    record = entity.objects.select_for_update().get(pk=record_id)
    if version is not None and record.version != version:
        raise RecordMovedOn(record)
    values = {**_following(entity, record, values), **values}
    before = normal_form({name: getattr(record, name) for name in values})
    after = normal_form(values)
    moved = {name: value for name, value in values.items() if before[name] != after[name]}
    if not moved:
        return None
    write(entity, record, moved)
    fields = {name: [before[name], after[name]] for name in moved}
    change = Change.objects.create(
        tenant_id=record.tenant_id,
        entity=entity.name,
        record_id=record_id,
        at=timezone.now(),
        kind=kind,
        actor=actor,
        fields=fields,
    )
    audit.record(f"record.{kind}", record, actor=actor, diff=fields, note=note)
    announce(entity.name, record.tenant_id, [record_id])
    return change


def _following(entity: Entity, record: Any, values: Mapping[str, Any]) -> dict[str, Any]:
    """What a person's value brings with it: a number typed for a contact is read as a source's would be."""
    led = {name: values.get(name, getattr(record, name)) for name in entity.leads}
    if entity.follows is None or all(led[name] == getattr(record, name) for name in led):
        return {}
    return entity.follows(led, record.tenant.phone_region)


def write(entity: Entity, record: models.Model, values: Mapping[str, Any]) -> None:
    """Set fields with all that follows from them, as one UPDATE. The caller holds the row's lock."""
    now = timezone.now()
    for name, value in values.items():
        setattr(record, name, value)
    entity.objects.filter(pk=record.pk).update(
        **values, **derived_of(entity, record), updated_at=now, edited_at=now, version=models.F("version") + 1
    )


def derived_of(entity: Entity, record: models.Model) -> dict[str, Any]:
    """What follows from the fields that the record holds."""
    if not entity.derive:
        return {}
    return entity.derive({name: getattr(record, name) for name in (*entity.fields, *entity.constants)})


def typed(entity: Entity, name: str, value: Any) -> Any:
    """A value in normal form (as JSON holds it, or as a person typed it) in the field's own type. Raises BadValue."""
    kind = entity.fields[name]
    if value is None or (value == "" and kind != "text"):
        return entity.defaults[name]
    try:
        return _READERS[kind](value)
    except (ValueError, TypeError, InvalidOperation):
        raise BadValue(f"“{value}” is no {_WORDS.get(kind, kind)} for {name.replace('_', ' ')}.") from None


def _boolean(value: Any) -> bool:
    words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    return value if isinstance(value, bool) else words[str(value).strip().casefold()]


def _timestamp(value: Any) -> datetime:
    found = datetime.fromisoformat(str(value))
    return found if found.tzinfo else found.replace(tzinfo=UTC)


_WORDS = {"decimal": "amount", "timestamp": "time", "boolean": "yes or no"}
_READERS: Mapping[str, Any] = {
    "text": str,
    "decimal": lambda value: Decimal(str(value)),
    "number": float,
    "integer": int,
    "boolean": _boolean,
    "timestamp": _timestamp,
    "json": lambda value: value,
}


def entity_of(record: models.Model) -> Entity:
    """The entity whose record this is."""
    for entity in ENTITIES.values():
        same_constants = all(getattr(record, name) == value for name, value in entity.constants.items())
        if isinstance(record, entity.model) and same_constants:
            return entity
    raise LookupError(f"{type(record).__name__} is no record.")
