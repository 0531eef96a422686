"""Purchase orders between ServiceTitan and SYSPRO: each stands on both sides once, and what becomes of it goes across."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from integrations.flows.catalogue import FLOWS
from integrations.flows.installing import install
from integrations.models import Connection, Delivery, Flow, FlowItem
from integrations.tables import storing
from integrations.tables.base import Key
from integrations.tables.catalogue import TABLES
from integrations.tables.standing import standing_of
from integrations.tables.storing import Checker, Row
from portal.models import Tenant
from reconciliation.models import Conflict, Link, PurchaseOrder, PurchaseOrderLine, ReferenceItem
from tests.integrations.flows.cycle import cycle_of, syspro_of
from tests.integrations.pushes import effects
from tests.integrations.syncs import sync

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
NAME = "purchase_orders"
VALVE, CAP, BREAKER = "MAT-VALVE", "MAT-CAP", "MAT-BRKR"


@dataclass
class Desk:
    """A merchant between its ServiceTitan and its SYSPRO. `st` and `sy` are what a test does to their sandboxes."""

    tenant: Tenant
    servicetitan: Connection
    st: Any
    syspro: Connection
    sy: Any

    def install(self, **chosen: Any) -> Flow:
        kept = {
            "business_unit": ReferenceItem.objects.filter(kind="business_unit", active=True).first().pk,
            "order_type": ReferenceItem.objects.filter(kind="purchase_order_type").first().pk,
        }
        since = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        return install(self.tenant, FLOWS[NAME], {**kept, **chosen}, since=since)

    def map(self, table: str, **targets: str) -> None:
        checker = Checker(self.tenant, TABLES[table])
        rows = [Row(Key(key, key), checker.clean(target)) for key, target in targets.items()]
        storing.store(self.tenant, TABLES[table], rows, user=None)

    def map_all(self) -> None:
        codes = [row["StockCode"] for row in self.sy.rows("InvWarehouse") if row["Warehouse"] == "MAIN"]
        names = (VALVE.lower(), CAP.lower(), BREAKER.lower())
        self.map("stock_code", **dict(zip(names, codes, strict=False)))
        self.map("warehouse", **{str(min(self.st.store["warehouses"].rows)): "MAIN"})

    def cycle(self, times: int = 1) -> None:
        for _ in range(times):
            cycle_of(self.servicetitan, self.syspro)

    def vendor(self, name: str = "Ferguson Supply") -> int:
        return next(row["id"] for row in self.st.rows("vendors") if row["name"] == name)

    def order(self, **lines: int) -> dict:
        """The office orders in ServiceTitan, of the supplier 1."""
        names = {"valve": VALVE, "cap": CAP, "breaker": BREAKER}
        return self.st.add_order(self.vendor(), {names[name]: count for name, count in lines.items()})

    def there(self) -> list[dict]:
        """SYSPRO's orders of ours."""
        return [row for row in self.sy.rows("PorMasterHdr") if row["CustomerPoNumber"].startswith("ST-")]

    def lines_there(self, number: str) -> list[dict]:
        rows = self.sy.rows("PorMasterDetail")
        return [row for row in rows if row["PurchaseOrder"].lstrip("0") == number.lstrip("0")]

    def received_here(self, order_id: int) -> list[float]:
        return [item["quantityReceived"] for item in self.st.row("purchase-orders", order_id)["items"]]

    def posts(self, name: str) -> int:
        return sum(self.sy.posted(name).values())


READ = frozenset({
    "business_unit", "vendor", "warehouse", "purchase_order_type", "material", "purchase_order", "purchase_order_line",
    "stock_code",
})  # fmt: skip


@pytest.fixture
def desk(tenant, sandbox, connection, syspro, settings, impatient) -> Desk:
    """Only what orders need is read: the rest would make each cycle long."""
    there = syspro_of(tenant, syspro, settings.CUSTOM_API_HOSTS)
    for one in (connection, there):
        one.rules.exclude(entity__in=READ).update(enabled=False)
        sync(one)
    sandbox.control.reset()
    syspro.control.reset()
    return Desk(tenant, connection, sandbox.control, there, syspro.control)


