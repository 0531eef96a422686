"""A merchant's life in a real browser: as partner staff, as finance, and as somebody else's staff."""

import csv
from pathlib import Path

import pytest
from playwright.sync_api import expect

from integrations.models import Connection
from integrations.work import work
from portal.models import Tenant
from reconciliation.models import Contact, Customer
from tests.integrations.pages import at

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def merchant(tenant, sandbox, connect_to) -> Connection:
    """Connected, with its customers and what reaches them."""
    connection = connect_to(tenant, sandbox)
    for entity in ("customer", "location", "customer_contact"):
        work(connection.rules.get(entity=entity).pk)
    return connection


def as_people_write_it(e164: str) -> str:
    """+12055550142 -> (205) 555-0142"""
    digits = e164.removeprefix("+1")
    return f"({digits[:3]}) {digits[3:6]}-{digits[6:]}"


def a_phone() -> Contact:
    """A phone that only one customer has."""
    phones = Contact.objects.filter(e164__startswith="+1", customer__merged_into=None).exclude(customer=None)
    return next(phone for phone in phones if phones.filter(e164=phone.e164).count() == 1)


def exported(page) -> list[dict[str, str]]:
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").first.click()
    with Path(download.value.path()).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def forgive(page, status: int) -> None:
    """Chromium notes in its console each refusal that a test asks for; those notes alone are forgotten."""
    page.complaints[:] = [note for note in page.complaints if f"with a status of {status}" not in note]


def test_partner_staff_onboard_a_merchant_watch_its_first_sync_find_a_customer_and_export(
    visit, owner, partner, shop, worker
):
    shop_served = shop(customers=60, latency=0.02)
    page = visit(owner)
    page.get_by_role("link", name="Add tenant").click()
    page.get_by_label("Name").press_sequentially("Ridge Air")
    expect(page.get_by_label("Slug")).to_have_value("ridge-air")
    page.get_by_label("Partner").select_option(label=partner.name)
    page.get_by_role("button", name="Save", exact=True).click()

    page.get_by_role("link", name="Enter credentials").click()
    page.get_by_role("button", name="Save and test").click()
    expect(page.get_by_text("Client secret is missing.")).to_be_visible()
    expect(page.get_by_label("API address")).to_be_hidden()
    page.get_by_label("Custom address").check()
    page.get_by_label("API address").fill(shop_served.url)
    for label, value in (("Tenant id", "900001"), ("Client id", "cid.sandbox"), ("App key", "ak1.sandbox")):
        page.get_by_label(label, exact=True).fill(value)
    page.get_by_label("Client secret", exact=True).fill("cs1.sandbox")
    page.get_by_role("button", name="Save and test").click()
    expect(page.get_by_text("every scope that is needed was granted")).to_be_visible()

    page.get_by_role("link", name="Choose the scope").click()
    page.get_by_label("a year", exact=True).check()
    page.get_by_role("button", name="Save the scope").click()
    expect(page.locator("#stored-scope")).to_have_text(
        '{"businessUnits": null, "customerTagFilter": null, "jobLookback": "P1Y"}'
    )
    page.get_by_role("link", name="Go through the rules").click()
    page.get_by_role("button", name="Save the rules").click()
    page.get_by_role("button", name="Start the first sync").click()

    expect(page.get_by_label("Progress of the sync")).to_be_visible()
    expect(page.get_by_text("Everything came through.")).to_be_visible(timeout=40_000)
    page.get_by_role("link", name="Review", exact=True).last.click()
    page.get_by_role("button", name="Set Ridge Air live").click()
    expect(page.get_by_text("Ridge Air is live.")).to_be_visible()
    assert Tenant.objects.get(slug="ridge-air").status == Tenant.Status.LIVE

    phone = a_phone()
    page.goto("/admin/reconciliation/customer/")
    page.locator("#searchbar").fill(as_people_write_it(phone.e164))
    page.keyboard.press("Enter")
    expect(page.locator("#result_list tbody tr")).to_have_count(1)
    found = exported(page)
    assert [row["external_id"] for row in found] == [phone.customer.external_id]
    page.locator("#result_list tbody a").first.click()
    expect(page.get_by_role("heading", name=phone.customer.name).first).to_be_visible()


def test_a_newcomer_on_a_phone_sees_the_checklist_without_scrolling_sideways(visit, owner, merchant):
    page = visit(owner, width=375)
    for address in (
        "/admin/",
        f"/admin/portal/tenant/{merchant.tenant_id}/change/",
        *(
            at(f"connection_{name}", merchant.pk)
            for name in ("change", "credentials", "test", "scope", "rules", "review")
        ),
        at("syncrule_change", merchant.rules.get(entity="invoice").pk),
        at("run_changelist"),
    ):
        page.goto(address)
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 375, f"{address} is {wide} px wide"


def test_a_line_is_added_to_a_mapping_tried_on_a_real_record_and_saved(visit, owner, merchant):
    rule = merchant.rules.get(entity="customer")
    known = Customer.objects.order_by("external_id").first()
    page = visit(owner)
    page.goto(at("syncrule_change", rule.pk))
    page.locator("[data-rows] tr").last.get_by_label("remove").check()
    page.get_by_role("button", name="Add a line").click()
    added = page.locator("[data-rows] tr").last
    added.get_by_label("remote field").fill("tagTypeIds")
    added.get_by_label("transform").select_option("id_list")
    added.get_by_label("record field").fill("tag_ids")
    page.get_by_label("Try it on").fill(known.external_id)
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("[data-glimpse=lines-of-record-0]")).to_contain_text(known.name)
    page.get_by_role("button", name="Save the mapping").click()
    expect(page.get_by_text("The mapping is stored as version")).to_be_visible()
    assert rule.mappings.get(field="tag_ids").remote == "tagTypeIds"


def test_finance_reads_and_exports_and_finds_nothing_to_configure(visit, finance, merchant):
    page = visit(finance)
    page.goto("/admin/reconciliation/customer/")
    assert len(exported(page)) == Customer.objects.filter(merged_into=None).count()
    page.goto(f"/admin/portal/tenant/{merchant.tenant_id}/change/")
    expect(page.get_by_text("go through these steps")).to_be_visible()
    expect(page.get_by_role("button", name="Start the first sync")).to_have_count(0)
    page.goto(at("connection_rules", merchant.pk))
    expect(page.get_by_role("checkbox").first).to_be_disabled()
    expect(page.get_by_role("button", name="Save the rules")).to_have_count(0)
    assert page.goto(at("connection_credentials", merchant.pk)).status == 403
    forgive(page, 403)


def test_an_outsider_finds_nothing_of_the_merchant(visit, outsider, merchant):
    page = visit(outsider)
    expect(page.get_by_text("Hartwell")).to_have_count(0)
    customer = Customer.objects.first()
    for address in (
        f"/admin/portal/tenant/{merchant.tenant_id}/change/",
        at("connection_change", merchant.pk),
        f"/admin/reconciliation/customer/{customer.pk}/change/",
    ):
        assert page.goto(address).status == 404
    forgive(page, 404)
    page.goto("/admin/reconciliation/customer/")
    expect(page.locator("#result_list tbody tr")).to_have_count(0)
