"""Finance takes a month's invoices out: in the background, watched, downloaded; and removes the file."""

import csv
import os
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from playwright.sync_api import expect

from reconciliation.exports import files
from reconciliation.models import ExportFile
from tests.reconciliation import shop as made


@pytest.fixture
def folder(settings, tmp_path):
    settings.EXPORT_DIR = tmp_path
    return tmp_path


@pytest.fixture
def bills(transactional_db, tenant):
    hvac = made.item(tenant, "business_unit", name="HVAC Service")
    payer = made.customer(tenant)
    for number, day in (("in", 30), ("out", 29)):
        at = datetime(2026, 4 if number == "out" else 3, day, 12, tzinfo=UTC)
        made.invoice(tenant, payer, number=number, invoiced_at=at, total=Decimal("0.10"), business_unit=hvac)
    made.invoice(tenant, payer, number="other unit", invoiced_at=datetime(2026, 3, 5, 12, tzinfo=UTC))


def picture(page, name):
    """Where a person wants to look at it: SHOTS=folder."""
    if os.environ.get("SHOTS"):
        page.screenshot(path=f"{os.environ['SHOTS']}/{name}.png", full_page=True)


@pytest.mark.parametrize("width", [1280, 375])
def test_finance_takes_a_month_out_in_the_background(visit, finance, bills, folder, width):
    page = visit(finance, width=width)
    page.goto("/admin/reconciliation/invoice/")
    picture(page, f"list-{width}")
    page.get_by_role("link", name="Export by dates").click()
    expect(page.get_by_label("What")).to_have_value("invoice")
    page.get_by_label("From").fill("2026-04-01")
    page.get_by_label("To", exact=True).fill("2026-03-01")
    page.get_by_role("button", name="Export").click()
    expect(page.get_by_role("alert")).to_contain_text("lies behind the last")
    picture(page, f"form-{width}")
    page.get_by_label("From").fill("2026-03-01")
    page.get_by_label("To", exact=True).fill("2026-03-31")
    page.get_by_label("Business unit").fill("hvac service")
    page.get_by_label("Add a last row with totals").check()
    page.get_by_label("Write it in the background").check()
    page.get_by_role("button", name="Export").click()
    expect(page.get_by_text("Waiting for a worker")).to_be_visible()
    picture(page, f"waiting-{width}")
    assert files.work(ExportFile.objects.get().pk)
    expect(page.get_by_text("1 row", exact=True)).to_be_visible()
    picture(page, f"ready-{width}")
    with page.expect_download() as caught:
        page.get_by_role("link", name="Download").click()
    with Path(caught.value.path()).open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["id"], row["number"], row["total"]) for row in rows][-1] == ("TOTAL", "", "0.10")
    assert [row["number"] for row in rows] == ["in", ""]
    page.get_by_role("link", name="Export", exact=True).click()
    picture(page, f"mine-{width}")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing runs out of the page"
    page.get_by_role("link", name="Invoices").last.click()
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("Removed.")).to_be_visible()
    assert list(folder.iterdir()) == []