def item(flow: Flow, order_id: int) -> FlowItem:
    link = Link.objects.get(source__system="servicetitan", entity="purchase_order", external_id=str(order_id))
    record = PurchaseOrder.objects.get(pk=link.record_id)
    return FlowItem.objects.get(flow=flow, record_id=record.pk)


@pytest.fixture
def standing(desk) -> tuple[Desk, Flow, dict, str]:
    """An order of ServiceTitan that stands on both sides: the desk, the flow, the order, SYSPRO's number."""
    flow = desk.install()
    desk.map_all()
    made = desk.order(valve=12, cap=4)
    desk.cycle()
    (there,) = desk.there()
    return desk, flow, made, there["PurchaseOrder"]


class TestWaiting:
    def test_an_order_that_lacks_rows_waits_names_them_all_and_goes_once_they_are_there(self, desk):
        flow = desk.install()
        made = desk.order(valve=12, cap=4)
        desk.cycle()
        held = item(flow, made["id"])
        assert (held.state, held.reason) == ("waiting", "unmapped")
        for word in ("MAT-VALVE", "MAT-CAP", "Reno Main"):
            assert word in held.message
        lacking = {(row.table, row.label) for row in held.unmapped.all()}
        assert lacking == {("stock_code", VALVE), ("stock_code", CAP), ("warehouse", "Reno Main")}
        unmapped = {
            one.key.label: one.waiting for one in standing_of(desk.tenant, TABLES["stock_code"]).unmapped
        }
        assert unmapped[VALVE] == 1
        assert desk.there() == []
        desk.map_all()
        desk.cycle()
        assert len(desk.there()) == 1

    def test_an_order_of_a_vendor_without_a_code_waits(self, desk):
        flow = desk.install()
        desk.map_all()
        made = desk.st.add_order(desk.vendor("Corner Hardware"), {VALVE: 2})
        desk.cycle()
        held = item(flow, made["id"])
        assert (held.state, held.reason) == ("waiting", "unmapped")
        assert "Corner Hardware" in held.message
        desk.map("supplier", **{str(made["vendorId"]): "2"})
        desk.cycle()
        (there,) = desk.there()
        assert there["Supplier"].lstrip("0") == "2"

    def test_an_order_that_was_exported_before_it_came_to_syspro_is_left_alone_and_says_so(self, desk):
        flow = desk.install()
        desk.map_all()
        made = desk.order(valve=3)
        desk.st.change("purchase-orders", made["id"], status="Exported")
        desk.cycle()
        held = item(flow, made["id"])
        assert (held.state, held.reason) == ("skipped", "frozen")
        assert "exported" in held.message
        assert desk.there() == []

    def test_an_order_that_was_cancelled_before_it_went_is_not_posted(self, desk):
        flow = desk.install()
        made = desk.order(valve=3)
        desk.cycle()
        desk.st.change("purchase-orders", made["id"], status="Canceled")
        desk.map_all()
        desk.cycle()
        assert item(flow, made["id"]).reason == "cancelled"
        assert desk.posts("PORTOI") == 0


class TestLostReplies:
    def test_an_order_whose_posting_was_not_answered_is_looked_up_and_not_doubled(self, desk):
        desk.install()
        desk.map_all()
        desk.order(valve=12)
        desk.sy.faults("lost_reply:1,count=1,path=PORTOI")
        desk.cycle(2)
        assert len(desk.there()) == 1
        assert desk.posts("PORTOI") == 1
        assert PurchaseOrderLine.objects.filter(purchase_order__reference__startswith="ST-").count() == 1

    def test_a_receipt_that_was_not_answered_is_not_received_twice(self, standing):
        desk, _, made, number = standing
        desk.st.receive_order(made["id"], 0, 5)
        desk.sy.faults("lost_reply:1,count=1,path=PORTOR")
        desk.cycle(2)
        assert [row["MReceivedQty"] for row in desk.lines_there(number)] == [5, 0]
        assert desk.posts("PORTOR") == 1

    def test_a_receipt_in_servicetitan_that_was_not_answered_is_not_received_twice(self, standing):
        desk, _, made, number = standing
        desk.sy.receive_order(number, 1, 5)
        desk.st.faults("lost_reply:1,count=1,method=POST,path=/receipts")
        desk.cycle(2)
        assert desk.received_here(made["id"]) == [5, 0]
        assert len(effects(desk.st, "receipts")) == 1


