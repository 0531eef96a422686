"""A client of the Salesforce sandbox in this process."""

from dataclasses import dataclass, field
from typing import Any

from werkzeug.test import Client as Browser
from werkzeug.test import TestResponse

from integrations.sandbox.salesforce import Sandbox, credentials

OAUTH = "/services/oauth2"


@dataclass
class OrgCaller:
    """Logs in by client credentials and calls version 62.0."""

    sandbox: Sandbox
    version: str = "62.0"
    headers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.browser = Browser(self.sandbox)
        self.control = self.sandbox.control
        self.log_in()

    @property
    def app(self) -> dict[str, str]:
        known = credentials(self.sandbox)
        return {name: known[name] for name in ("client_id", "client_secret")}

    def token(self, grant_type: str, **form: str) -> TestResponse:
        return self.browser.post(f"{OAUTH}/token", data={"grant_type": grant_type, **self.app, **form})

    def log_in(self) -> None:
        token = self.token("client_credentials").json["access_token"]
        self.headers = {"Authorization": f"Bearer {token}"}

    def call(self, method: str, path: str, body: Any = None, **more: Any) -> TestResponse:
        headers = {**self.headers, **more.pop("headers", {})}
        if body is not None:
            more["json"] = body
        return self.browser.open(
            f"/services/data/v{self.version}/{path}", method=method, headers=headers, **more
        )

    def get(self, path: str, **query: Any) -> TestResponse:
        return self.call("GET", path, query_string=query)

    def create(self, name: str, **values: Any) -> str:
        reply = self.call("POST", f"sobjects/{name}", values)
        assert reply.status_code == 201, reply.json
        return reply.json["id"]

    def read(self, name: str, row_id: str) -> dict[str, Any]:
        reply = self.get(f"sobjects/{name}/{row_id}")
        assert reply.status_code == 200, reply.json
        return reply.json

    def query(self, soql: str, **headers: str) -> dict[str, Any]:
        reply = self.call("GET", "query", query_string={"q": soql}, headers=headers)
        assert reply.status_code == 200, reply.json
        return reply.json

    def rows(self, soql: str) -> list[dict[str, Any]]:
        return [{k: v for k, v in row.items() if k != "attributes"} for row in self.query(soql)["records"]]

    def refusal(self, soql: str) -> dict[str, Any]:
        reply = self.get("query", q=soql)
        assert reply.status_code == 400
        return reply.json[0]


def error(reply: TestResponse) -> tuple[int, str, str]:
    """(status, errorCode, message) of a refused call."""
    return reply.status_code, reply.json[0]["errorCode"], reply.json[0]["message"]
