"""The pages of webhooks: an address to copy, an inbox to replay from, subscriptions to test, a log to send again from."""

import pytest
from django.utils import timezone

from integrations.models import Hook, Notice, Subscription, WebhookAddress
from integrations.webhooks import inbox
from tests.integrations.pages import at, said, words
from tests.integrations.test_find import connect
from tests.integrations.test_webhooks_in import KEY, body_of, post
from tests.integrations.test_webhooks_out import EVENTS, SECRET

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(owner, client_for):
    return client_for(owner)


@pytest.fixture
def titan(tenant):
    return connect(tenant)


@pytest.fixture
def page(titan):
    return at("connection_webhooks", titan.pk)


def settings_of(**changed):
    return {
        "key": KEY, "header": "x-servicetitan-signature", "encoding": "hex", "event_header": "x-servicetitan-event",
        **changed,
    }  # fmt: skip


def new(tenant, **changed):
    return {"tenant": tenant.pk, "events": EVENTS, "secret": SECRET, "enabled": "on", **changed}


def test_who_may_not_configure_sees_no_address(titan, page, colleague, client_for):
    assert client_for(colleague).get(page).status_code == 403
    assert not WebhookAddress.objects.exists()


def test_a_short_key_or_a_strange_header_is_refused_at_its_field(browser, page):
    reply = browser.post(page, settings_of(key="short", header="x y: z"))
    assert "at least 32 characters" in words(reply) and "letters, digits and dashes" in words(reply)
    assert not WebhookAddress.objects.get().key


def test_the_address_that_is_shown_takes_what_is_signed_with_the_key(browser, page):
    assert "every webhook is refused" in words(browser.get(page))
    browser.post(page, settings_of())
    text = browser.get(page).content.decode()
    address = WebhookAddress.objects.get()
    assert f"/webhooks/servicetitan/{address.token}" in text and KEY not in text
    assert post(address, body_of()).status_code == 200
    browser.post(page, settings_of(key="", encoding="base64"))
    address.refresh_from_db()
    assert (address.encoding, address.key.reveal()) == ("base64", KEY)


def test_a_new_address_ends_the_old_one(browser, page, titan):
    browser.post(page, settings_of())
    old = WebhookAddress.objects.get()
    browser.post(page, {"renew": "1"})
    assert post(old, body_of()).status_code == 404


def test_the_inbox_shows_the_outcome_and_replays(browser, titan, colleague, viewer, client_for):
    post(WebhookAddress.objects.create(connection=titan, key=KEY), body_of())
    inbox.follow()
    hook = Hook.objects.get()
    assert f"job run {hook.run_id}" in words(browser.get(at("hook_changelist")))
    assert "jobs.completed" not in words(browser.get(at("hook_change", hook.pk)))
    assert client_for(viewer).post(at("hook_replay", hook.pk)).status_code == 403
    reply = client_for(colleague).post(at("hook_replay", hook.pk))
    assert "followed once more" in said(reply)
    assert Hook.objects.get().state == "received"


@pytest.mark.parametrize(
    "url", ["http://example.com/", "https://127.0.0.1/", "https://10.0.0.8:9000/x", "not an address", "https://user:x@example.com/"]
)  # fmt: skip
def test_an_address_that_is_not_called_is_refused_at_its_field(browser, tenant, url):
    reply = browser.post(at("subscription_add"), new(tenant, url=url))
    assert reply.status_code == 200 and not Subscription.objects.exists()
    assert reply.context["adminform"].form.errors["url"]


def test_a_subscription_is_added_tested_and_its_secret_never_shown(browser, tenant, receiver):
    assert browser.post(at("subscription_add"), new(tenant, url=receiver.url)).status_code == 302
    row = Subscription.objects.get()
    reply = browser.post(at("subscription_test", row.pk))
    assert "It was taken, with 200." in said(reply)
    assert receiver.seen[0].headers["X-Trunkline-Event"] == "ping"
    text = browser.get(at("subscription_change", row.pk)).content.decode()
    assert SECRET not in text and "ping" in text


def test_a_paused_one_is_shown_at_home_and_resumed(browser, tenant, receiver):
    row = Subscription.objects.create(
        tenant=tenant, url=receiver.url, events=EVENTS, secret=SECRET, paused_because="Down."
    )
    assert f"Webhooks to {receiver.url} are paused. Down." in words(browser.get("/admin/"))
    browser.post(at("subscription_resume", row.pk))
    row.refresh_from_db()
    assert row.paused_because == ""


def test_what_was_given_up_is_sent_again_from_the_log(browser, tenant, receiver):
    row = Subscription.objects.create(tenant=tenant, url=receiver.url, events=EVENTS, secret=SECRET)
    notice = Notice.objects.create(
        subscription=row, event="sync.failed", payload={}, state="given_up", problem="It answered 500.",
        created_at=timezone.now(),
    )  # fmt: skip
    assert "It answered 500." in words(browser.get(at("notice_changelist")))
    assert "sent again" in said(browser.post(at("notice_resend", notice.pk)))
    assert Notice.objects.get().state == "owed"
