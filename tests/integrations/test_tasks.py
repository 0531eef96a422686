"""What the queue runs: it wakes workers, tidies up after the dead, and forgets what is long over."""

from datetime import timedelta

import pytest
from django.utils import timezone
from django_q.models import OrmQ, Schedule
from django_q.signing import SignedPackage

from integrations import leases, pending, runs, schedule, syncing, tasks
from integrations.models import Heartbeat, Run
from portal import audit
from portal.models import AuditEntry, AuditSeal
from portal.verifying import each_night
from tests.integrations.syncs import rule_of
from tests.integrations.truth import differences

pytestmark = pytest.mark.django_db(transaction=True)


def test_one_woken_worker_brings_a_merchant_in_parents_before_children(connection, sandbox):
    batch = syncing.start(connection, user=None)
    assert tasks.wake() > 20
    done = Run.objects.filter(batch=batch).order_by("started_at")
    assert set(done.values_list("state", flat=True)) == {"completed"}
    names = [run.rule.entity for run in done]
    assert names.index("customer") < names.index("location") < names.index("job") < names.index("invoice")
    enabled = connection.rules.filter(enabled=True).values_list("entity", flat=True)
    assert differences(connection, sandbox.control, *enabled) == []
    assert tasks.wake() == 0


def test_a_worker_woken_for_nothing_does_nothing(connection):
    connection.rules.update(due_at=None)
    assert tasks.wake() == 0


def test_a_worker_works_in_slices_and_leaves_the_rest_to_the_next(connection, monkeypatch):
    connection.rules.update(page_size=2)
    syncing.start(connection, user=None, entities=["customer"])
    connection.rules.exclude(entity="customer").update(due_at=None)
    OrmQ.objects.all().delete()
    monkeypatch.setattr(tasks, "SLICE_SECONDS", 0.0)
    monkeypatch.setattr(tasks, "WAKE_SECONDS", 0.05)
    assert tasks.wake() >= 1
    if Run.objects.filter(rule__entity="customer", state="running").exists():
        assert OrmQ.objects.count() == 1, "it has called for another turn"
    while tasks.wake():
        pass
    assert Run.objects.get(rule__entity="customer").state == "completed"


def test_the_tick_shows_life_and_wakes_workers_for_what_is_due(connection):
    connection.rules.update(due_at=None)
    rule_of(connection, "customer").__class__.objects.filter(entity="customer").update(due_at=timezone.now())
    OrmQ.objects.all().delete()
    Heartbeat.objects.create(name=tasks.NIGHTLY, at=timezone.now())
    tasks.tick()
    assert schedule.is_alive(timezone.now())
    assert OrmQ.objects.count() == 1


def test_an_open_run_that_nobody_may_work_on_is_closed(connection):
    rule = rule_of(connection, "customer")
    run = runs.ask(rule, Run.Trigger.PERSON)
    type(rule).objects.filter(pk=rule.pk).update(enabled=False)
    assert tasks.sweep(timezone.now()) == 1
    run.refresh_from_db()
    assert run.state == "cancelled"
    assert "switched off meanwhile" in run.error


def test_an_open_run_at_work_is_left_alone_until_its_lease_ends(connection):
    rule = rule_of(connection, "customer")
    runs.ask(rule, Run.Trigger.PERSON)
    leases.take(rule.pk)
    type(rule).objects.filter(pk=rule.pk).update(enabled=False)
    assert tasks.sweep(timezone.now()) == 0
    assert tasks.sweep(timezone.now() + leases.LEASE + timedelta(seconds=1)) == 1


def test_a_run_whose_worker_died_is_taken_up_again(connection):
    rule = rule_of(connection, "customer")
    runs.ask(rule, Run.Trigger.PERSON)
    leases.take(rule.pk)
    later = timezone.now() + leases.LEASE + timedelta(seconds=1)
    assert rule.pk in {found.rule_id for found in pending.candidates(later)}


def test_the_nightly_work_is_asked_for_once_a_day(connection):
    now = timezone.now()
    Heartbeat.objects.create(name=tasks.NIGHTLY, at=now - timedelta(hours=23))
    OrmQ.objects.all().delete()
    tasks.each_night(now)
    assert not OrmQ.objects.exists()
    for hours in (2, 3):
        tasks.each_night(now + timedelta(hours=hours))
    queued = [SignedPackage.loads(row.payload)["func"] for row in OrmQ.objects.order_by("pk")]
    assert queued == ["portal.retention.each_night", "portal.verifying.each_night"]


def test_the_tick_seals_the_audit_trail_and_has_it_verified_once_a_day(connection):
    audit.record("tenant.changed", connection.tenant)
    for _ in range(2):
        tasks.tick()
    assert AuditSeal.objects.count() == AuditEntry.objects.count()
    queued = [SignedPackage.loads(row.payload)["func"] for row in OrmQ.objects.all()]
    assert queued.count("portal.verifying.each_night") == 1
    each_night()
    assert AuditEntry.objects.filter(action="audit.verified").exists()


def test_a_worker_that_leaves_something_to_do_calls_another_once(connection, monkeypatch):
    """However many clusters there are, whoever is free hears it."""
    connection.rules.update(due_at=None)
    connection.rules.filter(entity__in=("technician", "job_type")).update(due_at=timezone.now())
    OrmQ.objects.all().delete()
    queued = []
    monkeypatch.setattr(tasks, "take_turn", lambda lease, **_: queued.append(OrmQ.objects.count()))
    assert tasks.wake() == 2
    assert queued == [1, 1], "the second turn has nothing beside it, so nobody is called for it"


def test_there_is_one_tick_however_often_the_portal_is_migrated(db):
    for _ in range(3):
        tasks.ensure_schedule()
    assert Schedule.objects.filter(func="integrations.tasks.each_minute").count() == 1


def test_customers_that_a_pull_brought_are_compared_by_a_worker(connection, monkeypatch):
    from integrations import tasks
    from integrations.work import work
    from reconciliation.models import Unmatched

    work(connection.rules.get(entity="customer").pk)
    assert Unmatched.objects.exists()
    monkeypatch.setattr(tasks, "async_task", lambda name, *args, **options: asked.append((name, args)))
    asked = []
    tasks.tick()
    wanted = [args for name, args in asked if name.endswith(".match")]
    assert wanted == [(connection.tenant_id,)]
    tasks.match(connection.tenant_id)
    assert not Unmatched.objects.exists()
