"""The table of sync rules, and one rule's field mapping."""

import pytest

from integrations.models import Run
from integrations.work import work
from portal.models import AuditEntry
from reconciliation.models import Customer
from tests.integrations.pages import at, said, words

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def staff(client_for, owner):
    return client_for(owner)


@pytest.fixture
def customers(connection):
    """The rule of customers, pulled once."""
    rule = connection.rules.get(entity="customer")
    work(rule.pk)
    rule.refresh_from_db()
    return rule


def table_of(rule, **changed):
    """The mapping page's form as it stands, with lines changed by record field: (remote, transform)."""
    lines = [(line.remote, line.transform, line.field) for line in rule.mappings.filter(part="")]
    form = {"lines-of-record-TOTAL_FORMS": len(lines), "lines-of-record-INITIAL_FORMS": len(lines)}
    for number, (was_remote, was_transform, field) in enumerate(lines):
        remote, transform = changed.get(field, (was_remote, was_transform))
        prefix = f"lines-of-record-{number}"
        form |= {f"{prefix}-remote": remote, f"{prefix}-transform": transform, f"{prefix}-field": field}
    return form


class TestTheTable:
    def form(self, connection, **changed):
        rules = list(connection.rules.all())
        form = {"rules-TOTAL_FORMS": len(rules), "rules-INITIAL_FORMS": len(rules)}
        for number, rule in enumerate(rules):
            values = {"id": rule.pk, "interval": rule.interval, "policy": rule.policy,
                      "system_of_record": rule.system_of_record, "enabled": "on" if rule.enabled else ""}  # fmt: skip
            values |= changed.get(rule.entity, {})
            form |= {f"rules-{number}-{name}": value for name, value in values.items() if value != ""}
        return form

    @pytest.mark.parametrize("person", ["viewer", "finance", "colleague"])
    def test_others_read_it_and_change_nothing(self, client_for, request, connection, person):
        client = client_for(request.getfixturevalue(person))
        page = words(client.get(at("connection_rules", connection.pk)))
        assert "Save the rules" not in page
        assert ("Dry run" in page) == (person == "colleague"), "a link for those whom it leads somewhere"
        form = self.form(connection, customer={"enabled": ""})
        assert client.post(at("connection_rules", connection.pk), form).status_code == 403
        assert connection.rules.get(entity="customer").enabled

    def test_a_rule_that_lacks_its_scope_stays_off_whatever_is_posted(self, staff, connection):
        connection.rules.filter(entity="job").update(
            enabled=False, off_because="scope is missing: tn.jpm.jobs:r"
        )
        staff.post(at("connection_rules", connection.pk), self.form(connection, job={"enabled": "on"}))
        assert not connection.rules.get(entity="job").enabled

    def test_invoices_keep_their_system_of_record_whatever_is_posted(self, staff, connection):
        form = self.form(connection, invoice={"system_of_record": "hub", "policy": "portal"})
        staff.post(at("connection_rules", connection.pk), form)
        invoice = connection.rules.get(entity="invoice")
        assert (invoice.system_of_record, invoice.policy) == ("source", "system_of_record")

    def test_an_interval_that_is_not_offered_is_refused_beside_it(self, staff, connection):
        page = staff.post(at("connection_rules", connection.pk), self.form(connection, job={"interval": "0"}))
        assert "Nothing was stored yet" in words(page)
        assert connection.rules.get(entity="job").interval == 10

    def test_notes_are_off_at_first_and_can_be_switched_on(self, staff, connection):
        assert not connection.rules.get(entity="note").enabled
        staff.post(at("connection_rules", connection.pk), self.form(connection, note={"enabled": "on"}))
        note = connection.rules.get(entity="note")
        assert note.enabled
        assert note.off_because == ""
        entry = AuditEntry.objects.get(action="sync_rule.changed")
        assert "note" in entry.target_label

    def test_it_costs_the_same_queries_however_many_have_run(
        self, staff, connection, django_assert_max_num_queries
    ):
        for rule in connection.rules.all():
            Run.objects.create(rule=rule, state=Run.State.COMPLETED)
        with django_assert_max_num_queries(26):
            staff.get(at("connection_rules", connection.pk))


class TestTheMapping:
    def test_a_field_the_source_does_not_send_is_refused_with_what_was_meant(self, staff, customers):
        form = table_of(customers, name=("nmae", "text"))
        text = words(staff.post(at("syncrule_change", customers.pk), form))
        assert "The system sends no field 'nmae'. Did you mean 'name'?" in text
        assert customers.mappings.filter(remote="name").exists()

    def test_a_transform_that_does_not_fit_is_refused(self, staff, customers):
        form = table_of(customers, balance=("balance", "text"))
        assert "balance holds a decimal, which text does not give" in words(
            staff.post(at("syncrule_change", customers.pk), form)
        )

    def test_a_field_filled_twice_is_refused(self, staff, customers):
        form = table_of(customers)
        form["lines-of-record-1-field"] = "name"
        assert "name is already filled by line 1" in words(
            staff.post(at("syncrule_change", customers.pk), form)
        )

    def test_a_viewer_reads_it_and_saves_nothing(self, client_for, viewer, customers):
        client = client_for(viewer)
        assert client.get(at("syncrule_change", customers.pk)).status_code == 200
        assert client.post(at("syncrule_change", customers.pk), table_of(customers)).status_code == 403

    def test_a_preview_shows_a_real_record_and_stores_nothing(self, staff, customers):
        known = Customer.objects.order_by("external_id").first()
        form = {**table_of(customers, name=("name", "upper")), "try": "1", "record": known.external_id}
        page = staff.post(at("syncrule_change", customers.pk), form)
        assert known.name.upper() in words(page)
        assert customers.mappings.get(field="name").transform == "text"

    def test_a_preview_of_a_record_nobody_read_says_so(self, staff, customers):
        form = {**table_of(customers), "try": "1", "record": "404"}
        assert "No customer “404” has been read yet." in words(
            staff.post(at("syncrule_change", customers.pk), form)
        )

    def test_a_preview_says_which_value_does_not_fit(self, staff, customers):
        known = Customer.objects.order_by("external_id").first()
        form = {**table_of(customers, name=("name", "email")), "try": "1", "record": known.external_id}
        assert "so name cannot be filled" in words(staff.post(at("syncrule_change", customers.pk), form))

    def test_a_saved_change_asks_for_a_full_sync_and_every_record_follows(self, staff, customers):
        names = set(Customer.objects.values_list("name", flat=True))
        reply = staff.post(at("syncrule_change", customers.pk), table_of(customers, name=("name", "upper")))
        assert "A full sync of customer" in said(reply)
        customers.refresh_from_db()
        assert customers.full_wanted
        assert AuditEntry.objects.get(action="mapping.changed").diff["name"][1].startswith("name (upper)")
        work(customers.pk)
        assert set(Customer.objects.values_list("name", flat=True)) == {name.upper() for name in names}

    def test_reset_brings_the_connectors_own_lines_back(self, staff, customers):
        staff.post(at("syncrule_change", customers.pk), table_of(customers, name=("name", "upper")))
        staff.post(at("syncrule_change", customers.pk), {"reset": "1"})
        assert customers.mappings.get(field="name").transform == "text"

    def test_an_invoice_shows_its_lines_as_a_second_table(self, staff, connection):
        page = staff.get(at("syncrule_change", connection.rules.get(entity="invoice").pk))
        assert [table.part for table in page.context["tables"]] == ["", "lines"]
