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
