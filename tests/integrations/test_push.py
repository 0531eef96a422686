"""What changes here is written there: once, only what differs, and never over what somebody changed there."""

import pytest

from integrations.models import Delivery
from reconciliation.models import Change, Conflict, Customer, Link
from tests.integrations.pushes import both_ways, change, effects, push, record, states
from tests.integrations.syncs import bad, sync

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def customer(connection, sandbox) -> Customer:
    """One that both sides hold, of a rule that goes both ways."""
    both_ways(connection, "customer")
    assert bad(sync(connection, "customer")) == {}
    return Customer.objects.filter(active=True, merged_into=None).order_by("pk").first()


def remote(sandbox, record):
    return sandbox.control.row("customers", int(record.external_id))


def test_an_edit_here_arrives_there_and_comes_back_without_a_change(connection, sandbox, customer):
    change("customer", customer.pk, name="Ada Lovelace")
    assert states() == ["owed"]
    assert push(connection) == 1
    assert remote(sandbox, customer)["name"] == "Ada Lovelace"
    assert states() == ["done"]
    [effect] = effects(sandbox.control)
    assert (effect.table, dict(effect.after)) == ("customers", {"name": "Ada Lovelace"})
    link, changes = Link.objects.get(entity="customer", record_id=customer.pk), Change.objects.count()
    assert link.base["name"] == "Ada Lovelace"
    run = sync(connection, "customer")["customer"]
    assert (run.updated, run.created) == (0, 0)
    assert Change.objects.count() == changes
    assert states() == ["done"], "what comes back owes nothing"


def test_what_was_changed_there_meanwhile_is_a_conflict_and_not_overwritten(connection, sandbox, customer):
    connection.rules.filter(entity="customer").update(policy="ask")
    sandbox.control.change("customers", int(customer.external_id), name="Theirs")
    change("customer", customer.pk, name="Ours")
    push(connection)
    assert effects(sandbox.control) == []
    assert remote(sandbox, customer)["name"] == "Theirs"
    [conflict] = Conflict.objects.all()
    assert (conflict.portal_value, conflict.remote_value, conflict.state) == ("Ours", "Theirs", "pending")
    [delivery] = Delivery.objects.all()
    assert (delivery.state, delivery.reason) == ("not_needed", "conflict")
    assert record("customer", customer.external_id).name == "Ours"


def test_where_the_portal_only_writes_its_value_stands_and_the_other_is_kept_on_record(
    connection, sandbox, customer
):
    connection.rules.filter(entity="customer").update(direction="push")
    sandbox.control.change("customers", int(customer.external_id), name="Theirs")
    change("customer", customer.pk, name="Ours")
    push(connection)
    assert remote(sandbox, customer)["name"] == "Ours"
    [conflict] = Conflict.objects.all()
    assert (conflict.state, conflict.outcome, conflict.remote_value) == ("settled", "portal", "Theirs")


def test_a_policy_that_lets_the_portal_win_in_a_pull_owes_the_source_that_value(
    connection, sandbox, customer
):
    connection.rules.filter(entity="customer").update(policy="portal")
    change("customer", customer.pk, name="Ours")
    Delivery.objects.all().delete()
    sandbox.control.change("customers", int(customer.external_id), name="Theirs")
    sync(connection, "customer")
    assert states() == ["owed"], "the source does not know yet what was decided"
    push(connection)
    assert remote(sandbox, customer)["name"] == "Ours"
    assert states() == ["done"]


def test_a_conflict_settled_for_the_portal_is_sent(connection, sandbox, customer):
    from reconciliation.reviewing import resolve

    connection.rules.filter(entity="customer").update(policy="ask")
    sandbox.control.change("customers", int(customer.external_id), name="Theirs")
    change("customer", customer.pk, name="Ours")
    push(connection)
    resolve(Conflict.objects.get().pk, Conflict.Outcome.PORTAL, actor=None)
    push(connection)
    assert remote(sandbox, customer)["name"] == "Ours"
    assert states() == ["not_needed", "done"]


def test_an_edit_that_joins_while_a_delivery_is_refused_is_tried(connection, sandbox, customer, monkeypatch):
    from integrations.connectors.servicetitan.client import ServiceTitanConnector

    original = ServiceTitanConnector.read

    def edited_meanwhile(self, *args):
        row = original(self, *args)
        if customer.pk and states() == ["owed"] and not edits:
            edits.append(change("customer", customer.pk, city="Roanoke"))
        return None if len(edits) == 1 and not edits.append(None) else row

    edits = []
    change("customer", customer.pk, name="Ours")
    monkeypatch.setattr(ServiceTitanConnector, "read", edited_meanwhile)
    push(connection)
    assert remote(sandbox, customer)["address"]["city"] == "Roanoke"
