"""What a flow declares. A flow is data and one pure function; `owing`, `working` and `making` do the rest.

The route of a record: it changes -> `triggers` lead to the flow's subjects -> `read`, many at once, as plain values ->
`plan`, pure: the records that shall be (`Made`), or why not (`Skip`, `Wait`) -> written here, and pushed by their rules.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet

from integrations.connectors.entity import FieldMap
from integrations.models import Flow, FlowItem
from integrations.tables.base import Missing
from portal.models import Tenant
from reconciliation.three_way import Trace

Settings = Mapping[str, Any]
Trigger = Callable[[int, Collection[int]], Iterable[int]]
"""(tenant id, ids of changed records) -> ids of the subjects that they belong to, in a constant number of queries."""


def itself(tenant_id: int, record_ids: Collection[int]) -> Iterable[int]:
    """The trigger of the flow's own entity."""
    return record_ids


@dataclass(frozen=True, slots=True)
class Ref:
    """A record that the same plan makes, by its role."""

    role: str


@dataclass(frozen=True)
class Wanted:
    """One record that shall be, with these values.

    `role` tells it apart from the plan's others (empty: its entity's name), and is what it is found again by: made once,
    then brought up to date. `record_id` is a record that is there already and is to be that one. `at_first` are
    values and references that only a new record gets. Of the others a field is written when what the flow wants of it
    is new: what somebody else wrote since stays, but for `firm` fields, which stand whatever anybody wrote. `children`
    are its nested rows, all of them.
    """

    entity: str
    values: Mapping[str, Any] = field(default_factory=dict)
    references: Mapping[str, "int | Ref | None"] = field(default_factory=dict)
    role: str = ""
    record_id: int | None = None
    at_first: Mapping[str, Any] = field(default_factory=dict)
    firm: Collection[str] = ()
    children: Sequence[Mapping[str, Any]] | None = None

    @property
    def key(self) -> str:
        return self.role or self.entity


@dataclass(frozen=True, slots=True)
class Made:
    """The records that shall be, in any order."""

    records: tuple[Wanted, ...]


@dataclass(frozen=True, slots=True)
class Skip:
    """Nothing shall be, and why: a code, and words for a person."""

    reason: str
    words: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing yet, and what is missing. Tried again when a trigger changes, by Retry, and at `until` if that is given.

    `missing` are keys without a row in a mapping table: a row for one of them is news as well.
    """

    reason: str
    words: str
    until: datetime | None = None
    missing: tuple[Missing, ...] = ()


Plan = Made | Skip | Wait


@dataclass(frozen=True, slots=True)
class Setting:
    """Something a person chooses.

    `kind` is text, integer, decimal, boolean, choice (`choices` are (value, label)), reference: a record of the entity
    `refers_to`, kept as its id; or pairs: such a record for each one of the list `each`, kept as {id in words: id}.
    """

    name: str
    label: str
    kind: str = "text"
    default: Any = ""
    help: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    refers_to: str = ""
    required: bool = False
    each: str = ""

    def typed(self, stored: Any) -> Any:
        """A value as JSON holds it, in the setting's own type."""
        return Decimal(str(stored)) if self.kind == "decimal" and stored not in (None, "") else stored


@dataclass(frozen=True, slots=True)
class NeededRule:
    """A sync rule that must be on. With `pushes`, records of the entity are written there: those that were `asked` for
    and those that are there already, or `all`. The flow goes without an `optional` one that cannot be had. `only` names a
    setting and the values with which the rule is needed. With `asks`, what both sides have changed is for a person."""

    system: str
    entity: str
    pushes: bool = False
    creates: str = "asked"
    optional: bool = False
    only: tuple[str, ...] = ()
    asks: bool = False

    def applies(self, settings: Settings) -> bool:
        return not self.only or settings[self.only[0]] in self.only[1:]


