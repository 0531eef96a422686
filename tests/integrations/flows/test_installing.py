"""Installing a flow: what must be there first, what it switches on, and that nothing a person changed is overwritten."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations import mapping_versions
from integrations.connectors.entity import FieldMap
from integrations.flows import trying
from integrations.flows.base import Line, Setting
from integrations.flows.catalogue import FLOWS
from integrations.flows.installing import NotReady, install, switch
from integrations.flows.readiness import setup_of
from integrations.models import Connection, Delivery, Flow, FlowItem, Run
from integrations.tasks import work_on_flows
from portal.models import AuditEntry
from reconciliation.editing import edit
from reconciliation.entities import ENTITIES
from reconciliation.models import Change, Link, Opportunity
from tests.integrations.flows.cycle import outcomes, salesforce_without_calls, servicetitan_without_calls
from tests.integrations.flows.test_engine import complete
from tests.integrations.pages import at, said, words
from tests.reconciliation import shop

pytestmark = pytest.mark.django_db
SPEC = FLOWS["completed_jobs"]


@pytest.fixture
def servicetitan(tenant):
    return servicetitan_without_calls(tenant)


@pytest.fixture
def salesforce(tenant, settings):
    return salesforce_without_calls(tenant, settings)


@pytest.fixture
def staff(client_for, owner):
    return client_for(owner)


def rule(connection, entity="opportunity"):
    return connection.rules.get(entity=entity)


def choose(staff, connection, entity, **values):
    """A person sets these in the table of rules."""
    rules = list(connection.rules.all())
    form = {"rules-TOTAL_FORMS": len(rules), "rules-INITIAL_FORMS": len(rules)}
    for number, row in enumerate(rules):
        given = {"id": row.pk, "interval": row.interval, "policy": row.policy, "direction": row.direction,
                 "system_of_record": row.system_of_record, "enabled": "on" if row.enabled else ""}  # fmt: skip
        given |= values if row.entity == entity else {}
        form |= {f"rules-{number}-{name}": value for name, value in given.items() if value != ""}
    assert staff.post(at("connection_rules", connection.pk), form).status_code == 302


class TestWhatMustBeThereFirst:
    def test_without_a_connection_it_says_which_and_where_to_connect_it(self, tenant, servicetitan):
        (missing,) = [need for need in setup_of(tenant, SPEC).needs if not need.met]
        assert (missing.words, missing.todo) == ("Salesforce is connected", "Connect Salesforce")
        with pytest.raises(NotReady, match="Salesforce is connected"):
            install(tenant, SPEC)
        assert not Flow.objects.exists()

    def test_before_the_first_sync_it_waits_for_that(self, tenant, servicetitan, salesforce):
        salesforce.rules.filter(entity="opportunity").update(synced_at=None)
        (missing,) = [need for need in setup_of(tenant, SPEC).needs if not need.met]
        assert missing.where.view == "admin:integrations_connection_sync"

    def test_what_no_flow_needs_may_still_be_unread(self, tenant, servicetitan, salesforce):
        salesforce.rules.filter(entity="task").update(synced_at=None)
        assert setup_of(tenant, SPEC).is_ready

    def test_the_page_leads_to_what_is_missing(self, tenant, servicetitan, staff):
        page = staff.get(at("flow_gallery", tenant=tenant.pk))
        assert "Salesforce is connected: not yet" in words(page)
        assert (
            f'href="{at("connection_add")}?tenant={tenant.pk}&amp;system=salesforce"' in page.content.decode()
        )
        assert "Install" not in words(page).replace("Each is installed", "")


class TestInstalling:
    def test_one_click_in_the_gallery_installs_it_and_leads_to_its_page(
        self, tenant, servicetitan, salesforce, staff
    ):
        reply = staff.post(at("flow_install", tenant=tenant.pk, flow=SPEC.name))
        flow = Flow.objects.get()
        assert reply.url == at("flow_change", flow.pk)
        assert "installed and on" in said(reply)
        assert (flow.enabled, AuditEntry.objects.filter(action="flow.installed").count()) == (True, 1)

    def test_the_rules_it_needs_are_switched_on_for_what_is_asked_for(self, tenant, servicetitan, salesforce):
        install(tenant, SPEC)
        deal = rule(salesforce)
        assert (deal.direction, deal.creates) == ("both", "asked")
        assert rule(salesforce, "case").direction == "pull"
        assert rule(salesforce, "customer").direction == "pull"

    def test_jobs_done_before_are_left_alone_and_those_asked_for_are_taken_up(
        self, tenant, servicetitan, salesforce
    ):
        edit(ENTITIES["job"], complete(tenant).pk, {"completed_at": timezone.now() - timedelta(days=1.5)})
        assert outcomes(install(tenant, SPEC)) == []
        flow = install(tenant, SPEC, {}, since=timezone.now() - timedelta(days=2))
        assert outcomes(flow) == [("owed", "")]

    def test_who_may_not_configure_may_not_install(
        self, tenant, servicetitan, salesforce, client_for, viewer
    ):
        reply = client_for(viewer).post(at("flow_install", tenant=tenant.pk, flow=SPEC.name))
        assert reply.status_code == 403
        assert not Flow.objects.exists()

    def test_another_merchants_gallery_is_not_there(self, tenant, client_for, outsider):
        browser = client_for(outsider)
        for page in ("flow_gallery", "flow_install"):
            assert browser.get(at(page, tenant=tenant.pk, flow=SPEC.name)).status_code == 404

    def test_off_and_on_again(self, tenant, servicetitan, salesforce, staff):
        flow = install(tenant, SPEC)
        staff.post(at("flow_switch", flow.pk), {"on": "0"})
        complete(tenant)
        assert outcomes(flow) == []
        staff.post(at("flow_switch", flow.pk), {"on": "1"})
        flow.refresh_from_db()
        assert flow.enabled


class TestNothingThatAPersonChangedIsOverwritten:
    def test_a_rule_that_somebody_set_to_pull_stays_and_is_said(
        self, tenant, servicetitan, salesforce, staff
    ):
        choose(staff, salesforce, "opportunity", direction="both")
        choose(staff, salesforce, "opportunity", direction="pull")
        with pytest.raises(NotReady, match="somebody chose “pull”"):
            install(tenant, SPEC)
        assert rule(salesforce).direction == "pull"

    def test_a_rule_that_somebody_switched_off_stays_off_and_is_said(
        self, tenant, servicetitan, salesforce, staff
    ):
        choose(staff, salesforce, "opportunity_role", enabled="")
        with pytest.raises(NotReady, match="Opportunity roles of Salesforce are synced"):
            install(tenant, SPEC)
        assert not rule(salesforce, "opportunity_role").enabled

    def test_a_rule_that_writes_everything_goes_on_to(self, tenant, servicetitan, salesforce, staff):
        choose(staff, salesforce, "opportunity", direction="both", creates="all")
        install(tenant, SPEC)
        assert rule(salesforce).creates == "all"

    def test_what_it_creates_that_somebody_chose_stays(self, tenant, servicetitan, salesforce, staff):
        choose(staff, salesforce, "opportunity", creates="asked")
        choose(staff, salesforce, "opportunity", creates="all")
        install(tenant, SPEC)
        assert (rule(salesforce).direction, rule(salesforce).creates) == ("both", "all")

    def test_installed_once_more_it_changes_no_setting(self, tenant, servicetitan, salesforce):
        flow = install(tenant, SPEC, {"stage": "Sold"})
        again = install(tenant, SPEC)
        assert (again.pk, again.settings, again.since) == (flow.pk, {"stage": "Sold"}, flow.since)

    def test_a_field_that_a_line_fills_already_gets_no_second_one(self, tenant, servicetitan, salesforce):
        install(tenant, with_line("NextStep", "job.number"))
        lines = rule(salesforce).mappings.filter(remote="NextStep")
        assert [line.field for line in lines] == ["next_step"]

    def test_a_line_of_its_own_is_added_once_beside_all_others(self, tenant, servicetitan, salesforce):
        before = mapping_versions.as_rows(rule(salesforce).mappings.all())
        rule(salesforce).mappings.filter(remote="NextStep").delete()
        for _ in range(2):
            install(tenant, with_line("NextStep", "job.number"))
        after = mapping_versions.as_rows(rule(salesforce).mappings.all())
        assert [row for row in after if row["remote"] == "NextStep"] == [after[-1]]
        assert after[-1]["field"] == "job.number"
        assert len(after) == len(before)
        assert rule(salesforce).mapping_versions.first().note == f"for {SPEC.title}"

    def test_a_line_that_somebody_mapped_otherwise_stays(self, tenant, servicetitan, salesforce):
        rule(salesforce).mappings.filter(remote="NextStep").update(
            direction="push", field="customer.name", argument=""
        )
        install(tenant, with_line("NextStep", "job.number"))
        assert rule(salesforce).mappings.get(remote="NextStep").field == "customer.name"

    def test_a_line_that_somebody_took_away_does_not_come_back(self, tenant, servicetitan, salesforce):
        rule(salesforce).mappings.filter(remote="NextStep").delete()
        spec = with_line("NextStep", "job.number")
        install(tenant, spec)
        deals = rule(salesforce)
        mapping_versions.store(deals, list(deals.mappings.exclude(remote="NextStep")))
        install(tenant, spec)
        assert not rule(salesforce).mappings.filter(remote="NextStep").exists()

    def test_a_field_that_the_org_does_not_have_is_not_mapped(self, tenant, servicetitan, salesforce):
        install(tenant, with_line("Tier__c", "job.number"))
        assert not rule(salesforce).mappings.filter(remote="Tier__c").exists()


def with_line(remote, field):
    line = Line("salesforce", "opportunity", FieldMap(remote, field, direction="push"))
    return replace(SPEC, lines=(line,))


class TestTheDryRun:
    def test_it_shows_what_would_be_and_writes_nothing(self, tenant, servicetitan, salesforce, staff):
        job = complete(tenant)
        shop.person(tenant, job.customer, last_name="Rossi")
        counts = counted()
        page = staff.post(
            at("flow_install", tenant=tenant.pk, flow=SPEC.name),
            {"try": "1", "flow-since": "2026-11-21", "flow-stage": "Sold", "flow-without_value": "on"},
        )
        text = words(page)
        assert "would be made" in text
        assert "New opportunity" in text
        assert "New opportunity role" in text
        assert "stage Sold" in text
        assert counted() == counts

    def test_of_an_installed_flow_it_shows_what_would_change(self, tenant, servicetitan, salesforce, staff):
        job = shop.job(tenant, number="J-1", status="Completed", completed_at=timezone.now(), total=50)
        shop.opportunity(tenant, job.customer, job=job, name="Boiler", stage="Negotiation")
        flow = install(tenant, SPEC)
        text = words(staff.get(at("flow_dry_run", flow.pk)))
        assert "would be changed" in text
        assert "stage Negotiation Closed Won" in text
        assert Opportunity.objects.get().stage == "Negotiation"

    def test_it_takes_the_newest_alone(self, tenant, servicetitan, salesforce):
        for number in range(5):
            complete(tenant, f"J-{number}")
        tried = trying.dry_run(tenant, SPEC, most=3)
        assert [str(one.record) for one in tried] == ["Job J-4", "Job J-3", "Job J-2"]


def counted():
    return [
        model.objects.count() for model in (Flow, FlowItem, Opportunity, Change, Delivery, AuditEntry, Run)
    ]


class TestItsPage:
    @pytest.fixture
    def flow(self, tenant, servicetitan, salesforce):
        return install(tenant, SPEC, {}, since=timezone.now() - timedelta(days=1))

    def test_it_shows_what_was_made_with_links_on_both_sides(self, tenant, flow, salesforce, staff):
        job = complete(tenant)
        shop.link(job, "job", source=Connection.objects.get(system="servicetitan").source)
        work_on_flows()
        deal = Opportunity.objects.get()
        Link.objects.create(source=salesforce.source, entity="opportunity", external_id="006X", record_id=deal.pk,
                            state="live", fingerprint=0, created_at=timezone.now(), updated_at=timezone.now(),
                            base={}, payload={})  # fmt: skip
        page = staff.get(at("flow_change", flow.pk)).content.decode()
        for address in (
            f"/admin/reconciliation/job/{job.pk}/change/",
            f"/admin/reconciliation/opportunity/{deal.pk}/change/",
            f"https://go.servicetitan.com/#/Job/Index/{job.external_id}",
            "https://login.salesforce.com/006X",
        ):
            assert f'href="{address}"' in page

    def test_what_failed_has_its_reason_and_a_retry(self, tenant, flow, staff):
        job = complete(tenant)
        FlowItem.objects.update(state="failed", reason="bug", message="It broke.")
        assert "It broke." in words(staff.get(at("flow_change", flow.pk), {"show": "stuck"}))
        reply = staff.post(at("flow_retry", flow.pk), {"item": FlowItem.objects.get().pk})
        assert "1 record is looked at again" in said(reply)
        assert outcomes(flow)[0][0] == "owed"
        assert job.pk == FlowItem.objects.get().record_id

    def test_all_that_waits_is_tried_again_by_one_button(self, tenant, flow, staff):
        for number in range(3):
            complete(tenant, f"J-{number}")
        FlowItem.objects.update(state="waiting", reason="x", message="Waits.")
        assert "Retry all 3" in words(staff.get(at("flow_change", flow.pk)))
        staff.post(at("flow_retry", flow.pk))
        assert {state for state, _ in outcomes(flow)} == {"owed"}

    def test_what_the_other_system_does_not_take_is_shown_with_the_way_to_mend_it(
        self, tenant, flow, salesforce, staff
    ):
        complete(tenant)
        work_on_flows()
        delivery = Delivery.objects.get(entity="opportunity")
        Delivery.objects.filter(pk=delivery.pk).update(state="needs_person", message="Region is required.")
        page = staff.get(at("flow_change", flow.pk))
        assert "Region is required." in words(page)
        assert at("delivery_change", delivery.pk) in page.content.decode()

    def test_other_settings_look_at_everything_once_more(self, tenant, flow, staff):
        complete(tenant)
        FlowItem.objects.all().delete()
        form = {"flow-since": "2026-01-01", "flow-stage": "Sold", "flow-without_value": "on"}
        staff.post(at("flow_change", flow.pk), form)
        flow.refresh_from_db()
        assert flow.settings == {"stage": "Sold", "without_value": True}
        assert outcomes(flow) == [("owed", "")]

    def test_a_page_of_many_costs_the_same_queries_as_one_of_two(self, tenant, flow, staff):
        counts = []
        staff.get(at("flow_change", flow.pk))
        for many in (2, 20):
            for number in range(many):
                job = complete(tenant, f"J-{many}-{number}")
                shop.person(tenant, job.customer, last_name="Rossi")
            work_on_flows()
            with CaptureQueriesContext(database) as queries:
                assert staff.get(at("flow_change", flow.pk)).status_code == 200
            counts.append(len(queries))
        assert counts[0] == counts[1]

    def test_records_that_wait_are_among_what_needs_a_person(self, tenant, flow, staff):
        complete(tenant)
        FlowItem.objects.update(state="waiting", message="Waits.")
        assert "1 record waits or failed" in words(staff.get("/admin/"))

    def test_the_merchants_page_says_which_flows_are_on(self, tenant, flow, staff):
        page = staff.get(f"/admin/portal/tenant/{tenant.pk}/change/")
        assert SPEC.title in words(page)
        assert at("flow_gallery", tenant=tenant.pk) in page.content.decode()


def test_settings_know_their_types(tenant):
    spec = replace(SPEC, settings=(Setting("x", "X", "decimal", "2.5"),))
    assert str(spec.chosen({"x": "3.10"})["x"]) == "3.10"
    assert spec.chosen({})["x"] + 1 == 3.5


def test_switched_on_again_it_is_judged_by_the_settings_that_were_chosen(tenant, servicetitan, salesforce):
    asked = []
    spec = replace(SPEC, needs=lambda tenant, chosen: asked.append(chosen["stage"]) or [])
    flow = install(tenant, spec, {"stage": "Sold"})
    switch(flow, spec, on=False)
    switch(flow, spec, on=True)
    assert asked == ["Sold", "Sold"]
