"""A page of rows from a source becomes records.

The route: rows already mapped (`Incoming`) -> links found by external id -> references resolved through links
-> new rows inserted; changed rows compared three ways (`survivorship.decide`) -> records, links, changes and
conflicts written. The caller holds the transaction and saves its cursor in it. The number of queries does not
depend on the number of rows.

Nothing here raises for a row's content: a row the database refuses is found by splitting the page, and comes
back as a `Failure`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import DataError, IntegrityError, transaction
from django.utils import timezone

from reconciliation.entities import Entity
from reconciliation.models import Link, Source
from reconciliation.page import PageWriter
from reconciliation.survivorship import Rule

EVERYTHING: Callable[..., bool] = lambda *_: True  # noqa: E731


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
    references: dict[str, str]
    payload: str
    fingerprint: int
    modified_at: datetime | None = None
    created_at: datetime | None = None
    active: bool = True
    merged_to: str | None = None
    children: Sequence[Child] = ()


@dataclass(frozen=True, slots=True)
class Parent:
    """What a reference leads to: the link's state and the record behind it, if it has one."""

    record_id: int | None
    state: str


@dataclass(frozen=True, slots=True)
class Failure:
    """A row that could not be written, and why, in words for a person."""

    external_id: str
    reason: str
    message: str
    payload: str = ""


@dataclass(slots=True)
class PageResult:
    """What became of a page. `read` counts the rows inside the scope."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    waiting: int = 0
    out_of_scope: int = 0
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
        self.failures.extend(other.failures)


Admits = Callable[[Incoming, Mapping[str, Parent]], bool]


@dataclass(frozen=True)
class Intake:
    """How one entity of one source is taken in: the same for every page of a run.

    `required` names the references a record cannot do without; `admits` is the connection's scope;
    `run_id` marks the changes made.
    """

    source: Source
    entity: Entity
    required: frozenset[str] = frozenset()
    rule: Rule = field(default_factory=Rule)
    admits: Admits = EVERYTHING
    run_id: int | None = None


def ingest(intake: Intake, rows: Iterable[Incoming]) -> PageResult:
    """Write one page. Must run inside a transaction; see the module's docstring."""
    newest = _newest_of_each(rows)
    if not newest:
        return PageResult()
    try:
        with transaction.atomic():
            return PageWriter(intake, timezone.now()).write(newest)
    except (DataError, IntegrityError, OverflowError) as error:
        return _write_in_halves(intake, newest, error)


def _newest_of_each(rows: Iterable[Incoming]) -> list[Incoming]:
    """A feed may repeat a row within a page; the last modified one stands, the later one on a tie."""
    found: dict[str, Incoming] = {}
    for row in rows:
        seen = found.get(row.external_id)
        if seen is None or not _older(row.modified_at, seen.modified_at):
            found[row.external_id] = row
    return list(found.values())


def _older(one: datetime | None, other: datetime | None) -> bool:
    return one is not None and other is not None and one < other


def _write_in_halves(intake: Intake, rows: list[Incoming], error: Exception) -> PageResult:
    """The database refused the page: write what it takes, and name the rows that it does not."""
    if len(rows) == 1:
        reason = "refused_by_database"
        message = f"The portal's database refused this record ({type(error).__name__}). Check its values."
        return PageResult(failures=[Failure(rows[0].external_id, reason, message, rows[0].payload)])
    middle = len(rows) // 2
    result = ingest(intake, rows[:middle])
    result.add(ingest(intake, rows[middle:]))
    return result


def waiting_payloads(source: Source, entity: str, limit: int) -> list[tuple[str, Any]]:
    """External ids and payloads of waiting rows whose awaited record has arrived meanwhile."""
    arrived = Link.objects.filter(
        source=source,
        entity=OuterRef("waiting_for_entity"),
        external_id=OuterRef("waiting_for_id"),
    ).exclude(record_id=None, state=Link.State.WAITING)
    waiting = Link.objects.filter(Exists(arrived), source=source, entity=entity).exclude(waiting_for_entity="")
    return list(waiting.order_by("id").values_list("external_id", "payload")[:limit])
