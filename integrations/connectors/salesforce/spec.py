"""Salesforce's row in the registry: the ways in, what a person types in for each, and where it is found."""

import re
from collections.abc import Collection, Mapping
from typing import Any

from integrations.connectors.base import Connector, Limiter, Memory, TokenStore
from integrations.connectors.hosts import CUSTOM
from integrations.connectors.salesforce import grants, hosts, own
from integrations.connectors.salesforce.client import SYSTEM, SalesforceConnector
from integrations.connectors.salesforce.entities import ENTITIES
from integrations.connectors.spec import Addresses, ConnectorSpec, CredentialField, Environment, Way

_APP = "Setup > External Client App Manager > the app > Settings > OAuth Settings"
_PEM = re.compile(r"-----BEGIN ((?:RSA )?PRIVATE KEY)-----([\sA-Za-z0-9+/=]+)-----END \1-----")
_ALL = frozenset({grants.BY_LOG_IN, grants.BY_CLIENT, grants.BY_CERTIFICATE})


def _one_word(text: str) -> str:
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("It is one word without blanks or line breaks. Copy it again, nothing else.")
    return text


def _field_name(text: str) -> str:
    name = text.strip()
    if not (name.isascii() and name.replace("_", "").isalnum() and name.endswith("__c")):
        raise ValueError("Write the field's API name, such as ServiceTitan_Id__c: it ends in __c.")
    return name


def _version(text: str) -> str:
    number = text.strip().lower().removeprefix("v").removesuffix(".0")
    if not (number.isascii() and number.isdigit() and 46 <= int(number) <= 999):
        raise ValueError("An API version is a number from 46.0, such as 62.0.")
    return f"{int(number)}.0"


def _private_key(text: str) -> str:
    """The PEM text with its line breaks, which a form's field has taken out."""
    found = _PEM.fullmatch(text.strip())
    if found is None:
        raise ValueError("Paste the whole PEM text, from BEGIN to END PRIVATE KEY.")
    body = "".join(found[2].split())
    lines = [body[start : start + 64] for start in range(0, len(body), 64)]
    return "\n".join((f"-----BEGIN {found[1]}-----", *lines, f"-----END {found[1]}-----", ""))


def build(
    credentials: Mapping[str, str],
    *,
    environment: str,
    token_store: TokenStore,
    limiter: Limiter,
    api_url: str = "",
    auth_url: str = "",
    allowed_hosts: Collection[str] = (),
    memory: Memory | None = None,
    **tuning: Any,
) -> Connector:
    """A connector for one org; see `spec.Build`."""
    addresses = Addresses(environment, api_url, auth_url, tuple(allowed_hosts))
    hosts.log_in_origin(credentials, addresses)  # refuses what may not be called before anything is
    return SalesforceConnector(
        credentials, addresses, token_store=token_store, limiter=limiter, memory=memory, **tuning
    )


SALESFORCE = ConnectorSpec(
    system=SYSTEM,
    label="Salesforce",
    ways=(
        Way(
            grants.BY_LOG_IN,
            "Log in at Salesforce",
            "You are taken to Salesforce's own page, log in there as the integration user and agree.",
            by_log_in=True,
        ),
        Way(
            grants.BY_CLIENT,
            "Client credentials",
            "For an org that nobody is to log in to: the app itself runs as an integration user that its admin names.",
        ),
        Way(
            grants.BY_CERTIFICATE,
            "Certificate (JWT bearer)",
            "For an org that nobody is to log in to: each token is asked for with a signed statement.",
        ),
    ),
    fields=(
        CredentialField(
            "my_domain",
            "My Domain",
            "The org's own address, such as acme.my.salesforce.com: Setup > My Domain. Client credentials work there "
            "only; for the others it is needed where the org forbids the general log-in page.",
            required=False,
            validate=hosts.my_domain,
        ),
        CredentialField(
            "client_id", "Consumer key", f"{_APP} > Consumer Key and Secret.", validate=_one_word
        ),
        CredentialField(
            "client_secret",
            "Consumer secret",
            "Beside the consumer key.",
            secret=True,
            validate=_one_word,
            ways=_ALL - {grants.BY_CERTIFICATE},
        ),
        CredentialField(
            "username",
            "User name",
            "The integration user's name in Salesforce, in the form of an e-mail address.",
            validate=_one_word,
            ways=frozenset({grants.BY_CERTIFICATE}),
        ),
        CredentialField(
            "private_key",
            "Private key",
            "The RSA key, as PEM text, whose certificate was uploaded to the app (Use digital signatures).",
            secret=True,
            validate=_private_key,
            ways=frozenset({grants.BY_CERTIFICATE}),
        ),
        CredentialField(
            "external_id_field",
            "External id field",
            "The API name of a Text(80) field with External ID and Unique ticked, on Account, Contact, Opportunity, "
            "Case and Campaign. Trunkline writes its own id there, so that nothing is created twice.",
            required=False,
            validate=_field_name,
            default="ServiceTitan_Id__c",
        ),
        CredentialField(
            "api_version",
            "API version",
            "62.0 unless the org needs another.",
            required=False,
            validate=_version,
            default="62.0",
        ),
    ),
    environments=(
        Environment("production", "Production or Developer Edition"),
        Environment("test", "Sandbox (test.salesforce.com)"),
        Environment(CUSTOM, "Custom address (a local sandbox)"),
    ),
    entities=ENTITIES,
    build=build,
    check_address=hosts.check_address,
    rate=50.0,  # no limit of Salesforce's, which counts by the day: what one org is spared
    account_field="",
    switch_off=(
        "Trunkline has asked Salesforce to end its log-in. To be certain, the Salesforce admin opens Setup > Connected "
        "Apps OAuth Usage, chooses the app and presses Revoke; client credentials and certificates work until the app "
        "is blocked there."
    ),
    late_effect=120.0,
    log_in=grants.SalesforceLogIn(),
    revoke=grants.revoke,
    scoped=False,
    describes=True,
    declare=own.declare,
    copied=own.COPIED,
    makes_keys=True,
)
