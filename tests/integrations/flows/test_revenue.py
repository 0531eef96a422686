"""What was invoiced is what Salesforce says, to the cent: on the job's opportunity, or in an object of the org's own."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.cache import cache
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations import own_objects
from integrations.flows import revenue, revenue_check
from integrations.flows.base import Made, Skip, Wait
from integrations.flows.catalogue import FLOWS
from integrations.flows.installing import NotReady, configure
from integrations.flows.readiness import setup_of
from integrations.flows.revenue import Bill
from integrations.models import Delivery, Flow, FlowMade
from integrations.tasks import work_on_flows
from reconciliation.editing import edit
from reconciliation.entities import ENTITIES
from reconciliation.models import Invoice, Job, Opportunity
from tests.integrations.flows.cycle import outcomes
from tests.reconciliation import shop

SPEC = FLOWS["revenue"]
SETTINGS = SPEC.chosen({})
BILL = Bill(1, "17", True, job_id=2, job="J-2", deal_id=3, revenue=Decimal("10.05"))


class TestPlan:
    def test_an_invoice_without_a_job_is_skipped(self):
        plan = revenue.plan(replace(BILL, job_id=None, deal_id=None), SETTINGS)
        assert isinstance(plan, Skip)

    def test_without_a_deal_it_waits_and_says_what_makes_one(self):
        plan = revenue.plan(replace(BILL, deal_id=None), SETTINGS)
        assert isinstance(plan, Wait)
        assert "Completed job" in plan.words

    def test_the_amount_stands_whatever_anybody_wrote(self):
        plan = revenue.plan(BILL, SETTINGS)
        assert isinstance(plan, Made)
        (wanted,) = plan.records
        assert (wanted.record_id, wanted.values, set(wanted.firm)) == (
            3,
            {"amount": Decimal("10.05")},
            {"amount"},
        )

    def test_copies_need_no_deal(self):
        plan = revenue.plan(replace(BILL, job_id=None, deal_id=None), {**SETTINGS, "target": "object"})
        assert isinstance(plan, Made)
        assert (plan.records[0].entity, plan.records[0].record_id) == ("invoice", 1)


@pytest.mark.django_db
class TestInThePortal:
    @pytest.fixture
    def flow(self, tenant) -> Flow:
        return Flow.objects.create(tenant=tenant, name="revenue", since=timezone.now() - timedelta(days=3000))

    @pytest.fixture
    def job(self, tenant) -> Job:
        return shop.job(tenant, number="J-1")

    def deal(self, tenant, job) -> Opportunity:
        return shop.opportunity(tenant, job.customer, job=job, amount=Decimal(1))

    def bill(self, tenant, job, total, **values) -> Invoice:
        made = shop.invoice(tenant, job.customer, job=job, total=Decimal(0), **values)
        edit(ENTITIES["invoice"], made.pk, {"total": Decimal(total), "balance": Decimal(total)})
        return made

    def amount(self):
        work_on_flows()
        return Opportunity.objects.get().amount

    def test_all_invoices_of_the_job_count_and_none_of_others(self, tenant, flow, job):
        self.deal(tenant, job)
        (
            self.bill(tenant, job, "0.10"),
            self.bill(tenant, job, "0.20"),
            self.bill(tenant, shop.job(tenant), "9"),
        )
        assert self.amount() == Decimal("0.30")

    def test_an_adjustment_counts_with_the_job_of_what_it_adjusts(self, tenant, flow, job):
        self.deal(tenant, job)
        first = self.bill(tenant, job, "100.00")
        loose = shop.invoice(
            tenant, job.customer, job=None, adjustment_of=first.external_id, total=Decimal(0)
        )
        edit(ENTITIES["invoice"], loose.pk, {"total": Decimal("-15.01")})
        assert self.amount() == Decimal("84.99")

    def test_an_invoice_that_is_taken_away_counts_no_more(self, tenant, flow, job):
        self.deal(tenant, job)
        self.bill(tenant, job, "5"), (gone := self.bill(tenant, job, "7"))
        assert self.amount() == 12
        Invoice.objects.filter(pk=gone.pk).update(active=False)
        edit(ENTITIES["invoice"], gone.pk, {"summary": "void"})
        assert self.amount() == 5

    def test_what_was_paid_is_a_figure_too_and_a_payment_moves_it(self, tenant, flow, job):
        Flow.objects.update(settings={"figure": "paid"})
        self.deal(tenant, job)
        one = self.bill(tenant, job, "50")
        assert self.amount() == 0
        Invoice.objects.filter(pk=one.pk).update(balance=Decimal("19.99"))
        payment = shop.payment(tenant, total=Decimal(0))
        shop.split(payment, invoice=one, amount=Decimal("30.01"))
        edit(ENTITIES["payment"], payment.pk, {"total": Decimal("30.01")})
        assert self.amount() == Decimal("30.01")

    def test_it_waits_for_the_deal_and_goes_on_when_it_comes(self, tenant, flow, job):
        self.bill(tenant, job, "12.34")
        work_on_flows()
        assert outcomes(flow) == [("waiting", "no_opportunity")]
        deal = self.deal(tenant, job)
        edit(ENTITIES["opportunity"], deal.pk, {"stage": "Closed Won"})
        assert self.amount() == Decimal("12.34")

    def test_what_somebody_writes_over_the_amount_does_not_stay(self, tenant, flow, job):
        deal = self.deal(tenant, job)
        self.bill(tenant, job, "12.34")
        assert self.amount() == Decimal("12.34")
        edit(ENTITIES["opportunity"], deal.pk, {"amount": Decimal(99)})
        assert self.amount() == Decimal("12.34")

    def test_reading_many_takes_no_more_queries_than_reading_one(self, tenant, job):
        bills = [self.bill(tenant, shop.job(tenant), "1") for _ in range(12)]
        counts = []
        for ids in ([bills[0].pk], [bill.pk for bill in bills]):
            with CaptureQueriesContext(
                database,
            ) as seen:
                revenue.read(tenant.pk, ids, SETTINGS)
            counts.append(len(seen))
        assert counts[0] == counts[1]


class TestCompared:
    def test_a_cent_is_a_difference_and_names_its_record(self):
        theirs = revenue_check.Theirs({1: Decimal("5.00"), 2: Decimal("0.99")}, "now")
        table = revenue_check.compared("t", "USD", "opportunity", {1: Decimal(5), 2: Decimal("1.00")}, theirs)
        assert not table.ok
        assert table.rows[0] == ("Total", "6.00", "5.99", "0.01")
        assert "Opportunity 2" in table.rows[1][0]

    def test_differences_that_cancel_out_are_differences(self):
        theirs = revenue_check.Theirs({1: Decimal(4), 2: Decimal(6)}, "now")
        assert not revenue_check.compared("t", "USD", "invoice", {1: Decimal(5), 2: Decimal(5)}, theirs).ok

    def test_what_is_not_there_yet_is_said(self):
        table = revenue_check.compared(
            "t", "USD", "invoice", {1: Decimal(5)}, revenue_check.Theirs({}, "now")
        )
        assert table.rows[1][2] == "nothing yet"


@pytest.mark.django_db(transaction=True)
class TestInSalesforce:
    @pytest.fixture
    def flow(self, both):
        both.install("completed_jobs")
        both.cycle(2)
        flow = both.install("revenue")
        both.cycle(2)
        return flow

    def check(self, both, **settings):
        cache.clear()
        return revenue_check.table(both.tenant, SPEC.chosen(settings))

    def truth(self, both, name, member) -> Decimal:
        rows = [
            row for row in both.sf.rows(name) if row.get("ServiceTitan_Id__c") and not row.get("IsDeleted")
        ]
        return sum((Decimal(str(row[member])) for row in rows if row.get(member) is not None), Decimal(0))

    def test_the_deals_of_all_completed_jobs_are_worth_what_was_invoiced(self, both, flow):
        table = self.check(both)
        assert table.ok, table
        deals = FlowMade.objects.filter(item__flow=flow).values_list("record_id", flat=True).distinct()
        jobs = Opportunity.objects.filter(pk__in=deals).values("job_id")
        billed = sum(Invoice.objects.filter(job__in=jobs, active=True).values_list("total", flat=True))
        assert table.rows[0][1] == table.rows[0][2] == f"{billed:,.2f}"
        assert billed > 0
        assert "now" in table.words

    def test_a_change_a_payment_and_an_adjustment_each_arrive_within_a_cycle(self, both, flow):
        deal = Opportunity.objects.filter(
            pk__in=FlowMade.objects.values("record_id"), job__isnull=False
        ).first()
        bill = Invoice.objects.filter(job=deal.job).first()
        both.st.change("invoices", int(bill.external_id), subTotal="100.10", salesTax="0.05", total="100.15",
                       balance="100.15")  # fmt: skip
        both.cycle()
        assert self.check(both).ok
        assert Opportunity.objects.get(pk=deal.pk).amount == Decimal("100.15")
        both.st.change("invoices", int(bill.external_id), balance="0.00")
        both.cycle()
        assert self.check(both).ok
        other = Invoice.objects.exclude(job=deal.job).filter(job__isnull=False).last()
        both.st.change("invoices", int(other.external_id), adjustmentToId=int(bill.external_id), job=None,
                       subTotal="-20.20", salesTax="0.00", total="-20.20", balance="0.00")  # fmt: skip
        both.cycle()
        assert Opportunity.objects.get(pk=deal.pk).amount == Decimal("79.95")
        assert self.check(both).ok
        assert not Delivery.objects.filter(state="needs_person").exists()

    def test_an_amount_that_somebody_changed_in_salesforce_shows_and_is_put_right(self, both, flow):
        deal = Opportunity.objects.filter(pk__in=FlowMade.objects.values("record_id")).first()
        link = ENTITIES["opportunity"].objects.get(pk=deal.pk).external_id
        both.sf.change(link, {"Amount": 1.0})
        table = self.check(both)
        assert not table.ok
        assert f"Opportunity {deal.pk}" in str(table.rows[1][0])
        both.cycle(2)
        assert self.check(both).ok
        assert both.sf.row(link)["Amount"] == float(deal.amount)

    def test_without_salesforces_answer_the_last_agreed_values_are_compared(self, both, flow, monkeypatch):
        monkeypatch.setattr(revenue_check, "LIVE_MOST", 0)
        table = self.check(both)
        assert table.ok
        assert "last agreed" in table.words


@pytest.mark.django_db(transaction=True)
class TestCopies:
    def test_without_an_object_the_flow_says_what_to_choose(self, both):
        with pytest.raises(NotReady, match="takes copies"):
            both.install("revenue", target="object")
        need = next(n for n in setup_of(both.tenant, SPEC, {"target": "object"}).needs if not n.met)
        assert need.where.view == "admin:integrations_connection_objects"

    def test_every_invoice_has_its_copy_and_the_totals_are_equal(self, both):
        own_objects.add(both.salesforce, "ST_Invoice__c", "invoice")
        both.salesforce.rules.filter(entity="customer").update(enabled=True)  # their accounts are made first
        both.cycle()
        flow = both.install("revenue", target="object")
        assert both.salesforce.rules.get(entity="invoice").creates == "asked"
        both.cycle(3)
        rows = [row for row in both.sf.rows("ST_Invoice__c") if not row.get("IsDeleted")]
        assert len(rows) == Invoice.objects.filter(active=True).count() > 0
        assert all(row["Account__c"] for row in rows)
        cache.clear()
        table = revenue_check.table(both.tenant, SPEC.chosen(flow.settings))
        assert table.ok, table
        billed = sum(Invoice.objects.filter(active=True).values_list("total", flat=True))
        assert sum(Decimal(str(row.get("Total__c") or 0)) for row in rows) == billed
        bill = Invoice.objects.filter(active=True).first()
        both.st.change("invoices", int(bill.external_id), total="7.77", balance="7.77")
        both.cycle()
        copy = next(row for row in both.sf.rows("ST_Invoice__c") if row["Invoice_Number__c"] == bill.number)
        assert (copy["Total__c"], copy["Balance__c"]) == (7.77, 7.77)
        both.st.change("invoices", int(bill.external_id), active=False)
        both.cycle()
        cache.clear()
        assert both.sf.row(copy["Id"])["IsDeleted"] is True
        assert revenue_check.table(both.tenant, SPEC.chosen(flow.settings)).ok
        assert not Delivery.objects.filter(state="needs_person").exists()

    def test_changing_the_target_switches_the_objects_rule_on(self, both):
        flow = both.install("revenue")
        own_objects.add(both.salesforce, "ST_Invoice__c", "invoice")
        assert both.salesforce.rules.get(entity="invoice").direction == "pull"
        both.cycle()
        configure(flow, SPEC, {"target": "object"}, flow.since)
        assert both.salesforce.rules.get(entity="invoice").direction == "both"
