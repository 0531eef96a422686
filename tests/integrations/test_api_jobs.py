"""Jobs through the API: booked, sent to ServiceTitan once, and seen with what became of them."""

import pytest
from django.test import Client

from integrations.models import Delivery
from integrations.push import lead_sources
from portal.models import AuditEntry
from reconciliation.editing import edit
from reconciliation.entities import ENTITIES
from reconciliation.models import Appointment, Change, Contact, Customer, Job, Location, ReferenceItem
from tests.integrations.bookings import HOME, URL, caller_for, wanted
from tests.integrations.pushes import change, push
from tests.integrations.syncs import bad, sync_all, sync_work
from tests.reconciliation import shop

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("impatient")]


@pytest.fixture
def synced(connection):
    assert bad(sync_work(connection)) == {}
    return connection


@pytest.fixture
def caller(tenant):
    return caller_for(tenant)


@pytest.fixture
def lists(tenant):
    """The reference lists of a shop without any connection."""
    return {
        kind: shop.item(tenant, kind, name=name)
        for kind, name in (("job_type", "AC repair"), ("business_unit", "HVAC"), ("campaign", "Web"))
    }


def there(sandbox) -> list:
    return [row for row in sandbox.control.rows("jobs") if row["summary"] == "No heat upstairs"]


def cycles(connection) -> None:
    """A wake works on until nothing is due."""
    while push(connection):
        pass


def test_a_job_of_somebody_new_is_in_servicetitan_once_and_its_status_comes_back(
    synced, sandbox, tenant, caller
):
    reply = caller.post(wanted(tenant), key="order-1")
    assert reply.status_code == 201, reply.content
    assert reply["Location"] == f"{URL}/{reply.json()['id']}"
    [connection] = reply.json()["connections"]
    assert (connection["external_id"], connection["delivery"]["state"]) == ("", "owed")

    cycles(synced)
    [row] = there(sandbox)
    payer = next(one for one in sandbox.control.rows("customers") if one["id"] == row["customerId"])
    assert payer["name"] == "Wanda Waits"
    assert [one["value"] for one in sandbox.control.rows("customer-contacts") if one["value"] in
            {"(540) 555-0188", "Wanda@Waits.example"}] == ["(540) 555-0188", "Wanda@Waits.example"]  # fmt: skip
    sent = caller.get(reply["Location"]).json()
    assert sent["number"] == row["jobNumber"]
    assert sent["connections"][0]["external_id"] == str(row["id"])
    assert sent["connections"][0]["delivery"]["state"] == "done"

    sandbox.control.change("jobs", row["id"], jobStatus="InProgress")
    people, jobs = Customer.objects.count(), Job.objects.count()
    assert bad(sync_all(synced)) == {}
    came = caller.get(reply["Location"]).json()
    assert came["status"] == "InProgress"
    back, *_, first = came["events"]
    assert (back["by"], back["what"]) == ("ServiceTitan", "updated")
    assert {"field": "status", "before": "Scheduled", "after": "InProgress"} in back["changes"]
    assert (first["by"], first["what"]) == ("Website (API)", "created")
    assert any(f"which knows it as {row['id']}" in event["what"] for event in came["events"])
    assert (Customer.objects.count(), Job.objects.count()) == (people, jobs)
    cycles(synced)
    assert len(there(sandbox)) == 1


def test_a_rule_that_only_pulls_creates_what_a_job_needs_and_changes_nothing_else(
    synced, sandbox, tenant, caller
):
    job = Job.objects.get(pk=caller.post(wanted(tenant)).json()["id"])
    cycles(synced)
    change("customer", job.customer_id, name="Wanda Moved")
    cycles(synced)
    [row] = there(sandbox)
    payer = next(one for one in sandbox.control.rows("customers") if one["id"] == row["customerId"])
    assert payer["name"] == "Wanda Waits"
    assert not Delivery.objects.filter(state__in=Delivery.OPEN).exists()


