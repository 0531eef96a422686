"""A call comes in: an agent finds nobody, books for somebody new, and watches the job go to ServiceTitan."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from integrations.models import Connection
from integrations.work import work
from reconciliation.models import Job

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def merchant(tenant, sandbox, connect_to) -> Connection:
    """Connected and synced, with what a booking needs."""
    connection = connect_to(tenant, sandbox)
    for rule in connection.rules.filter(enabled=True).order_by("position"):
        work(rule.pk)
    return connection


def test_an_agent_books_for_somebody_new_by_keyboard_width_and_all_and_sees_it_arrive(
    visit, colleague, tenant, merchant, sandbox, worker
):
    page = visit(colleague, width=390)
    page.goto("/admin/reconciliation/job/")
    page.get_by_role("link", name="Book a job").first.click()
    page.get_by_label("Who is it for?").fill("(540) 555-0188")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Book for somebody new").click()
    expect(page.get_by_label("Phone")).to_have_value("(540) 555-0188")
    page.get_by_role("button", name="Book the job").click()
    expect(page.get_by_text("Not booked yet")).to_be_visible()

    for label, value in (
        ("Name", "Wanda Waits"),
        ("Street", "9 Hill Rd"),
        ("City", "Lynchburg"),
        ("State", "VA"),
        ("Postal code", "24501"),
        ("Summary", "No heat upstairs"),
    ):
        page.get_by_label(label, exact=True).or_(page.get_by_label(f"{label}:", exact=True)).fill(value)
    for label in ("Job type", "Business unit", "Campaign"):
        page.get_by_label(label).select_option(index=1)
    day = datetime.now(UTC).astimezone(tenant.zone).date() + timedelta(days=2)
    page.get_by_label("Day").fill(str(day + timedelta(days=1) if day.weekday() == 6 else day))
    page.get_by_role("button", name="Show free times").click()
    expect(page.get_by_text("Free at ServiceTitan")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "it scrolls sideways"
    page.get_by_role("radio").last.check()
    page.get_by_role("button", name="Book the job").click()

    expect(page.get_by_text("Booked. Below you see")).to_be_visible()
    expect(page.get_by_text("Carl Colleague booked it")).to_be_visible()
    job = Job.objects.get(summary="No heat upstairs")
    expect(page.get_by_text("sent it to ServiceTitan, which knows it as")).to_be_visible(timeout=30_000)
    [row] = [one for one in sandbox.control.rows("jobs") if one["summary"] == "No heat upstairs"]
    job.refresh_from_db()
    assert job.number == row["jobNumber"]

    sandbox.control.change("jobs", row["id"], jobStatus="InProgress")
    work(merchant.rules.get(entity="job").pk)
    page.reload()
    expect(page.get_by_text("ServiceTitan changed it").first).to_be_visible()
