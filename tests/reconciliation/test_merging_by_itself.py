"""Certain duplicates that are merged without a person: only where wanted, never against what a person said."""

import threading

import pytest
from django.db import connection

from integrations.tasks import match
from portal.models import AuditEntry
from reconciliation import merging_by_itself
from reconciliation.editing import edit
from reconciliation.entities import ENTITIES
from reconciliation.matching.refusals import refuse
from reconciliation.merging import undo
from reconciliation.merging_by_itself import merge_certain, merge_group, planned, waiting
from reconciliation.models import (
    Contact,
    Customer,
    MatchCandidate,
    MatchSettings,
    Merge,
    MergeSettings,
    Unmatched,
)
from tests.reconciliation import shop
from tests.reconciliation.waiting import pair

pytestmark = pytest.mark.django_db
CERTAIN = 0.9999


def settle_down():
    """As after a pass: everybody is compared."""
    Unmatched.objects.all().delete()


def alive(tenant) -> set[int]:
    return set(Customer.objects.filter(tenant=tenant, merged_into=None).values_list("pk", flat=True))


@pytest.fixture
def wanted(tenant) -> MatchSettings:
    return MatchSettings.objects.create(tenant=tenant, merges_by_itself=True)


@pytest.fixture
def twins(tenant):
    ana, anna = shop.customer(tenant, "Ana Nunez"), shop.customer(tenant, "Anna Maria Nunez")
    pair(ana, anna, CERTAIN)
    return ana, anna


# --- what must not happen


def test_nothing_is_merged_where_nobody_switched_it_on(tenant, twins):
    assert merge_certain(tenant) == 0
    MatchSettings.objects.create(tenant=tenant)
    assert merge_certain(tenant) == 0
    assert waiting() == set()
    assert not Merge.objects.exists()


def test_what_scores_below_the_limit_waits_for_a_person(tenant, wanted):
    pair(shop.customer(tenant, "Ana"), shop.customer(tenant, "Anna"), wanted.merge_from - 0.0001)
    assert merge_certain(tenant) == 0
    assert MatchCandidate.objects.get().state == MatchCandidate.State.OPEN


def test_not_a_duplicate_holds_for_the_pair_and_for_the_group_around_it(tenant, wanted, twins, owner):
    ana, anna = twins
    third = shop.customer(tenant, "A. Nunez")
    pair(anna, third, CERTAIN), pair(ana, third, CERTAIN)
    refuse(tenant, [ana.pk, third.pk], actor=owner)
    settle_down()
    assert merge_certain(tenant) == 0
    assert planned(tenant, wanted.merge_from).left == 1


def test_not_a_duplicate_holds_for_what_was_merged_into_one_of_them(tenant, wanted, twins, owner):
    ana, anna = twins
    earlier = shop.customer(tenant, "Ana N.")
    refuse(tenant, [earlier.pk, anna.pk], actor=owner)
    Customer.objects.filter(pk=earlier.pk).update(merged_into=ana)
    assert merge_certain(tenant) == 0
    assert merge_group(tenant, [ana.pk, anna.pk]) is None


def test_a_refusal_that_comes_between_the_plan_and_the_merge_holds(tenant, wanted, twins, owner):
    ana, anna = twins
    plan = planned(tenant, wanted.merge_from).groups
    refuse(tenant, [ana.pk, anna.pk], actor=owner)
    MatchCandidate.objects.update(state=MatchCandidate.State.OPEN)
    assert [merge_group(tenant, members) for members in plan] == [None]


def test_switching_it_off_stops_what_is_planned(tenant, wanted, twins, monkeypatch):
    real = merging_by_itself.planned

    def planned_then_switched_off(*args):
        found = real(*args)
        MatchSettings.objects.update(merges_by_itself=False)
        return found

    monkeypatch.setattr(merging_by_itself, "planned", planned_then_switched_off)
    assert merge_certain(tenant) == 0
    assert not Merge.objects.exists()


