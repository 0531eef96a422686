"""What the portal must know about a system before it can connect one: its fields, environments and builder."""

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from integrations.connectors.base import Connector, Entity, Limiter, TokenStore
from integrations.connectors.hosts import CUSTOM, Hosts, resolve


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
    """Makes a connector from checked credentials. `tuning` passes on what tests set: policy, limits."""

    def __call__(
        self,
        credentials: Mapping[str, str],
        hosts: Hosts,
        *,
        token_store: TokenStore,
        limiter: Limiter,
        **tuning: Any,
    ) -> Connector: ...


@dataclass(frozen=True, slots=True)
class ConnectorSpec:
    """One system.

    `calls_per_second` is the pace that keeps its rate limit, which counts per `budget_fields` of the
    credentials. `account_field` is the credential that people know the account by.
    """

    system: str
    label: str
    fields: tuple[CredentialField, ...]
    environments: tuple[Environment, ...]
    known_hosts: Mapping[str, Hosts]
    entities: Mapping[str, Entity]
    build: Build
    calls_per_second: float
    budget_fields: tuple[str, ...]
    account_field: str
    token_path: str = field(default="/connect/token")

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

    def hosts(
        self, environment: str, *, api_url: str = "", auth_url: str = "", allowed: Collection[str] = ()
    ) -> Hosts:
        """The addresses of an environment. Raises `hosts.AddressRefused`."""
        return resolve(
            self.known_hosts,
            environment,
            api_url=api_url,
            auth_url=auth_url,
            allowed=allowed,
            token_path=self.token_path,
        )

    def budget_key(self, credentials: Mapping[str, str]) -> str:
        """Names the rate limit's budget; two connections that share the limit share the key. Not reversible."""
        parts = "\n".join((self.system, *(credentials[name] for name in self.budget_fields)))
        return hashlib.sha256(parts.encode()).hexdigest()[:32]
