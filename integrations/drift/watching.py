"""What a pull and a describe have shown is held against what is known; differences are written down and told.

The route: a pull keeps a few rows of each page (`Samples`) -> at its end `watch` -> `shapes.compared` -> the shape known
from now on and a `Drift` for each difference, in one transaction. Nothing here stops a pull: rows are read on.
"""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from integrations.connectors.base import Connector, RemoteField
from integrations.connectors.entity import Entity, Row
from integrations.connectors.errors import RemoteError
from integrations.drift import shapes
from integrations.drift.shapes import Difference
from integrations.mappings import remote_fields
from integrations.models import Drift, FieldMapping, RemoteFields, RemoteShape, Run, SyncRule

log = logging.getLogger(__name__)

MOST_SAMPLES = 200
FIRST_SAMPLES = 10
ROWS_A_SAMPLE = 50
"""Of the first page so many rows are looked at, then one of so many: what that costs is spread over the others."""
MOST_FINDINGS = 50
DESCRIBED_EACH = timedelta(days=1)
_REFUSALS = frozenset({403, 404, 410})
Kind = Drift.Kind


class Samples:
    """A few rows of each page. Filled in the threads that read: appending is all they do."""

    def __init__(self, entity: Entity) -> None:
        self._deleted = entity.deleted
        self.rows: list[Row] = []

    def keep(self, rows: Sequence[Row]) -> None:
        if not self.rows:
            self.rows += rows[:: max(1, len(rows) // FIRST_SAMPLES)][:FIRST_SAMPLES]
        elif len(self.rows) < MOST_SAMPLES:
            self.rows += rows[::ROWS_A_SAMPLE]

    def living(self) -> list[Row]:
        """Rows that are gone there may come with less than the others."""
        name = self._deleted
        return [row for row in self.rows if not (name and row.get(name))]


def watch(run: Run, entity: Entity, samples: Samples, way: str) -> None:
    """Hold what a slice has read against what is known. Failing at it costs a line in the log, and no record."""
    if not samples.rows:
        return
    try:
        _watch(run, entity, samples.living(), way)
    except Exception:
        log.exception("The shape of what run %s has read could not be compared", run.pk)


@transaction.atomic
def _watch(run: Run, entity: Entity, rows: Sequence[Row], way: str) -> None:
    nested = entity.children.remote if entity.children else ""
    shape, _ = RemoteShape.objects.get_or_create(rule_id=run.rule_id)
    before = shape.ways.get(way, {"rows": 0, "members": {}})
    seen = (shapes.shape_of(row, nested) for row in rows)
    known, count, found = shapes.compared(before["members"], before["rows"], seen)
    if {"rows": count, "members": known} != before:
        shape.ways[way] = {"rows": count, "members": known}
        shape.save(update_fields=["ways"])
    note(run.rule, found, run)


def note(rule: SyncRule, found: Sequence[Difference], run: Run | None = None) -> None:
    """Write differences down; what is back is closed."""
    if not found:
        return
    now = timezone.now()
    back = [difference.path for difference in found if difference.kind == "back"]
    if back:
        Drift.objects.filter(rule=rule, kind=Kind.VANISHED, path__in=back, closed_at=None).update(
            closed_at=now
        )
    used = _uses(rule)
    Drift.objects.bulk_create(
        [
            Drift(
                rule=rule,
                kind=difference.kind,
                path=difference.path[:300],
                before=difference.before[:100],
                after=difference.after[:300],
                uses=used_by(difference.path, used)[:300],
                run=run,
                found_at=now,
            )
            for difference in _of_drift(found)
        ],
        ignore_conflicts=True,
    )


def _of_drift(found: Sequence[Difference]) -> list[Difference]:
    return [difference for difference in found if difference.kind != "back"][:MOST_FINDINGS]


def _uses(rule: SyncRule) -> list[tuple[str, str]]:
    """(path, what reads it) of each mapping line and reference."""
    from integrations.mappings import declaration

    entity = declaration(rule)
    nested = entity.children.remote if entity.children else ""
    found = [
        (f"{nested}[].{path.strip()}" if line.part else path.strip(), line.field.replace("_", " "))
        for line in FieldMapping.objects.filter(rule=rule).order_by("pk")
        for path in line.remote.split(",")
        if path.strip()
    ]
    found += [(reference.remote, name.replace("_", " ")) for name, reference in entity.references.items()]
    own = (entity.id, entity.modified, entity.active)
    return [*found, *((name, "the sync itself") for name in own if name)]


def used_by(path: str, uses: Iterable[tuple[str, str]]) -> str:
    """What reads a path, or a member within it, or what it is within. Pure."""
    names = dict.fromkeys(
        what
        for used, what in uses
        if used == path or used.startswith((f"{path}.", f"{path}[")) or path.startswith(f"{used}.")
    )
    return ", ".join(names)


# --- Addresses -------------------------------------------------------------------------------------------------------


def is_refused(rule: SyncRule, error: RemoteError) -> bool:
    """Whether an address that worked does not any more, while the connection as a whole does."""
    is_gone = error.status in _REFUSALS or error.reason in {"forbidden", "not_found", "missing_scope"}
    return is_gone and not error.relink and rule.synced_at is not None


def note_refusal(run: Run, entity: Entity, error: RemoteError) -> None:
    """The entity's address by name; the others are read on."""
    Drift.objects.bulk_create(
        [
            Drift(
                rule=run.rule,
                kind=Kind.REFUSED,
                path=(entity.path or entity.feed or entity.name)[:300],
                before="worked",
                after=f"{error.status or error.reason}: {error.message}"[:300],
                uses=f"all {run.rule.label} records"[:300],
                run=run,
                found_at=timezone.now(),
            )
        ],
        ignore_conflicts=True,
    )


def note_recovery(rule: SyncRule) -> None:
    """The entity was read again. Asked only after a failure."""
    Drift.objects.filter(rule=rule, kind=Kind.REFUSED, closed_at=None).update(closed_at=timezone.now())


# --- What a system says of itself ------------------------------------------------------------------------------------


def described(rule: SyncRule, before: Sequence[RemoteField], after: Sequence[RemoteField]) -> None:
    """A system was asked for its fields again: what it says now, held against what it said then."""
    if not rule.connection.describes_itself:
        return
    was, now = ({field.path: field for field in fields} for fields in (before, after))
    if not was:
        return
    found = [Difference("new", path, "", field.type) for path, field in now.items() if path not in was]
    found += [Difference("vanished", path, field.type, "") for path, field in was.items() if path not in now]
    found += [
        Difference("retyped", path, was[path].type, field.type)
        for path, field in now.items()
        if path in was and was[path].type != field.type
    ]
    gone = Drift.objects.filter(rule=rule, kind=Kind.VANISHED, closed_at=None).values_list("path", flat=True)
    found += [Difference("back", path) for path in gone if path in now and path not in was]
    note(rule, found)


def describe_each_day(rule: SyncRule, connector: Connector, now: datetime) -> None:
    """Ask a system that was asked before for its fields once more, a day later: one call."""
    from integrations.describing import keep_fields

    kept = RemoteFields.objects.filter(rule=rule, read_at__lt=now - DESCRIBED_EACH)
    if not rule.connection.describes_itself or not kept.exists():
        return
    from integrations.mappings import declaration

    try:
        keep_fields(rule, remote_fields(rule), connector.describe(declaration(rule)))
    except RemoteError as error:
        RemoteFields.objects.filter(rule=rule).update(read_at=now)
        log.warning("The fields of rule %s could not be read: %s", rule.pk, error.reason)
