"""Which addresses a connection may call: a system's own, or custom ones that the operator has allowed.

A custom address comes from a form. Were any address taken, whoever may edit a connection could make the
server call machines inside its own network, so host and port must stand in the allow-list, letter for letter.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

CUSTOM = "custom"
_DEFAULT_PORTS = {"https": 443, "http": 80}
_FORBIDDEN = frozenset("@?#\\%")


class AddressRefused(ValueError):
    """An address that may not be called; the text tells a person why and what to do."""


@dataclass(frozen=True, slots=True)
class Hosts:
    """Where a connection calls: the API's base address, and the whole address of the token endpoint."""

    api_url: str
    token_url: str


def resolve(
    known: Mapping[str, Hosts],
    environment: str,
    *,
    api_url: str = "",
    auth_url: str = "",
    allowed: Collection[str] = (),
    token_path: str,
) -> Hosts:
    """The addresses of an environment; for `custom` the given ones, if they are allowed.

    `allowed` holds `host:port` texts. Raises AddressRefused.
    """
    if environment in known:
        return known[environment]
    if environment != CUSTOM:
        choices = ", ".join((*known, CUSTOM))
        raise AddressRefused(f"There is no environment {environment!r}. Choose one of {choices}.")
    api = allowed_origin(api_url, "API address", allowed, paths=("", "/"))
    auth = allowed_origin(auth_url or api_url, "token address", allowed, paths=("", "/", token_path))
    return Hosts(api, auth + token_path)


def allowed_origin(url: str, what: str, allowed: Collection[str], paths: Collection[str]) -> str:
    """`url` as scheme://host:port, if it is plain and its host:port is allowed. Raises AddressRefused."""
    parts = _plain_parts(url, what)
    if parts.path not in paths:
        raise AddressRefused(f"The {what} must be scheme, host and port alone, such as https://host:443.")
    try:
        port = parts.port or _DEFAULT_PORTS[parts.scheme]
    except ValueError:
        raise AddressRefused(f"The {what} has no valid port.") from None
    host = (parts.hostname or "").lower()
    authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    if authority not in {entry.strip().lower() for entry in allowed}:
        raise AddressRefused(
            f"The {what} {authority} is not allowed. If it should be, the portal's operator adds {authority} to "
            "the environment variable CUSTOM_API_HOSTS (host:port, separated by commas) and restarts."
        )
    return f"{parts.scheme}://{authority}"


def _plain_parts(url: str, what: str) -> SplitResult:
    if not url:
        raise AddressRefused(f"A custom environment needs its {what}.")
    if not url.isascii() or not url.isprintable() or " " in url or _FORBIDDEN & set(url):
        raise AddressRefused(
            f"The {what} must be plain: no user name, query, fragment, blank, escape or accented character."
        )
    try:
        parts = urlsplit(url)
    except ValueError:
        raise AddressRefused(f"The {what} cannot be read as an address.") from None
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise AddressRefused(f"The {what} must begin with https:// (or http:// for an allowed host).")
    return parts
