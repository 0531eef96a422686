"""What every connector does. No Django here: plain settings in, plain records out.

The route of a pull: `Connector.list_page` or `.feed_page` -> `Page` of raw rows -> (mapping, ingest elsewhere).
A connector is one folder beside this file; what it reads and writes it declares (`entity`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from integrations.connectors.entity import Entity, Row

if TYPE_CHECKING:
    from integrations.connectors.errors import RemoteError

CLOCK_SKEW = timedelta(minutes=6)
"""As far as the other side's clock may be from ours, five minutes, and one more. What is asked for by time is asked for
from so much earlier on."""


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
class Window:
    """A time, aware, in which a visit could begin: the hours still open in it, and whether it can be booked."""

    start: datetime
    end: datetime
    open_hours: float
    is_open: bool


@dataclass(frozen=True, slots=True)
class ScopeCheck:
    """One scope the connector would use: granted or not, the entities behind it, and how to grant it."""

    scope: str
    granted: bool
    entities: tuple[str, ...]
    how: str


@dataclass(frozen=True, slots=True)
class Check:
    """The outcome of a connection test: it reached the system, and these scopes were granted or missing.

    `account_id` is the account's own id, where the system tells it and nobody typed it in.
    """

    account: str
    scopes: tuple[ScopeCheck, ...]
    account_id: str = ""

    @property
    def missing(self) -> tuple[ScopeCheck, ...]:
        return tuple(scope for scope in self.scopes if not scope.granted)


@dataclass(frozen=True, slots=True)
class Token:
    """An access token, opaque, and the aware UTC time at which it ends.

    `address` is where it is to be used, if the system says so with each token. `grant` is what the next token is
    asked with (a refresh token), where this answer brought a new one; the one before it may be dead from then on.
    `account_id` is whose it is, where the answer tells.
    """

    value: str = field(repr=False)
    expires_at: datetime
    scopes: tuple[str, ...] = ()
    address: str = ""
    grant: str = field(default="", repr=False)
    account_id: str = ""


class TokenStore(Protocol):
    """Keeps one connection's token for its life, for all workers.

    `current` returns a token that is not `stale` (the value that was just refused with 401) and not about to
    expire; it calls `fetch` at most once however many threads and processes ask at the same time.
    """

    def current(self, fetch: Callable[[], Token], *, stale: str | None = None) -> Token: ...

    def grant(self) -> str:
        """What a person's log-in left to ask for tokens with, as it stands now; empty where there is none."""
        ...


class Memory(Protocol):
    """Remembers small answers of one connection for all workers, and may forget them at any time."""

    def get(self, name: str) -> Any:
        """What was kept under this name, or None."""
        ...

    def keep(self, name: str, value: Any, seconds: float) -> None:
        """Keep a JSON value for so long."""
        ...


class Forgetful:
    """A `Memory` that keeps nothing."""

    def get(self, name: str) -> Any:
        return None

    def keep(self, name: str, value: Any, seconds: float) -> None:
        pass


@dataclass(frozen=True, slots=True)
class Usage:
    """Calls used of those that the remote allows in a day, as it last said."""

    used: int
    allowed: int

    @property
    def share(self) -> float:
        return self.used / self.allowed if self.allowed else 0.0


@dataclass(frozen=True, slots=True)
class RemoteField:
    """One member of a remote row, as its system describes it.

    `path` is dotted. `type` is one of text, integer, decimal, number, boolean, date, timestamp, choice, choices,
    reference, email, phone, address, json. `length` is in characters, None where there is no limit to know.
    `required` means that a create makes no sense without it. `choices` are (value, label) of a pick list that
    is `closed` if it takes nothing else. `refers_to` are remote object names. `key` marks members by which a row
    is found and written (external ids).
    """

    path: str
    label: str
    type: str
    length: int | None = None
    required: bool = False
    writable: bool = False
    choices: tuple[tuple[str, str], ...] = ()
    closed: bool = False
    refers_to: tuple[str, ...] = ()
    custom: bool = False
    key: bool = False


@dataclass(frozen=True, slots=True)
class Writing:
    """One row of a batch: a new one under our `key`, or a change of the row `external_id`."""

    body: Row
    key: str = ""
    external_id: str = ""


class Limiter(Protocol):
    """Keeps a remote's rate limit across every worker that shares its budget."""

    def acquire(self) -> None:
        """Wait until one call may be sent."""
        ...

    def hold(self, seconds: float) -> None:
        """The remote said 429: let nobody call for `seconds`."""
        ...


