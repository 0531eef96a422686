"""What is old goes; what waits for somebody, or is asked of later, stays however old it is."""

from datetime import timedelta

import pytest
from django.utils import timezone

from integrations.models import Delivery, FlowRun, Hook, KeptAnswer, Notice, Run, RunFailure
from portal import audit, retention
from portal.models import AuditEntry
from reconciliation.entities import ENTITIES
from reconciliation.merging import merge, undo
from reconciliation.models import Change, Conflict, Customer, Link, Merge, MergeMove
from tests.integrations.pushes import both_ways, change, push
from tests.integrations.syncs import rule_of, sync

pytestmark = pytest.mark.django_db(transaction=True)
YEARS_AGO = timezone.now() - timedelta(days=3_000)


@pytest.fixture
def rule(connection):
    sync(connection, "customer")
    return rule_of(connection, "customer")


def test_runs_go_but_not_those_with_failures_that_wait_nor_open_ones(rule):
    Run.objects.all().delete()
    old, troubled = (
        Run.objects.create(rule=rule, state=Run.State.COMPLETED, finished_at=YEARS_AGO) for _ in range(2)
    )
    recent = Run.objects.create(rule=rule, state=Run.State.COMPLETED, finished_at=timezone.now())
    open_run = Run.objects.create(rule=rule, state=Run.State.RUNNING, started_at=YEARS_AGO)
    of_failure = {"rule": rule, "reason": "x", "message": "x", "created_at": YEARS_AGO}
    RunFailure.objects.create(run=old, state="resolved", resolved_at=YEARS_AGO, **of_failure)
    RunFailure.objects.create(run=troubled, state="resolved", resolved_at=YEARS_AGO, **of_failure)
    kept = RunFailure.objects.create(run=troubled, **of_failure)
    retention.each_night()
    assert set(Run.objects.all()) == {troubled, recent, open_run}
    assert list(RunFailure.objects.all()) == [kept]


def test_runs_that_found_nothing_new_go_after_two_days_but_for_the_last(rule):
    Run.objects.all().delete()
    days_ago = timezone.now() - timedelta(days=3)
    made = {
        name: Run.objects.create(rule=rule, **{"state": "completed", "finished_at": days_ago} | members)
        for name, members in {
            "nothing": {"read": 5, "unchanged": 5},
            "of a person": {"trigger": "person"},
            "something": {"updated": 1},
            "failed": {"state": "failed"},
            "today's": {"finished_at": timezone.now()},
            "the last": {},
        }.items()
    }
    retention.each_night()
    assert {name for name, run in made.items() if not Run.objects.filter(pk=run.pk).exists()} == {"nothing"}


def test_of_deliveries_only_updates_that_have_come_to_an_end_go(rule):
    link = Link.objects.filter(entity="customer").first()
    cases = {
        ("done", "update", ""): False,
        ("not_needed", "", "same"): False,
        ("done", "create", ""): True,
        ("done", "retire", ""): True,
        ("done", "remove", ""): True,
        ("not_needed", "", "voided"): True,
        ("given_up", "update", "refused"): True,
        ("needs_person", "update", "refused"): True,
    }
    for (state, operation, reason), _ in cases.items():
        Delivery.objects.create(
            connection=rule.connection, rule=rule, entity="customer", record_id=link.record_id, state=state,
            operation=operation, reason=reason, created_at=YEARS_AGO, closed_at=YEARS_AGO,
        )  # fmt: skip
    retention.each_night()
    left = set(Delivery.objects.values_list("state", "operation", "reason"))
    assert left == {case for case, stays in cases.items() if stays}


def test_a_delivery_of_a_record_that_is_not_there_stays(rule):
    Delivery.objects.create(
        connection=rule.connection, rule=rule, entity="customer", record_id=10**9, state="not_needed",
        reason="same", created_at=YEARS_AGO, closed_at=YEARS_AGO,
    )  # fmt: skip
    retention.each_night()
    assert Delivery.objects.count() == 1


