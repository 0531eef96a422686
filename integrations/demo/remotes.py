"""The systems that the demo's merchant is connected to, each a sandbox on this machine. Another one is a row here.

Needs no Django: the keys are made with this table before the settings load.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from integrations.demo.state import State
from integrations.sandbox.salesforce import access as org
from integrations.sandbox.servicetitan import access as shop
from integrations.sandbox.syspro import seeding as company
from integrations.sandbox.syspro.app import ENET, ODATA


@dataclass(frozen=True, eq=False)
class Remote:
    """One system: its sandbox's options, and how the merchant is connected to it.

    `name` is what its port is called in the state, and in the demo's options (`--NAME-port`); `port` the one it gets
    where that is free. `rows_file` is what the sandbox keeps beside the database. `credentials` are options of `manage.py
    connect`; `secrets` too, but said on its standard input, in the order of the connector's fields. `paths` lead from the
    sandbox's address to the two that are connected to; `page` leads to a page for people, where it has one.
    """

    system: str
    label: str
    name: str
    port: int
    rows_file: str
    options: Callable[[State, int], tuple[str, ...]]
    credentials: Mapping[str, str]
    secrets: Mapping[str, str] = field(repr=False)
    paths: tuple[str, str] = ("", "")
    page: str = ""

    def sandbox(self, state: State, customers: int, folder: Path) -> list[str]:
        """The command that serves it; its rows are kept in the folder."""
        start = ("manage.py", "sandbox", self.system, "--port", str(state.ports[self.name]))
        return [*start, "--keep", str(folder / self.rows_file), *self.options(state, customers)]

    def api_url(self, url: str) -> str:
        return url + self.paths[0]

    def connect(self, slug: str, url: str) -> list[str]:
        """The command that connects the merchant to it."""
        given = {
            **self.credentials,
            **dict.fromkeys(self.secrets, "-"),
            "environment": "custom",
            "api-url": self.api_url(url),
            "auth-url": url + self.paths[1],
        }
        options = (part for name, value in given.items() for part in (f"--{name}", value))
        return ["connect", slug, self.system, *options]

    def said(self) -> str:
        """What is typed into that command: a line for each secret."""
        return "".join(f"{secret}\n" for secret in self.secrets.values())


def _shop(state: State, customers: int) -> tuple[str, ...]:
    return ("--customers", str(customers), "--seed", "1", "--born", str(state.born), "--lag", "0")


def _org(state: State, customers: int) -> tuple[str, ...]:
    return ("--accounts", "12", "--seed", "1")


def _company(state: State, customers: int) -> tuple[str, ...]:
    return ("--suppliers", "12", "--seed", "1")


REMOTES = (
    Remote(
        "servicetitan",
        "ServiceTitan",
        "sandbox",
        8901,
        "demo_shop.json",
        _shop,
        {
            "tenant-id": str(shop.TENANT),
            "client-id": shop.CLIENT_ID,
            "app-key": shop.APP_KEY,
            "application-guid": shop.APPLICATION_GUID,
        },
        {"client-secret": shop.CLIENT_SECRET},
        page="/admin/",
    ),
    Remote(
        "salesforce",
        "Salesforce",
        "salesforce",
        8902,
        "demo_org.json",
        _org,
        {"way": "client_credentials", "client-id": org.CLIENT_ID},
        {"client-secret": org.CLIENT_SECRET},
    ),
    Remote(
        "syspro",
        "SYSPRO",
        "syspro",
        8903,
        "demo_company.json",
        _company,
        {"operator": company.OPERATOR, "company": company.CODE, "odata-user": company.ODATA_USER},
        {
            "operator-password": company.OPERATOR_PASSWORD,
            "company-password": company.COMPANY_PASSWORD,
            "odata-password": company.ODATA_PASSWORD,
        },
        (ENET, ODATA),
    ),
)
