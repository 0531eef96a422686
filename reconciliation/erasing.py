"""Forgetting a source: which records live only through it, and taking those away with every trace of them.

The route: `census` (what goes and what stays, by entity; nothing is written) -> `erase`, portion by portion,
children before what they refer to -> `forget_links` for what is left of the source. Each portion is whole in its
transaction, and a later census leaves out what is gone: work that was cut off just goes on.

A record stays if another source knows it, if it was made in the portal, or if something that stays refers to it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import ForeignKey, Model, Q

from reconciliation import bulk
from reconciliation.entities import ENTITIES, Entity
from reconciliation.models import Change, Conflict, Link, MatchCandidate, Merge, Record, Source
from reconciliation.updating import CHANGE_COLUMNS

Ids = set[int]


@dataclass(frozen=True, slots=True)
class Share:
    """The records of one entity that a source has a link to: those that go with it, and those that stay."""

    entity: Entity
    goes: Ids
    stays: Ids


def census(source: Source) -> list[Share]:
    """What would become of each entity's records, in the order in which they are to be erased."""
    doomed: dict[type[Model], Ids] = {}
    made_here = _made_here(source)
    shares = []
    for model in CHILDREN_FIRST:
        entities = [entity for entity in ENTITIES.values() if entity.model is model]
        linked = _linked(source, [entity.name for entity in entities])
        kept = _known_elsewhere(source, entities) | _needed(model, source, doomed)
        kept |= {pk for entity in entities for pk in made_here.get(entity.name, ())}
        found = {entity.name: linked.get(entity.name, set()) for entity in entities}
        if entities[0].merges:
            _take_tombstones(entities[0], source, found, kept)
        doomed[model] = {pk for ids in found.values() for pk in ids} - kept
        shares += [Share(e, found[e.name] - kept, found[e.name] & kept) for e in entities]
    return shares


def _linked(source: Source, names: Sequence[str]) -> dict[str, Ids]:
    rows = Link.objects.filter(source=source, entity__in=names, record_id__isnull=False)
    found: dict[str, Ids] = {}
    for name, pk in rows.values_list("entity", "record_id").iterator():
        found.setdefault(name, set()).add(int(pk or 0))
    return found


def _known_elsewhere(source: Source, entities: Sequence[Entity]) -> Ids:
    others = Source.objects.filter(tenant=source.tenant_id).exclude(pk=source.pk)
    rows = Link.objects.filter(source__in=others, entity__in=[e.name for e in entities])
    return {pk for pk in rows.values_list("record_id", flat=True).distinct() if pk is not None}


def _made_here(source: Source) -> dict[str, Ids]:
    """A pull leaves no “created” in the log of changes: whatever does was made by a person or a program here."""
    rows = Change.objects.filter(tenant=source.tenant_id, kind=Change.Kind.CREATED)
    found: dict[str, Ids] = {}
    for name, pk in rows.exclude(source=source).values_list("entity", "record_id"):
        found.setdefault(name, set()).add(pk)
    return found


def _needed(model: type[Model], source: Source, doomed: Mapping[type[Model], Ids]) -> Ids:
    """Records that something which stays refers to. Whatever refers to `model` was decided before it."""
    found: Ids = set()
    for owner, rows, path, column in _REFERENCES[model]:
        tenant = f"{path}__tenant" if path else "tenant"
        holds = rows._default_manager.filter(**{tenant: source.tenant_id, f"{column}__isnull": False})
        pairs = holds.values_list(f"{path}_id" if path else "pk", column)
        going = doomed[owner]
        found.update(target for pk, target in pairs.iterator() if pk not in going)
    return found


def _take_tombstones(entity: Entity, source: Source, found: dict[str, Ids], kept: Ids) -> None:
    """What was merged into a record shares its fate; one that must stay holds its survivor."""
    merged = entity.objects.filter(tenant=source.tenant_id, merged_into__isnull=False)
    into = dict(merged.values_list("pk", "merged_into_id"))
    for tombstone in kept & into.keys():
        survivor = tombstone
        while survivor in into:
            survivor = into[survivor]
            kept.add(survivor)
    going = found[entity.name] - kept
    for tombstone in into.keys() - kept:
        survivor = tombstone
        while survivor in into:
            survivor = into[survivor]
        if survivor in going:
            found[entity.name].add(tombstone)


