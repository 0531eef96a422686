"""ServiceTitan's bills of vendors: both kinds are read, each once, and none is ever written."""

import pytest

from integrations.connectors.servicetitan.entities import ENTITIES
from integrations.models import Delivery, SyncRule
from integrations.push import owing
from reconciliation.editing import edit
from reconciliation.entities import ENTITIES as RECORDS
from reconciliation.models import ApBill, Vendor
from tests.integrations.pages import words
from tests.integrations.pushes import both_ways, effects, push
from tests.integrations.syncs import bad, rule_of, sync
from tests.integrations.truth import differences
from tests.reconciliation import shop

pytestmark = pytest.mark.django_db(transaction=True)
KINDS = ("ap_bill", "purchase_bill")


@pytest.fixture
def read(connection, sandbox):
    runs = sync(connection, "vendor", *KINDS)
    assert bad(runs) == {}
    sandbox.control.reset()


def test_a_merchant_who_has_not_granted_bills_syncs_the_rest(tenant, sandbox, connect_to):
    client = next(iter(sandbox.access.clients.values()))
    sandbox.control.grant([scope for scope in client.scopes if scope != "tn.acc.apbills:r"])
    connection = connect_to(tenant, sandbox)
    assert rule_of(connection, "ap_bill").off_because == "scope is missing: tn.acc.apbills:r"
    assert rule_of(connection, "vendor").enabled


@pytest.mark.parametrize("name", KINDS)
def test_a_bill_is_never_written_whatever_its_rule_says(connection, read, sandbox, name):
    both_ways(connection, name)
    bill = ApBill.objects.filter(kind=RECORDS[name].constants["kind"]).first()
    edit(RECORDS[name], bill.pk, {"summary": "Somebody's note"})
    push(connection)
    assert effects(sandbox.control, "ap-bills") == []
    assert not Delivery.objects.exists()
    assert ENTITIES[name].read_only
    assert ENTITIES[name].write is None
    assert not owing.pushes(SyncRule.objects.get(connection=connection, entity=name))


def test_both_kinds_arrive_field_by_field_with_their_vendors_and_follow(connection, read, sandbox):
    assert differences(connection, sandbox.control, *KINDS) == []
    kinds = sorted(ApBill.objects.values_list("kind", flat=True))
    assert kinds == ["purchase", "purchase", "standalone", "standalone"]
    one = ApBill.objects.filter(kind="standalone").order_by("pk").first()
    assert one.vendor is not None
    assert one.total > 0
    sandbox.control.change("ap-bills", int(one.external_id), status="Reconciled", billAmount="12.34")
    assert bad(sync(connection, *KINDS)) == {}
    one.refresh_from_db()
    assert (one.status, str(one.total)) == ("Reconciled", "12.3400")


def test_its_page_leads_to_the_ap_invoice_of_the_same_vendor_and_number(
    tenant, read, client_for, viewer, outsider
):
    bill = ApBill.objects.order_by("pk").first()
    other = Vendor.objects.exclude(pk=bill.vendor_id).first()
    shop.ap_invoice(tenant, vendor=other, number=bill.number)
    address = f"/admin/reconciliation/apbill/{bill.pk}/change/"
    assert f"AP invoice {bill.number}" not in words(client_for(viewer).get(address))
    shop.ap_invoice(tenant, vendor=bill.vendor, number=bill.number)
    assert f"AP invoice {bill.number}" in words(client_for(viewer).get(address))
    assert client_for(outsider).get(address).status_code == 404
