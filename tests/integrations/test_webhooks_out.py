"""Webhooks that go out: signed, never into a private network, tried for a day, and never lost between two commits."""

import hashlib
import hmac
import json
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from integrations import runs
from integrations.models import Notice, Run, Subscription
from integrations.webhooks import addresses, outbox
from integrations.webhooks.addresses import Refused, Target, Unreachable, checked, is_public
from portal.models import AuditEntry
from reconciliation.editing import edit
from reconciliation.entities import ENTITIES
from reconciliation.merging import merge
from tests.integrations.test_find import connect
from tests.reconciliation import shop

SECRET = "s" * 40
EVENTS = [str(event) for event in Subscription.Event]


@pytest.fixture
def subscription(tenant, receiver):
    return Subscription.objects.create(tenant=tenant, url=receiver.url, events=EVENTS, secret=SECRET)


def later(**time):
    """As if all that waits had waited so long."""
    delta = timedelta(**time)
    for notice in Notice.objects.filter(state="owed"):
        Notice.objects.filter(pk=notice.pk).update(
            next_try_at=notice.next_try_at - delta, created_at=notice.created_at - delta
        )
    for row in Subscription.objects.exclude(down_since=None):
        Subscription.objects.filter(pk=row.pk).update(down_since=row.down_since - delta)


# --- Addresses -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "ip",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "255.255.255.255", "192.0.2.1", "::1", "::", "fe80::1%eth0", "fc00::1", "ff02::1", "::ffff:127.0.0.1",
        "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:7f00:1::", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "nonsense", "",
    ],
)  # fmt: skip
def test_an_address_that_is_not_of_the_public_internet_is_known(ip):
    assert not is_public(ip)


@pytest.mark.parametrize("ip", ["93.184.216.34", "8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8"])
def test_a_public_address_is_known(ip):
    assert is_public(ip)


@pytest.mark.parametrize(
    "url",
    [
        "", "example.com", "http://example.com/", "ftp://example.com/", "https://", "https://user@example.com/",
        "https://a:b@example.com/", "https://example.com/#x", "https://exa mple.com/", "https://example.com\\@evil",
        "https://ex\u00e4mple.com/", "https://example.com:99999/", "javascript:alert(1)", "https://[::1", "file:///etc",
    ],
)  # fmt: skip
def test_an_address_that_is_not_plain_https_is_refused(url):
    with pytest.raises(Refused):
        checked(url, [], lambda host, port: ["93.184.216.34"])


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://localhost/",
        "https://[::1]:8443/",
    ],
)
def test_this_machine_in_any_spelling_is_refused(url):
    with pytest.raises((Refused, Unreachable)):
        checked(url, [])


def test_a_name_with_one_private_address_among_public_ones_is_refused():
    with pytest.raises(Refused, match="WEBHOOK_ALLOWED_HOSTS"):
        checked("https://shop.example/", [], lambda host, port: ["93.184.216.34", "10.0.0.5"])


def test_what_the_setting_allows_is_taken_by_host_and_port_alone():
    private = lambda host, port: ["10.0.0.5"]  # noqa: E731
    assert checked("http://inside:8080/x", ["inside:8080"], private).ip == "10.0.0.5"
    for url in ("http://inside:8081/x", "http://inside.evil:8080/x"):
        with pytest.raises(Refused):
            checked(url, ["inside:8080"], private)


def test_the_call_goes_to_the_address_that_was_checked_whatever_the_name_means_by_then(receiver):
    port = int(receiver.host.rpartition(":")[2])
    target = Target("http", "shop.example", port, "/x", "127.0.0.1")
    assert addresses.post(target, b"{}", {})[0] == 200
    assert receiver.seen[0].headers["Host"] == f"shop.example:{port}"


# --- Sending ---------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_private_address_is_not_called_and_the_log_says_why(subscription, receiver, settings):
    settings.WEBHOOK_ALLOWED_HOSTS = []
    outbox.emit(subscription.tenant_id, "sync.failed", {})
    outbox.send_due()
    notice = Notice.objects.get()
    assert (notice.state, receiver.seen) == ("owed", [])
    assert "https" in notice.problem


@pytest.mark.django_db
def test_a_name_that_has_moved_into_a_private_network_is_not_called(tenant, monkeypatch):
    row = Subscription.objects.create(
        tenant=tenant, url="https://shop.example/", events=EVENTS, secret=SECRET
    )
    monkeypatch.setattr(
        addresses.socket, "getaddrinfo", lambda *a, **k: [(2, 1, 6, "", ("169.254.169.254", 443))]
    )
    notice = outbox.ping(row, None)
    assert (notice.state, "169.254.169.254" in notice.problem) == ("given_up", True)


@pytest.mark.django_db
def test_a_redirect_is_not_followed(subscription, receiver):
    receiver.answers.append(302)
    outbox.emit(subscription.tenant_id, "sync.failed", {})
    outbox.send_due()
    notice = Notice.objects.get()
    assert (notice.status, notice.state, len(receiver.seen)) == (302, "owed", 1)
    assert "Redirects are not followed" in notice.problem


@pytest.mark.django_db
def test_what_was_rolled_back_is_told_to_nobody(subscription):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        outbox.emit(subscription.tenant_id, "sync.failed", {})
        raise ZeroDivisionError
    assert not Notice.objects.exists()


@pytest.mark.django_db
def test_nobody_hears_of_another_merchant_or_of_what_was_not_asked_for(subscription, other_tenant):
    Subscription.objects.update(events=["customer.merged"])
    assert outbox.emit(subscription.tenant_id, "sync.failed", {}) == 0
    assert outbox.emit(other_tenant.pk, "customer.merged", {}) == 0
    assert outbox.emit(subscription.tenant_id, "customer.merged", {}, {}) == 2


