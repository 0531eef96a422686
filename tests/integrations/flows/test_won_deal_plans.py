"""What a won deal books, and what it waits for: without a database."""

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from integrations.flows.base import Made, Ref, Skip, Wait
from integrations.flows.won_deal_plans import Deal, Service, Shop, Spot, plan
from integrations.flows.won_deals import FLOW

SHOP = Shop(
    services=(Service(11, "Boiler replacement", (21,), "High"), Service(12, "Maintenance", (21, 22))),
    units={21: "Plumbing", 22: "HVAC"},
    campaigns=frozenset({31}),
    lead_sources=frozenset({"web"}),
    zone=ZoneInfo("America/New_York"),
)
HOME, SHED = (
    Spot(41, "410", "Home", "9 hill rd lynchburg 24501"),
    Spot(42, "420", "Shed", "1 mill st bedford 24523"),
)
DEAL = Deal(
    id=1, name="Boiler for Rossi", is_won=True, external_id="006A", customer_id=5, customer="Maria Rossi",
    spots=(HOME,), service_type="boiler replacement", lead_source="Web", shop=SHOP,
    now=datetime(2026, 11, 20, 15, tzinfo=UTC), description="Two floors",
)  # fmt: skip


def planned(deal=DEAL, **settings):
    return plan(deal, FLOW.chosen(settings))


def waits(deal, **settings):
    found = planned(deal, **settings)
    assert isinstance(found, Wait)
    return found


class TestWaiting:
    @pytest.mark.parametrize(
        ("lacking", "reason", "words"),
        [
            ({"customer_id": None}, "no_customer", "names no Account"),
            ({"do_not_service": True}, "do_not_service", "do not service"),
            ({"in_servicetitan": False}, "not_in_servicetitan", "no customer of ServiceTitan"),
            ({"spots": ()}, "no_location", "Maria Rossi has no location"),
            ({"spots": (HOME, SHED)}, "which_location", "has 2 locations"),
            ({"service_type": "Sauna"}, "no_job_type", "No job type of ServiceTitan goes with “Sauna”"),
            ({"service_type": ""}, "no_job_type", "choose one for all else"),
            ({"service_type": "Maintenance"}, "no_business_unit", "No business unit for Maintenance"),
            ({"lead_source": "Radio"}, "no_campaign", "“Radio” is tied to no campaign"),
            ({"lead_source": ""}, "no_campaign", "wants of every job"),
        ],
    )
    def test_what_cannot_be_booked_says_what_is_missing_and_is_looked_at_again(self, lacking, reason, words):
        found = waits(replace(DEAL, **lacking))
        assert found.reason == reason
        assert words in found.words
        assert found.until is not None

    def test_all_that_is_missing_is_said_at_once(self):
        words = waits(replace(DEAL, spots=(), service_type="", lead_source="")).words
        assert "location" in words and "job type" in words and "campaign" in words

    def test_a_deal_that_is_not_won_or_came_from_a_job_is_left_alone(self):
        assert planned(replace(DEAL, is_won=False)).reason == "not_won"
        assert planned(replace(DEAL, job_id=77)).reason == "has_job"


class TestBooking:
    def made(self, deal=DEAL, **settings):
        found = planned(deal, **settings)
        assert isinstance(found, Made), found
        job, visit, won = found.records
        assert (visit.references, won.references) == ({"job": Ref("job")}, {"job": Ref("job")})
        assert won.record_id == deal.id
        return job, visit

    def test_it_is_a_job_with_a_visit_in_the_customers_home(self):
        job, visit = self.made()
        assert job.references == {
            "customer": 5, "location": 41, "job_type": 11, "business_unit": 21, "campaign": None,
        }  # fmt: skip
        assert (job.at_first["lead_source"], job.at_first["priority"]) == ("Web", "High")
        assert job.at_first["summary"].splitlines() == [
            "Boiler for Rossi", "Sold: boiler replacement", "Two floors", "Salesforce opportunity 006A",
        ]  # fmt: skip
        assert visit.at_first["starts_at"].isoformat() == "2026-11-23T09:00:00-05:00"

    def test_nothing_of_it_is_written_again_when_the_deal_is_saved_again(self):
        job, visit = self.made()
        assert (job.values, visit.values) == ({}, {})
        assert planned(replace(DEAL, is_ours=True, job_id=7)) == Made(())

    def test_a_deal_that_is_taken_back_leaves_its_job_and_says_so(self):
        found = planned(replace(DEAL, is_ours=True, job_id=7, is_won=False))
        assert isinstance(found, Skip)
        assert "stays booked" in found.words

    def test_the_list_of_service_types_names_the_job_type_and_the_unit(self):
        deal = replace(DEAL, service_type="Yearly check")
        job, _ = self.made(deal, services="Yearly  check = maintenance / HVAC; Swap = Boiler replacement")
        assert (job.references["job_type"], job.references["business_unit"]) == (12, 22)

    def test_all_else_goes_as_the_settings_say(self):
        deal = replace(DEAL, service_type="Sauna", lead_source="")
        job, _ = self.made(deal, job_type=12, business_unit=22, campaign=31)
        assert (job.references["job_type"], job.references["business_unit"]) == (12, 22)
        assert (job.references["campaign"], job.at_first["lead_source"]) == (31, "")

    def test_what_servicetitan_no_longer_has_is_not_booked_with(self):
        assert waits(replace(DEAL, lead_source=""), campaign=99).reason == "no_campaign"
        assert waits(replace(DEAL, service_type=""), job_type=99).reason == "no_job_type"

    @pytest.mark.parametrize("place", ["420", "shed", "1 Mill St, Bedford"])
    def test_of_several_locations_the_one_that_the_deal_names(self, place):
        job, _ = self.made(replace(DEAL, spots=(HOME, SHED), place=place))
        assert job.references["location"] == 42

    def test_of_several_locations_the_customers_own_address_where_it_names_none(self):
        job, _ = self.made(replace(DEAL, spots=(HOME, SHED), address_key=HOME.address_key))
        assert job.references["location"] == 41

    def test_a_place_that_is_none_of_them_waits(self):
        assert waits(replace(DEAL, spots=(HOME, SHED), place="7 Elm St")).reason == "which_location"