def test_a_known_phone_in_any_spelling_finds_its_customer_and_the_only_location(synced, tenant, caller):
    phones = Contact.objects.filter(e164__startswith="+1", customer__merged_into=None, customer__active=True)
    alone = [one for one in phones if phones.filter(e164=one.e164).count() == 1
             and one.customer.locations.filter(active=True).count() == 1]  # fmt: skip
    one = alone[0]
    digits = one.e164.removeprefix("+1")
    body = wanted(tenant, customer={"phone": f"{digits[:3]}.{digits[3:6]}.{digits[6:]}"}, location={})
    made = caller.post(body).json()
    assert made["customer"]["id"] == one.customer_id
    assert made["location"]["id"] == one.customer.locations.get(active=True).pk


def test_the_same_address_in_another_form_is_the_same_location(tenant, caller, lists):
    first = caller.post(wanted(tenant)).json()
    body = wanted(tenant, location={"address": {**HOME, "street": "9 HILL ROAD"}})
    second = caller.post(body).json()
    assert first["location"] == second["location"]
    assert (Customer.objects.count(), Location.objects.count(), Job.objects.count()) == (1, 1, 2)


def test_names_of_lists_do_as_well_as_ids(tenant, caller, lists):
    named = {"job_type": "ac REPAIR", "business_unit": lists["business_unit"].external_id, "campaign": "Web"}
    made = caller.post(wanted(tenant, **named)).json()
    assert made["job_type"] == {"id": lists["job_type"].pk, "name": "AC repair"}
    assert made["business_unit"]["name"] == "HVAC"


def test_a_lead_source_stands_in_for_a_campaign(tenant, caller, lists):
    body = wanted(tenant, lead_source="Yard sign")
    del body["campaign"]
    made = caller.post(body).json()
    assert (made["lead_source"], made["campaign"]) == ("Yard sign", None)


def test_a_job_whose_lead_source_is_tied_to_no_campaign_waits_with_the_reason_and_goes_once_it_is_tied(
    synced, sandbox, tenant, caller, owner
):
    body = wanted(tenant, lead_source="Yard sign")
    campaign = ReferenceItem.objects.get(pk=body.pop("campaign"))
    url = caller.post(body)["Location"]
    cycles(synced)
    [connection] = caller.get(url).json()["connections"]
    assert (connection["delivery"]["state"], connection["delivery"]["reason"]) == (
        "needs_person",
        "lead_source",
    )
    assert "“Yard sign” is tied to no campaign" in connection["delivery"]["message"]
    assert there(sandbox) == []
    lead_sources.assign(synced, "yard SIGN", campaign, user=owner)
    cycles(synced)
    [row] = there(sandbox)
    assert row["campaignId"] == int(campaign.external_id)
    [connection] = caller.get(url).json()["connections"]
    assert (connection["external_id"], connection["delivery"]["state"]) == (str(row["id"]), "done")


def test_the_events_of_a_job_are_bounded_and_name_no_member_of_staff(synced, tenant, caller, colleague):
    job = Job.objects.order_by("pk").first()
    for number in range(60):
        edit(ENTITIES["job"], job.pk, {"summary": f"Call {number}"}, actor=colleague)
    events = caller.get(f"{URL}/{job.pk}").json()["events"]
    assert len(events) == 50
    assert events[0]["changes"] == [{"field": "summary", "before": "Call 58", "after": "Call 59"}]
    assert {event["by"] for event in events} <= {"A person", "Trunkline"}


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"lead_source": "Yard sign"}, "campaign"),
        ({"campaign": None}, "campaign"),
        ({"customer": {"name": "Nobody"}}, "customer"),
        ({"customer": {"phone": "not a phone", "name": "X"}}, "customer.phone"),
        ({"customer": {"id": 999999}}, "customer.id"),
        ({"customer": {"phone": "540 555 0199"}}, "customer.name"),
        ({"customer": {"phone": "540 555 0199", "nmae": "X"}}, "customer.nmae"),
        ({"location": {}}, "location.address"),
        ({"location": {"address": {**HOME, "city": ""}}}, "location.address.city"),
        ({"job_type": "Chimney"}, "job_type"),
        ({"job_type": 10**30}, "job_type"),
        ({"campaign": 0}, "campaign"),
        ({"arrival_window": {"start": "2027-03-04T12:00:00Z", "end": "2027-03-04T09:00:00Z"}}, "arrival_window.end"),
        ({"arrival_window": {"start": "2020-03-04T09:00:00Z", "end": "2020-03-04T12:00:00Z"}}, "arrival_window.start"),
        ({"arrival_window": {"start": "2027-03-04T09:00:00", "end": "2027-03-04T12:00:00Z"}}, "arrival_window.start"),
        ({"priority": "Whenever"}, "priority"),
        ({"summary": "a\x00b"}, "summary"),
    ],
)  # fmt: skip
def test_what_cannot_be_booked_is_refused_by_the_name_of_its_field(tenant, caller, lists, changed, field):
    reply = caller.post(wanted(tenant, **changed), key="k")
    assert (reply.status_code, reply["Content-Type"]) == (422, "application/problem+json")
    assert field in [error["field"] for error in reply.json()["errors"]], reply.json()
    assert not Job.objects.exists()
    assert not Customer.objects.exists()


