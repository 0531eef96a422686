"""A merchant with a ServiceTitan and a Salesforce of its own, both served and both read once."""

from collections.abc import Iterator
from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest

from integrations import connecting, linking
from integrations.models import Connection
from integrations.sandbox.salesforce import create_app, credentials
from integrations.sandbox.server import running
from tests.integrations.flows.cycle import Both
from tests.integrations.syncs import sync
from tests.integrations.test_salesforce_linking import work_it_off


@pytest.fixture
def salesforce_sandbox(settings) -> Iterator[Any]:
    """A Salesforce org of three accounts."""
    with ExitStack() as stack:
        app = create_app(accounts=3, seed=5)
        url = stack.enter_context(running(app))
        settings.CUSTOM_API_HOSTS = [*settings.CUSTOM_API_HOSTS, urlsplit(url).netloc]
        yield SimpleNamespace(app=app, control=app.control, url=url)


@pytest.fixture
def salesforce(tenant, salesforce_sandbox, settings, impatient) -> Connection:
    """Connected by client credentials and read once."""
    known = credentials(salesforce_sandbox.app)
    connection = connecting.save_credentials(
        tenant,
        "salesforce",
        {
            "way": "client_credentials",
            "client_id": known["client_id"],
            "client_secret": known["client_secret"],
        },
        environment="custom",
        api_url=salesforce_sandbox.url,
        allowed_hosts=settings.CUSTOM_API_HOSTS,
    )
    linking.test_and_start(connection, user=None)
    work_it_off()
    connection.refresh_from_db()
    return connection


@pytest.fixture
def both(tenant, sandbox, connection, salesforce_sandbox, salesforce) -> Both:
    """Both systems, each read once; their sandboxes' counters at nought."""
    sync(connection)
    sandbox.control.reset()
    salesforce_sandbox.control.reset()
    return Both(tenant, connection, sandbox.control, salesforce, salesforce_sandbox.control)
