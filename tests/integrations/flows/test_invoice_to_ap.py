"""The whole way of an invoice, with both systems: from ServiceTitan to accounts payable in SYSPRO, once, and back."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from integrations import connecting, syncing
from integrations.flows.catalogue import FLOWS
from integrations.flows.installing import install
from integrations.models import Connection, Delivery, Flow, FlowItem
from integrations.push import retrying
from integrations.tables import storing
from integrations.tables.base import Key
from integrations.tables.catalogue import TABLES
from integrations.tables.standing import standing_of
from integrations.tables.storing import Checker, Row
from integrations.tasks import wake, work_on_flows
from portal.models import Tenant
from reconciliation.models import ApInvoice, Conflict, Invoice, Vendor
from tests.integrations.pushes import time_passes
from tests.integrations.syncs import sync

pytestmark = pytest.mark.django_db(transaction=True)
NAME = "invoice_to_ap"
TAX_ACCOUNT = "00-1450"


@dataclass
class Books:
    """A merchant between its ServiceTitan and its SYSPRO. `st` and `sy` are what a test does to their sandboxes."""

    tenant: Tenant
    servicetitan: Connection
    st: Any
    syspro: Connection
    sy: Any

    def install(self, **chosen: Any) -> Flow:
        house = Vendor.objects.get(code__endswith="1")
        chosen = {"vendor": house.pk, "tax_account": TAX_ACCOUNT, **chosen}
        return install(self.tenant, FLOWS[NAME], chosen, since=datetime(2000, 1, 1, tzinfo=UTC))

    def map(self, table: str, **targets: str) -> None:
        checker = Checker(self.tenant, TABLES[table])
        rows = [Row(Key(key, key), checker.clean(target)) for key, target in targets.items()]
        storing.store(self.tenant, TABLES[table], rows, user=None)

    def default(self, table: str, target: str) -> None:
        target = Checker(self.tenant, TABLES[table]).clean(target)
        storing.store(self.tenant, TABLES[table], [Row(Key("", ""), target)], user=None)

    def map_all(self) -> None:
        self.default("stock_code", self.sy.rows("InvMaster")[0]["StockCode"])
        self.default("item_ledger", "20-5100")
        self.default("branch", "20")
        self.default("technician", "T1")

    def cycle(self, times: int = 1) -> None:
        """Both are read, the flow works, and what is owed is sent until nothing is due."""
        for _ in range(times):
            for connection in (self.servicetitan, self.syspro):
                syncing.start(connection, user=None)
            for _ in range(6):
                wake()
                time_passes()
                if not work_on_flows() and not wake():
                    break

    def posted(self) -> dict[str, Decimal]:
        """What SYSPRO has of ours: total by number."""
        numbers = set(ApInvoice.objects.filter(invoice__isnull=False).values_list("number", flat=True))
        return {
            row["Invoice"]: Decimal(str(row["OrigInvValue"]))
            for row in self.sy.rows("ApInvoice")
            if row["Invoice"] in numbers
        }


@pytest.fixture
def books(tenant, sandbox, connection, syspro, settings, impatient) -> Books:
    sync(connection)
    sandbox.control.reset()
    there = connecting.save_credentials(
        tenant,
        "syspro",
        {name: str(value) for name, value in syspro.credentials.items()},
        environment="custom",
        api_url=syspro.api_url,
        auth_url=syspro.auth_url,
        allowed_hosts=settings.CUSTOM_API_HOSTS,
    )
    connecting.test(there)
    sync(there)
    syspro.control.reset()
    return Books(tenant, connection, sandbox.control, there, syspro.control)


def worth_posting(tenant) -> dict[str, Decimal]:
    """What ServiceTitan's completed jobs were billed: total by number."""
    bills = Invoice.objects.filter(tenant=tenant, active=True, job__status="Completed", total__gt=0)
    return {bill.number: bill.total.quantize(Decimal("0.01")) for bill in bills}


def items(flow) -> dict[str, int]:
    rows = FlowItem.objects.filter(flow=flow).values_list("state", flat=True)
    return {state: list(rows).count(state) for state in set(rows)}


class TestTheWay:
    def test_each_invoice_is_posted_once_to_the_cent_and_comes_back_paid(self, books):
        flow = books.install()
        books.map_all()
        books.cycle()
        assert books.posted() == worth_posting(books.tenant)
        assert set(books.sy.posted().values()) == {1}
        bill = ApInvoice.objects.filter(invoice__isnull=False).first()
        assert bill.journal
        assert bill.balance == bill.total
        assert sum(line.amount for line in bill.lines.all()) == bill.total
        books.sy.pay(bill.supplier, bill.number)
        books.cycle()
        bill.refresh_from_db()
        assert bill.balance == 0
        assert items(flow).keys() <= {"unchanged", "skipped"}
        assert not Conflict.objects.exists()
        assert not Delivery.objects.exclude(state="done").exists()
        books.cycle()
        assert books.posted() == worth_posting(books.tenant)
        assert set(books.sy.posted().values()) == {1}

    def test_what_is_unmapped_waits_and_mapping_it_lets_all_of_it_go(self, books):
        flow = books.install()
        books.cycle()
        assert not books.posted()
        waiting = items(flow)["waiting"]
        assert (
            waiting == standing_of(books.tenant, TABLES["branch"]).waiting == len(worth_posting(books.tenant))
        )
        books.map_all()
        books.cycle()
        assert len(books.posted()) == waiting
        assert "waiting" not in items(flow)

    def test_a_code_that_syspro_does_not_have_is_refused_on_the_spot(self, books):
        with pytest.raises(storing.BadTarget, match="SYSPRO has no GL account"):
            books.default("item_ledger", "99-9999")


