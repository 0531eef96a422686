"""Many records made or changed together by a program, each as `adding` and `editing` would.

The route: values and references -> records, changes, audit entries -> announced once. A constant number of queries,
whatever the number of records; the caller's transaction holds it all together.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils import timezone

from portal import audit
from reconciliation import bulk
from reconciliation.adding import held_by_new
from reconciliation.changes import announce
from reconciliation.editing import derived_of
from reconciliation.entities import ChildRows, Entity
from reconciliation.models import Change
from reconciliation.normalise import normal_form


@dataclass(frozen=True, slots=True)
class Values:
    """What a record is to hold: values by field, ids of other records by reference, and its nested rows.

    `children` None leaves those as they are.
    """

    fields: Mapping[str, Any]
    references: Mapping[str, int | None] = field(default_factory=dict)
    children: Sequence[Mapping[str, Any]] | None = None

    @property
    def columns(self) -> dict[str, Any]:
        return {**self.fields, **{f"{name}_id": pk for name, pk in self.references.items()}}

    def normal(self, entity: Entity) -> dict[str, Any]:
        """All of it in normal form, nested rows under their name."""
        found = normal_form(self.columns)
        if entity.children is not None and self.children is not None:
            found[entity.children.name] = normal_rows(entity.children, self.children)
        return found


def normal_rows(children: ChildRows, rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Nested rows in normal form, with what stands where nothing is given."""
    return [normal_form({**children.defaults, **row}) for row in rows]


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
    _write_children(entity, {r.pk: w.children for r, w in zip(records, wanted, strict=True) if w.children})
    _note(entity, tenant_id, Change.Kind.CREATED, [(record, {}) for record in records], note)
    return records


@transaction.atomic
def edit_many(
    entity: Entity, tenant_id: int, wanted: Mapping[int, Values], *, note: str = ""
) -> dict[int, dict[str, list[Any]]]:
    """Bring records, by id, to these values. Returns what changed, `{field: [before, after]}`, of those that did."""
    rows = list(entity.objects.select_for_update().filter(pk__in=sorted(wanted)).order_by("pk"))
    nested = _children_of(entity, [pk for pk, values in wanted.items() if values.children is not None])
    changed = []
    for record in rows:
        values = wanted[record.pk]
        before = normal_form({name: getattr(record, name) for name in values.columns})
        before |= nested.get(record.pk, {})
        after = values.normal(entity)
        if moved := [name for name in after if before[name] != after[name]]:
            for name in moved:
                if name in values.columns:
                    setattr(record, name, values.columns[name])
            changed.append((record, {name: [before[name], after[name]] for name in moved}))
    names = {name for _, moved in changed for name in moved}
    if entity.children is not None and entity.children.name in names:
        names.discard(entity.children.name)
        new = {record.pk for record, moved in changed if entity.children.name in moved}
        _write_children(entity, {pk: wanted[pk].children or () for pk in new})
    _write(entity, [record for record, _ in changed], names)
    _note(entity, tenant_id, Change.Kind.UPDATED, changed, note)
    return {record.pk: moved for record, moved in changed}


def _children_of(entity: Entity, record_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """The nested rows of these records in normal form, by record, under their name."""
    children = entity.children
    if children is None or not record_ids:
        return {}
    names = (*children.fields, *(f"{name}_id" for name in children.references))
    found: dict[int, list[Any]] = {pk: [] for pk in record_ids}
    rows = children.model._default_manager.filter(**{f"{children.parent}__in": record_ids})
    for row in rows:
        values = {name: getattr(row, name) for name in names}
        found[getattr(row, f"{children.parent}_id")].append(values)
    return {pk: {children.name: normal_rows(children, held)} for pk, held in found.items()}


def _write_children(entity: Entity, wanted: Mapping[int, Sequence[Mapping[str, Any]]]) -> None:
    """The nested rows of these records, by id, in the place of what there is."""
    children = entity.children
    if children is None or not wanted:
        return
    children.model._default_manager.filter(**{f"{children.parent}__in": list(wanted)}).delete()
    children.model._default_manager.bulk_create(
        children.model(**{f"{children.parent}_id": pk, **children.defaults, **row})
        for pk, rows in wanted.items()
        for row in rows
    )


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
