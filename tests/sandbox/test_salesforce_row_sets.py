"""Many rows, or many calls, in one: collections and composites of the Salesforce sandbox."""

import pytest

from tests.sandbox.salesforce_caller import error

KEYED = "composite/sobjects/Account/ServiceTitan_Id__c"


def row(kind, **values):
    return {"attributes": {"type": kind}, **values}


def send(org, method, path, records, **more):
    return org.call(method, path, {"allOrNone": False, "records": records, **more})


def test_each_row_has_a_result_of_its_own_in_the_order_sent(org):
    reply = send(org, "POST", "composite/sobjects",
                 [row("Account", Name="A"), row("Contact", FirstName="x"), row("Account", Name="B")])  # fmt: skip
    assert reply.status_code == 200
    assert [one["success"] for one in reply.json] == [True, False, True]
    assert reply.json[1] == {
        "success": False,
        "errors": [
            {
                "statusCode": "REQUIRED_FIELD_MISSING",
                "message": "Required fields are missing: [LastName]",
                "fields": ["LastName"],
            }
        ],
    }
    assert [one["Name"] for one in org.control.rows("Account")] == ["A", "B"]


def test_all_or_none_takes_every_row_back(org):
    told = len(org.control.journal())
    reply = send(
        org, "POST", "composite/sobjects", [row("Account", Name="A"), row("Account")], allOrNone=True
    )
    codes = [one["errors"][0]["statusCode"] for one in reply.json]
    assert codes == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "REQUIRED_FIELD_MISSING"]
    assert org.control.rows("Account") == []
    assert len(org.control.journal()) == told, "what was rolled back never happened"


def test_an_upsert_tells_new_from_known_and_spares_the_neighbours(org):
    known = org.create("Account", Name="Old", ServiceTitan_Id__c="t1")
    org.control.add_validation_rule("Account", "Name", "=", "No Bob.", "Bob")
    sent = (("T1", "New name"), ("t2", "B"), ("t3", "Bob"), (None, "Keyless"), ("t5", "C"), ("T5", "D"))
    records = [row("Account", ServiceTitan_Id__c=key, Name=name) for key, name in sent]
    results = send(org, "PATCH", KEYED, records).json
    assert (results[0]["id"], results[0]["created"], results[1]["created"]) == (known, False, True)
    assert [one["errors"][0]["statusCode"] for one in results[2:]] == [
        "FIELD_CUSTOM_VALIDATION_EXCEPTION",
        "MISSING_ARGUMENT",
        "DUPLICATE_VALUE",
        "DUPLICATE_VALUE",
    ]
    assert {one["ServiceTitan_Id__c"] for one in org.control.rows("Account")} == {"T1", "t2"}


def test_update_and_delete_by_id(org):
    ids = [org.create("Account", Name=name) for name in "ABC"]
    changed = [
        row("Account", id=ids[0], Name="A2"),
        row("Account", id="001Dn0000009999", Name="x"),
        row("Account", Name="x"),
    ]
    results = send(org, "PATCH", "composite/sobjects", changed).json
    assert [one["success"] for one in results] == [True, False, False]
    assert results[1]["errors"][0]["statusCode"] == "INVALID_CROSS_REFERENCE_KEY"
    gone = org.call("DELETE", f"composite/sobjects?ids={ids[1]},{ids[2]}&allOrNone=false").json
    assert [one["id"] for one in gone] == ids[1:]
    again = org.call("DELETE", f"composite/sobjects?ids={ids[1]}").json
    assert again[0]["errors"][0]["statusCode"] == "ENTITY_IS_DELETED"


def test_reading_by_ids_leaves_null_for_the_missing(org):
    account = org.create("Account", Name="A")
    found = org.get("composite/sobjects/Account", ids=f"{account},001Dn0000009999", fields="Id,Name").json
    assert (found[0]["Name"], found[1]) == ("A", None)
    posted = org.call("POST", "composite/sobjects/Account", {"ids": [account], "fields": ["Name"]}).json
    assert posted[0]["Name"] == "A"


@pytest.mark.parametrize(
    ("records", "code"),
    [
        ([row("Account", Name="x")] * 201, "EXCEEDED_ID_LIMIT"),
        ([{"Name": "x"}], "INVALID_INPUT"),
        ([row("Nothing__c", Name="x")], "INVALID_TYPE"),
        ([row("Account", Name="x"), row("Contact", LastName="y")] * 6, "LIMIT_EXCEEDED"),
        ([row("Account", Name="x"), row("Account", Nme="x")], "INVALID_FIELD"),
    ],
)
def test_a_whole_call_is_refused_and_writes_nothing(org, records, code):
    reply = send(org, "POST", "composite/sobjects", records)
    assert (reply.status_code, reply.json[0]["errorCode"]) == (400, code)
    assert org.control.rows("Account") == []


