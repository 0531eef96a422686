"""An invoice that was adjusted or voided after it was posted: corrected by a document of its own, once, to the cent."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from integrations.flows.catalogue import FLOWS
from integrations.models import Delivery, FlowItem
from portal.models import AuditEntry
from reconciliation.models import ApCorrection, ApInvoice
from reconciliation.three_way import compared
from tests.integrations.flows.books import NAME
from tests.integrations.pages import at, words

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
EXTRA = Decimal("10.00")


@pytest.fixture
def bill(books) -> ApInvoice:
    """An AP invoice that is posted, its changes left to finance."""
    return posted(books)


def posted(books: Any, **chosen: Any) -> ApInvoice:
    books.install(**chosen)
    books.map_all()
    books.cycle()
    return ApInvoice.objects.filter(invoice__isnull=False).order_by("pk").first()


def item_of(bill: ApInvoice) -> FlowItem:
    return FlowItem.objects.get(flow__name=NAME, record_id=bill.invoice_id)


def adjust(books: Any, bill: ApInvoice, by: Decimal) -> None:
    """Somebody in the office changes the price of its first item, and the total with it."""
    row = books.st.row("invoices", int(bill.invoice.external_id))
    first, *others = row["items"]
    first = {**first, "total": str(Decimal(str(first["total"])) + by)}
    books.st.change(
        "invoices",
        row["id"],
        items=[first, *others],
        subTotal=str(Decimal(str(row["subTotal"])) + by),
        total=str(Decimal(str(row["total"])) + by),
    )


@pytest.fixture
def post(client_for, owner) -> Callable[[ApInvoice], str]:
    """Press “Post the difference”; what the page says to it."""

    def press(bill: ApInvoice) -> str:
        address = at("flow_correct", item_of(bill).flow_id, record=bill.invoice_id)
        return words(client_for(owner).post(address, follow=True))

    return press


def entries(books: Any, bill: ApInvoice) -> list[tuple[str, Decimal]]:
    """What SYSPRO has entered for this invoice: code and value, in order."""
    rows = [row for row in books.sy.rows("ApJnlSummary") if row["Invoice"] == bill.number]
    return [(row["TrnType"], Decimal(str(row["TrnValue"]))) for row in rows]


def by_account(books: Any, bill: ApInvoice) -> dict[str, Decimal]:
    """What all documents of this invoice come to on each account, in SYSPRO."""
    found: dict[str, Decimal] = {}
    journals = {
        (row["Journal"], row["EntryNumber"]): -1 if row["TrnType"] == "C" else 1
        for row in books.sy.rows("ApJnlSummary")
        if row["Invoice"] == bill.number
    }
    for row in books.sy.rows("ApJnlDistrib"):
        if sign := journals.get((row["Journal"], row["EntryNumber"])):
            account = row["ExpenseGlCode"]
            found[account] = found.get(account, Decimal(0)) + sign * Decimal(str(row["DistrValue"]))
    return {account: amount for account, amount in found.items() if amount}


class TestForFinance:
    def test_nothing_is_posted_until_a_person_says_so(self, books, bill):
        adjust(books, bill, EXTRA)
        books.cycle(2)
        assert item_of(bill).reason == "posted"
        assert "debit note of 10.00" in item_of(bill).message
        assert entries(books, bill) == [("I", bill.total)]
        assert not ApCorrection.objects.exists()

    def test_only_who_may_decide_has_it_posted_and_nobody_of_another_merchant(
        self, books, bill, client_for, viewer, outsider
    ):
        adjust(books, bill, EXTRA)
        books.cycle()
        address = at("flow_correct", item_of(bill).flow_id, record=bill.invoice_id)
        assert client_for(viewer).post(address).status_code == 403
        assert client_for(outsider).post(address).status_code == 404
        books.cycle()
        assert entries(books, bill) == [("I", bill.total)]

    def test_a_difference_without_a_document_is_said_and_left_to_finance(self, books, bill, post):
        books.st.change("invoices", int(bill.invoice.external_id), total="1.00")
        books.cycle()
        assert "No document is made of it: Its lines come to" in post(bill)
        books.cycle()
        assert entries(books, bill) == [("I", bill.total)]

    def test_what_was_put_right_by_hand_once_is_put_right_by_hand_again(
        self, books, bill, post, client_for, owner
    ):
        adjust(books, bill, EXTRA)
        books.cycle()
        client_for(owner).post(at("flow_settle", item_of(bill).flow_id, record=bill.invoice_id))
        adjust(books, bill, EXTRA)
        books.cycle()
        assert "by hand" in post(bill)
        books.cycle()
        assert entries(books, bill) == [("I", bill.total)]

    @pytest.mark.parametrize(("by", "code"), [(EXTRA, "D"), (-EXTRA, "C")])
    def test_the_difference_is_posted_once_and_read_back(self, books, bill, post, by, code):
        before = by_account(books, bill)
        adjust(books, bill, by)
        books.cycle()
        assert "posted within a minute" in post(bill)
        post(bill)  # pressed twice
        books.cycle(2)
        assert entries(books, bill) == [("I", bill.total), (code, EXTRA)]
        one = ApCorrection.objects.get()
        assert (one.kind, one.total, one.number) == (code, EXTRA, bill.number)
        assert one.journal
        assert item_of(bill).state == "unchanged"
        after = by_account(books, bill)
        moved = {
            name: after[name] - before.get(name, 0) for name in after if after[name] != before.get(name, 0)
        }
        assert list(moved.values()) == [by]
        assert (
            books.sy.row("ApInvoice", bill.supplier.zfill(15), bill.number)["MthInvBal1"] == bill.total + by
        )
        assert "is now" in AuditEntry.objects.get(action="ap_invoice.corrected").note
        assert not Delivery.objects.exclude(state__in=("done", "not_needed")).exists()
        flow = item_of(bill).flow
        report = compared(FLOWS[NAME].traces(flow, date(2000, 1, 1), date(2100, 1, 1)))
        assert report.is_equal

    @pytest.mark.parametrize("fault", ["lost_reply", "late_error", "garbage", "reset", "session_evicted"])
    def test_a_call_that_goes_wrong_posts_it_once(self, books, bill, post, fault):
        adjust(books, bill, EXTRA)
        books.cycle()
        post(bill)
        books.sy.faults(f"{fault}:1,count=2,path=APSTIN")
        books.cycle(3)
        assert entries(books, bill) == [("I", bill.total), ("D", EXTRA)]

    def test_a_second_change_is_a_second_document_of_its_own_number(self, books, bill, post):
        for _ in range(2):
            adjust(books, bill, EXTRA)
            books.cycle()
            post(bill)
            books.cycle()
        assert entries(books, bill) == [("I", bill.total), ("D", EXTRA), ("D", EXTRA)]
        references = set(ApCorrection.objects.values_list("reference", flat=True))
        assert references == {f"COR1 {bill.number}", f"COR2 {bill.number}"}

    def test_a_voided_invoice_is_taken_back_by_a_credit_note_of_all_of_it(self, books, bill, post):
        books.st.change("invoices", int(bill.invoice.external_id), active=False)
        books.cycle()
        post(bill)
        books.cycle()
        assert entries(books, bill) == [("I", bill.total), ("C", bill.total)]
        assert by_account(books, bill) == {}
        report = compared(FLOWS[NAME].traces(item_of(bill).flow, date(2000, 1, 1), date(2100, 1, 1)))
        assert report.is_equal

    def test_one_that_changes_again_before_it_is_sent_is_looked_at_again(self, books, bill, post):
        adjust(books, bill, EXTRA)
        books.cycle()
        books.sy.close_period()
        post(bill)
        books.cycle()
        adjust(books, bill, EXTRA)
        books.sy.open_period()
        books.cycle(2)
        assert entries(books, bill) == [("I", bill.total)], "this version nobody has looked at"
        post(bill)
        books.cycle(2)
        assert entries(books, bill) == [("I", bill.total), ("D", 2 * EXTRA)]
        assert ApCorrection.objects.count() == 1

    def test_the_page_shows_the_correction_with_its_document(self, books, bill, post, client_for, owner):
        adjust(books, bill, EXTRA)
        books.cycle()
        post(bill)
        books.cycle()
        page = words(client_for(owner).get(at("flow_way", item_of(bill).flow_id, record=bill.invoice_id)))
        assert "AP correction" in page
        assert f"COR1 {bill.number}" in page
        assert "Two versions" not in page


class TestByItself:
    def test_where_the_flow_says_so_the_difference_is_posted_without_a_person(self, books):
        bill = posted(books, corrections="post")
        adjust(books, bill, EXTRA)
        books.cycle(2)
        assert entries(books, bill) == [("I", bill.total), ("D", EXTRA)]
        adjust(books, bill, -EXTRA)
        books.cycle(2)
        assert entries(books, bill) == [("I", bill.total), ("D", EXTRA), ("C", EXTRA)]
        assert item_of(bill).state == "unchanged"

    def test_one_taken_back_before_it_was_sent_is_never_sent(self, books):
        bill = posted(books, corrections="post")
        books.sy.close_period()
        adjust(books, bill, EXTRA)
        books.cycle()
        adjust(books, bill, -EXTRA)
        books.cycle()
        books.sy.open_period()
        books.cycle(2)
        assert entries(books, bill) == [("I", bill.total)]
        adjust(books, bill, EXTRA)
        books.cycle(2)
        assert entries(books, bill) == [("I", bill.total), ("D", EXTRA)]

    def test_amounts_that_only_move_between_accounts_wait_for_finance(self, books):
        bill = posted(books, corrections="post")
        books.default("item_ledger", "30-4500")
        books.st.change("invoices", int(bill.invoice.external_id), invoiceDate="2026-01-05T00:00:00Z")
        books.cycle()
        assert "only move between accounts" in item_of(bill).message
        assert entries(books, bill) == [("I", bill.total)]
