"""What is wrong is told once where it is wanted, and that it is over; what may have arrived is not sent again."""

import hashlib
import hmac
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.core.management import call_command
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations.alerts import digest, noticing, sending, stepping
from integrations.models import (
    Alert,
    AlertChannel,
    AlertMessage,
    AlertRule,
    Connection,
    Delivery,
    Heartbeat,
    Run,
)
from integrations.schedule import LATE, WORKER, beat
from portal.models import Tenant
from reconciliation.models import Source
from tests.admin.objects import OBJECTS
from tests.integrations import mail_server

pytestmark = pytest.mark.django_db
Kind = AlertRule.Kind
SECRET = "s" * 40


@pytest.fixture
def by_mail(settings):
    settings.EMAIL_IS_SET = True
    settings.PORTAL_URL = "https://portal.example"


def channel_of(tenant, **values) -> AlertChannel:
    return AlertChannel.objects.create(
        tenant=tenant, **{"name": "Office", "recipients": "office@example.com", **values}
    )


def rule_of(tenant, kind, channel=None, **values) -> AlertRule:
    rule = AlertRule.objects.create(tenant=tenant, kind=kind, **values)
    rule.channels.add(channel or channel_of(tenant))
    return rule


def link(tenant) -> Connection:
    """A connection that works."""
    row = OBJECTS["integrations.connection"](tenant)
    Connection.objects.filter(pk=row.pk).update(problem="", health="healthy")
    row.refresh_from_db()
    return row


def break_link(connection: Connection) -> None:
    connection.fail("The grant is gone.", "fix_configuration", relink=True)


def mend(connection: Connection) -> None:
    Connection.objects.filter(pk=connection.pk).update(status="connected", problem="")


def later(**time) -> None:
    """As if everything had happened so long ago."""
    delta = timedelta(**time)
    for model, names in (
        (Alert, ("opened_at", "tells_from", "told_at", "closed_at")),
        (AlertMessage, ("next_try_at", "created_at")),
    ):
        for row in model.objects.all():
            for name in names:
                if getattr(row, name):
                    setattr(row, name, getattr(row, name) - delta)
            row.save()


def subjects() -> list[str]:
    return [message.subject for message in mail.outbox]


# --- Told once, and over ---------------------------------------------------------------------------------------------


def test_a_dead_link_is_told_once_and_once_that_it_is_over(tenant, by_mail):
    rule_of(tenant, Kind.RELINK)
    row = link(tenant)
    stepping.step()
    assert mail.outbox == []
    break_link(row)
    for _ in range(3):
        stepping.step()
    (told,) = mail.outbox
    assert told.subject == "[Trunkline] Hartwell Plumbing: ServiceTitan has to be linked again"
    assert told.to == ["office@example.com"]
    assert "The grant is gone." in told.body
    assert "Someone who configures this connection must act." in told.body
    assert f"https://portal.example/admin/integrations/connection/{row.pk}/test/" in told.body
    mend(row)
    stepping.step()
    stepping.step()
    assert [subject.partition(": ")[0] for subject in subjects()[1:]] == ["[Trunkline] Over"]


def test_what_comes_and_goes_is_told_once_an_hour(tenant, by_mail):
    rule_of(tenant, Kind.RELINK, tells_recovery=False)
    row = link(tenant)
    for _ in range(4):
        break_link(row)
        stepping.step()
        mend(row)
        stepping.step()
    assert len(mail.outbox) == 1
    assert Alert.objects.filter(closed_at=None).count() == 0
    break_link(row)
    stepping.step()
    assert len(mail.outbox) == 1
    later(hours=1)
    stepping.step()
    assert len(mail.outbox) == 2, "it lasts: an hour later it is told after all"


def test_what_begins_together_comes_as_one_message(tenant, other_tenant, by_mail):
    rule_of(None, Kind.RELINK)
    for one in (tenant, other_tenant):
        break_link(link(one))
    stepping.step()
    (told,) = mail.outbox
    assert told.subject == "[Trunkline] 2 connections have to be linked again"
    assert "Hartwell" in told.body
    assert "Elsewhere" in told.body


def test_a_tenant_hears_of_nobody_else(tenant, other_tenant, by_mail):
    rule_of(tenant, Kind.RELINK)
    break_link(link(other_tenant))
    stepping.step()
    assert mail.outbox == []


