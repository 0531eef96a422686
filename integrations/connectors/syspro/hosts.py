"""Where a company's SYSPRO is: the address of its e.net service, and that of its OData site."""

from collections.abc import Collection
from urllib.parse import urlsplit

from integrations.connectors.hosts import CUSTOM, AddressRefused, Hosts, allowed_origin

ENET_PATH = "/SYSPROWCFService/Rest"
ODATA_PATH = "/SYSPRO8Odata/SYSPROOData"


def check_address(
    environment: str = CUSTOM, *, api_url: str = "", auth_url: str = "", allowed: Collection[str] = ()
) -> Hosts:
    """Both addresses, checked; `token_url` is the OData site, empty where there is none. Raises AddressRefused.

    A host alone gets the path that SYSPRO's installer gives; a company may have put the services elsewhere.
    """
    if environment != CUSTOM:
        raise AddressRefused("SYSPRO runs on the company's own server: give its address.")
    enet = _address(api_url, "e.net address", allowed, ENET_PATH)
    return Hosts(enet, _address(auth_url, "OData address", allowed, ODATA_PATH) if auth_url else "")


def _address(url: str, what: str, allowed: Collection[str], usual: str) -> str:
    try:
        path = urlsplit(url).path
    except ValueError:
        raise AddressRefused(f"The {what} cannot be read as an address.") from None
    origin = allowed_origin(url, what, allowed, paths=(path,))
    parts = [part for part in path.split("/") if part]
    if any(set(part) == {"."} for part in parts):
        raise AddressRefused(f"The {what} must be plain: no dots that lead upwards.")
    return origin + ("/" + "/".join(parts) if parts else usual)
