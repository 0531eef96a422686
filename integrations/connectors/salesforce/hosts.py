"""Where Salesforce is: log-in hosts, the org's own domain, and the instance that each token names.

Every token comes with the address to use it at. An address from a reply is as little to be trusted as one from a
form: it must be one of Salesforce's own, or on the operator's list.
"""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from integrations.connectors.hosts import CUSTOM, AddressRefused, Hosts, allowed_origin, resolve
from integrations.connectors.spec import Addresses

AUTHORIZE = "/services/oauth2/authorize"
TOKEN = "/services/oauth2/token"  # noqa: S105 (a path, no password)
REVOKE = "/services/oauth2/revoke"
_LOGIN = {"production": "https://login.salesforce.com", "test": "https://test.salesforce.com"}
HOSTS: Mapping[str, Hosts] = {name: Hosts(url, url + TOKEN) for name, url in _LOGIN.items()}
_OWN = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.(salesforce\.com|salesforce\.mil|force\.com)")
_MY_DOMAIN = re.compile(r"[a-z0-9-]+(\.[a-z]+)?\.my\.(salesforce\.com|salesforce\.mil)")


def check_address(
    environment: str, *, api_url: str = "", auth_url: str = "", allowed: "list[str] | tuple[str, ...]" = ()
) -> Hosts:
    """As `hosts.resolve`."""
    return resolve(HOSTS, environment, api_url=api_url, auth_url=auth_url, allowed=allowed, token_path=TOKEN)


def my_domain(text: str) -> str:
    """`https://Acme.my.salesforce.com/` -> `acme.my.salesforce.com`. Raises ValueError."""
    host = text.strip().lower().removeprefix("https://").rstrip("/")
    if not _MY_DOMAIN.fullmatch(host):
        raise ValueError(
            "The My Domain is the org's own address, such as acme.my.salesforce.com. It stands in Setup > My Domain."
        )
    return host


def log_in_origin(credentials: Mapping[str, str], addresses: Addresses) -> str:
    """Scheme and host where this connection logs in and asks for tokens. Raises AddressRefused."""
    own = credentials.get("my_domain", "")
    if own and addresses.environment != CUSTOM:
        return f"https://{own}"
    hosts = check_address(
        addresses.environment,
        api_url=addresses.api_url,
        auth_url=addresses.auth_url,
        allowed=tuple(addresses.allowed_hosts),
    )
    return hosts.token_url.removesuffix(TOKEN)


def _bare_host(url: str) -> str:
    """The host of `https://host…` without a port of its own; "" for anything else."""
    try:
        parts = urlsplit(url)
        bare = parts.scheme == "https" and parts.port is None
    except ValueError:
        return ""
    return (parts.hostname or "").lower() if bare else ""


def instance(url: str, addresses: Addresses) -> str:
    """The `instance_url` of a token's reply, if it may be called. Raises AddressRefused."""
    host = _bare_host(url)
    if _OWN.fullmatch(host):
        return f"https://{host}"
    if addresses.environment != CUSTOM:
        raise AddressRefused(
            "Salesforce named an address for its API that is none of Salesforce's own. Check the connection's "
            "environment, then connect it again."
        )
    return allowed_origin(url, "API address", addresses.allowed_hosts, paths=("", "/"))