@pytest.mark.parametrize("status", [Tenant.Status.PAUSED, Tenant.Status.DISCONNECTED])
def test_a_tenant_that_is_not_at_work_stays_quiet(tenant, by_mail, status):
    rule_of(tenant, Kind.RELINK)
    rule_of(None, Kind.RELINK)
    row = link(tenant)
    break_link(row)
    noticing.notice(timezone.now())
    assert AlertMessage.objects.count() == 2
    Tenant.objects.update(status=status)
    stepping.step()
    states = AlertMessage.objects.filter(channel__tenant=tenant).values_list("state", flat=True)
    assert list(states) == ["dropped"]
    assert not Alert.objects.filter(closed_at=None).exists()
    assert not any("Over" in subject for subject in subjects())


def test_a_rule_that_is_off_says_nothing_more(tenant, by_mail):
    rule = rule_of(tenant, Kind.RELINK)
    break_link(link(tenant))
    stepping.step()
    AlertRule.objects.filter(pk=rule.pk).update(enabled=False)
    stepping.step()
    assert len(mail.outbox) == 1
    assert not Alert.objects.filter(closed_at=None).exists()


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_owe_one_message(tenant):
    rule_of(tenant, Kind.RELINK)
    break_link(link(tenant))

    def notice(_) -> None:
        noticing.notice(timezone.now())
        database.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(notice, range(4)))
    assert (Alert.objects.count(), AlertMessage.objects.count()) == (1, 1)


# --- What is noticed -------------------------------------------------------------------------------------------------


def failed_run(row, entity="customer", **values) -> Run:
    rule = row.rules.get(entity=entity)
    row.rules.filter(pk=rule.pk).update(enabled=True, failures=1)
    told = {"error": "It broke.", "error_who": "our_bug", "finished_at": timezone.now(), **values}
    return Run.objects.create(rule=rule, state=Run.State.FAILED, **told)


def test_a_first_failure_is_told_for_the_connection_and_not_for_each_of_its_syncs(tenant, by_mail):
    rule_of(tenant, Kind.FIRST_FAILURE)
    row = link(tenant)
    first = failed_run(row)
    failed_run(row, "location")
    stepping.step()
    failed_run(row, "job")
    stepping.step()
    (told,) = mail.outbox
    assert "cannot be read (customer, location)" in told.subject
    assert f"/admin/integrations/run/{first.pk}/change/" in told.body
    row.rules.update(failures=0)
    stepping.step()
    assert "Over" in subjects()[1]


def test_failures_count_from_the_limit_on_and_within_the_window(tenant, by_mail):
    rule_of(tenant, Kind.FAILURES, limit=3, window=15)
    row = link(tenant)
    failed_run(row, finished_at=timezone.now() - timedelta(minutes=16))
    failed_run(row)
    failed_run(row)
    stepping.step()
    assert mail.outbox == []
    failed_run(row)
    stepping.step()
    assert "3 failures with ServiceTitan" in mail.outbox[0].subject


def test_records_that_wait_for_a_person_count_from_the_limit_on(tenant, by_mail):
    rule_of(tenant, Kind.WAITING, limit=2)
    row = link(tenant)
    for number in (1, 2):
        stepping.step()
        assert mail.outbox == []
        Delivery.objects.create(
            connection=row, rule=row.rules.get(entity="customer"), entity="customer", record_id=number,
            state="needs_person", created_at=timezone.now(),
        )  # fmt: skip
    stepping.step()
    assert "2 records could not be written to ServiceTitan" in mail.outbox[0].subject


def test_late_work_is_told_in_minutes(tenant, by_mail):
    rule_of(tenant, Kind.LATE, limit=30)
    row = link(tenant)
    row.rules.filter(entity="customer").update(enabled=True, due_at=timezone.now() - timedelta(minutes=29))
    stepping.step()
    assert mail.outbox == []
    row.rules.filter(entity="customer").update(due_at=timezone.now() - timedelta(minutes=31))
    stepping.step()
    assert "syncs are 31 minutes late" in mail.outbox[0].subject


def test_silent_workers_are_told_by_the_command_and_that_they_are_back(by_mail):
    rule_of(None, Kind.WORKERS)
    beat(timezone.now() - LATE - timedelta(seconds=1))
    call_command("alerts")
    assert subjects() == ["[Trunkline] The workers are silent"]
    assert "Whoever runs this portal must act." in mail.outbox[0].body
    beat(timezone.now())
    call_command("alerts")
    assert subjects()[1:] == ["[Trunkline] Over: The workers are silent"]


