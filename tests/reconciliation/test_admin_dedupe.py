"""Dedupe: what may be one stands in groups with its reasons; what a person refused never comes back."""

import pytest
from django.urls import reverse

from reconciliation import duplicates
from reconciliation.duplicates import Wanted
from reconciliation.entities import ENTITIES
from reconciliation.matching import refusals
from reconciliation.merging import merge, undo
from reconciliation.models import MatchCandidate, MatchSettings, RefusedPair
from tests.reconciliation import shop
from tests.reconciliation.waiting import pair

pytestmark = pytest.mark.django_db
LIST = reverse("admin:reconciliation_matchcandidate_changelist")
NEXT = reverse("admin:reconciliation_matchcandidate_next")


def address(candidate):
    return reverse("admin:reconciliation_matchcandidate_change", args=[candidate.pk])


def refuse(client, candidate, *records):
    return client.post(
        reverse("admin:reconciliation_matchcandidate_refuse", args=[candidate.pk]),
        {"record": [record.pk for record in records]},
    )


@pytest.fixture
def agent(client_for, colleague):
    return client_for(colleague)


@pytest.fixture
def people(tenant):
    """Four customers of one merchant."""
    return [shop.customer(tenant, name) for name in ("Ana Nunez", "Anna Nunez", "A. Nunez", "Bea Roth")]


def listed(client, **query):
    return [[str(record) for record in line["records"]] for line in client.get(LIST, query).context["groups"]]


class TestWhoMay:
    def test_those_who_only_look_are_not_offered_to_refuse_and_cannot(self, client_for, viewer, people):
        ana, anna, *_ = people
        candidate = pair(ana, anna)
        client = client_for(viewer)
        assert b"Not a duplicate" not in client.get(address(candidate)).content
        assert refuse(client, candidate, ana, anna).status_code == 403
        assert not RefusedPair.objects.exists()

    def test_an_outsider_finds_nothing(self, client_for, outsider, people):
        ana, anna, *_ = people
        candidate = pair(ana, anna)
        client = client_for(outsider)
        assert listed(client) == []
        assert client.get(address(candidate)).status_code == 404
        assert refuse(client, candidate, ana, anna).status_code == 404
        assert client.get(NEXT, {"than": candidate.pk})["Location"] == LIST


class TestTheList:
    def test_nothing_that_waits_says_so(self, agent):
        assert "No duplicates wait" in agent.get(LIST).content.decode()

    def test_pairs_that_share_a_record_are_one_group_the_likeliest_first(self, agent, people, tenant):
        ana, anna, short, bea = people
        roth = shop.customer(tenant, "Bea Rhot")
        pair(ana, anna, 0.91), pair(anna, short, 0.97), pair(bea, roth, 0.95)
        assert listed(agent) == [["Ana Nunez", "Anna Nunez", "A. Nunez"], ["Bea Roth", "Bea Rhot"]]

    @pytest.mark.parametrize(
        ("query", "groups"),
        [
            ({"band": "merge"}, 1),
            ({"band": "review"}, 1),
            ({"band": "nonsense"}, 2),
            ({"reason": "phone"}, 1),
            ({"reason": "given name"}, 0),
            ({"reason": "e-mail"}, 1),
            ({"q": "roth"}, 1),
            ({"q": "nobody"}, 0),
            ({"tenant": "0"}, 0),
        ],
    )
    def test_filters_and_search_narrow_it(self, agent, people, query, groups):
        ana, anna, short, bea = people
        pair(ana, anna, 0.9996)
        pair(short, bea, 0.95, ("e-mail", "same e-mail", 3.0))
        assert len(listed(agent, **query)) == groups

    def test_the_bands_begin_where_the_merchant_says(self, agent, people, tenant):
        ana, anna, short, bea = people
        pair(ana, anna, 0.9996), pair(short, bea, 0.95)
        MatchSettings.objects.create(tenant=tenant, merge_from=0.94)
        assert len(listed(agent, band="merge")) == 2
        assert listed(agent, band="review") == []

    def test_it_asks_the_database_as_often_for_ten_groups_as_for_one(
        self, agent, tenant, django_assert_max_num_queries
    ):
        def twins(number):
            pair(shop.customer(tenant, f"Ana {number}"), shop.customer(tenant, f"Anna {number}"))

        twins(0)
        agent.get(LIST)
        with django_assert_max_num_queries(60) as one:
            agent.get(LIST)
        for number in range(1, 10):
            twins(number)
        with django_assert_max_num_queries(len(one)):
            assert len(listed(agent)) == 10

    def test_other_merchants_records_never_join_a_group(self, agent, people, other_tenant):
        ana, anna, *_ = people
        pair(ana, anna)
        pair(shop.customer(other_tenant, "Ana Elsewhere"), shop.customer(other_tenant, "Anna Elsewhere"))
        assert listed(agent) == [["Ana Nunez", "Anna Nunez"]]


