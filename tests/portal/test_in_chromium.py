"""What only a browser can tell: widths, focus, the policy's complaints, and the live refresh."""

import os

import pytest
from django.urls import reverse

from portal import audit
from portal.models import Tenant
from tests.tooling.chromium import chromium

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(chromium() is None, reason="no Chromium on this machine"),
]


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api")
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # playwright runs an event loop in the thread of the test
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        yield opened
        opened.close()
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def page_for(browser, live_server, client_for, settings):
    """`page_for(user, width, scheme)`: a window in which that person is logged in; it keeps what it complains of."""
    opened = []

    def open_page(user, width=1280, scheme="light"):
        context = browser.new_context(
            viewport={"width": width, "height": 800}, color_scheme=scheme, base_url=live_server.url
        )
        opened.append(context)
        session = client_for(user).cookies[settings.SESSION_COOKIE_NAME].value
        context.add_cookies(
            [{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}]
        )
        page = context.new_page()
        page.complaints = []
        page.on("console", lambda said: said.type == "error" and page.complaints.append(said.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        return page

    yield open_page
    for context in opened:
        context.close()


@pytest.mark.parametrize(("width", "scheme"), [(375, "light"), (375, "dark"), (1280, "dark")])
def test_no_page_scrolls_sideways_or_breaks_the_policy(page_for, owner, colleague, tenant, width, scheme):
    tenant.name = "Cedar & Sons Heating and Air Conditioning of Greater Nashville"
    tenant.save()
    entry = audit.record("tenant.changed", tenant, actor=owner, diff={"name": ["x" * 60, "y" * 60]})
    page = page_for(owner, width, scheme)
    rows = {"tenant": tenant, "user": colleague, "rolegrant": colleague.grants.get(), "auditentry": entry}
    addresses = [reverse("admin:index"), reverse("admin:password_change")]
    for name, row in rows.items():
        addresses.append(reverse(f"admin:portal_{name}_changelist"))
        addresses += [reverse(f"admin:portal_{name}_{view}", args=[row.pk]) for view in ("change", "history")]
    addresses += [reverse("admin:portal_tenant_add"), reverse("admin:portal_user_add")]
    for address in addresses:
        page.goto(address)
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, f"{address} is {wide} pixels wider than the window"
    assert not page.complaints


def test_the_keyboard_reaches_content_and_search(page_for, owner, tenant):
    page = page_for(owner)
    page.goto(reverse("admin:portal_tenant_changelist"))
    page.locator("h1").click()
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "searchbar"
    page.goto(reverse("admin:portal_tenant_changelist"))
    page.keyboard.press("Tab")
    if page.evaluate("document.activeElement.id") == "searchbar":  # the search box takes the focus at first
        page.keyboard.press("Tab")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


def test_a_live_box_is_refreshed_until_the_server_says_done(page_for, owner, tenant):
    page = page_for(owner)
    answers = iter([("running", ""), ("still running", ""), ("finished", "done")])

    def answer(route):
        text, refresh = next(answers)
        route.fulfill(status=200, body=text, headers={"X-Refresh": refresh, "Content-Type": "text/html"})

    page.route("**/progress/", answer)
    page.goto(reverse("admin:index"))
    page.evaluate(
        """() => {
            const box = document.createElement("div");
            box.id = "live"; box.dataset.refreshUrl = "/progress/"; box.dataset.refreshSeconds = "1";
            document.querySelector("#content").append(box);
            document.dispatchEvent(new Event("DOMContentLoaded"));
        }"""
    )
    page.locator("#live").get_by_text("finished").wait_for(timeout=15_000)
    page.wait_for_timeout(1500)
    assert next(answers, None) is None
    assert not page.complaints


def test_a_tenant_is_added_by_hand(page_for, owner, partner):
    page = page_for(owner, 375)
    page.goto(reverse("admin:index"))
    page.get_by_role("link", name="Add tenant").click()
    page.get_by_label("Name:").press_sequentially("Bluebird Plumbing & Sons")
    assert page.get_by_label("Slug:").input_value() == "bluebird-plumbing-sons"
    assert page.get_by_label("Partner:").locator("option:checked").inner_text() == partner.name
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("is added").wait_for()
    added = Tenant.objects.get(slug="bluebird-plumbing-sons")
    assert added.partner == partner
    assert page.url.endswith(reverse("admin:portal_tenant_change", args=[added.pk])), "on to its next step"
    assert not page.complaints
