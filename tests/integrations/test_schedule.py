"""Which rule is next: fairly between merchants, parents before children, nobody held up by another."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from integrations import leases, pending, runs, schedule
from integrations.models import Connection, Delivery, Heartbeat, Run, SyncRule
from integrations.pending import Candidate
from integrations.schedule import PARENTS, PER_TENANT, choose

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def candidate(rule, tenant=1, entity="customer", position=0, due=0, first=False, asked=False):
    return Candidate(rule, tenant * 10, tenant, entity, position, NOON + timedelta(minutes=due), first, asked)


def order(candidates, busy=(), coming=(), parents=None):
    return [c.rule_id for c in choose(candidates, Counter(busy), coming, parents or {})]


def test_nothing_to_do_is_nothing():
    assert order([]) == []


def test_what_a_person_asked_for_comes_before_what_is_merely_due():
    assert order([candidate(1, due=-60), candidate(2, asked=True)]) == [2, 1]


def test_a_first_pull_comes_before_a_repeated_one_and_parents_before_children():
    assert order([candidate(1, position=9, first=True), candidate(2, position=1, first=True)]) == [2, 1]
    assert order([candidate(1), candidate(2, position=9, first=True)]) == [2, 1]


def test_what_has_been_due_for_longest_comes_first_whatever_its_position():
    """Else the last entities of one merchant would wait for as long as the first ones of any other are due."""
    assert order(
        [candidate(1, tenant=1, position=0, due=-1), candidate(2, tenant=2, position=28, due=-9)]
    ) == [2, 1]
    assert order([candidate(1, position=0, due=-1), candidate(2, position=28, due=-9)]) == [2, 1]


def test_a_merchant_with_many_rules_does_not_hold_up_one_with_a_single_rule():
    many = [candidate(rule, tenant=1, due=-90) for rule in range(1, 20)]
    assert order([*many, candidate(99, tenant=2)])[:2] == [1, 99]


def test_no_merchant_gets_more_workers_than_its_share():
    many = [candidate(rule, tenant=1) for rule in range(1, 20)]
    assert len(order(many)) == PER_TENANT
    assert order(many, busy=[1] * PER_TENANT) == []


def test_the_merchant_with_the_fewest_workers_comes_first():
    assert order([candidate(1, tenant=1, due=-90), candidate(2, tenant=2)], busy=[1]) == [2, 1]


def test_a_first_pull_waits_for_the_first_pulls_of_what_it_refers_to():
    parents = {"job": frozenset({"customer", "location"})}
    job = candidate(1, entity="job", first=True)
    assert order([job], coming={(10, "customer")}, parents=parents) == []
    assert order([job], coming={(20, "customer")}, parents=parents) == [1], "another connection's"
    assert order([job], parents=parents) == [1]
    assert order([candidate(1, entity="job")], coming={(10, "customer")}, parents=parents) == [1], (
        "not its first"
    )


def test_what_refers_to_what_has_no_circle():
    """Else two first pulls would wait for each other for ever."""
    done = set()
    while len(done) < len(PARENTS):
        ready = {name for name in PARENTS if name not in done and not (PARENTS[name] & PARENTS.keys()) - done}
        assert ready, PARENTS.keys() - done
        done |= ready


CANDIDATES = st.lists(
    st.builds(
        candidate,
        rule=st.integers(1, 10**6),
        tenant=st.integers(1, 4),
        position=st.integers(0, 5),
        due=st.integers(-100, 0),
        first=st.booleans(),
        asked=st.booleans(),
    ),
    unique_by=lambda found: found.rule_id,
    max_size=12,
)


@given(CANDIDATES, st.lists(st.integers(1, 4), max_size=6), st.randoms())
def test_the_choice_is_fair_and_does_not_depend_on_the_order_of_candidates(candidates, busy, random):
    chosen = list(choose(candidates, Counter(busy), set(), {}))
    shuffled = random.sample(candidates, len(candidates))
    assert list(choose(shuffled, Counter(busy), set(), {})) == chosen
    per_tenant = Counter(found.tenant_id for found in chosen)
    for tenant in {found.tenant_id for found in candidates}:
        waiting = sum(found.tenant_id == tenant for found in candidates)
        room = max(0, PER_TENANT - Counter(busy)[tenant])
        assert per_tenant[tenant] == min(waiting, room)


@pytest.fixture
def due(connection):
    """Every rule of the connection is due."""
    connection.rules.update(due_at=timezone.now(), enabled=True, lease_until=None, synced_at=timezone.now())
    return connection


@pytest.mark.django_db(transaction=True)
class TestCandidates:
    def test_a_rule_that_is_due_or_has_an_open_run_is_one(self, connection):
        connection.rules.update(due_at=None)
        assert pending.candidates(timezone.now()) == []
        rule = connection.rules.get(entity="customer")
        runs.ask(rule, Run.Trigger.PERSON)
        (found,) = pending.candidates(timezone.now())
        assert (found.rule_id, found.asked_for, found.first) == (rule.pk, True, True)

    @pytest.mark.parametrize(
        "state",
        [
            {"connection": {"status": "paused"}},
            {"connection": {"status": "relink"}},
            {"connection": {"status": "new"}},
            {"tenant": {"status": "paused"}},
            {"tenant": {"status": "disconnected"}},
            {"rule": {"enabled": False}},
            {"rule": {"due_at": NOON + timedelta(days=3650)}},
            {"rule": {"lease_until": NOON + timedelta(days=3650)}},
        ],
        ids=str,
    )
    def test_what_is_off_paused_leased_or_not_yet_due_is_none(self, due, state):
        Connection.objects.filter(pk=due.pk).update(**state.get("connection", {"status": "connected"}))
        type(due.tenant).objects.filter(pk=due.tenant_id).update(**state.get("tenant", {"status": "live"}))
        due.rules.update(**state.get("rule", {"enabled": True}))
        assert pending.candidates(timezone.now()) == []

    def test_a_first_pull_that_failed_no_longer_holds_up_its_children(self, due):
        due.rules.update(synced_at=None)
        due.rules.filter(entity="customer").update(failures=1)
        found = {c.entity: c.first for c in pending.candidates(timezone.now())}
        assert (found["customer"], found["location"]) == (False, True)

    def test_of_many_those_are_looked_at_that_have_been_due_for_longest(self, due):
        late = due.rules.order_by("position").last()
        SyncRule.objects.filter(pk=late.pk).update(due_at=NOON - timedelta(days=1))
        (found,) = pending.candidates(timezone.now(), most=1)
        assert found.rule_id == late.pk
        assert len(pending.candidates(timezone.now(), most=None)) == due.rules.count()

    def test_what_a_person_asked_for_is_found_among_many_that_are_due(self, due):
        asked = due.rules.order_by("position").last()
        runs.ask(due.rules.first(), Run.Trigger.SCHEDULE)
        runs.ask(asked, Run.Trigger.PERSON)
        found = pending.candidates(timezone.now(), most=1)
        assert [c.rule_id for c in found if c.asked_for] == [asked.pk]

    def test_merchants_that_have_all_their_workers_do_not_fill_the_list(self, due):
        assert pending.candidates(timezone.now(), except_of=[due.tenant_id]) == []

    def test_each_rule_that_owes_is_found_however_much_it_owes(self, due):
        first, second, third = due.rules.filter(entity__in=("customer", "location", "job"))
        due.rules.update(due_at=None, direction="both")
        for number, rule in enumerate((first, first, third)):
            owed_at = timezone.now() + timedelta(hours=0 if rule == first else -1)
            Delivery.objects.create(
                connection=due, rule=rule, entity=rule.entity, record_id=number, created_at=owed_at, next_try_at=owed_at
            )  # fmt: skip
        Delivery.objects.create(
            connection=due, rule=second, entity=second.entity, record_id=9, state="needs_person", created_at=NOON
        )  # fmt: skip
        found = pending.candidates(timezone.now())
        assert {c.rule_id: c.owes for c in found} == {first.pk: True, third.pk: True}

    def test_a_turn_says_whether_another_worker_would_find_something(self, due):
        due.rules.exclude(entity__in=("customer", "technician", "job_type")).update(due_at=None)
        assert [turn and turn.more for turn in (schedule.next_turn() for _ in range(3))] == [
            True,
            False,
            None,
        ]

    def test_a_stuck_merchant_does_not_hold_up_another(self, due, other_tenant, shop, connect_to):
        other = connect_to(other_tenant, shop())
        other.rules.update(due_at=timezone.now(), synced_at=timezone.now())
        taken = [schedule.next_turn() for _ in range(8)]
        rules = SyncRule.objects.in_bulk([turn.lease.rule_id for turn in taken if turn])
        assert Counter(rule.connection_id for rule in rules.values()) == {
            due.pk: PER_TENANT,
            other.pk: PER_TENANT,
        }
        assert taken.count(None) == 8 - 2 * PER_TENANT

    def test_a_lease_taken_meanwhile_is_passed_over(self, due, monkeypatch):
        take = leases.take
        lost = []
        monkeypatch.setattr(leases, "take", lambda pk: take(pk) if lost else lost.append(pk))
        assert schedule.next_turn().lease.rule_id not in lost

    def test_the_first_lease_of_a_new_connection_is_of_a_list_that_refers_to_nothing(self, connection):
        connection.rules.update(due_at=timezone.now(), synced_at=None)
        rule = SyncRule.objects.get(pk=schedule.next_turn().lease.rule_id)
        assert rule.entity not in PARENTS


@pytest.mark.django_db(transaction=True)
def test_the_heartbeat_tells_alive_dead_and_never_seen(db):
    now = timezone.now()
    assert schedule.is_alive(now) is None
    schedule.beat(now)
    assert schedule.is_alive(now + timedelta(minutes=2)) is True
    assert schedule.is_alive(now + timedelta(minutes=4)) is False
    schedule.beat(now)
    assert Heartbeat.objects.count() == 1