@pytest.mark.django_db
def test_a_call_is_signed_over_time_and_body(subscription, receiver):
    outbox.emit(subscription.tenant_id, "sync.failed", {"run": 7})
    assert outbox.send_due() == 1
    (call,) = receiver.seen
    stamp = call.headers["X-Trunkline-Timestamp"]
    expected = hmac.new(SECRET.encode(), stamp.encode() + b"." + call.body, hashlib.sha256).hexdigest()
    assert call.headers["X-Trunkline-Signature"] == f"v1={expected}"
    assert abs(int(stamp) - timezone.now().timestamp()) < 60
    body = json.loads(call.body)
    assert (call.path, body["event"], body["data"]) == ("/hooks?a=1", "sync.failed", {"run": 7})
    assert body["id"] == call.headers["X-Trunkline-Delivery"] == str(Notice.objects.get().key)


@pytest.mark.django_db
def test_a_failed_call_is_tried_again_after_growing_waits_until_it_is_taken(subscription, receiver):
    receiver.answers += [500, 503, 404]
    outbox.emit(subscription.tenant_id, "sync.failed", {})
    waits = []
    for _ in range(4):
        before = timezone.now()
        assert outbox.send_due() == 1
        assert outbox.send_due() == 0, "not before its time"
        notice = Notice.objects.get()
        if notice.next_try_at:
            waits.append(round((notice.next_try_at - before).total_seconds() / 60))
        later(hours=1)
    assert (waits, notice.state, notice.attempts) == ([1, 2, 5], "delivered", 4)
    assert len({call.headers["X-Trunkline-Delivery"] for call in receiver.seen}) == 1
    subscription.refresh_from_db()
    assert subscription.down_since is None


@pytest.mark.django_db
def test_an_endpoint_that_stays_down_for_a_day_is_paused_and_reported(subscription, receiver):
    receiver.answers += [500] * 99
    outbox.emit(subscription.tenant_id, "sync.failed", {})
    attempts = 0
    for _ in range(40):
        attempts += outbox.send_due()
        later(hours=1)
    assert 10 <= attempts <= 20
    subscription.refresh_from_db()
    assert "a day" in subscription.paused_because and "500" in subscription.paused_because
    assert AuditEntry.objects.filter(action="webhook.paused").count() == 1
    assert list(outbox.paused([subscription.tenant_id])) == [subscription]
    assert outbox.emit(subscription.tenant_id, "sync.failed", {}) == 0
    assert Notice.objects.get().state == "given_up"


@pytest.mark.django_db
def test_after_it_was_resumed_and_sent_again_it_arrives(subscription, receiver):
    receiver.answers += [500] * 30
    outbox.emit(subscription.tenant_id, "sync.failed", {})
    while outbox.send_due():
        later(hours=30)
    receiver.answers.clear()
    outbox.resume(subscription)
    outbox.resend(Notice.objects.get(), None)
    assert outbox.send_due() == 1
    assert Notice.objects.get().state == "delivered"


@pytest.mark.django_db
def test_a_worker_that_dies_in_an_attempt_costs_a_wait_and_nothing_else(subscription, receiver, monkeypatch):
    class Killed(BaseException):
        pass

    def die(notice):
        raise Killed

    outbox.emit(subscription.tenant_id, "sync.failed", {})
    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(outbox, "_attempt", die)
        outbox.send_due()
    assert outbox.send_due() == 0
    later(minutes=2)
    assert (outbox.send_due(), Notice.objects.get().state) == (1, "delivered")


@pytest.mark.django_db
def test_two_workers_send_it_once(subscription, receiver):
    outbox.emit(subscription.tenant_id, "sync.failed", {})
    mine, theirs = Notice.objects.get(), Notice.objects.get()
    assert (outbox._claim(mine), outbox._claim(theirs)) == (True, False)


@pytest.mark.django_db
def test_a_test_call_says_at_once_how_it_went_and_is_not_tried_again(subscription, receiver):
    receiver.answers.append(500)
    failed = outbox.ping(subscription, None)
    assert (failed.state, failed.status) == ("given_up", 500)
    assert outbox.ping(subscription, None).state == "delivered"
    subscription.refresh_from_db()
    assert subscription.down_since is None


# --- What is told ----------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_job_whose_status_changes_is_told_with_both_statuses(subscription, tenant):
    job = shop.job(tenant, number="J-1", status="Scheduled")
    edit(ENTITIES["job"], job.pk, {"summary": "new"})
    assert not Notice.objects.exists()
    edit(ENTITIES["job"], job.pk, {"status": "Completed"})
    edit(ENTITIES["job"], job.pk, {"summary": "newer"})
    data = Notice.objects.get().payload["data"]
    assert (data["job"], data["number"], data["before"], data["after"]) == (
        job.pk,
        "J-1",
        "Scheduled",
        "Completed",
    )


@pytest.mark.django_db
def test_a_merge_is_told_with_who_became_whom(subscription, tenant):
    one, two = shop.customer(tenant, "A"), shop.customer(tenant, "B")
    merge(ENTITIES["customer"], one.pk, [two.pk])
    data = Notice.objects.get(event="customer.merged").payload["data"]
    assert (data["survivor"], data["merged"]) == (one.pk, [two.pk])


@pytest.mark.django_db
def test_of_a_row_of_failed_runs_the_first_is_told(subscription, tenant):
    rule = connect(tenant).rules.get(entity="job")
    for _ in range(3):
        run = runs.ask(rule, Run.Trigger.SCHEDULE)
        runs.fail(run, "retry_later", "unreachable", "It did not answer.")
    notice = Notice.objects.get(event="sync.failed")
    assert notice.payload["data"]["words"] == "It did not answer."