def test_one_call_of_200_rows_costs_one_of_the_allowance(org):
    before = org.control.allowance.used
    reply = send(org, "POST", "composite/sobjects", [row("Account", Name=str(n)) for n in range(200)])
    assert len(reply.json) == 200
    assert org.control.allowance.used == before + 1
    assert reply.headers["Sforce-Limit-Info"] == f"api-usage={before + 1}/100000"


# --- composite ---


def sub(method, path, reference, body=None):
    return {"method": method, "url": f"/services/data/v62.0/{path}", "referenceId": reference, "body": body}


def composite(org, *requests, strict=False):
    reply = org.call("POST", "composite", {"allOrNone": strict, "compositeRequest": list(requests)})
    assert reply.status_code == 200, reply.json
    return reply.json["compositeResponse"]


def test_a_later_call_uses_what_an_earlier_one_answered(org):
    results = composite(
        org,
        sub("PATCH", "sobjects/Account/ServiceTitan_Id__c/t1", "acct", {"Name": "Acme"}),
        sub("POST", "sobjects/Contact", "con", {"LastName": "Roe", "AccountId": "@{acct.id}"}),
        sub("GET", "sobjects/Contact/@{con.id}?fields=AccountId", "read"),
        sub("GET", "query?q=SELECT+Id+FROM+Contact", "asked"),
        sub("PATCH", "sobjects/Contact/@{asked.records[0].Id}", "last", {"Title": "Owner"}),
    )
    assert [one["httpStatusCode"] for one in results] == [201, 201, 200, 200, 204]
    assert results[0]["httpHeaders"]["Location"].endswith(results[0]["body"]["id"])
    assert results[2]["body"]["AccountId"] == results[0]["body"]["id"]
    assert results[4]["body"] is None
    assert org.control.rows("Contact")[0]["Title"] == "Owner"


def test_a_failure_is_told_where_it_happened(org):
    results = composite(
        org,
        sub("POST", "sobjects/Contact", "con", {"FirstName": "x"}),
        sub("GET", "sobjects/Contact/@{con.id}", "read"),
        sub("POST", "sobjects/Account", "acct", {"Name": "A"}),
    )
    assert [one["httpStatusCode"] for one in results] == [400, 400, 201]
    assert results[0]["body"][0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    assert results[1]["body"][0]["errorCode"] == "PROCESSING_HALTED"


def test_a_strict_composite_is_taken_back_whole(org):
    results = composite(
        org,
        sub("POST", "sobjects/Account", "acct", {"Name": "A"}),
        sub("GET", "sobjects/Account/001Dn0000009999", "lost"),
        strict=True,
    )
    assert [one["body"][0]["errorCode"] for one in results] == ["PROCESSING_HALTED", "NOT_FOUND"]
    assert org.control.rows("Account") == []


def test_a_malformed_envelope_is_a_400(org):
    too_many = [sub("GET", "limits", f"r{number}") for number in range(26)]
    for requests in (None, [{"method": "GET"}], [sub("GET", "limits", "a")] * 2, too_many):
        assert org.call("POST", "composite", {"compositeRequest": requests}).status_code == 400


def test_a_graph_is_all_or_none_on_its_own(org):
    good = {"graphId": "g", "compositeRequest": [sub("POST", "sobjects/Account", "a", {"Name": "A"})]}
    bad = {"graphId": "b", "compositeRequest": [sub("POST", "sobjects/Account", "a", {})]}
    told = org.call("POST", "composite/graph", {"graphs": [good, bad]}).json["graphs"]
    assert [one["isSuccessful"] for one in told] == [True, False]


def test_a_batch_is_of_independent_calls(org):
    asked = [{"method": "GET", "url": "v62.0/limits"}, {"method": "GET", "url": "v62.0/sobjects/Nothing"}]
    told = org.call("POST", "composite/batch", {"batchRequests": asked}).json
    assert (told["hasErrors"], [one["statusCode"] for one in told["results"]]) == (True, [200, 404])


def test_an_unknown_composite_is_404(org):
    assert error(org.call("POST", "composite/magic", {}))[0] == 404
