"""Logging in as a person does it: app and codes, passkey (on a virtual device of Chromium), confirming."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse

from portal.models import AuditEntry, RoleGrant, User
from tests.browser.conftest import PATIENCE
from tests.portal.conftest import Phone, phone_of, strict  # noqa: F401  # fixtures shared with the portal's tests

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("strict")]


@pytest.fixture
def window(browser, live_server):
    """`window(width, scheme)`: a window nobody has logged in with; at the end it must not have complained."""
    contexts, complaints = [], []

    def open_window(width=1366, scheme="light"):
        context = browser.new_context(
            base_url=live_server.url.replace("127.0.0.1", "localhost"),
            viewport={"width": width, "height": 844},
            color_scheme=scheme,
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda said: said.type == "error" and complaints.append(said.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield open_window
    for context in contexts:
        context.close()
    assert not complaints


def give_password(page, user, onward="/admin/"):
    page.goto(onward)
    page.get_by_label("Username").fill(user.username)
    page.get_by_label("Password").fill(f"{user.username}-password")
    page.get_by_role("button", name="Log in", exact=True).click()


def fits(page):
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0, f"{page.url} is {wide} pixels wider than the window"


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1366, "dark")])
def test_an_app_is_set_up_and_a_code_and_a_recovery_code_open(window, owner, width, scheme):
    page = window(width, scheme)
    give_password(page, owner)
    page.get_by_role("heading", name="Your log-in").wait_for()
    fits(page)
    page.get_by_role("link", name="Set up an app").click()
    phone = Phone(page.locator("#app-secret").inner_text())
    assert page.locator("img.qr").evaluate("image => image.naturalWidth") > 0
    fits(page)
    page.get_by_label("Code:").fill(phone.code)
    page.get_by_role("button", name="Switch it on").click()
    codes = page.locator("#recovery-codes").inner_text().split()
    assert len(codes) == 10
    fits(page)
    page.get_by_role("link", name="I have kept them").click()
    page.get_by_role("heading", name="Home", exact=True).wait_for()
    page.get_by_role("button", name="Log out").click()
    give_password(page, owner)
    fits(page)
    page.get_by_label("Code of your authenticator app").fill(codes[0])
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("heading", name="Home", exact=True).wait_for()


def virtual_device(page):
    """A device with a fingerprint reader that always finds the right finger."""
    protocol = page.context.new_cdp_session(page)
    protocol.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    return protocol.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]


def test_a_passkey_is_added_logs_in_after_the_password_and_without_it_and_confirms(
    window, settings, platform_admin, viewer, tenant
):
    page = window(390)
    virtual_device(page)
    give_password(page, platform_admin)
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_label("Name, so that you know it again").fill("Ada's telephone")
    page.get_by_role("button", name="Add a passkey").click()
    page.locator("#recovery-codes").wait_for()
    assert AuditEntry.objects.get(action="person.factor_added").note == "passkey “Ada's telephone”"

    page.goto("/admin/")
    page.get_by_role("button", name="Log out").click()
    give_password(page, platform_admin)
    page.get_by_role("button", name="Use your passkey").click()
    page.get_by_role("heading", name="Home", exact=True).wait_for()

    page.get_by_role("button", name="Log out").click()
    page.goto("/admin/portal/tenant/")
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_role("heading", name="Tenants").wait_for()

    page.goto(reverse("admin:portal_rolegrant_add"))
    page.get_by_label("User").select_option(str(viewer.pk))
    page.get_by_label("Role").select_option("finance")
    page.get_by_label("Tenant").select_option(str(tenant.pk))
    settings.CONFIRM_AFTER = timedelta(microseconds=1)  # it has become late meanwhile
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("heading", name="Confirm that it is you").wait_for()
    fits(page)
    settings.CONFIRM_AFTER = timedelta(minutes=15)
    page.get_by_role("button", name="Use your passkey").click()
    page.get_by_text("was added successfully").wait_for()
    assert RoleGrant.objects.filter(user=viewer, role="finance", tenant=tenant).exists()


def test_a_device_without_the_passkey_says_so_and_lets_the_person_go_on(window, owner):
    page = window(390)
    virtual_device(page)
    page.goto(reverse("account_login"))
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_text(re.compile("called off|took too long")).wait_for()
    give_password(page, owner)
    page.get_by_role("heading", name="Your log-in").wait_for()
    assert User.objects.get(pk=owner.pk).last_login
