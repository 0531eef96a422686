"""Vendors of ServiceTitan and suppliers of SYSPRO kept in step: changes both ways, new ones where the settings say so."""

from collections.abc import Callable
from typing import Any

import pytest

from integrations.connectors.base import RemoteField
from integrations.connectors.servicetitan.describing import described
from integrations.connectors.servicetitan.entities.inventory import VENDOR
from integrations.flows import vendors, working
from integrations.flows.catalogue import FLOWS
from integrations.flows.installing import NotReady, install
from integrations.flows.vendors_read import read
from integrations.models import Connection, Delivery, Flow, FlowItem
from integrations.tables import storing
from integrations.tables.base import Key
from integrations.tables.catalogue import TABLES
from reconciliation.merging import undo
from reconciliation.models import Link, Merge, Vendor
from tests.integrations.flows.cycle import cycle_of, syspro_of
from tests.integrations.pushes import effects
from tests.integrations.syncs import sync

pytestmark = pytest.mark.django_db(transaction=True)
NEW_SUPPLIERS = {"accounting": "all", "branch": "10", "terms": "30", "bank": "CHASE"}
FERGUSON = "000000000000001"


@pytest.fixture
def accounting(tenant, connection, syspro, settings, impatient) -> Connection:
    """SYSPRO beside ServiceTitan; the vendors of both are read. Its suppliers are 1, 2 and 3."""
    connection.rules.exclude(entity="vendor").update(enabled=False)
    sync(connection, "vendor")
    there = syspro_of(tenant, syspro, settings.CUSTOM_API_HOSTS)
    there.rules.exclude(entity="vendor").update(enabled=False)
    sync(there, "vendor")
    return there


@pytest.fixture
def start(tenant, connection, accounting, sandbox, syspro) -> Callable[..., Flow]:
    """Install the flow with these settings and let everything settle."""

    def begin(**chosen: Any) -> Flow:
        flow = install(tenant, FLOWS[vendors.NAME], chosen)
        cycle_of(connection, accounting)
        sandbox.control.reset()
        return flow

    return begin


def shop_row(sandbox: Any, name: str) -> dict[str, Any]:
    (row,) = [row for row in sandbox.control.rows("vendors") if row["name"] == name]
    return row


def code_in_shop(sandbox: Any, name: str) -> str:
    return next((field["value"] for field in shop_row(sandbox, name)["customFields"]), "")


def item_of(flow: Flow, name: str) -> FlowItem:
    return FlowItem.objects.get(flow=flow, record_id=Vendor.objects.get(name=name, merged_into=None).pk)


def supplier(code: str = "1") -> Vendor:
    return Vendor.objects.get(external_id=code)


class TestNothingUnasked:
    def test_a_code_that_syspro_does_not_have_waits_and_makes_no_supplier(self, start, syspro):
        flow = start()
        assert item_of(flow, "Sierra Pipe & Supply").reason == "no_supplier"
        assert len(syspro.control.rows("ApSupplier")) == 3

    def test_a_new_supplier_becomes_no_vendor(self, start, connection, accounting, sandbox, syspro):
        flow = start()
        before = len(sandbox.control.rows("vendors"))
        syspro.control.add_supplier("77", "New River Electric")
        cycle_of(connection, accounting)
        assert item_of(flow, "New River Electric").state == "skipped"
        assert len(sandbox.control.rows("vendors")) == before

    def test_a_line_that_is_only_pulled_writes_nothing(self, start, connection, accounting, sandbox, syspro):
        accounting.rules.get(entity="vendor").mappings.filter(field="phone").update(direction="pull")
        start()
        row = shop_row(sandbox, supplier().name)
        before = syspro.control.row("ApSupplier", FERGUSON)["Telephone"]
        contact = {**row["contactInfo"], "phone": "5405550100"}
        sandbox.control.change("vendors", row["id"], contactInfo=contact, memo="Counter till five")
        cycle_of(connection, accounting)
        assert supplier().phone == "5405550100"
        assert syspro.control.row("ApSupplier", FERGUSON)["Telephone"] == before

    def test_new_suppliers_want_what_syspro_wants_of_them(self, tenant, accounting):
        with pytest.raises(NotReady, match="branch, terms, bank"):
            install(tenant, FLOWS[vendors.NAME], {"accounting": "all", "branch": "10"})


