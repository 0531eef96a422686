"""A deal won in Salesforce is a job in ServiceTitan a cycle later: once, whatever is saved, killed or lost."""

from datetime import UTC, datetime

import pytest

from integrations import describing
from integrations.flows import working
from integrations.flows.catalogue import FLOWS
from integrations.flows.installing import configure
from integrations.models import FieldMapping, FlowItem, FlowMade
from integrations.tasks import work_on_flows
from reconciliation.editing import edit
from reconciliation.entities import ENTITIES
from reconciliation.merging import merge
from reconciliation.models import Customer, Job, Link, Location, Opportunity, ReferenceItem
from tests.integrations.pushes import time_passes

pytestmark = pytest.mark.django_db(transaction=True)
SPEC = FLOWS["won_deals"]


def chosen(both) -> dict:
    """Settings with which anything can be booked."""
    linked = Link.objects.filter(source=both.servicetitan.source_id, state="live")

    def first(kind):
        return (
            ReferenceItem.objects.filter(pk__in=linked.filter(entity=kind).values("record_id"), active=True)
            .order_by("pk")[0]
            .pk
        )

    job_type = ReferenceItem.objects.get(pk=first("job_type"))
    unit = Link.objects.get(
        entity="business_unit", external_id=str(job_type.details["businessUnitIds"][0])
    ).record_id
    return {"job_type": job_type.pk, "business_unit": unit, "campaign": first("campaign")}


@pytest.fixture
def client(both) -> Customer:
    """A customer of ServiceTitan with one location, whose Account is known to be theirs."""
    for customer in Customer.objects.filter(active=True, do_not_service=False).order_by("pk"):
        home = Location.objects.filter(customer=customer, active=True)
        if home.count() == 1 and both.st.row("customers", int(customer.external_id)):
            break
    else:
        raise AssertionError("every customer has several homes")
    account = Customer.objects.get(external_id=both.sf.rows("Account")[0]["Id"])
    merge(ENTITIES["customer"], customer.pk, [account.pk])
    return customer


@pytest.fixture
def flow(both):
    return both.install("won_deals", **chosen(both))


def win(both, **members) -> dict:
    account = both.sf.rows("Account")[0]["Id"]
    return both.sf.add("Opportunity", {"Name": "Boiler", "StageName": "Closed Won", "Amount": 1999.99,
                                       "CloseDate": "2026-11-20", "AccountId": account, **members})  # fmt: skip


def booked(both, deal) -> list[dict]:
    """The jobs of ServiceTitan that were booked for the deal."""
    return [row for row in both.st.rows("jobs") if deal["Id"] in (row.get("summary") or "")]


def item_of(deal) -> FlowItem:
    record = Opportunity.objects.get(external_id=deal["Id"])
    return FlowItem.objects.get(record_id=record.pk)


def standing(deal) -> tuple[str, str]:
    """What the flow's page says of the deal."""
    item = item_of(deal)
    return item.state, item.reason


class TestBooking:
    def test_a_won_deal_is_a_job_with_its_visit_one_cycle_later(self, both, client, flow):
        deal = win(both, Description="Two floors")
        both.cycle()
        (job,) = booked(both, deal)
        assert job["customerId"] == int(client.external_id)
        assert job["locationId"] == int(Location.objects.get(customer=client).external_id)
        assert job["summary"].startswith("Boiler\nTwo floors\n")
        visits = [row for row in both.st.rows("appointments") if row["jobId"] == job["id"]]
        assert len(visits) == 1
        assert standing(deal) == ("made", "")
        assert Opportunity.objects.get(external_id=deal["Id"]).job.external_id == str(job["id"])

    def test_saved_five_times_it_is_one_job(self, both, client, flow):
        deal = win(both)
        for n in range(5):
            both.sf.change(deal["Id"], {"Description": f"Saved {n}", "Amount": 1000.0 + n})
            both.cycle()
        assert len(booked(both, deal)) == 1
        assert Job.objects.filter(summary__contains=deal["Id"]).count() == 1
        assert standing(deal) == ("unchanged", "")

    def test_won_taken_back_and_won_again_it_is_one_job(self, both, client, flow):
        deal = win(both)
        both.cycle()
        both.sf.change(deal["Id"], {"StageName": "Negotiation/Review"})
        both.cycle()
        assert standing(deal) == ("skipped", "no_longer_won")
        both.sf.change(deal["Id"], {"StageName": "Closed Won"})
        both.cycle()
        assert len(booked(both, deal)) == 1

    def test_a_deal_that_comes_to_be_won_long_after_its_day_is_booked_and_an_old_one_is_not(
        self, both, client
    ):
        old = win(both, CloseDate="2026-01-05", Name="Old")
        late = win(both, CloseDate="2026-01-05", Name="Late", StageName="Prospecting")
        both.salesforce.rules.filter(entity="opportunity").update(enabled=True)
        both.cycle()
        flow = both.install("won_deals", **chosen(both))
        configure(flow, SPEC, flow.settings, datetime(2026, 11, 1, tzinfo=UTC))
        FlowItem.objects.all().delete()
        both.sf.change(old["Id"], {"Description": "Filed"})
        both.sf.change(late["Id"], {"StageName": "Closed Won"})
        both.cycle()
        assert (len(booked(both, old)), len(booked(both, late))) == (0, 1)

    def test_the_service_type_and_the_time_come_from_fields_of_the_org(self, both, client, flow):
        service = Job._meta.get_field("job_type").related_model.objects.get(pk=flow.settings["job_type"]).name
        both.sf.add_field("Opportunity", "Service_Type__c string 80")
        both.sf.add_field("Opportunity", "Wanted__c datetime")
        rule = both.salesforce.rules.get(entity="opportunity")
        describing.read_fields(rule)
        for remote, field, transform in (
            ("Service_Type__c", "service_type", "text"),
            ("Wanted__c", "wanted_from", "timestamp"),
        ):
            FieldMapping.objects.create(rule=rule, remote=remote, field=field, transform=transform,
                                        direction="pull", position=50)  # fmt: skip
        deal = win(both, Service_Type__c=service, Wanted__c="2027-03-04T14:00:00.000+0000")
        both.cycle()
        (job,) = booked(both, deal)
        (visit,) = [row for row in both.st.rows("appointments") if row["jobId"] == job["id"]]
        assert visit["start"].startswith("2027-03-04T14:00")
        assert f"Sold: {service}" in job["summary"]


