"""Vendors and warehouses of ServiceTitan: optional scopes, a code from a custom field, and one record with a supplier."""

import pytest

from integrations import connecting
from integrations.sandbox.servicetitan import stocktaking
from reconciliation.models import Adjustment, ReferenceItem, Vendor
from tests.integrations.syncs import bad, rule_of, sync
from tests.integrations.truth import differences

pytestmark = pytest.mark.django_db(transaction=True)
SCOPES = ("tn.inv.adjustments:r", "tn.inv.vendors:r", "tn.inv.warehouses:r")


def test_a_merchant_who_has_not_granted_the_inventory_scopes_syncs_the_rest(tenant, sandbox, connect_to):
    client = next(iter(sandbox.access.clients.values()))
    sandbox.control.grant([scope for scope in client.scopes if scope not in SCOPES])
    connection = connect_to(tenant, sandbox)
    off = {rule.entity: rule.off_because for rule in connection.rules.filter(enabled=False)}
    assert off.keys() == {"adjustment", "note", "vendor", "warehouse"}
    assert off["vendor"] == "scope is missing: tn.inv.vendors:r"
    assert bad(sync(connection)) == {}


def test_a_connection_from_before_reads_vendors_and_warehouses_from_its_next_test_on(connection):
    connection.rules.filter(entity__in=["vendor", "warehouse"]).delete()
    connecting.test(connection)
    assert rule_of(connection, "vendor").mappings.filter(transform="named", argument="Supplier code").exists()
    assert rule_of(connection, "warehouse").enabled


def test_adjustments_arrive_with_their_items_and_a_cancelled_one_says_so(connection, sandbox):
    assert bad(sync(connection, "warehouse", "adjustment")) == {}
    made = stocktaking.adjust(sandbox.control, {"MAT-CAP": -2, "MAT-BRKR": 4}, memo="Count of the main store")
    sync(connection, "adjustment")
    assert differences(connection, sandbox.control, "adjustment") == []
    found = Adjustment.objects.get(external_id=made["id"])
    assert (found.warehouse.name, found.summary) == ("Reno Main", "-2 MAT-CAP, 4 MAT-BRKR")
    assert [(line.sku, line.quantity) for line in found.lines.all()] == [("MAT-CAP", -2), ("MAT-BRKR", 4)]
    stocktaking.cancel_adjustment(sandbox.control, made["id"])
    sync(connection, "adjustment")
    found.refresh_from_db()
    assert (found.active, found.cancel_reason) == (False, "Accidental")


def test_an_adjustment_of_a_truck_arrives_though_trucks_are_in_no_list(connection, sandbox):
    made = stocktaking.adjust(sandbox.control, {"MAT-CAP": 1}, location=987654)
    assert bad(sync(connection, "warehouse", "adjustment")) == {}
    found = Adjustment.objects.get(external_id=made["id"])
    assert (found.warehouse, found.place) == (None, "987654")


def test_vendors_and_warehouses_arrive_field_by_field_and_follow(connection, sandbox):
    assert bad(sync(connection, "vendor", "warehouse")) == {}
    assert differences(connection, sandbox.control, "vendor", "warehouse") == []
    coded = Vendor.objects.get(name="Ferguson Supply")
    assert (coded.code, Vendor.objects.get(name="Corner Hardware").code) == ("1", "")
    assert not Vendor.objects.get(name="Old Mill Plumbing Supply").active
    yard = ReferenceItem.objects.get(kind="warehouse", name="Old Yard")
    assert (yard.active, "street" in yard.details["address"]) == (False, True)
    fields = [{"typeId": 7100, "name": "Supplier code", "value": "77"}]
    sandbox.control.change("vendors", int(coded.external_id), customFields=fields)
    sync(connection, "vendor")
    coded.refresh_from_db()
    assert coded.code == "77"
