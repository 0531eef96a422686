"""A rule's own field mapping: what may stand in a line, and what changing one does."""

import pytest
from django.core.exceptions import ValidationError

from integrations.mapping import MappingError
from integrations.mappings import default_lines, reader_of, record_fields
from integrations.models import FieldMapping, Run
from integrations.runs import ask
from reconciliation.models import Customer, InvoiceLine
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