class TestWaiting:
    def test_without_a_business_unit_it_waits_and_goes_by_itself_when_one_is_chosen(self, both, client):
        settings = chosen(both)
        service = ReferenceItem.objects.get(pk=settings["job_type"])
        service.details = {**service.details, "businessUnitIds": []}
        service.save()
        flow = both.install("won_deals", **{**settings, "business_unit": None})
        deal = win(both)
        both.cycle()
        assert standing(deal) == ("waiting", "no_business_unit")
        assert booked(both, deal) == []
        configure(flow, SPEC, settings, flow.since)
        both.cycle()
        assert len(booked(both, deal)) == 1

    def test_without_a_location_it_waits_and_goes_by_itself_when_there_is_one(self, both, client, flow):
        home = Location.objects.get(customer=client)
        edit(ENTITIES["location"], home.pk, {"active": False})
        deal = win(both)
        both.cycle()
        item = item_of(deal)
        assert (item.state, item.reason) == ("waiting", "no_location")
        assert client.name in item.message
        edit(ENTITIES["location"], home.pk, {"active": True})
        both.cycle()
        assert len(booked(both, deal)) == 1

    def test_somebody_whom_servicetitan_does_not_know_waits_until_they_are_known_to_be_its_customer(
        self, both, client, flow
    ):
        stranger = both.sf.rows("Account")[1]["Id"]
        deal = win(both, AccountId=stranger)
        both.cycle()
        assert standing(deal) == ("waiting", "not_in_servicetitan")
        there = Customer.objects.filter(active=True, do_not_service=False, locations__active=True).exclude(
            pk=client.pk
        )
        known = next(one for one in there if one.locations.filter(active=True).count() == 1)
        merge(ENTITIES["customer"], known.pk, [Customer.objects.get(external_id=stranger).pk])
        both.cycle()
        (job,) = booked(both, deal)
        assert job["customerId"] == int(known.external_id)


class TestWhateverHappens:
    def test_a_worker_killed_between_the_job_and_its_outcome_books_nothing_twice(
        self, both, client, flow, monkeypatch
    ):
        deal = win(both)

        def die(*args):
            raise KeyboardInterrupt

        with monkeypatch.context() as dying:
            dying.setattr(working, "_close", die)
            with pytest.raises(KeyboardInterrupt):
                both.cycle()
        assert not FlowMade.objects.filter(role="job").exists()
        time_passes()
        both.cycle()
        assert len(booked(both, deal)) == 1

    def test_a_reply_of_servicetitan_that_is_lost_books_nothing_twice(self, both, client, flow):
        deal = win(both)
        both.st.faults("lost_reply:0.5")
        both.cycle(2)
        both.st.faults()
        both.cycle(3)
        assert len(booked(both, deal)) == 1

    def test_a_deal_that_comes_anew_after_a_disconnect_finds_the_job_it_has(self, both, client, flow):
        deal = win(both)
        both.cycle()
        record = Opportunity.objects.get(external_id=deal["Id"])
        item_of(deal).delete()
        Opportunity.objects.filter(pk=record.pk).update(job=None)
        edit(ENTITIES["opportunity"], record.pk, {"description": "Read anew"})
        work_on_flows()
        assert standing(deal) == ("skipped", "has_job")
        assert len(booked(both, deal)) == 1
