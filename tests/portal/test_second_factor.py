"""No way in without a second factor, and nothing of it in clear."""

import re
from datetime import timedelta

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse
from django.urls.resolvers import RegexPattern, RoutePattern

from portal.entrance.demand import ALWAYS_OPEN, ENROLMENT
from portal.models import AuditEntry
from tests.portal.conftest import SECOND_FACTOR, Phone

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("strict")]

HOME = "/admin/"
API = "/api/"


def routes(resolver=None, prefix="/", namespace=""):
    """Every address of the portal, with `1` for whatever it takes, and its name."""
    for found in (resolver or get_resolver()).url_patterns:
        if isinstance(found.pattern, RoutePattern):
            path = prefix + re.sub(r"<[^>]+>", "1", str(found.pattern))
        else:
            assert isinstance(found.pattern, RegexPattern)
            path = prefix + re.sub(r"\(\?P<[^>]+>[^)]*\)|[\^$]", "", str(found.pattern)).replace(".*", "1")
        if isinstance(found, URLPattern):
            yield path, f"{namespace}{found.name}"
        else:
            yield from routes(found, path, f"{namespace}{found.namespace}:" if found.namespace else namespace)


ROUTES = list(routes())


def test_the_routes_are_all_there():
    names = {name for _, name in ROUTES}
    assert len(ROUTES) > 500
    assert {"admin:portal_tenant_change", "account_login", "healthz", "set_password"} <= names


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_password_alone_opens_nothing_but_enrolment(give_password, client, platform_admin, method):
    give_password(platform_admin)
    open_to_all = ALWAYS_OPEN | {"admin:jsi18n"}
    for path, name in ROUTES:
        if name in open_to_all | ENROLMENT:
            continue
        reply = getattr(client, method)(path)
        if path.startswith(API):  # it knows keys, and no session
            assert reply.status_code == getattr(Client(), method)(path).status_code, path
            continue
        assert (reply.status_code, reply.headers.get("Location")) == (302, reverse("mfa_index")), path
    assert client.get(reverse("mfa_index")).status_code == 200


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_session_begun_without_the_factor_that_its_person_has_opens_nothing_at_all(
    client_for, phone_of, platform_admin, method
):
    phone_of(platform_admin)
    for path, name in ROUTES:
        if path not in {"/", HOME} and name not in ENROLMENT:
            continue
        browser = client_for(platform_admin)
        reply = getattr(browser, method)(path)
        assert reply["Location"].startswith(reverse("account_login")), path
        assert "_auth_user_id" not in browser.session


def test_a_right_password_logs_nobody_in_who_has_a_second_factor(give_password, phone_of, client, owner):
    phone_of(owner)
    assert give_password(owner)["Location"] == reverse(SECOND_FACTOR)
    assert "_auth_user_id" not in client.session
    assert client.get(HOME).status_code == 302
    assert client.get(reverse("mfa_activate_totp")).status_code == 302


def test_every_door_of_the_admin_is_the_one_door(client, owner):
    assert reverse("admin:login") == reverse("account_login")
    page = client.get(reverse("admin:index"), follow=True)
    assert page.resolver_match.view_name == "account_login"
    found = {name for path, name in ROUTES if not path.startswith(("/admin/", API))}
    assert found - {"None"} == OUTSIDE_THE_ADMIN


OUTSIDE_THE_ADMIN = ENROLMENT | {
    "healthz",
    "readyz",
    "metrics",
    "webhook",
    "mfa_authenticate",  # asks for the second factor
    "mfa_login_webauthn",  # a passkey is two
    "openid_connect_login",  # a second factor comes after it, unless the provider had one
    "openid_connect_callback",
    "set_password",  # by a link; logs nobody in
    "mfa_deactivate_totp",
    "mfa_remove_webauthn",
    "mfa_generate_recovery_codes",
    "mfa_view_recovery_codes",
    "usersessions_list",
}


def test_a_wrong_code_is_refused_and_noted(give_password, phone_of, client, owner):
    phone_of(owner)
    give_password(owner)
    assert "Incorrect code" in client.post(reverse(SECOND_FACTOR), {"code": "000000"}).content.decode()
    assert AuditEntry.objects.get(action="log_in.failed").note == "wrong code"


def test_codes_are_guessed_at_ten_times_an_hour(give_password, phone_of, client, owner):
    phone = phone_of(owner)
    give_password(owner)
    for _ in range(10):
        client.post(reverse(SECOND_FACTOR), {"code": "000000"})
    reply = client.post(reverse(SECOND_FACTOR), {"code": phone.code})
    assert "Wait an hour" in reply.content.decode()
    assert AuditEntry.objects.get(action="log_in.locked").actor == owner


