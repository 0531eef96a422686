"""What every connector declares: its entities, each with its fields, references and ways of writing. No Django here.

An entity is one `Entity` declaration in its connector's folder; it is data to the loops that use it, so adding one
touches no loop.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reference:
    """A remote member that holds another entity's external id.

    `required` means that the row makes no sense without it: it waits until the other record has arrived. `prefix` is
    how ids of that entity begin, where the member may hold ids of several.
    """

    remote: str
    entity: str
    required: bool = False
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class FieldMap:
    """One line of a field mapping: dotted remote path, transform by name, record field.

    `argument` is what some transforms take beside values (a template, a value map). A line of direction `pull`
    reads `remote` into `field`, one of `push` reads record fields (`field`, several with commas) into `remote` with the
    same transform, and one of `both` is read and written back through its reverse. `kind` is that of `field`, for
    transforms that can give any. `mode` says when a `push` line may write: always, if_new, never.
    """

    remote: str
    field: str
    transform: str = "text"
    argument: str = ""
    direction: str = "both"
    kind: str = ""
    mode: str = "always"


@dataclass(frozen=True, slots=True)
class Children:
    """Rows nested in an entity's row that become rows of their own (invoice items, payment splits)."""

    remote: str
    name: str
    mapping: tuple[FieldMap, ...]
    references: Mapping[str, Reference] = field(default_factory=dict)
    id: str = "id"


@dataclass(frozen=True, slots=True)
class Parts:
    """Rows that a create can bring along: their entity, the body's list for them, and whether one is needed.

    `reference` is the part's reference to the row it comes with; `alike` are the record fields that tell a part
    from its siblings.
    """

    entity: str
    member: str
    reference: str
    alike: tuple[str, ...]
    needed: bool = False


@dataclass(frozen=True, slots=True)
class Inside:
    """Rows that stand in a member of another entity's rows, and are kept as rows of their own: an order's lines.

    `member` holds them; `carries` gives each of them members of the row around it, by the name they get.
    """

    member: str
    carries: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Frozen:
    """Rows that their system keeps as they are: those whose `member` has one of these `values`. `words` say so."""

    member: str
    values: frozenset[str]
    words: str


class Find(StrEnum):
    """How a row that may have been created is looked for, where its create was not answered."""

    KEY = "key"
    SIBLINGS = "siblings"
    FEED = "feed"
    UPSERT = "upsert"
    """Not at all: a create under the same key is the same row, however often it is sent."""


