"""When a rule is due again, and what a run's end leaves behind."""

from datetime import UTC, datetime, timedelta

import pytest

from integrations import runs, syncing
from integrations.connectors.errors import Who
from integrations.models import Run, SyncRule
from integrations.syncing import NothingToSync
from portal.models import AuditEntry

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def due(state, *, failures=0, retry_after=None, **rule):
    return runs.next_due(SyncRule(interval=10, failures=failures, **rule), state, NOON, retry_after) - NOON


@pytest.mark.parametrize("state", ["completed", "with_errors", "cancelled"])
def test_a_rule_is_due_again_after_its_interval(state):
    assert due(state) == timedelta(minutes=10)


def test_a_rule_of_which_everything_was_asked_meanwhile_is_due_at_once():
    assert due("completed", full_wanted=True) == timedelta(0)


def test_after_failures_in_a_row_each_wait_is_twice_as_long_up_to_an_hour():
    waits = [due("failed", failures=number) / timedelta(minutes=1) for number in range(1, 10)]
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert due("failed", failures=10**9) == timedelta(hours=1)


def test_a_wait_that_the_source_asks_for_is_kept():
    assert due("failed", failures=1, retry_after=7200) == timedelta(hours=2)
    assert due("failed", failures=9, retry_after=1) == timedelta(minutes=1)


@pytest.mark.django_db(transaction=True)
class TestStarting:
    def test_a_run_that_fails_says_who_must_act_and_keeps_its_cursor(self, connection):
        rule = connection.rules.get(entity="customer")
        SyncRule.objects.filter(pk=rule.pk).update(cursor={"phase": "feed", "position": "7"})
        run = runs.fail(runs.ask(rule, Run.Trigger.PERSON), Who.RETRY_LATER, "x" * 99, "later", "d" * 9999)
        rule.refresh_from_db()
        assert (run.state, run.error_who, run.error_reason) == ("failed", "retry_later", "x" * 40)
        assert (rule.cursor["position"], rule.failures, rule.synced_at) == ("7", 1, None)

    def test_all_enabled_rules_start_in_one_batch_that_the_audit_trail_knows(self, connection, owner):
        batch = syncing.start(connection, user=owner)
        enabled = connection.rules.filter(enabled=True).count()
        assert Run.objects.filter(batch=batch, started_by=owner, state="queued").count() == enabled
        entry = AuditEntry.objects.get(action="sync.started")
        assert (entry.actor, entry.tenant) == (owner, connection.tenant)

    def test_starting_twice_starts_nothing_twice(self, connection):
        syncing.start(connection, user=None)
        number = Run.objects.count()
        syncing.start(connection, user=None)
        assert Run.objects.count() == number

    @pytest.mark.parametrize(
        ("entities", "words"),
        [(["unicorn"], "There is no rule for unicorn"), (["note"], "off unless wanted")],
    )
    def test_what_cannot_start_says_why(self, connection, entities, words):
        with pytest.raises(NothingToSync, match=words):
            syncing.start(connection, user=None, entities=entities)
        assert not Run.objects.filter(state="queued").exists()

    @pytest.mark.parametrize("status", ["new", "relink", "paused", "disconnected"])
    def test_a_connection_that_may_not_call_starts_nothing(self, connection, status):
        connection.status = status
        with pytest.raises(NothingToSync, match=str(connection)):
            syncing.start(connection, user=None)

    def test_a_paused_merchant_starts_nothing(self, connection):
        connection.tenant.status = "paused"
        with pytest.raises(NothingToSync, match="paused"):
            syncing.start(connection, user=None)

    def test_cancelling_a_run_that_waits_closes_it_at_once(self, connection, owner):
        run = runs.ask(connection.rules.get(entity="customer"), Run.Trigger.PERSON)
        syncing.ask_to_cancel(run, user=owner)
        run.refresh_from_db()
        assert (run.state, run.is_open) == ("cancelled", False)

    def test_cancelling_a_run_at_work_only_asks(self, connection, owner):
        run = runs.ask(connection.rules.get(entity="customer"), Run.Trigger.PERSON)
        Run.objects.filter(pk=run.pk).update(state="running")
        run.refresh_from_db()
        syncing.ask_to_cancel(run, user=owner)
        run.refresh_from_db()
        assert (run.state, run.cancel_wanted) == ("running", True)
