"""What every connector declares and does. No Django here: plain settings in, plain records out.

The route of a pull: `Connector.list_page` or `.feed_page` -> `Page` of raw rows -> (mapping, ingest elsewhere).
A connector is one folder beside this file; an entity is one `Entity` declaration in it; both are data to the
loops that use them, so adding one touches no loop.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reference:
    """A remote member that holds another entity's external id.

    `required` means that the row makes no sense without it: it waits until the other record has arrived.
    """

    remote: str
    entity: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class FieldMap:
    """One line of a field mapping: dotted remote path, transform by name, record field."""

    remote: str
    field: str
    transform: str = "text"


@dataclass(frozen=True, slots=True)
class Children:
    """Rows nested in an entity's row that become rows of their own (invoice items, payment splits)."""

    remote: str
    name: str
    mapping: tuple[FieldMap, ...]
    references: Mapping[str, Reference] = field(default_factory=dict)
    id: str = "id"


@dataclass(frozen=True, slots=True)
class Entity:
    """How one entity of one system is read.

    `path` is its paged list and `feed` its export feed; either may be missing. `{tenant}` in them is the
    remote tenant id. `modified_filter` is False where the list cannot be asked for changes only. `ids` is the
    list's parameter that takes ids; None where single rows cannot be read again.
    `mapping` is the default field mapping, which a person may change per connection.
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
    merged_to: str | None = None
    modified_filter: bool = True
    sort: str | None = "+Id"
    max_page_size: int = 5000
    read_only: bool = False
    deep_link: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One reply of a list or a feed: raw rows, bytes on the wire, and where to go on.

    `total` is the list's totalCount where it was asked for; `continue_from` is a feed's next position.
    """

    rows: list[Row]
    size: int
    has_more: bool
    total: int | None = None
    continue_from: str | None = None


@dataclass(frozen=True, slots=True)
class ScopeCheck:
    """One scope the connector would use: granted or not, the entities behind it, and how to grant it."""

    scope: str
    granted: bool
    entities: tuple[str, ...]
    how: str


@dataclass(frozen=True, slots=True)
class Check:
    """The outcome of a connection test: it reached the system, and these scopes were granted or missing."""

    account: str
    scopes: tuple[ScopeCheck, ...]

    @property
    def missing(self) -> tuple[ScopeCheck, ...]:
        return tuple(scope for scope in self.scopes if not scope.granted)


@dataclass(frozen=True, slots=True)
class Token:
    """An access token, opaque, and the aware UTC time at which it ends."""

    value: str = field(repr=False)
    expires_at: datetime
    scopes: tuple[str, ...] = ()


class TokenStore(Protocol):
    """Keeps one connection's token for its life, for all workers.

    `current` returns a token that is not `stale` (the value that was just refused with 401) and not about to
    expire; it calls `fetch` at most once however many threads and processes ask at the same time.
    """

    def current(self, fetch: Callable[[], Token], *, stale: str | None = None) -> Token: ...


class Limiter(Protocol):
    """Keeps a remote's rate limit across every worker that shares its budget."""

    def acquire(self) -> None:
        """Wait until one call may be sent."""
        ...

    def hold(self, seconds: float) -> None:
        """The remote said 429: let nobody call for `seconds`."""
        ...


class Connector(Protocol):
    """One system's client for one connection. Safe to use from many threads."""

    system: str
    entities: Mapping[str, Entity]

    def check(self) -> Check: ...

    def list_page(
        self,
        entity: Entity,
        page: int,
        page_size: int,
        *,
        modified_since: datetime | None = None,
        with_total: bool = False,
    ) -> Page: ...

    def feed_page(self, entity: Entity, position: str | None, *, recent: bool = False) -> Page:
        """`position` is a stored continuation token, an ISO date, or None for everything."""
        ...

    def fetch(self, entity: Entity, external_ids: Sequence[str]) -> list[Row]:
        """Read single records again, active or not; those that are gone are left out."""
        ...

    def close(self) -> None:
        """Give back the connections of all threads; the connector is not used any more."""
        ...