class TestChanges:
    def test_a_suppliers_address_is_not_filled_up_with_parts_of_another(self, start, sandbox, syspro):
        syspro.control.put("ApSupplierAddr", {"Supplier": FERGUSON, "SupAddr2": ""})
        row = shop_row(sandbox, "Ferguson Supply")
        sandbox.control.change("vendors", row["id"], address={**row["address"], "unit": "#5"})
        start()
        assert supplier().unit == ""

    def test_a_change_in_servicetitan_is_written_to_syspro_and_comes_back_as_nothing(
        self, start, connection, accounting, sandbox, syspro
    ):
        start()
        row = shop_row(sandbox, supplier().name)
        contact = {
            **row["contactInfo"],
            "firstName": "Ray",
            "lastName": "van der Berg",
            "phone": "5405550100",
        }
        sandbox.control.change("vendors", row["id"], contactInfo=contact)
        written = len(effects(sandbox.control, "vendors"))
        cycle_of(connection, accounting)
        there = syspro.control.row("ApSupplier", FERGUSON)
        assert (there["Contact"], there["Telephone"]) == ("Ray van der Berg", "5405550100")
        sent = Delivery.objects.count()
        cycle_of(connection, accounting)
        cycle_of(connection, accounting)
        assert Delivery.objects.count() == sent
        assert len(effects(sandbox.control, "vendors")) == written

    def test_a_change_in_syspro_is_written_to_servicetitan_the_other_parts_of_it_unharmed(
        self, start, connection, accounting, sandbox, syspro
    ):
        start()
        before = shop_row(sandbox, supplier().name)
        syspro.control.put("ApSupplier", {"Supplier": FERGUSON, "Telephone": "5405550177"})
        syspro.control.put("ApSupplierAddr", {"Supplier": FERGUSON, "SupAddr1": "9 Hill Rd"})
        cycle_of(connection, accounting)
        after = shop_row(sandbox, supplier().name)
        assert after["contactInfo"] == {**before["contactInfo"], "phone": "5405550177"}
        assert after["address"] == {**before["address"], "street": "9 Hill Rd"}
        assert after["customFields"] == before["customFields"]
        assert not Delivery.objects.exclude(state__in=("done", "not_needed")).exists()

    @pytest.mark.parametrize("first", ["servicetitan", "syspro"])
    def test_where_both_have_changed_a_field_syspro_has_it_unless_its_line_says_otherwise(
        self, start, connection, accounting, sandbox, syspro, first
    ):
        accounting.rules.get(entity="vendor").mappings.filter(field="contact").update(policy="portal")
        start()
        row = shop_row(sandbox, supplier().name)
        contact = {**row["contactInfo"], "firstName": "Ann", "lastName": "Lee", "phone": "5405550100"}
        sandbox.control.change("vendors", row["id"], contactInfo=contact)
        theirs = {"Supplier": FERGUSON, "Telephone": "5405550177", "Contact": "Karl Estrada Jr"}
        syspro.control.put("ApSupplier", theirs)
        both = [connection, accounting] if first == "servicetitan" else [accounting, connection]
        for one in both:
            sync(one, "vendor")
        cycle_of(connection, accounting)
        there = syspro.control.row("ApSupplier", FERGUSON)
        shown = shop_row(sandbox, supplier().name)["contactInfo"]
        assert there["Telephone"] == shown["phone"] == "5405550177"
        name = "Ann Lee" if first == "servicetitan" else "Karl Estrada Jr"
        assert there["Contact"] == f"{shown['firstName']} {shown['lastName']}" == name

    def test_a_code_chosen_in_the_table_is_written_to_the_custom_field(
        self, start, tenant, connection, sandbox
    ):
        start()
        assert code_in_shop(sandbox, "Johnstone Parts") == ""
        key = Key(str(shop_row(sandbox, "Johnstone Parts")["id"]), "Johnstone Parts")
        storing.store(tenant, TABLES["supplier"], [storing.Row(key, "3")], user=None)
        cycle_of(connection)
        assert code_in_shop(sandbox, "Johnstone Parts") == "3"

    def test_another_code_typed_in_servicetitan_is_put_back_for_syspro_knows_it_by_its_own(
        self, start, connection, accounting, sandbox
    ):
        start()
        name = supplier().name
        fields = [{"typeId": 7100, "name": "Supplier code", "value": "2"}]
        sandbox.control.change("vendors", shop_row(sandbox, name)["id"], customFields=fields)
        cycle_of(connection, accounting)
        assert (supplier().code, code_in_shop(sandbox, name)) == ("1", "1")

    def test_what_a_person_took_apart_is_written_to_its_own_side_alone(
        self, start, connection, accounting, sandbox, syspro
    ):
        start()
        undo(Merge.objects.get(survivor_id=supplier().pk))
        cycle_of(connection, accounting)
        syspro.control.put("ApSupplier", {"Supplier": FERGUSON, "Telephone": "5405550177"})
        cycle_of(connection, accounting)
        phones = {row["contactInfo"]["phone"] for row in sandbox.control.rows("vendors")}
        assert "5405550177" not in phones


