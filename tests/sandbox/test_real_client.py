"""A client that we did not write reads the sandbox: servicepytan, pointed at it."""

import logging

import pytest
import servicepytan
from servicepytan.requests import Endpoint

from integrations.sandbox.server import running
from integrations.sandbox.servicetitan import create_app


@pytest.fixture
def sandbox():
    return create_app(60, rate=None)


@pytest.mark.parametrize(
    ("folder", "name"), [("crm", "customers"), ("jpm", "jobs"), ("accounting", "invoices")]
)
def test_servicepytan_reads_every_page(sandbox, folder, name, caplog):
    caplog.set_level(logging.ERROR)
    with running(sandbox) as url:
        conn = servicepytan.auth.servicepytan_connect(
            app_key="ak1.sandbox", tenant_id="900001", client_id="cid.sandbox", client_secret="cs1.sandbox"
        )
        conn |= {"auth_root": url, "api_root": url}
        rows = Endpoint(folder, name, conn).get_all({"pageSize": "25"})
    expected = [row for row in sandbox.control.rows(name) if row.get("active", True)]
    assert sorted(row["id"] for row in rows) == sorted(row["id"] for row in expected)
    assert sandbox.control.stats()["token_calls"] == -(-len(rows) // 25), "it asks for a token on every call"
