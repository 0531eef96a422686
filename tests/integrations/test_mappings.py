"""A rule's own field mapping: what may stand in a line, and what changing one does."""

import pytest
from django.core.exceptions import ValidationError

from integrations import linked_values
from integrations.mapping import MappingError
from integrations.mappings import default_lines, reader_of, record_fields
from integrations.models import FieldMapping, Run
from integrations.runs import ask
from reconciliation.models import Customer, InvoiceLine, Link, Location
from tests.integrations.syncs import rule_of, sync

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def rule(connection):
    return rule_of(connection, "customer")


@pytest.mark.parametrize(
    ("line", "column", "words"),
    [
        ({"field": "nickname"}, "field", "nickname"),
        ({"transform": "shout"}, "transform", "shout"),
        ({"field": "name", "transform": "decimal"}, "transform", "decimal"),
        ({"part": "lines"}, "part", "lines"),
        ({"remote": "..name"}, "remote", "name"),
    ],
)
def test_a_line_that_names_what_does_not_exist_is_refused_by_name(rule, line, column, words):
    values = {"part": "", "remote": "name", "transform": "text", "field": "name", **line}
    with pytest.raises(ValidationError) as caught:
        FieldMapping(rule=rule, **values).clean()
    assert words in " ".join(caught.value.message_dict[column])


def test_every_default_line_is_one_that_could_be_saved(connection):
    for rule in connection.rules.all():
        lines = default_lines(rule)
        assert lines
        for line in lines:
            line.clean()


def test_the_fields_a_line_may_fill_leave_out_what_the_portal_keeps_for_itself(connection):
    fields = record_fields(rule_of(connection, "customer"), "")
    assert {"name", "balance"} <= fields.keys()
    assert not {"id", "tenant", "version", "merged_into", "name_key", "external_id"} & fields.keys()
    assert record_fields(rule_of(connection, "customer"), "nonsense") == {}


def test_a_changed_line_fills_the_field_from_elsewhere(connection, rule):
    sync(connection, "customer")
    rule.mappings.filter(field="name").update(remote="address.city", transform="upper")
    ask(rule, Run.Trigger.PERSON, full=True)
    run = sync(connection, "customer")["customer"]
    assert (run.updated, run.failed) == (12, 0)
    for customer in Customer.objects.all():
        assert customer.name == customer.city.upper()


def test_a_line_taken_away_leaves_the_field_as_it_is(connection, rule):
    sync(connection, "customer")
    names = dict(Customer.objects.values_list("pk", "name"))
    rule.mappings.filter(field="name").delete()
    ask(rule, Run.Trigger.PERSON, full=True)
    sync(connection, "customer")
    assert dict(Customer.objects.values_list("pk", "name")) == names


def test_a_line_of_an_invoices_items_can_be_changed_too(connection):
    sync(connection, "customer", "location", "job")
    rule_of(connection, "invoice").mappings.filter(part="lines", field="description").update(
        transform="upper"
    )
    sync(connection, "invoice")
    found = set(InvoiceLine.objects.values_list("description", flat=True))
    assert found == {text.upper() for text in found}


def test_a_transform_that_does_not_fit_a_row_fails_it_with_the_lines_own_words(connection, rule):
    rule.mappings.filter(field="name").update(transform="email")
    with pytest.raises(MappingError, match="is not an e-mail address"):
        reader_of(rule).read({"id": 1, "name": "Ana"})


def look_up_names(connection):
    """The rule of locations, with a line that takes its customer's name."""
    rule = rule_of(connection, "location")
    FieldMapping.objects.filter(rule=rule, field="name").update(
        remote="customerId", transform="lookup", argument="customer name", direction="pull"
    )
    return rule_of(connection, "location")


def test_a_page_asks_for_what_it_looks_up_at_once_and_for_nothing_else(
    connection, sandbox, django_assert_num_queries
):
    sync(connection, "customer")
    reader = reader_of(look_up_names(connection))
    ids = list(Link.objects.filter(entity="customer").values_list("external_id", flat=True)[:5])
    rows = [{"id": 100 + n, "customerId": int(one)} for n, one in enumerate(ids)]
    with django_assert_num_queries(2):
        reader.meet(rows)
        names = [reader.read(row).fields["name"] for row in rows]
    assert names == [Customer.objects.get(external_id=one).name for one in ids]
    with django_assert_num_queries(0):
        reader.meet(rows)


def test_an_id_that_nothing_is_linked_to_fails_its_row_alone(connection):
    sync(connection, "customer")
    reader = reader_of(look_up_names(connection))
    known = Link.objects.filter(entity="customer").first().external_id
    rows = [{"id": 1, "customerId": 987654}, {"id": 2, "customerId": int(known)}]
    reader.meet(rows)
    with pytest.raises(MappingError, match="is not the id of a customer that is linked"):
        reader.read(rows[0])
    assert reader.read(rows[1]).fields["name"]


def test_no_more_values_are_kept_than_fit_but_those_of_the_page_always(connection, monkeypatch):
    monkeypatch.setattr(linked_values, "MOST", 3)
    sync(connection, "customer")
    names = linked_values.LinkedValues(rule_of(connection, "location"))("customer", "name")
    ids = list(Link.objects.filter(entity="customer").values_list("external_id", flat=True)[:8])
    for start in (0, 2, 4):
        names.meet(ids[start : start + 4])
        assert names.known.keys() == set(ids[start : start + 4])
    assert names.get(ids[0]) == Customer.objects.get(external_id=ids[0]).name


def test_a_pull_looks_up_in_the_threads_that_read(connection):
    sync(connection, "customer")
    look_up_names(connection)
    run = sync(connection, "location")["location"]
    assert run.failed == 0
    assert {place.name for place in Location.objects.select_related("customer")} == {
        place.customer.name for place in Location.objects.select_related("customer")
    }
