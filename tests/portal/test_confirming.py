"""Who one is, asked again before what does harm; and nothing that was typed is lost by it."""

from datetime import timedelta

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.urls import reverse

from portal.entrance.again import MARK
from portal.models import AuditEntry, RoleGrant
from tests.admin.objects import OBJECTS

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("strict")]

ASKED = "Confirm that it is you"
ROLE = "admin:portal_rolegrant_add"


@pytest.fixture
def clock():
    with time_machine.travel("2026-11-22T10:00:00Z", tick=False) as moved:
        yield moved


@pytest.fixture
def late(clock, log_in, platform_admin):
    """A platform admin's browser, sixteen minutes after the log-in."""
    browser = log_in(platform_admin)
    clock.shift(timedelta(minutes=16))
    return browser


def asked(reply):
    return reply.status_code == 200 and ASKED in b"".join(reply).decode(errors="replace")


def pages(tenant, viewer):
    connection = OBJECTS["integrations.connection"](tenant)
    of_connection = [
        reverse(f"admin:integrations_connection_{name}", args=[connection.pk])
        for name in ("credentials", "disconnect", "webhooks", "link")
    ]
    add = reverse("admin:integrations_connection_add")
    return [
        *of_connection,
        f"{add}?tenant={tenant.pk}&system=salesforce",
        reverse(ROLE),
        reverse("admin:portal_rolegrant_delete", args=[viewer.grants.get().pk]),
        reverse("admin:portal_user_add"),
        reverse("admin:portal_user_change", args=[viewer.pk]),
        reverse("admin:integrations_apiclient_add"),
        reverse("admin:integrations_subscription_add"),
        reverse("admin:integrations_alertchannel_add"),
        reverse("admin:reconciliation_exportfile_mine"),
        reverse("admin:reconciliation_customer_export_csv"),
        reverse("admin:reconciliation_customer_export_xlsx"),
        reverse("admin:reconciliation_customer_export_json"),
        reverse("mfa_activate_totp"),
        reverse("mfa_add_webauthn"),
        reverse("mfa_deactivate_totp"),
        reverse("mfa_generate_recovery_codes"),
    ]


def test_each_page_that_can_do_harm_asks_late_and_lets_the_fresh_through(
    log_in, clock, platform_admin, tenant, viewer
):
    browser = log_in(platform_admin)
    addresses = pages(tenant, viewer)
    for page in addresses:
        assert not asked(browser.get(page)), page
    clock.shift(timedelta(minutes=16))
    for page in addresses:
        assert asked(browser.get(page)), page
    assert not asked(browser.get(reverse("admin:index")))


def role(viewer, tenant):
    return {"user": viewer.pk, "role": "finance", "tenant": tenant.pk, "partner": ""}


def hidden(reply):
    return reply.context["held"]


def test_what_was_posted_too_late_is_done_after_the_password(late, viewer, tenant):
    reply = late.post(reverse(ROLE), role(viewer, tenant))
    assert asked(reply)
    assert not viewer.grants.filter(role="finance").exists()
    answer = {MARK: "1", "held": hidden(reply), "password": "admin-password"}
    assert late.post(reverse(ROLE), answer).status_code == 302
    assert viewer.grants.filter(role="finance", tenant=tenant).exists()
    assert AuditEntry.objects.filter(action="log_in.confirmed").count() == 1


def test_a_wrong_password_does_nothing_and_what_was_typed_waits_on(late, viewer, tenant):
    held = hidden(late.post(reverse(ROLE), role(viewer, tenant)))
    reply = late.post(reverse(ROLE), {MARK: "1", "held": held, "password": "wrong"})
    assert asked(reply)
    assert (hidden(reply), reply.context["problem"]) == (held, "That is not right. Try again.")
    assert not viewer.grants.filter(role="finance").exists()


def test_a_code_of_the_app_is_as_good(late, clock, viewer, tenant, phone_now):
    page = reverse(ROLE)
    assert asked(late.get(page))
    reply = late.post(page, {MARK: "1", "held": "", "code": phone_now("admin").code})
    assert reply["Location"] == page
    assert not asked(late.get(page))


@pytest.fixture
def phone_now(django_user_model):
    from allauth.mfa.models import Authenticator

    from tests.portal.conftest import Phone, known_secret

    return lambda name: Phone(known_secret(Authenticator.objects.get(user__username=name, type="totp")))


def test_what_is_held_is_for_one_person_one_page_and_ten_minutes(late, clock, viewer, tenant, owner):
    held = hidden(late.post(reverse(ROLE), role(viewer, tenant)))
    other = reverse("admin:portal_user_add")
    late.post(other, {MARK: "1", "held": held, "password": "admin-password"})
    clock.shift(timedelta(minutes=16))
    late.post(reverse(ROLE), {MARK: "1", "held": held, "password": "admin-password"})
    assert not RoleGrant.objects.filter(user=viewer, role="finance").exists()


def test_a_secret_that_was_posted_too_late_stands_nowhere_in_clear(late, tenant):
    connection = OBJECTS["integrations.connection"](tenant)
    page = reverse("admin:integrations_connection_credentials", args=[connection.pk])
    reply = late.post(page, {"client_secret": "a-secret-that-is-long"})
    assert asked(reply)
    assert "a-secret-that-is-long" not in reply.content.decode()
    stored = [str(session.get_decoded()) for session in Session.objects.all()]
    assert "a-secret-that-is-long" not in "".join(stored)


def test_guesses_here_are_counted_as_at_the_log_in(late):
    for _ in range(10):
        late.post(reverse(ROLE), {MARK: "1", "password": "wrong"})
    reply = late.post(reverse(ROLE), {MARK: "1", "password": "admin-password"})
    assert "Wait an hour" in reply.context["problem"]


def test_who_may_not_is_not_asked(clock, log_in, viewer):
    browser = log_in(viewer)
    clock.shift(timedelta(minutes=16))
    assert browser.get(reverse(ROLE)).status_code == 403
    assert browser.get(reverse("admin:reconciliation_customer_export_csv")).status_code == 403


def test_the_list_asks_before_it_deletes_roles(late, viewer):
    grant = viewer.grants.get()
    data = {"action": "delete_selected", "_selected_action": [grant.pk], "post": "yes"}
    assert asked(late.post(reverse("admin:portal_rolegrant_changelist"), data))
    assert viewer.grants.exists()