class TestOneGroup:
    def test_each_pair_says_why_in_words(self, agent, people):
        ana, anna, *_ = people
        page = agent.get(address(pair(ana, anna))).content.decode()
        assert "same phone" in page
        assert "different given names" in page
        assert "95 %" in page

    def test_a_decided_pair_says_what_was_decided(self, agent, people, colleague):
        ana, anna, *_ = people
        candidate = pair(ana, anna)
        merge(ENTITIES["customer"], ana.pk, [anna.pk], actor=colleague)
        assert "Somebody merged the two" in agent.get(address(candidate)).content.decode()

    def test_next_leads_past_what_was_seen_and_back_to_the_list_at_the_end(self, agent, people, tenant):
        ana, anna, short, bea = people
        first, second = pair(ana, anna, 0.99), pair(short, bea, 0.95)
        assert agent.get(NEXT)["Location"] == address(first)
        assert agent.get(NEXT, {"than": first.pk})["Location"] == address(second)
        assert agent.get(NEXT, {"than": second.pk})["Location"] == LIST


class TestNotADuplicate:
    def test_records_of_another_group_cannot_be_slipped_in(self, agent, people):
        ana, anna, _, bea = people
        candidate = pair(ana, anna)
        refuse(agent, candidate, ana, bea), refuse(agent, candidate, ana)
        assert not RefusedPair.objects.exists()

    def test_a_refused_pair_is_remembered_with_who_said_so(self, agent, people, colleague):
        ana, anna, *_ = people
        candidate = pair(ana, anna)
        reply = refuse(agent, candidate, ana, anna)
        candidate.refresh_from_db()
        assert candidate.state == MatchCandidate.State.REFUSED
        assert RefusedPair.objects.get().actor == colleague
        assert reply["Location"] == LIST

    def test_a_pair_of_a_group_of_three_leaves_what_is_left_of_it(self, agent, people):
        ana, anna, short, _ = people
        first, second = pair(ana, anna, 0.97), pair(anna, short, 0.95)
        reply = refuse(agent, first, ana, anna)
        assert reply["Location"] == address(second)
        assert listed(agent) == [["Anna Nunez", "A. Nunez"]]

    def test_a_whole_group_is_refused_pair_by_pair(self, agent, people, tenant):
        ana, anna, short, _ = people
        candidate = pair(ana, anna, 0.97)
        pair(anna, short, 0.95)
        refuse(agent, candidate, ana, anna, short)
        assert listed(agent) == []
        assert len(refusals.refused_pairs(tenant)) == 3

    def test_it_holds_for_what_the_two_are_merged_into_and_comes_back_with_the_undo(
        self, agent, people, tenant
    ):
        ana, anna, short, _ = people
        candidate = pair(ana, anna)
        refuse(agent, candidate, ana, anna)
        act = merge(ENTITIES["customer"], short.pk, [anna.pk])
        pair(ana, short, 0.99)
        assert listed(agent) == []
        undo(act)
        assert listed(agent) == [["Ana Nunez", "A. Nunez"]]


def test_a_merge_closes_the_pairs_within_it_and_its_undo_opens_them_again(people, tenant):
    ana, anna, short, _ = people
    pair(ana, anna), pair(anna, short, 0.9)
    act = merge(ENTITIES["customer"], ana.pk, [anna.pk])
    (group,) = duplicates.groups([tenant.pk], Wanted())
    assert set(group.members) == {ana.pk, short.pk}
    undo(act)
    (group,) = duplicates.groups([tenant.pk], Wanted())
    assert set(group.members) == {ana.pk, anna.pk, short.pk}


def test_where_more_pairs_wait_than_are_looked_at_the_likeliest_are_shown_and_it_says_so(
    agent, people, monkeypatch
):
    ana, anna, short, bea = people
    pair(ana, anna, 0.99), pair(short, bea, 0.6)
    monkeypatch.setattr(duplicates, "MOST", 1)
    page = agent.get(LIST)
    assert "among the 1 likeliest pairs" in page.content.decode()
    assert [line["group"].members for line in page.context["groups"]] == [(ana.pk, anna.pk)]
