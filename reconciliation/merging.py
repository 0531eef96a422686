"""Joining records into one, and taking that back at any later time.

The route of a merge: rows locked -> everything that points at a loser moves to the survivor, each row noted
(`MergeMove`) -> the survivor's chosen values -> losers become tombstones that point at it. All in one transaction.
The route back: each noted row returns if it still stands where the merge, or a later merge, put it; fields return
if they still hold what the merge wrote; the rest keeps its later value and is named.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.utils import timezone

from portal import audit
from portal.models import User
from reconciliation import bulk, relations
from reconciliation.changes import announce
from reconciliation.editing import RecordMovedOn, typed, write
from reconciliation.entities import ENTITIES, Entity
from reconciliation.models import Change, Link, MatchCandidate, Merge, MergeMove, Record, Source
from reconciliation.normalise import normal_form
from reconciliation.relations import Relation

audit.register_action("record.merged", "merged {note} into {target}")
audit.register_action("record.unmerged", "undid a merge into {target}")

MOST = 5
LINK = Link._meta.label


class CannotMerge(ValueError):
    """A merge that would lose or mix something, with the reason."""


def merge(
    entity: Entity,
    survivor_id: int,
    loser_ids: Sequence[int],
    values: Mapping[str, Any] | None = None,
    *,
    actor: User | None = None,
    source: Source | None = None,
    note: str = "",
    now: datetime | None = None,
    versions: Mapping[int, int] | None = None,
) -> Merge:
    """Join two to five records. `values` are the survivor's fields that should change.

    `versions` are the records' versions that the caller saw. Raises CannotMerge, or RecordMovedOn for one that is
    no longer at that version; nothing is written then.
    """
    now = now or timezone.now()
    with transaction.atomic():
        survivor, losers = _locked(entity, survivor_id, loser_ids)
        for record in (survivor, *losers):
            if versions is not None and versions.get(record.pk) != record.version:
                raise RecordMovedOn(record)
        changed = _changed(survivor, values or {})
        act = Merge.objects.create(
            tenant_id=survivor.tenant_id,
            entity=entity.name,
            survivor_id=survivor_id,
            at=now,
            actor=actor,
            source=source,
            note=note,
            before={str(r.pk): snapshot(entity, r) for r in (survivor, *losers)},
            after=normal_form(changed),
        )
        ids = [loser.pk for loser in losers]
        for relation in relations.of(entity):
            # A source that merged has united the contacts itself and will say which are gone.
            rows = relation.moving(survivor_id, ids) if source is None else relation.all(ids)
            _move(act, relation, rows, survivor_id)
        _move_links(act, entity, ids, now)
        if changed:
            write(entity, survivor, changed)
        _bury(entity, ids, survivor_id, now)
        _candidates(act, MatchCandidate.State.OPEN, MatchCandidate.State.MERGED)
        _note(act, Change.Kind.MERGED, ids, actor, source, now)
        if source is None:
            names = ", ".join(str(loser) for loser in losers)
            audit.record("record.merged", survivor, actor=actor, diff=_diff(act), note=names)
        announce(entity.name, act.tenant_id, [survivor_id, *ids], origin=source)
    return act


def _locked(entity: Entity, survivor_id: int, loser_ids: Sequence[int]) -> tuple[Any, list[Any]]:
    """The rows, locked in the order of their ids so that two merges never wait for each other."""
    if not entity.merges:
        raise CannotMerge(f"{entity.plural.capitalize()} cannot be merged.")
    ids = {survivor_id, *loser_ids}
    if len(ids) != len(loser_ids) + 1 or not 2 <= len(ids) <= MOST:
        raise CannotMerge(f"Choose two to {MOST} different {entity.plural}.")
    rows = entity.objects.select_for_update().filter(pk__in=ids).order_by("pk")
    found: dict[int, Any] = {row.pk: row for row in rows}
    if len(found) != len(ids):
        raise CannotMerge(f"One of these {entity.plural} no longer exists.")
    if len({row.tenant_id for row in found.values()}) != 1:
        raise CannotMerge(f"{entity.plural.capitalize()} of different merchants cannot be merged.")
    if gone := [row for row in found.values() if row.merged_into_id]:
        raise CannotMerge(f"{gone[0]} was merged already. Open the one it was merged into.")
    if blocked := relations.blocking(entity, list(loser_ids)):
        raise CannotMerge(
            f"Rows of {', '.join(blocked)} point at a {entity.label} and a merge does not know them."
        )
    return found[survivor_id], [found[pk] for pk in loser_ids]


def _changed(survivor: Any, values: Mapping[str, Any]) -> dict[str, Any]:
    before = normal_form({name: getattr(survivor, name) for name in values})
    after = normal_form(values)
    return {name: value for name, value in values.items() if before[name] != after[name]}


def snapshot(entity: Entity, record: Any) -> dict[str, Any]:
    """A record's fields in normal form."""
    return normal_form({name: getattr(record, name) for name in (*entity.fields, "active")})


