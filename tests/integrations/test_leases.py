"""Who works on a rule: one at a time, and nobody for ever."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connections
from django.utils import timezone

from integrations import leases
from integrations.leases import LEASE, LeaseLost
from integrations.models import SyncRule

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def rule(tenant, sandbox, connect_to):
    return connect_to(tenant, sandbox, test=False).rules.get(entity="customer")


def expire(rule):
    SyncRule.objects.filter(pk=rule.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


def test_a_rule_is_leased_to_one_worker_at_a_time(rule):
    lease = leases.take(rule.pk)
    assert leases.take(rule.pk) is None
    leases.release(lease)
    assert leases.take(rule.pk).number == lease.number + 1


def test_a_lease_without_a_sign_of_life_ends_by_itself(rule, time_machine):
    leases.take(rule.pk)
    time_machine.move_to(timezone.now() + LEASE + timedelta(seconds=1), tick=False)
    assert leases.take(rule.pk) is not None


def test_a_sign_of_life_prolongs_a_lease(rule, time_machine):
    start = timezone.now()
    lease = leases.take(rule.pk)
    for minute in range(1, 5):
        time_machine.move_to(start + timedelta(minutes=minute), tick=False)
        leases.renew(lease)
        assert leases.take(rule.pk) is None


def test_a_worker_whose_lease_was_taken_over_can_neither_renew_nor_write_nor_release(rule):
    old = leases.take(rule.pk)
    expire(rule)
    new = leases.take(rule.pk)
    with pytest.raises(LeaseLost):
        leases.renew(old, cursor={"phase": "mine"})
    leases.release(old)
    rule.refresh_from_db()
    assert rule.cursor == {}
    assert rule.lease_until is not None
    leases.renew(new, cursor={"phase": "theirs"})
    rule.refresh_from_db()
    assert rule.cursor == {"phase": "theirs"}


def test_of_many_who_ask_at_once_one_gets_it(rule):
    barrier, got = Barrier(6), []

    def ask():
        try:
            barrier.wait(5)
            got.append(leases.take(rule.pk))
        finally:
            connections.close_all()

    threads = [Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len([lease for lease in got if lease]) == 1
    assert len(got) == 6
