"""A change that is owed wakes a worker at its commit, once, and never fails for want of one."""

import pytest
from django.core.cache import cache
from django.db import transaction
from django_q.models import OrmQ

from integrations import waking
from integrations.models import Delivery
from integrations.push.retrying import retry
from integrations.tasks import wake_for
from tests.admin.objects import OBJECTS

pytestmark = pytest.mark.django_db(transaction=True)


def queued() -> list[str]:
    return [row.func() for row in OrmQ.objects.all()]


def test_nothing_is_queued_for_what_is_rolled_back():
    with transaction.atomic():
        waking.at_commit(7)
        transaction.set_rollback(True)
    assert queued() == []


def test_a_broker_that_is_down_costs_nobody_a_change(monkeypatch, caplog):
    def down(*args, **kwargs):
        raise ConnectionError("no broker")

    monkeypatch.setattr(waking, "async_task", down)
    with transaction.atomic():
        waking.at_commit(7)
    assert "the next tick does" in caplog.text


def test_many_changes_queue_one_task_a_connection():
    for connection in (7, 7, 8):
        with transaction.atomic():
            waking.at_commit(connection)
            waking.at_commit(connection)
    assert len(queued()) == 2


def test_what_is_committed_while_a_task_works_queues_another():
    waking.at_commit(7)
    assert cache.get("wake:wake_for:7")
    wake_for(7)
    waking.at_commit(7)
    assert queued() == ["integrations.tasks.wake_for"] * 2


def test_a_retry_by_a_person_wakes_a_worker(tenant, owner):
    waiting = OBJECTS["integrations.delivery"](tenant)
    assert retry(Delivery.objects.filter(pk=waiting.pk), user=owner) == 1
    assert queued() == ["integrations.tasks.wake_for"]
