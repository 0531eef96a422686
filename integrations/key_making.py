"""The fields that written rows are found again by, made at the system itself where its connector can."""

from integrations.calls import connector_for
from integrations.connecting import ConnectingFailed
from integrations.connectors.base import MakesKeys
from integrations.connectors.errors import RemoteError, Who
from integrations.connectors.hosts import AddressRefused
from integrations.connectors.registry import CONNECTORS
from integrations.models import Connection
from integrations.own_objects import own_entities
from integrations.shared import Disconnected
from portal import audit
from portal.models import User
from portal.secrets import SecretUnreadable


def can(connection: Connection) -> bool:
    """Whether its connector makes such fields."""
    return CONNECTORS[connection.system].makes_keys


def make(connection: Connection, *, user: User | None = None) -> dict[str, str]:
    """Each field that was missing, with why it could not be made; empty words where it was. Raises ConnectingFailed."""
    try:
        with connector_for(connection) as (connector, _):
            found = connector.make_keys(own_entities(connection)) if isinstance(connector, MakesKeys) else []
    except RemoteError as error:
        raise ConnectingFailed(error.message, error.who) from error
    except (Disconnected, AddressRefused, SecretUnreadable) as error:
        raise ConnectingFailed(str(error), Who.FIX_CONFIGURATION) from error
    made = {place: "" if error is None else error.message for place, error in found}
    if done := [place for place, why_not in made.items() if not why_not]:
        audit.record(
            "connection.keys_made", connection, actor=user, tenant=connection.tenant, note=", ".join(done)
        )
    return made
