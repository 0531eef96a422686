"""Objects that the org made for itself, by their describe alone, and the fields that Trunkline can make there."""

from decimal import Decimal

import pytest
from django.urls import reverse

from integrations import connecting, key_making, linking, own_objects, syncing
from integrations.describing import warnings
from integrations.models import Delivery, SyncRule
from reconciliation.adding import add
from reconciliation.entities import ENTITIES
from reconciliation.models import Customer, CustomRecord, Invoice, Link
from tests.integrations.pushes import change, push, states
from tests.integrations.test_salesforce_linking import work_it_off
from tests.integrations.test_salesforce_sandbox import connect, linked, sandbox, serve

__all__ = ["linked", "sandbox", "serve"]
pytestmark = pytest.mark.django_db(transaction=True)

WARRANTY = """
ServiceTitan_Id__c string 80 ext unique label:ServiceTitan_Id
Account__c reference >Account kids:Warranties__r
Status__c picklist 255 = Active|Ended
Price__c currency 16,2
Ends__c date
Serial__c string 30
Secret_Score__c double 8,2 ro
"""


@pytest.fixture
def warranty(linked, sandbox):
    """The rule of a custom object with one row, read once; both ways."""
    sandbox.control.add_object("Warranty__c", WARRANTY)
    account = sandbox.control.rows("Account")[0]["Id"]
    sandbox.control.add("Warranty__c", {
        "Name": "W-1", "Account__c": account, "Status__c": "Active", "Price__c": 99.95, "Ends__c": "2027-01-31",
        "Serial__c": "SN 7",
    })  # fmt: skip
    rule = own_objects.add(linked, "Warranty__c", "custom_record")
    SyncRule.objects.filter(pk=rule.pk).update(direction=SyncRule.Direction.BOTH)
    syncing.start(linked, user=None)
    work_it_off()
    rule.refresh_from_db()
    sandbox.control.reset()
    return rule


def rows(sandbox, name):
    return [row for row in sandbox.control.rows(name) if not row.get("IsDeleted")]


class TestCustomObjects:
    def test_its_rows_are_read_by_what_it_says_of_itself(self, warranty):
        found = CustomRecord.objects.get()
        assert (found.object, found.name, found.status, found.amount, found.day) == (
            "Warranty__c", "W-1", "Active", Decimal("99.95"), "2027-01-31",
        )  # fmt: skip
        assert found.details == {"Serial__c": "SN 7"}
        assert found.customer == Customer.objects.get(external_id=found.customer.external_id)

    def test_changes_and_deletions_there_arrive(self, warranty, linked, sandbox):
        row = rows(sandbox, "Warranty__c")[0]
        sandbox.control.change(row["Id"], {"Serial__c": "SN 8"})
        syncing.start(linked, user=None)
        work_it_off()
        assert CustomRecord.objects.get().details == {"Serial__c": "SN 8"}
        sandbox.control.delete(row["Id"])
        syncing.start(linked, user=None)
        work_it_off()
        assert CustomRecord.objects.get().active is False

    def test_what_is_made_and_changed_here_is_written_once_and_comes_back_as_no_change(
        self, warranty, linked, tenant, sandbox
    ):
        customer = Customer.objects.order_by("pk").first()
        made = add(
            ENTITIES["custom_record"], tenant.pk,
            {"object": "Warranty__c", "name": "W-2", "amount": Decimal("12.30"), "details": {"Serial__c": "X"}},
            {"customer": customer},
        )  # fmt: skip
        push(linked, "custom_record")
        push(linked, "custom_record")
        row = next(row for row in rows(sandbox, "Warranty__c") if row["Name"] == "W-2")
        assert (row["Price__c"], row["Serial__c"], row["Account__c"]) == (12.3, "X", customer.external_id)
        assert row["ServiceTitan_Id__c"] == f"{tenant.pk}-{made.pk}"
        change("custom_record", made.pk, details={"Serial__c": "Y"}, status="Ended")
        push(linked, "custom_record")
        row = next(row for row in rows(sandbox, "Warranty__c") if row["Name"] == "W-2")
        assert (row["Serial__c"], row["Status__c"]) == ("Y", "Ended")
        deliveries = Delivery.objects.count()
        syncing.start(linked, user=None)
        work_it_off()
        assert set(states()) == {"done"}
        assert Delivery.objects.count() == deliveries, "what comes back owes nothing"
        assert len(rows(sandbox, "Warranty__c")) == 2

    def test_a_record_of_one_object_never_goes_to_another(self, warranty, linked, tenant, sandbox):
        sandbox.control.add_object(
            "Gadget__c", "ServiceTitan_Id__c string 80 ext unique\nColour__c string 20"
        )
        gadget = own_objects.add(linked, "Gadget__c", "custom_record")
        SyncRule.objects.filter(pk=gadget.pk).update(direction=SyncRule.Direction.BOTH)
        syncing.start(linked, user=None)
        work_it_off()
        add(ENTITIES["custom_record"], tenant.pk, {"object": "Gadget__c", "name": "G-1"})
        assert [delivery.rule_id for delivery in Delivery.objects.all()] == [gadget.pk]
        for rule in (warranty, gadget):
            _push_rule(rule)
        assert [row["Name"] for row in rows(sandbox, "Gadget__c")] == ["G-1"]
        assert [row["Name"] for row in rows(sandbox, "Warranty__c")] == ["W-1"]

    def test_its_mapping_is_edited_like_any_other(self, warranty, client_for, owner):
        page = client_for(owner).get(reverse("admin:integrations_syncrule_change", args=[warranty.pk]))
        assert page.status_code == 200
        assert "Serial__c" in page.content.decode()
        assert warnings(warranty, list(warranty.mappings.all())) == []

    def test_partner_staff_add_one_from_what_the_org_has(self, linked, sandbox, client_for, owner):
        sandbox.control.add_object("Warranty__c", WARRANTY)
        browser, page = client_for(owner), reverse("admin:integrations_connection_objects", args=[linked.pk])
        shown = browser.get(page).content.decode()
        assert "Warranty__c" in shown
        assert "Account (Account)" not in shown, "what is declared already is no object of its own"
        reply = browser.post(page, {"name": "Nothing__c", "entity": "custom_record"})
        assert reply.status_code == 200
        assert not linked.rules.exclude(object="").exists()
        reply = browser.post(page, {"name": "Warranty__c", "entity": "custom_record"})
        rule = linked.rules.get(object="Warranty__c")
        assert reply["Location"] == reverse("admin:integrations_syncrule_change", args=[rule.pk])
        assert (
            "Warranty"
            in browser.get(reverse("admin:integrations_connection_rules", args=[linked.pk])).content.decode()
        )

    def test_a_servicetitan_connection_has_no_such_page(self, tenant, shop, connect_to, client_for, owner):
        connection = connect_to(tenant, shop())
        page = reverse("admin:integrations_connection_objects", args=[connection.pk])
        assert client_for(owner).get(page).status_code == 404


