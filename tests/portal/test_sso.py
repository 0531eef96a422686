"""Log-in at an identity provider: for invited people only, and only by what it has signed."""

import time

import pytest
from allauth.mfa.models import Authenticator
from cryptography.hazmat.primitives.asymmetric import rsa
from django.urls import reverse

from portal.models import AuditEntry, User
from tests.portal.conftest import SECOND_FACTOR
from tests.portal.identity_provider import CLIENT, IdentityProvider

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("strict")]

BEGIN = "/log-in/sso/"
OLIVE = {"sub": "olive-0001", "email": "Owner@Example.com", "email_verified": True}


@pytest.fixture(scope="module")
def provider():
    started = IdentityProvider()
    yield started
    started.stop()


@pytest.fixture
def idp(provider, settings):
    provider.signed_by, provider.algorithm, provider.wrong, provider.claims = provider.key, "RS256", {}, OLIVE
    settings.OIDC_ISSUER, settings.OIDC_NAME = provider.issuer, "Example account"
    app = {"provider_id": "sso", "name": "Example account", "client_id": CLIENT[0], "secret": CLIENT[1]}
    app["settings"] = {"server_url": provider.issuer, "oauth_pkce_enabled": True, "fetch_userinfo": False}
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": [app]}}
    return provider


@pytest.fixture
def come_by(idp, client):
    """Log in there and come back: `come_by()` gives the portal's answer."""

    def walk(browser=client, **claims):
        idp.claims = {**idp.claims, **claims}
        leaving = browser.get(BEGIN)
        assert leaving["Location"].startswith(f"{idp.issuer}/authorize?")
        return browser.get(idp.authorize(leaving["Location"]))

    return walk


def refused(client, reply):
    assert reply["Location"] == reverse("account_login")
    assert "_auth_user_id" not in client.session
    return client.get(reply["Location"]).content.decode()


def test_nobody_is_made_by_it(come_by, client, owner):
    page = refused(client, come_by(email="stranger@example.com"))
    assert "Nobody here has the e-mail" in page
    assert User.objects.count() == 1
    assert AuditEntry.objects.filter(action="log_in.sso_refused").exists()


@pytest.mark.parametrize("claims", [{"email_verified": False}, {"email_verified": "true"}, {"email": None}])
def test_an_unverified_e_mail_opens_nothing(come_by, client, owner, claims):
    refused(client, come_by(**claims))


def test_an_e_mail_that_two_people_have_opens_nothing(come_by, client, owner, colleague):
    User.objects.filter(pk=colleague.pk).update(email="owner@example.com")
    refused(client, come_by())


@pytest.mark.parametrize("change", [{"is_active": False}])
def test_who_was_switched_off_stays_out_even_when_known_already(come_by, client, owner, change):
    come_by(amr=["mfa"])
    client.post(reverse("admin:logout"))
    User.objects.filter(pk=owner.pk).update(**change)
    assert "switched off" in refused(client, come_by())


def test_who_has_no_role_stays_out(come_by, client, owner):
    owner.grants.all().delete()
    assert "no role yet" in refused(client, come_by(amr=["mfa"]))


@pytest.mark.parametrize(
    "wrong",
    [{"iss": "https://other.example"}, {"aud": "other"}, {"exp": 1}],
    ids=["issuer", "audience", "old"],
)
def test_a_token_that_says_something_wrong_is_refused(come_by, idp, client, owner, wrong):
    idp.wrong = wrong
    assert "did not let you in" in refused(client, come_by())


def test_a_token_signed_by_somebody_else_is_refused(come_by, idp, client, owner):
    idp.signed_by = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert "did not let you in" in refused(client, come_by())


@pytest.mark.parametrize(("algorithm", "key"), [("HS256", CLIENT[1]), ("none", None)])
def test_a_token_without_a_published_key_is_refused(come_by, idp, client, owner, algorithm, key):
    idp.algorithm, idp.signed_by = algorithm, key
    assert "did not let you in" in refused(client, come_by())


def test_an_answer_that_nobody_asked_for_or_a_second_time_is_refused(idp, client, owner):
    asked = client.get(BEGIN)["Location"]
    answer = idp.authorize(asked)
    refused(type(client)(), type(client)().get(answer))
    assert client.get(answer).status_code == 302
    client.post(reverse("admin:logout"))
    refused(client, client.get(answer))


def test_a_second_factor_there_is_enough_here(come_by, client, owner):
    assert come_by(amr=["pwd", "mfa"])["Location"] == reverse("admin:index")
    assert client.get("/admin/").status_code == 200
    assert not Authenticator.objects.exists()
    assert AuditEntry.objects.filter(action="person.sso_linked", actor=owner).count() == 1


def test_without_one_there_it_is_asked_here(come_by, phone_of, client, owner):
    phone = phone_of(owner)
    assert come_by(amr=["pwd"])["Location"] == reverse(SECOND_FACTOR)
    assert client.post(reverse(SECOND_FACTOR), {"code": phone.code}).status_code == 302
    assert client.get("/admin/").status_code == 200


def test_without_one_anywhere_it_is_set_up_first(come_by, client, owner):
    come_by()
    assert client.get("/admin/")["Location"] == reverse("mfa_index")


def test_from_then_on_the_person_is_known_by_the_providers_own_id(come_by, client, owner):
    come_by(amr=["mfa"])
    client.post(reverse("admin:logout"))
    come_by(amr=["mfa"], email="married@example.com")
    assert client.get("/admin/").context["user"] == owner


def test_another_persons_second_factor_is_not_carried_over(
    come_by, give_password, phone_of, client, owner, colleague
):
    """One browser: Olive at the provider with a second factor, then Carl with his password."""
    phone_of(colleague)
    come_by(amr=["mfa"])
    client.post(reverse("admin:logout"))
    assert give_password(colleague)["Location"] == reverse(SECOND_FACTOR)


def test_who_is_remembered_by_the_provider_is_asked_again_before_harm_is_done(
    come_by, client, platform_admin
):
    add_role = reverse("admin:portal_rolegrant_add")
    now = int(time.time())
    for auth_time, asked in [(None, True), (now - 3600, True), (now, False)]:
        come_by(amr=["mfa"], email="admin@example.com", auth_time=auth_time)
        assert ("Confirm that it is you" in client.get(add_role).content.decode()) == asked
    client.post(reverse("admin:logout"))


def test_nothing_of_the_token_waits_in_the_session_for_the_second_factor(come_by, phone_of, client, owner):
    phone_of(owner)
    come_by()
    assert OLIVE["sub"] not in str(dict(client.session)).replace("'uid': 'olive-0001'", "")
    assert owner.password not in str(dict(client.session))


def test_tying_a_provider_to_somebody_logged_in_is_not_offered(idp, log_in, colleague):
    browser = log_in(colleague)
    leaving = browser.get(f"{BEGIN}?process=connect")
    reply = browser.get(idp.authorize(leaving["Location"]))
    assert reply["Location"] == reverse("account_login")
    assert not AuditEntry.objects.filter(action="person.sso_linked").exists()


def test_without_settings_there_is_no_such_door(client, db):
    assert client.get(BEGIN).status_code == 404
    assert BEGIN not in client.get(reverse("account_login")).content.decode()


def test_the_log_in_page_leads_there(idp, client, db):
    assert f'href="{BEGIN}"' in client.get(reverse("account_login")).content.decode()
