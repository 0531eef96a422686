"""Ending a link at its system when the connection is disconnected.

The route: `ending` (what the call needs, read before the disconnect destroys it) -> the disconnect commits -> `end`.
Whether the system answers must not keep a connection alive: what it says instead is shown to the person.
"""

import logging
from collections.abc import Mapping
from typing import Any

from integrations.calls import addresses_of, opened
from integrations.connectors.errors import RemoteError
from integrations.connectors.hosts import AddressRefused
from integrations.connectors.registry import CONNECTORS
from integrations.models import AccessToken, Connection
from portal.secrets import SecretUnreadable

log = logging.getLogger(__name__)


def ending(connection: Connection) -> dict[str, Any] | None:
    """What it takes to end the link at the system, read before the disconnect destroys it."""
    if CONNECTORS[connection.system].revoke is None:
        return None
    row = AccessToken.objects.filter(connection=connection).first()
    secret = (row.grant or row.value) if row else None
    try:
        return {"credentials": opened(connection), "grant": secret.reveal()} if secret else None
    except SecretUnreadable:
        return None


def end(connection: Connection, kept: Mapping[str, Any]) -> str:
    """Ask the system to forget the link. Returns what went wrong, in words; empty where it is over there too."""
    revoke = CONNECTORS[connection.system].revoke
    if revoke is None:
        return ""
    try:
        revoke(kept["credentials"], addresses_of(connection), kept["grant"])
    except (RemoteError, AddressRefused) as error:
        message = error.message if isinstance(error, RemoteError) else str(error)
        log.warning("The link of connection %s was not ended there: %s", connection.pk, message)
        return f"{connection.label} was not told: {message}"
    return ""