def test_a_code_opens_once_even_while_it_is_still_valid(log_in, phone_of, client, give_password, owner):
    with time_machine.travel("2026-11-22T10:00:05Z", tick=False) as moved:
        phone = phone_of(owner)
        code = phone.code
        log_in(owner)
        client.post(reverse("admin:logout"))
        moved.shift(timedelta(seconds=40))  # within the tolerance, after the cache has forgotten it
        give_password(owner)
        assert "used already" in client.post(reverse(SECOND_FACTOR), {"code": code}).content.decode()
        assert client.post(reverse(SECOND_FACTOR), {"code": phone.code}).status_code == 302


def test_a_person_sets_up_an_app_at_the_first_log_in_and_sees_the_codes_once(give_password, client, owner):
    give_password(owner)
    page = client.get(reverse("mfa_activate_totp")).content.decode()
    phone = Phone(re.search(r'id="app-secret">(\w+)<', page)[1])
    stored = Session.objects.get(pk=client.session.session_key).get_decoded()
    assert phone.secret not in str(stored)
    reply = client.post(reverse("mfa_activate_totp"), {"code": phone.code})
    assert reply["Location"] == reverse("mfa_view_recovery_codes")
    codes = re.findall(r"\b\d{10}\b", client.get(reply["Location"]).content.decode())
    assert len(set(codes)) == 10
    assert not re.findall(r"\b\d{10}\b", client.get(reply["Location"]).content.decode())
    assert client.get(HOME).status_code == 200
    assert AuditEntry.objects.filter(action="person.factor_added", actor=owner).exists()
    held = str(list(Authenticator.objects.values_list("data", flat=True)))
    assert phone.secret not in held
    client.post(reverse("admin:logout"))
    for code, status in [(codes[0], 302), (codes[0], 200), (codes[1], 302)]:
        give_password(owner)
        assert client.post(reverse(SECOND_FACTOR), {"code": code}).status_code == status
        client.post(reverse("admin:logout"))
    used = AuditEntry.objects.filter(action="log_in.recovery_code").order_by("pk")
    assert [entry.note for entry in used] == ["9 left", "8 left"]


def test_a_wrong_first_code_sets_nothing_up(give_password, client, owner):
    give_password(owner)
    client.get(reverse("mfa_activate_totp"))
    assert "Incorrect code" in client.post(reverse("mfa_activate_totp"), {"code": "000000"}).content.decode()
    assert not Authenticator.objects.exists()


def test_who_removes_the_last_factor_is_asked_for_a_new_one(log_in, client, owner):
    log_in(owner)
    client.post(reverse("mfa_deactivate_totp"))
    assert not Authenticator.objects.exists()
    assert AuditEntry.objects.filter(action="person.factor_removed").exists()
    client.post(reverse("admin:logout"))
    client.post(reverse("account_login"), {"username": "owner", "password": "owner-password"})
    assert client.get(HOME)["Location"] == reverse("mfa_index")


def test_rotation_re_encrypts_factors(owner, settings):
    from cryptography.fernet import Fernet

    secret = generate_totp_secret()
    row = TOTP.activate(owner, secret).instance
    before = row.data["secret"]
    settings.FIELD_KEYS = [Fernet.generate_key().decode(), *settings.FIELD_KEYS]
    call_command("rotate_secrets", "--json")
    settings.FIELD_KEYS = settings.FIELD_KEYS[:1]
    row.refresh_from_db()
    assert row.data["secret"] != before
    assert Phone(secret).code
    assert row.wrap().validate_code(Phone(secret).code)


def test_a_factor_that_no_longer_opens_is_told_in_words_and_opens_nothing(
    give_password, client, owner, colleague
):
    TOTP.activate(owner, generate_totp_secret())
    theirs = TOTP.activate(colleague, generate_totp_secret()).instance.data["secret"]
    Authenticator.objects.filter(user=owner).update(data={"secret": theirs})
    give_password(owner)
    reply = client.post(reverse(SECOND_FACTOR), {"code": "000000"})
    page = reply.content.decode()
    assert reply.status_code == 503
    assert "A second factor was not stored for this place" in page
    assert theirs not in page
    assert "_auth_user_id" not in client.session


def test_other_settings_open_the_portal_with_a_password(settings, give_password, client, owner):
    settings.MFA_REQUIRED = False
    give_password(owner)
    assert client.get(HOME).status_code == 200


def test_the_api_and_health_do_not_ask(client):
    assert client.get("/healthz").status_code == 200
    assert Client().get("/api/v1/jobs").status_code in (401, 404, 405)
