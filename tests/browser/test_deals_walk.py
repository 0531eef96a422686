"""The flows of new customers and of won deals in a real browser: what waits, why, and the way on."""

import pytest
from playwright.sync_api import expect

from integrations.models import FlowItem
from integrations.tasks import work_on_flows
from reconciliation.models import Contact, Customer, Job
from tests.browser.test_mapping_walk import look
from tests.integrations.conftest import connection, impatient  # noqa: F401  # fixtures of the systems
from tests.integrations.flows.conftest import both, salesforce, salesforce_sandbox  # noqa: F401
from tests.integrations.flows.test_won_deals import win

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("width", [1280, 390])
def test_what_waits_says_why_and_leads_to_where_it_is_mended(visit, owner, both, width):  # noqa: F811
    contacts = Contact.objects.filter(
        kind="email", usable=True, customer__active=True, customer__kind="Residential"
    )
    mail = contacts.filter(customer__in=Job.objects.values("customer")).order_by("pk")[0]
    for name in ("Known already", "Known as well"):
        made = both.sf.add("Account", {"Name": name})
        both.sf.add("Contact", {"LastName": "Somebody", "AccountId": made["Id"], "Email": mail.value})
    win(both)
    both.cycle()

    page = visit(owner, width=width)
    gallery = f"/admin/integrations/flow/gallery/?tenant={both.tenant.pk}"
    for title in ("Won Opportunity → ServiceTitan job", "New ServiceTitan customer → Account + Contact"):
        page.goto(gallery)
        page.get_by_role("link", name=f"{title}: settings and dry run").click()
        page.get_by_label("Records from").fill("2000-01-01")
        look(page, f"install-{title.split()[0].lower()}-{width}")
        page.get_by_role("button", name="Dry run").click()
        expect(page.get_by_text("Nothing was written").first).to_be_visible()
        look(page, f"tried-{title.split()[0].lower()}-{width}")
        page.get_by_role("button", name="Install").click()
        expect(page.get_by_text("is installed and on")).to_be_visible()
    FlowItem.objects.filter(flow__name="new_customers").exclude(record_id=mail.customer_id).delete()
    both.cycle()

    page.goto(gallery)
    page.get_by_role("link", name="Won Opportunity → ServiceTitan job", exact=True).click()
    expect(page.get_by_text("is no customer of ServiceTitan").first).to_be_visible()
    look(page, f"won-deals-{width}")
    page.goto(gallery)
    page.get_by_role("link", name="New ServiceTitan customer → Account + Contact", exact=True).click()
    expect(page.get_by_text("May be Known already")).to_be_visible()
    look(page, f"new-customers-{width}")
    page.get_by_role("link", name="Decide under Dedupe").click()
    expect(page.get_by_role("heading", name="Dedupe", exact=True)).to_be_visible()
    look(page, f"dedupe-{width}")
    page.get_by_role("link", name="Known").first.click()
    look(page, f"decide-{width}")
    while page.get_by_role("button", name="Not a duplicate").count():
        page.get_by_role("button", name="Not a duplicate").first.click()
        page.wait_for_load_state()
    work_on_flows()
    assert FlowItem.objects.get(flow__name="new_customers").state in {"made", "updated"}
    assert Customer.objects.get(pk=mail.customer_id).people.exists()