class TestFromServiceTitan:
    def test_an_order_is_posted_once_and_read_back(self, standing):
        desk, flow, made, number = standing
        (there,) = desk.there()
        assert there["CustomerPoNumber"] == f"ST-{made['number']}"
        lines = desk.lines_there(number)
        assert [(row["MOrderQty"], row["MPrice"]) for row in lines] == [
            (12, Decimal("12.49")),
            (4, Decimal("21.30")),
        ]
        record = PurchaseOrder.objects.get(number=made["number"])
        assert record.accounting_number == number.lstrip("0")
        assert desk.posts("PORTOI") == 1
        assert item(flow, made["id"]).state in {"updated", "unchanged"}
        assert not Conflict.objects.exists()

    def test_a_cycle_in_which_nothing_happens_writes_nothing(self, standing):
        desk, *_ = standing
        versions = list(PurchaseOrderLine.objects.order_by("pk").values_list("pk", "version"))
        before, calls = effects(desk.st), len(desk.sy.attempts())
        desk.cycle(2)
        assert effects(desk.st) == before
        assert len(desk.sy.attempts()) == calls
        assert list(PurchaseOrderLine.objects.order_by("pk").values_list("pk", "version")) == versions

    def test_a_changed_quantity_and_day_reach_syspro(self, standing):
        desk, _, made, number = standing
        first, second = desk.st.row("purchase-orders", made["id"])["items"]
        desk.st.change(
            "purchase-orders",
            made["id"],
            items=[{**first, "quantity": 15}, second],
            requiredOn="2027-03-01T00:00:00Z",
        )
        desk.cycle()
        assert [row["MOrderQty"] for row in desk.lines_there(number)] == [15, 4]
        assert desk.there()[0]["OrderDueDate"] == "2027-03-01"

    def test_a_line_that_is_added_later_is_added_there_once(self, standing):
        desk, _, made, number = standing
        order = desk.st.row("purchase-orders", made["id"])
        other = desk.order(breaker=7)
        desk.st.change("purchase-orders", made["id"], items=[*order["items"], other["items"][0]])
        desk.st.change("purchase-orders", other["id"], status="Canceled", items=[])
        desk.cycle(2)
        assert [row["MOrderQty"] for row in desk.lines_there(number)] == [12, 4, 7]

    def test_what_is_received_there_is_received_in_syspro_and_completes_the_order(self, standing):
        desk, _, made, number = standing
        desk.st.receive_order(made["id"], 0, 12)
        desk.cycle()
        assert [row["MReceivedQty"] for row in desk.lines_there(number)] == [12, 0]
        desk.st.receive_order(made["id"], 1, 4)
        desk.cycle(2)
        (there,) = desk.there()
        assert there["OrderStatus"] == "9"
        assert desk.posts("PORTOR") == 2
        assert PurchaseOrder.objects.get(number=made["number"]).accounting_status == "9"

    def test_what_had_come_before_the_order_went_is_received_after_it(self, desk):
        desk.install()
        made = desk.order(valve=12)
        desk.st.receive_order(made["id"], 0, 5)
        desk.map_all()
        desk.cycle(2)
        (there,) = desk.there()
        assert [row["MReceivedQty"] for row in desk.lines_there(there["PurchaseOrder"])] == [5]
        assert desk.received_here(made["id"]) == [5]

    def test_one_that_is_cancelled_there_is_cancelled_in_syspro(self, standing):
        desk, _, made, _ = standing
        desk.st.change("purchase-orders", made["id"], status="Canceled")
        desk.cycle(2)
        (there,) = desk.there()
        assert (there["OrderStatus"], there["CancelledFlag"]) == ("*", "Y")


