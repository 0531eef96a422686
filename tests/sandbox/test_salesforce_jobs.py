"""Bulk API 2.0 of the Salesforce sandbox: the life of a job and what becomes of its rows."""

import csv
import io

import pytest

from tests.sandbox.salesforce_caller import error

CSV = {"Content-Type": "text/csv"}


def opened(org, operation="insert", name="Account", **more):
    reply = org.call(
        "POST", "jobs/ingest", {"operation": operation, "object": name, "contentType": "CSV", **more}
    )
    assert reply.status_code == 200, reply.json
    return reply.json


def upload(org, job, text):
    return org.call("PUT", f"jobs/ingest/{job['id']}/batches", data=text.encode(), headers=CSV)


def ended(org, text, **more):
    """A job that was given these rows and closed."""
    job = opened(org, **more)
    assert upload(org, job, text).status_code == 201
    closed = org.call("PATCH", f"jobs/ingest/{job['id']}", {"state": "UploadComplete"})
    assert (closed.status_code, closed.json["state"]) == (200, "UploadComplete")
    return org.get(f"jobs/ingest/{job['id']}").json


def results(org, job, which):
    reply = org.get(f"jobs/ingest/{job['id']}/{which}")
    assert reply.status_code == 200, reply.json
    return list(csv.DictReader(io.StringIO(reply.text)))


def test_a_job_opens_with_what_it_was_asked(org):
    job = opened(org, "upsert", externalIdFieldName="ServiceTitan_Id__c")
    assert (job["state"], job["lineEnding"], job["columnDelimiter"]) == ("Open", "LF", "COMMA")
    assert job["contentUrl"] == f"services/data/v62.0/jobs/ingest/{job['id']}/batches"
    assert job["id"].startswith("750")


def test_complete_does_not_mean_that_every_row_succeeded(org):
    known = org.create("Account", Name="Old", ServiceTitan_Id__c="t1")
    text = "ServiceTitan_Id__c,Name,AnnualRevenue,Phone\nt1,New,,#N/A\nt2,B,5.5,1\nt3,,,\n,C,,\nt4,D,much,\n"
    job = ended(org, text, operation="upsert", externalIdFieldName="ServiceTitan_Id__c")
    assert (job["state"], job["numberRecordsProcessed"], job["numberRecordsFailed"]) == ("JobComplete", 5, 3)
    good = results(org, job, "successfulResults")
    assert [(one["sf__Created"], one["ServiceTitan_Id__c"]) for one in good] == [
        ("false", "t1"),
        ("true", "t2"),
    ]
    assert good[0]["sf__Id"] == known
    bad = {one["Name"]: one["sf__Error"] for one in results(org, job, "failedResults")}
    assert bad == {
        "": "REQUIRED_FIELD_MISSING:Required fields are missing: [Name]:Name --",
        "C": "MISSING_ARGUMENT:ServiceTitan_Id__c not specified:ServiceTitan_Id__c --",
        "D": "INVALID_TYPE_ON_FIELD_IN_RECORD:AnnualRevenue: value not of required type:AnnualRevenue --",
    }
    assert results(org, job, "unprocessedrecords") == results(org, job, "unprocessedRecords") == []


def test_empty_cells_leave_and_na_clears(org):
    account = org.create("Account", Name="A", Phone="1", Fax="2")
    ended(org, f"Id,Phone,Fax\n{account},,#N/A\n", operation="update")
    row = org.read("Account", account)
    assert (row["Phone"], row["Fax"]) == ("1", None)


def test_a_parent_column_names_it_by_external_id(org):
    account = org.create("Account", Name="A", ServiceTitan_Id__c="t1")
    ended(org, "LastName,Account.ServiceTitan_Id__c\nRoe,t1\n", name="Contact")
    assert org.control.rows("Contact")[0]["AccountId"] == account


def test_rows_are_deleted_by_id(org):
    account = org.create("Account", Name="A")
    job = ended(org, f"Id\n{account}\n001Dn0000009999AAA\n", operation="delete")
    assert (job["numberRecordsProcessed"], job["numberRecordsFailed"]) == (2, 1)
    assert org.get(f"sobjects/Account/{account}").status_code == 404


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Nme\nA\n", "Field name not found : Nme"),
        ("Name\r\nA\r\n", "LineEnding is invalid"),
        ("Name,Phone\nA\n", "another number of columns"),
        ("", "no header row"),
    ],
)
def test_a_bad_file_fails_the_whole_job(org, text, said):
    job = ended(org, text)
    assert job["state"] == "Failed" and said in job["errorMessage"]
    assert org.control.rows("Account") == []


