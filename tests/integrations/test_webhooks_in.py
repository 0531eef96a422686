"""Webhooks that come in: believed only if signed, stored before they are answered, and never more than a hint."""

import base64
import hashlib
import hmac
import json

import pytest
from django.test import Client
from django.utils import timezone

from integrations import disconnecting, runs
from integrations.models import Connection, Hook, Run, WebhookAddress
from integrations.sandbox.servicetitan.webhooks import Delivery, Subscription, send
from integrations.tasks import follow_hooks, wake
from integrations.webhooks import inbox
from portal.models import Tenant
from reconciliation.models import Customer
from tests.integrations.syncs import rule_of, sync
from tests.integrations.test_find import connect

KEY = "k" * 40


@pytest.fixture
def titan(tenant):
    return connect(tenant)


@pytest.fixture
def address(titan):
    return WebhookAddress.objects.create(connection=titan, key=KEY)


def signed(body, key=KEY, encoding="hex"):
    digest = hmac.new(key.encode(), body, hashlib.sha256).digest()
    return digest.hex() if encoding == "hex" else base64.b64encode(digest).decode()


def body_of(number=1, event="job.completed", **more):
    return json.dumps({"eventId": str(number), "eventType": event, "data": {"id": 77}, **more}).encode()


def post(address, body, signature=None, event="job.completed", **headers):
    given = {
        "x-servicetitan-signature": signed(body) if signature is None else signature,
        "x-servicetitan-event": event,
    }
    return Client(enforce_csrf_checks=True).post(
        f"/webhooks/servicetitan/{address.token}", body, content_type="application/json",
        headers={**{name: value for name, value in given.items() if value}, **headers},
    )  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize(
    "signature",
    [
        "",
        "0" * 64,
        "nothex",
        "☃",
        signed(body_of(), key="another key"),
        signed(b"another body"),
        signed(body_of())[:-2],
    ],
)
def test_what_is_not_signed_with_the_key_is_refused_and_stored_as_refused(address, signature):
    body = body_of()
    assert post(address, body, signature).status_code == 401
    hook = Hook.objects.get()
    assert (hook.state, hook.body) == ("refused", body.decode())
    assert inbox.follow() == 0 and not Run.objects.exists()


@pytest.mark.django_db
def test_without_a_key_nothing_is_believed(address):
    WebhookAddress.objects.update(key="")
    assert post(address, body_of(), signed(body_of(), key="")).status_code == 401
    assert "No HMAC key" in Hook.objects.get().outcome


@pytest.mark.django_db
def test_an_unknown_address_is_not_there(address):
    address.token = "x" * 43
    assert post(address, body_of()).status_code == 404
    assert Client().post(f"/webhooks/salesforce/{WebhookAddress.objects.get().token}").status_code == 404
    assert Client().get(f"/webhooks/servicetitan/{WebhookAddress.objects.get().token}").status_code == 405


@pytest.mark.django_db
def test_a_body_that_is_too_large_is_not_read(address):
    assert post(address, b"x" * (inbox.LARGEST + 1)).status_code == 413
    assert not Hook.objects.exists()


@pytest.mark.django_db
def test_refused_ones_are_bounded(address, monkeypatch):
    monkeypatch.setattr(inbox, "REFUSED_KEPT", 5)
    for number in range(12):
        post(address, body_of(number), "00")
    assert Hook.objects.count() == 5
    assert json.loads(Hook.objects.first().body)["eventId"] == "11"


@pytest.mark.django_db
def test_more_than_the_bound_in_a_minute_are_told_to_come_again(address, monkeypatch):
    monkeypatch.setattr(inbox, "A_MINUTE", 3)
    now = timezone.now().replace(second=1)
    monkeypatch.setattr(inbox.timezone, "now", lambda: now)
    replies = [post(address, body_of(number)) for number in range(5)]
    assert [reply.status_code for reply in replies] == [200, 200, 200, 429, 429]
    assert replies[-1].headers["Retry-After"] == "60"
    assert Hook.objects.count() == 3


@pytest.mark.django_db
@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"\xff\xfe\x00", b'{"data": 5}', b'{"data": {"id": {}}}']
)
def test_a_signed_body_of_any_shape_is_stored_and_followed_by_nothing(address, body):
    assert post(address, body, event="").status_code == 200
    inbox.follow()
    assert Hook.objects.get().state == "ignored"
    assert not Run.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(("encoding", "prefix"), [("hex", ""), ("hex", "sha256="), ("base64", "")])
def test_header_and_encoding_are_settings(address, encoding, prefix):
    WebhookAddress.objects.update(header="X-ST-Signature", encoding=encoding)
    body = body_of()
    reply = post(address, body, "", **{"x-st-signature": prefix + signed(body, encoding=encoding)})
    assert reply.status_code == 200
    assert post(address, body).status_code == 401, "the header that was set before counts no more"