class TestTrouble:
    @pytest.mark.parametrize("fault", ["lost_reply", "late_error", "garbage", "reset", "session_evicted"])
    def test_a_call_that_goes_wrong_posts_once(self, books, fault):
        books.install()
        books.map_all()
        books.sy.faults(f"{fault}:1,count=3,path=APSTIN")
        books.cycle(2)
        assert books.posted() == worth_posting(books.tenant)
        assert set(books.sy.posted().values()) == {1}
        assert not Delivery.objects.exclude(state="done").exists()


class TestChanges:
    @pytest.fixture
    def bill(self, books) -> ApInvoice:
        """An AP invoice that is posted."""
        books.install()
        books.map_all()
        books.cycle()
        return ApInvoice.objects.filter(invoice__isnull=False).order_by("pk").first()

    def flow_item(self, bill) -> FlowItem:
        return FlowItem.objects.get(flow__name=NAME, record_id=bill.invoice_id)

    def test_what_is_posted_is_not_changed_by_an_adjustment_and_waits_for_finance(self, books, bill):
        before = books.posted()
        books.st.change(
            "invoices", int(bill.invoice.external_id), total="1.00", subTotal="1.00", salesTax="0.00"
        )
        books.cycle()
        item = self.flow_item(bill)
        assert (item.state, item.reason) == ("waiting", "posted")
        assert f"{bill.total:,.2f} of" in item.message
        assert "1.00 of" in item.message
        assert books.posted() == before
        fresh = ApInvoice.objects.get(pk=bill.pk)
        assert fresh.total == bill.total

    def test_a_payment_in_servicetitan_is_no_change_of_what_is_posted(self, books, bill):
        books.st.change("invoices", int(bill.invoice.external_id), balance="0.00")
        books.cycle()
        assert self.flow_item(bill).state == "unchanged"

    def test_one_that_is_voided_after_it_was_posted_waits_for_finance(self, books, bill):
        books.st.deactivate("invoices", int(bill.invoice.external_id))
        books.cycle()
        item = self.flow_item(bill)
        assert (item.state, item.reason) == ("waiting", "posted")
        assert "now is: voided" in item.message

    def test_other_rows_of_the_tables_leave_what_is_posted_alone(self, books, bill):
        books.default("item_ledger", "30-4500")
        books.cycle()
        assert self.flow_item(bill).state == "unchanged"
        assert set(books.sy.posted().values()) == {1}


class TestBeforePosting:
    @pytest.fixture
    def bill(self, books) -> ApInvoice:
        """An AP invoice that is made, and that SYSPRO does not take yet."""
        books.install()
        books.map_all()
        books.sy.hold_supplier("1")
        books.cycle()
        assert not books.posted()
        assert set(Delivery.objects.values_list("state", flat=True)) == {"needs_person"}
        return ApInvoice.objects.filter(invoice__isnull=False).order_by("pk").first()

    def retried(self, books):
        books.sy.hold_supplier("1", on=False)
        retrying.retry(Delivery.objects.all(), user=None)
        books.cycle()

    def test_it_is_brought_up_to_date(self, books, bill):
        row = books.st.row("invoices", int(bill.invoice.external_id))
        line = {**row["items"][0], "total": "1.00", "taxable": False}
        books.st.change("invoices", row["id"], total="1.00", subTotal="1.00", salesTax="0.00", items=[line])
        books.cycle()
        self.retried(books)
        assert books.posted()[bill.number] == Decimal("1.00")
        assert set(books.sy.posted().values()) == {1}

    def test_one_that_is_voided_is_never_posted_unless_it_comes_back(self, books, bill):
        books.st.deactivate("invoices", int(bill.invoice.external_id))
        books.cycle()
        self.retried(books)
        assert bill.number not in books.posted()
        assert Delivery.objects.get(record_id=bill.pk).reason == "voided"
        books.st.change("invoices", int(bill.invoice.external_id), active=True)
        books.cycle()
        assert books.posted()[bill.number] == bill.total

    def test_a_corrected_mapping_reaches_what_was_refused(self, books, bill):
        books.default("item_ledger", "30-4500")
        self.retried(books)
        sent = Delivery.objects.get(record_id=bill.pk).request["LedgerDistribution"]
        assert {line["LedgerCode"] for line in sent} <= {"30-4500", TAX_ACCOUNT}


def test_an_invoice_that_somebody_posted_by_hand_is_recognised_or_told(books):
    flow = books.install()
    books.map_all()
    same, other = sorted(worth_posting(books.tenant))[:2]
    for number, total in ((same, worth_posting(books.tenant)[same]), (other, Decimal("1.23"))):
        books.sy.add_invoice("1", number, total)
    books.cycle()
    assert items(flow)["waiting"] == 2
    assert set(FlowItem.objects.filter(state="waiting").values_list("reason", flat=True)) == {"taken"}
    assert not {f"1/{same}", f"1/{other}"} & books.sy.posted().keys()
