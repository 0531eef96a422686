"""The pages of alerts: who sets up what, secrets that are never shown, the test button, and where alerts lead."""

import pytest
from django.core import mail
from django.urls import reverse

from integrations.alerts import stepping
from integrations.models import Alert, AlertChannel, AlertMessage, AlertRule
from portal.models import AuditEntry
from tests.admin.objects import OBJECTS

pytestmark = pytest.mark.django_db
SECRET = "s" * 40
ADD_CHANNEL = "admin:integrations_alertchannel_add"
ADD_RULE = "admin:integrations_alertrule_add"


@pytest.fixture
def browser(client_for, owner):
    return client_for(owner)


def errors(reply) -> str:
    return str(reply.context["adminform"].form.errors) if reply.context else ""


def test_a_hooks_address_and_secret_are_taken_and_never_shown_again(browser, tenant, receiver):
    form = {
        "tenant": tenant.pk,
        "name": "Duty",
        "kind": "webhook",
        "url": receiver.url,
        "secret": SECRET,
        "enabled": "on",
    }
    reply = browser.post(reverse(ADD_CHANNEL), form)
    assert reply.status_code == 302, errors(reply)
    channel = AlertChannel.objects.get()
    page = browser.get(reverse("admin:integrations_alertchannel_change", args=[channel.pk])).content.decode()
    assert "127.0.0.1" in page
    for hidden in (SECRET, "/hooks?a=1"):
        assert hidden not in page
    assert "/hooks?a=1" not in str(list(AuditEntry.objects.values_list("diff", "note", "target_label")))
    form = {"name": "Duty", "kind": "webhook", "url": "", "secret": "", "enabled": "on"}
    browser.post(reverse("admin:integrations_alertchannel_change", args=[channel.pk]), form)
    channel.refresh_from_db()
    assert channel.url.reveal() == receiver.url, "a blank keeps what is stored"


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"kind": "slack", "url": "https://169.254.169.254/x"}, "no address of the public internet"),
        ({"kind": "slack"}, "Enter the address"),
        ({"kind": "webhook", "url": "http://127.0.0.1:1/"}, "https://"),
        ({"kind": "webhook", "secret": "short"}, "32 characters"),
        ({"kind": "email"}, "at least one e-mail address"),
        ({"kind": "email", "recipients": "nobody"}, "valid email"),
        ({"kind": "email", "recipients": "a@example.com\nBcc: b@example.com"}, "valid email"),
    ],
)
def test_a_channel_that_cannot_work_is_refused(browser, tenant, form, words):
    reply = browser.post(reverse(ADD_CHANNEL), {"tenant": tenant.pk, "name": "x", **form})
    assert reply.status_code == 200
    assert words in errors(reply)


def test_who_is_no_platform_admin_sets_nothing_up_for_the_platform(browser):
    form = {"tenant": "", "name": "x", "kind": "email", "recipients": "a@example.com", "enabled": "on"}
    reply = browser.post(reverse(ADD_CHANNEL), form)
    assert "tenant" in errors(reply)
    assert not AlertChannel.objects.exists()


def test_the_platforms_rows_are_found_by_platform_admins_alone(browser, client_for, platform_admin):
    channel = AlertChannel.objects.create(name="Ops", recipients="ops@example.com")
    url = reverse("admin:integrations_alertchannel_change", args=[channel.pk])
    assert browser.get(url).status_code == 404
    assert client_for(platform_admin).get(url).status_code == 200


def test_a_rule_tells_only_channels_of_its_tenant(client_for, platform_admin, tenant, other_tenant):
    theirs = AlertChannel.objects.create(tenant=other_tenant, name="theirs", recipients="a@example.com")
    form = {
        "tenant": tenant.pk,
        "kind": "relink",
        "limit": 1,
        "window": 60,
        "hour": 7,
        "channels": [theirs.pk],
    }
    reply = client_for(platform_admin).post(reverse(ADD_RULE), form)
    assert "others would learn" in errors(reply)
    assert not AlertRule.objects.exists()


