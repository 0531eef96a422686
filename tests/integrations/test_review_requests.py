"""Asking for reviews: once a job, after a delay, and nobody who still owes money for it."""

from datetime import timedelta

import pytest
from django.core import mail
from django.db import transaction
from django.utils import timezone

from integrations import disconnecting, review_requests
from integrations.models import Notice, ReviewRequest, ReviewSettings, Subscription
from integrations.review_requests import step
from reconciliation.editing import edit
from reconciliation.entities import ENTITIES
from reconciliation.models import Invoice, Job
from tests.integrations.pages import at, words
from tests.integrations.syncs import sync
from tests.reconciliation import shop

HOUR = timedelta(hours=1)


@pytest.fixture
def asks(tenant):
    return ReviewSettings.objects.create(tenant=tenant, delay_hours=24, since=timezone.now() - 48 * HOUR)


@pytest.fixture
def told(tenant):
    """Somebody who is told of released requests."""
    return Subscription.objects.create(
        tenant=tenant, url="https://x.example/", events=["review_request.released"], secret="s" * 40
    )


def complete(tenant, hours_ago=30.0, **values):
    """A job that was completed so long ago, by an edit here."""
    job = shop.job(tenant, number="J-1", status="Scheduled", **values)
    completed = timezone.now() - hours_ago * HOUR
    edit(ENTITIES["job"], job.pk, {"status": "Completed", "completed_at": completed})
    job.refresh_from_db()
    return job


def bill(job, balance, number="I-1"):
    return shop.invoice(job.tenant, job.customer, job=job, number=number, balance=balance)


def only():
    return ReviewRequest.objects.get()


@pytest.mark.django_db
def test_without_settings_nobody_is_asked(tenant):
    complete(tenant)
    assert not ReviewRequest.objects.exists()


@pytest.mark.django_db
def test_switched_off_nobody_is_asked(tenant, asks):
    ReviewSettings.objects.update(enabled=False)
    complete(tenant)
    assert not ReviewRequest.objects.exists()


@pytest.mark.django_db
def test_jobs_from_before_it_was_switched_on_make_no_request(tenant, asks):
    complete(tenant, hours_ago=49)
    assert not ReviewRequest.objects.exists()


@pytest.mark.django_db
def test_a_job_that_is_not_completed_makes_no_request(tenant, asks):
    job = shop.job(tenant, status="Scheduled")
    edit(ENTITIES["job"], job.pk, {"status": "Canceled"})
    assert not ReviewRequest.objects.exists()


@pytest.mark.django_db
def test_before_its_time_nothing_is_released(tenant, asks, told):
    job = complete(tenant, hours_ago=2)
    assert (step(), only().state, Notice.objects.count()) == (0, "waiting", 0)
    assert only().due_at == job.completed_at + 24 * HOUR
    assert step(timezone.now() + 23 * HOUR) == 1


@pytest.mark.django_db
def test_while_money_is_owed_it_is_held_and_says_for_what(tenant, asks, told):
    job = complete(tenant)
    bill(job, "120.5")
    bill(job, "10", "I-2")
    bill(job, "0", "I-3")
    assert step() == 0
    assert (only().state, only().because) == ("held", "Invoices I-1, I-2: 130.50 USD not paid yet.")
    assert not Notice.objects.exists()


@pytest.mark.django_db
def test_paying_the_last_invoice_releases_it_at_once(tenant, asks, told):
    bills = [bill(complete(tenant), "120.5")]
    step()
    edit(ENTITIES["invoice"], bills[0].pk, {"balance": 0})
    assert (step(), only().state, only().because) == (1, "released", "")
    data = Notice.objects.get().payload["data"]
    assert (data["number"], data["customer"]["id"]) == ("J-1", bills[0].customer_id)


@pytest.mark.django_db
def test_an_invoice_of_another_job_or_customer_holds_nothing(tenant, asks):
    job = complete(tenant)
    shop.invoice(tenant, job.customer, job=shop.job(tenant, job.customer), number="I-9", balance="50")
    assert step() == 1


@pytest.mark.django_db
def test_a_job_that_is_opened_again_is_held_until_it_is_completed_again(tenant, asks):
    job = complete(tenant)
    edit(ENTITIES["job"], job.pk, {"status": "Hold"})
    assert (step(), only().because) == (0, "The job is no longer completed: it is “Hold”.")
    edit(ENTITIES["job"], job.pk, {"status": "Completed"})
    assert (step(), ReviewRequest.objects.count()) == (1, 1)


@pytest.mark.django_db
def test_a_job_is_asked_about_once_however_often_it_is_completed(tenant, asks, told):
    job = complete(tenant)
    step()
    for status in ("Scheduled", "Completed", "Scheduled", "Completed"):
        edit(ENTITIES["job"], job.pk, {"status": status})
    review_requests.make(tenant.pk, [job.pk, job.pk])
    assert (step(), step(), ReviewRequest.objects.count(), Notice.objects.count()) == (0, 0, 1, 1)


@pytest.mark.django_db
def test_a_job_made_here_is_asked_about_once_though_it_gets_its_id_later(tenant, asks):
    job = complete(tenant, external_id="")
    Job.objects.filter(pk=job.pk).update(external_id="777")
    edit(ENTITIES["job"], job.pk, {"summary": "it came back"})
    assert ReviewRequest.objects.count() == 1