def test_a_customer_who_is_not_to_be_served_gets_no_job(tenant, caller, lists):
    person = shop.customer(tenant, do_not_service=True)
    shop.location(tenant, person)
    reply = caller.post(wanted(tenant, customer={"id": person.pk}, location={}))
    assert reply.status_code == 422
    assert "do not service" in reply.json()["errors"][0]["message"]


def test_whoever_names_a_merged_customer_means_its_survivor(tenant, caller, lists):
    survivor = shop.customer(tenant, "Kept")
    shop.location(tenant, survivor)
    gone = shop.customer(tenant, "Gone", merged_into=survivor, active=False)
    made = caller.post(wanted(tenant, customer={"id": gone.pk}, location={})).json()
    assert made["customer"] == {"id": survivor.pk, "name": "Kept"}


def test_another_tenants_job_customer_or_list_does_not_exist_for_a_client(
    tenant, other_tenant, caller, lists
):
    theirs = shop.job(other_tenant)
    assert caller.get(f"{URL}/{theirs.pk}").status_code == 404
    shop.item(other_tenant, "job_type", name="Roofing")
    for changed in (
        {"customer": {"id": theirs.customer_id}},
        {"customer": {"id": shop.customer(tenant).pk}, "location": {"id": theirs.location_id}},
        {"job_type": "Roofing"},
    ):
        assert caller.post(wanted(tenant, **changed)).status_code == 422
    assert caller_for(other_tenant).get(f"{URL}/{theirs.pk}").status_code == 200
    assert not Job.objects.filter(tenant=tenant).exists()


def test_what_a_program_makes_says_so_in_the_log_of_changes_and_the_audit_trail(
    tenant, caller, lists, owner, client_for
):
    browser = client_for(owner)  # a session that comes along is nobody's business
    reply = browser.post(URL, wanted(tenant), content_type="application/json", headers=caller.headers)
    job = Job.objects.get(pk=reply.json()["id"])
    assert Change.objects.get(entity="job", record_id=job.pk).source == caller.client.source
    entry = AuditEntry.objects.get(action="record.created", target_type="reconciliation.job")
    assert (entry.actor, entry.actor_label, entry.tenant) == (None, "API client Website", tenant)


def test_the_number_of_queries_of_a_read_does_not_grow_with_the_job(
    synced, tenant, caller, django_assert_max_num_queries
):
    job = Job.objects.order_by("pk").first()
    for _ in range(4):
        shop.appointment(tenant, job)
    with django_assert_max_num_queries(14):
        assert len(caller.get(f"{URL}/{job.pk}").json()["appointments"]) >= 4


def test_nothing_is_done_without_a_token(tenant, lists):
    reply = Client().post(URL, wanted(tenant), content_type="application/json")
    assert reply.status_code == 401
    assert not Appointment.objects.exists()


def test_an_inactive_item_cannot_be_booked(tenant, caller, lists):
    gone = shop.item(tenant, "job_type", name="Chimney", active=False)
    reply = caller.post(wanted(tenant, job_type=gone.pk))
    assert [error["field"] for error in reply.json()["errors"]] == ["job_type"]
