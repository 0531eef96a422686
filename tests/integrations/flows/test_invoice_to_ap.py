"""The whole way of an invoice, with both systems: from ServiceTitan to accounts payable in SYSPRO, once, and back."""

import csv
import html
import re
from datetime import date
from decimal import Decimal

import pytest

from integrations.flows.catalogue import FLOWS
from integrations.models import Delivery, Flow, FlowItem, TableRow
from integrations.push import retrying
from integrations.tables import storing
from integrations.tables.catalogue import TABLES
from integrations.tables.standing import standing_of
from integrations.tasks import wake
from portal.models import AuditEntry
from reconciliation.models import ApInvoice, Conflict, Link
from reconciliation.three_way import compared
from tests.integrations.flows.books import NAME, TAX_ACCOUNT, items, worth_posting
from tests.integrations.pages import at, words

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


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

    def test_finance_sees_both_versions_and_says_when_it_is_put_right(
        self, books, bill, client_for, owner, viewer
    ):
        st, number = books.st, int(bill.invoice.external_id)
        st.change("invoices", number, total="1.00", subTotal="1.00", salesTax="0.00")
        books.cycle()
        item = self.flow_item(bill)
        address = at("flow_way", item.flow_id, record=bill.invoice_id)
        page = client_for(owner).get(address)
        assert "Two versions" in words(page)
        assert f"Total {bill.total:,.2f} 1.00" in words(page)
        settle = at("flow_settle", item.flow_id, record=bill.invoice_id)
        assert client_for(viewer).post(settle).status_code == 403
        client_for(owner).post(settle)
        books.cycle()
        assert self.flow_item(bill).state == "unchanged"
        assert "Two versions" not in words(client_for(owner).get(address))
        assert "is now 1.00" in AuditEntry.objects.get(action="ap_invoice.settled").note
        (one,) = compared(FLOWS[NAME].traces(item.flow, date(2000, 1, 1), date(2100, 1, 1))).differences
        assert "put right in SYSPRO by another document" in one.cause
        st.change("invoices", number, total="2.00", subTotal="2.00")
        books.cycle()
        assert self.flow_item(bill).reason == "posted"

    def test_the_whole_way_shows_every_step_and_no_secret(self, books, bill, client_for, owner):
        page = client_for(owner).get(at("flow_way", self.flow_item(bill).flow_id, record=bill.invoice_id))
        shown = words(page)
        for step in (
            "1. Read",
            "2. Mapped",
            "3. Sent",
            "4. Read back",
            "PostApInvoice",
            "postapinvoice",
            bill.journal,
        ):
            assert step in shown
        assert bill.lines.first().ledger_code in shown
        secrets = [value for name, value in books.credentials.items() if "password" in name]
        assert secrets
        assert not [secret for secret in secrets if secret in page.content.decode()]
        assert at("flow_way", self.flow_item(bill).flow_id) in words_of_links(
            client_for(owner).get(f"/admin/reconciliation/apinvoice/{bill.pk}/change/")
        )

    def test_an_outsider_finds_no_way(self, books, bill, client_for, outsider, colleague):
        item = self.flow_item(bill)
        for name in ("way", "replay", "settle", "reconciliation", "reconciliation_csv"):
            address = at(f"flow_{name}", item.flow_id, record=bill.invoice_id)
            assert client_for(outsider).get(address).status_code == 404
        assert client_for(colleague).get(at("flow_way", item.flow_id, record=999_999)).status_code == 404
        assert client_for(colleague).get(at("flow_reconciliation_csv", item.flow_id)).status_code == 403

    def test_a_replay_of_what_is_posted_is_recognised_and_posts_nothing(self, books, bill, client_for, owner):
        before = books.sy.posted()
        client_for(owner).post(at("flow_replay", self.flow_item(bill).flow_id, record=bill.invoice_id))
        assert retrying.replay(Delivery.objects.exclude(record_id=bill.pk), user=None) == len(before) - 1
        books.cycle()
        assert books.sy.posted() == before
        newest = Delivery.objects.filter(record_id=bill.pk).first()
        assert (newest.state, newest.reason) == ("not_needed", "add_only")
        assert "has it already" in newest.message

    def test_a_replay_finds_what_is_posted_even_if_the_portal_has_forgotten_it(self, books, bill):
        before = books.sy.posted()
        Link.objects.filter(entity="ap_invoice", record_id=bill.pk).delete()
        retrying.replay(Delivery.objects.filter(record_id=bill.pk), user=None)
        wake()
        assert books.sy.posted() == before
        assert Delivery.objects.filter(record_id=bill.pk).first().state == "done"
        assert Link.objects.get(entity="ap_invoice", record_id=bill.pk).external_id == f"1/{bill.number}"

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
        books.install(on_hold="post")
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