def test_a_rule_is_made_with_its_channel(browser, tenant):
    channel = AlertChannel.objects.create(tenant=tenant, name="Office", recipients="a@example.com")
    form = {
        "tenant": tenant.pk, "kind": "relink", "limit": 1, "window": 60, "hour": 7, "channels": [channel.pk],
        "enabled": "on",
    }  # fmt: skip
    reply = browser.post(reverse(ADD_RULE), form)
    assert reply.status_code == 302, errors(reply)
    assert list(AlertRule.objects.get().channels.all()) == [channel]
    workers = browser.post(reverse(ADD_RULE), {**form, "kind": "workers"})
    assert "a rule of the platform" in errors(workers)


def rule_form(tenant, **more):
    channel, _ = AlertChannel.objects.get_or_create(tenant=tenant, name="Office", recipients="a@example.com")
    return {"tenant": tenant.pk, "channels": [channel.pk], "enabled": "on", **more}


@pytest.mark.parametrize(
    ("kind", "lacks"), [("failures", "limit"), ("failures", "window"), ("late", "limit"), ("digest", "hour")]
)
def test_a_rule_without_what_its_kind_uses_is_refused(browser, tenant, kind, lacks):
    used = {"failures": {"limit": 5, "window": 60}, "late": {"limit": 5}, "digest": {"hour": 8}}[kind]
    reply = browser.post(reverse(ADD_RULE), rule_form(tenant, kind=kind, **{**used, lacks: ""}))
    assert "This kind of rule needs it" in errors(reply)
    assert not AlertRule.objects.exists()


def test_a_rule_needs_nothing_that_its_kind_does_not_use_and_heeds_none_of_it(browser, tenant):
    sent = rule_form(tenant, kind="relink", limit="0", window="7", hour="99")
    assert browser.post(reverse(ADD_RULE), sent).status_code == 302
    assert browser.post(reverse(ADD_RULE), rule_form(tenant, kind="digest", hour="8")).status_code == 302
    relink, digest = AlertRule.objects.order_by("pk")
    assert (relink.limit, relink.window, relink.hour) == (10, 60, 7), "as they are by default"
    assert (digest.hour, digest.tells_recovery) == (8, True)
    url = reverse("admin:integrations_alertrule_change", args=[relink.pk])
    assert browser.post(url, rule_form(tenant, kind="waiting", limit="3")).status_code == 302
    relink.refresh_from_db()
    assert (relink.kind, relink.limit, relink.tells_recovery) == ("waiting", 3, False)


def test_the_test_button_says_how_it_went(browser, tenant, settings):
    channel = AlertChannel.objects.create(tenant=tenant, name="Office", recipients="a@example.com")
    url = reverse("admin:integrations_alertchannel_test", args=[channel.pk])
    assert "EMAIL_URL" in browser.post(url, follow=True).content.decode()
    home = browser.get(reverse("admin:index")).content.decode()
    assert "Alerts do not reach Office" in home
    settings.EMAIL_IS_SET = True
    assert "It was taken" in browser.post(url, follow=True).content.decode()
    assert [message.subject for message in mail.outbox] == ["[Trunkline] A test from Trunkline"]
    assert "Alerts do not reach" not in browser.get(reverse("admin:index")).content.decode()
    assert browser.get(url).status_code == 405


def test_an_alert_leads_to_the_page_where_it_is_mended(browser, tenant):
    rule = OBJECTS["integrations.alertrule"](tenant)
    OBJECTS["integrations.connection"](tenant).fail("The grant is gone.", "fix_configuration", relink=True)
    stepping.step()
    alert = Alert.objects.get(rule=rule)
    page = browser.get(reverse("admin:integrations_alert_change", args=[alert.pk])).content.decode()
    assert f'href="{alert.path}"' in page
    assert browser.get(alert.path).status_code == 200
    message = AlertMessage.objects.get()
    assert (
        browser.post(reverse("admin:integrations_alertmessage_send_again", args=[message.pk])).status_code
        == 302
    )
