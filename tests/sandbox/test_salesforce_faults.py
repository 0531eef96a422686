"""Bad days of the Salesforce sandbox: the allowance, the faults, and the journal that tells what really happened."""

import json

import pytest
import requests

from integrations.sandbox.salesforce import create_app, credentials, keeping
from integrations.sandbox.salesforce.misbehaviour import CALLS, JOBS, ROWS
from integrations.sandbox.server import running
from tests.sandbox.salesforce_caller import error

BROKEN = {"reset", "lost_reply", "cut_body"}


def test_the_allowance_is_told_counted_and_refused(make_org):
    org = make_org(allowance=100, used=97)
    assert org.get("limits").headers["Sforce-Limit-Info"] == "api-usage=98/100"
    assert org.get("limits").json["DailyApiRequests"] == {"Max": 100, "Remaining": 1}
    assert org.get("limits").status_code == 200
    refused = org.get("limits")
    assert error(refused) == (403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
    assert refused.headers["Sforce-Limit-Info"] == "api-usage=100/100"
    org.control.allow_calls(1000, 0)
    assert org.get("limits").status_code == 200


def test_calls_come_back_after_a_day(make_org):
    org = make_org(allowance=2, token_life=1e9)
    assert [org.get("limits").status_code for _ in range(3)] == [200, 200, 403]
    org.control.advance(86_401)
    assert org.get("limits").status_code == 200


def test_record_counts(make_org):
    org = make_org(accounts=7)
    assert org.get("limits/recordCount", sObjects="Account").json == {
        "sObjects": [{"count": 7, "name": "Account"}]
    }


def test_every_fault_of_a_call_spoils_it_in_its_own_way(org):
    good = org.get("sobjects").get_data()
    for name in set(CALLS) - BROKEN:
        org.log_in()
        org.control.faults(f"{name}:1,argument=0")
        reply = org.get("sobjects")
        assert reply.status_code != 200 or reply.get_data() != good or name == "slow", name
        org.control.reset()


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ("server_error", 500, "UNKNOWN_EXCEPTION"),
        ("service_unavailable", 503, "SERVER_UNAVAILABLE"),
        ("request_limit", 403, "REQUEST_LIMIT_EXCEEDED"),
        ("concurrent_limit", 403, "REQUEST_LIMIT_EXCEEDED"),
        ("forbidden", 403, "INSUFFICIENT_ACCESS"),
    ],
)
def test_a_refusing_fault_has_the_api_s_own_shape_and_no_effect(org, fault, status, code):
    org.control.faults(f"{fault}:1,count=1")
    assert error(org.call("POST", "sobjects/Account", {"Name": "A"}))[:2] == (status, code)
    assert org.control.rows("Account") == []


def test_maintenance_is_a_page_of_html(org):
    org.control.faults("html_503:1,count=1")
    reply = org.get("limits")
    assert (reply.status_code, reply.mimetype) == (503, "text/html")


def test_an_expired_token_stays_dead_until_a_new_one_is_fetched(org):
    org.control.faults("token_expired:1,count=1")
    assert [org.get("limits").status_code for _ in range(2)] == [401, 401]
    org.log_in()
    assert org.get("limits").status_code == 200


def test_a_late_error_leaves_its_effect(org):
    org.control.faults("late_error:1,count=1")
    assert org.call("POST", "sobjects/Account", {"Name": "A"}).status_code == 500
    assert [row["Name"] for row in org.control.rows("Account")] == ["A"]


@pytest.mark.parametrize(("fault", "rows"), [("reset", 0), ("lost_reply", 1), ("cut_body", 1)])
def test_a_broken_connection_breaks_before_or_after_the_effect(fault, rows):
    sandbox = create_app(faults=[f"{fault}:1,count=1"])
    known = {name: credentials(sandbox)[name] for name in ("client_id", "client_secret")}
    with running(sandbox) as url:
        form = {"grant_type": "client_credentials", **known}
        token = requests.post(f"{url}/services/oauth2/token", data=form, timeout=5).json()["access_token"]
        with pytest.raises(requests.RequestException):
            requests.post(
                f"{url}/services/data/v62.0/sobjects/Account",
                json={"Name": "A"},
                headers={"Authorization": f"Bearer {token}"},
                timeout=5,
            )
    assert len(sandbox.control.rows("Account")) == rows


def written(org, count=60):
    records = [{"attributes": {"type": "Account"}, "Name": str(number)} for number in range(count)]
    results = org.call("POST", "composite/sobjects", {"records": records}).json
    return ["" if one["success"] else one["errors"][0]["statusCode"] for one in results]