class TestNewOnes:
    @pytest.mark.parametrize("fault", ["", "lost_reply", "late_error"])
    def test_a_new_supplier_becomes_a_vendor_once_with_its_code(
        self, start, connection, accounting, sandbox, syspro, fault
    ):
        flow = start(shop="all")
        if fault:
            sandbox.control.faults(f"{fault}:1,count=1,method=POST,path=/vendors")
        syspro.control.add_supplier("77", "New River Electric", Telephone="5405550133", Contact="Ann")
        syspro.control.put("ApSupplierAddr", {"Supplier": "77".zfill(15), "SupAddr1": "9 Hill Rd"})
        cycle_of(connection, accounting)
        cycle_of(connection, accounting)
        row = shop_row(sandbox, "New River Electric")
        assert (row["contactInfo"]["phone"], row["address"]["street"]) == ("5405550133", "9 Hill Rd")
        assert code_in_shop(sandbox, "New River Electric") == "77"
        assert Vendor.objects.filter(name="New River Electric").count() == 1
        assert item_of(flow, "New River Electric").state == "unchanged"
        assert not Delivery.objects.exclude(state__in=("done", "not_needed")).exists()

    def test_a_worker_that_dies_between_the_vendor_and_its_code_leaves_neither_undone(
        self, start, connection, accounting, sandbox, syspro
    ):
        start(shop="all")
        sandbox.control.faults("reset:1,count=1,method=PATCH,path=/custom-fields")
        syspro.control.add_supplier("77", "New River Electric")
        syspro.control.put("ApSupplierAddr", {"Supplier": "77".zfill(15), "SupAddr1": "9 Hill Rd"})
        cycle_of(connection, accounting)
        cycle_of(connection, accounting)
        assert code_in_shop(sandbox, "New River Electric") == "77"
        assert supplier("77").code.lstrip("0") == "77"

    def test_one_on_hold_becomes_none_and_one_of_a_vendors_name_waits(
        self, start, connection, accounting, sandbox, syspro
    ):
        flow = start(shop="all")
        before = len(sandbox.control.rows("vendors"))
        syspro.control.add_supplier("77", "New River Electric", OnHold="Y")
        syspro.control.add_supplier("78", "CORNER HARDWARE")
        cycle_of(connection, accounting)
        assert item_of(flow, "New River Electric").reason == "on_hold"
        waits = item_of(flow, "CORNER HARDWARE")
        assert (waits.reason, "Corner Hardware" in waits.message) == ("alike", True)
        assert len(sandbox.control.rows("vendors")) == before

    @pytest.mark.parametrize("fault", ["", "lost_reply", "late_error"])
    def test_a_vendor_whose_code_syspro_does_not_have_becomes_a_supplier_once(
        self, start, connection, accounting, sandbox, syspro, fault
    ):
        if fault:
            syspro.control.faults(f"{fault}:1,count=1,path=/setup/add")
        flow = start(**NEW_SUPPLIERS)
        cycle_of(connection, accounting)
        there = syspro.control.row("ApSupplier", "4".zfill(15))
        assert (there["SupplierName"], there["Branch"], there["TermsCode"], there["Bank"]) == (
            "Sierra Pipe & Supply",
            "10",
            "30",
            "CHASE",
        )
        sierra = Vendor.objects.get(name="Sierra Pipe & Supply")
        links = Link.objects.filter(record_id=sierra.pk, entity="vendor", state="live")
        assert {link.source.system for link in links} == {"servicetitan", "syspro"}
        assert item_of(flow, "Sierra Pipe & Supply").state == "unchanged"
        assert syspro.control.posted("APSSSP")["4"] <= 1
        assert len(syspro.control.rows("ApSupplier")) == 4

    def test_a_supplier_that_somebody_makes_meanwhile_is_the_one(
        self, tenant, connection, accounting, syspro
    ):
        flow = install(tenant, FLOWS[vendors.NAME], NEW_SUPPLIERS)
        sierra = Vendor.objects.get(name="Sierra Pipe & Supply")
        working.work(flow.pk)
        assert Delivery.objects.filter(record_id=sierra.pk, state="owed").exists()
        syspro.control.add_supplier("4", "Sierra Pipe")
        sync(accounting, "vendor")
        cycle_of(connection, accounting)
        sierra.refresh_from_db()
        assert sierra.merged_into == supplier("4")
        assert len(syspro.control.rows("ApSupplier")) == 4
        assert not Delivery.objects.exclude(state__in=("done", "not_needed")).exists()

    def test_of_two_vendors_of_one_new_code_only_the_first_becomes_the_supplier(
        self, start, connection, sandbox, syspro
    ):
        fields = [{"typeId": 7100, "name": "Supplier code", "value": "4"}]
        row = shop_row(sandbox, "Corner Hardware")
        sandbox.control.change("vendors", row["id"], customFields=fields)
        sync(connection, "vendor")
        flow = start(**NEW_SUPPLIERS)
        assert item_of(flow, "Corner Hardware").reason == "taken"
        assert syspro.control.row("ApSupplier", "4".zfill(15))["SupplierName"] == "Sierra Pipe & Supply"


def test_vendors_are_read_in_as_many_queries_however_many_there_are(
    start, tenant, django_assert_max_num_queries
):
    flow = start()
    ids = list(FlowItem.objects.filter(flow=flow).values_list("record_id", flat=True))
    with django_assert_max_num_queries(9):
        assert len(read(tenant.pk, ids, FLOWS[vendors.NAME].chosen({}))) > 5


def test_a_custom_field_can_be_chosen_for_what_is_written(connection):
    fields: dict[str, RemoteField] = {field.path: field for field in described(VENDOR, [])}
    assert fields["customFields"].writable
    assert fields["contactInfo.phone"].writable