@dataclass(frozen=True, slots=True)
class Removal:
    """How a row is taken away: the call, and the members of its body, each with the row's member that fills it.

    `always` are members that say the same of every row.
    """

    path: str
    method: str = "DELETE"
    body: Mapping[str, str] = field(default_factory=dict)
    always: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Write:
    """How one entity of one system is written; an entity without one is never written.

    `create` and `update` are paths with `{id}` and, for rows that live below another, `{parent}`: the external
    id of the reference named by `parent`. `members` are the top members of a row that may be sent; `whole` are
    those of them that go whole or not at all, each with what stands for null in it. `references` are sent by
    a create, as the numbers they are; `needed` are members without which a create makes no sense. `alike` are the
    members that tell a row among its siblings; `rename` gives members that a write calls otherwise than a read.
    `two_way` is how a new connection begins. `batch` is how many rows one call takes (`Connector.write_many`); it may
    be more than one only where `find` is UPSERT: a batch whose answer was lost is sent again. `bulk` is how many
    rows one job takes (`Connector.begin_bulk`), 0 where there are no jobs. `at_once` is how many calls of a batch may be
    under way at the same time.
    `many` are members that take a list where a row has one value.
    `own_reply` is False where a create answers with another row than the one it made. `siblings_by` is the parameter
    of the list at `siblings` that takes the parent's id, where that is not in its path. `remove` is how a row is
    taken away that is not wanted here any more. `create_members` may be sent by a create alone, and `optional` are
    references that it sends where they are known. `becomes` is the entity that its records may be sent as instead,
    where the rule says so; `variants` are other shapes that the rule may choose for new rows (name -> words), and
    `only_as` the members that belong to one of them alone. `refused` says in a person's words what a 409 means, which
    is then final; `{problem}` in it is the system's own words. `children` are nested rows that a create sends with its
    row: an invoice's lines. Where it is `exact`, amounts go as text, digit by digit as they are kept here.
    `numeric_ids` is False where references go as text even if they look like numbers. `at_first` is what a create says
    where the mapping does not, in nested members too. `flat` are nested members of a row whose parts a write takes
    beside the others. `aside` are members that a call of their own takes, each with its path: a create goes without
    them, and what they hold follows as a change. `attached` are members that go as our application's own data, each under
    this key. `frozen` are rows that are left alone, whatever changes here.
    """

    scope: str
    members: frozenset[str]
    find: Find
    create: str | None = None
    update: str | None = None
    siblings: str | None = None
    parent: str | None = None
    whole: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    references: Mapping[str, str] = field(default_factory=dict)
    needed: frozenset[str] = frozenset()
    alike: tuple[str, ...] = ()
    parts: tuple[Parts, ...] = ()
    rename: Mapping[str, str] = field(default_factory=dict)
    two_way: bool = False
    batch: int = 1
    bulk: int = 0
    at_once: int = 1
    create_method: str = "POST"
    create_members: frozenset[str] = frozenset()
    optional: Mapping[str, str] = field(default_factory=dict)
    becomes: str = ""
    variants: Mapping[str, str] = field(default_factory=dict)
    only_as: Mapping[str, str] = field(default_factory=dict)
    many: frozenset[str] = frozenset()
    own_reply: bool = True
    siblings_by: str = ""
    remove: Removal | None = None
    refused: str = ""
    children: Children | None = None
    exact: bool = False
    numeric_ids: bool = True
    at_first: Mapping[str, Any] = field(default_factory=dict)
    flat: frozenset[str] = frozenset()
    aside: Mapping[str, str] = field(default_factory=dict)
    attached: Mapping[str, str] = field(default_factory=dict)
    frozen: Frozen | None = None


@dataclass(frozen=True, slots=True)
class Entity:
    """How one entity of one system is read, and, with `write`, written.

    `path` is its paged list and `feed` its export feed, or the name of the remote object that is asked for changes;
    either may be missing. `{tenant}` in them is the remote tenant id. `modified_filter` is False where the list
    cannot be asked for changes only. `ids` is the list's parameter that takes ids; None where single rows cannot
    be read again. `deleted` is a member that is true for rows that are gone there. `of_record` is whether a new
    connection takes the system for the record's own; else the portal's value stands where both have changed.
    `mapping` is the default field mapping, which a person may change per connection. `id` is the member that holds a
    row's id, or, with commas, the members that together tell a row where it has none. `known_only` is for rows that are
    copies of the portal's: those that it did not make are not taken in. `inside` is for rows that come within another
    entity's. `inactive` are values of members that make a row inactive where it has no flag for it: the connector then
    adds one, under the name in `active`.
    """

    name: str
    scope: str
    mapping: tuple[FieldMap, ...]
    path: str | None = None
    feed: str | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    feed_params: Mapping[str, str] = field(default_factory=dict)
    references: Mapping[str, Reference] = field(default_factory=dict)
    children: Children | None = None
    constants: Mapping[str, str] = field(default_factory=dict)
    id: str = "id"
    ids: str | None = "ids"
    created: str | None = "createdOn"
    modified: str | None = "modifiedOn"
    active: str | None = "active"
    deleted: str | None = None
    merged_to: str | None = None
    modified_filter: bool = True
    sort: str | None = "+Id"
    max_page_size: int = 5000
    read_only: bool = False
    of_record: bool = True
    known_only: bool = False
    inside: Inside | None = None
    inactive: Mapping[str, frozenset[str]] = field(default_factory=dict)
    deep_link: str | None = None
    write: Write | None = None

    def id_of(self, row: Row) -> str:
        """What the system knows the row by; empty where the row does not say."""
        found = [row.get(name) for name in self.id.split(", ")]
        return "-".join(map(str, found)) if all(isinstance(part, int | str) for part in found) else ""
