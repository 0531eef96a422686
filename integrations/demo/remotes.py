"""The two systems that the demo's merchant is connected to, each a sandbox on this machine."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import requests
from django.conf import settings

from integrations.demo.state import State
from integrations.models import Connection
from integrations.sandbox.salesforce import access as org
from integrations.sandbox.servicetitan import access as shop
from portal.models import Tenant

_TIMEOUT = 10


def ask(connection: Connection, verb: str, **members: Any) -> None:
    """Have the sandbox that a connection leads to do something by itself."""
    reply = requests.post(f"{connection.api_url}/_sandbox/{verb}", json=members, timeout=_TIMEOUT)
    reply.raise_for_status()


@dataclass(frozen=True, eq=False)
class Remote:
    """One system: its sandbox's options, and how the merchant is connected to it.

    `port` is its name in the state's ports. `rows_file` is what the sandbox keeps beside the database. `credentials` are
    the options of `manage.py connect`, of which the secret is said on its standard input.
    """

    system: str
    label: str
    port: str
    rows_file: str
    options: Callable[[State, int], tuple[str, ...]]
    credentials: Mapping[str, str]
    secret: str

    def sandbox(self, state: State, customers: int) -> list[str]:
        """The command that serves it."""
        keep = str(settings.VAR_DIR / self.rows_file)
        start = ("manage.py", "sandbox", self.system, "--port", str(state.ports[self.port]), "--keep", keep)
        return [*start, *self.options(state, customers)]

    def connect(self, slug: str, url: str) -> list[str]:
        """The command that connects the merchant to it."""
        given = {
            **self.credentials,
            "client-secret": "-",
            "environment": "custom",
            "api-url": url,
            "auth-url": url,
        }
        return [
            "connect",
            slug,
            self.system,
            *(part for name, value in given.items() for part in (f"--{name}", value)),
        ]

    def stands(self, tenant: Tenant, url: str) -> bool:
        """Whether the connection of an earlier run is still good."""
        connected = (Connection.Status.CONNECTED, Connection.Status.PAUSED)
        rows = Connection.objects.filter(tenant=tenant, system=self.system, status__in=connected, api_url=url)
        wanted = {name.replace("-", "_") for name in self.credentials}
        return any(wanted <= row.credentials.reveal().keys() for row in rows)


def _shop(state: State, customers: int) -> tuple[str, ...]:
    return ("--customers", str(customers), "--seed", "1", "--born", str(state.born), "--lag", "0")


def _org(state: State, customers: int) -> tuple[str, ...]:
    return ("--accounts", "12", "--seed", "1")


SERVICETITAN = Remote(
    "servicetitan",
    "ServiceTitan",
    "sandbox",
    "demo_shop.json",
    _shop,
    {
        "tenant-id": str(shop.TENANT),
        "client-id": shop.CLIENT_ID,
        "app-key": shop.APP_KEY,
        "application-guid": shop.APPLICATION_GUID,
    },
    shop.CLIENT_SECRET,
)
SALESFORCE = Remote(
    "salesforce",
    "Salesforce",
    "salesforce",
    "demo_org.json",
    _org,
    {"way": "client_credentials", "client-id": org.CLIENT_ID},
    org.CLIENT_SECRET,
)
REMOTES = (SERVICETITAN, SALESFORCE)
