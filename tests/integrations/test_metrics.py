"""What Prometheus is told of the work: the figures are those of the tables, by tenant and connection."""

from datetime import timedelta

import pytest
from django.utils import timezone

from integrations import leases, metrics, quota, schedule
from integrations.connectors.base import Usage
from integrations.models import CallBudget, Connection, Delivery, Run, RunFailure
from portal.metrics import exposition
from reconciliation.models import Conflict, Customer, Link
from tests.integrations.pushes import both_ways, change, push
from tests.integrations.syncs import rule_of, sync

pytestmark = pytest.mark.django_db(transaction=True)
ST = ("hartwell", "servicetitan")


@pytest.fixture
def quiet(connection) -> Connection:
    """Nothing is due."""
    connection.rules.update(due_at=None)
    return connection


def test_a_rule_that_nobody_takes_makes_its_tenant_late_by_the_time_it_has_been_due(quiet):
    now = timezone.now()
    quiet.rules.filter(entity="customer").update(due_at=now - timedelta(minutes=7))
    quiet.rules.filter(entity="job").update(due_at=now - timedelta(minutes=1))
    found = metrics.lateness(now)
    assert found["trunkline_lateness_seconds"] == {("hartwell",): 420}
    assert found["trunkline_queue_age_seconds"] == {(): 420}
    assert (found["trunkline_work_due"], found["trunkline_work_late"]) == ({(): 2}, {(): 1})


def test_a_rule_at_work_is_not_late(quiet):
    rule = rule_of(quiet, "customer")
    type(rule).objects.filter(pk=rule.pk).update(due_at=timezone.now() - timedelta(minutes=7))
    leases.take(rule.pk)
    assert metrics.lateness(timezone.now())["trunkline_lateness_seconds"] == {("hartwell",): 0}


def test_a_delivery_that_is_due_makes_its_tenant_late_too(quiet):
    both_ways(quiet, "customer")
    sync(quiet, "customer")
    quiet.rules.update(due_at=None)
    change("customer", Customer.objects.filter(active=True).first().pk, name="Nora New")
    now = Delivery.objects.get().next_try_at + timedelta(minutes=4)
    assert metrics.lateness(now)["trunkline_lateness_seconds"][("hartwell",)] == 240


def test_a_silent_cluster_shows_by_the_age_of_its_heartbeat(quiet):
    now = timezone.now()
    assert metrics.lateness(now)["trunkline_heartbeat_age_seconds"] == {}
    schedule.beat(now - timedelta(minutes=9))
    assert metrics.lateness(now)["trunkline_heartbeat_age_seconds"] == {(): 540}


def test_failures_are_counted_by_connection_and_reason(quiet):
    rule, now = rule_of(quiet, "customer"), timezone.now()
    long_ago = now - timedelta(hours=2)
    failed = {"rule": rule, "state": Run.State.FAILED}
    run = Run.objects.create(**failed, error_reason="timeout", finished_at=now)
    Run.objects.create(**failed, error_reason="timeout", finished_at=long_ago)
    for reason, state in (("no_number", "open"), ("no_number", "retrying"), ("no_number", "resolved")):
        RunFailure.objects.create(rule=rule, run=run, reason=reason, message="x", state=state, created_at=now)
    found = metrics.failures(now)
    assert found["trunkline_runs_failed_last_hour"] == {(*ST, "timeout"): 1}
    assert found["trunkline_failed_records"] == {(*ST, "no_number"): 2}


def test_deliveries_are_those_that_go_on_and_those_that_wait_for_a_person(quiet):
    rule, now = rule_of(quiet, "customer"), timezone.now()
    rows = [("owed", "", 50), ("unknown", "timeout", 10), ("needs_person", "refused", 90), ("done", "", 99)]
    for number, (state, reason, minutes) in enumerate(rows):
        Delivery.objects.create(
            connection=quiet, rule=rule, entity="customer", record_id=number, state=state, reason=reason,
            created_at=now - timedelta(minutes=minutes),
        )  # fmt: skip
    assert metrics.deliveries(now) == {
        "trunkline_deliveries_waiting": {(*ST, "refused"): 1},
        "trunkline_deliveries_open": {(*ST, "owed"): 1, (*ST, "unknown"): 1},
        "trunkline_delivery_oldest_age_seconds": {ST: 3000},
    }


