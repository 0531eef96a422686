"""Leads taken down here, lead sources and tags: what becomes of them there, and what they wait for."""

from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, transaction

from integrations.models import Connection, Delivery, LeadSource
from integrations.push import lead_sources
from reconciliation.adding import add
from reconciliation.entities import ENTITIES
from reconciliation.models import Contact, Customer, Job, Lead, Link, ReferenceItem
from reconciliation.tags import set_tags
from tests.integrations.pages import at, said
from tests.integrations.pushes import both_ways, change, effects, push, time_passes
from tests.integrations.syncs import bad, sync, sync_all, sync_work
from tests.integrations.test_push_jobs import booked, delivery_of, there

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("impatient")]
CALL_BACK = datetime(2027, 3, 4, 14, 0, tzinfo=UTC)


@pytest.fixture
def synced(connection) -> Connection:
    both_ways(connection, "customer", "location", "customer_contact", "lead")
    assert bad(sync_work(connection)) == {}
    return connection


def campaign(tenant, place=0) -> ReferenceItem:
    return ReferenceItem.objects.filter(tenant=tenant, kind="campaign", active=True).order_by("pk")[place]


def asked(tenant, **values) -> Lead:
    known = {
        "name": "Lena Lead",
        "phone": "775-555-0142",
        "email": "lena@example.com",
        "street": "5 Oak St",
        "city": "Reno",
        "state": "NV",
        "postal_code": "89501",
        "country": "USA",
        "summary": "Water heater leaks",
        "priority": "High",
        "follow_up_at": CALL_BACK,
        "lead_source": "Radio",
        **values,
    }
    return add(ENTITIES["lead"], tenant.pk, known)


def leads_there(sandbox) -> list:
    return [row for row in sandbox.control.rows("leads") if row["leadCustomerName"] == "Lena Lead"]


def last(entity, record) -> Delivery:
    return Delivery.objects.filter(entity=entity, record_id=record.pk).latest("id")


class TestLeads:
    def test_one_that_nobody_is_to_call_back_waits_with_a_clear_reason(self, synced, sandbox, tenant):
        lead_sources.assign(synced, "Radio", campaign(tenant), user=None)
        lead = asked(tenant, follow_up_at=None)
        push(synced)
        assert last("lead", lead).reason == "incomplete"
        assert leads_there(sandbox) == []

    @pytest.mark.parametrize("fault", ["", "lost_reply", "late_error", "reset"])
    def test_one_taken_down_here_is_made_there_once_and_comes_back_as_itself(
        self, synced, sandbox, tenant, fault
    ):
        lead_sources.assign(synced, "Radio", campaign(tenant), user=None)
        lead = asked(tenant)
        if fault:
            sandbox.control.faults(f"{fault}:1,count=1,method=POST,path=/leads")
        push(synced)
        time_passes()
        push(synced)
        [row] = leads_there(sandbox)
        assert (row["campaignId"], row["followUpDate"]) == (
            int(campaign(tenant).external_id),
            "2027-03-04T14:00:00Z",
        )
        assert last("lead", lead).state == "done"
        count = Lead.objects.count()
        assert bad(sync_all(synced)) == {}
        assert Lead.objects.count() == count
        lead.refresh_from_db()
        assert (lead.external_id, lead.campaign) == (str(row["id"]), campaign(tenant))
        writes = len(effects(sandbox.control))
        push(synced)
        assert len(effects(sandbox.control)) == writes

    def test_two_that_say_the_same_are_two(self, synced, sandbox, tenant):
        lead_sources.assign(synced, "Radio", campaign(tenant), user=None)
        asked(tenant), asked(tenant)
        sandbox.control.faults("lost_reply:1,count=2,method=POST,path=/leads")
        for _ in range(4):
            push(synced)
            time_passes()
        assert len(leads_there(sandbox)) == 2
        assert (
            Link.objects.filter(entity="lead", record_id__in=Lead.objects.filter(name="Lena Lead")).count()
            == 2
        )

    def test_an_edit_is_sent_and_its_day_to_call_back_is_not(self, synced, sandbox, tenant):
        lead_sources.assign(synced, "Radio", campaign(tenant), user=None)
        lead = asked(tenant)
        push(synced)
        change("lead", lead.pk, summary="Water heater burst")
        push(synced)
        assert leads_there(sandbox)[0]["summary"] == "Water heater burst"
        assert dict(effects(sandbox.control, "leads")[-1].after) == {"summary": "Water heater burst"}


