"""In a real browser: missing fields are made by a button, and an org's own object is added, mapped and read."""

import re

import pytest

from integrations import linking
from integrations.models import Flow
from reconciliation.models import CustomRecord
from tests.browser.test_salesforce import look
from tests.integrations.test_salesforce_linking import work_it_off
from tests.integrations.test_salesforce_own_objects import WARRANTY
from tests.integrations.test_salesforce_sandbox import connect, serve

__all__ = ["serve"]
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def bare(tenant, serve, settings):
    """An org whose admin has prepared nothing but an object of its own."""
    sandbox = serve(prepared=False)
    sandbox.control.add_object("Warranty__c", WARRANTY)
    sandbox.control.add("Warranty__c", {"Name": "W-1", "Serial__c": "SN 7", "Price__c": 99.95})
    connection = connect(tenant, sandbox, settings)
    linking.test_and_start(connection, user=None)
    work_it_off()
    connection.refresh_from_db()
    return connection


@pytest.mark.parametrize("width", [1280, 390])
def test_fields_are_made_and_an_object_is_added(visit, worker, owner, bare, width):
    page = visit(owner, width=width)
    page.goto(f"/admin/integrations/connection/{bare.pk}/test/")
    look(page, f"missing-keys-{width}")
    page.get_by_role("button", name="Make the missing fields in Salesforce").click()
    page.get_by_text("New fields are hidden at first").wait_for()
    look(page, f"made-keys-{width}")
    tabs = page.get_by_role("navigation", name="Pages of this connection")
    tabs.get_by_role("link", name="Sync rules").click()
    page.get_by_role("link", name="Add an object of its own…").click()
    page.get_by_label("Object").select_option("Warranty__c")
    look(page, f"objects-{width}")
    assert not page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
    page.get_by_role("button", name="Add").click()
    page.get_by_role("heading", name="Warranty: field mapping").wait_for()
    look(page, f"object-mapping-{width}")
    for _ in range(100):
        if CustomRecord.objects.exists():
            break
        page.wait_for_timeout(100)
    page.goto("/admin/reconciliation/customrecord/")
    page.get_by_role("link", name="W-1").click()
    page.get_by_text("99.95").first.wait_for()
    look(page, f"custom-record-{width}")
    page.goto(f"/admin/integrations/connection/{bare.pk}/objects/")
    look(page, f"objects-after-{width}")
    assert not page.evaluate("document.documentElement.scrollWidth > window.innerWidth")


def test_the_check_of_revenue_shows_both_totals(visit, owner, tenant, bare):
    flow = Flow.objects.create(tenant=tenant, name="revenue")
    page = visit(owner)
    page.goto(f"/admin/integrations/flow/{flow.pk}/change/")
    page.get_by_text("Opportunities: portal and Salesforce").wait_for()
    head, totals = page.get_by_role("row").filter(has_text=re.compile("Difference|Total")).all_inner_texts()
    assert head.split("\t")[1:] == ["Portal (USD)", "Salesforce", "Difference"]
    assert totals.split("\t") == ["Total", "0.00", "0.00", "0.00"]
    look(page, "revenue")