def erase(source: Source, entity: Entity, ids: Iterable[int]) -> int:
    """Take these records away with their links, changes, conflicts and merges. Returns how many went.

    The caller holds the transaction. One that another source has learnt of meanwhile stays.
    """
    wanted = set(ids)
    links = Link.objects.filter(entity=entity.name, record_id__in=wanted)
    wanted -= set(links.exclude(source=source).values_list("record_id", flat=True))
    Change.objects.filter(entity=entity.name, record_id__in=wanted).delete()
    Link.objects.filter(entity=entity.name, record_id__in=wanted).delete()
    rows = entity.objects.filter(pk__in=wanted)
    if entity.merges:
        pairs = Q(left_id__in=wanted) | Q(right_id__in=wanted)
        MatchCandidate.objects.filter(pairs, entity=entity.name).delete()
        Merge.objects.filter(entity=entity.name, survivor_id__in=wanted).delete()
        rows.update(merged_into=None)
    rows.delete()
    return len(wanted)


def forget_conflicts(source: Source) -> None:
    """What was disputed with a source that is no longer there has no other side."""
    Conflict.objects.filter(link__source=source).delete()


def forget_links(source: Source) -> None:
    """Links that lead to no record go; those to records that stay keep their ids, frozen, and lose the payload.

    By its id a record is found again should the source be connected once more.
    """
    links = Link.objects.filter(source=source)
    links.filter(record_id=None).delete()
    links.filter(state=Link.State.LIVE).update(state=Link.State.FROZEN)
    links.update(payload={}, fingerprint=0, waiting_for_entity="", waiting_for_id="")


def freeze_after(source: Source, at: int, portion: int, now: datetime) -> tuple[int, dict[str, int]]:
    """Freeze the next links after link number `at`: the number reached (0: no more) and how many, by entity.

    The caller holds the transaction.
    """
    rows = Link.objects.filter(source=source, pk__gt=at).order_by("pk")
    links = list(rows.values_list("pk", "entity", "record_id", "state")[:portion])
    live = [row for row in links if row[3] == Link.State.LIVE]
    bulk.update(Link, ("state", "updated_at"), [(Link.State.FROZEN, now, row[0]) for row in live])
    bulk.insert(
        Change,
        CHANGE_COLUMNS,
        [
            (source.tenant_id, entity, record_id, now, Change.Kind.FROZEN, source.pk, None, None, "{}")
            for _, entity, record_id, _ in live
            if record_id is not None
        ],
    )
    frozen: dict[str, int] = {}
    for _, entity, _, _ in live:
        frozen[entity] = frozen.get(entity, 0) + 1
    return (links[-1][0] if len(links) == portion else 0), frozen


Reference = tuple[type[Model], type[Model], str, str]
"""(model that owns the row, model of the row, path from row to owner or "", column that refers)"""


def _references() -> dict[type[Model], list[Reference]]:
    """All that refers to each model of records, but for merges."""
    found: dict[type[Model], list[Reference]] = {entity.model: [] for entity in ENTITIES.values()}
    for owner in found:
        for column, target in _columns(owner):
            if target is not owner:
                found[target].append((owner, owner, "", column))
    for entity in ENTITIES.values():
        if entity.children:
            for column, target in _columns(entity.children.model):
                if target is not entity.model:
                    found[target].append(
                        (entity.model, entity.children.model, entity.children.parent, column)
                    )
    return found


def _columns(model: type[Model]) -> list[tuple[str, Any]]:
    return [
        (field.attname, field.related_model)
        for field in model._meta.concrete_fields
        if isinstance(field, ForeignKey) and issubclass(field.related_model, Record)
    ]


def _children_first() -> tuple[type[Model], ...]:
    """Each model after everything that refers to it."""
    left, order = dict(_REFERENCES), []
    while left:
        free = [model for model, refs in left.items() if not any(owner in left for owner, *_ in refs)]
        order += free
        for model in free:
            del left[model]
    return tuple(order)


_REFERENCES = _references()
CHILDREN_FIRST = _children_first()
