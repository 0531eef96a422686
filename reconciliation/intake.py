"""What goes into an ingest and what comes out of it: plain values, no database."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from reconciliation.entities import Entity
from reconciliation.lookup import Parent
from reconciliation.models import Source
from reconciliation.survivorship import Rule


@dataclass(slots=True)
class Child:
    """A nested row: its own id in the source, values by field, references by field as external ids."""

    external_id: str
    fields: dict[str, Any]
    references: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Incoming:
    """One mapped row. `fingerprint` changes whenever the payload or the mapping that read it does."""

    external_id: str
    fields: dict[str, Any]
    references: Mapping[str, str]
    payload: str
    fingerprint: int
    modified_at: datetime | None = None
    created_at: datetime | None = None
    active: bool = True
    merged_to: str | None = None
    children: Sequence[Child] = ()


@dataclass(frozen=True, slots=True)
class Failure:
    """A row that could not be written, and why, in words for a person."""

    external_id: str
    reason: str
    message: str
    payload: str = ""


@dataclass(slots=True)
class PageResult:
    """What became of a page. `read` counts the rows inside the scope.

    `entered` of them were outside before, and `left` of those outside were inside.
    """

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    waiting: int = 0
    out_of_scope: int = 0
    entered: int = 0
    left: int = 0
    failures: list[Failure] = field(default_factory=list)

    @property
    def read(self) -> int:
        return self.created + self.updated + self.unchanged + self.waiting + len(self.failures)

    def add(self, other: "PageResult") -> None:
        self.created += other.created
        self.updated += other.updated
        self.unchanged += other.unchanged
        self.waiting += other.waiting
        self.out_of_scope += other.out_of_scope
        self.entered += other.entered
        self.left += other.left
        self.failures.extend(other.failures)


Admits = Callable[[Incoming, Mapping[str, Parent], bool], bool]
"""Whether a row is inside the scope: the row, what its references lead to, and whether it is known already."""


def everything(row: Incoming, parents: Mapping[str, Parent], known: bool) -> bool:
    """The scope that leaves nothing out."""
    return True


@dataclass(frozen=True)
class Intake:
    """How one entity of one source is taken in: the same for every page of a run.

    `required` names the references a record cannot do without; `admits` is the connection's scope;
    `run_id` marks the changes made. `removes` is whether records taken away here are taken away there too.
    `told` are the references that the source tells of (None: all); others are not its to clear. Nor are nested rows
    where it `tells_children` not.
    """

    source: Source
    entity: Entity
    required: frozenset[str] = frozenset()
    rule: Rule = field(default_factory=Rule)
    admits: Admits = everything
    run_id: int | None = None
    removes: bool = False
    told: frozenset[str] | None = None
    tells_children: bool = True