@pytest.mark.django_db
def test_a_webhook_that_comes_again_is_counted_and_followed_once(address):
    for _ in range(4):
        assert post(address, body_of()).status_code == 200
    assert inbox.follow() == 1
    post(address, body_of())
    hook = Hook.objects.get()
    assert (hook.duplicates, hook.state, inbox.follow(), Run.objects.count()) == (4, "followed", 0, 1)


@pytest.mark.django_db
def test_many_hints_at_one_entity_make_one_run_with_recent_changes(address, titan):
    for number in range(5):
        post(address, body_of(number))
    post(address, body_of(9, "customerCreated"), event="customerCreated")
    assert inbox.follow() == 2
    found = {run.rule.entity: (run.recent, run.trigger) for run in Run.objects.select_related("rule")}
    assert found == {"job": (True, "webhook"), "customer": (True, "webhook")}
    assert {hook.remote_id for hook in Hook.objects.all()} == {"77"}


@pytest.mark.django_db
def test_a_hint_waits_for_a_run_that_may_have_read_past_it(address, titan):
    run = runs.ask(rule_of(titan, "job"), Run.Trigger.SCHEDULE)
    Run.objects.update(state=Run.State.RUNNING)
    post(address, body_of())
    assert inbox.follow() == 0
    runs.finish(run)
    assert inbox.follow() == 1


@pytest.mark.django_db
def test_a_hint_for_what_is_switched_off_says_so(address, titan):
    titan.rules.filter(entity="job").update(enabled=False)
    post(address, body_of())
    assert inbox.follow() == 0
    assert Hook.objects.get().outcome == "Sync of job is switched off."


@pytest.mark.django_db
def test_hints_of_a_paused_connection_wait_until_it_is_resumed(address, titan):
    Connection.objects.update(status=Connection.Status.PAUSED)
    post(address, body_of())
    assert (inbox.follow(), inbox.has_waiting()) == (0, False)
    Connection.objects.update(status=Connection.Status.CONNECTED)
    assert (inbox.has_waiting(), inbox.follow()) == (True, 1)


@pytest.mark.django_db
def test_replaying_follows_it_once_more(address):
    post(address, body_of())
    inbox.follow()
    Run.objects.update(state=Run.State.COMPLETED)
    inbox.replay(Hook.objects.get())
    assert inbox.follow() == 1
    assert (Hook.objects.get().replays, Run.objects.count()) == (1, 2)


@pytest.mark.django_db
def test_a_disconnected_system_has_no_address_any_more(address, titan):
    post(address, body_of())
    disconnecting.disconnect(titan, "keep", name=Tenant.objects.get().name, user=None)
    assert post(address, body_of(2)).status_code == 404
    assert Hook.objects.get().state == "ignored"


@pytest.mark.django_db
def test_keys_and_cookies_of_a_sender_are_not_kept(address):
    post(address, body_of(), authorization="Bearer abc", cookie="a=b")
    stored = json.dumps(Hook.objects.get().headers)
    assert "abc" not in stored and "a=b" not in stored and "x-servicetitan-event" in stored
    assert KEY not in str(WebhookAddress.objects.values().get())


@pytest.mark.parametrize(
    ("event", "entity"),
    [
        ("", ""), ("nonsense", ""), ("job.completed", "job"), ("jobCompleted", "job"), ("jobs.updated", "job"),
        ("paymentReceived", "payment"), ("customer-contacts.updated", "customer_contact"), ("JOB_CANCELED", "job"),
        ("appointmentScheduled", "appointment"), ("jobType.updated", "job_type"), ("jobber.made", ""),
    ],
)  # fmt: skip
def test_an_event_of_any_spelling_names_its_entity(event, entity):
    known = {"job", "job_type", "customer", "customer_contact", "payment", "appointment"}
    assert inbox.entity_named(event, known) == entity


@pytest.mark.django_db(transaction=True)
def test_a_change_at_the_sandbox_arrives_by_its_own_webhook(connection, shop, sandbox, live_server):
    sync(connection)
    address = WebhookAddress.objects.create(connection=connection, key=KEY)
    url = f"{live_server.url}/webhooks/servicetitan/{address.token}"
    sandbox.control.subscribe(url, KEY)
    (changed,) = sandbox.control.touch("customers", 1)
    assert sandbox.control.deliveries[0].done.wait(10) and sandbox.control.deliveries[0].delivered
    follow_hooks()
    wake()
    hook = Hook.objects.get()
    assert (hook.entity, hook.remote_id, hook.run.state) == ("customer", str(changed), "completed")
    name = sandbox.control.store["customers"].read(changed)["name"]
    assert Customer.objects.get(external_id=str(changed)).name == name
    wrong = Delivery("customers.updated", b"{}")
    send(Subscription(url, "wrong key", retries=()), wrong)
    assert wrong.statuses == [401]
