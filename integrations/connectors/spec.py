"""What the portal must know about a system before it can connect one: its fields, environments and builder."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from integrations.connectors.base import Connector, Limiter, Memory, RemoteField, Token, TokenStore
from integrations.connectors.entity import Entity
from integrations.connectors.hosts import CUSTOM, Hosts


@dataclass(frozen=True, slots=True)
class CredentialField:
    """One thing a person types in. `validate` returns the clean value or raises ValueError with what to do.

    `ways` are the names of the `Way`s that it belongs to; none means all. `default` stands where nothing is given.
    `choices` are all that it may be, as (value, label): such a one is a setting, and is shown as it stands.
    """

    name: str
    label: str
    help: str
    secret: bool = False
    required: bool = True
    validate: Callable[[str], str] = str.strip
    ways: frozenset[str] = frozenset()
    default: str = ""
    choices: tuple[tuple[str, str], ...] = ()

    def belongs_to(self, way: str) -> bool:
        return not self.ways or way in self.ways


@dataclass(frozen=True, slots=True)
class Way:
    """One way in which a system lets Trunkline in. `by_log_in` means that a person logs in there in the browser.

    For such a way the operator may keep an app of the portal's own, so that nobody types in its id and secret.
    """

    name: str
    label: str
    help: str
    by_log_in: bool = False


WAY = "way"
"""The credential that holds the name of the chosen `Way`."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """A connection's environment with the addresses of a custom one, and what such a one may name."""

    environment: str
    api_url: str = ""
    auth_url: str = ""
    allowed_hosts: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Begun:
    """A log-in that has begun: where the person goes, and what must be kept here until they are back."""

    url: str
    state: str
    verifier: str = field(repr=False)


class LogIn(Protocol):
    """A system's own log-in page: there and back. Both may raise `hosts.AddressRefused`."""

    def begin(self, credentials: Mapping[str, str], addresses: Addresses, redirect_uri: str) -> Begun: ...

    def finish(
        self,
        credentials: Mapping[str, str],
        addresses: Addresses,
        redirect_uri: str,
        code: str,
        verifier: str,
    ) -> Token:
        """The first token, with its grant. Raises RemoteError."""
        ...


Revoke = Callable[[Mapping[str, str], Addresses, str], None]
"""Ends a grant at its system: credentials, addresses, the grant. Raises RemoteError."""


@dataclass(frozen=True, slots=True)
class Environment:
    """A place that a system runs in; `custom` takes addresses of its own."""

    name: str
    label: str

    @property
    def custom(self) -> bool:
        return self.name == CUSTOM


@dataclass(frozen=True, slots=True)
class AddressField:
    """How one of a custom environment's two addresses is asked for."""

    label: str
    help: str


class Build(Protocol):
    """Makes a connector from checked credentials.

    `api_url` and `auth_url` count for the custom environment alone; `allowed_hosts` are the `host:port` texts
    that it may name. `memory` keeps what need not be asked each time. `tuning` is passed on (policy, limits). Raises
    `hosts.AddressRefused`.
    """

    def __call__(
        self,
        credentials: Mapping[str, str],
        *,
        environment: str,
        token_store: TokenStore,
        limiter: Limiter,
        api_url: str = "",
        auth_url: str = "",
        allowed_hosts: Collection[str] = (),
        memory: Memory = ...,
        **tuning: Any,
    ) -> Connector: ...


Declare = Callable[[str, str, Sequence[RemoteField]], Entity]
"""An entity from an object's describe: the entity's name here, the object's name there, and its fields."""


@dataclass(frozen=True, slots=True)
class ConnectorSpec:
    """One system.

    `rate` is the calls a second that keep its limit; `late_effect` the seconds in which a call whose answer was lost
    may still take effect, which is the system's own time-out and some; `account_field` is the credential that
    people know the account by, empty where the system itself names it; `check_address` refuses, as `build` does,
    addresses that a custom environment may not have; `switch_off` tells the merchant's admin where access is ended
    at the system itself. `ways` are the ways in, the usual one first; `log_in` is there where one of them is a
    person's log-in, `revoke` where a grant can be ended by a call. `scoped` is False for a system whose rows are
    shared whole: it has none of the lists that a scope is chosen from. `declare` is there where an account may have
    objects of its own that become entities, `copied` are the portal's entities that such an object may take copies of,
    and `makes_keys` is whether its connector is a `MakesKeys`. `calls_a_minute` is what people are shown as the limit,
    0 for a system that counts by the day. `addresses` are how the two addresses of a custom environment are asked for,
    where a system has other ones than of its API and its tokens. `interval` is how often, in minutes, a new connection
    asks for changes. `seat_of` names, for credentials, the account that can be logged on only once: such a system's
    connector is built with a `seat` (`base.Seat`).
    """

    system: str
    label: str
    fields: tuple[CredentialField, ...]
    environments: tuple[Environment, ...]
    entities: Mapping[str, Entity]
    build: Build
    check_address: Callable[..., Hosts]
    rate: float
    account_field: str
    switch_off: str = ""
    late_effect: float = 120.0
    ways: tuple[Way, ...] = ()
    log_in: LogIn | None = None
    revoke: Revoke | None = None
    scoped: bool = True
    describes: bool = False
    declare: Declare | None = None
    copied: frozenset[str] = frozenset()
    makes_keys: bool = False
    calls_a_minute: int = 0
    addresses: tuple[AddressField, AddressField] | None = None
    interval: int = 10
    seat_of: Callable[[Mapping[str, str]], str] | None = None

    def way_of(self, credentials: Mapping[str, str]) -> Way | None:
        """The chosen way; the usual one where none is chosen, None where there is nothing to choose from."""
        chosen = credentials.get(WAY, "")
        return next((way for way in self.ways if way.name == chosen), next(iter(self.ways), None))

    def is_by_log_in(self, credentials: Mapping[str, str]) -> bool:
        way = self.way_of(credentials)
        return way is not None and way.by_log_in

    def clean(self, credentials: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
        """The credentials as they are to be stored, and what is wrong with them, both by field name."""
        values: dict[str, str] = {}
        wrong: dict[str, str] = {}
        way = self.way_of(credentials)
        if way is not None:
            values[WAY] = way.name
        for item in self.fields:
            if way is not None and not item.belongs_to(way.name):
                continue
            given = credentials.get(item.name, "").strip() or item.default
            if not given:
                if item.required:
                    wrong[item.name] = f"{item.label} is missing. {item.help}"
                continue
            if item.choices and given not in dict(item.choices):
                wrong[item.name] = f"Choose one of {', '.join(value for value, _ in item.choices)}."
                continue
            try:
                values[item.name] = item.validate(given)
            except ValueError as error:
                wrong[item.name] = str(error)
        return values, wrong
