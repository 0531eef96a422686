"""Rows that become new records, and rows that are only remembered (waiting, or outside the scope)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any

from reconciliation import bulk
from reconciliation.changes import announce
from reconciliation.entities import ChildRows, Entity
from reconciliation.fates import Key, Placed
from reconciliation.intake import Intake
from reconciliation.models import Link
from reconciliation.normalise import dumps

LINK_NEWS = (
    "state",
    "fingerprint",
    "remote_modified_at",
    "waiting_for_entity",
    "waiting_for_id",
    "updated_at",
    "base",
    "payload",
)
LINK_VALUES = ("record_id", *LINK_NEWS)
_NEW_LINK = ("source_id", "entity", "external_id", "created_at", *LINK_VALUES)
_HOUSEKEEPING = (
    "id",
    "tenant_id",
    "external_id",
    "active",
    "source_created_at",
    "source_modified_at",
    "created_at",
    "updated_at",
    "version",
)
NOTHING = "{}"


def create(intake: Intake, now: datetime, placed: Sequence[Placed]) -> None:
    """Insert a record, its children and its link for each row."""
    if not placed:
        return
    entity, tenant_id, at = intake.entity, intake.source.tenant_id, bulk.stamp(now)
    ids = bulk.allocate_ids(entity.model, len(placed))
    never = intake.rule.never
    values = [record_values(entity, p, never) for p in placed]
    names = [*entity.fields, *entity.constants, *entity.derived, *(f"{n}_id" for n in entity.references)]
    own = itemgetter(*names)
    rows = [
        (
            record_id,
            tenant_id,
            p.row.external_id,
            p.row.active,
            p.row.created_at,
            p.row.modified_at,
            at,
            at,
            1,
            *own(value),
        )
        for record_id, p, value in zip(ids, placed, values, strict=True)
    ]
    bulk.insert(entity.model, (*_HOUSEKEEPING, *names), rows)
    if entity.children:
        insert_children(entity.children, zip(ids, placed, strict=True))
    states = [
        # The base is what the record holds, a default in place of each null: else every null would look edited.
        link_values(p, record_id, Link.State.LIVE, at, dumps(_agreed(p, value)))
        for record_id, p, value in zip(ids, placed, values, strict=True)
    ]
    write_links(intake, at, placed, states)
    announce(entity.name, tenant_id, list(ids), origin=intake.source)


def _agreed(placed: Placed, values: Mapping[str, Any]) -> dict[str, Any]:
    base = {name: values[name] for name in placed.row.fields}
    return base if placed.row.active else {**base, "active": False}


def remember(intake: Intake, now: datetime, state: Link.State, placed: Sequence[Placed]) -> None:
    """Write links without a record. What is outside the scope is remembered by its id alone, without payload."""
    keep = state == Link.State.WAITING
    write_links(
        intake, now, placed, [link_values(p, None, state, now, NOTHING, keep_payload=keep) for p in placed]
    )


def record_values(entity: Entity, placed: Placed, never: frozenset[str]) -> dict[str, Any]:
    """Every column of a new record that is not housekeeping; fields of `never` are not the source's to fill."""
    given = placed.row.fields
    if never:
        given = {name: value for name, value in given.items() if name not in never}
    values = filled(entity.defaults, given)
    values.update(entity.constants)
    if entity.derive:
        values.update(entity.derive(values))
    for name in entity.references:
        parent = placed.parents.get(name)
        values[f"{name}_id"] = parent.record_id if parent else None
    return values


def filled(defaults: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields with a default wherever the source gave none."""
    values = dict(defaults)
    for name, value in fields.items():
        if value is not None:
            values[name] = value
    return values


def insert_children(children: ChildRows, parents: Any) -> None:
    """Insert the nested rows of (record id, placed row) pairs."""
    names = list(children.fields)
    references = list(children.references)
    columns = (f"{children.parent}_id", "external_id", *names, *(f"{name}_id" for name in references))
    rows = []
    for record_id, placed in parents:
        for position, child in enumerate(placed.row.children):
            values = filled(children.defaults, child.fields)
            led = placed.child_parents[position] if references else {}
            rows.append(
                (record_id, child.external_id, *[values[n] for n in names], *[led.get(n) for n in references])
            )
    bulk.insert(children.model, columns, rows)


def link_values(
    placed: Placed,
    record_id: int | None,
    state: Link.State,
    now: datetime,
    base: str,
    *,
    keep_payload: bool = True,
) -> tuple[Any, ...]:
    """One row of `LINK_VALUES`."""
    row = placed.row
    entity, external_id = placed.missing or NO_KEY
    payload = row.payload if keep_payload else NOTHING
    if not keep_payload:
        entity, external_id = NO_KEY
    return (record_id, state, row.fingerprint, row.modified_at, entity, external_id, now, base, payload)


NO_KEY: Key = ("", "")


def write_links(
    intake: Intake, now: datetime, placed: Sequence[Placed], values: Sequence[tuple[Any, ...]]
) -> None:
    """Insert or update the link of each row with its `LINK_VALUES`."""
    new, known = [], []
    for p, state in zip(placed, values, strict=True):
        if p.link is None:
            new.append((intake.source.pk, intake.entity.name, p.row.external_id, now, *state))
        else:
            known.append((*state, p.link.id))
    bulk.insert(Link, _NEW_LINK, new)
    bulk.update(Link, LINK_VALUES, known)