class Seat(Protocol):
    """The right to be logged on, at a system where an account's second log-on ends its first.

    One holder at a time among all workers. A holder that dies loses it by itself after a while.
    """

    def acquire(self) -> None:
        """Wait a while for it. Raises RemoteError (`seat_taken`)."""
        ...

    def renew(self) -> None:
        """Prove, before each call, that it is still ours. Raises RemoteError (`seat_lost`): then no call may follow."""
        ...

    def release(self) -> None:
        """Give it back, if it is still ours."""
        ...


class Connector(Protocol):
    """One system's client for one connection. Safe to use from many threads."""

    system: str
    entities: Mapping[str, Entity]

    @property
    def usage(self) -> Usage | None:
        """What of the day's calls is used, as the last reply said; None where the system does not say."""
        ...

    def describe(self, entity: Entity) -> list[RemoteField]:
        """The members of the entity's rows, custom ones too, as far as the system can tell. Raises RemoteError."""
        ...

    def check(self, own: Sequence[Entity] = ()) -> Check:
        """Whom it is connected to, and each scope. `own` are entities that the connection declares itself."""
        ...

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

    def read(self, entity: Entity, external_id: str, parent: str = "") -> Row | None:
        """One row as a pull would give it, or None where it is gone. `parent` for rows below another."""
        ...

    def create(self, entity: Entity, body: Row, *, key: str, parent: str = "") -> str:
        """Create a row under our key and return its external id ("" where the reply has none). Never repeated."""
        ...

    def update(self, entity: Entity, external_id: str, body: Row, *, parent: str = "") -> Row | None:
        """Send changed members; returns the row as a pull would give it, None where the reply is empty."""
        ...

    def remove(self, entity: Entity, row: Row, *, parent: str = "") -> None:
        """Take away a row that was read before. One that is gone already counts as taken away."""
        ...

    def write_many(self, entity: Entity, rows: Sequence[Writing]) -> "list[str | RemoteError]":
        """Write rows together, at most `Write.batch`: the external id of each, or why it alone was refused.

        May be repeated with the same keys and ids without harm. Raises RemoteError where the whole call failed.
        Only for entities whose write declares a batch.
        """
        ...

    def find_many(self, entity: Entity, keys: Sequence[str]) -> dict[str, Row]:
        """The rows that stand under these keys, by key. Only for entities whose write declares a batch."""
        ...

    def begin_bulk(self, entity: Entity, rows: Sequence[Writing]) -> str:
        """Hand over many rows, all new or all changes, at most `Write.bulk`; returns the job's id."""
        ...

    def end_bulk(self, entity: Entity, job: str, rows: Sequence[Writing]) -> "list[str | RemoteError] | None":
        """As `write_many`, once the job is over; None before. Of `rows`, only keys and ids are looked at."""
        ...

    def below(self, entity: Entity, reference: str, parent: str) -> list[Row]:
        """The entity's rows whose `reference` is the row `parent`, as a pull would give them."""
        ...

    def find(self, entity: Entity, body: Row, *, key: str, parent: str, since: datetime) -> list[Row]:
        """Rows that the create of `body` under `key`, begun at `since`, may have made."""
        ...

    def close(self) -> None:
        """Give back the connections of all threads; the connector is not used any more."""
        ...


@runtime_checkable
class MakesKeys(Protocol):
    """A connector that can make, at its system, the fields that its rows are found again by."""

    def make_keys(self, own: "Sequence[Entity]" = ()) -> "list[tuple[str, RemoteError | None]]":
        """Each field that was missing, and why it could not be made. Raises RemoteError where nothing works."""
        ...


@runtime_checkable
class TellsExchanges(Protocol):
    """A connector that keeps, for the page of a write, what it sent and what came back."""

    def exchange(self, entity: Entity, external_id: str) -> Row | None:
        """Of the create of this row, by this connector: `document`, `reply`, `reference` (where it was posted, as the
        system says it) and `warnings`, all without secrets; None where it made no such row."""
        ...


@runtime_checkable
class TriesCreates(Protocol):
    """A connector whose system checks a row without making it."""

    def try_create(self, entity: Entity, body: Row) -> list[str]:
        """What the system would warn of. Raises RemoteError with why it would refuse."""
        ...


@runtime_checkable
class TellsObjects(Protocol):
    """A connector whose system has objects that each account makes for itself."""

    def objects(self) -> list[tuple[str, str]]:
        """Those that the account made: (name, label). Raises RemoteError."""
        ...


@runtime_checkable
class TellsWindows(Protocol):
    """A connector whose system tells when the shop can still take work in."""

    def windows(self, start: datetime, end: datetime, *, business_unit: str, job_type: str) -> list[Window]:
        """Windows within aware times, open or not, for external ids of a business unit and a job type."""
        ...