def _move(act: Merge, relation: Relation, rows: Iterable[tuple[int, int]], to: int) -> None:
    moved = list(rows)
    if not moved:
        return
    _note_moves(act, relation.model._meta.label, relation.field, [(pk, old, "") for pk, old in moved])
    bulk.update(relation.model, (relation.field,), [(to, pk) for pk, _ in moved])


def _move_links(act: Merge, entity: Entity, losers: list[int], now: datetime) -> None:
    """The losers' links lead to the survivor.

    One at a source where the survivor stands no longer writes to it (`reconciliation.updating`): that source has
    two rows of it. At a source where it does not stand yet the loser's row is its row from now on.
    """
    links = Link.objects.filter(entity=entity.name, record_id__in=losers)
    rows = list(links.order_by("pk").values_list("pk", "record_id", "state", "source_id"))
    _note_moves(act, LINK, "record_id", [(pk, old, state) for pk, old, state, _ in rows])
    own = Link.objects.filter(entity=entity.name, record_id=act.survivor_id, state=Link.State.LIVE)
    stands = {*own.values_list("source_id", flat=True), act.source_id}
    kept = set()
    for pk, _, state, source_id in rows:
        if state == Link.State.LIVE and source_id not in stands:
            stands.add(source_id)
            kept.add(pk)
    links.exclude(pk__in=kept).update(state=Link.State.MERGED)
    links.update(record_id=act.survivor_id, updated_at=now)


def _note_moves(act: Merge, model: str, name: str, rows: Sequence[tuple[int, int | None, str]]) -> None:
    columns = ("merge_id", "model", "field", "row_id", "from_id", "state")
    bulk.insert(MergeMove, columns, [(act.pk, model, name, pk, old, state) for pk, old, state in rows])


def _bury(entity: Entity, losers: list[int], survivor: int, now: datetime) -> None:
    tombstone: dict[str, Any] = {"active": False, "merged_into": survivor, "updated_at": now}
    rows = entity.objects.filter(pk__in=losers)
    rows.update(**tombstone, version=models.F("version") + 1)


def _diff(act: Merge) -> dict[str, list[Any]]:
    """The survivor's fields that the merge set: (before, after)."""
    before = act.before[str(act.survivor_id)]
    return {name: [before[name], value] for name, value in act.after.items()}


def _candidates(act: Merge, before: MatchCandidate.State, after: MatchCandidate.State) -> None:
    """Pairs among the records of a merge are decided by it, and open again with its undo."""
    ids = [int(pk) for pk in act.before]
    pairs = MatchCandidate.objects.filter(entity=act.entity, left_id__in=ids, right_id__in=ids, state=before)
    pairs.update(state=after)


def _note(
    act: Merge,
    kind: Change.Kind,
    losers: Iterable[int],
    actor: User | None,
    source: Source | None,
    now: datetime,
) -> None:
    """A change on the survivor with its fields, and one on each loser."""
    fields = _diff(act)
    if kind == Change.Kind.UNMERGED:
        fields = {name: [new, old] for name, (old, new) in fields.items()}
    entries = [(act.survivor_id, {**fields, "merge": [None, act.pk]})]
    pointers = [None, act.survivor_id] if kind == Change.Kind.MERGED else [act.survivor_id, None]
    entries += [(pk, {"merged_into": pointers}) for pk in losers]
    Change.objects.bulk_create(
        Change(
            tenant_id=act.tenant_id,
            entity=act.entity,
            record_id=pk,
            at=now,
            kind=kind,
            actor=actor,
            source=source,
            fields=values,
        )
        for pk, values in entries
    )


@dataclass(slots=True)
class Undone:
    """What an undo gave back, and what it left because it was changed since: (what, now, then)."""

    returned: int = 0
    kept: list[tuple[str, Any, Any]] = field(default_factory=list)


