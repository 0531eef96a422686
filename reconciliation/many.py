"""Many records made or changed together by a program, each as `adding` and `editing` would.

The route: values and references -> records, changes, audit entries -> announced once. A constant number of queries,
whatever the number of records; the caller's transaction holds it all together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils import timezone

from portal import audit
from reconciliation import bulk
from reconciliation.adding import held_by_new
from reconciliation.changes import announce
from reconciliation.editing import derived_of
from reconciliation.entities import Entity
from reconciliation.models import Change
from reconciliation.normalise import normal_form


@dataclass(frozen=True, slots=True)
class Values:
    """What a record is to hold: values by field, ids of other records by reference."""

    fields: Mapping[str, Any]
    references: Mapping[str, int | None] = field(default_factory=dict)

    @property
    def columns(self) -> dict[str, Any]:
        return {**self.fields, **{f"{name}_id": pk for name, pk in self.references.items()}}


@transaction.atomic
def add_many(entity: Entity, tenant_id: int, wanted: Sequence[Values], *, note: str = "") -> list[Any]:
    """Make a record of each, in this order. Raises KeyError for a name that is none."""
    if not wanted:
        return []
    now = timezone.now()
    stamps = {"tenant_id": tenant_id, "created_at": now, "updated_at": now, "edited_at": now}
    records = []
    for values in wanted:
        held = held_by_new(entity, values.fields, values.references)
        columns = Values({}, values.references).columns
        records.append(entity.model(**stamps, **held, **columns))
    entity.objects.bulk_create(records)
    _note(entity, tenant_id, Change.Kind.CREATED, [(record, {}) for record in records], note)
    return records


@transaction.atomic
def edit_many(
    entity: Entity, tenant_id: int, wanted: Mapping[int, Values], *, note: str = ""
) -> dict[int, dict[str, list[Any]]]:
    """Bring records, by id, to these values. Returns what changed, `{field: [before, after]}`, of those that did."""
    rows = entity.objects.select_for_update().filter(pk__in=sorted(wanted)).order_by("pk")
    changed = []
    for record in rows:
        columns = wanted[record.pk].columns
        before = normal_form({name: getattr(record, name) for name in columns})
        after = normal_form(columns)
        if moved := [name for name in columns if before[name] != after[name]]:
            for name in moved:
                setattr(record, name, columns[name])
            changed.append((record, {name: [before[name], after[name]] for name in moved}))
    _write(entity, [record for record, _ in changed], {name for _, moved in changed for name in moved})
    _note(entity, tenant_id, Change.Kind.UPDATED, changed, note)
    return {record.pk: moved for record, moved in changed}


def _write(entity: Entity, records: Sequence[Any], names: set[str]) -> None:
    """Set these columns with all that follows from them. The caller holds the rows' locks."""
    now = timezone.now()
    columns = [*sorted(names), *entity.derived, "updated_at", "edited_at", "version"]
    rows = []
    for record in records:
        values = {**derived_of(entity, record), "updated_at": now, "edited_at": now}
        values["version"] = record.version + 1
        rows.append((*[values[n] if n in values else getattr(record, n) for n in columns], record.pk))
    bulk.update(entity.model, columns, rows)


def _note(
    entity: Entity, tenant_id: int, kind: Change.Kind, rows: Sequence[tuple[Any, dict[str, Any]]], note: str
) -> None:
    """Changes and audit entries of these records; and whoever must know is told."""
    now = timezone.now()
    Change.objects.bulk_create(
        Change(tenant_id=tenant_id, entity=entity.name, record_id=record.pk, at=now, kind=kind, fields=moved)
        for record, moved in rows
    )
    audit.record_many(f"record.{kind}", rows, tenant_id=tenant_id, note=note)
    announce(entity.name, tenant_id, [record.pk for record, _ in rows])
