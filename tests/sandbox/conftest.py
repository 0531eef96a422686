"""A merchant to call: the sandbox in this process, with a clock that the test moves."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from werkzeug.test import Client as Browser
from werkzeug.test import TestResponse

from integrations.sandbox import salesforce, syspro
from integrations.sandbox.servicetitan import Sandbox, create_app, credentials
from tests.sandbox.salesforce_caller import OrgCaller
from tests.sandbox.syspro_caller import CompanyCaller

NOON = 1_790_000_000.0


@dataclass
class Caller:
    """A client of one sandbox that fetches its token once and remembers the last reply."""

    sandbox: Sandbox
    headers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.browser = Browser(self.sandbox)
        self.renew()

    def token(self, **form: str) -> TestResponse:
        known = credentials(self.sandbox)
        good = {
            "grant_type": "client_credentials",
            "client_id": known["client_id"],
            "client_secret": known["client_secret"],
        }
        return self.browser.post("/connect/token", data={**good, **form})

    def renew(self) -> None:
        token = self.token().json["access_token"]
        self.headers = {
            "Authorization": f"Bearer {token}",
            "ST-App-Key": credentials(self.sandbox)["app_key"],
        }

    def call(self, method: str, path: str, **more: Any) -> TestResponse:
        module, _, rest = path.partition("/")
        return self.browser.open(
            f"/{module}/v2/tenant/900001/{rest}", method=method, headers=self.headers, **more
        )

    def get(self, path: str, **query: Any) -> TestResponse:
        return self.call("GET", path, query_string=query)

    def send(self, method: str, path: str, body: Any = None) -> TestResponse:
        return self.call(method, path, json=body)

    def rows(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """All rows of a list, page by page."""
        found, page = [], 1
        while True:
            reply = self.get(path, **{"pageSize": 500, **query, "page": page}).json
            found += reply["data"]
            page += 1
            if not reply["hasMore"]:
                return found

    def feed(self, path: str, start: str = "", **query: Any) -> tuple[list[dict[str, Any]], str]:
        """All rows of a feed from a position, and where to go on."""
        found, more = [], True
        while more:
            reply = self.get(path, **{"from": start, **query}).json
            found += reply["data"]
            start, more = reply["continueFrom"], reply["hasMore"]
        return found, start


@pytest.fixture
def make():
    """Start a sandbox at noon; give what differs from 30 customers without a rate limit."""

    def start(**options: Any) -> Caller:
        return Caller(create_app(**{"customers": 30, "rate": None, "clock": lambda: NOON, **options}))

    return start


@pytest.fixture
def caller(make) -> Caller:
    return make()


@pytest.fixture
def make_org():
    """Found a Salesforce org at noon; give what differs from an empty one."""

    def found(**options: Any) -> OrgCaller:
        return OrgCaller(salesforce.create_app(**{"clock": lambda: NOON, **options}))

    return found


@pytest.fixture
def org(make_org) -> OrgCaller:
    return make_org()


@pytest.fixture
def make_company():
    """Found a SYSPRO company at noon, with the service logged on; give what differs from three suppliers."""

    def found(**options: Any) -> CompanyCaller:
        return CompanyCaller(syspro.create_app(**{"suppliers": 3, "clock": lambda: NOON, **options}))

    return found


@pytest.fixture
def company(make_company) -> CompanyCaller:
    return make_company()
