"""One of several values, asked for in one parameter or in the statement itself."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from reconciliation.adding import add
from reconciliation.entities import ENTITIES
from reconciliation.models import Customer, Source

pytestmark = pytest.mark.django_db


@pytest.fixture
def customers(tenant):
    return [add(ENTITIES["customer"], tenant.pk, {"name": f'O\'Neill {n} "é"'}) for n in range(3)]


def test_words_that_could_be_read_as_sql_never_stand_in_a_statement():
    with pytest.raises(ValueError, match="plain words"):
        Source.objects.filter(name__literally=("owed", "x' OR 'a'='a")).count()


def test_none_is_among_no_values(customers):
    assert not Customer.objects.filter(pk__among=[]).exists()


def test_rows_are_found_among_ids_and_among_texts(customers):
    one, two, _ = customers
    assert set(Customer.objects.filter(pk__among=[one.pk, two.pk, 0])) == {one, two}
    assert set(Customer.objects.filter(name__among=[one.name, two.name, "nobody"])) == {one, two}
    assert set(Customer.objects.exclude(pk__among=[one.pk, two.pk])) == {customers[2]}


def test_a_thousand_values_are_one_parameter(customers):
    with CaptureQueriesContext(connection) as seen:
        list(Customer.objects.filter(pk__among=range(1, 1001)))
    (query,) = seen.captured_queries
    assert query["sql"].count(" = ANY(") + query["sql"].count("json_each(") == 1


def test_words_stand_in_the_statement_itself(tenant):
    source = Source.objects.create(tenant=tenant, system="file", name="x")
    rows = Source.objects.filter(system__literally=("salesforce", "file"), tenant=tenant)
    assert "IN ('salesforce', 'file')" in rows.query.sql_with_params()[0]
    assert list(rows) == [source]
    assert not Source.objects.filter(system__literally=("salesforce",), pk=source.pk).exists()


def test_a_row_read_quickly_is_what_it_would_have_been(customers, django_assert_num_queries):
    one = Customer.objects.only("name", "tenant").get(pk=customers[0].pk)
    assert (one.name, one._state.adding, one._state.db) == (customers[0].name, False, "default")
    assert one == customers[0]
    with django_assert_num_queries(1):
        assert one.version == 1, "what was not read is asked for when it is wanted"
    with django_assert_num_queries(0):
        one.know(tenant=customers[0].tenant)
        assert one.tenant == customers[0].tenant
    one.name = "Changed"
    one.save(update_fields=["name"])
    assert Customer.objects.get(pk=one.pk).name == "Changed"