class TestReconciliation:
    @pytest.fixture
    def flow(self, books) -> Flow:
        flow = books.install()
        books.map_all()
        return flow

    def report(self, flow):
        return compared(FLOWS[NAME].traces(flow, date(2000, 1, 1), date(2100, 1, 1)))

    def test_once_all_is_posted_all_sides_are_equal(self, books, flow):
        books.cycle()
        report = self.report(flow)
        true = worth_posting(books.tenant)
        assert report.is_equal, report.differences
        for side in (report.total.billed, report.total.entered, report.total.posted):
            assert (side.count, side.total) == (len(true), sum(true.values()))
        assert [(heading, len(sums) > 0) for heading, sums in report.groups] == [
            ("Day", True), ("Branch", True), ("Vendor", True),
        ]  # fmt: skip

    def test_each_invoice_that_is_missing_has_its_cause(self, books, flow, client_for, finance):
        storing.remove(TableRow.objects.get(table="branch"), TABLES["branch"], user=None)
        books.cycle()
        report = self.report(flow)
        assert len(report.differences) == len(worth_posting(books.tenant))
        assert all("has no branch" in one.cause for one in report.differences)
        books.default("branch", "20")
        books.sy.hold_supplier("1")
        books.cycle()
        assert all("on hold" in one.cause for one in self.report(flow).differences)
        days = {"since": "2026-01-01", "until": "2026-12-31"}
        page = client_for(finance).get(at("flow_reconciliation", flow.pk, **days))
        assert "on hold" in words(page) or not page.context["report"].differences
        file = client_for(finance).get(at("flow_reconciliation_csv", flow.pk, **days, what="differences"))
        rows = list(csv.DictReader(file.content.decode("utf-8-sig").splitlines()))
        assert len(rows) == len(page.context["report"].differences)
        sums = client_for(finance).get(at("flow_reconciliation_csv", flow.pk, **days, what="sums"))
        assert sums.content.decode("utf-8-sig").splitlines()[-1].startswith("all,All,")

    def test_what_is_there_and_was_never_billed_is_a_difference(self, books, flow):
        books.cycle()
        books.sy.add_invoice("1", "BY-HAND", "12.34")
        books.cycle()
        (one,) = [one for one in self.report(flow).differences if one.trace.number == "BY-HAND"]
        assert (one.amount, one.cause.split(":")[0]) == (Decimal("-12.34"), "Posted without an invoice here")

    def test_what_is_voided_after_it_was_posted_is_a_difference(self, books, flow):
        books.cycle()
        bill = ApInvoice.objects.filter(invoice__isnull=False).first()
        books.st.deactivate("invoices", int(bill.invoice.external_id))
        books.cycle()
        (one,) = self.report(flow).differences
        assert one.cause.startswith("Posted, and voided since")

    def test_days_that_make_no_sense_are_told(self, books, flow, client_for, finance):
        address = at("flow_reconciliation", flow.pk, since="2026-03-02", until="2026-03-01")
        assert "The first day lies behind the last" in words(client_for(finance).get(address))
        assert client_for(finance).get(
            at("flow_reconciliation_csv", flow.pk, since="x", until="y")
        ).status_code == 400  # fmt: skip


def words_of_links(reply) -> str:
    """All addresses that a page leads to."""
    return html.unescape(" ".join(re.findall(r'href="([^"]*)"', reply.content.decode())))


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