def test_the_tick_role_tells_of_silent_workers_and_leaves_all_else_to_those_at_work(by_mail):
    rule_of(None, Kind.WORKERS)
    now = timezone.now()
    beat(now, WORKER)
    call_command("tick", "--once")
    assert not AlertMessage.objects.exists()
    beat(now - LATE - timedelta(seconds=1), WORKER)
    Heartbeat.objects.exclude(name=WORKER).delete()  # another minute
    call_command("tick", "--once")
    assert subjects() == ["[Trunkline] The workers are silent"]


def test_the_queries_do_not_grow_with_the_tenants(tenant, partner, by_mail):
    for kind in Kind.values:
        rule_of(None, kind, AlertChannel.objects.first() or channel_of(None))
    break_link(link(tenant))
    beat(timezone.now())
    noticing.notice(timezone.now())

    def queries() -> int:
        with CaptureQueriesContext(database) as seen:
            noticing.notice(timezone.now())
            digest.owe_due(timezone.now())
        return len(seen)

    queries()  # the digest learns its hour
    few = queries()
    for number in range(12):
        more = Tenant.objects.create(partner=partner, name=f"Merchant {number}", slug=f"m{number}")
        source = Source.objects.create(tenant=more, system="servicetitan", name="ServiceTitan")
        Connection.objects.create(tenant=more, system="servicetitan", source=source, status="relink")
        rule_of(more, Kind.RELINK)
    noticing.notice(timezone.now())
    assert Alert.objects.filter(closed_at=None).count() == 1 + 2 * 12
    assert queries() == few


# --- Sent at most once -----------------------------------------------------------------------------------------------


def owed(tenant, **channel) -> AlertMessage:
    rule_of(tenant, Kind.RELINK, channel_of(tenant, **channel))
    break_link(link(tenant))
    noticing.notice(timezone.now())
    return AlertMessage.objects.get()


def state_of(message) -> str:
    message.refresh_from_db()
    return message.state


def test_a_message_whose_worker_died_is_not_sent_again(tenant, by_mail):
    message = owed(tenant)
    assert sending.claim(message, timezone.now())
    assert not sending.claim(message, timezone.now()), "one worker has it"
    later(minutes=11)
    sending.send_due()
    assert (mail.outbox, state_of(message)) == ([], "unknown")
    sending.send_again(message, None)
    sending.send_due()
    assert (len(mail.outbox), state_of(message)) == (1, "sent")


@pytest.fixture
def mail_by_wire(settings, by_mail):
    with mail_server.served() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        yield server


def test_a_mail_server_that_falls_silent_after_the_text_is_not_given_it_twice(tenant, mail_by_wire):
    message = owed(tenant)
    mail_by_wire.mood = "vanish"
    sending.send_due()
    later(hours=3)
    mail_by_wire.mood = "take"
    sending.send_due()
    assert (len(mail_by_wire.mails), state_of(message)) == (1, "unknown")
    assert message.channel.down_since is not None


def test_a_mail_server_that_refuses_is_asked_again(tenant, mail_by_wire):
    message = owed(tenant)
    mail_by_wire.mood = "refuse"
    sending.send_due()
    assert (mail_by_wire.mails, state_of(message)) == ([], "owed")
    later(hours=3)
    mail_by_wire.mood = "take"
    sending.send_due()
    assert (len(mail_by_wire.mails), state_of(message)) == (1, "sent")
    channel = AlertChannel.objects.get()
    assert (channel.problem, channel.down_since) == ("", None)


def test_without_a_mail_server_it_says_so_and_gives_up_after_a_day(tenant):
    message = owed(tenant)
    sending.send_due()
    assert state_of(message) == "owed"
    assert "EMAIL_URL" in AlertChannel.objects.get().problem
    later(days=2)
    sending.send_due()
    assert state_of(message) == "failed"


@pytest.fixture
def hook(tenant, receiver, settings):
    settings.PORTAL_URL = "https://portal.example"
    return {"kind": "webhook", "url": receiver.url, "secret": SECRET, "host": "127.0.0.1"}


