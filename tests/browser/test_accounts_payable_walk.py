"""An invoice on its way to accounts payable, in a real browser: what is unmapped, mapped, posted, differs, reconciled."""

import pytest
from playwright.sync_api import expect

from integrations.tables.catalogue import TABLES
from reconciliation.models import ApInvoice
from tests.browser.test_mapping_walk import look
from tests.integrations.conftest import connection, found_company, impatient, syspro  # noqa: F401  # the systems
from tests.integrations.flows.books import worth_posting
from tests.integrations.flows.conftest import books, customers  # noqa: F401

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("width", [1280, 390])
def test_what_is_missing_is_mapped_from_the_flow_and_goes_by_itself(visit, owner, books, width, tmp_path):  # noqa: F811
    flow = books.install()
    books.cycle()
    books.default("item_ledger", "20-5100")
    books.default("technician", "T1")
    books.default("stock_code", books.sy.rows("InvMaster")[0]["StockCode"])
    books.cycle()
    page = visit(owner, width=width)
    page.goto(f"/admin/portal/tenant/{books.tenant.pk}/change/")
    look(page, f"tenant-{width}")
    page.goto(f"/admin/integrations/flow/{flow.pk}/change/?show=stuck")
    look(page, f"ap-flow-{width}")
    page.get_by_role("link", name=TABLES["branch"].title).first.click()
    expect(page.get_by_text("for a row").first).to_be_visible()
    look(page, f"ap-table-{width}")
    unit = page.locator("#rows tbody tr").first
    unit.get_by_role("textbox").fill("TOO-LONG-A-BRANCH"[:10])
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("1 row is stored")).to_be_visible()
    page.get_by_role("link", name="Mapped 1").click()
    page.get_by_role("button", name="Remove").click()
    page.get_by_label("Default branch").fill("20")
    page.get_by_role("button", name="Choose this default").click()
    expect(page.get_by_text("With it, nothing waits")).to_be_visible()

    page.get_by_role("link", name="Import CSV").click()
    bad = tmp_path / "bad.csv"
    bad.write_text("key,target\nnobody,10\n")
    page.get_by_label("CSV file").set_input_files(bad)
    page.get_by_role("button", name="Look at it").click()
    expect(page.get_by_text("There is no business unit “nobody” here")).to_be_visible()
    look(page, f"ap-import-bad-{width}")
    good = tmp_path / "good.csv"
    good.write_text("key,target\n*,30\n")
    page.get_by_label("CSV file").set_input_files(good)
    page.get_by_role("button", name="Look at it").click()
    look(page, f"ap-import-{width}")
    page.get_by_role("button", name="Store 1 row").click()
    expect(page.get_by_text("1 row is stored")).to_be_visible()
    page.get_by_role("link", name="Mapping tables").first.click()
    look(page, f"ap-tables-{width}")

    books.cycle()
    assert books.posted() == worth_posting(books.tenant)


@pytest.mark.parametrize("width", [1280, 390])
def test_what_differs_from_what_is_posted_is_seen_settled_and_reconciled(visit, owner, books, width):  # noqa: F811
    flow = books.install()
    books.map_all()
    books.cycle()
    page = visit(owner, width=width)
    bill = ApInvoice.objects.filter(invoice__isnull=False).first()
    books.st.change("invoices", int(bill.invoice.external_id), total="1.00", subTotal="1.00", salesTax="0.00")
    books.cycle()
    page.goto(f"/admin/reconciliation/apinvoice/{bill.pk}/change/")
    look(page, f"ap-invoice-{width}")
    page.get_by_role("link", name="Its whole way").click()
    expect(page.get_by_role("heading", name="Two versions")).to_be_visible()
    look(page, f"ap-way-{width}")
    page.get_by_role("button", name="Replay").click()
    expect(page.get_by_text("what is there already is recognised")).to_be_visible()
    page.get_by_role("button", name="It is put right there").click()
    books.cycle()
    page.reload()
    expect(page.get_by_role("heading", name="Two versions")).to_have_count(0)
    assert set(books.sy.posted().values()) == {1}

    page.goto(f"/admin/integrations/flow/{flow.pk}/change/")
    page.get_by_role("link", name="Reconciliation").click()
    page.get_by_label("From").fill("2026-01-01")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("heading", name="By branch")).to_be_visible()
    look(page, f"ap-reconciliation-{width}")
