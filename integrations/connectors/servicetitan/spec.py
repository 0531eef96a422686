"""ServiceTitan's row in the registry: what a person types in, and where each thing is found."""

from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any
from uuid import UUID

from integrations.connectors.base import Connector, Limiter, Memory, TokenStore
from integrations.connectors.hosts import CUSTOM, Hosts, resolve
from integrations.connectors.servicetitan.client import SYSTEM, ServiceTitanConnector
from integrations.connectors.servicetitan.entities import ENTITIES
from integrations.connectors.servicetitan.scopes import WHERE
from integrations.connectors.spec import ConnectorSpec, CredentialField, Environment

_TOKEN_PATH = "/connect/token"  # noqa: S105 (a path, no password)

HOSTS: Mapping[str, Hosts] = {
    "production": Hosts("https://api.servicetitan.io", f"https://auth.servicetitan.io{_TOKEN_PATH}"),
    "integration": Hosts(
        "https://api-integration.servicetitan.io", f"https://auth-integration.servicetitan.io{_TOKEN_PATH}"
    ),
}


check_address = partial(resolve, HOSTS, token_path=_TOKEN_PATH)


def _tenant_id(text: str) -> str:
    """Digits only: the id becomes a part of every address."""
    if not (text.isascii() and text.isdigit() and len(text) <= 19):
        raise ValueError("The tenant id is a whole number, digits only, such as 1234567890.")
    return str(int(text))


def _guid(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise ValueError("A GUID looks like 1b4e28ba-2fa1-11d2-883f-0016d3cca427. Copy it again.") from None


def _one_word(label: str) -> Callable[[str], str]:
    def validate(text: str) -> str:
        if not text.isascii() or not text.isprintable() or " " in text:
            raise ValueError(
                f"{label} is one word without blanks or line breaks. Copy it again, nothing else."
            )
        return text

    return validate


def _field(name: str, label: str, help_text: str, *, secret: bool = False) -> CredentialField:
    return CredentialField(name, label, help_text, secret=secret, validate=_one_word(f"The {label.lower()}"))


def build(
    credentials: Mapping[str, str],
    *,
    environment: str,
    token_store: TokenStore,
    limiter: Limiter,
    api_url: str = "",
    auth_url: str = "",
    allowed_hosts: Collection[str] = (),
    memory: Memory | None = None,  # nothing here is asked so often that it is worth keeping
    **tuning: Any,
) -> Connector:
    """A connector for one merchant; see `spec.Build`."""
    return ServiceTitanConnector(
        tenant_id=_tenant_id(credentials["tenant_id"]),
        client_id=credentials["client_id"],
        client_secret=credentials["client_secret"],
        app_key=credentials["app_key"],
        application_guid=credentials.get("application_guid", ""),
        hosts=check_address(environment, api_url=api_url, auth_url=auth_url, allowed=allowed_hosts),
        token_store=token_store,
        limiter=limiter,
        **tuning,
    )


SERVICETITAN = ConnectorSpec(
    system=SYSTEM,
    label="ServiceTitan",
    fields=(
        CredentialField(
            "tenant_id",
            "Tenant id",
            f"The merchant's number in ServiceTitan. It stands in {WHERE}, beside the connected app.",
            validate=_tenant_id,
        ),
        _field(
            "client_id",
            "Client id",
            f"Begins with cid. The merchant's admin opens {WHERE}, chooses the app and presses Edit; it is shown there.",
        ),
        _field(
            "client_secret",
            "Client secret",
            "Made on the same page with Generate, and shown only once. Lost? Generate another; two may be valid "
            "at the same time.",
            secret=True,
        ),
        _field(
            "app_key",
            "App key",
            "Begins with ak1. It belongs to the app, not to the merchant: ServiceTitan developer portal > My Apps > "
            "the app > Application Key.",
            secret=True,
        ),
        CredentialField(
            "application_guid",
            "External data application GUID",
            "Needed to create records in ServiceTitan: ServiceTitan developer portal > My Apps > the app > External "
            "Data Application GUID. Trunkline marks with it what it has created, so that nothing is created twice.",
            required=False,
            validate=_guid,
        ),
    ),
    environments=(
        Environment("production", "Production"),
        Environment("integration", "Integration (ServiceTitan's test environment)"),
        Environment(CUSTOM, "Custom address (a sandbox)"),
    ),
    entities=ENTITIES,
    build=build,
    check_address=check_address,
    rate=57.0,
    account_field="tenant_id",
    switch_off=(
        f"ServiceTitan has no call that ends access. The merchant's admin opens {WHERE}, chooses the app and "
        "disables it; until then the credentials would still work for whoever has a copy of them."
    ),
    late_effect=110.0,
    calls_a_minute=3600,
)
