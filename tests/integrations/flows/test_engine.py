"""What holds for every flow: owed with the change, made once whoever dies, and what people wrote since stays."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection as database
from django.db import transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_q.models import OrmQ

from integrations import leases
from integrations.flows import making, owing, working
from integrations.flows.base import Made, Wait, Wanted
from integrations.flows.catalogue import FLOWS
from integrations.models import Delivery, Flow, FlowItem, FlowMade, FlowRun
from integrations.tasks import tick, work_on_flows
from portal.models import AuditEntry
from reconciliation.editing import edit
from reconciliation.entities import ENTITIES
from reconciliation.models import Change, Opportunity, OpportunityRole, Task
from tests.integrations.flows.cycle import outcomes, salesforce_without_calls
from tests.reconciliation import shop

pytestmark = pytest.mark.django_db
SPEC = FLOWS["completed_jobs"]


@pytest.fixture
def flow(tenant) -> Flow:
    return Flow.objects.create(tenant=tenant, name=SPEC.name, since=timezone.now() - timedelta(days=30))


@pytest.fixture
def salesforce(tenant, settings):
    return salesforce_without_calls(tenant, settings)


def complete(tenant, number="J-1", **values):
    """A job that was open and has just been completed here."""
    job = shop.job(tenant, number=number, status="Scheduled", **values)
    done = {"status": "Completed", "completed_at": timezone.now() - timedelta(hours=1), "total": Decimal(250)}
    edit(ENTITIES["job"], job.pk, done)
    return job


def edited(job, **values):
    edit(ENTITIES["job"], job.pk, values)


def deal() -> Opportunity:
    return Opportunity.objects.get()


class TestOwing:
    def test_a_change_that_is_rolled_back_owes_nothing(self, tenant, flow):
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            complete(tenant)
            assert outcomes(flow) == [("owed", "")]
            raise ZeroDivisionError
        assert outcomes(flow) == []

    def test_a_flow_that_is_off_hears_of_nothing(self, tenant, flow):
        Flow.objects.update(enabled=False)
        complete(tenant)
        assert outcomes(flow) == []

    def test_a_record_that_does_not_concern_it_leaves_no_trace(self, tenant, flow):
        job = complete(tenant)
        FlowItem.objects.all().delete()
        edited(job, completed_at=flow.since - timedelta(days=1))
        edited(shop.job(tenant, status="Scheduled"), summary="Not yet")
        assert outcomes(flow) == []

    def test_an_entity_that_no_flow_knows_costs_no_query(self, tenant, flow):
        with CaptureQueriesContext(database) as queries:
            owing.on_change("tag_type", tenant.pk, [1, 2])
        assert len(queries) == 0

    def test_a_page_costs_no_more_queries_than_a_row(self, tenant, flow):
        jobs = [complete(tenant, f"J-{n}").pk for n in range(12)]
        with CaptureQueriesContext(database) as one:
            owing.on_change("job", tenant.pk, jobs[:1])
        with CaptureQueriesContext(database) as page:
            owing.on_change("job", tenant.pk, jobs)
        assert len(page) == len(one)


class TestMaking:
    def test_a_record_is_made_with_change_audit_entry_and_a_tie_to_its_item(self, tenant, flow):
        job = complete(tenant)
        assert work_on_flows() == 1
        assert (deal().job, deal().customer, deal().amount) == (job, job.customer, 250)
        assert outcomes(flow) == [("made", "")]
        assert FlowMade.objects.get().record_id == deal().pk
        assert Change.objects.filter(entity="opportunity", kind="created").count() == 1
        assert AuditEntry.objects.get(action="record.created").note == SPEC.title
        run = FlowRun.objects.get()
        assert (run.made, run.skipped, run.failed) == (1, 0, 0)

    def test_however_often_the_subject_is_saved_one_record_is_made(self, tenant, flow):
        job = complete(tenant)
        for n in range(3):
            edited(job, summary=f"Saved {n} times")
            work_on_flows()
        assert Opportunity.objects.count() == FlowMade.objects.count() == 1
        assert outcomes(flow) == [("updated", "")]

    def test_nothing_new_of_the_subject_writes_nothing(self, tenant, flow):
        job = complete(tenant)
        work_on_flows()
        version = deal().version
        edited(job, customer_po="PO 7")
        work_on_flows()
        assert (deal().version, outcomes(flow)) == (version, [("unchanged", "")])

    def test_what_somebody_wrote_since_stays_until_the_subject_says_something_new(self, tenant, flow):
        job = complete(tenant)
        work_on_flows()
        edit(ENTITIES["opportunity"], deal().pk, {"description": "Mine", "amount": Decimal(300)})
        edited(job, total=Decimal(275))
        work_on_flows()
        assert (deal().description, deal().amount) == ("Mine", 275)

    def test_a_deal_that_the_job_came_from_is_taken_and_keeps_its_name(self, tenant, flow):
        job = shop.job(tenant, number="J-1", status="Scheduled")
        known = shop.opportunity(tenant, job.customer, job=job, name="Boiler for Ana", stage="Negotiation")
        edited(job, status="Completed", completed_at=timezone.now(), total=Decimal(99))
        work_on_flows()
        assert (deal().pk, deal().name, deal().stage) == (known.pk, "Boiler for Ana", "Closed Won")
        assert not FlowMade.objects.get().is_new
        assert outcomes(flow) == [("updated", "")]

    def test_records_that_belong_together_are_tied_in_one_go(self, tenant, flow):
        customer = shop.customer(tenant)
        first = shop.person(tenant, customer, last_name="First")
        shop.person(tenant, customer, last_name="Second")
        complete(tenant, of=customer)
        work_on_flows()
        role = OpportunityRole.objects.get()
        assert (role.opportunity, role.person, role.is_primary) == (deal(), first, True)

    def test_what_it_no_longer_fits_is_skipped_with_the_reason(self, tenant, flow):
        job = complete(tenant)
        work_on_flows()
        edited(job, status="In Progress")
        work_on_flows()
        item = FlowItem.objects.get()
        assert (item.state, item.reason, item.message) == (
            "skipped", "not_completed", "The job is no longer completed: it is “In Progress”.",
        )  # fmt: skip

    def test_a_portion_costs_no_more_queries_for_many_than_for_two(self, tenant, flow):
        counts = []
        for many in (2, 20):
            for n in range(many):
                job = complete(tenant, f"J-{many}-{n}")
                shop.person(tenant, job.customer, last_name="Rossi")
            with CaptureQueriesContext(database) as queries:
                working.work(flow.pk)
            counts.append(len(queries))
        assert counts[0] == counts[1]


class TestWhatAPlanMaySay:
    """Plans that no flow of the catalogue makes as plainly."""

    @pytest.fixture
    def plan_is(self, monkeypatch):
        """`plan_is(plan)`: from now on the flow plans this for every job."""

        def set_to(plan):
            monkeypatch.setitem(FLOWS, SPEC.name, replace(SPEC, plan=lambda job, chosen: plan))

        return set_to

    def test_what_it_made_is_found_again_by_its_role_alone(self, tenant, flow, plan_is):
        plan_is(Made((Wanted("task", {"subject": "Call"}), Wanted("task", {"subject": "Write"}, role="two"))))
        job = complete(tenant)
        for n in range(3):
            edited(job, summary=f"Saved {n} times")
            work_on_flows()
        assert sorted(Task.objects.values_list("subject", flat=True)) == ["Call", "Write"]
        assert outcomes(flow) == [("unchanged", "")]

    def test_what_it_writes_itself_is_no_news_to_it(self, tenant, flow, plan_is):
        job = complete(tenant)
        plan_is(Made((Wanted("job", {"summary": "A deal"}, record_id=job.pk),)))
        work_on_flows()
        assert (FlowRun.objects.get().updated, FlowRun.objects.get().unchanged) == (1, 0)

    def test_a_firm_value_stands_whatever_anybody_wrote(self, tenant, flow, plan_is):
        wanted = Wanted("task", {"subject": "Call", "priority": "High"}, firm=("priority",))
        plan_is(Made((wanted,)))
        job = complete(tenant)
        work_on_flows()
        edit(ENTITIES["task"], Task.objects.get().pk, {"subject": "Mine", "priority": "Low"})
        edited(job, summary="Saved again")
        work_on_flows()
        assert (Task.objects.get().subject, Task.objects.get().priority) == ("Mine", "High")

    def test_what_waits_is_looked_at_again_when_its_subject_changes(self, tenant, flow, plan_is):
        plan_is(Wait("no_unit", "Choose a business unit."))
        job = complete(tenant)
        work_on_flows()
        assert outcomes(flow) == [("waiting", "no_unit")]
        plan_is(Made((Wanted("task", {"subject": "Call"}),)))
        edited(job, summary="Saved again")
        work_on_flows()
        assert outcomes(flow) == [("made", "")]

    def test_a_field_that_the_record_does_not_have_fails_its_item_and_says_so(self, tenant, flow, plan_is):
        plan_is(Made((Wanted("task", {"no_such": "field"}),)))
        complete(tenant)
        work_on_flows()
        assert outcomes(flow) == [("failed", "bug")]


@pytest.mark.django_db(transaction=True)
class TestWaking:
    def test_changes_queue_one_task_a_merchant_at_their_commit(self, tenant, flow):
        for number in range(3):
            complete(tenant, f"J-{number}")
        assert queued() == ["integrations.tasks.work_on_flows"]

    def test_what_nobody_was_woken_for_is_found_by_the_next_tick(self, tenant, flow):
        complete(tenant)
        OrmQ.objects.all().delete()
        tick()
        assert "integrations.tasks.work_on_flows" in queued()

    def test_a_tick_without_anything_to_do_wakes_nobody(self, tenant, flow):
        complete(tenant)
        work_on_flows(tenant.pk)
        OrmQ.objects.all().delete()
        tick()
        assert "integrations.tasks.work_on_flows" not in queued()

    def test_one_that_waits_for_a_time_is_looked_at_when_it_has_come(self, tenant, flow):
        complete(tenant)
        later = timezone.now() + timedelta(hours=1)
        FlowItem.objects.update(state="waiting", next_try_at=later)
        assert working.waiting_flows(later - timedelta(minutes=1)) == []
        assert working.waiting_flows(later) == [flow.pk]


def queued() -> list[str]:
    return [row.func() for row in OrmQ.objects.all()]


class TestFailing:
    def test_one_that_cannot_be_worked_on_fails_alone(self, tenant, flow, monkeypatch):
        bad, good = complete(tenant, "bad"), complete(tenant, "good")
        refuse(monkeypatch, bad.number)
        work_on_flows()
        assert outcomes(flow) == [("failed", "bug"), ("made", "")]
        assert deal().job == good

    def test_a_worker_that_dies_before_the_commit_leaves_nothing_half_done(self, tenant, flow, monkeypatch):
        complete(tenant)
        with pytest.raises(KeyboardInterrupt), monkeypatch.context() as dying:
            dying.setattr(working, "_close", die)
            work_on_flows()
        assert (Opportunity.objects.count(), outcomes(flow)) == (0, [("owed", "")])
        work_on_flows()
        assert (Opportunity.objects.count(), outcomes(flow)) == (1, [("made", "")])

    def test_a_worker_that_lost_its_lease_writes_nothing(self, tenant, flow):
        complete(tenant)
        lease = leases.take(flow.pk, Flow)
        leases.release(lease)
        leases.take(flow.pk, Flow)
        with pytest.raises(leases.LeaseLost):
            working._work(flow, lease, 60)
        assert (Opportunity.objects.count(), outcomes(flow)) == (0, [("owed", "")])

    def test_a_change_in_the_middle_of_the_work_is_looked_at_again(self, tenant, flow, monkeypatch):
        job = complete(tenant)
        real = working._close

        def late(run, outcomes):
            monkeypatch.setattr(working, "_close", real)
            edited(job, total=Decimal(777))
            real(run, outcomes)

        monkeypatch.setattr(working, "_close", late)
        work_on_flows()
        assert deal().amount == 777

    def test_what_was_made_while_its_system_was_away_is_asked_for_once_it_is_back(
        self, tenant, flow, salesforce
    ):
        salesforce.rules.update(direction="pull")
        job = complete(tenant)
        work_on_flows()
        assert not Delivery.objects.exists()
        salesforce.rules.filter(entity="opportunity").update(direction="both", creates="asked")
        edited(job, customer_po="PO 7")
        work_on_flows()
        assert (Delivery.objects.get().entity, Delivery.objects.get().wanted) == ("opportunity", True)
        Delivery.objects.update(state="given_up")
        edited(job, customer_po="PO 8")
        work_on_flows()
        assert Delivery.objects.get().state == "given_up"

    def test_while_somebody_holds_it_nobody_else_works_on_it(self, tenant, flow):
        complete(tenant)
        assert leases.take(flow.pk, Flow)
        assert working.work(flow.pk) == 0
        assert outcomes(flow) == [("owed", "")]

    def test_a_merchant_who_is_paused_waits(self, tenant, flow):
        complete(tenant)
        tenant.status = "paused"
        tenant.save()
        assert work_on_flows() == 0


def die(*args):
    raise KeyboardInterrupt


def refuse(monkeypatch, number):
    """Writing anything for the job of this number fails."""
    real = making.Making._values

    def values(self, wish, given):
        if number in wish.wanted.at_first.get("name", ""):
            raise ArithmeticError
        return real(self, wish, given)

    monkeypatch.setattr(making.Making, "_values", values)
