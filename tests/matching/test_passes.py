"""A tenant's duplicates in the database: full passes, single customers, refusals, and customers that change."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from reconciliation.matching import store
from reconciliation.matching.bands import Band, band
from reconciliation.matching.incremental import score_customer
from reconciliation.matching.passes import bring_up_to_date, catch_up, dedupe_tenant
from reconciliation.matching.refusals import groups, refuse, refused_pairs
from reconciliation.models import BlockingKey, Customer, MatchCandidate, MatchSettings, RefusedPair, Unmatched
from tests.bench_dedupe.generate import customers
from tests.bench_dedupe.truth import raw
from tests.reconciliation import shop

State = MatchCandidate.State


def enter(
    tenant, name="Robert Thornwick", phone="+12143227781", email="", street="412 Juniper Lane", **values
) -> Customer:
    """A customer as a pull leaves it, noted as changed."""
    values = {"kind": "Residential", "city": "Riverton", "state": "TX", "postal_code": "75007", **values}
    found = shop.customer(tenant, name, street=street, **values)
    if phone:
        shop.contact(found, phone, e164=phone)
    if email:
        shop.contact(found, email, kind="email")
    Unmatched.objects.create(tenant=tenant, customer=found.pk)
    return found


def pairs(tenant, **where) -> set[tuple[int, int]]:
    return set(MatchCandidate.objects.filter(tenant=tenant, **where).values_list("left_id", "right_id"))


@pytest.fixture
def twins(tenant):
    """One person twice."""
    return enter(tenant), enter(tenant, "Bob Thornwick", street="412 Juniper Ln.")


# --- what must not happen


def test_a_tenant_without_customers_has_no_candidates(tenant):
    passed = dedupe_tenant(tenant)
    assert (passed.customers, passed.candidates) == (0, 0)
    assert catch_up(tenant) == 0


def test_an_unknown_or_merged_customer_has_no_matches(tenant, twins):
    one, other = twins
    dedupe_tenant(tenant)
    Customer.objects.filter(pk=other.pk).update(merged_into=one)
    assert score_customer(tenant, other.pk) == []
    assert score_customer(tenant, 987_654_321) == []
    assert other.pk not in {match.customer_id for match in score_customer(tenant, one.pk)}


def test_another_tenants_customers_are_never_candidates(tenant, other_tenant, twins):
    stranger = enter(other_tenant)
    dedupe_tenant(tenant)
    dedupe_tenant(other_tenant)
    assert stranger.pk not in {number for pair in pairs(tenant) for number in pair}
    assert pairs(other_tenant) == set()
    assert score_customer(tenant, stranger.pk) == []


def test_a_refused_pair_is_not_suggested_again(tenant, twins, owner):
    dedupe_tenant(tenant)
    refuse(tenant, [c.pk for c in twins], actor=owner)
    dedupe_tenant(tenant)
    catch_up(tenant)
    assert pairs(tenant, state=State.OPEN) == set()


def test_refusing_needs_two_customers_of_one_tenant(tenant, other_tenant, twins):
    for ids in ([], [twins[0].pk], [twins[0].pk, enter(other_tenant).pk]):
        with pytest.raises(ValueError, match="two or more"):
            refuse(tenant, ids)
    assert RefusedPair.objects.count() == 0


def test_a_refusal_holds_for_whatever_its_customers_are_merged_into(tenant, twins):
    one, other = twins
    third = enter(tenant, "R Thornwick")
    refuse(tenant, [one.pk, other.pk])
    Customer.objects.filter(pk=other.pk).update(merged_into=third)
    assert refused_pairs(tenant) == {(one.pk, third.pk)}
    dedupe_tenant(tenant)
    assert (one.pk, third.pk) not in pairs(tenant, state=State.OPEN)
    Customer.objects.filter(pk=other.pk).update(merged_into=None)
    assert refused_pairs(tenant) == {(one.pk, other.pk)}


def test_no_group_holds_a_refused_pair():
    linked = [(1, 2, 0.99), (2, 3, 0.9), (4, 5, 0.8)]
    assert groups(linked, set()) == [[1, 2, 3], [4, 5]]
    assert groups(linked, {(1, 3)}) == [[1, 2], [4, 5]]


def test_refusing_a_group_refuses_each_of_its_pairs(tenant, twins, owner):
    third = enter(tenant, "R Thornwick")
    ids = sorted(c.pk for c in (*twins, third))
    assert refuse(tenant, ids, actor=owner) == 3
    assert refused_pairs(tenant) == {(ids[0], ids[1]), (ids[0], ids[2]), (ids[1], ids[2])}
    assert refuse(tenant, ids) == 3
    assert RefusedPair.objects.count() == 3


# --- what must


def test_a_full_pass_finds_the_twins_and_says_why(tenant, twins):
    enter(tenant, "Linda Moreno", phone="+12143220000", street="9 Elm St")
    assert dedupe_tenant(tenant).candidates == 1
    found = MatchCandidate.objects.get()
    assert (found.left_id, found.right_id) == tuple(sorted(c.pk for c in twins))
    assert {"field", "words", "weight"} == set(found.reasons[0])
    assert "one given name is short for the other" in {reason["words"] for reason in found.reasons}


def test_a_second_pass_changes_nothing_and_one_after_a_correction_closes_the_pair(tenant, twins):
    dedupe_tenant(tenant)
    before = list(MatchCandidate.objects.values())
    dedupe_tenant(tenant)
    assert list(MatchCandidate.objects.values()) == before
    Customer.objects.filter(pk=twins[1].pk).update(name="Keisha Moreno")
    dedupe_tenant(tenant)
    assert pairs(tenant) == set()


def test_one_customer_scores_exactly_as_in_the_full_pass(tenant):
    for row in customers(400, seed=77):
        read = raw(row)
        entered = enter(
            tenant, read.name, "", kind=read.kind, street=read.street, unit=read.unit, city=read.city, state=read.state,
            postal_code=read.postal_code,
        )  # fmt: skip
        for phone in filter(None, read.phones):
            shop.contact(entered, phone)
        for email in filter(None, read.emails):
            shop.contact(entered, email, kind="email")
    MatchSettings.objects.create(tenant=tenant, review_from=0.02, merge_from=0.9)
    dedupe_tenant(tenant)
    whole = {
        (left, right): score
        for left, right, score in MatchCandidate.objects.values_list("left_id", "right_id", "score")
    }
    single = {
        (min(pk, match.customer_id), max(pk, match.customer_id)): match.score
        for pk in Customer.objects.values_list("pk", flat=True)
        for match in score_customer(tenant, pk, 0.02)
    }
    assert len(whole) > 60
    assert single == whole


def test_a_customer_costs_a_constant_number_of_queries(tenant, twins):
    dedupe_tenant(tenant)
    with CaptureQueriesContext(connection) as few:
        score_customer(tenant, twins[0].pk)
    for number in range(12):
        enter(tenant, "Rob Thornwick", unit=str(number))
    catch_up(tenant)
    with CaptureQueriesContext(connection) as many:
        assert len(score_customer(tenant, twins[0].pk)) >= 12
    assert len(many) == len(few)


def test_a_changed_customer_is_compared_again(tenant, twins):
    stranger = enter(tenant, "Keisha Moreno", phone="", street="9 Elm St")
    dedupe_tenant(tenant)
    assert len(pairs(tenant)) == 1
    Customer.objects.filter(pk=stranger.pk).update(name="R. Thornwick", street="412 Juniper Lane")
    shop.contact(stranger, "+12143227781", e164="+12143227781")
    Unmatched.objects.create(tenant=tenant, customer=stranger.pk)
    assert catch_up(tenant) == 1
    assert {number for pair in pairs(tenant) for number in pair} == {twins[0].pk, twins[1].pk, stranger.pk}
    assert not Unmatched.objects.exists()


def test_after_a_first_sync_all_are_compared_at_once(tenant, twins):
    assert bring_up_to_date(tenant, limit=1) == 2
    assert store.settings_of(tenant).customers_counted == 2
    assert len(pairs(tenant)) == 1
    enter(tenant, "Rob Thornwick")
    assert bring_up_to_date(tenant, limit=1) == 1


def test_a_merged_customer_loses_its_keys(tenant, twins):
    dedupe_tenant(tenant)
    Customer.objects.filter(pk=twins[1].pk).update(merged_into=twins[0])
    Unmatched.objects.create(tenant=tenant, customer=twins[1].pk)
    catch_up(tenant)
    assert not BlockingKey.objects.filter(customer=twins[1].pk).exists()
    assert pairs(tenant) == set()


def test_a_location_lends_its_address_and_its_phone_to_a_customer_without(tenant):
    one, other = enter(tenant), enter(tenant, phone="", street="")
    place = shop.location(
        tenant, other, street="412 Juniper Ln", city="Riverton", state="TX", postal_code="75007"
    )
    shop.location_contact(place, "214-322-7781", e164="+12143227781")
    dedupe_tenant(tenant)
    assert pairs(tenant) == {(one.pk, other.pk)}


def test_bands_follow_the_tenants_limits(tenant):
    limits = MatchSettings(tenant=tenant, merge_from=0.99, review_from=0.6)
    assert [band(score, limits) for score in (1.0, 0.99, 0.98, 0.6, 0.59)] == [
        Band.MERGE, Band.MERGE, Band.REVIEW, Band.REVIEW, Band.IGNORE,
    ]  # fmt: skip
    assert not limits.merges_by_itself
