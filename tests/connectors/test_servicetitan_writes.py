"""ServiceTitan's writes: what a lost answer is called, how a created row is found again, what is never written."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from integrations.connectors.errors import RemoteError, Who
from integrations.connectors.servicetitan.entities import ENTITIES

CUSTOMER, CONTACT = ENTITIES["customer"], ENTITIES["customer_contact"]
ADDRESS = {
    "street": "4 Elm St",
    "unit": "",
    "city": "Lynchburg",
    "state": "VA",
    "zip": "24501",
    "country": "USA",
}
BODY = {"name": "Nora New", "address": ADDRESS, "locations": [{"name": "Home", "address": ADDRESS}]}


@pytest.fixture
def connector(connect):
    return connect(application_guid="5a9db0c5-7a1d-4c0e-9a51-000000900001")


def key():
    return str(uuid.uuid4())


def since():
    return datetime.now(UTC) - timedelta(minutes=1)


@pytest.mark.parametrize("fault", ["lost_reply", "late_error", "reset", "server_error", "cut_body"])
def test_a_write_without_an_answer_is_sent_once_and_called_unknown(connector, sandbox, fault):
    sandbox.control.faults(f"{fault}:1,method=POST,path=/customers")
    with pytest.raises(RemoteError) as caught:
        connector.create(CUSTOMER, BODY, key=key())
    assert caught.value.unknown
    assert sandbox.control.calls.report()["calls_by_path"]["/crm/customers"] == 1


def test_a_created_row_is_found_by_our_key_and_by_no_other(connector, sandbox):
    mine = key()
    made = connector.create(CUSTOMER, BODY, key=mine)
    [found] = connector.find(CUSTOMER, BODY, key=mine, parent="", since=since())
    assert str(found["id"]) == made
    assert connector.find(CUSTOMER, BODY, key=key(), parent="", since=since()) == []


def test_a_filter_that_the_system_ignores_makes_no_strangers_ours(connector, sandbox, monkeypatch):
    """A misspelt filter gives the whole list with 200: only rows that show our key count."""
    from integrations.connectors.servicetitan import writing

    monkeypatch.setattr(writing, "KEY", "unheard-of")
    monkeypatch.setattr(
        "integrations.sandbox.servicetitan.queries.external_test", lambda *args: lambda *row: True
    )
    assert connector.find(CUSTOMER, BODY, key=key(), parent="", since=since()) == []


def test_nothing_is_created_without_the_application_guid(connect, sandbox):
    with pytest.raises(RemoteError) as caught:
        connect(application_guid="").create(CUSTOMER, BODY, key=key())
    assert (caught.value.reason, caught.value.who) == ("no_application_guid", Who.FIX_CONFIGURATION)
    assert "/crm/customers" not in sandbox.control.calls.report()["calls_by_path"]


def test_a_contact_is_found_beside_its_siblings_as_a_pull_would_give_it(connector, sandbox):
    owner = str(sandbox.control.rows("customers")[0]["id"])
    body = {"type": "Email", "value": "nora@example.com"}
    made = connector.create(CONTACT, body, key=key(), parent=owner)
    [found] = connector.find(CONTACT, body, key=key(), parent=owner, since=since())
    assert (str(found["id"]), found["customerId"], found["active"]) == (made, int(owner), True)
    assert connector.read(CONTACT, made, owner) == found


def test_a_scope_for_writing_that_is_missing_is_named(connector, sandbox):
    before = {name: client.scopes for name, client in sandbox.access.clients.items()}
    sandbox.control.grant([scope for scope in sandbox.access.app_scopes if not scope.endswith(":w")])
    sandbox.access.expire_tokens()
    try:
        with pytest.raises(RemoteError) as caught:
            connector.create(CUSTOMER, BODY, key=key())
        assert caught.value.reason == "missing_scope"
        assert "tn.crm.customers:w" in caught.value.message
    finally:
        for name, scopes in before.items():
            sandbox.access.clients[name].scopes = scopes


@pytest.mark.parametrize("name", ["invoice", "payment", "estimate", "membership", "equipment", "technician"])
def test_what_belongs_to_servicetitan_declares_no_write(connector, name):
    assert ENTITIES[name].write is None
    with pytest.raises(ValueError, match="never written"):
        connector.create(ENTITIES[name], {}, key=key())
