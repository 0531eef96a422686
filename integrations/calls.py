"""What a connector needs of the portal to make its calls: credentials opened, a shared token, a shared limit.

The route: connection's row -> `connector_for` -> the connector's own client; from there every call asks
`SharedTokenStore` for the token and `SharedBudget`, through a limiter, for its turn; where an account can be logged on
only once, the connector holds a `SharedSeat` while it is. All are rows that all worker processes see; the connector's
threads ask for them through one `Clerk`.
"""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.conf import settings

from integrations import quota
from integrations.clerk import Clerk
from integrations.connectors.base import Connector
from integrations.connectors.http import Policy
from integrations.connectors.limits import PacedLimiter
from integrations.connectors.registry import CONNECTORS
from integrations.connectors.spec import Addresses, ConnectorSpec
from integrations.models import Connection
from integrations.seats import SharedSeat
from integrations.shared import Gate, SharedBudget, SharedMemory, SharedTokenStore
from portal.logs import about

PATIENCE = Policy(budget=60.0)
"""A call with all its attempts ends before the lease does, and before the queue kills the worker that waits."""


class CountingLimiter(PacedLimiter):
    """A paced limiter that counts: what a run reports as its calls, and how often it was told to wait."""

    calls = 0
    holds = 0
    gate: Gate | None = None

    def acquire(self) -> None:
        """Wait for a turn. Raises Disconnected where the connection's end came first."""
        super().acquire()
        self.calls += 1

    def before_waiting(self) -> None:
        """A turn is at most a quarter of a second away."""
        if self.gate is not None:
            self.gate.check()

    def hold(self, seconds: float) -> None:
        super().hold(seconds)
        self.holds += 1


@contextmanager
def connector_for(
    connection: Connection, policy: Policy | None = None
) -> Iterator[tuple[Connector, CountingLimiter]]:
    """The connector of a connection, its secrets opened for the length of the block, and its call counter.

    `policy` is how patient it is, where somebody waits for the answer.
    """
    spec = CONNECTORS[connection.system]
    clerk = Clerk()
    gate = Gate(connection, clerk.ask)
    gate.check()
    credentials = opened(connection)
    key = budget_key(connection, credentials)
    if connection.budget_key != key:
        connection.budget_key = key
        Connection.objects.filter(pk=connection.pk).update(budget_key=key)
    limiter = CountingLimiter(spec.rate, budget=SharedBudget(key, spec.rate, clerk.ask))
    limiter.gate = gate
    connector = spec.build(
        credentials,
        environment=connection.environment,
        api_url=connection.api_url,
        auth_url=connection.auth_url,
        allowed_hosts=settings.CUSTOM_API_HOSTS,
        token_store=SharedTokenStore(connection.pk, gate),
        limiter=limiter,
        memory=SharedMemory(connection),
        policy=policy or PATIENCE,
        **_seated(connection, spec, credentials, clerk),
    )
    with clerk, about(tenant_id=connection.tenant_id, connection_id=connection.pk):
        try:
            yield connector, limiter
        finally:
            quota.note(key, connector.usage)
            connector.close()


def _seated(
    connection: Connection, spec: ConnectorSpec, credentials: Mapping[str, str], clerk: Clerk
) -> dict[str, Any]:
    """The seat for a connector whose account can be logged on only once, whichever tenant's connection uses it."""
    if spec.seat_of is None:
        return {}
    parts = (connection.system, connection.api_url.lower().rstrip("/"), spec.seat_of(credentials))
    return {"seat": SharedSeat(hashlib.sha256("\n".join(parts).encode()).hexdigest(), clerk.ask)}


def addresses_of(connection: Connection) -> Addresses:
    """Where a connection's system is, for what is asked of it besides a connector's calls."""
    return Addresses(
        connection.environment, connection.api_url, connection.auth_url, tuple(settings.CUSTOM_API_HOSTS)
    )


def opened(connection: Connection) -> dict[str, str]:
    """A connection's credentials, opened; the portal's own app where people log in through it."""
    stored: dict[str, str] = connection.credentials.reveal() if connection.credentials else {}
    return {**portal_app(connection.system, stored), **stored}


def portal_app(system: str, credentials: Mapping[str, str]) -> dict[str, str]:
    """The id and secret of the operator's own app at a system, for ways in that go by a person's log-in."""
    by_log_in = CONNECTORS[system].is_by_log_in(credentials)
    return dict(settings.CONNECTOR_APPS.get(system, {})) if by_log_in else {}


def budget_key(connection: Connection, credentials: dict[str, Any]) -> str:
    """One key for all who share a remote's limit: the same app key at the same account and address."""
    parts = (
        connection.system,
        connection.environment,
        connection.api_url,
        connection.remote_account,
        str(credentials.get("app_key", "")),
    )
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
