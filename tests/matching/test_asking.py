"""Pairs that something waits for a person to decide on, and people of a sales system among what is compared."""

import pytest

from reconciliation.matching import refusals
from reconciliation.matching.asking import ask
from reconciliation.matching.passes import catch_up, dedupe_tenant
from reconciliation.models import MatchCandidate, Unmatched
from tests.matching.test_passes import enter, pairs
from tests.reconciliation import shop

pytestmark = pytest.mark.django_db


@pytest.fixture
def strangers(tenant):
    """Two that no comparison would take for one."""
    return enter(tenant), enter(tenant, "Wanda Okafor", "+12145550177", street="9 Hill Rd", city="Lynchburg")


def test_a_pair_that_is_asked_for_stays_however_little_it_scores(tenant, strangers):
    one, other = strangers
    ask(tenant, one.pk, [other.pk], "One e-mail address")
    Unmatched.objects.create(tenant=tenant, customer=one.pk)
    catch_up(tenant)
    dedupe_tenant(tenant)
    assert pairs(tenant, state="open") == {(one.pk, other.pk)}
    candidate = MatchCandidate.objects.get()
    assert candidate.reasons[0]["words"] == "One e-mail address"
    assert candidate.score >= 0.5


def test_a_pair_that_was_refused_is_not_asked_again(tenant, strangers):
    one, other = strangers
    refusals.refuse(tenant, [one.pk, other.pk])
    ask(tenant, one.pk, [other.pk], "One e-mail address")
    assert pairs(tenant, state="open") == set()


def test_whoever_waits_is_told_of_a_refusal(tenant, strangers):
    told = []

    def note(tenant_id, customer_ids, **rest):
        told.append((tenant_id, set(customer_ids)))

    refusals.settled.connect(note)
    try:
        refusals.refuse(tenant, [one.pk for one in strangers])
    finally:
        refusals.settled.disconnect(note)
    assert told == [(tenant.pk, {one.pk for one in strangers})]


def test_a_customer_is_found_by_the_reach_of_its_people(tenant):
    here = enter(tenant, email="bob@thornwick.example")
    account = shop.customer(tenant, "Thornwick", kind="", street="")
    shop.person(tenant, account, first_name="Robert", last_name="Thornwick",
                email="Bob@Thornwick.example", mobile="(214) 322-7781")  # fmt: skip
    Unmatched.objects.create(tenant=tenant, customer=account.pk)
    catch_up(tenant)
    assert pairs(tenant, state="open") == {(here.pk, account.pk)}


def test_a_person_that_changes_has_its_customer_compared_again(tenant):
    from reconciliation.editing import edit
    from reconciliation.entities import ENTITIES

    person = shop.person(tenant)
    edit(ENTITIES["person"], person.pk, {"email": "new@example.com"})
    assert set(Unmatched.objects.values_list("customer", flat=True)) == {person.customer_id}
