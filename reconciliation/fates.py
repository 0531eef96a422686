"""What becomes of each row of a page. Pure: values in, a decision out.

Fates: *unchanged*, *create*, *update*, *wait* (for a record it cannot do without), *refuse* (outside the scope
and never taken), *freeze* (taken before, has left the scope: kept, no longer synced).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from reconciliation.intake import Incoming, Intake
from reconciliation.lookup import KnownLink, Parent
from reconciliation.models import Link

State = Link.State
Key = tuple[str, str]
Found = Mapping[Key, Parent]


class Fate(StrEnum):
    """What becomes of a row."""

    UNCHANGED = "unchanged"
    CREATE = "create"
    UPDATE = "update"
    WAIT = "wait"
    REFUSE = "refuse"
    FREEZE = "freeze"
    OUTSIDE = "outside"


@dataclass(slots=True)
class Placed:
    """A row, its link if it has one, and where its references lead.

    `missing` is the first reference that leads nowhere yet, as (entity, external id); `survivor` is the record
    that this one was merged into at its source.
    """

    row: Incoming
    link: KnownLink | None
    parents: dict[str, Parent] = field(default_factory=dict)
    child_parents: list[dict[str, int]] = field(default_factory=list)
    survivor: int | None = None
    missing: Key | None = None
    lacks_required: bool = False

    @property
    def record_id(self) -> int | None:
        return self.link.record_id if self.link else None


def is_settled(row: Incoming, link: KnownLink) -> bool:
    """The same payload as before, or an older one than was seen already: nothing to look up, nothing to do."""
    if link.state not in {State.LIVE, State.MERGED}:
        return False
    if is_older(row.modified_at, link.remote_modified_at):
        return True
    return row.fingerprint == link.fingerprint and link.waiting_for is None


def is_older(one: datetime | None, other: datetime | None) -> bool:
    """Whether both times are known and the first is before the second."""
    return one is not None and other is not None and one < other


def wanted(intake: Intake, rows: Iterable[Incoming]) -> dict[str, set[str]]:
    """External ids by entity, of everything these rows and their children refer to."""
    entity = intake.entity
    found: dict[str, set[str]] = {}
    child_references = entity.children.references if entity.children else {}
    for row in rows:
        for name, external_id in row.references.items():
            found.setdefault(entity.references[name], set()).add(external_id)
        if row.merged_to:
            found.setdefault(entity.name, set()).add(row.merged_to)
        if child_references:
            for child in row.children:
                for name, external_id in child.references.items():
                    found.setdefault(child_references[name], set()).add(external_id)
    return found


def place(intake: Intake, row: Incoming, link: KnownLink | None, found: Found) -> Placed:
    """Follow the row's references through `found`."""
    entity = intake.entity
    placed = Placed(row, link)
    for name, external_id in row.references.items():
        key = (entity.references[name], external_id)
        parent = found.get(key)
        if parent is not None and (parent.record_id is not None or parent.state == State.OUT_OF_SCOPE):
            placed.parents[name] = parent
        elif name in intake.required:
            placed.lacks_required, placed.missing = True, key
        elif placed.missing is None:
            placed.missing = key
    if row.merged_to:
        _follow(placed, (entity.name, row.merged_to), found)
    if entity.children and entity.children.references:
        _place_children(placed, entity.children.references, found)
    return placed


def _follow(placed: Placed, key: Key, found: Found) -> None:
    survivor = found.get(key)
    if survivor is not None and survivor.record_id is not None:
        placed.survivor = survivor.record_id
    elif placed.missing is None:
        placed.missing = key


def _place_children(placed: Placed, references: Mapping[str, str], found: Found) -> None:
    for child in placed.row.children:
        led: dict[str, int] = {}
        for name, external_id in child.references.items():
            key = (references[name], external_id)
            parent = found.get(key)
            if parent is not None and parent.record_id is not None:
                led[name] = parent.record_id
            elif placed.missing is None and (parent is None or parent.state != State.OUT_OF_SCOPE):
                placed.missing = key
        placed.child_parents.append(led)


def fate(intake: Intake, placed: Placed) -> Fate:
    """Decide on one placed row."""
    link, known = placed.link, placed.record_id is not None
    if not _is_in_scope(intake, placed):
        if known:
            return Fate.FREEZE if link is not None and link.state == State.LIVE else Fate.OUTSIDE
        return Fate.OUTSIDE if link is not None and link.state == State.OUT_OF_SCOPE else Fate.REFUSE
    if not known:
        return Fate.WAIT if placed.lacks_required else Fate.CREATE
    return Fate.UNCHANGED if stands_already(placed, {State.LIVE, State.MERGED}) else Fate.UPDATE


def stands_already(placed: Placed, states: set[Link.State]) -> bool:
    """The link holds this payload, in one of these states, and waits for the same record as before, if any."""
    link = placed.link
    return (
        link is not None
        and link.state in states
        and link.fingerprint == placed.row.fingerprint
        and link.waiting_for == placed.missing
    )


def was_outside(placed: Placed) -> bool:
    """Whether the row was left out, or frozen, when it was last seen."""
    return placed.link is not None and placed.link.state in {State.OUT_OF_SCOPE, State.FROZEN}


def _is_in_scope(intake: Intake, placed: Placed) -> bool:
    for name, parent in placed.parents.items():
        if parent.state == State.OUT_OF_SCOPE and name in intake.required:
            return False
    return intake.admits(placed.row, placed.parents, placed.record_id is not None)
