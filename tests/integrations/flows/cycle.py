"""One cycle of everything, as workers go through it: pulls, flows, deliveries."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.utils import timezone

from integrations import connecting, syncing
from integrations.flows.catalogue import FLOWS
from integrations.flows.installing import install
from integrations.models import Connection, Flow, FlowItem
from integrations.tasks import wake, work_on_flows
from portal.models import Tenant
from tests.integrations.pushes import time_passes
from tests.integrations.syncs import sync


@dataclass
class Both:
    """A merchant between two systems. `st` and `sf` are what a test does to their sandboxes."""

    tenant: Tenant
    servicetitan: Connection
    st: Any
    salesforce: Connection
    sf: Any

    def install(self, name: str, **chosen: Any) -> Flow:
        """Install a flow with these settings, for records of all times."""
        flow = install(self.tenant, FLOWS[name], chosen, since=datetime(2000, 1, 1, tzinfo=UTC))
        self.st.reset()
        self.sf.reset()
        return flow

    def cycle(self, times: int = 1) -> None:
        for _ in range(times):
            cycle_of(self.servicetitan, self.salesforce)


def read_and_rest(connection: Connection, entities: Collection[str]) -> None:
    """Read these once. Then all rules are off: a cycle of every one of them takes many times as long as a flow's own."""
    connection.rules.exclude(entity__in=entities).update(enabled=False)
    sync(connection)
    connection.rules.update(enabled=False)


def cycle_of(*connections: Connection) -> None:
    """Rules that are on are read, flows work, and what is owed is sent until nothing is due."""
    for connection in connections:
        if connection.rules.filter(enabled=True).exists():
            syncing.start(connection, user=None)
    for _ in range(6):
        wake()
        time_passes()
        if not work_on_flows() and not wake():
            break


def outcomes(flow: Flow) -> list[tuple[str, str]]:
    """(state, reason) of each item, in order."""
    return list(FlowItem.objects.filter(flow=flow).order_by("id").values_list("state", "reason"))


def read_once(tenant: Tenant, system: str, credentials: dict[str, str]) -> Connection:
    """A connection that is there and was read, without a call."""
    connection = connecting.save_credentials(
        tenant, system, credentials, environment="production", allowed_hosts=[]
    )
    connection.rules.update(synced_at=timezone.now())
    connection.status, connection.synced_at = Connection.Status.CONNECTED, timezone.now()
    connection.save()
    return connection


def syspro_of(tenant: Tenant, company: Any, hosts: list[str]) -> Connection:
    """The served company connected and tested; nothing of it is read yet."""
    there = connecting.save_credentials(
        tenant,
        "syspro",
        {name: str(value) for name, value in company.credentials.items()},
        environment="custom",
        api_url=company.api_url,
        auth_url=company.auth_url,
        allowed_hosts=hosts,
    )
    connecting.test(there)
    return there


def servicetitan_without_calls(tenant: Tenant) -> Connection:
    known = {"tenant_id": "900001", "client_id": "cid.x", "client_secret": "cs1.x", "app_key": "ak1.x"}
    return read_once(tenant, "servicetitan", known)


def salesforce_without_calls(tenant: Tenant, settings: Any) -> Connection:
    settings.CONNECTOR_APPS = {"salesforce": {"client_id": "key", "client_secret": "secret"}}
    return read_once(tenant, "salesforce", {"way": "log_in"})
