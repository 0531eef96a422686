"""A merchant with a ServiceTitan of its own: the sandbox, served, and a connection to it.

`shop()` opens a sandbox, `found_company()` one of SYSPRO; `connection` is tested and ready to sync with the one
named `sandbox`. Pulls read in threads, so whoever pulls marks its tests `django_db(transaction=True)`.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace
from typing import Any

import pytest

from integrations import connecting, holding
from integrations.connectors.http import Policy
from integrations.models import Connection
from integrations.sandbox import syspro as syspro_sandbox
from integrations.sandbox.server import running
from integrations.sandbox.servicetitan import create_app, credentials
from portal.models import Tenant

Shop = SimpleNamespace


@pytest.fixture
def shop(settings) -> Iterator[Callable[..., Shop]]:
    """`shop(**options of create_app)`: a served sandbox with `url`, `control` and `access`, allowed by the settings."""
    with ExitStack() as stack:

        def open_shop(**options: Any) -> Shop:
            app = create_app(**{"customers": 12, "seed": 5, "rate": None, "lag": 0.0, **options})
            url = stack.enter_context(running(app))
            host = url.removeprefix("http://")
            settings.CUSTOM_API_HOSTS = [*settings.CUSTOM_API_HOSTS, host]
            return Shop(app=app, control=app.control, access=app.access, url=url, host=host)

        yield open_shop


@pytest.fixture
def sandbox(shop) -> Shop:
    return shop()


@pytest.fixture
def found_company(settings) -> Iterator[Callable[..., SimpleNamespace]]:
    """`found_company(**options of create_app)`: a served SYSPRO company, strict about elements, allowed by the settings.

    It has `control`, `credentials`, and the addresses that a connection is given, `api_url` and `auth_url`.
    """
    with ExitStack() as stack:

        def found(**options: Any) -> SimpleNamespace:
            app = syspro_sandbox.create_app(**{"suppliers": 3, "seed": 5, "strict": True, **options})
            url = stack.enter_context(running(app))
            settings.CUSTOM_API_HOSTS = [*settings.CUSTOM_API_HOSTS, url.removeprefix("http://")]
            return SimpleNamespace(
                app=app,
                control=app.control,
                url=url,
                api_url=url + syspro_sandbox.ENET,
                auth_url=url + syspro_sandbox.ODATA,
                credentials=syspro_sandbox.credentials(app),
            )

        yield found


@pytest.fixture
def syspro(found_company) -> SimpleNamespace:
    return found_company()


@pytest.fixture
def connect_to(settings) -> Callable[..., Connection]:
    """`connect_to(tenant, sandbox, test=True, **credentials)`: good credentials, but for those given."""

    def connect(tenant: Tenant, sandbox: Shop, *, test: bool = True, **changed: str) -> Connection:
        good = {name: str(value) for name, value in credentials(sandbox.app).items()}
        connection = connecting.save_credentials(
            tenant,
            "servicetitan",
            {**good, **changed},
            environment="custom",
            api_url=sandbox.url,
            auth_url=sandbox.url,
            allowed_hosts=settings.CUSTOM_API_HOSTS,
        )
        if test:
            connecting.test(connection)
            sandbox.control.calls.reset()
        return connection

    return connect


@pytest.fixture
def connection(tenant, sandbox, connect_to) -> Connection:
    """Connected and tested; nothing is synced yet but the lists a scope is chosen from."""
    return connect_to(tenant, sandbox)


@pytest.fixture(autouse=True)
def each_page_by_itself(monkeypatch) -> None:
    """Small pages are written as they come, so that a test can count them."""
    monkeypatch.setattr(holding, "SECONDS", 0.0)


@pytest.fixture
def impatient(monkeypatch) -> None:
    """Retries wait hundredths of a second, so that a bad day at the source passes quickly."""
    quick = Policy(attempts=8, budget=20.0, first_backoff=0.01, longest_backoff=0.05, longest_wait=2.0)
    monkeypatch.setattr("integrations.calls.PATIENCE", quick)


@pytest.fixture
def receiver(settings):
    """A served endpoint: `seen` are the calls, `answers` the statuses still to give (None: silence), 200 afterwards."""
    seen, answers = [], []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            seen.append(SimpleNamespace(path=self.path, headers=dict(self.headers), body=body))
            status = answers.pop(0) if answers else 200
            if status is None:
                self.close_connection = True
                return
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", "http://127.0.0.1:1/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    host = f"127.0.0.1:{server.server_port}"
    settings.WEBHOOK_ALLOWED_HOSTS = [host]
    yield SimpleNamespace(url=f"http://{host}/hooks?a=1", seen=seen, answers=answers, host=host)
    server.shutdown()
    server.server_close()
