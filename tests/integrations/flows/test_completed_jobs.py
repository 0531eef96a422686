"""A completed job is a won deal in Salesforce: once, with what the job says, and what people wrote there stays."""

from datetime import UTC, datetime

import pytest

from integrations import connecting, mapping_versions
from integrations.describing import read_fields
from integrations.flows.catalogue import FLOWS
from integrations.flows.completed_jobs import JobDone, plan
from integrations.flows.installing import install
from integrations.models import Delivery, FieldMapping
from integrations.push.retrying import retry
from reconciliation.adding import add
from reconciliation.entities import ENTITIES
from reconciliation.models import Job, Opportunity
from tests.integrations.flows.cycle import Both, outcomes
from tests.integrations.pages import at, words

FLOW = FLOWS["completed_jobs"]
SETTINGS = FLOW.chosen({})


def done(**values) -> JobDone:
    """A completed job as the flow reads it."""
    known = {
        "number": "J-7",
        "status": "Completed",
        "active": True,
        "completed_on": "2026-11-20",
        "total": 250,
        "job_type": "AC repair",
        "technicians": ((5, "Ada Able"), (6, "Ben Best")),
        "summary": "No heat upstairs",
        "customer_id": 1,
        "customer": "Wanda Waits",
        "job_id": 2,
    }
    return JobDone(**{**known, **values})


class TestThePlan:
    def test_a_job_that_was_taken_up_again_makes_nothing(self):
        assert plan(done(status="In Progress"), SETTINGS).reason == "not_completed"

    def test_a_visit_of_nothing_is_left_out_where_the_merchant_says_so(self):
        assert plan(done(total=0), {**SETTINGS, "without_value": False}).reason == "no_value"
        assert plan(done(total=0), SETTINGS).records

    def test_the_deal_has_type_value_technician_and_day(self):
        (deal,) = plan(done(), SETTINGS).records
        assert (deal.values["kind"], deal.values["amount"], deal.values["closes_on"]) == (
            "AC repair", 250, "2026-11-20",
        )  # fmt: skip
        assert deal.references == {"customer": 1, "job": 2, "technician": 5}
        assert deal.values["description"].splitlines() == [
            "Job J-7",
            "Technician: Ada Able, Ben Best",
            "Completed: 2026-11-20",
            "No heat upstairs",
        ]

    def test_the_stage_is_the_one_that_the_merchant_calls_won(self):
        (deal,) = plan(done(), {**SETTINGS, "stage": "Sold"}).records
        assert deal.values["stage"] == "Sold"


@pytest.fixture
def open_job(both: Both) -> Job:
    found = Job.objects.filter(active=True).exclude(status__iexact="completed").first()
    assert found is not None
    return found


@pytest.fixture
def flow(both):
    return install(both.tenant, FLOW, {}, since=datetime(2026, 11, 15, tzinfo=UTC))


def complete(both, job: Job, **members) -> None:
    """As the office does in ServiceTitan."""
    given = {"jobStatus": "Completed", "completedOn": "2026-11-20T15:00:00Z", "total": 1999.99, **members}
    both.st.change("jobs", int(job.external_id), **given)


def deals_of(both, job: Job) -> list[dict]:
    """The deals of a job in Salesforce, which has others as well."""
    return [row for row in both.sf.rows("Opportunity") if row["Name"].endswith(f" {job.number}")]


def deal_of(both, job: Job) -> dict:
    (found,) = deals_of(both, job)
    return found


@pytest.mark.django_db(transaction=True)
class TestBetweenBothSystems:
    def test_a_job_completed_in_servicetitan_is_won_in_salesforce_a_cycle_later(self, both, flow, open_job):
        add(ENTITIES["person"], both.tenant.pk, {"last_name": "Rossi"}, {"customer": open_job.customer})
        complete(both, open_job)
        both.cycle()
        deal = deal_of(both, open_job)
        assert (deal["StageName"], deal["Amount"], deal["CloseDate"]) == ("Closed Won", 1999.99, "2026-11-20")
        assert deal["Type"] == open_job.job_type.name
        account = both.sf.row(deal["AccountId"])
        assert account["Name"] == open_job.customer.name
        (role,) = [
            row for row in both.sf.rows("OpportunityContactRole") if row["OpportunityId"] == deal["Id"]
        ]
        assert role["IsPrimary"]
        assert both.sf.row(role["ContactId"])["LastName"] == "Rossi"
        assert not Delivery.objects.filter(state="needs_person").exists()

        # Saved again and again it stays one deal; what was written there comes back as no news.
        for number in range(3):
            complete(both, open_job, summary=f"Saved {number} times")
            both.cycle()
        assert len(deals_of(both, open_job)) == 1
        assert Opportunity.objects.get(job=open_job).external_id == deal["Id"]
        assert len(both.sf.rows("Account")) == 4

    def test_what_the_salesman_wrote_stays_and_a_new_value_of_the_job_arrives(self, both, flow, open_job):
        complete(both, open_job)
        both.cycle()
        both.sf.change(deal_of(both, open_job)["Id"], {"Description": "Call in spring", "Amount": 1.0})
        both.cycle()
        assert Opportunity.objects.get(job=open_job).description == "Call in spring"
        complete(both, open_job, total=2100.5)
        both.cycle()
        deal = deal_of(both, open_job)
        assert (deal["Description"], deal["Amount"]) == ("Call in spring", 2100.5)

    def test_a_custom_field_is_filled_through_the_deals_job(self, both, flow, open_job):
        both.sf.add_field("Opportunity", "Job_Type__c string 80")
        connecting.test(both.salesforce)
        rule = both.salesforce.rules.get(entity="opportunity")
        read_fields(rule)
        line = FieldMapping(rule=rule, remote="Job_Type__c", field="job.job_type.name", direction="push")
        mapping_versions.store(rule, [*rule.mappings.all(), line])
        complete(both, open_job)
        both.cycle()
        assert deal_of(both, open_job)["Job_Type__c"] == open_job.job_type.name

    def test_jobs_of_before_are_left_alone(self, both, flow):
        old = Job.objects.filter(status__iexact="completed").first()
        both.st.change("jobs", int(old.external_id), completedOn="2026-10-01T15:00:00Z", summary="Warranty")
        both.cycle()
        assert (deals_of(both, old), outcomes(flow)) == ([], [])

    def test_one_that_salesforce_refuses_is_shown_with_its_reason_and_goes_by_retry(
        self, both, flow, open_job, client_for, owner
    ):
        both.sf.add_validation_rule("Opportunity", "NextStep", "empty", "Say the next step.")
        complete(both, open_job)
        both.cycle()
        page = client_for(owner).get(at("flow_change", flow.pk))
        assert "Say the next step." in words(page)
        assert deals_of(both, open_job) == []
        both.sf.drop_rules()
        retry(Delivery.objects.filter(state="needs_person"), user=owner)
        both.cycle()
        assert deal_of(both, open_job)["StageName"] == "Closed Won"
        assert "Say the next step." not in words(client_for(owner).get(at("flow_change", flow.pk)))
