"""A client that we did not write works against the Salesforce sandbox: simple-salesforce, given its address."""

import csv
import io
import json
import socket

import pytest
import requests
from simple_salesforce import Salesforce, SalesforceLogin
from simple_salesforce.exceptions import (
    SalesforceAuthenticationFailed,
    SalesforceExpiredSession,
    SalesforceMalformedRequest,
    SalesforceMoreThanOneRecord,
    SalesforceResourceNotFound,
)

from integrations.sandbox.salesforce import create_app, credentials
from integrations.sandbox.server import running
from integrations.sandbox.tls import certificate_in


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return certificate_in(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def sandbox():
    return create_app(25, query_page=10)


@pytest.fixture
def url(sandbox, certificate):
    with running(sandbox, tls=certificate) as served:
        yield served


@pytest.fixture
def session(certificate):
    with requests.Session() as found:
        found.verify = certificate[0]
        found.trust_env = False  # or a machine's own bundle of authorities would win over ours
        yield found


@pytest.fixture
def sf(sandbox, url, session):
    known = credentials(sandbox)
    token, host = SalesforceLogin(
        username=known["username"],
        password=known["password"],
        security_token=known["security_token"],
        scratch_url=url,
        session=session,
    )
    return Salesforce(session_id=token, instance_url=f"https://{host}", session=session)


def test_a_client_that_does_not_trust_the_certificate_is_not_served(url):
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(f"{url}/services/data", timeout=5, verify=True)


def test_who_connects_and_says_nothing_keeps_nobody_waiting(url, session):
    host, _, port = url.removeprefix("https://").partition(":")
    with socket.create_connection((host, int(port))):
        assert session.get(f"{url}/services/data", timeout=5).status_code == 200


def test_a_wrong_password_is_refused_as_by_the_real_one(url, session):
    with pytest.raises(SalesforceAuthenticationFailed, match="INVALID_LOGIN"):
        SalesforceLogin(username="x", password="y", security_token="z", scratch_url=url, session=session)


def test_it_creates_gets_updates_and_deletes(sf):
    made = sf.Account.create({"Name": "Acme", "BillingCity": "Reno"})
    assert made["success"] is True
    assert sf.Account.get(made["id"])["BillingCity"] == "Reno"
    assert sf.Account.update(made["id"], {"Phone": "775-555-0100"}) == 204
    assert sf.Account.get(made["id"])["Phone"] == "775-555-0100"
    assert sf.Account.delete(made["id"]) == 204
    with pytest.raises(SalesforceResourceNotFound) as gone:
        sf.Account.get(made["id"])
    assert gone.value.content[0]["errorCode"] == "ENTITY_IS_DELETED"


def test_it_upserts_by_external_id(sf):
    key = "ServiceTitan_Id__c/900001-7"
    made = sf.Account.upsert(key, {"Name": "Seven"}, raw_response=True)
    assert (made.status_code, made.json()["created"]) == (201, True)
    assert sf.Account.upsert(key, {"Name": "Seven Ltd"}) == 200
    assert sf.Account.get_by_custom_id("ServiceTitan_Id__c", "900001-7")["Name"] == "Seven Ltd"


def test_its_exceptions_come_from_the_replies_it_knows(sandbox, sf):
    with pytest.raises(SalesforceMalformedRequest) as wrong:
        sf.Contact.create({"FirstName": "Nobody"})
    assert wrong.value.content[0]["fields"] == ["LastName"]
    for name in ("A", "B"):
        sf.Contact.create({"LastName": name, "Email": "same@example.com"})
    with pytest.raises(SalesforceMoreThanOneRecord):
        sf.Contact.upsert("Email/same@example.com", {"LastName": "C"})
    sandbox.control.expire_tokens()
    with pytest.raises(SalesforceExpiredSession):
        sf.query("SELECT Id FROM Account")


def test_it_describes_and_reads_the_limits(sf):
    assert "Account" in {one["name"] for one in sf.describe()["sobjects"]}
    fields = {one["name"]: one for one in sf.Account.describe()["fields"]}
    assert (fields["ServiceTitan_Id__c"]["externalId"], fields["Name"]["nillable"]) == (True, True)
    assert sf.limits()["DailyApiRequests"]["Max"] == 100_000
    assert sf.api_usage["api-usage"].total == 100_000


def test_it_follows_a_query_page_by_page(sandbox, sf):
    first = sf.query("SELECT Id, Name FROM Account")
    assert (first["totalSize"], first["done"], len(first["records"])) == (25, False, 10)
    second = sf.query_more(first["nextRecordsUrl"], identifier_is_url=True)
    assert len(second["records"]) == 10
    every = sf.query_all("SELECT Id, Name, Owner.Name FROM Account ORDER BY Name")
    assert [row["Id"] for row in every["records"]] == [
        row["Id"] for row in sorted(sandbox.control.rows("Account"), key=lambda row: row["Name"].lower())
    ]
    assert sf.query("SELECT COUNT() FROM Account")["totalSize"] == 25


def test_its_bulk2_inserts_upserts_and_queries(sandbox, sf):
    new = [{"LastName": f"Bulk {number}", "ServiceTitan_Id__c": f"c{number}"} for number in range(500)]
    done = sf.bulk2.Contact.insert(records=[*new, {"FirstName": "Nameless"}], wait=0)
    assert (done[0]["numberRecordsProcessed"], done[0]["numberRecordsFailed"]) == (501, 1)
    failed = sf.bulk2.Contact.get_failed_records(done[0]["job_id"])
    [row] = csv.DictReader(io.StringIO(failed))
    assert row["sf__Error"] == "REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --"
    upserted = sf.bulk2.Contact.upsert(
        records=[{"LastName": "Changed", "ServiceTitan_Id__c": "c1"}],
        external_id_field="ServiceTitan_Id__c",
        wait=0,
    )
    assert upserted[0]["numberRecordsFailed"] == 0
    soql = "SELECT Id, LastName, ServiceTitan_Id__c FROM Contact WHERE ServiceTitan_Id__c LIKE 'c%'"
    pages = [
        list(csv.DictReader(io.StringIO(page)))
        for page in sf.bulk2.Contact.query(soql, max_records=200, wait=0)
    ]
    assert [len(page) for page in pages] == [200, 200, 100]
    found = {row["ServiceTitan_Id__c"]: row["LastName"] for page in pages for row in page}
    assert (len(found), found["c1"], found["c2"]) == (500, "Changed", "Bulk 2")


def test_its_plain_calls_reach_composite(sf):
    records = [{"attributes": {"type": "Account"}, "Name": f"Row {number}"} for number in range(200)]
    body = json.dumps({"allOrNone": False, "records": records})
    results = sf.restful("composite/sobjects", method="POST", data=body)
    assert len(results) == 200 and all(one["success"] for one in results)
