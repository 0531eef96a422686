"""Vendors of ServiceTitan and suppliers of SYSPRO: one record each, tied by code; who has no code waits."""

from collections.abc import Callable
from typing import Any

import pytest

from integrations.flows import vendors, working
from integrations.flows.catalogue import FLOWS
from integrations.flows.installing import install
from integrations.flows.invoice_to_ap_read import chosen_vendors
from integrations.models import Connection, Flow, FlowItem, TableRow
from integrations.tables import storing
from integrations.tables.base import Key
from integrations.tables.catalogue import TABLES
from integrations.tables.standing import standing_of
from integrations.tables.storing import Row
from reconciliation.merging import undo
from reconciliation.models import Link, Merge, Vendor
from tests.integrations.flows.cycle import syspro_of
from tests.integrations.syncs import sync
from tests.reconciliation import shop

pytestmark = pytest.mark.django_db(transaction=True)
SUPPLIER = TABLES["supplier"]


@pytest.fixture
def accounting(tenant, connection, syspro, settings) -> Connection:
    """SYSPRO beside ServiceTitan; the vendors of both are read. Its suppliers are 1, 2 and 3."""
    sync(connection, "vendor")
    there = syspro_of(tenant, syspro, settings.CUSTOM_API_HOSTS)
    sync(there, "vendor")
    return there


@pytest.fixture
def flow(tenant, connection, accounting) -> Flow:
    found = install(tenant, FLOWS[vendors.NAME])
    working.work(found.pk)
    return found


@pytest.fixture
def of_servicetitan(connection, sandbox) -> Callable[[str], Link]:
    """The link of ServiceTitan's vendor of this name."""
    ids = {row["name"]: row["id"] for row in sandbox.control.rows("vendors")}
    return lambda name: Link.objects.get(source=connection.source, entity="vendor", external_id=ids[name])


def coded(sandbox: Any, link: Link, code: str) -> None:
    fields = [{"typeId": 7100, "name": "Supplier code", "value": code}]
    sandbox.control.change("vendors", int(link.external_id), customFields=fields)


def state_of(flow: Flow, record_id: int | None) -> tuple[str, str]:
    item = FlowItem.objects.get(flow=flow, record_id=record_id)
    return item.state, item.reason


def supplier(code: str) -> Vendor:
    return Vendor.objects.get(external_id=code)


class TestWaiting:
    def test_a_vendor_without_a_code_waits_and_is_unmapped_in_the_table(self, tenant, flow):
        corner = Vendor.objects.get(name="Corner Hardware")
        assert state_of(flow, corner.pk) == ("waiting", "no_code")
        assert corner.merged_into is None
        waiting = {one.key.label: one.waiting for one in standing_of(tenant, SUPPLIER).unmapped}
        assert waiting["Corner Hardware"] == 1
        assert "Ferguson Supply" not in waiting

    def test_a_code_that_syspro_does_not_have_waits_until_it_has(self, flow, accounting, syspro):
        sierra = Vendor.objects.get(name="Sierra Pipe & Supply")
        assert state_of(flow, sierra.pk) == ("waiting", "no_supplier")
        syspro.control.add_supplier("4", "Sierra Pipe")
        sync(accounting, "vendor")
        working.work(flow.pk)
        sierra.refresh_from_db()
        assert sierra.merged_into == supplier("4")

    def test_two_vendors_of_one_code_are_not_made_one(self, flow, connection, sandbox, of_servicetitan):
        link = of_servicetitan("Carrier West")
        coded(sandbox, link, "0001")
        sync(connection, "vendor")
        working.work(flow.pk)
        assert state_of(flow, link.record_id) == ("waiting", "taken")
        assert "Ferguson Supply" in FlowItem.objects.get(flow=flow, record_id=link.record_id).message

    def test_of_two_that_have_the_same_code_from_the_start_only_one_is_the_supplier(
        self, tenant, connection, accounting, sandbox, of_servicetitan
    ):
        both = [of_servicetitan(name) for name in ("Carrier West", "Corner Hardware")]
        for link in both:
            coded(sandbox, link, "3")
        sync(connection, "vendor")
        found = install(tenant, FLOWS[vendors.NAME])
        working.work(found.pk)
        states = {state_of(found, link.record_id) for link in both}
        assert states == {("unchanged", ""), ("waiting", "taken")}
        live = Link.objects.filter(record_id=supplier("3").pk, source=connection.source, entity="vendor")
        assert live.count() == 1

    def test_what_a_person_has_taken_apart_stays_apart(self, flow, of_servicetitan):
        act = Merge.objects.get(survivor_id=supplier("1").pk)
        undo(act)
        working.work(flow.pk)
        link = of_servicetitan("Ferguson Supply")
        assert link.record_id != supplier("1").pk
        assert state_of(flow, link.record_id) == ("waiting", "undone")


class TestOneRecord:
    def test_both_systems_lead_to_the_suppliers_record(self, flow, connection, accounting, of_servicetitan):
        one = supplier("1")
        link = of_servicetitan("Ferguson Supply")
        assert (link.record_id, link.state) == (one.pk, "live")
        assert (
            Link.objects.get(source=accounting.source, entity="vendor", external_id="1").record_id == one.pk
        )
        assert Vendor.objects.filter(name="Ferguson Supply", merged_into=None).count() == 1

    def test_a_code_chosen_in_the_table_ties_it(self, tenant, flow):
        corner = Vendor.objects.get(name="Corner Hardware")
        storing.store(tenant, SUPPLIER, [Row(Key(corner.external_id, "Corner Hardware"), "3")], user=None)
        working.work(flow.pk)
        corner.refresh_from_db()
        assert corner.merged_into == supplier("3")
        assert TableRow.objects.get(table="supplier").target == "3"

    def test_reading_again_changes_nothing_and_makes_no_second_vendor(self, flow, connection, accounting):
        before = list(Vendor.objects.order_by("pk").values("pk", "name", "code", "merged_into", "version"))
        sync(connection, "vendor")
        sync(accounting, "vendor")
        working.work(flow.pk)
        assert (
            list(Vendor.objects.order_by("pk").values("pk", "name", "code", "merged_into", "version"))
            == before
        )

    def test_a_change_in_servicetitan_reaches_the_one_record(
        self, flow, connection, sandbox, of_servicetitan
    ):
        link = of_servicetitan("Ferguson Supply")
        sandbox.control.change("vendors", int(link.external_id), memo="Ask for Ray at the counter")
        sync(connection, "vendor")
        assert supplier("1").memo == "Ask for Ray at the counter"

    def test_what_was_chosen_and_entered_for_the_vendor_is_the_suppliers_now(
        self, tenant, connection, accounting
    ):
        ferguson = Vendor.objects.filter(code="1").get()
        bill = shop.ap_invoice(tenant, vendor=ferguson, number="7")
        working.work(install(tenant, FLOWS[vendors.NAME]).pk)
        bill.refresh_from_db()
        assert bill.vendor == supplier("1")
        chosen = chosen_vendors(tenant.pk, {"vendor": ferguson.pk, "vendors": {}})
        assert chosen == {ferguson.pk: supplier("1")}
