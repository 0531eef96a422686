"""Deliveries in the admin: why one waits, correcting and retrying it, retrying many, giving up, and dry runs."""

import pytest

from integrations.models import Delivery
from portal.models import AuditEntry
from reconciliation.models import Customer
from tests.integrations.pages import at, said, words
from tests.integrations.pushes import both_ways, change, effects, push, states
from tests.integrations.syncs import sync

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def staff(client_for, owner):
    return client_for(owner)


@pytest.fixture
def customers(connection):
    both_ways(connection, "customer")
    sync(connection, "customer")
    return list(Customer.objects.filter(active=True, merged_into=None).order_by("pk"))


@pytest.fixture
def refused(connection, customers) -> Delivery:
    """A delivery that ServiceTitan said no to."""
    change("customer", customers[0].pk, kind="Martian")
    push(connection)
    return Delivery.objects.get()


def test_the_page_says_why_it_waits_and_what_was_sent(staff, refused):
    page = words(staff.get(at("delivery_change", refused.pk)))
    assert "Needs a person" in page
    assert "ServiceTitan refused the record" in page
    assert '"type": "Martian"' in page


def test_a_value_corrected_there_is_stored_and_goes_out(staff, refused, connection, sandbox):
    reply = staff.post(at("delivery_retry", refused.pk), {"field-kind": "Commercial"})
    assert "tried again" in said(reply)
    record = Customer.objects.get(pk=refused.record_id)
    assert record.kind == "Commercial"
    push(connection)
    assert states() == ["done"] or states()[-1] == "not_needed"
    assert sandbox.control.row("customers", int(record.external_id))["type"] == "Commercial"
    assert AuditEntry.objects.filter(action="deliveries.retried").count() == 1


def test_all_that_match_are_retried_at_once(staff, connection, customers):
    for customer in customers[:3]:
        change("customer", customer.pk, kind="Martian")
    push(connection)
    assert set(states()) == {"needs_person"}
    form = {"action": "retry_selected", "select_across": "1", "_selected_action": Delivery.objects.first().pk}
    reply = staff.post(at("delivery_changelist") + "?state__exact=needs_person", form)
    assert "3 deliveries are tried again" in said(reply)
    assert set(states()) == {"owed"}


def test_one_given_up_stays_so_until_a_later_write_comes_through(staff, refused, connection):
    staff.post(at("delivery_give_up", refused.pk))
    refused.refresh_from_db()
    assert (refused.state, refused.closed_by.username) == ("given_up", "owner")
    change("customer", refused.record_id, kind="Residential", name="Fine again")
    push(connection)
    refused.refresh_from_db()
    assert refused.state == "not_needed"
    assert "later write" in refused.message


@pytest.mark.parametrize("person", ["viewer", "finance", "outsider"])
def test_others_retry_and_give_up_nothing(client_for, request, refused, person):
    client = client_for(request.getfixturevalue(person))
    for page in ("delivery_retry", "delivery_give_up"):
        assert client.post(at(page, refused.pk), {}).status_code in {403, 404}
    assert states() == ["needs_person"]


def test_a_dry_run_tells_each_field_and_writes_on_neither_side(staff, connection, customers, sandbox):
    one, two, *_ = customers
    change("customer", one.pk, name="Would Be")
    sandbox.control.change("customers", int(two.external_id), name="Moved there")
    change("customer", two.pk, city="Roanoke")
    rule = connection.rules.get(entity="customer")
    page = words(staff.get(at("syncrule_dry_run", rule.pk)))
    assert "0 would be created and 2 changed" in page
    assert f"name {one.name} Would Be" in page
    assert "Roanoke" in page
    assert effects(sandbox.control) == []
    two.refresh_from_db()
    assert two.name != "Moved there", "what it read on the way is not kept"
    assert states() == ["owed", "owed"]


def test_a_dry_run_of_one_record_tells_of_that_one_alone(staff, connection, customers, sandbox):
    one, two, *_ = customers
    change("customer", one.pk, name="Would Be")
    change("customer", two.pk, name="Not Asked About")
    delivery = Delivery.objects.get(entity="customer", record_id=one.pk)
    page = words(staff.get(at("delivery_dry_run", delivery.pk)))
    assert f"name {one.name} Would Be" in page
    assert "Not Asked About" not in page
    assert effects(sandbox.control) == []
    assert states() == ["owed", "owed"]


def test_a_rule_can_be_set_to_write_only_where_the_system_lets_us(staff, connection, customers):
    from integrations.admin.rules import directions

    by_entity = {rule.entity: [value for value, _ in directions(rule)] for rule in connection.rules.all()}
    assert by_entity["customer"] == ["pull", "push", "both"]
    for entity in ("invoice", "payment", "estimate", "technician", "campaign"):
        assert by_entity[entity] == ["pull"]
    page = staff.get(at("connection_rules", connection.pk)).content.decode()
    number = list(connection.rules.order_by("connection", "position").values_list("entity", flat=True)).index(
        "invoice"
    )
    assert f'name="rules-{number}-direction"' not in page


def test_edits_made_before_writing_was_switched_on_are_owed_then(staff, connection, customers):
    connection.rules.update(direction="pull")
    change("customer", customers[0].pk, name="Earlier")
    assert states() == []
    rules = list(connection.rules.all())
    form = {"rules-TOTAL_FORMS": len(rules), "rules-INITIAL_FORMS": len(rules)}
    for number, rule in enumerate(rules):
        values = {"id": rule.pk, "interval": rule.interval, "policy": rule.policy,
                  "system_of_record": rule.system_of_record, "enabled": "on" if rule.enabled else ""}  # fmt: skip
        values["direction"] = "both" if rule.entity in {"customer", "invoice"} else ""
        form |= {f"rules-{number}-{name}": value for name, value in values.items() if value != ""}
    staff.post(at("connection_rules", connection.pk), form)
    assert connection.rules.get(entity="customer").direction == "both"
    assert connection.rules.get(entity="invoice").direction == "pull", "whatever is posted"
    assert states() == ["owed"]
