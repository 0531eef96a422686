"""Changes owe deliveries in their own transaction, in as many queries for a page as for a row."""

import pytest
from django.db import connection as database
from django.db import transaction
from django.test.utils import CaptureQueriesContext

from integrations.models import Delivery
from integrations.push import owing
from integrations.push.planning import candidates
from reconciliation.adding import add
from reconciliation.entities import ENTITIES
from reconciliation.models import Customer
from tests.integrations.pushes import both_ways, change, states
from tests.integrations.syncs import sync

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def customers(connection):
    both_ways(connection, "customer")
    sync(connection, "customer")
    return list(Customer.objects.filter(active=True, merged_into=None).order_by("pk"))


def test_a_change_that_is_rolled_back_owes_nothing(customers):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        change("customer", customers[0].pk, name="Never")
        assert states() == ["owed"]
        raise ZeroDivisionError
    assert states() == []


def owed(tenant, ids) -> int:
    with CaptureQueriesContext(database) as queries:
        owing.on_change("customer", tenant.pk, ids, None, ())
    return len([q for q in queries if "SAVEPOINT" not in q["sql"] and q["sql"] not in {"BEGIN", "COMMIT"}])


def test_a_page_of_records_costs_no_more_queries_than_one(tenant, customers):
    one = owed(tenant, [customers[0].pk])
    assert owed(tenant, [customer.pk for customer in customers[1:]]) <= one
    assert Delivery.objects.count() == len(customers)


def test_where_nothing_is_pushed_one_question_is_all_it_costs(tenant, connection, customers):
    connection.rules.update(direction="pull")
    assert owed(tenant, [customers[0].pk]) == 1
    assert states() == []


def test_while_one_is_on_its_way_a_change_joins_it_and_leaves_its_state(tenant, connection, customers):
    change("customer", customers[0].pk, name="First")
    Delivery.objects.update(state="sending")
    change("customer", customers[0].pk, name="Second")
    [delivery] = Delivery.objects.all()
    assert (delivery.state, delivery.changes) == ("sending", 2)


def test_a_merge_here_owes_for_the_survivor(tenant, connection, customers):
    from reconciliation.merging import merge
    from tests.integrations.pushes import push

    merge(ENTITIES["customer"], customers[0].pk, [customers[1].pk], {"name": "Joined"})
    assert set(Delivery.objects.values_list("record_id", flat=True)) == {customers[0].pk, customers[1].pk}
    push(connection)
    assert Delivery.objects.get(record_id=customers[0].pk).state == "done"
    assert Delivery.objects.get(record_id=customers[1].pk).state == "not_needed"


class TestOnlyWhatIsAskedFor:
    @pytest.fixture
    def rule(self, connection, customers):
        connection.rules.filter(entity="customer").update(creates="asked")
        return connection.rules.select_related("connection").get(entity="customer")

    def test_a_record_that_is_not_there_is_not_sent(self, tenant, rule):
        made_here(tenant, "Wanda")
        assert states() == []

    def test_one_that_is_there_is_kept_up_to_date(self, rule, customers):
        change("customer", customers[0].pk, name="First")
        assert states() == ["owed"]

    def test_one_that_was_asked_for_takes_its_changes_along(self, tenant, rule):
        wanda = made_here(tenant, "Wanda")
        owing.want(rule, [wanda.pk])
        change("customer", wanda.pk, name="Wanda Waits")
        [delivery] = Delivery.objects.all()
        assert (delivery.state, delivery.changes) == ("owed", 2)

    def test_a_dry_run_leaves_it_out_as_well(self, tenant, rule):
        made_here(tenant, "Wanda")
        assert candidates(rule) == []
        rule.creates = "all"
        assert len(candidates(rule)) == 1

    def test_a_page_of_records_costs_no_more_queries_than_one(self, tenant, rule, customers):
        one = owed(tenant, [customers[0].pk])
        assert owed(tenant, [customer.pk for customer in customers[1:]]) <= one


def made_here(tenant, name):
    return add(ENTITIES["customer"], tenant.pk, {"name": name})
