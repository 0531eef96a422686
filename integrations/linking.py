"""Linking a connection by a person's log-in at the other system, and ending that link there.

The route: `begin` (the system's own log-in page; state and verifier go into the person's session) -> they agree there
-> the callback -> `finish` (code for a token and its grant, kept; tested; first sync at once).
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.db import transaction

from integrations import connecting, syncing
from integrations.calls import addresses_of, opened
from integrations.connecting import ConnectingFailed, Tested
from integrations.connectors.errors import RemoteError, Who
from integrations.connectors.hosts import AddressRefused
from integrations.connectors.registry import CONNECTORS
from integrations.connectors.spec import LogIn
from integrations.connectors.tokens import renew_at
from integrations.models import AccessToken, Connection
from integrations.shared import token_columns
from portal import audit
from portal.models import User
from portal.secrets import SecretUnreadable

LONGEST = 900.0
"""Seconds that a person may take at the other system's page."""
Kept = dict[str, Any]
"""What the session keeps of a log-in that has begun."""


def begin(connection: Connection, redirect_uri: str) -> tuple[str, str, Kept]:
    """The system's log-in page, the state, and what to keep under it. Raises ConnectingFailed."""
    try:
        begun = _log_in(connection).begin(opened(connection), addresses_of(connection), redirect_uri)
    except (AddressRefused, SecretUnreadable) as error:
        raise ConnectingFailed(str(error), Who.FIX_CONFIGURATION) from error
    except KeyError as error:
        raise ConnectingFailed("Enter the app's consumer key first.", Who.FIX_CONFIGURATION) from error
    kept = {
        "connection": connection.pk,
        "disconnects": connection.disconnects,
        "verifier": begun.verifier,
        "redirect_uri": redirect_uri,
        "at": datetime.now(UTC).timestamp(),
    }
    return begun.url, begun.state, kept


def is_late(kept: Mapping[str, Any]) -> bool:
    return datetime.now(UTC).timestamp() - float(kept["at"]) > LONGEST


def finish(connection: Connection, kept: Mapping[str, Any], code: str, *, user: User | None) -> Tested:
    """The person is back with a code: the link is made, tested, and its first sync started. Raises ConnectingFailed."""
    try:
        token = _log_in(connection).finish(
            opened(connection), addresses_of(connection), kept["redirect_uri"], code, kept["verifier"]
        )
    except RemoteError as error:
        connection.fail(error.message, error.who, relink=error.relink)
        audit.record(
            "connection.tested", connection, actor=user, tenant=connection.tenant, note=error.message
        )
        raise ConnectingFailed(error.message, error.who) from error
    except (AddressRefused, SecretUnreadable) as error:
        raise ConnectingFailed(str(error), Who.FIX_CONFIGURATION) from error
    columns = token_columns(token, renew_at(token, datetime.now(UTC)))
    with transaction.atomic():
        row = Connection.objects.select_for_update().get(pk=connection.pk)
        if row.disconnects != kept["disconnects"] or row.status == Connection.Status.DISCONNECTED:
            raise ConnectingFailed("The connection was disconnected meanwhile.", Who.FIX_CONFIGURATION)
        AccessToken.objects.update_or_create(connection=row, defaults=columns)
        if user is not None:
            Connection.objects.filter(pk=row.pk).update(owner=user)
        audit.record("connection.linked", row, actor=user, tenant=row.tenant)
    return test_and_start(connection, user=user)


def test_and_start(connection: Connection, *, user: User | None) -> Tested:
    """Test it; where nobody chooses a scope first, what was never synced is read at once. Raises ConnectingFailed."""
    tested = connecting.test(connection, user=user)
    begun = connection.rules.exclude(synced_at=None).exists()
    if not connection.is_scoped and not begun and connection.may_call:
        syncing.start(connection, user=user)
    return tested


def _log_in(connection: Connection) -> LogIn:
    found = CONNECTORS[connection.system].log_in
    if found is None or not connection.is_by_log_in:
        raise ConnectingFailed(f"{connection.label} is not linked by a log-in.", Who.FIX_CONFIGURATION)
    return found
