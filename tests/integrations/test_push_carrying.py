"""A deal that carries its customer's name follows when the customer is renamed, here or there, and never goes round."""

from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from integrations import connecting, linking, syncing
from integrations.describing import read_fields
from integrations.models import Delivery, FieldMapping, SyncRule
from integrations.push import carrying
from integrations.sandbox.salesforce import create_app, credentials
from integrations.sandbox.server import running
from reconciliation.adding import add
from reconciliation.entities import ENTITIES
from reconciliation.models import Customer
from tests.integrations.pushes import change, push, states
from tests.integrations.test_salesforce_linking import work_it_off

pytestmark = pytest.mark.django_db(transaction=True)

FIELD = "Customer_name__c"
DEAL = {"name": "Boiler", "stage": "Prospecting", "closes_on": "2026-12-01"}


@pytest.fixture
def org(settings):
    app = create_app(accounts=0, seed=5)
    app.control.add_field("Opportunity", f"{FIELD} string 80 label:Customer_name")
    with ExitStack() as stack:
        app.url = stack.enter_context(running(app))
        settings.CUSTOM_API_HOSTS = [urlsplit(app.url).netloc]
        yield app


@pytest.fixture
def linked(tenant, org, settings, impatient):
    """Customers and deals go both ways; each deal carries its customer's name."""
    known = credentials(org)
    given = {
        "way": "client_credentials",
        "client_id": known["client_id"],
        "client_secret": known["client_secret"],
    }
    connection = connecting.save_credentials(
        tenant, "salesforce", given, environment="custom", api_url=org.url, allowed_hosts=settings.CUSTOM_API_HOSTS
    )  # fmt: skip
    linking.test_and_start(connection, user=None)
    work_it_off()
    rules = connection.rules.filter(entity__in=["customer", "opportunity"])
    rules.update(direction=SyncRule.Direction.BOTH)
    rule = rules.get(entity="opportunity")
    read_fields(rule)
    FieldMapping.objects.create(rule=rule, remote=FIELD, field="customer.name", direction="push", position=90)
    return connection


@pytest.fixture
def rosa(tenant, linked):
    """A customer with two deals, all of them in Salesforce."""
    customer = add(ENTITIES["customer"], tenant.pk, {"name": "Rosa Rossi", "city": "Reno"})
    for _ in range(2):
        add(ENTITIES["opportunity"], tenant.pk, DEAL, {"customer": customer})
    push(linked)
    assert states() == ["done"] * 3
    return customer


def names(org) -> list[str]:
    return [row.get(FIELD) for row in org.control.rows("Opportunity")]


def test_deals_follow_a_customer_that_is_renamed_here(linked, org, rosa):
    assert names(org) == ["Rosa Rossi"] * 2
    change("customer", rosa.pk, name="Rosa Bianchi")
    assert Delivery.objects.filter(entity="opportunity", state="owed").count() == 2
    push(linked)
    assert names(org) == ["Rosa Bianchi"] * 2
    syncing.start(linked, user=None)
    work_it_off()
    assert set(states()) == {"done"}, "what comes back owes nothing"


def test_deals_follow_a_customer_that_is_renamed_in_salesforce(linked, org, rosa):
    org.control.change(Customer.objects.get(pk=rosa.pk).external_id, {"Name": "Rosa Verdi"})
    syncing.start(linked, user=None)
    work_it_off()
    push(linked)
    assert names(org) == ["Rosa Verdi"] * 2
    assert set(states()) == {"done"}


def test_what_they_do_not_carry_owes_them_nothing(linked, rosa):
    change("customer", rosa.pk, city="Sparks")
    assert list(Delivery.objects.filter(state="owed").values_list("entity", flat=True)) == ["customer"]


def test_a_deal_that_is_not_there_is_not_made_by_it(tenant, linked, rosa):
    linked.rules.filter(entity="opportunity").update(creates="asked")
    deal = add(ENTITIES["opportunity"], tenant.pk, DEAL, {"customer": rosa})
    change("customer", rosa.pk, name="Rosa Bianchi")
    assert not Delivery.objects.filter(entity="opportunity", record_id=deal.pk).exists()


def owed(tenant, ids) -> int:
    with CaptureQueriesContext(database) as queries:
        carrying.on_change("customer", tenant.pk, ids)
    return len([q for q in queries if "SAVEPOINT" not in q["sql"] and q["sql"] not in {"BEGIN", "COMMIT"}])


def test_many_cost_no_more_queries_than_one_and_one_query_where_no_line_carries_anything(
    tenant, linked, rosa
):
    ids = [rosa.pk]
    for number in range(8):
        other = add(ENTITIES["customer"], tenant.pk, {"name": f"Customer {number}"})
        add(ENTITIES["opportunity"], tenant.pk, DEAL, {"customer": other})
        ids.append(other.pk)
    push(linked)
    Customer.objects.update(name="Renamed")
    one = owed(tenant, ids[:1])
    assert owed(tenant, ids) <= one
    assert Delivery.objects.filter(entity="opportunity", state="owed").count() == 10
    FieldMapping.objects.filter(remote=FIELD).delete()
    assert owed(tenant, ids) == 1
