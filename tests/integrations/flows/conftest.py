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
from tests.integrations.flows.books import Books
from tests.integrations.flows.cycle import Both, read_and_rest, syspro_of
from tests.integrations.flows.stockroom import Stockroom
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


OF_SERVICETITAN = frozenset({
    "business_unit", "technician", "job_type", "campaign", "membership_type", "customer", "location", "customer_contact",
    "job", "appointment", "assignment", "invoice", "payment", "membership", "technician_rating", "review",
})  # fmt: skip
"""What the flows between ServiceTitan and Salesforce go by."""
FOR_BOOKS = frozenset({
    "business_unit", "technician", "job_type", "customer", "location", "job", "appointment", "assignment", "invoice",
    "vendor", "gl_account", "stock_code", "ap_invoice", "ap_correction",
})  # fmt: skip


@pytest.fixture
def both(tenant, sandbox, connection, salesforce_sandbox, salesforce) -> Both:
    """Both systems, each read once; their sandboxes' counters at nought. Flows switch on the rules that they need."""
    read_and_rest(connection, OF_SERVICETITAN)
    salesforce.rules.update(enabled=False)
    sandbox.control.reset()
    salesforce_sandbox.control.reset()
    return Both(tenant, connection, sandbox.control, salesforce, salesforce_sandbox.control)


@pytest.fixture
def stockroom(tenant, sandbox, connection, syspro, settings, impatient) -> Stockroom:
    """ServiceTitan and SYSPRO, of which stock alone is read, each once."""
    connection.rules.exclude(entity__in=("warehouse", "adjustment")).update(enabled=False)
    sync(connection)
    sandbox.control.reset()
    syspro.control.company.zone = tenant.zone
    there = syspro_of(tenant, syspro, settings.CUSTOM_API_HOSTS)
    there.rules.exclude(entity__in=("warehouse", "stock_code", "stock_movement", "stock_level")).update(
        enabled=False
    )
    sync(there)
    syspro.control.reset()
    return Stockroom(tenant, connection, sandbox.control, there, syspro.control)


@pytest.fixture
def customers() -> int:
    """Few make few invoices, each of which is posted by calls of its own. A module may want more."""
    return 4


@pytest.fixture
def books(tenant, shop, connect_to, syspro, settings, impatient, customers) -> Books:
    """What invoices need is read once. The flow switches on the rules that it needs."""
    sandbox = shop(customers=customers)
    connection = connect_to(tenant, sandbox)
    read_and_rest(connection, FOR_BOOKS)
    sandbox.control.reset()
    there = syspro_of(tenant, syspro, settings.CUSTOM_API_HOSTS)
    read_and_rest(there, FOR_BOOKS)
    syspro.control.reset()
    known = {name: str(value) for name, value in syspro.credentials.items()}
    return Books(tenant, connection, sandbox.control, there, syspro.control, known)
