"""Both kinds of disconnect, the search box and the pages of webhooks, in a real browser."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from integrations import disconnecting, review_requests
from integrations.models import Disconnection, Hook, Notice, ReviewSettings, Subscription, WebhookAddress
from integrations.work import work
from reconciliation.models import Customer, Job
from tests.integrations.pages import at

pytestmark = pytest.mark.django_db(transaction=True)
SHOTS = os.environ.get("SCREENSHOTS")


@pytest.fixture
def merchant(tenant, sandbox, connect_to):
    connection = connect_to(tenant, sandbox)
    tenant.name = "Hartwell Plumbing"
    tenant.save()
    ReviewSettings.objects.create(tenant=tenant, delay_hours=0, since=timezone.now() - timedelta(days=9000))
    for entity in ("customer", "location", "customer_contact", "business_unit", "job", "invoice"):
        work(connection.rules.get(entity=entity).pk)
    return connection


def finish():
    """What the worker does in the background."""
    for ended in Disconnection.objects.filter(finished_at=None):
        while disconnecting.work(ended.pk) is False:
            pass


def confirm(page, merchant, choice, name="Hartwell Plumbing"):
    page.goto(at("connection_change", merchant.pk))
    page.get_by_role("link", name="Disconnect…").click()
    page.get_by_label(choice).check()
    page.get_by_label("To confirm, type").fill(name)
    page.get_by_role("button", name="Disconnect ServiceTitan").click()


def test_keeping_freezes_and_what_was_kept_is_wiped_later(visit, owner, merchant):
    page = visit(owner)
    confirm(page, merchant, "Keep all of them", name="Hartwell")
    expect(page.get_by_text("exactly as it is written")).to_be_visible()
    confirm(page, merchant, "Keep all of them")
    expect(page.get_by_text("its credentials are destroyed")).to_be_visible()
    expect(page.get_by_text("Freezing")).to_be_visible()
    finish()
    expect(page.get_by_text("frozen, no longer synced")).to_be_visible()
    expect(page.get_by_text("API Application Access")).to_be_visible()
    page.get_by_role("link", name="Wipe what was kept").click()
    page.get_by_label("Wipe what lives only").check()
    page.get_by_label("To confirm, type").fill("Hartwell Plumbing")
    page.get_by_role("button", name="Disconnect ServiceTitan").click()
    finish()
    expect(page.get_by_role("link", name="Connect again")).to_be_visible()
    assert not Customer.objects.exists()


def test_wiping_shows_its_progress_and_ends_with_what_it_promised(visit, owner, merchant):
    page = visit(owner)
    confirm(page, merchant, "Wipe what lives only")
    expect(page.get_by_text("Wiping")).to_be_visible()
    finish()
    expect(page.get_by_text("Wiped")).to_be_visible()
    expect(page.get_by_role("row", name="Customers 12 12 0", exact=True)).to_be_visible()


def test_the_search_box_is_reached_by_key_and_opens_what_is_meant(visit, owner, merchant):
    page = visit(owner)
    job = Job.objects.order_by("pk").first()
    page.goto(at("connection_change", merchant.pk))
    page.keyboard.press("/")
    page.keyboard.type(job.external_id)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=str(job), exact=True)).to_be_visible()
    page.goto(at("run_changelist"))
    page.keyboard.press("Control+k")
    page.keyboard.type("no such thing")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Nothing was found for “no such thing”.")).to_be_visible()


@pytest.mark.parametrize(
    ("width", "scheme"), [(375, "light"), (375, "dark"), (1280, "light"), (1280, "dark")]
)
def test_no_page_scrolls_sideways(visit, owner, merchant, width, scheme):
    now = timezone.now()
    WebhookAddress.objects.create(connection=merchant, key="k" * 40)
    hook = Hook.objects.create(
        connection=merchant, event="customers.updated", entity="customer", remote_id="1" * 40, body="x" * 300,
        body_hash="0", received_at=now, last_at=now, outcome="It names no entity that is synced here.", state="ignored",
    )  # fmt: skip
    row = Subscription.objects.create(
        tenant=merchant.tenant, url="https://" + "a" * 60 + ".example/" + "b" * 60, events=["sync.failed"],
        secret="s" * 40, paused_because="It has not taken anything for a day. The last time: It answered 500.",
    )  # fmt: skip
    notice = Notice.objects.create(
        subscription=row,
        event="sync.failed",
        payload={"words": "y" * 200},
        created_at=now,
        problem="It answered 500.",
    )
    while review_requests.look(now + timedelta(minutes=1)):
        pass
    name = Customer.objects.order_by("pk").first().name
    pages = {
        "disconnect": at("connection_disconnect", merchant.pk),
        "webhooks": at("connection_webhooks", merchant.pk),
        "hook": at("hook_change", hook.pk),
        "hooks": at("hook_changelist"),
        "subscription": at("subscription_change", row.pk),
        "subscription_add": at("subscription_add"),
        "notice": at("notice_change", notice.pk),
        "notices": at("notice_changelist"),
        "reviews": at("reviewrequest_changelist"),
        "review_settings": at("reviewsettings_add"),
        "find": at("connection_find", q=name.split()[0], all=1),
        "find_nothing": at("connection_find", q="zebra"),
    }
    page = visit(owner, width=width)
    page.emulate_media(color_scheme=scheme)
    wide = {}
    for title, address in pages.items():
        page.goto(address)
        wide[title] = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if SHOTS:
            page.screenshot(path=Path(SHOTS) / f"{title}-{width}-{scheme}.png", full_page=True)
    assert {title: by for title, by in wide.items() if by > 0} == {}
