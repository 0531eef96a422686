"""Salesforce in a real browser: from the tenant's page to its log-in, back, and to the records that came."""

import os
from urllib.parse import urlsplit

import pytest

from integrations.models import Connection
from integrations.sandbox.salesforce import create_app, credentials
from integrations.sandbox.server import running
from reconciliation.models import Customer

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def org(settings):
    app = create_app(accounts=5, seed=5)
    with running(app) as url:
        settings.CUSTOM_API_HOSTS = [urlsplit(url).netloc]
        known = credentials(app)
        settings.CONNECTOR_APPS = {
            "salesforce": {"client_id": known["client_id"], "client_secret": known["client_secret"]}
        }
        yield url, known


def look(page, name):
    """A picture for whoever works on the page: SHOTS=folder."""
    if folder := os.environ.get("SHOTS"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


@pytest.mark.parametrize("width", [1280, 390])
def test_connect_logs_in_at_salesforce_and_comes_back_with_its_records(
    visit, worker, owner, tenant, org, width
):
    url, known = org
    page = visit(owner, width=width)
    page.goto(f"/admin/portal/tenant/{tenant.pk}/change/")
    look(page, f"tenant-{width}")
    page.get_by_role("listitem").filter(has_text="Salesforce").get_by_role("link", name="Connect").click()
    page.get_by_label("Custom address").check()
    page.get_by_label("API address").fill(url)
    look(page, f"connect-{width}")
    assert page.get_by_label("Private key").is_hidden()
    page.get_by_role("button", name="Save and connect").click()
    page.get_by_label("Username").wait_for()
    assert urlsplit(page.url).netloc == urlsplit(url).netloc
    page.get_by_label("Username").fill(known["username"])
    page.get_by_label("Password").fill(known["password"])
    page.get_by_role("button", name="Log in and allow").click()
    page.get_by_text("Connected: every scope that is needed was granted.").wait_for()
    look(page, f"connected-{width}")
    connection = Connection.objects.get()
    page.get_by_role("link", name="Overview").click()
    look(page, f"overview-{width}")
    for _ in range(200):
        if Customer.objects.count() == 5 and not connection.rules.filter(synced_at=None).exists():
            break
        page.wait_for_timeout(100)
    page.goto("/admin/reconciliation/customer/")
    page.get_by_text("5 customers").first.wait_for()
    page.goto(f"/admin/portal/tenant/{tenant.pk}/change/")
    look(page, f"tenant-after-{width}")
