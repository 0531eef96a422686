"""The mapping editor in a real browser: previewed as it is typed, refused, mended, and an older version restored."""

import os

import pytest
from playwright.sync_api import expect

from integrations.work import work
from reconciliation.models import Customer
from tests.integrations.pages import at

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def customers(tenant, sandbox, connect_to):
    rule = connect_to(tenant, sandbox).rules.get(entity="customer")
    work(rule.pk)
    return rule


def look(page, name):
    """Pictures for whoever works on the page, light and dark: SHOTS=folder."""
    if folder := os.environ.get("SHOTS"):
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.screenshot(path=f"{folder}/{name}-{scheme}.png", full_page=True)
        page.emulate_media(color_scheme="light")


@pytest.mark.parametrize("width", [1280, 390])
def test_a_mapping_is_edited_with_a_preview_refused_mended_and_an_older_version_restored(
    visit, owner, customers, width
):
    one = Customer.objects.exclude(city="").order_by("external_id").first()
    page = visit(owner, width=width)
    page.goto(at("syncrule_change", customers.pk))
    page.get_by_text("Fields of both sides").click()
    page.get_by_role("button", name="Read the fields from ServiceTitan").click()
    expect(page.get_by_text("fields for customer")).to_be_visible()
    page.get_by_text("Fields of both sides").click()
    page.get_by_label("Search", exact=True).fill("postal")
    expect(page.locator("#fields tbody tr:visible").first).to_contain_text("ostal")
    look(page, f"fields-{width}")
    page.get_by_text("Fields of both sides").click()

    page.get_by_label("Try it on customer").fill(one.name)
    first = page.locator("[data-glimpse=lines-of-record-0]")
    expect(first).to_contain_text(one.name)
    page.get_by_label("Line 1: transform").select_option("expression")
    page.get_by_label("Line 1: settings").fill("upper(nmae)")
    expect(first).to_contain_text("Did you mean 'name'?")
    page.get_by_role("button", name="Save the mapping").click()
    expect(page.get_by_text("Nothing was stored yet")).to_be_visible()
    look(page, f"refused-{width}")

    page.get_by_label("Line 1: settings").fill('upper(name) + " (" + left(address.city, 3) + ")"')
    page.get_by_label("Line 1: direction").select_option("pull")
    expect(first).to_contain_text(f"{one.name.upper()} ({one.city[:3]})")
    look(page, f"preview-{width}")
    page.get_by_role("button", name="Save the mapping").click()
    expect(page.get_by_text("The mapping is stored as version 2.")).to_be_visible()
    assert customers.mappings.get(field="name").transform == "expression"

    page.get_by_role("link", name="Version 2").click()
    expect(page.get_by_role("heading", name="Version 1 beside version 2")).to_be_visible()
    look(page, f"versions-{width}")
    page.get_by_role("button", name="Restore version 1").click()
    expect(page.get_by_text("The mapping is stored as version 3.")).to_be_visible()
    assert customers.mappings.get(field="name").transform == "text"
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