def test_row_faults_hit_some_rows_and_the_same_ones_for_the_same_seed(make_org):
    faults = ["locked_row:0.3"]
    first, second = written(make_org(seed=5, faults=faults)), written(make_org(seed=5, faults=faults))
    assert first == second and set(first) == {"", "UNABLE_TO_LOCK_ROW"}
    assert written(make_org(seed=6, faults=faults)) != first


def test_every_row_fault_has_a_code_of_its_own(org):
    codes = set()
    for name in ROWS:
        org.control.faults(f"{name}:1")
        codes |= set(written(org, 3))
    assert codes == {
        "UNABLE_TO_LOCK_ROW",
        "FIELD_CUSTOM_VALIDATION_EXCEPTION",
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
    }
    assert org.control.rows("Account") == []


def test_the_token_endpoint_is_spoilt_only_by_name(org):
    org.control.faults("server_error")
    assert org.token("client_credentials").status_code == 200
    org.control.faults("service_unavailable:1,path=/oauth2/token")
    assert org.token("client_credentials").status_code == 503


def test_an_unknown_fault_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"no fault 'gremlins'.*locked_row"):
        create_app(faults=["gremlins"])
    assert set(JOBS) == {"unprocessed_rows"}


def test_the_journal_tells_who_did_what(org):
    account = org.create("Account", Name="A")
    org.call("PATCH", f"sobjects/Account/{account}", {"Name": "B"})
    org.control.change(account, {"Name": "C"})
    told = [entry for entry in org.control.journal() if entry["table"] == "Account"]
    assert [(one["kind"], one["by"], one["after"]["Name"]) for one in told] == [
        ("new", "api", "A"),
        ("changed", "api", "B"),
        ("changed", "office", "C"),
    ]
    assert told[1]["before"] == {"Name": "A"}
    assert org.read("Account", account)["LastModifiedById"] != org.control.org.user_id


def test_the_verbs_work_over_http(make_org):
    org = make_org(accounts=3)
    post = lambda verb, **body: org.browser.post(f"/_sandbox/{verb}", json=body)  # noqa: E731
    touched = post("touch", object="Account", count=2).json["result"]
    assert len(touched) == 2
    assert post("add-field", object="Account", field="Tier__c string 20").status_code == 200
    added = post("add", object="Account", members={"Name": "Office", "Tier__c": "Gold"}).json["result"]
    assert org.read("Account", added["Id"])["Tier__c"] == "Gold"
    assert post("merge", winner=touched[0], losers=[touched[1]]).status_code == 200
    post("delete", id=added["Id"])
    assert org.get(f"sobjects/Account/{added['Id']}").status_code == 404
    post("undelete", id=added["Id"])
    assert org.get(f"sobjects/Account/{added['Id']}").status_code == 200
    assert (
        post("add-validation-rule", object="Account", field="Name", op="empty", message="x").status_code
        == 200
    )
    post("faults", faults=["not_found"])
    assert org.get("limits").status_code == 404
    post("reset")
    assert org.browser.get("/_sandbox/stats").json["result"]["rows"]["Account"] == 3
    assert post("fly").status_code == 404
    assert "error" in org.browser.post("/_sandbox/touch", data=json.dumps({})).json
    post("revoke-all")
    assert org.get("limits").status_code == 401


def test_the_same_seed_makes_the_same_org(make_org):
    first, second, other = (
        [row["Name"] for row in make_org(accounts=8, seed=seed).control.rows("Account")] for seed in (1, 1, 2)
    )
    assert first == second != other


def test_a_kept_org_goes_on_where_it_stood(make_org, tmp_path):
    org, kept = make_org(accounts=3), tmp_path / "org.json"
    account = org.create("Account", Name="Kept", ServiceTitan_Id__c="t1")
    keeping.save(org.control, kept)
    again = make_org(accounts=9)
    assert keeping.load(again.control, kept)
    assert again.control.stats()["rows"]["Account"] == 4
    known = again.call("PATCH", "sobjects/Account/ServiceTitan_Id__c/T1", {"Name": "Found"})
    assert (known.status_code, known.json["id"]) == (200, account)
    assert again.create("Account", Name="New") not in {row["Id"] for row in org.control.rows("Account")}
    assert kept.stat().st_mode & 0o077 == 0


def test_a_file_that_is_no_kept_org_is_refused(make_org, tmp_path):
    org, wrong = make_org(), tmp_path / "org.json"
    assert not keeping.load(org.control, wrong)
    wrong.write_text("{}")
    with pytest.raises(ValueError, match="no kept org"):
        keeping.load(org.control, wrong)
