"""What the portal must know about a system before it can connect one: its fields, environments and builder."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from integrations.connectors.base import Connector, Entity, Limiter, TokenStore
from integrations.connectors.hosts import CUSTOM, Hosts


@dataclass(frozen=True, slots=True)
class CredentialField:
    """One thing a person types in. `validate` returns the clean value or raises ValueError with what to do."""

    name: str
    label: str
    help: str
    secret: bool = False
    required: bool = True
    validate: Callable[[str], str] = str.strip


@dataclass(frozen=True, slots=True)
class Environment:
    """A place that a system runs in; `custom` takes addresses of its own."""

    name: str
    label: str

    @property
    def custom(self) -> bool:
        return self.name == CUSTOM


class Build(Protocol):
    """Makes a connector from checked credentials.

    `api_url` and `auth_url` count for the custom environment alone; `allowed_hosts` are the `host:port` texts
    that it may name. `tuning` is passed on (policy, limits). Raises `hosts.AddressRefused`.
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
        **tuning: Any,
    ) -> Connector: ...


@dataclass(frozen=True, slots=True)
class ConnectorSpec:
    """One system.

    `rate` is the calls a second that keep its limit; `late_effect` the seconds in which a call whose answer was lost
    may still take effect, which is the system's own time-out and some; `account_field` is the credential that
    people know the account by; `check_address` refuses, as `build` does, addresses that a custom environment may
    not have; `switch_off` tells the merchant's admin where access is ended at the system itself.
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

    def clean(self, credentials: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
        """The credentials as they are to be stored, and what is wrong with them, both by field name."""
        values: dict[str, str] = {}
        wrong: dict[str, str] = {}
        for item in self.fields:
            given = credentials.get(item.name, "").strip()
            if not given:
                if item.required:
                    wrong[item.name] = f"{item.label} is missing. {item.help}"
                continue
            try:
                values[item.name] = item.validate(given)
            except ValueError as error:
                wrong[item.name] = str(error)
        return values, wrong