class TestLeadsThatBecomeCustomers:
    @pytest.fixture
    def becoming(self, synced) -> Connection:
        synced.rules.filter(entity="lead").update(becomes="customer")
        return synced

    def test_where_customers_are_not_written_it_waits_and_nothing_is_made(self, becoming, tenant):
        becoming.rules.filter(entity="customer").update(direction="pull")
        lead = asked(tenant)
        customers = Customer.objects.count()
        push(becoming)
        assert last("lead", lead).reason == "becomes"
        assert Customer.objects.count() == customers

    @pytest.mark.parametrize("fault", ["", "lost_reply"])
    def test_a_customer_is_made_there_once_with_location_and_contacts(self, becoming, sandbox, tenant, fault):
        lead = asked(tenant)
        if fault:
            sandbox.control.faults(f"{fault}:1,count=1,method=POST,path=/customers")
        for _ in range(3):
            push(becoming)
            time_passes()
        assert leads_there(sandbox) == []
        [row] = [row for row in sandbox.control.rows("customers") if row["name"] == "Lena Lead"]
        assert row["address"]["street"] == "5 Oak St"
        lead.refresh_from_db()
        assert (lead.status, lead.customer.external_id) == ("Converted", str(row["id"]))
        values = {c.value for c in Contact.objects.filter(customer=lead.customer)}
        assert values == {"775-555-0142", "lena@example.com"}
        assert last("lead", lead).state in {"done", "not_needed"}
        assert bad(sync_all(becoming)) == {}
        assert Customer.objects.filter(name="Lena Lead").count() == 1

    def test_one_who_is_a_customer_already_is_not_made_again(self, becoming, sandbox, tenant):
        known = (
            Contact.objects.exclude(e164="")
            .exclude(customer=None)
            .filter(active=True, customer__active=True, customer__merged_into=None)
        )
        phone = known.order_by("pk").first()
        lead = asked(tenant, phone=phone.value, email="")
        customers = Customer.objects.count()
        push(becoming)
        lead.refresh_from_db()
        assert Customer.objects.count() == customers
        assert lead.customer.contacts.filter(e164=phone.e164).exists()


class TestLeadSources:
    def test_the_database_lets_neither_be_tied_twice(self, synced, tenant):
        LeadSource.objects.create(connection=synced, name="Radio", campaign=campaign(tenant))
        for name, place in ((" rAdio ", 1), ("TV", 0)):
            with pytest.raises(IntegrityError), transaction.atomic():
                LeadSource.objects.create(connection=synced, name=name, campaign=campaign(tenant, place))

    def test_a_job_waits_for_its_lead_source_and_goes_by_itself(
        self, synced, sandbox, tenant, client_for, owner
    ):
        both_ways(synced, "job", "appointment")
        job = booked(tenant, campaign=None)
        change("job", job.pk, lead_source="Yard  sign")
        push(synced)
        found = delivery_of(job)
        assert (found.state, found.reason) == ("needs_person", "lead_source")
        assert "Yard  sign" in found.message
        assert there(sandbox) == []
        client = client_for(owner)
        page = client.get(at("connection_lead_sources", synced.pk)).content.decode()
        assert "Yard  sign" in page
        reply = client.post(
            at("connection_tie_lead_source", synced.pk),
            {"name": "yard sign", "campaign": campaign(tenant).pk},
        )
        assert "by themselves" in said(reply)
        assert lead_sources.names_without_campaign(synced) == []
        push(synced)
        [row] = there(sandbox)
        assert row["campaignId"] == int(campaign(tenant).external_id)
        job.refresh_from_db()
        assert job.campaign == campaign(tenant)

    def test_only_who_configures_ties_and_only_free_campaigns(
        self, synced, tenant, client_for, viewer, owner
    ):
        body = {"name": "Radio", "campaign": campaign(tenant).pk}
        assert client_for(viewer).post(at("connection_tie_lead_source", synced.pk), body).status_code == 403
        client = client_for(owner)
        client.post(at("connection_tie_lead_source", synced.pk), body)
        again = client.post(
            at("connection_tie_lead_source", synced.pk), {**body, "campaign": campaign(tenant, 1).pk}
        )
        assert "already" in again.content.decode()
        taken = client.post(at("connection_tie_lead_source", synced.pk), {**body, "name": "TV"})
        assert taken.status_code == 200
        row = LeadSource.objects.get()
        assert row.name == "Radio"
        client.post(at("connection_untie_lead_source", synced.pk), {"row": row.pk})
        assert not LeadSource.objects.exists()