@pytest.mark.django_db
def test_two_workers_release_it_once(tenant, asks, told):
    complete(tenant)
    mine, theirs = only(), only()
    released = [review_requests._release(row, asks, timezone.now()) for row in (mine, theirs)]
    assert (released, Notice.objects.count()) == ([1, 0], 1)


@pytest.mark.django_db(transaction=True)
def test_one_that_is_killed_while_it_releases_has_released_nothing(tenant, asks, told, monkeypatch):
    class Killed(BaseException):
        pass

    def die(*args):
        raise Killed

    complete(tenant)
    with monkeypatch.context() as patched, pytest.raises(Killed), transaction.atomic():
        patched.setattr(review_requests.outbox, "emit", die)
        step()
    assert only().state == "waiting"
    assert (step(), Notice.objects.count()) == (1, 1)


@pytest.mark.django_db
def test_one_tick_does_a_bounded_portion_and_the_next_goes_on(tenant, asks, monkeypatch):
    monkeypatch.setattr(review_requests, "A_TICK", 3)
    for _ in range(5):
        complete(tenant)
    assert (step(), step(), step()) == (3, 2, 0)


@pytest.fixture
def by_mail(asks, settings):
    settings.EMAIL_IS_SET = True
    asks.link, asks.sender = "https://reviews.example/1", "hello@hartwell.example"
    asks.save()
    return asks


@pytest.fixture
def reachable(tenant):
    ana = shop.customer(tenant, "Ana {Núñez}")
    shop.contact(ana, "ana@example.com", "email")
    return ana


@pytest.mark.django_db
def test_where_mail_is_set_up_the_customer_gets_one(tenant, by_mail, reachable):
    complete(tenant, of=reachable)
    step(), step()
    (message,) = mail.outbox
    assert (message.to, message.from_email) == (["ana@example.com"], "hello@hartwell.example")
    assert "Ana {Núñez}" in message.body and "https://reviews.example/1" in message.body
    assert only().email == "sent"


@pytest.mark.django_db
@pytest.mark.parametrize("without", ["smtp", "link", "sender", "address", "wish"])
def test_without_what_mail_needs_none_is_sent_and_it_is_released_all_the_same(
    tenant, by_mail, reachable, settings, without
):
    if without == "smtp":
        settings.EMAIL_IS_SET = False
    if without in {"link", "sender"}:
        ReviewSettings.objects.update(**{without: ""})
    if without == "address":
        reachable.contacts.all().delete()
    if without == "wish":
        reachable.do_not_mail = True
        reachable.save()
    complete(tenant, of=reachable)
    assert (step(), mail.outbox, only().email) == (1, [], "none")


@pytest.mark.django_db
def test_one_that_died_while_it_mailed_is_not_mailed_again(tenant, by_mail, reachable, monkeypatch):
    class Killed(BaseException):
        pass

    def die(request):
        raise Killed

    complete(tenant, of=reachable)
    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(review_requests, "_mail", die)
        step()
    step()
    assert (mail.outbox, only().email) == ([], "sending")


@pytest.mark.django_db
def test_a_mail_server_that_refuses_is_tried_again_a_few_times(tenant, by_mail, reachable, monkeypatch):
    def refuse(message):
        raise ConnectionRefusedError

    monkeypatch.setattr(review_requests.EmailMessage, "send", refuse)
    complete(tenant, of=reachable)
    for _ in range(9):
        step()
    assert (only().email, only().email_attempts) == ("failed", review_requests.MOST_MAIL_ATTEMPTS)


@pytest.mark.django_db
def test_a_request_of_an_erased_job_is_cancelled(tenant, asks):
    job = complete(tenant)
    job.appointments.all().delete()
    Job.objects.filter(pk=job.pk).delete()
    assert (step(), only().state, only().because) == (0, "cancelled", "The job was erased here.")


@pytest.mark.django_db
def test_the_list_says_why_one_is_held(tenant, asks, owner, client_for):
    bill(complete(tenant), "5")
    step()
    text = words(client_for(owner).get(at("reviewrequest_changelist")))
    assert "Job J-1" in text and "Held" in text and "Invoice I-1: 5.00 USD not paid yet." in text


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("field", "value"),
    [("text", "Hi {name}"), ("text", "{"), ("link", "javascript:alert(1)"), ("subject", "")],
)
def test_settings_that_could_not_be_used_are_refused_at_their_field(tenant, owner, client_for, field, value):
    data = {
        "tenant": tenant.pk,
        "enabled": "on",
        "delay_hours": 2,
        "subject": "Hi",
        "text": "Hi",
        "link": "",
        field: value,
    }
    reply = client_for(owner).post(at("reviewsettings_add"), data)
    assert reply.status_code == 200 and reply.context["adminform"].form.errors[field]
    assert not ReviewSettings.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_merchants_completed_jobs_are_asked_about_as_they_are_pulled(connection, tenant, sandbox):
    ReviewSettings.objects.create(tenant=tenant, delay_hours=0, since=timezone.now() - 24 * 3650 * HOUR)
    sync(connection)
    completed = Job.objects.filter(status="Completed")
    assert ReviewRequest.objects.count() == completed.count() > 0
    while review_requests.look(timezone.now()):
        pass
    unpaid = set(Invoice.objects.filter(balance__gt=0, job__in=completed).values_list("job", flat=True))
    held = set(ReviewRequest.objects.filter(state="held").values_list("job", flat=True))
    assert held == unpaid
    ended = disconnecting.disconnect(connection, "wipe", name=tenant.name, user=None)
    assert disconnecting.work(ended.pk) is True
    assert not ReviewRequest.objects.exclude(job=None).exists()