def test_rates_are_of_the_last_hour(quiet):
    rule, now = rule_of(quiet, "customer"), timezone.now()
    Run.objects.all().delete()
    for began, last, state, read in (
        (30, 20, "completed", 100),
        (90, 61, "completed", 1_000),
        (180, 0, "running", 900),
    ):
        at = now - timedelta(minutes=last)
        Run.objects.create(
            rule=rule, state=state, read=read, started_at=now - timedelta(minutes=began), heartbeat_at=at,
            finished_at=None if state == "running" else at,
        )  # fmt: skip
    for number, minutes in enumerate((10, 59, 61)):
        Delivery.objects.create(
            connection=quiet, rule=rule, entity="customer", record_id=number, state="done", created_at=now,
            closed_at=now - timedelta(minutes=minutes),
        )  # fmt: skip
    assert metrics.rates(now) == {
        "trunkline_records_pulled_last_hour": {ST: 100 + 300},
        "trunkline_records_pushed_last_hour": {ST: 2},
    }


def test_what_was_really_pulled_and_pushed_is_counted(quiet):
    both_ways(quiet, "customer")
    sync(quiet, "customer")
    change("customer", Customer.objects.filter(active=True).first().pk, name="Nora New")
    push(quiet, "customer")
    found = metrics.rates(timezone.now())
    read = sum(Run.objects.values_list("read", flat=True))
    assert (found["trunkline_records_pulled_last_hour"][ST], read > 0) == (read, True)
    assert found["trunkline_records_pushed_last_hour"] == {ST: 1}


def test_calls_left_are_those_of_the_minute_and_of_the_day(quiet):
    now = timezone.now()
    key = Connection.objects.get(pk=quiet.pk).budget_key
    minute = int(now.timestamp()) // 60
    CallBudget.objects.filter(key=key).update(minute=minute, last_minute_calls=600)
    quota.note(key, Usage(used=900, allowed=1_000))
    found = metrics.connections(now)
    assert found["trunkline_calls_last_minute"] == {ST: 600}
    assert found["trunkline_quota_remaining"] == {(*ST, "minute"): 3_000, (*ST, "day"): 100}
    assert found["trunkline_connection_healthy"] == {ST: 1}


def test_a_connection_with_a_problem_is_not_healthy(quiet):
    quiet.fail("The log-in is dead.", "fix_configuration", relink=True)
    assert metrics.connections(timezone.now())["trunkline_connection_healthy"] == {ST: 0}


def test_conflicts_are_counted_with_the_age_of_the_oldest(quiet):
    sync(quiet, "customer")
    link, now = Link.objects.filter(entity="customer").first(), timezone.now()
    for field, state, hours in (("name", "pending", 5), ("street", "pending", 2), ("city", "resolved", 9)):
        Conflict.objects.create(
            tenant=quiet.tenant, link=link, entity="customer", record_id=link.record_id, field=field,
            state=state, created_at=now - timedelta(hours=hours),
        )  # fmt: skip
    text = exposition(now)
    assert 'trunkline_conflicts_open{tenant="hartwell"} 2' in text
    assert 'trunkline_conflict_oldest_age_seconds{tenant="hartwell"} 18000' in text


def test_a_scrape_costs_the_same_queries_however_much_there_is(
    quiet, other_tenant, django_assert_num_queries
):
    from django.db import connection as database
    from django.test.utils import CaptureQueriesContext

    sync(quiet, "customer", "location")
    both_ways(quiet, "customer")
    first, *others = Customer.objects.filter(active=True)[:6]
    change("customer", first.pk, name="Nora")
    with CaptureQueriesContext(database) as before:
        exposition(timezone.now())
    for row in others:
        change("customer", row.pk, name=f"Nora {row.pk}")
    with django_assert_num_queries(len(before)):
        exposition(timezone.now())


def test_no_name_and_no_secret_is_told(quiet):
    text = exposition(timezone.now())
    secrets = [str(value) for value in quiet.credentials.reveal().values()]
    assert "hartwell" in text
    assert not any(word in text for word in [quiet.tenant.name, quiet.remote_account, *secrets])
