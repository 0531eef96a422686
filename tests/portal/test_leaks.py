"""Nothing that was planted may stand in a log, a page, an export, an error's text or the database in clear."""

import logging
from datetime import timedelta

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from allauth.mfa.utils import decrypt
from django.test import Client, override_settings
from django.urls import reverse

from portal import audit
from portal.entrance.again import MARK
from portal.keyring import Place
from portal.models import Role, RoleGrant, Tenant, User
from portal.secrets import Secret, SecretUnreadable
from tests.leaks import EXERCISES, KeptLog, Search, exercise


@pytest.fixture
def search(request, client_for, tenant):
    return Search(lambda person: client_for(request.getfixturevalue(person)), tenant)


@exercise
def logging_in_with_wrong_and_right_passwords(search):
    visitor = search.browse("")
    User.objects.create_user("pat", password=search.plant("password"))
    login = reverse("admin:login")
    visitor.post(login, username="pat", password=search.plant("wrong password"))
    # The log-in page gives what was typed as user name back to who typed it, and to nobody else.
    visitor.client.post(login, {"username": search.plant("password typed as user name"), "password": "x"})
    visitor.post(login, username="pat", password=search.plant("password"))


@exercise
def choosing_a_password_by_a_link(search):
    from django.contrib.auth.tokens import default_token_generator
    from django.utils.http import urlsafe_base64_encode

    user = User.objects.create_user("invited")
    token = default_token_generator.make_token(user)
    visitor = search.browse("")
    url = reverse("set_password", args=[urlsafe_base64_encode(str(user.pk).encode()), token])
    form = visitor.get(url)["Location"]
    visitor.post(form, new_password1=search.plant("new password"), new_password2="something else")
    new = search.plant("new password")
    assert visitor.post(form, new_password1=new, new_password2=new).status_code == 302
    user.refresh_from_db()
    assert user.check_password(new)


@exercise
def confirming_with_passwords_and_posting_too_late(search):
    user = User.objects.create_user("late", password=search.plant("password confirmed with"))
    RoleGrant.objects.create(user=user, role=Role.PLATFORM_ADMIN)
    browser = Client()
    browser.force_login(user)
    with override_settings(CONFIRM_AFTER=timedelta(minutes=1)):
        page = reverse("admin:integrations_subscription_add")
        late = browser.post(page, {"secret": search.plant("secret posted too late")})
        search.read("confirm page", late.content.decode())
        wrong = {MARK: "1", "held": late.context["held"], "password": search.plant("wrong confirmation")}
        search.read("confirm page", browser.post(page, wrong).content.decode())


@exercise
def keeping_second_factors(search):
    user = User.objects.create_user("factors")
    TOTP.activate(user, search.plant("secret of an app"))
    codes = RecoveryCodes.activate(user)
    search.planted["seed of codes"] = decrypt(codes.instance.data["seed"])


@exercise
def careless_logging_and_auditing(search):
    secret = search.plant("logged secret")
    log = logging.getLogger("integrations.somewhere")
    log.warning("headers: %s", {"Authorization": f"Bearer {secret}", "ST-App-Key": secret})
    log.error("client_secret=%s refused at https://me:%s@api.example.com", secret, secret)
    try:
        raise ValueError(f'{{"client_secret": "{secret}"}}')
    except ValueError:
        log.exception("it failed")
    audit.record(
        "tenant.tested", search.tenant, note=f"client_secret={secret}", diff={"x": [f"app_key={secret}", 1]}
    )


@exercise
def holding_secrets_in_python(search):
    secret = Secret(plain=search.plant("held secret"), place=Place("held"))
    search.read("its text", f"{secret} {secret!r} {[secret]} {secret.token}")
    try:
        Secret(token=secret.token[:-8] + "AAAAAAAA", place=Place("held")).reveal()
    except SecretUnreadable as error:
        search.read("the error", f"{error} {error!r} {error.__cause__} {error.__context__}")


@exercise
def a_page_that_breaks(search):
    secret = search.plant("secret of a broken page")
    browser = search.browse("owner")

    def breaks(*args, **kwargs):
        client_secret = secret  # noqa: F841  # a traceback with local values would show it
        raise RuntimeError("the page broke")

    patch = pytest.MonkeyPatch()
    patch.setattr(Tenant, "get_status_display", breaks)
    try:
        assert browser.get(reverse("admin:portal_tenant_changelist")).status_code == 500
    finally:
        patch.undo()


def test_nothing_planted_turns_up_in_clear(search, settings, tmp_path, count):
    settings.EXPORT_DIR = tmp_path
    with KeptLog() as log:
        for run in EXERCISES:
            run(search)
        search.read("log", log.getvalue())
    assert "[hidden]" in log.getvalue(), "the log was not kept, so it was not searched"
    assert not search.found()
    count("S10", "planted secrets x places, in every form", search.attempts, "in clear")


def test_the_search_finds_what_does_stand_in_clear(search, settings, tmp_path):
    settings.EXPORT_DIR = tmp_path
    (tmp_path / "export.csv").write_text(search.plant("exported"))
    Tenant.objects.filter(pk=search.tenant.pk).update(name=search.plant("stored"))
    search.read("page", search.plant("shown"))
    found = " ".join(search.found())
    assert "exported in file export.csv" in found
    assert "stored in table portal_tenant" in found
    assert "shown in page" in found
