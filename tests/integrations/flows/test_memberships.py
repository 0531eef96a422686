"""A member is in the campaign of their tier: bought, renewed, lapsed, two at once, and what stands against it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations.flows import working
from integrations.flows.base import Made, Ref, Skip, Wait
from integrations.flows.catalogue import FLOWS
from integrations.flows.holdings import Bought, Holding, Place
from integrations.flows.lines import read_fields_for
from integrations.models import Delivery, Flow
from integrations.sandbox.faults import Fault
from integrations.sandbox.servicetitan import loyalty
from integrations.tasks import work_on_flows
from reconciliation.editing import edit
from reconciliation.entities import ENTITIES
from reconciliation.models import CampaignMember, Customer, Membership, Person, ReferenceItem
from tests.integrations.flows.cycle import outcomes
from tests.reconciliation import shop

SPEC = FLOWS["memberships"]
DEFAULTS = SPEC.chosen({})
CLUB = Holding(1, 5, 7, "Comfort Club", "Active", True, "2026-01-01", "2027-01-01")
HELD = Bought(CLUB, CLUB, stays=True, person_id=6, campaign_id=9, at=datetime(2026, 1, 1, tzinfo=UTC))
ENDED = replace(HELD, own=replace(CLUB, status="Expired", holds=False), stays=False)


def planned(bought, **chosen):
    return SPEC.plan(bought, {**DEFAULTS, **chosen})


class TestPlanning:
    @pytest.mark.parametrize(
        ("bought", "chosen", "outcome", "reason"),
        [
            (replace(HELD, own=replace(CLUB, tier="")), {}, Skip, "no_type"),
            (replace(HELD, person_id=None), {}, Wait, "no_person"),
            (replace(HELD, campaign_id=None), {"make_campaigns": False}, Wait, "no_campaign"),
            (replace(HELD, campaign_id=None, makes_campaign=False), {}, Wait, "together"),
            (replace(HELD, makes_place=False), {}, Wait, "together"),
            (replace(ENDED, person_id=None), {}, Skip, "lapsed"),
        ],
    )
    def test_what_makes_no_place_says_why(self, bought, chosen, outcome, reason):
        found = planned(bought, **chosen)
        assert (type(found), found.reason) == (outcome, reason)

    def test_a_campaign_that_is_missing_is_made_with_the_first_who_needs_it(self):
        campaign, member, _ = planned(replace(HELD, campaign_id=None)).records
        assert (campaign.entity, campaign.at_first) == ("campaign", {"name": "Comfort Club"})
        assert member.references["campaign"] == Ref(campaign.key)

    def test_a_place_that_is_there_is_taken_and_another_is_made_for_who_comes_back(self):
        taken = planned(replace(HELD, place=Place(12))).records[0]
        again = planned(replace(HELD, place=Place(None, 1))).records[0]
        assert (taken.record_id, again.record_id) == (12, None)
        assert taken.key != again.key

    def test_who_lapses_leaves_or_stays_under_another_status(self):
        there = replace(ENDED, place=Place(12))
        assert planned(there).records[1].values == {"active": False}
        assert planned(there, lapsed="status").records[1].values == {"status": "Lapsed"}

    def test_the_person_shows_the_best_membership(self):
        better = replace(CLUB, tier="Comfort Club Plus", ends_on="2028-01-01")
        person = next(one for one in planned(replace(HELD, best=better)).records if one.entity == "person")
        assert list(person.values.values()) == ["Comfort Club Plus", "Active", "2026-01-01", "2028-01-01"]

    def test_places_of_another_tier_are_given_up(self):
        found = planned(replace(HELD, former=(("campaign_member 3 6 0", 44),)))
        assert isinstance(found, Made)
        assert (found.records[-1].record_id, found.records[-1].values) == (44, {"active": False})


@pytest.fixture
def flow(tenant) -> Flow:
    return Flow.objects.create(tenant=tenant, name=SPEC.name, since=timezone.now() - timedelta(days=30))


@pytest.fixture
def member(tenant) -> Customer:
    """A customer with a person."""
    customer = shop.customer(tenant)
    shop.person(tenant, customer, last_name="Rossi")
    return customer


def buy(tenant, customer, tier="Comfort Club", **values) -> Membership:
    kind = ReferenceItem.objects.filter(kind="membership_type", name=tier).first()
    kind = kind or shop.item(tenant, "membership_type", name=tier)
    now = timezone.now()
    dates = {"starts_at": now, "ends_at": now + timedelta(days=365)}
    plan = shop.membership(tenant, customer, membership_type=kind, status="New", **{**dates, **values})
    turn(plan, "Active")
    return plan


def turn(plan, status) -> None:
    edit(ENTITIES["membership"], plan.pk, {"status": status})


def places(**which) -> list[tuple[str, str]]:
    rows = CampaignMember.objects.filter(active=True, **which).order_by("pk")
    return list(rows.values_list("campaign__name", "status"))


@pytest.mark.django_db
class TestTheFlow:
    def test_a_membership_that_had_ended_before_leaves_no_trace(self, tenant, flow, member):
        buy(tenant, member, ends_at=flow.since - timedelta(days=1))
        assert outcomes(flow) == []

    def test_without_a_person_it_waits_until_there_is_one(self, tenant, flow):
        customer = shop.customer(tenant)
        buy(tenant, customer)
        work_on_flows()
        assert outcomes(flow) == [("waiting", "no_person")]
        edit(ENTITIES["person"], shop.person(tenant, customer).pk, {"last_name": "Rossi"})
        work_on_flows()
        assert places() == [("Comfort Club", "Responded")]

    def test_without_a_campaign_it_waits_until_one_is_called_as_the_tier_is(self, tenant, flow, member):
        Flow.objects.update(settings={"make_campaigns": False})
        buy(tenant, member)
        work_on_flows()
        assert outcomes(flow) == [("waiting", "no_campaign")]
        campaign = shop.item(tenant, "campaign", name="Renamed soon")
        edit(ENTITIES["campaign"], campaign.pk, {"name": "comfort club"})
        work_on_flows()
        assert places() == [("comfort club", "Responded")]

    def test_a_campaign_that_somebody_chose_stands_before_the_name(self, tenant, flow, member):
        plan = buy(tenant, member)
        shop.item(tenant, "campaign", name="Comfort Club")
        chosen = shop.item(tenant, "campaign", name="Members 2026")
        Flow.objects.update(settings={"campaigns": {str(plan.membership_type_id): chosen.pk}})
        work_on_flows()
        assert places() == [("Members 2026", "Responded")]

    def test_many_of_a_tier_make_one_campaign(self, tenant, flow):
        for n in range(5):
            customer = shop.customer(tenant, f"Customer {n}")
            shop.person(tenant, customer, last_name=f"Rossi {n}")
            buy(tenant, customer)
        work_on_flows()
        assert ReferenceItem.objects.filter(kind="campaign").count() == 1
        assert len(places()) == 5
        assert {state for state, _ in outcomes(flow)} == {"made"}

    def test_two_memberships_of_one_tier_are_one_place_left_with_the_last(self, tenant, flow, member):
        shop.item(tenant, "campaign", name="Comfort Club")
        first, second = buy(tenant, member), buy(tenant, member)
        work_on_flows()
        assert len(places()) == CampaignMember.objects.count() == 1
        turn(first, "Expired")
        work_on_flows()
        assert len(places()) == 1
        turn(second, "Expired")
        work_on_flows()
        assert places() == []

    def test_who_renews_after_leaving_joins_again(self, tenant, flow, member):
        plan = buy(tenant, member)
        for status, expected in (("Canceled", 0), ("Active", 1), ("Expired", 0), ("Active", 1)):
            work_on_flows()
            turn(plan, status)
            work_on_flows()
            assert len(places()) == expected
        assert Person.objects.get().membership_status == "Active"

    def test_who_stays_when_lapsed_has_another_status_and_comes_back_to_the_same_place(
        self, tenant, flow, member
    ):
        Flow.objects.update(settings={"lapsed": "status"})
        plan = buy(tenant, member)
        seen = []
        for status in ("Suspended", "Active"):
            work_on_flows()
            turn(plan, status)
            work_on_flows()
            seen += places()
        assert seen == [("Comfort Club", "Lapsed"), ("Comfort Club", "Responded")]
        assert CampaignMember.objects.count() == 1

    def test_another_tier_is_another_campaign_and_the_first_is_left(self, tenant, flow, member):
        plan = buy(tenant, member)
        work_on_flows()
        plus = shop.item(tenant, "membership_type", name="Comfort Club Plus")
        Membership.objects.update(membership_type=plus)
        edit(ENTITIES["membership"], plan.pk, {"memo": "Upgraded"})
        work_on_flows()
        assert places() == [("Comfort Club Plus", "Responded")]
        assert Person.objects.get().membership_tier == "Comfort Club Plus"

    def test_a_place_that_somebody_gave_them_is_taken_not_doubled(self, tenant, flow, member):
        campaign = shop.item(tenant, "campaign", name="Comfort Club")
        shop.make("campaign_member", tenant, campaign=campaign, person=member.people.get(), status="Sent")
        buy(tenant, member)
        work_on_flows()
        assert places() == [("Comfort Club", "Responded")]

    def test_a_portion_costs_no_more_queries_for_many_than_for_two(self, tenant, flow):
        counts = []
        for many in (2, 20):
            for n in range(many):
                customer = shop.customer(tenant, f"Customer {many} {n}")
                shop.person(tenant, customer, last_name="Rossi")
                buy(tenant, customer)
            shop.item(tenant, "campaign", name="Comfort Club")
            with CaptureQueriesContext(database) as queries:
                working.work(flow.pk)
            counts.append(len(queries))
        assert counts[0] == counts[1]


TIER = (
    "Membership_Tier__c string 80",
    "Membership_Status__c string 40",
    "Membership_From__c date",
    "Membership_To__c date",
)


@pytest.fixture
def somebody(both) -> Person:
    """The person of a customer who has no membership."""
    customer = (
        Customer.objects.filter(tenant=both.tenant, memberships=None, active=True).exclude(jobs=None).first()
    )
    return shop.person(both.tenant, customer, last_name="Rossi")


def contact_of(both, person) -> dict:
    (found,) = [row for row in both.sf.rows("Contact") if row["LastName"] == person.last_name]
    return found


def members(both, campaign="Comfort Club") -> list[dict]:
    ids = {row["Id"] for row in both.sf.rows("Campaign") if row["Name"] == campaign}
    assert len(ids) == 1
    return [
        row for row in both.sf.rows("CampaignMember") if row["CampaignId"] in ids and not row["IsDeleted"]
    ]


def shown(contact) -> list:
    return [contact.get(line.split()[0]) for line in TIER]


def install_with_fields(both, **settings) -> Flow:
    for line in TIER:
        both.sf.add_field("Contact", line)
    read_fields_for(both.tenant, SPEC)
    return both.install("memberships", **settings)


@pytest.mark.django_db(transaction=True)
class TestBothSystems:
    def test_bought_lapsed_and_renewed_in_servicetitan_shows_in_salesforce_a_cycle_later(
        self, both, somebody
    ):
        install_with_fields(both)
        plan = loyalty.buy(both.st, int(somebody.customer.external_id), "Comfort Club")
        both.cycle()
        contact = contact_of(both, somebody)
        (member,) = members(both)
        row = both.st.row("memberships", plan)
        assert (member["ContactId"], member["Status"]) == (contact["Id"], "Responded")
        assert shown(contact) == ["Comfort Club", "Active", row["from"][:10], row["to"][:10]]
        loyalty.lapse(both.st, plan)
        both.cycle()
        assert members(both) == []
        assert shown(contact_of(both, somebody))[:2] == ["Comfort Club", "Expired"]
        renewed = loyalty.renew(both.st, plan)
        both.cycle()
        assert [one["ContactId"] for one in members(both)] == [contact["Id"]]
        assert shown(contact_of(both, somebody))[1:] == ["Active", row["from"][:10], renewed["to"][:10]]
        assert not Delivery.objects.filter(state="needs_person").exists()

    def test_an_org_without_the_fields_still_has_the_campaign_and_the_page_says_so(self, both, somebody):
        flow = both.install("memberships", lapsed="status")
        loyalty.buy(both.st, int(somebody.customer.external_id), "Comfort Club")
        both.cycle()
        assert len(members(both)) == 1
        table = SPEC.check(both.tenant, SPEC.chosen(flow.settings))
        assert not table.ok
        assert "Membership_Tier__c" in table.words

    def test_an_answer_that_never_comes_makes_no_second_place(self, both, somebody):
        both.install("memberships")
        both.sf.faults(Fault("lost_reply", count=1, path="CampaignMember", method="POST"))
        loyalty.buy(both.st, int(somebody.customer.external_id), "Comfort Club")
        both.cycle(2)
        assert [fault["count"] for fault in both.sf.faults_on.report()] == [0]
        assert len(members(both)) == CampaignMember.objects.filter(person=somebody).count() == 1
        assert not Delivery.objects.filter(state__in=Delivery.OPEN).exists()
