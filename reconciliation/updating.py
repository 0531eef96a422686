"""Rows whose record exists: compared three ways with what was last agreed, then written.

The route: link's base and record's values -> `survivorship` decides -> record, children, link, change, conflicts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import orjson

from reconciliation import bulk, conflicts
from reconciliation.changes import announce
from reconciliation.creating import LINK_NEWS, NO_KEY, NOTHING, filled, insert_children, link_values
from reconciliation.fates import Placed
from reconciliation.forms import same
from reconciliation.intake import Intake
from reconciliation.models import Change, Link
from reconciliation.newest import Times, made_at
from reconciliation.normalise import dumps, normal_form
from reconciliation.survivorship import Decision, decide_as_they_stand

CHANGE_COLUMNS = (
    "tenant_id",
    "entity",
    "record_id",
    "at",
    "kind",
    "source_id",
    "actor_id",
    "run_id",
    "fields",
)
_KEPT = ("active", "source_modified_at")
_READ = (*_KEPT, "version", "edited_at")


@dataclass(slots=True)
class Revision:
    """One record about to be written: its values before and after, and what was decided."""

    placed: Placed
    record_id: int
    before: dict[str, Any]
    after: dict[str, Any]
    decision: Decision


def update(intake: Intake, now: datetime, placed: Sequence[Placed]) -> None:
    """Bring records and links up to their rows. A merged row's record is its survivor's: only its link moves on."""
    live = [p for p in placed if not _is_merged(p)]
    _touch_merged(now, [p for p in placed if _is_merged(p)])
    if not live:
        return
    revisions = _revisions(intake, live)
    _write_records(intake, now, revisions)
    _write_children(intake, revisions)
    _write_links(now, revisions)
    changed = _write_changes(intake, now, revisions)
    conflicts.record(intake, now, revisions)
    overruled = [revision.record_id for revision in revisions if revision.decision.overruled]
    announce(intake.entity.name, intake.source.tenant_id, changed, origin=intake.source, overruled=overruled)


def _is_merged(placed: Placed) -> bool:
    return placed.link is not None and placed.link.state == Link.State.MERGED


def freeze(intake: Intake, now: datetime, placed: Sequence[Placed]) -> None:
    """Rows that left the scope keep their record as it is."""
    known = [p for p in placed if p.link is not None]
    bulk.update(Link, ("state", "updated_at"), [(Link.State.FROZEN, now, p.link.id) for p in known if p.link])
    _insert_changes(
        intake, now, [(p.record_id, Change.Kind.FROZEN, {}) for p in known if p.record_id is not None]
    )


def _revisions(intake: Intake, placed: Sequence[Placed]) -> list[Revision]:
    entity = intake.entity
    references = [f"{name}_id" for name in entity.references]
    names = ["id", *entity.fields, *entity.derived, *references, *_READ]
    # Locked, for an edit between reading a record and writing it would be lost.
    records = entity.objects.select_for_update().filter(pk__in=[p.record_id for p in placed]).order_by("pk")
    before = {row[0]: dict(zip(names, row, strict=True)) for row in records.values_list(*names)}
    bases = _bases([p.link.id for p in placed if p.link])
    times = made_at(intake, before)
    revisions = [
        _revise(intake, p, before[p.record_id], bases[p.link.id], times.get(p.record_id, {}))
        for p in placed
        if p.link and p.record_id is not None
    ]
    _keep_activity(intake, revisions)
    return revisions


def _bases(link_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    condition, values = bulk.among("id", link_ids)
    rows = bulk.select(f"SELECT id, base FROM {Link._meta.db_table} WHERE {condition}", values)  # noqa: S608 - own names
    return {link_id: orjson.loads(base) for link_id, base in rows}


def _keep_activity(intake: Intake, revisions: Sequence[Revision]) -> None:
    """Whether a record is active is not for a source to say that is not its system of record while another has it."""
    differing = [r for r in revisions if r.after["active"] != r.before["active"]]
    if intake.rule.remote_is_record or not differing:
        return
    ids = [revision.record_id for revision in differing]
    links = Link.objects.filter(entity=intake.entity.name, record_id__in=ids, state=Link.State.LIVE)
    elsewhere = set(links.exclude(source=intake.source).values_list("record_id", flat=True))
    for revision in differing:
        if revision.record_id in elsewhere:
            revision.after["active"] = revision.before["active"]


def _revise(
    intake: Intake, placed: Placed, before: dict[str, Any], base: Mapping[str, Any], times: Times
) -> Revision:
    entity, row = intake.entity, placed.row
    theirs = filled({name: entity.defaults[name] for name in row.fields}, row.fields)
    decision = decide_as_they_stand(
        base,
        theirs,
        before,
        intake.rule,
        remote_at=row.modified_at,
        local_at=before["edited_at"],
        made_at=times,
        same=partial(same, entity.forms),
    )
    after = {**before, **{name: theirs[name] for name in decision.take}}
    for name, parent in placed.parents.items():
        if parent.record_id is not None:
            after[f"{name}_id"] = parent.record_id
    for name in entity.references:
        is_told = intake.told is None or name in intake.told
        if is_told and name not in row.references and name not in intake.required:
            after[f"{name}_id"] = None
    after["active"] = _active(intake, decision, before["active"], row.active)
    after["source_modified_at"] = row.modified_at or before["source_modified_at"]
    if entity.derive:
        after.update(entity.derive({**after, **entity.constants}))
    return Revision(placed, before["id"], before, after, decision)


def _active(intake: Intake, decision: Decision, ours: bool, theirs: bool) -> bool:
    """The source decides, but for what was taken away here and is still to be taken away there."""
    if intake.removes and not ours and theirs and decision.base.get("active", True):
        return ours
    if not theirs or "active" in decision.base:
        decision.base["active"] = theirs
    return theirs


def _write_records(intake: Intake, now: datetime, revisions: list[Revision]) -> None:
    """Columns that no record of the page changes are left out, and with them the indexes that they stand in."""
    entity = intake.entity
    changed = [revision for revision in revisions if revision.after != revision.before]
    names = [
        name
        for name in (*entity.fields, *entity.derived, *(f"{name}_id" for name in entity.references), *_KEPT)
        if any(revision.after[name] != revision.before[name] for revision in changed)
    ]
    rows = [
        (*[revision.after[name] for name in names], revision.before["version"] + 1, revision.record_id)
        for revision in changed
    ]
    bulk.update(entity.model, (*names, "version"), rows, {"updated_at": now})


def _write_children(intake: Intake, revisions: list[Revision]) -> None:
    """Children have no life of their own: they are replaced with their record."""
    children = intake.entity.children
    if children is None or not intake.tells_children:
        return
    parents = [revision.record_id for revision in revisions]
    children.model._default_manager.filter(**{f"{children.parent}__in": parents}).delete()
    insert_children(children, [(revision.record_id, revision.placed) for revision in revisions])


def _write_links(now: datetime, revisions: list[Revision]) -> None:
    rows = []
    for revision in revisions:
        link = revision.placed.link
        if link is not None:
            base = dumps(revision.decision.base)
            _, *news = link_values(revision.placed, revision.record_id, Link.State.LIVE, now, base)
            rows.append((*news, link.id))
    bulk.update(Link, LINK_NEWS, rows)


def _touch_merged(now: datetime, placed: Sequence[Placed]) -> None:
    columns = (
        "fingerprint",
        "remote_modified_at",
        "payload",
        "waiting_for_entity",
        "waiting_for_id",
        "updated_at",
    )
    rows = [
        (p.row.fingerprint, p.row.modified_at, p.row.payload, *(p.missing or NO_KEY), now, p.link.id)
        for p in placed
        if p.link is not None
    ]
    bulk.update(Link, columns, rows)


def _write_changes(intake: Intake, now: datetime, revisions: list[Revision]) -> list[int]:
    """The ids of the records that changed."""
    rows = []
    for revision in revisions:
        thawed = revision.placed.link is not None and revision.placed.link.state == Link.State.FROZEN
        fields = changed_fields(intake, revision)
        if fields or thawed:
            kind = Change.Kind.THAWED if thawed else Change.Kind.UPDATED
            rows.append((revision.record_id, kind, fields))
    _insert_changes(intake, now, rows)
    return [record_id for record_id, _, _ in rows]


def changed_fields(intake: Intake, revision: Revision) -> dict[str, list[Any]]:
    """`{field: [before, after]}` in normal form, of what a person would call a change."""
    entity = intake.entity
    names = [*entity.fields, *(f"{name}_id" for name in entity.references), "active"]
    moved = [name for name in names if revision.before[name] != revision.after[name]]
    before = normal_form({name: revision.before[name] for name in moved})
    after = normal_form({name: revision.after[name] for name in moved})
    return {name: [before[name], after[name]] for name in moved if before[name] != after[name]}


def _insert_changes(intake: Intake, now: datetime, rows: Sequence[tuple[int, str, dict[str, Any]]]) -> None:
    source = intake.source
    bulk.insert(
        Change,
        CHANGE_COLUMNS,
        [
            (
                source.tenant_id,
                intake.entity.name,
                record_id,
                now,
                kind,
                source.pk,
                None,
                intake.run_id,
                orjson.dumps(fields).decode() if fields else NOTHING,
            )
            for record_id, kind, fields in rows
        ],
    )