def undo(act: Merge, *, actor: User | None = None) -> Undone:
    """Take a merge back. Undoing twice does nothing the second time."""
    entity, now = ENTITIES[act.entity], timezone.now()
    with transaction.atomic():
        act = Merge.objects.select_for_update().get(pk=act.pk)
        if act.undone_at is not None:
            return Undone()
        result = Undone()
        losers = [int(pk) for pk in act.before if int(pk) != act.survivor_id]
        places = _places(entity, act.survivor_id)
        for model, name in act.moves.values_list("model", "field").distinct():
            _return(act, model, name, places, result, now)
        _raise_from_the_dead(entity, act, losers, places, now)
        _restore_fields(entity, act, result)
        _reread_since(entity, act, now)
        _candidates(act, MatchCandidate.State.MERGED, MatchCandidate.State.OPEN)
        done = {"returned": result.returned, "kept": [list(row) for row in result.kept]}
        Merge.objects.filter(pk=act.pk).update(undone_at=now, undone_by=actor, undone=done)
        _note(act, Change.Kind.UNMERGED, losers, actor, None, now)
        audit.record("record.unmerged", entity.objects.get(pk=act.survivor_id), actor=actor)
        announce(entity.name, act.tenant_id, [act.survivor_id, *losers])
    return result


def _places(entity: Entity, survivor_id: int) -> set[int]:
    """The survivor, and whatever it was itself merged into since."""
    places: set[int] = set()
    at: int | None = survivor_id
    while at is not None and at not in places:
        places.add(at)
        at = entity.objects.filter(pk=at).values_list("merged_into_id", flat=True).first()
    return places


def _return(act: Merge, label: str, name: str, places: set[int], result: Undone, now: datetime) -> None:
    """Rows of one relation go back where they came from, unless somebody has moved them on meanwhile."""
    model = relations.model_of(label)
    moves = {move.row_id: move for move in act.moves.filter(model=label, field=name)}
    current = dict(model._default_manager.filter(pk__in=list(moves)).values_list("pk", name))
    back = []
    for row_id, holder in current.items():
        move = moves[row_id]
        if holder in places:
            back.append(move)
        elif holder != move.from_id:
            result.kept.append((f"{label.rpartition('.')[2].lower()} {row_id}", holder, move.from_id))
    result.returned += len(back)
    if model is Link:
        rows = [(move.from_id, move.state, now, move.row_id) for move in back]
        bulk.update(Link, ("record_id", "state", "updated_at"), rows)
        reread(Link.objects.filter(pk__in=[move.row_id for move in back], updated_at__gte=act.at))
    else:
        bulk.update(model, (name,), [(move.from_id, move.row_id) for move in back])


def _raise_from_the_dead(
    entity: Entity, act: Merge, losers: list[int], places: set[int], now: datetime
) -> None:
    for pk in losers:
        alive: dict[str, Any] = {
            "active": act.before[str(pk)]["active"],
            "merged_into": None,
            "updated_at": now,
        }
        rows = entity.objects.filter(pk=pk, merged_into__in=places)
        rows.update(**alive, version=models.F("version") + 1)


def _restore_fields(entity: Entity, act: Merge, result: Undone) -> None:
    survivor: Record = entity.objects.select_for_update().get(pk=act.survivor_id)
    current, before = snapshot(entity, survivor), act.before[str(act.survivor_id)]
    back = {}
    for name, written in act.after.items():
        if current[name] == written:
            back[name] = typed(entity, name, before[name])
        else:
            result.kept.append((name, current[name], before[name]))
    if back:
        write(entity, survivor, back)


def _reread_since(entity: Entity, act: Merge, now: datetime) -> None:
    """Records that came while merged were tied to the survivor: read them again, so that each finds its own."""
    for other in ENTITIES.values():
        for name, target in other.references.items():
            if target == entity.name:
                came = other.model._default_manager.filter(
                    **{f"{name}_id": act.survivor_id, "created_at__gt": act.at}
                )
                reread(Link.objects.filter(entity=other.name, record_id__in=came.values("pk")))


def reread(links: "models.QuerySet[Link]") -> None:
    """Have the next run take these rows in once more from their stored payload.

    A row that waits for one that is there already, itself, is what `ingest.joinable` finds. One that was made from
    here and never read has no payload yet: the next pull brings it.
    """
    links.filter(waiting_for_entity="").exclude(payload={}).update(
        waiting_for_entity=models.F("entity"), waiting_for_id=models.F("external_id")
    )
