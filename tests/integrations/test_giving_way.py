"""A worker that is long at one merchant calls another for those who wait, and leaves if nobody came."""

import time
from collections import Counter

import pytest
from django.utils import timezone

from integrations import giving_way, leases, schedule, tasks
from integrations.giving_way import LOOK_SECONDS, GivingWay
from integrations.models import Run
from integrations.work import take_turn
from tests.integrations.syncs import rule_of


class Asked:
    """A worker at its rule, between two pages; who waits is told to it, and whom it calls is counted."""

    def __init__(self, monkeypatch):
        self.waits, self.looks, self.calls, self.now = False, 0, 0, 0.0
        monkeypatch.setattr(schedule, "others_wait", self._looked)
        self.gives_way = GivingWay(None, self._called, clock=lambda: self.now)

    def _looked(self, lease):
        self.looks += 1
        return self.waits

    def _called(self):
        self.calls += 1

    def after(self, seconds):
        self.now += seconds
        return self.gives_way()


@pytest.fixture
def asked(monkeypatch):
    return Asked(monkeypatch)


def test_a_worker_looks_up_only_now_and_then(asked):
    assert not any(asked.after(LOOK_SECONDS / 10) for _ in range(40))
    assert asked.looks <= 4
    assert asked.calls == 0


def test_the_first_time_that_others_wait_another_worker_is_called(asked):
    asked.waits = True
    assert not asked.after(LOOK_SECONDS)
    assert asked.calls == 1


def test_if_they_still_wait_at_the_next_look_this_worker_leaves(asked):
    asked.waits = True
    asked.after(LOOK_SECONDS)
    assert asked.after(LOOK_SECONDS)


def test_if_somebody_came_it_stays(asked):
    asked.waits = True
    asked.after(LOOK_SECONDS)
    asked.waits = False
    assert not asked.after(LOOK_SECONDS)
    asked.waits = True
    assert not asked.after(LOOK_SECONDS), "others wait anew: another worker is called first"
    assert asked.calls == 2


@pytest.mark.django_db(transaction=True)
class TestWhoWaits:
    @pytest.fixture
    def lease(self, connection):
        """Of the customers of a merchant whose other rules are due, too."""
        connection.rules.update(due_at=timezone.now(), synced_at=timezone.now())
        lease = leases.take(rule_of(connection, "customer").pk)
        yield lease
        leases.release(lease)

    @pytest.fixture
    def other(self, other_tenant, shop, connect_to):
        other = connect_to(other_tenant, shop())
        other.rules.update(due_at=None, synced_at=timezone.now())
        return other

    def test_a_merchants_own_rules_do_not_make_its_worker_leave(self, lease, other):
        assert not schedule.others_wait(lease)

    def test_a_rule_of_another_merchant_does(self, lease, other):
        other.rules.filter(entity="job").update(due_at=timezone.now())
        assert schedule.others_wait(lease)

    def test_a_merchant_that_has_all_its_workers_waits_for_none(self, lease, other):
        other.rules.update(due_at=timezone.now())
        first, second = (leases.take(rule_of(other, name).pk) for name in ("job", "invoice"))
        assert Counter([first is not None, second is not None]) == {True: schedule.PER_TENANT}
        assert not schedule.others_wait(lease)

    def test_a_long_pull_is_left_for_another_merchants_and_gone_on_with_later(
        self, connection, other, monkeypatch
    ):
        monkeypatch.setattr(giving_way, "LOOK_SECONDS", 0.0)
        connection.rules.update(due_at=None, synced_at=timezone.now(), page_size=2)
        other.rules.filter(entity="job").update(due_at=timezone.now())
        rule = rule_of(connection, "customer")
        type(rule).objects.filter(pk=rule.pk).update(due_at=timezone.now(), page_size=2, cursor={})
        called: list[float] = []
        lease = leases.take(rule.pk)
        take_turn(lease, seconds=60, gives_way=GivingWay(lease, lambda: called.append(time.monotonic())))
        run = Run.objects.get(rule=rule)
        assert (run.state, len(called)) == (Run.State.RUNNING, 1)
        assert 0 < run.read < run.expected
        while tasks.wake():
            pass
        run.refresh_from_db()
        assert run.state == Run.State.COMPLETED
        assert run.read == run.expected
        assert Run.objects.get(rule__connection=other, rule__entity="job").state == Run.State.COMPLETED
