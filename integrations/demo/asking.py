"""What the demo has people at the other systems do: a sandbox's control verbs, at the address that is connected."""

from typing import Any
from urllib.parse import urljoin

import requests

from integrations.models import Connection

_TIMEOUT = 10


def ask(connection: Connection, verb: str, **members: Any) -> None:
    """Have the sandbox that a connection leads to do something by itself."""
    address = urljoin(connection.api_url, f"/_sandbox/{verb}")
    requests.post(address, json=members, timeout=_TIMEOUT).raise_for_status()
