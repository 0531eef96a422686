"""Writes: what they change, what they answer, and what they refuse. Where the specs lie at hand, each exchange
is held against them as well."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.contract import FOLDER, load

GUID = "7c3d8b52-93a1-4b53-9a2b-0f5a1c0d2e11"
ADDRESS = {"street": "12 Elm St", "city": "Reno", "state": "NV", "zip": "89501", "country": "USA"}
CUSTOMER = {
    "name": "Ada Park",
    "type": "Residential",
    "address": ADDRESS,
    "contacts": [{"type": "Phone", "value": "775-555-0199"}],
    "locations": [
        {"name": "Home", "address": ADDRESS, "contacts": [{"type": "Email", "value": "a@p.example"}]}
    ],
}


@pytest.fixture(scope="module")
def contract():
    return load() if Path(FOLDER or "-").is_dir() else None


@pytest.fixture
def send(caller, contract):
    """Send a write; the exchange must be as published where the specs are there to say so."""

    def exchange(method, path, body=None, *, published=True):
        reply = caller.send(method, path, body)
        received = reply.json if reply.get_data() else None
        if contract and published:
            full = path.replace("/", "/v2/tenant/900001/", 1)
            assert contract.problems(method, f"/{full}", {}, body, reply.status_code, received) == []
        return reply

    return exchange


def an_id(caller, path):
    return caller.rows(path)[0]["id"]


def test_a_new_customer_comes_with_locations_and_contacts(caller, send):
    reply = send("POST", "crm/customers", CUSTOMER).json
    assert caller.get(f"crm/customers/{reply['id']}").json["name"] == "Ada Park"
    location = reply["locations"][0]
    assert caller.get(f"crm/locations/{location['id']}").json["customerId"] == reply["id"]
    values = [row["value"] for row in caller.rows(f"crm/customers/{reply['id']}/contacts")]
    assert sorted(values) == ["775-555-0199", "a@p.example"], "a location's contact is copied to the customer"


def test_a_customer_without_what_it_needs_names_each_missing_field(caller, send):
    reply = send("POST", "crm/customers", {"name": "Nobody", "locations": [{"name": "Home"}]})
    assert reply.status_code == 400
    assert set(reply.json["errors"]) == {"Address", "Locations[0].Address"}


@pytest.mark.parametrize(
    ("body", "field"),
    [({"name": 5}, "Name"), ({"type": "Castle"}, "Type"), ({"doNotMail": "yes"}, "DoNotMail"),
     ({"tagTypeIds": ["VIP"]}, "TagTypeIds"), ({"address": {"street": "x"}}, "Address.City")],
)  # fmt: skip
def test_a_wrong_type_is_refused_and_nothing_is_written(caller, body, field):
    row_id = an_id(caller, "crm/customers")
    before = caller.get(f"crm/customers/{row_id}").json
    reply = caller.send("PATCH", f"crm/customers/{row_id}", {"nationalAccount": True, **body})
    assert reply.status_code == 400
    assert field in reply.json["errors"]
    assert caller.get(f"crm/customers/{row_id}").json == before


def test_a_misspelt_field_changes_nothing_and_is_answered_200(caller):
    row_id = an_id(caller, "crm/customers")
    name = caller.get(f"crm/customers/{row_id}").json["name"]
    assert caller.send("PATCH", f"crm/customers/{row_id}", {"nmae": "Ada"}).status_code == 200
    assert caller.get(f"crm/customers/{row_id}").json["name"] == name


def test_a_body_that_is_no_json_is_refused(caller):
    row_id = an_id(caller, "crm/customers")
    assert caller.call("PATCH", f"crm/customers/{row_id}", data=b"{name:").status_code == 400


def test_a_patch_changes_what_it_names_and_the_time(caller, send):
    row_id = an_id(caller, "crm/customers")
    before = caller.get(f"crm/customers/{row_id}").json
    after = send("PATCH", f"crm/customers/{row_id}", {"doNotMail": True}).json
    assert {name for name in after if after[name] != before[name]} == {"doNotMail", "modifiedOn"}


def test_tags_and_custom_fields_of_a_patch_replace_the_whole_set(caller, send):
    job = an_id(caller, "jpm/jobs")
    tags = [row["id"] for row in caller.rows("settings/tag-types")][:2]
    send("PATCH", f"jpm/jobs/{job}", {"tagTypeIds": tags, "customFields": [{"typeId": 5, "value": "Blue"}]})
    send("PATCH", f"jpm/jobs/{job}", {"tagTypeIds": tags[:1]})
    row = caller.get(f"jpm/jobs/{job}").json
    assert row["tagTypeIds"] == tags[:1]
    assert [field["value"] for field in row["customFields"]] == ["Blue"]


def pairs(*entries):
    return [{"key": key, "value": value} for key, value in entries]


def external(row_id, caller, guid=GUID):
    rows = caller.rows("crm/customers", ids=row_id, externalDataApplicationGuid=guid)
    return {pair["key"]: pair["value"] for pair in rows[0]["externalData"]}


def test_external_data_replaces_merges_and_deletes(caller, send):
    row_id = an_id(caller, "crm/customers")
    path = f"crm/customers/{row_id}"
    send(
        "PATCH",
        path,
        {"externalData": {"applicationGuid": GUID, "externalData": pairs(("a", "1"), ("b", "2"))}},
    )
    assert external(row_id, caller) == {"a": "1", "b": "2"}
    merge = {"patchMode": "Merge", "applicationGuid": GUID, "externalData": pairs(("b", None), ("c", "3"))}
    send("PATCH", path, {"externalData": merge})
    assert external(row_id, caller) == {"a": "1", "c": "3"}
    send("PATCH", path, {"externalData": {"applicationGuid": GUID, "externalData": pairs(("d", "4"))}})
    assert external(row_id, caller) == {"d": "4"}


def test_external_data_shows_only_to_its_application_and_finds_its_row(caller, send):
    body = {**CUSTOMER, "externalData": {"applicationGuid": GUID, "externalData": pairs(("hub", "42"))}}
    row_id = send("POST", "crm/customers", body).json["id"]
    assert external(row_id, caller, "00000000-0000-0000-0000-000000000000") == {}
    assert caller.rows("crm/customers", ids=row_id)[0]["externalData"] == []
    found = caller.rows(
        "crm/customers", externalDataApplicationGuid=GUID, externalDataKey="hub", externalDataValues="41,42"
    )
    assert [row["id"] for row in found] == [row_id]


def test_a_contact_is_made_changed_and_deleted(caller, send):
    path = f"crm/customers/{an_id(caller, 'crm/customers')}/contacts"
    contact = send("POST", path, {"type": "MobilePhone", "value": "(775) 555-0123", "memo": "Cell"}).json
    assert contact["phoneSettings"]["phoneNumber"] == "7755550123"
    assert send("PATCH", f"{path}/{contact['id']}", {"value": "775.555.0124"}).json["memo"] == "Cell"
    assert send("DELETE", f"{path}/{contact['id']}").get_data() == b""
    assert send("DELETE", f"{path}/{contact['id']}").status_code == 404


def test_a_location_needs_a_customer_that_exists(caller, send):
    body = {"name": "Cabin", "address": ADDRESS, "customerId": an_id(caller, "crm/customers")}
    location = send("POST", "crm/locations", body).json
    assert caller.get(f"crm/locations/{location['id']}").json["name"] == "Cabin"
    assert list(send("POST", "crm/locations", {**body, "customerId": 1}).json["errors"]) == ["CustomerId"]


def test_a_tag_is_added_once(caller, send):
    tag = send("POST", "settings/tag-types", {"name": "Pool owner", "color": "#0000ff"}).json["id"]
    customer = an_id(caller, "crm/customers")
    assert tag in send("POST", f"crm/customers/{customer}/tags/{tag}").json["tagTypeIds"]
    assert caller.send("POST", f"crm/customers/{customer}/tags/{tag}").status_code == 409
    assert send("DELETE", "crm/tags", {"customerIds": [customer], "tagTypeIds": [tag]}).get_data() == b""
    assert tag not in caller.get(f"crm/customers/{customer}").json["tagTypeIds"]


def new_job(caller, **more):
    location = caller.rows("crm/locations")[0]
    return {
        "customerId": location["customerId"], "locationId": location["id"], "priority": "Normal",
        "businessUnitId": an_id(caller, "settings/business-units"), "jobTypeId": an_id(caller, "jpm/job-types"),
        "campaignId": an_id(caller, "marketing/campaigns"),
        "appointments": [{"start": "2026-12-01T17:00:00Z", "end": "2026-12-01T19:00:00Z",
                          "technicianIds": [an_id(caller, "settings/technicians")]}],
        **more,
    }  # fmt: skip


def test_a_new_job_makes_its_appointments_and_its_invoice(caller, send):
    job = send("POST", "jpm/jobs", new_job(caller, summary="Leak")).json
    appointments = caller.rows("jpm/appointments", jobId=job["id"])
    assert [row["id"] for row in appointments] == [job["firstAppointmentId"]]
    invoice = caller.rows("accounting/invoices", ids=job["invoiceId"])[0]
    assert (invoice["job"]["id"], invoice["total"], invoice["items"]) == (job["id"], "0.00", [])
    assert len(caller.rows("dispatch/appointment-assignments", jobId=job["id"])) == 1


def test_a_job_that_points_nowhere_is_refused(caller, send):
    reply = send("POST", "jpm/jobs", new_job(caller, campaignId=3))
    assert (reply.status_code, list(reply.json["errors"])) == (400, ["CampaignId"])


def test_a_job_is_cancelled_once_with_an_empty_reply(caller, send):
    job = send("POST", "jpm/jobs", new_job(caller)).json["id"]
    assert send("PUT", f"jpm/jobs/{job}/cancel", {"reasonId": 1, "memo": "x"}).status_code == 400
    body = {"reasonId": an_id(caller, "jpm/job-cancel-reasons"), "memo": "Changed their mind"}
    assert send("PUT", f"jpm/jobs/{job}/cancel", body).get_data() == b""
    assert caller.get(f"jpm/jobs/{job}").json["jobStatus"] == "Canceled"
    [log] = caller.rows(f"jpm/jobs/{job}/canceled-log")
    assert (log["jobId"], log["reasonId"], log["memo"]) == (job, body["reasonId"], "Changed their mind")
    assert send("PUT", f"jpm/jobs/{job}/cancel", body).status_code == 400


def test_an_invoice_patch_is_answered_with_nothing(caller, send):
    invoice = an_id(caller, "accounting/invoices")
    assert send("PATCH", f"accounting/invoices/{invoice}", {"exportId": "hub-1"}).get_data() == b""
    assert caller.rows("accounting/invoices", ids=invoice)[0]["exportId"] == "hub-1"


def test_invoices_are_marked_as_exported_one_by_one(caller, send):
    invoice = an_id(caller, "accounting/invoices")
    results = send(
        "POST", "accounting/invoices/markasexported", [{"invoiceId": invoice}, {"invoiceId": 4}]
    ).json
    assert [result["success"] for result in results] == [True, False]


def test_a_payment_patch_needs_type_and_splits(caller, send):
    payment = caller.rows("accounting/payments")[0]
    path = f"accounting/payments/{payment['id']}"
    assert set(send("PATCH", path, {"memo": "x"}, published=False).json["errors"]) == {"TypeId", "Splits"}
    split = {"invoiceId": payment["appliedTo"][0]["appliedTo"], "amount": 12.5}
    reply = send(
        "PATCH", path, {"typeId": int(payment["typeId"]), "splits": [split], "memo": "Corrected"}
    ).json
    assert reply["splits"][0]["amount"] == 12.5
    assert caller.rows("accounting/payments", ids=payment["id"])[0]["memo"] == "Corrected"


@pytest.mark.parametrize("status", [403, 404])
def test_payments_cannot_be_posted_unless_the_switch_says_so(caller, status):
    invoice = next(row for row in caller.rows("accounting/invoices") if float(row["balance"]) > 1)
    body = {
        "typeId": an_id(caller, "accounting/payment-types"),
        "splits": [{"invoiceId": invoice["id"], "amount": float(invoice["balance"])}],
    }
    caller.sandbox.control.endpoint("payments", status)
    assert caller.send("POST", "accounting/payments", body).status_code == status
    caller.sandbox.control.endpoint("payments", 200)
    assert caller.send("POST", "accounting/payments", body).json["splits"][0]["invoiceId"] == invoice["id"]
    assert caller.rows("accounting/invoices", ids=invoice["id"])[0]["balance"] == "0.00"


def capacity_of(unit, day, **more):
    return {
        "startsOnOrAfter": f"{day}T00:00:00Z",
        "endsOnOrBefore": f"{day + timedelta(days=1)}T12:00:00Z",
        "skillBasedAvailability": False,
        "businessUnitIds": [unit],
        **more,
    }


def a_working_day(caller):
    now = caller.sandbox.control.present() / 10_000_000
    day = datetime.fromtimestamp(now, UTC).date() + timedelta(days=2)
    return day + timedelta(days=1) if day.weekday() == 6 else day


def test_capacity_shrinks_with_what_is_booked_and_takes_no_query(caller, send):
    unit = an_id(caller, "settings/business-units")
    first = send("POST", "dispatch/capacity", capacity_of(unit, a_working_day(caller))).json[
        "availabilities"
    ][0]
    assert first["isAvailable"]
    assert first["openAvailability"] <= first["totalAvailability"]
    visit = {"start": first["startUtc"], "end": first["endUtc"]}
    send("POST", "jpm/jobs", new_job(caller, businessUnitId=unit, appointments=[visit]))
    again = send("POST", "dispatch/capacity", capacity_of(unit, a_working_day(caller))).json[
        "availabilities"
    ][0]
    assert first["openAvailability"] - again["openAvailability"] == 4
    assert (
        caller.send("POST", "dispatch/capacity?page=1", capacity_of(unit, a_working_day(caller))).status_code
        == 400
    )


def test_capacity_of_a_unit_that_is_not_there_is_refused(caller, send):
    reply = send("POST", "dispatch/capacity", capacity_of(3, a_working_day(caller)))
    assert (reply.status_code, list(reply.json["errors"])) == (400, ["BusinessUnitIds"])


def test_a_technician_is_assigned_once_and_taken_off_and_never_double_booked(caller, send):
    first, second = (send("POST", "jpm/jobs", new_job(caller)).json for _ in range(2))
    technicians = caller.rows("settings/technicians")
    whom = technicians[-1]["id"]
    visits = [job["firstAppointmentId"] for job in (first, second)]
    path = "dispatch/appointment-assignments/assign-technicians"
    body = {"jobAppointmentId": visits[0], "technicianIds": [whom]}
    assert send("POST", path, body).json["id"] == visits[0]
    send("POST", path, body)
    rows = caller.rows("dispatch/appointment-assignments", appointmentIds=visits[0])
    assert [row["technicianId"] for row in rows].count(whom) == 1
    refused = send("POST", path, {**body, "jobAppointmentId": visits[1]})
    assert refused.status_code == 409
    send("POST", path.replace("assign-", "unassign-"), body)
    rows = caller.rows("dispatch/appointment-assignments", appointmentIds=visits[0])
    assert whom not in [row["technicianId"] for row in rows]


def test_a_lead_needs_a_day_or_a_reason_to_call_back(caller, send):
    body = {
        "campaignId": an_id(caller, "marketing/campaigns"),
        "summary": "No heat",
        "leadCustomerName": "Ada",
    }
    refused = send("POST", "crm/leads", body)
    assert (refused.status_code, list(refused.json["errors"])) == (400, ["FollowUpDate"])
    made = send("POST", "crm/leads", {**body, "followUpDate": "2027-03-04T14:00:00Z"}).json
    assert (made["status"], made["leadCustomerName"]) == ("Open", "Ada")
    assert (
        send("PATCH", f"crm/leads/{made['id']}", {"summary": "No heat at all"}).json["summary"]
        == "No heat at all"
    )


VENDOR = {
    "name": "New River Electric",
    "active": True,
    "isTruckReplenishment": False,
    "restrictedMobileCreation": False,
    "taxRate": 0.053,
    "firstName": "Ann",
    "phone": "5405550133",
    "address": {**ADDRESS, "unit": ""},
}


def test_a_vendor_without_what_it_needs_is_refused(caller, send):
    reply = send("POST", "inventory/vendors", {"name": "Nobody"})
    assert reply.status_code == 400
    assert {"Address", "TaxRate", "Active"} < set(reply.json["errors"])


def test_a_custom_field_that_nobody_set_up_changes_no_vendor(caller, send):
    row_id = an_id(caller, "inventory/vendors")
    before = caller.get(f"inventory/vendors/{row_id}").json
    fields = [{"name": "Shoe size", "value": "44"}]
    body = {"operations": [{"objectId": row_id, "customFields": fields}]}
    assert send("PATCH", "inventory/vendors/custom-fields", body).status_code == 400
    assert caller.get(f"inventory/vendors/{row_id}").json == before


def test_a_vendor_is_made_changed_and_given_a_code_each_answered_with_its_id(caller, send):
    guid = {"applicationGuid": GUID, "externalData": [{"key": "k", "value": "1"}]}
    made = send("POST", "inventory/vendors", {**VENDOR, "externalData": guid}).json
    row_id = made["id"]
    changed = send("PATCH", f"inventory/vendors/{row_id}", {"lastName": "Lee", "memo": "Cash only"})
    assert (made, changed.json) == ({"id": row_id}, {"id": row_id})
    fields = [{"name": "Supplier code", "value": "77"}]
    body = {"operations": [{"objectId": row_id, "customFields": fields}]}
    assert send("PATCH", "inventory/vendors/custom-fields", body).status_code == 200
    row = caller.get(f"inventory/vendors/{row_id}").json
    assert (row["contactInfo"]["firstName"], row["contactInfo"]["lastName"]) == ("Ann", "Lee")
    assert (row["memo"], row["defaultTaxRate"], row["address"]["unit"]) == ("Cash only", 0.053, "")
    assert [field["value"] for field in row["customFields"]] == ["77"]