class TestFromSyspro:
    def test_a_changed_quantity_reaches_servicetitan(self, standing):
        desk, _, made, number = standing
        row = desk.lines_there(number)[0]
        desk.sy.put("PorMasterDetail", {**row, "MOrderQty": 9})
        desk.cycle()
        assert [one["quantity"] for one in desk.st.row("purchase-orders", made["id"])["items"]] == [9, 4]

    def test_what_is_received_there_is_received_in_servicetitan(self, standing):
        desk, _, made, number = standing
        desk.sy.receive_order(number, 1, 12)
        desk.sy.receive_order(number, 2, 4)
        desk.cycle(2)
        assert desk.received_here(made["id"]) == [12, 4]
        assert desk.st.row("purchase-orders", made["id"])["status"] == "Received"
        assert desk.posts("PORTOR") == 0
        assert len(effects(desk.st, "receipts")) == 2

    def test_one_that_is_cancelled_there_is_cancelled_in_servicetitan(self, standing):
        desk, _, made, number = standing
        desk.sy.cancel_order(number)
        desk.cycle(2)
        assert desk.st.row("purchase-orders", made["id"])["status"] == "Canceled"

    def test_a_frozen_order_is_left_alone_and_the_difference_is_said(self, standing):
        desk, flow, made, number = standing
        desk.st.change("purchase-orders", made["id"], status="Exported")
        desk.cycle()
        before = effects(desk.st, "purchase-orders")
        desk.sy.receive_order(number, 1, 5)
        desk.cycle(2)
        assert effects(desk.st, "purchase-orders") == before
        assert effects(desk.st, "receipts") == []
        held = item(flow, made["id"])
        assert (held.state, held.reason) == ("skipped", "frozen")
        assert "received 5, there" in held.message
        left = Delivery.objects.filter(connection=desk.servicetitan, reason="frozen")
        assert {delivery.state for delivery in left} == {"not_needed"}

    def test_an_order_made_there_comes_to_servicetitan_once_with_its_lines(self, desk):
        flow = desk.install()
        desk.map_all()
        code = next(
            row.target for row in desk.tenant.table_rows.filter(table="stock_code", key=VALVE.lower())
        )
        number = desk.sy.add_order("1", {code: ("8", "11.25")})
        before = len(desk.st.rows("purchase-orders"))
        desk.cycle(2)
        made = desk.st.rows("purchase-orders")[-1]
        assert len(desk.st.rows("purchase-orders")) == before + 1
        assert made["summary"] == f"SYSPRO order {number.lstrip('0')}"
        assert [(one["skuCode"], one["quantity"], one["cost"]) for one in made["items"]] == [
            (VALVE, 8, 11.25)
        ]
        assert made["vendorId"] == desk.vendor()
        assert PurchaseOrder.objects.filter(accounting_number=number.lstrip("0")).count() == 1
        assert item(flow, made["id"]).state in {"updated", "unchanged"}
        desk.sy.receive_order(number, 1, 8)
        desk.cycle(2)
        assert desk.received_here(made["id"]) == [8]

    def test_an_order_whose_create_in_servicetitan_was_not_answered_is_not_doubled(self, desk):
        desk.install()
        desk.map_all()
        code = next(
            row.target for row in desk.tenant.table_rows.filter(table="stock_code", key=VALVE.lower())
        )
        desk.sy.add_order("1", {code: ("8", "11.25")})
        before = len(desk.st.rows("purchase-orders"))
        desk.st.faults("lost_reply:1,count=1,method=POST,path=/purchase-orders")
        desk.cycle(3)
        assert len(desk.st.rows("purchase-orders")) == before + 1

    def test_an_order_of_an_unmapped_stock_code_waits(self, desk):
        flow = desk.install()
        code = desk.sy.rows("InvMaster")[-1]["StockCode"]
        desk.sy.add_order("1", {code: ("8", "11.25")})
        desk.cycle()
        held = FlowItem.objects.get(flow=flow)
        assert (held.state, held.reason) == ("waiting", "unmapped")
        assert code in held.message


class TestBothAtOnce:
    def test_what_both_sides_changed_is_for_a_person(self, standing):
        desk, _, made, number = standing
        first, second = desk.st.row("purchase-orders", made["id"])["items"]
        desk.st.change("purchase-orders", made["id"], items=[{**first, "quantity": 15}, second])
        desk.sy.put("PorMasterDetail", {**desk.lines_there(number)[0], "MOrderQty": 9})
        desk.cycle(2)
        (conflict,) = Conflict.objects.all()
        assert conflict.field == "ordered"
        assert [one["quantity"] for one in desk.st.row("purchase-orders", made["id"])["items"]] == [15, 4]
        assert [row["MOrderQty"] for row in desk.lines_there(number)] == [9, 4]
