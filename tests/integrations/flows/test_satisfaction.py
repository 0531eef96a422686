"""A low rating is a case: once, for whoever answers for it, tied to customer, job and person."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from integrations.admin.flow_forms import FlowForm
from integrations.flows import working
from integrations.flows.base import Made, Skip, Wait
from integrations.flows.catalogue import FLOWS
from integrations.flows.installing import NotReady, configure, install
from integrations.flows.readiness import setup_of
from integrations.flows.satisfaction import Judged
from integrations.models import Delivery, Flow
from integrations.sandbox.faults import Fault
from integrations.sandbox.servicetitan import loyalty
from integrations.tasks import work_on_flows
from reconciliation.editing import edit
from reconciliation.entities import ENTITIES
from reconciliation.models import Case, Job, Person, Rating, ReferenceItem
from tests.integrations.flows.cycle import outcomes
from tests.reconciliation import shop

SPEC = FLOWS["satisfaction"]
DEFAULTS = SPEC.chosen({})
LOW = Judged(
    kind="technician", rating=Decimal(3), most=10, active=True, technician="Kim", job_id=7, job="J-7",
    unit_id=1, customer_id=5, customer="Ana", person_id=6, owner_ids=frozenset({11, 12}),
)  # fmt: skip


class TestPlanning:
    @pytest.mark.parametrize(
        ("changes", "outcome", "reason"),
        [
            ({"rating": Decimal(5)}, Skip, "not_low"),
            ({"kind": "review", "most": 5}, Skip, "not_low"),
            ({"active": False}, Skip, "withdrawn"),
            ({"rating": None}, Skip, "withdrawn"),
            ({"customer_id": None}, Wait, "no_customer"),
            ({"person_id": None}, Wait, "no_person"),
        ],
    )
    def test_what_makes_no_case_says_why(self, changes, outcome, reason):
        found = SPEC.plan(replace(LOW, **changes), DEFAULTS)
        assert (type(found), found.reason) == (outcome, reason)

    @pytest.mark.parametrize(("kind", "rating"), [("technician", "4"), ("technician", "0"), ("review", "2")])
    def test_the_figure_itself_is_low_enough(self, kind, rating):
        assert isinstance(SPEC.plan(replace(LOW, kind=kind, rating=Decimal(rating)), DEFAULTS), Made)

    @pytest.mark.parametrize(
        ("owner", "owners", "found"),
        [
            (None, {}, None),
            (11, {}, 11),
            (11, {"1": 12}, 12),
            (11, {"2": 12}, 11),
            (11, {"1": 99}, 11),
            (99, {}, None),
        ],
    )
    def test_the_owner_is_the_units_else_the_one_for_all_and_nobody_who_left(self, owner, owners, found):
        (case,) = SPEC.plan(LOW, {**DEFAULTS, "owner": owner, "owners": owners}).records
        assert case.at_first["owner"] == found

    def test_a_case_says_what_was_said_by_whom_and_of_which_job(self):
        review = replace(
            LOW, kind="review", rating=Decimal(1), most=5, text="No heat.", platform="Yelp", author="Al",
            job_type="Furnace",
        )  # fmt: skip
        (case,) = SPEC.plan(review, DEFAULTS).records
        assert case.values["subject"] == "Review: 1 of 5 for job J-7"
        assert case.values["description"].splitlines() == [
            "No heat.", "Customer: Ana", "Job: J-7 Furnace", "Technician: Kim", "Written on Yelp by Al",
        ]  # fmt: skip


@pytest.fixture
def flow(tenant) -> Flow:
    return Flow.objects.create(tenant=tenant, name=SPEC.name, since=shop.NOON - timedelta(days=1))


def rate(tenant, rating, of=None, **values) -> Rating:
    """A rating that has just come down, or gone up, to this."""
    found = of or shop.rating(tenant, values.pop("job", None), rating=Decimal(10), **values)
    edit(ENTITIES["technician_rating"], found.pk, {"rating": Decimal(rating)})
    return found


@pytest.mark.django_db
class TestTheFlow:
    def test_a_good_rating_leaves_no_trace(self, tenant, flow):
        rate(tenant, 9)
        assert work_on_flows() == 0
        assert outcomes(flow) == []

    def test_one_from_before_the_flow_looks_leaves_none_either(self, tenant, flow):
        rate(tenant, 1, source_created_at=flow.since - timedelta(days=1))
        assert outcomes(flow) == []

    def test_a_low_rating_waits_until_somebody_is_known_there(self, tenant, flow):
        rating = rate(tenant, 2)
        work_on_flows()
        assert outcomes(flow) == [("waiting", "no_person")]
        person = shop.person(tenant, rating.job.customer, last_name="")
        edit(ENTITIES["person"], person.pk, {"last_name": "Rossi"})
        work_on_flows()
        case = Case.objects.get()
        assert (case.customer, case.job, case.person) == (rating.job.customer, rating.job, person)
        assert (case.priority, case.subject) == ("High", "Technician rating: 2 of 10")
        assert outcomes(flow) == [("made", "")]

    def test_a_rating_makes_one_case_however_it_moves(self, tenant, flow):
        job = shop.job(tenant, number="J-1")
        shop.person(tenant, job.customer, last_name="Rossi")
        rating = rate(tenant, 3, job=job)
        for figure in (2, 9, 1):
            work_on_flows()
            rate(tenant, figure, of=rating)
        work_on_flows()
        assert Case.objects.get().subject == "Technician rating: 1 of 10 for job J-1"

    def test_what_somebody_makes_of_the_case_stays_when_the_rating_goes_up(self, tenant, flow):
        job = shop.job(tenant)
        shop.person(tenant, job.customer, last_name="Rossi")
        rating = rate(tenant, 3, job=job)
        work_on_flows()
        edit(ENTITIES["case"], Case.objects.get().pk, {"priority": "Low"})
        rate(tenant, 10, of=rating)
        work_on_flows()
        assert (Case.objects.get().priority, outcomes(flow)) == ("Low", [("skipped", "not_low")])

    def test_a_higher_threshold_looks_at_those_that_were_good_enough_before(self, tenant, flow):
        job = shop.job(tenant)
        shop.person(tenant, job.customer, last_name="Rossi")
        rate(tenant, 6, job=job)
        configure(flow, SPEC, {"technician_at_most": "6"}, flow.since)
        work_on_flows()
        assert Case.objects.count() == 1

    def test_the_form_asks_for_an_owner_of_each_business_unit(self, tenant, flow):
        hvac, drains = shop.item(tenant, name="HVAC"), shop.item(tenant, name="Drains")
        dana = shop.item(tenant, "owner", name="Dana")
        shop.item(tenant, "owner", name="Gone", active=False)
        form = FlowForm(tenant, SPEC, {"owners": {str(hvac.pk): dana.pk}}, flow.since)
        field = form[f"owners_{hvac.pk}"]
        assert (field.label, field.initial) == ("Owner by business unit: HVAC", dana.pk)
        assert [label for _, label in field.field.choices] == ["—", "Dana"]
        given = {"flow-since": "2026-01-01", "flow-priority": "High", f"flow-owners_{drains.pk}": dana.pk}
        given |= {"flow-technician_at_most": "4", "flow-review_at_most": "2"}
        form = FlowForm(tenant, SPEC, {}, flow.since, given)
        assert form.is_valid(), form.errors
        assert form.stored["owners"] == {str(drains.pk): dana.pk}
        assert not FlowForm(
            tenant, SPEC, {}, flow.since, {**given, f"flow-owners_{hvac.pk}": "999999"}
        ).is_valid()

    def test_a_portion_costs_no_more_queries_for_many_than_for_two(self, tenant, flow):
        counts = []
        for many in (2, 20):
            for _ in range(many):
                job = shop.job(tenant)
                shop.person(tenant, job.customer, last_name="Rossi")
                rate(tenant, 2, job=job)
            with CaptureQueriesContext(database) as queries:
                working.work(flow.pk)
            counts.append(len(queries))
        assert counts[0] == counts[1]


@pytest.mark.django_db(transaction=True)
class TestBothSystems:
    def test_without_both_scopes_it_cannot_be_installed_and_with_one_it_can(self, both):
        both.servicetitan.rules.filter(entity="review").update(
            enabled=False, off_because="scope is missing: tn.mrep.reviews:r"
        )
        assert setup_of(both.tenant, SPEC).is_ready
        both.servicetitan.rules.filter(entity="technician_rating").update(
            enabled=False, off_because="scope is missing: tn.csi.technicianrating:r"
        )
        with pytest.raises(NotReady, match="technician ratings or reviews"):
            install(both.tenant, SPEC, {})

    def test_a_low_rating_in_servicetitan_is_a_case_in_salesforce_a_cycle_later(self, both):
        job, owner = _done(), ReferenceItem.objects.filter(kind="owner", active=True).latest("pk")
        both.install("satisfaction", owners={str(job.business_unit_id): owner.pk})
        person = _somebody(job)
        loyalty.rate(both.st, int(job.external_id), 2)
        both.cycle()
        (case,) = _cases(both, job)
        assert (case["Priority"], case["OwnerId"]) == ("High", owner.external_id)
        assert case["Subject"] == f"Technician rating: 2 of 10 for job {job.number}"
        contact = next(row for row in both.sf.rows("Contact") if row["Id"] == case["ContactId"])
        account = next(row for row in both.sf.rows("Account") if row["Id"] == case["AccountId"])
        assert (contact["LastName"], account["Name"]) == (person.last_name, job.customer.name)
        assert contact["AccountId"] == account["Id"]
        loyalty.rate(both.st, int(job.external_id), 1)
        both.cycle(2)
        assert len(_cases(both, job)) == 1
        assert not Delivery.objects.filter(state="needs_person").exists()

    def test_a_review_nobody_has_matched_waits_and_is_a_case_once_somebody_has(self, both):
        job, flow = _done(), both.install("satisfaction")
        _somebody(job)
        review = loyalty.review(both.st, 1, "Still no heat after two visits.")
        both.cycle()
        assert ("waiting", "no_customer") in outcomes(flow)
        both.st.change("reviews", review, jobId=int(job.external_id))
        both.cycle(2)
        (case,) = _cases(both, job)
        assert case["Description"].startswith("Still no heat after two visits.")
        assert Case.objects.get(job=job).number == case["CaseNumber"]

    def test_an_answer_that_never_comes_makes_no_second_case(self, both):
        job = _done()
        both.install("satisfaction")
        _somebody(job)
        both.sf.faults(Fault("lost_reply", count=1, path="Case", method="PATCH"))
        loyalty.rate(both.st, int(job.external_id), 2)
        both.cycle(2)
        assert [fault["count"] for fault in both.sf.faults_on.report()] == [0]
        assert len(_cases(both, job)) == Case.objects.filter(job=job).count() == 1
        assert not Delivery.objects.filter(state__in=Delivery.OPEN).exists()


def _done() -> Job:
    """A completed job whose customer was never unhappy."""
    unhappy = Rating.objects.filter(job__isnull=False, rating__lt=5).values("job__customer")
    return Job.objects.filter(status="Completed").exclude(customer__in=unhappy).order_by("pk").first()


def _somebody(job: Job) -> Person:
    return shop.person(job.tenant, job.customer, last_name="Rossi")


def _cases(both, job: Job) -> list[dict]:
    return [row for row in both.sf.rows("Case") if job.number in (row["Subject"] or "")]