def test_a_group_of_more_than_a_merge_takes_is_left_to_a_person(tenant, wanted):
    people = [shop.customer(tenant, f"Ana {number}") for number in range(6)]
    for at, one in enumerate(people):
        for other in people[at + 1 :]:
            pair(one, other, CERTAIN)
    assert merge_certain(tenant) == 0
    assert planned(tenant, wanted.merge_from).left == 1


def test_a_chain_of_which_two_ends_are_not_certain_is_left_to_a_person(tenant, wanted, twins):
    _, anna = twins
    pair(anna, shop.customer(tenant, "Anna M. Nunez"), CERTAIN)
    assert merge_certain(tenant) == 0


def test_customers_that_changed_since_they_were_compared_are_not_merged_on_the_old_score(
    tenant, wanted, twins
):
    edit(ENTITIES["customer"], twins[0].pk, {"name": "Somebody Else"})
    assert merge_certain(tenant) == 0
    assert alive(tenant) == {customer.pk for customer in twins}


def test_what_a_person_has_undone_is_not_done_again(tenant, wanted, twins, owner):
    assert merge_certain(tenant) == 1
    undo(Merge.objects.get(), actor=owner)
    settle_down()
    assert MatchCandidate.objects.get().state == MatchCandidate.State.OPEN
    assert merge_certain(tenant) == 0
    assert alive(tenant) == {customer.pk for customer in twins}


def test_another_tenants_pairs_are_left_alone(tenant, other_tenant, wanted):
    pair(shop.customer(other_tenant, "Ana"), shop.customer(other_tenant, "Anna"), CERTAIN)
    assert merge_certain(tenant) == 0
    assert len(alive(other_tenant)) == 2


# --- what must


def test_a_certain_pair_is_merged_by_the_tenants_rules_and_says_why(tenant, wanted, twins):
    ana, _ = twins
    MergeSettings.objects.create(tenant=tenant, rules={"name": "longest", "kind": "longest"})
    shop.job(tenant, ana)
    assert merge_certain(tenant) == 1
    act = Merge.objects.get()
    assert act.survivor_id == ana.pk  # the work hangs on it
    ana.refresh_from_db()
    assert ana.name == "Anna Maria Nunez"
    assert act.actor is None
    assert act.note.startswith("Merged by itself: 99.99 %, the limit is 99.95 %. same phone (+3.1)")
    entry = AuditEntry.objects.get(action="record.merged")
    assert (entry.actor, entry.actor_label) == (None, "Trunkline")
    assert MatchCandidate.objects.get().state == MatchCandidate.State.MERGED


def test_three_that_are_certain_among_each_other_become_one_and_three_again(tenant, wanted, twins, owner):
    ana, anna = twins
    third = shop.customer(tenant, "A. Nunez")
    shop.contact(third, "+17755550123", e164="+17755550123")
    pair(anna, third, CERTAIN), pair(ana, third, CERTAIN)
    plan = planned(tenant, wanted.merge_from)
    assert (plan.groups, plan.pairs, plan.customers) == ([tuple(sorted((ana.pk, anna.pk, third.pk)))], 3, 3)
    assert merge_certain(tenant) == 1
    assert len(alive(tenant)) == 1
    assert undo(Merge.objects.get(), actor=owner).kept == []
    assert alive(tenant) == {ana.pk, anna.pk, third.pk}
    assert Contact.objects.get().customer == third


def test_a_worker_merges_after_it_has_compared(tenant, wanted, twins, monkeypatch):
    monkeypatch.setattr("integrations.tasks.passes.bring_up_to_date", lambda tenant: 0)
    assert waiting() == {tenant.pk}
    match(tenant.pk)
    assert len(alive(tenant)) == 1
    assert waiting() == set()


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_merge_each_group_once(tenant, wanted):
    for number in range(4):
        pair(shop.customer(tenant, f"Ana {number}"), shop.customer(tenant, f"Anna {number}"), CERTAIN)
    done, start = [], threading.Barrier(2)

    def work():
        try:
            start.wait()
            done.append(merge_certain(tenant))
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sum(done) == Merge.objects.count() == 4
    assert len(alive(tenant)) == 4
