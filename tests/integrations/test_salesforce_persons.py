"""Person accounts: residential customers where the org has them and the rule says so, and the contacts behind them."""

import pytest

from integrations import linking, syncing
from integrations.models import SyncRule
from reconciliation.adding import add
from reconciliation.entities import ENTITIES
from reconciliation.models import Customer, Person
from tests.integrations.pushes import change, push, states, time_passes
from tests.integrations.test_salesforce_linking import work_it_off
from tests.integrations.test_salesforce_sandbox import connect, linked, sandbox, serve

__all__ = ["linked", "sandbox", "serve"]
pytestmark = pytest.mark.django_db(transaction=True)


def both_ways(connection, becomes="person_account"):
    connection.rules.filter(entity__in=["customer", "person"]).update(direction=SyncRule.Direction.BOTH)
    connection.rules.filter(entity="customer").update(becomes=becomes)


def customer(tenant, name="Wanda May Waits", kind="Residential"):
    return add(ENTITIES["customer"], tenant.pk, {"name": name, "kind": kind, "city": "Lynchburg"})


def account(sandbox, name):
    return next(row for row in sandbox.control.rows("Account") if row["Name"] == name)


def test_a_residential_customer_becomes_a_person_account_where_the_rule_says_so(linked, tenant, sandbox):
    both_ways(linked)
    customer(tenant), customer(tenant, "Acme Ltd", "Commercial")
    push(linked, "customer")
    made, firm = account(sandbox, "Wanda May Waits"), account(sandbox, "Acme Ltd")
    assert (made["IsPersonAccount"], made["FirstName"], made["LastName"]) == (True, "Wanda May", "Waits")
    assert made["BillingCity"] == "Lynchburg"
    assert not firm.get("IsPersonAccount")
    assert set(states()) == {"done"}


def test_without_the_rules_word_it_is_a_business_and_stays_residential_here(linked, tenant, sandbox):
    both_ways(linked, becomes="")
    one = customer(tenant)
    push(linked, "customer")
    syncing.start(linked, user=None)
    work_it_off()
    assert not account(sandbox, "Wanda May Waits").get("IsPersonAccount")
    assert Customer.objects.get(pk=one.pk).kind == "Residential"


def test_an_org_without_person_accounts_gets_businesses(tenant, serve, settings, impatient):
    sandbox = serve(person_accounts=False)
    connection = connect(tenant, sandbox, settings)
    linking.test_and_start(connection, user=None)
    work_it_off()
    both_ways(connection)
    one = customer(tenant)
    push(connection, "customer")
    assert "LastName" not in account(sandbox, "Wanda May Waits")
    syncing.start(connection, user=None)
    work_it_off()
    assert Customer.objects.get(pk=one.pk).kind == "Residential"
    assert set(states()) == {"done"}


def test_a_person_account_comes_back_as_the_same_customer(linked, tenant):
    both_ways(linked)
    customer(tenant)
    before = Customer.objects.count()
    push(linked, "customer")
    syncing.start(linked, user=None)
    work_it_off()
    assert Customer.objects.count() == before
    found = Customer.objects.get(name="Wanda May Waits")
    assert found.kind == "Residential"
    assert set(states()) == {"done"}


def test_its_contact_is_written_on_the_account_and_makes_no_second_one(linked, tenant, sandbox):
    both_ways(linked)
    one = customer(tenant)
    person = add(
        ENTITIES["person"], tenant.pk,
        {"first_name": "Wanda May", "last_name": "Waits", "email": "wanda@waits.example", "phone": "+15405550188"},
        {"customer": one},
    )  # fmt: skip
    contacts = len(sandbox.control.rows("Contact"))
    push(linked, "customer")
    time_passes()
    push(linked, "person")
    made = account(sandbox, "Wanda May Waits")
    assert (made["PersonEmail"], made["Phone"]) == ("wanda@waits.example", "+15405550188")
    assert len(sandbox.control.rows("Contact")) == contacts + 1, "the one behind the account"
    change("person", person.pk, email="wanda@other.example")
    push(linked, "person")
    assert account(sandbox, "Wanda May Waits")["PersonEmail"] == "wanda@other.example"
    syncing.start(linked, user=None)
    work_it_off()
    assert Person.objects.get(last_name="Waits", first_name="Wanda May").email == "wanda@other.example"
    assert set(states()) == {"done"}


def test_thousands_go_as_persons_too(linked, tenant, sandbox, settings):
    settings.WRITE_IN_BULK_ABOVE = 2
    both_ways(linked)
    for number in range(4):
        customer(tenant, f"Bulk Person{number}")
    push(linked, "customer")
    time_passes()
    push(linked, "customer")
    assert account(sandbox, "Bulk Person3")["IsPersonAccount"] is True
    assert set(states()) == {"done"}