def test_a_file_is_uploaded_once_and_before_closing(org):
    job = opened(org)
    assert upload(org, job, "Name\nA\n").status_code == 201
    assert error(upload(org, job, "Name\nB\n"))[:2] == (400, "INVALIDJOBSTATE")
    org.call("PATCH", f"jobs/ingest/{job['id']}", {"state": "UploadComplete"})
    again = org.call("PATCH", f"jobs/ingest/{job['id']}", {"state": "UploadComplete"})
    assert error(again)[1] == "INVALIDJOBSTATE"
    wrong = org.call("PUT", f"jobs/ingest/{job['id']}/batches", {"Name": "A"})
    assert error(wrong)[0] == 415


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"operation": "magic", "object": "Account"}, "INVALIDOPERATION"),
        ({"operation": "insert", "object": "Nothing__c"}, "INVALIDENTITY"),
        ({"operation": "upsert", "object": "Account", "externalIdFieldName": "Phone"}, "INVALIDJOB"),
        ({"operation": "insert", "object": "Account", "columnDelimiter": "DOT"}, "INVALIDJOB"),
    ],
)
def test_a_job_is_refused_with(org, asked, code):
    assert error(org.call("POST", "jobs/ingest", asked))[:2] == (400, code)


def test_a_job_takes_its_time_where_it_is_told_to(make_org):
    org = make_org()
    org.control.slow_jobs(30)
    job = ended(org, "Name\nA\n")
    assert (job["state"], job["numberRecordsProcessed"]) == ("InProgress", 0)
    assert error(org.get(f"jobs/ingest/{job['id']}/successfulResults"))[1] == "INVALIDJOBSTATE"
    org.control.advance(30)
    assert org.get(f"jobs/ingest/{job['id']}").json["state"] == "JobComplete"


def test_an_aborted_job_writes_nothing_and_can_be_deleted(org):
    job = opened(org)
    upload(org, job, "Name\nA\n")
    path = f"jobs/ingest/{job['id']}"
    assert error(org.call("DELETE", path))[1] == "INVALIDJOBSTATE"
    assert org.call("PATCH", path, {"state": "Aborted"}).json["state"] == "Aborted"
    assert [one["id"] for one in org.get("jobs/ingest").json["records"]] == [job["id"]]
    assert org.call("DELETE", path).status_code == 204
    assert org.get(path).status_code == 404 and org.control.rows("Account") == []


def test_a_job_that_fails_half_way_tells_what_it_never_looked_at(org):
    org.control.faults("unprocessed_rows:1,count=1")
    job = ended(org, "Name\nA\nB\nC\nD\n")
    assert (job["state"], job["numberRecordsProcessed"]) == ("Failed", 2)
    assert [one["Name"] for one in results(org, job, "unprocessedRecords")] == ["C", "D"]


def test_a_query_job_gives_pages_with_a_locator(org):
    for number in range(5):
        org.create("Account", Name=f'A "{number}"')
    job = org.call(
        "POST",
        "jobs/query",
        {"operation": "query", "query": "SELECT Name, Owner.Alias, IsDeleted FROM Account"},
    )
    assert job.json["state"] == "UploadComplete"
    path = f"jobs/query/{job.json['id']}"
    assert org.get(path).json["state"] == "JobComplete"
    first = org.get(f"{path}/results", maxRecords=3)
    assert first.headers["Sforce-NumberOfRecords"] == "3"
    rest = org.get(f"{path}/results", maxRecords=3, locator=first.headers["Sforce-Locator"])
    assert rest.headers["Sforce-Locator"] == "null"
    rows = [row for page in (first, rest) for row in csv.DictReader(io.StringIO(page.text))]
    assert len(rows) == 5
    assert rows[0] == {"Name": 'A "0"', "Owner.Alias": "trunk", "IsDeleted": "false"}


def test_a_query_job_takes_no_aggregates(org):
    asked = {"operation": "query", "query": "SELECT COUNT(Id) FROM Account"}
    assert error(org.call("POST", "jobs/query", asked))[1] == "INVALIDJOB"