class TestTags:
    @pytest.fixture
    def customer(self, synced) -> Customer:
        return Customer.objects.filter(active=True, merged_into=None, tag_ids=[]).order_by("pk").first()

    def remote(self, sandbox, customer):
        return sandbox.control.row("customers", int(customer.external_id))["tagTypeIds"]

    def test_an_unknown_name_waits_and_goes_by_itself_once_the_tag_type_is_there(
        self, synced, sandbox, tenant, customer
    ):
        set_tags(ENTITIES["customer"], customer.pk, ["vip", "Gold Member"])
        push(synced)
        found = last("customer", customer)
        assert (found.state, found.reason) == ("needs_person", "tags")
        assert "“Gold Member”" in found.message
        assert self.remote(sandbox, customer) == []
        made = new_tag_type(sandbox, "GOLD member")
        sync(synced, "tag_type")
        push(synced)
        vip = ReferenceItem.objects.get(tenant=tenant, kind="tag_type", name="VIP")
        assert self.remote(sandbox, customer) == [int(vip.external_id), made]
        customer.refresh_from_db()
        assert (customer.tag_ids, customer.tag_names) == ([vip.external_id, str(made)], [])

    def test_the_set_is_sent_whole_and_comes_back_without_a_change(self, synced, sandbox, tenant, customer):
        set_tags(ENTITIES["customer"], customer.pk, ["VIP"])
        push(synced)
        set_tags(ENTITIES["customer"], customer.pk, ["VIP", "Senior"])
        push(synced)
        assert len(self.remote(sandbox, customer)) == 2
        [first, second] = effects(sandbox.control, "customers")
        assert [len(entry.after["tagTypeIds"]) for entry in (first, second)] == [1, 2]
        runs = sync_all(synced)
        assert bad(runs) == {}
        assert runs["customer"].updated == 0
        assert push(synced) == 0

    def test_a_job_with_a_tag_by_name_is_made_with_its_number(self, synced, sandbox, tenant):
        both_ways(synced, "job", "appointment")
        job = booked(tenant)
        Job.objects.filter(pk=job.pk).update(tag_names=["WARRANTY"])
        push(synced)
        warranty = ReferenceItem.objects.get(tenant=tenant, kind="tag_type", name="Warranty")
        [row] = there(sandbox)
        assert row["tagTypeIds"] == [int(warranty.external_id)]
        assert delivery_of(job).state == "done"
        assert push(synced) == 0


def new_tag_type(sandbox, name) -> int:
    """The office makes a tag type, as its own screen does."""
    import orjson

    from integrations.sandbox.servicetitan import write_work

    with sandbox.control.store.lock:
        return orjson.loads(
            write_work.create_tag_type(sandbox.control, {"name": name, "color": "#fff"}).get_data()
        )["id"]


class TestTakingDown:
    def test_it_needs_a_way_to_reach_them_and_may_only_be_of_an_own_merchant(
        self, tenant, other_tenant, client_for, colleague, viewer
    ):
        from django.urls import reverse

        page = reverse("admin:reconciliation_lead_capture")
        body = {
            "tenant": tenant.pk,
            "name": "Lena",
            "summary": "Leak",
            "lead_source": "Radio",
            "priority": "High",
        }
        body["follow_up_at"] = "2027-03-04T09:00"
        assert client_for(viewer).post(page, body).status_code == 403
        client = client_for(colleague)
        assert "must be called back" in client.post(page, body).content.decode()
        client.post(page, {**body, "phone": "775-555-0142", "tenant": other_tenant.pk})
        assert not Lead.objects.exists()
        client.post(page, {**body, "phone": "775-555-0142"})
        lead = Lead.objects.get()
        assert (lead.tenant, lead.lead_source, lead.status) == (tenant, "Radio", "Open")
        assert lead.follow_up_at.astimezone(tenant.zone).hour == 9