@dataclass(frozen=True, slots=True)
class Line:
    """A mapping line beyond the default ones, added where nothing fills that field yet."""

    system: str
    entity: str
    line: FieldMap


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is done: an admin view's name, its arguments, and its query."""

    view: str
    args: tuple[Any, ...] = ()
    query: str = ""


@dataclass(frozen=True, slots=True)
class Way:
    """Where a person sees to what a record waits for, and what is done there."""

    words: str
    where: Place


@dataclass(frozen=True, slots=True)
class Need:
    """A precondition: met or not, in words, and where it is seen to."""

    words: str
    met: bool
    todo: str = ""
    where: Place | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A check of figures, for the flow's page: `rows` under `head`, whether all is well, and that in words.

    `said` is what the badge says of it: where all is well, and where not. `texts` are the columns behind the first that
    hold words and no figures. With a `file` it can be taken out as a CSV of that name; its rows are plain then.
    """

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[Any]]
    ok: bool
    words: str
    said: tuple[str, str] = ("equal", "not equal")
    texts: Collection[str] = ()
    file: str = ""

    @property
    def cells(self) -> Sequence[Sequence[tuple[Any, bool]]]:
        """The rows, each value with whether it is a figure."""
        is_figure = [name not in self.texts for name in self.head]
        return [list(zip(row, is_figure, strict=True)) for row in self.rows]


@dataclass(frozen=True, slots=True)
class Version:
    """One fact of two versions, as people read it: as it was posted, and as it is now."""

    name: str
    posted: str
    now: str

    @property
    def differs(self) -> bool:
        return self.posted != self.now


@dataclass(frozen=True)
class FlowSpec:
    """One flow.

    `subjects` are the records of the entity `subject` that concern it (from `since` on, where it is given): as a
    queryset, so that a changed record can be asked for, and a dry run takes the newest. `read` gives each subject as the
    plain value that `plan` takes; one that is gone is left out. `needs` are preconditions beyond connections and rules.
    `also` runs in the transaction of a portion, with its plans: for effects that are no records. `check` shows figures.
    `ways` are where people see to what a record waits for, by the reason of its `Wait`. `tables` are the mapping tables
    that it looks things up in, and `unsettled` the items of which something is made that a new row may still change.
    `traces` follows money to where it is posted, of some days, both included. `versions` tells what was posted beside
    what an item's subject says by now. `settle` notes that a person has put the difference right there, and `correct`
    has a document posted that does: it gives the words why there can be none, else nothing.
    """

    name: str
    title: str
    does: str
    systems: tuple[str, ...]
    subject: str
    triggers: Mapping[str, Trigger]
    subjects: Callable[[int, datetime | None], "QuerySet[Any]"]
    read: Callable[[int, Sequence[int], Settings], Mapping[int, Any]]
    plan: Callable[[Any, Settings], Plan]
    rules: tuple[NeededRule, ...] = ()
    lines: tuple[Line, ...] = ()
    settings: tuple[Setting, ...] = ()
    needs: Callable[[Tenant, Settings], Sequence[Need]] | None = None
    also: Callable[[int, Sequence[tuple[Any, Plan]]], None] | None = None
    check: Callable[[Tenant, Settings], Table] | None = None
    ways: Mapping[str, Way] = field(default_factory=dict)
    tables: tuple[str, ...] = ()
    unsettled: "Callable[[Flow], QuerySet[FlowItem]] | None" = None
    traces: Callable[[Flow, date, date], Sequence[Trace]] | None = None
    versions: Callable[[FlowItem, Settings], Sequence[Version]] | None = None
    settle: Callable[[FlowItem, Settings], None] | None = None
    asks: Mapping[str, str] = field(default_factory=dict)
    correct: Callable[[FlowItem, Settings], str] | None = None

    def chosen(self, stored: Mapping[str, Any]) -> dict[str, Any]:
        """The settings in their own types, with defaults for what nobody chose."""
        return {
            setting.name: setting.typed(stored.get(setting.name, setting.default))
            for setting in self.settings
        }