def _push_rule(rule):
    from integrations import leases
    from integrations.work import push_under

    lease = leases.take(rule.pk)
    try:
        push_under(lease, seconds=60)
    finally:
        leases.release(lease)


class TestCopiesOfInvoices:
    @pytest.fixture
    def copies(self, linked, sandbox):
        stranger = sandbox.control.add("ST_Invoice__c", {"Name": "not ours", "Total__c": 5})
        rule = own_objects.add(linked, "ST_Invoice__c", "invoice")
        SyncRule.objects.filter(pk=rule.pk).update(direction=SyncRule.Direction.PUSH)
        syncing.start(linked, user=None)
        work_it_off()
        assert stranger
        return rule

    def test_a_row_that_the_portal_did_not_make_becomes_no_invoice(self, copies):
        assert not Invoice.objects.exists()

    def test_amounts_are_those_of_the_portal_to_the_cent(self, copies, linked, tenant, sandbox):
        customer = Customer.objects.order_by("pk").first()
        for number, total in (("1", "0.10"), ("2", "1234567.89"), ("3", "-15.05")):
            add(
                ENTITIES["invoice"],
                tenant.pk,
                {"number": number, "total": Decimal(total)},
                {"customer": customer},
            )
        push(linked, "invoice")
        made = [row for row in rows(sandbox, "ST_Invoice__c") if row["Name"] != "not ours"]
        assert {row["Invoice_Number__c"]: str(row["Total__c"]) for row in made} == {
            "1": "0.1", "2": "1234567.89", "3": "-15.05",
        }  # fmt: skip
        assert {row["Account__c"] for row in made} == {customer.external_id}
        syncing.start(linked, user=None)
        work_it_off()
        assert (Invoice.objects.count(), set(states())) == (3, {"done"})
        assert Link.objects.filter(entity="invoice", state="live").count() == 3


class TestKeyFields:
    @pytest.fixture
    def bare(self, tenant, serve, settings, impatient):
        """An org whose admin has prepared nothing."""
        sandbox = serve(prepared=False)
        connection = connect(tenant, sandbox, settings)
        linking.test_and_start(connection, user=None)
        connection.refresh_from_db()
        return connection, sandbox

    def test_missing_ones_are_made_by_a_button_and_what_is_left_to_do_is_told(self, bare, client_for, owner):
        connection, _ = bare
        browser, page = client_for(owner), reverse("admin:integrations_connection_test", args=[connection.pk])
        assert "Make the missing fields" in browser.get(page).content.decode()
        made = browser.post(
            reverse("admin:integrations_connection_make_keys", args=[connection.pk]), follow=True
        )
        text = made.content.decode()
        assert "Account.ServiceTitan_Id__c" in text
        assert "Permission Sets" in text
        connection.refresh_from_db()
        assert all(scope["granted"] for scope in connection.scopes)
        assert "Make the missing fields" not in browser.get(page).content.decode()
        assert key_making.make(connection) == {}, "what is there is not made again"

    def test_a_field_that_is_there_but_hidden_says_whose_turn_it_is(self, bare, monkeypatch):
        connection, _ = bare
        key_making.make(connection)
        monkeypatch.setattr(
            "integrations.connectors.salesforce.describing.field_of", lambda facts, name: None
        )
        found = key_making.make(connection)
        assert "hidden from the integration user" in found["Account.ServiceTitan_Id__c"]

    def test_who_only_looks_may_not_make_any(self, bare, client_for, colleague):
        connection, sandbox = bare
        client_for(colleague).post(reverse("admin:integrations_connection_make_keys", args=[connection.pk]))
        assert "ServiceTitan_Id__c" not in sandbox.control.org.schema.objects["Account"].fields

    def test_the_made_fields_are_enough_to_write(self, bare, tenant):
        connection, sandbox = bare
        key_making.make(connection)
        connecting.test(connection)
        work_it_off()
        connection.rules.filter(entity="customer").update(direction=SyncRule.Direction.BOTH)
        add(ENTITIES["customer"], tenant.pk, {"name": "New & Sons"})
        push(connection, "customer")
        assert "New & Sons" in {row["Name"] for row in rows(sandbox, "Account")}
