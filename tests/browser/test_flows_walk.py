"""Flows in a real browser: chosen in the gallery, tried, installed, seen in Salesforce, switched off and on."""

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from integrations.models import Flow, FlowItem
from reconciliation.models import Job
from tests.browser.test_mapping_walk import look
from tests.integrations.conftest import connection, impatient  # noqa: F401  # fixtures of the systems
from tests.integrations.flows.conftest import both, salesforce, salesforce_sandbox  # noqa: F401
from tests.integrations.flows.test_completed_jobs import complete, deal_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("width", [1280, 390])
def test_a_flow_is_chosen_tried_installed_and_seen_in_salesforce(visit, owner, both, width):  # noqa: F811
    job = Job.objects.filter(active=True).exclude(status__iexact="completed").first()
    page = visit(owner, width=width)
    page.goto(f"/admin/portal/tenant/{both.tenant.pk}/change/")
    page.get_by_role("link", name="Gallery").click()
    expect(page.get_by_role("heading", name="Flows", exact=True)).to_be_visible()
    look(page, f"gallery-{width}")

    page.get_by_role("link", name="Completed job → Opportunity: settings and dry run").click()
    page.get_by_role("button", name="Dry run").click()
    expect(page.get_by_text("would be made").first).to_be_visible()
    expect(page.get_by_text("New opportunity", exact=True).first).to_be_visible()
    assert not Flow.objects.exists()
    look(page, f"install-{width}")
    page.get_by_role("button", name="Install").click()
    expect(page.get_by_text("is installed and on")).to_be_visible()
    expect(page.get_by_text("Nothing yet")).to_be_visible()

    complete(both, job, completedOn=f"{timezone.now():%Y-%m-%dT%H:%M:%SZ}")
    both.cycle()
    assert deal_of(both, job)["StageName"] == "Closed Won"
    page.reload()
    row = page.locator("#items tbody tr", has_text=str(job))
    expect(row.get_by_role("link", name="in ServiceTitan")).to_have_attribute(
        "href", f"https://go.servicetitan.com/#/Job/Index/{job.external_id}"
    )
    expect(row.get_by_role("link", name="in Salesforce").first).to_be_visible()
    look(page, f"flow-{width}")

    FlowItem.objects.update(state="failed", reason="bug", message="Trunkline itself failed.")
    page.reload()
    look(page, f"failed-{width}")
    page.get_by_role("button", name=f"Retry {job}").click()
    expect(page.get_by_text("1 record is looked at again")).to_be_visible()
    both.cycle()
    page.reload()
    expect(row.get_by_text("Up to date")).to_be_visible()

    page.get_by_role("button", name="Switch off").click()
    expect(page.get_by_text("is off.")).to_be_visible()
    assert not Flow.objects.get().enabled
    page.get_by_role("button", name="Switch on").click()
    expect(page.get_by_text("is on.")).to_be_visible()
    wide = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    assert not wide, "the page is wider than its window"
