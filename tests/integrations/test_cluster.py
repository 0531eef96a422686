"""Real worker processes, and what is left when they are killed at any instant."""

import json
import random
import time

import pytest
from django.conf import settings
from django.utils import timezone
from django_q.brokers import get_broker
from django_q.models import OrmQ

from integrations import syncing, tasks
from integrations.models import Run, SyncRule
from reconciliation.models import Link
from tests.integrations.processes import kill, manage, wait_for
from tests.integrations.syncs import sync_all
from tests.integrations.truth import differences

pytestmark = [pytest.mark.cluster, pytest.mark.django_db(transaction=True)]


def lease_times_out():
    """What 90 seconds without a sign of life do."""
    SyncRule.objects.filter(lease_until__isnull=False).update(lease_until=timezone.now())


def test_a_sync_killed_at_any_instant_loses_nothing_and_repeats_nothing(tenant, shop, connect_to):
    sandbox = shop(customers=30, latency=(0.005, 0.03))
    connection = connect_to(tenant, sandbox)
    connection.rules.update(enabled=True, page_size=4)
    draw, kills = random.Random(7), 0
    for _ in range(5):
        sandbox.control.calls.reset()
        process = manage("sync", tenant.slug, "--json")
        wait_for(lambda: sum(sandbox.control.calls.calls.values()) > 1, 20, "call")
        time.sleep(draw.uniform(0.0, 0.5))
        kills += process.poll() is None
        kill(process)
        lease_times_out()
    assert kills >= 3
    killed_at = Link.objects.count()
    sync_all(connection)
    assert killed_at < Link.objects.count(), "it was killed in the middle"
    assert differences(connection, sandbox.control) == []
    runs = Run.objects.all()
    assert all(run.adds_up for run in runs)
    created = sum(run.created + run.joined for run in runs)
    assert created >= Link.objects.filter(record_id__isnull=False).count()
    assert sum(run.created for run in runs) <= Link.objects.count(), "nothing was created twice"


def test_the_command_goes_on_where_a_killed_one_stood(tenant, shop, connect_to):
    sandbox = shop(customers=300, latency=0.05)
    connection = connect_to(tenant, sandbox)
    connection.rules.update(page_size=3)
    process = manage("sync", tenant.slug, "--entity", "customer")
    wait_for(lambda: Run.objects.filter(rule__entity="customer", pages__gte=2).exists(), 20, "second page")
    kill(process)
    lease_times_out()
    rule = connection.rules.get(entity="customer")
    pages = Run.objects.get(rule=rule).pages
    assert 2 <= pages < 100
    done = manage("sync", tenant.slug, "--entity", "customer", "--json")
    said, _ = done.communicate(timeout=30)
    found = json.loads(said)["entities"][0]
    assert done.returncode == 0
    assert (found["created"], found["pages"]) == (300, 100)
    assert Run.objects.filter(rule=rule).count() == 1


def test_a_cluster_takes_up_a_sync_at_once_and_a_killed_ones_successor_finishes_it(tenant, shop, connect_to):
    sandbox = shop(customers=25, latency=0.03)
    connection = connect_to(tenant, sandbox)
    connection.rules.update(page_size=3, due_at=None)
    tasks.call_workers(1)
    first = manage("qcluster")
    try:
        wait_for(lambda: not OrmQ.objects.exists(), 25, "worker that takes from the queue")
        batch = syncing.start(connection, user=None)
        began = Run.objects.filter(batch=batch, started_at__isnull=False)
        assert wait_for(began.exists, 6, "run that began") < 4
        wait_for(
            lambda: Run.objects.filter(batch=batch, rule__entity="customer", pages__gte=2).exists(),
            20,
            "page",
        )
    finally:
        kill(first)
    unfinished = Run.objects.filter(batch=batch, state__in=Run.OPEN)
    assert unfinished.exists()
    lease_times_out()
    tasks.tick()
    second = manage("qcluster")
    try:
        wait_for(lambda: not unfinished.exists(), 40, "end of all runs")
    finally:
        kill(second)
        lease_times_out()
    assert set(Run.objects.filter(batch=batch).values_list("state", flat=True)) == {"completed"}
    sync_all(connection)
    assert differences(connection, sandbox.control) == []


def test_two_processes_together_stay_within_the_limit_and_fetch_one_token(tenant, shop, connect_to):
    """A strict sliding window of 60 a second, which answers 429 to the 61st call."""
    sandbox = shop(customers=150, rate=60, window="sliding", shape="exact")
    connection = connect_to(tenant, sandbox)
    connection.rules.update(page_size=1)
    connection.token.delete()
    sandbox.control.calls.reset()
    workers = [manage("sync", tenant.slug, "--entity", entity) for entity in ("customer", "technician")]
    workers[1].communicate(timeout=30)
    workers[0].communicate(timeout=60)
    calls = sandbox.control.calls
    assert [worker.returncode for worker in workers] == [0, 0]
    assert calls.statuses[429] == 0
    assert calls.peak <= 60
    assert calls.token_calls == 1
    assert sum(calls.calls.values()) >= 170


def test_no_more_workers_are_called_than_can_hear_it(connection):
    tasks.call_workers(100)
    tasks.call_workers(100)
    assert get_broker().queue_size() == settings.Q_WORKERS
