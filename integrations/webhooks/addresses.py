"""Which addresses webhooks may be sent to, and calling exactly the machine that was checked.

An address comes from a form. Were any address taken, whoever may edit a subscription could make the server call
machines inside its own network. So a name is resolved once, every address it has is looked at, and the connection is
made to that very address, the name kept for TLS and the Host header: a name that later means another machine is of no
use. Redirects are never followed.
"""

import socket
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, SSLError

TIMEOUT = urllib3.Timeout(connect=5.0, read=10.0)
READ = 2048
_PORTS = {"https": 443, "http": 80}
_TUNNELS = ("64:ff9b:",)
_NOT_SENT = (NewConnectionError, ConnectTimeoutError, SSLError)
_SPECIAL = tuple(
    map(ip_network, ("192.0.0.0/24", "192.88.99.0/24", "fec0::/10", "100::/64", "3fff::/20", "5f00::/16"))
)
"""Set aside by IANA, though some of Python's versions call them global."""

Resolve = Callable[[str, int], Collection[str]]


class Refused(ValueError):
    """An address that is not called; the text says why and what to do."""


class Unreachable(Exception):
    """No answer: the text says why. `sent` is whether it may have arrived all the same."""

    def __init__(self, words: str, *, sent: bool = False) -> None:
        super().__init__(words)
        self.sent = sent


@dataclass(frozen=True, slots=True)
class Target:
    """A checked address, and the machine that it means now."""

    scheme: str
    host: str
    port: int
    path: str
    ip: str

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


def resolve_name(host: str, port: int) -> list[str]:
    """Every address of a name. Raises Unreachable where it has none."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Unreachable(f"The name {host} leads nowhere.") from None
    return [str(entry[4][0]) for entry in found]


def checked(url: str, allowed: Collection[str], resolve: Resolve = resolve_name) -> Target:
    """The machine to call. `allowed` are `host:port` texts that may be anything. Raises Refused, Unreachable."""
    scheme, host, port, path = plain(url)
    is_allowed = _authority(host, port) in {entry.strip().lower() for entry in allowed}
    if scheme != "https" and not is_allowed:
        raise Refused("The address must begin with https://.")
    ips = list(resolve(host, port))
    if not is_allowed:
        for ip in ips:
            if not is_public(ip):
                raise Refused(
                    f"{host} leads to {ip}, which is no address of the public internet. If it should be called, the "
                    f"portal's operator adds {_authority(host, port)} to WEBHOOK_ALLOWED_HOSTS and restarts."
                )
    return Target(scheme, host, port, path, ips[0])


def plain(url: str) -> tuple[str, str, int, str]:
    """Scheme, host, port and path with query. Raises Refused for what is not plain."""
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise Refused("The address must be plain: no blanks, backslashes or accented characters.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Refused("This cannot be read as an address.") from None
    if parts.scheme not in _PORTS or not parts.hostname:
        raise Refused("The address must begin with https://.")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise Refused("The address must hold no user name, password or fragment.")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return parts.scheme, parts.hostname.lower(), port or _PORTS[parts.scheme], path


def _authority(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def is_public(ip: str) -> bool:
    """Whether an address belongs to the public internet, whatever it is wrapped in. Pure."""
    try:
        address = ip_address(ip.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(str(address.ipv4_mapped))
        if address.sixtofour is not None or address.teredo is not None or str(address).startswith(_TUNNELS):
            return False
    if any(address in network for network in _SPECIAL if network.version == address.version):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def post(target: Target, body: bytes, headers: Mapping[str, str]) -> tuple[int, str]:
    """Send it to the checked machine: status and the beginning of the answer. Raises Unreachable."""
    sent = {**headers, "Host": target.authority}
    try:
        with _pool(target) as pool:
            reply = pool.urlopen(
                "POST",
                target.path,
                body=body,
                headers=sent,
                redirect=False,
                retries=False,
                preload_content=False,
            )
            try:
                return reply.status, reply.read(READ).decode(errors="replace")
            finally:
                reply.close()
    except (HTTPError, OSError, ValueError) as error:
        raise Unreachable(
            f"No answer: {type(error).__name__}.", sent=not isinstance(error, _NOT_SENT)
        ) from None


def _pool(target: Target) -> urllib3.HTTPConnectionPool:
    if target.scheme == "http":
        return urllib3.HTTPConnectionPool(target.ip, target.port, timeout=TIMEOUT, maxsize=1)
    return urllib3.HTTPSConnectionPool(
        target.ip,
        target.port,
        timeout=TIMEOUT,
        maxsize=1,
        server_hostname=target.host,
        assert_hostname=target.host,
        cert_reqs="CERT_REQUIRED",
    )
