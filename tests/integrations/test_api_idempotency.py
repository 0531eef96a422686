"""One effect and one answer for each idempotency key."""

import json
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connections
from django.utils import timezone

from integrations import idempotency
from integrations.models import KeptAnswer
from portal import retention
from reconciliation.models import Customer, Job
from tests.integrations.bookings import caller_for, wanted
from tests.reconciliation import shop

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def caller(tenant):
    for kind in ("job_type", "business_unit", "campaign"):
        shop.item(tenant, kind, name=f"A {kind}")
    return caller_for(tenant)


def test_the_same_key_with_another_body_is_refused_and_books_nothing(tenant, caller):
    assert caller.post(wanted(tenant), key="order-1").status_code == 201
    reply = caller.post(wanted(tenant, summary="Something else"), key="order-1")
    assert (reply.status_code, reply.json()["type"]) == (409, "urn:trunkline:problem:idempotency-key-reused")
    assert Job.objects.count() == 1


def test_the_same_key_and_body_get_the_same_answer_whatever_has_happened_since(tenant, caller):
    first = caller.post(wanted(tenant), key="order-1")
    Job.objects.update(status="Completed")
    again = caller.post(wanted(tenant), key="order-1")
    assert (again.status_code, again.content, again["Location"]) == (201, first.content, first["Location"])
    assert (again["Idempotency-Replayed"], "Idempotency-Replayed" in first) == ("true", False)
    assert Job.objects.count() == 1


def test_json_written_another_way_is_the_same_body(tenant, caller):
    body = wanted(tenant)
    caller.post(json.dumps(body), key="order-1")
    reply = caller.post(json.dumps(dict(reversed(body.items())), indent=4), key="order-1")
    assert reply.status_code == 201
    assert Job.objects.count() == 1


def test_without_a_key_every_request_books(tenant, caller):
    for _ in range(2):
        assert caller.post(wanted(tenant)).status_code == 201
    assert Job.objects.count() == 2


def test_a_key_is_its_clients_own(tenant, caller):
    caller.post(wanted(tenant), key="order-1")
    assert caller_for(tenant, "Call centre").post(wanted(tenant), key="order-1").status_code == 201
    assert Job.objects.count() == 2


def test_what_was_refused_may_come_corrected_under_the_same_key(tenant, caller):
    assert caller.post(wanted(tenant, job_type="Chimney"), key="order-1").status_code == 422
    assert caller.post(wanted(tenant), key="order-1").status_code == 201


def test_a_failure_half_way_leaves_neither_a_job_nor_an_answer(tenant, caller, monkeypatch):
    def breaks(*args, **kwargs):
        raise RuntimeError("half way")

    with monkeypatch.context() as patch:
        patch.setattr("integrations.api.jobs.shown", breaks)
        assert caller.post(wanted(tenant), key="order-1").status_code == 500
    assert (Job.objects.count(), KeptAnswer.objects.count()) == (0, 0)
    assert caller.post(wanted(tenant), key="order-1").status_code == 201


@pytest.mark.parametrize("key", ["x" * 256, "caf\u00e9"])
def test_a_key_that_cannot_be_kept_is_refused(tenant, caller, key):
    reply = caller.post(wanted(tenant), key=key)
    assert (reply.status_code, reply.json()["type"]) == (
        400,
        "urn:trunkline:problem:idempotency-key-malformed",
    )


@pytest.mark.parametrize(
    "keys", [["order-1"] * 6, [f"order-{n}" for n in range(6)]], ids=["one key", "six keys"]
)
def test_requests_in_flight_at_once_have_one_effect_a_key_and_make_one_customer(tenant, caller, keys):
    start, replies = Barrier(len(keys)), []
    body = wanted(tenant)

    def send(key: str) -> None:
        start.wait()
        replies.append(caller.post(body, key=key))
        connections.close_all()

    threads = [Thread(target=send, args=(key,)) for key in keys]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [reply.status_code for reply in replies] == [201] * len(keys)
    assert len({reply.content for reply in replies}) == len(set(keys))
    assert (Job.objects.count(), Customer.objects.count()) == (len(set(keys)), 1)


def test_an_answer_is_forgotten_after_its_time(tenant, caller):
    caller.post(wanted(tenant), key="order-1")
    KeptAnswer.objects.update(at=timezone.now() - idempotency.KEPT - timedelta(minutes=1))
    assert caller.post(wanted(tenant, summary="Another"), key="order-1").status_code == 201
    KeptAnswer.objects.update(at=timezone.now() - idempotency.KEPT - timedelta(minutes=1))
    retention.each_night()
    assert not KeptAnswer.objects.exists()
