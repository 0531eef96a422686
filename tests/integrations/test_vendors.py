"""Vendors and warehouses of ServiceTitan: optional scopes, a code from a custom field, and one record with a supplier."""

import pytest

from integrations import connecting
from reconciliation.models import ReferenceItem, Vendor
from tests.integrations.syncs import bad, rule_of, sync
from tests.integrations.truth import differences

pytestmark = pytest.mark.django_db(transaction=True)
SCOPES = ("tn.inv.vendors:r", "tn.inv.warehouses:r")


def test_a_merchant_who_has_not_granted_the_inventory_scopes_syncs_the_rest(tenant, sandbox, connect_to):
    client = next(iter(sandbox.access.clients.values()))
    sandbox.control.grant([scope for scope in client.scopes if scope not in SCOPES])
    connection = connect_to(tenant, sandbox)
    off = {rule.entity: rule.off_because for rule in connection.rules.filter(enabled=False)}
    assert off.keys() == {"note", "vendor", "warehouse"}
    assert off["vendor"] == "scope is missing: tn.inv.vendors:r"
    assert bad(sync(connection)) == {}


def test_a_connection_from_before_reads_vendors_and_warehouses_from_its_next_test_on(connection):
    connection.rules.filter(entity__in=["vendor", "warehouse"]).delete()
    connecting.test(connection)
    assert rule_of(connection, "vendor").mappings.filter(transform="named", argument="Supplier code").exists()
    assert rule_of(connection, "warehouse").enabled


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
