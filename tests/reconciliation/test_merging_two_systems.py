"""A merge of a customer of one system with the same customer of another: both systems go on with the one that is left."""

import pytest

from reconciliation import merge_tasks
from reconciliation.entities import ENTITIES
from reconciliation.merging import merge, undo
from reconciliation.models import Customer, Link, Source
from tests.reconciliation.pages import at, link, record, row, take

pytestmark = pytest.mark.django_db
CUSTOMER = ENTITIES["customer"]


@pytest.fixture
def sales(tenant):
    return Source.objects.create(tenant=tenant, system="salesforce", name="Salesforce")


@pytest.fixture
def both(source, sales):
    take(source, "customer", row(1, name="Maria Rossi"))
    take(sales, "customer", row("001A", name="Rossi household"))
    return record(source, "customer", 1), record(sales, "customer", "001A")


def standing(*sources):
    return {
        found.external_id: (found.record_id, found.state) for found in Link.objects.filter(source__in=sources)
    }


def test_the_losers_row_in_a_system_without_the_survivor_is_the_survivors_row_from_then_on(
    source, sales, both
):
    survivor, loser = both
    merge(CUSTOMER, survivor.pk, [loser.pk])
    assert standing(source, sales) == {"1": (survivor.pk, "live"), "001A": (survivor.pk, "live")}
    take(sales, "customer", row("001A", at(5), name="Rossi household", city="Lynchburg"))
    survivor.refresh_from_db()
    assert (survivor.city, survivor.name) == ("Lynchburg", "Maria Rossi")


def test_nobody_is_asked_to_merge_in_a_system_that_has_only_one_of_the_two(source, sales, both, tenant):
    survivor, loser = both
    merge(CUSTOMER, survivor.pk, [loser.pk])
    assert not merge_tasks.waiting([tenant.pk]).exists()


def test_of_two_rows_in_one_system_only_one_is_written_and_a_person_is_asked_to_merge_them_there(
    source, sales, both, tenant
):
    take(sales, "customer", row("001B", name="Rossi"))
    survivor, loser = both
    other = record(sales, "customer", "001B")
    merge(CUSTOMER, survivor.pk, [loser.pk, other.pk])
    assert standing(sales) == {"001A": (survivor.pk, "live"), "001B": (survivor.pk, "merged")}
    assert [move.from_id for move in merge_tasks.waiting([tenant.pk])] == [other.pk]


def test_an_undo_gives_each_system_its_own_record_back(source, sales, both):
    survivor, loser = both
    before = standing(source, sales)
    act = merge(CUSTOMER, survivor.pk, [loser.pk])
    undo(act)
    assert standing(source, sales) == before
    assert set(Customer.objects.values_list("pk", "active", "merged_into")) == {
        (survivor.pk, True, None),
        (loser.pk, True, None),
    }


def test_a_merge_that_one_system_reports_keeps_the_losers_row_in_the_other(source, sales, both):
    """Two accounts were merged there; the one that is gone was also a customer of ServiceTitan."""
    customer, account = both
    merge(CUSTOMER, customer.pk, [account.pk])
    take(sales, "customer", row("001B", name="Rossi"))
    survivor = record(sales, "customer", "001B")
    take(sales, "customer", row("001A", at(5), active=False, merged_to="001B", name="Rossi household"))
    assert link(sales, "customer", "001A").state == "merged"
    assert standing(source) == {"1": (survivor.pk, "live")}