def test_a_webhook_is_signed_and_says_where_to_go(tenant, receiver, hook):
    message = owed(tenant, **hook)
    sending.send_due()
    (call,) = receiver.seen
    stamp = call.headers["X-Trunkline-Timestamp"]
    expected = hmac.new(SECRET.encode(), f"{stamp}.".encode() + call.body, hashlib.sha256).hexdigest()
    assert call.headers["X-Trunkline-Signature"] == f"v1={expected}"
    told = json.loads(call.body)
    assert (told["event"], told["id"]) == ("alert.opened", str(message.delivery))
    assert told["items"][0]["tenant"] == "hartwell"
    assert told["items"][0]["url"].startswith("https://portal.example/admin/integrations/connection/")


def test_slack_gets_text_in_which_nothing_of_a_merchant_is_markup(tenant, receiver, hook):
    Tenant.objects.update(name="<!channel> & Sons")
    owed(tenant, **{**hook, "kind": "slack", "secret": ""})
    sending.send_due()
    (call,) = receiver.seen
    told = json.loads(call.body)
    assert list(told) == ["text"]
    assert "&lt;!channel&gt; &amp; Sons" in told["text"]
    assert "|Open in Trunkline>" in told["text"]


@pytest.mark.parametrize(
    ("answer", "state", "calls"), [(500, "sent", 2), (302, "sent", 2), (None, "unknown", 1)]
)
def test_a_no_is_tried_again_and_no_answer_at_all_is_not(tenant, receiver, hook, answer, state, calls):
    message = owed(tenant, **hook)
    receiver.answers.append(answer)
    sending.send_due()
    later(hours=3)
    sending.send_due()
    assert (state_of(message), len(receiver.seen)) == (state, calls)


def test_an_address_that_has_become_one_inside_the_network_is_not_called(tenant, receiver, hook, settings):
    settings.WEBHOOK_ALLOWED_HOSTS = []
    message = owed(tenant, **hook)
    sending.send_due()
    assert (receiver.seen, state_of(message)) == ([], "owed")
    assert "https://" in message.problem


# --- The digest ------------------------------------------------------------------------------------------------------


def test_the_next_time_of_an_hour_is_that_of_the_tenants_clock():
    zone = ZoneInfo("America/New_York")
    assert digest.next_time(7, zone, datetime(2026, 6, 1, 10, 59, tzinfo=UTC)) == datetime(
        2026, 6, 1, 11, tzinfo=UTC
    )
    assert digest.next_time(7, zone, datetime(2026, 6, 1, 11, 0, tzinfo=UTC)) == datetime(
        2026, 6, 2, 11, tzinfo=UTC
    )
    assert digest.next_time(7, zone, datetime(2026, 10, 31, 12, tzinfo=UTC)) == datetime(
        2026, 11, 1, 12, tzinfo=UTC
    )


def test_a_digest_comes_once_a_day_with_what_is_open_and_what_was_done(tenant, other_tenant, by_mail):
    channel = channel_of(tenant)
    rule_of(tenant, Kind.RELINK, channel)
    rule_of(tenant, Kind.DIGEST, channel)
    row = link(tenant)
    failed_run(row, read=7)
    failed_run(link(other_tenant), read=100)
    break_link(row)
    stepping.step()
    assert len(mail.outbox) == 1, "a new rule waits for its hour"
    for _ in range(2):
        AlertRule.objects.filter(kind=Kind.DIGEST).update(next_digest_at=timezone.now())
        stepping.step()
    (_, told) = mail.outbox
    assert told.subject == "[Trunkline] Hartwell Plumbing: 1 open alert"
    assert "1 syncs ended, 1 of them failed; 7 records were read" in told.body
    assert "has to be linked again" in told.body


# --- From the start --------------------------------------------------------------------------------------------------


def test_whoever_stands_in_the_setting_hears_of_the_platform_and_may_change_that(tenant, by_mail, settings):
    settings.ALERT_EMAILS = ["ops@example.com"]
    break_link(link(tenant))
    stepping.step()
    assert mail.outbox[0].to == ["ops@example.com"]
    assert set(AlertRule.objects.values_list("tenant", "kind")) == {
        (None, "relink"), (None, "late"), (None, "workers"), (None, "drift"), (None, "secrets"),
    }  # fmt: skip
    AlertRule.objects.all().delete()
    settings.ALERT_EMAILS = ["ops@example.com", "night@example.com"]
    stepping.step()
    assert not AlertRule.objects.exists(), "what a person took away does not come back"
    assert AlertChannel.objects.get().recipients == "ops@example.com, night@example.com"