def test_a_record_whose_old_deliveries_are_gone_is_written_again_as_ever(connection, sandbox):
    both_ways(connection, "customer")
    sync(connection, "customer")
    person = Customer.objects.filter(active=True).first()
    for name in ("Nora New", "Nora Newer"):
        change("customer", person.pk, name=name)
        push(connection, "customer")
        Delivery.objects.filter(state="done").update(closed_at=YEARS_AGO)
        retention.each_night()
        assert not Delivery.objects.exists()
        assert name in [row["name"] for row in sandbox.control.rows("customers")]


def test_changes_of_people_and_all_that_made_or_merged_records_stay(rule, owner, tenant):
    Change.objects.all().delete()
    source = rule.connection.source
    of_record = {"tenant": tenant, "entity": "customer", "record_id": 1, "fields": {}}
    rows = [("updated", source, None, YEARS_AGO), ("updated", source, None, timezone.now())]
    rows += [("updated", None, owner, YEARS_AGO), ("created", source, None, YEARS_AGO)]
    rows += [("merged", source, None, YEARS_AGO), ("frozen", source, None, YEARS_AGO)]
    made = [
        Change.objects.create(kind=kind, source=source, actor=actor, at=at, **of_record)
        for kind, source, actor, at in rows
    ]
    retention.each_night()
    assert list(Change.objects.order_by("pk")) == made[1:]


def test_conflicts_and_the_audit_trail_stay_however_old(rule, tenant):
    link = Link.objects.filter(entity="customer").first()
    for field, state in (("name", "pending"), ("city", "resolved")):
        Conflict.objects.create(
            tenant=tenant, link=link, entity="customer", record_id=link.record_id, field=field, state=state,
            created_at=YEARS_AGO, settled_at=YEARS_AGO,
        )  # fmt: skip
    entry = audit.record("tenant.changed", tenant)
    before = AuditEntry.objects.count()
    retention.each_night()
    assert Conflict.objects.count() == 2
    assert (AuditEntry.objects.count(), AuditEntry.objects.filter(pk=entry.pk).exists()) == (before, True)


def test_a_merge_of_years_ago_can_still_be_undone(rule, owner):
    survivor, loser = Customer.objects.filter(active=True).order_by("pk")[:2]
    act = merge(ENTITIES["customer"], survivor.pk, [loser.pk], actor=owner)
    Merge.objects.update(at=YEARS_AGO)
    Change.objects.update(at=YEARS_AGO)
    moves = MergeMove.objects.count()
    retention.each_night()
    assert MergeMove.objects.count() == moves
    undo(Merge.objects.get(pk=act.pk), actor=owner)
    loser.refresh_from_db()
    assert loser.merged_into_id is None


def test_webhooks_go_once_they_were_followed_or_sent(connection, tenant):
    cases = [("followed", YEARS_AGO), ("received", YEARS_AGO), ("ignored", timezone.now())]
    for number, (state, at) in enumerate(cases):
        Hook.objects.create(
            connection=connection, state=state, body_hash=str(number), received_at=at, last_at=at
        )
    subscription = tenant.webhook_subscriptions.create(url="https://x.example", secret="s" * 32)
    for closed_at in (YEARS_AGO, None):
        Notice.objects.create(
            subscription=subscription, event="ping", payload={}, created_at=YEARS_AGO, closed_at=closed_at
        )
    retention.each_night()
    assert set(Hook.objects.values_list("state", flat=True)) == {"received", "ignored"}
    assert list(Notice.objects.values_list("closed_at", flat=True)) == [None]


def test_work_on_flows_and_answers_for_keys_go(tenant):
    flow = tenant.flows.create(name="new_customers")
    for at in (YEARS_AGO, timezone.now()):
        FlowRun.objects.create(flow=flow, began_at=at)
        KeptAnswer.objects.create(asker="a", key=str(at), request_hash="x", at=at)
    retention.each_night()
    assert (FlowRun.objects.count(), KeptAnswer.objects.count()) == (1, 1)
