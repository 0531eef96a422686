"""The rate window and the faults: what goes wrong, when, and that it goes wrong the same way again."""

import json
import time

import pytest
import requests
from werkzeug.test import Client as Browser

from integrations.sandbox.server import running
from integrations.sandbox.servicetitan import create_app
from integrations.sandbox.servicetitan.misbehaviour import NAMES


def test_the_61st_call_in_a_second_is_told_to_wait(make):
    caller = make(rate=60)
    assert {caller.get("crm/customers", pageSize=1).status_code for _ in range(60)} == {200}
    reply = caller.get("crm/customers", pageSize=1)
    assert reply.status_code == 429
    assert reply.json["title"] == "Rate limit is exceeded. Try again in 1 seconds."
    caller.sandbox.control.advance(1.01)
    assert caller.get("crm/customers").status_code == 200


def test_a_refused_call_costs_nothing_of_the_next_second(make):
    caller = make(rate=2)
    statuses = [caller.get("crm/customers").status_code for _ in range(9)]
    assert statuses == [200, 200] + [429] * 7
    caller.sandbox.control.advance(1.01)
    assert caller.get("crm/customers").status_code == 200


def test_a_bucket_lets_a_burst_through_and_then_the_rate(make):
    caller = make(rate=10, window="bucket")
    assert [caller.get("crm/customers").status_code for _ in range(11)] == [200] * 10 + [429]
    caller.sandbox.control.advance(0.11)
    assert [caller.get("crm/customers").status_code for _ in range(2)] == [200, 429]


def test_each_tenant_has_its_own_window(make):
    caller = make(rate=1)
    assert caller.get("crm/customers").status_code == 200
    other = caller.browser.get("/crm/v2/tenant/900002/customers", headers=caller.headers)
    assert other.status_code == 403, "another tenant's window is not used up"


def test_tokens_and_control_verbs_are_outside_the_window(make):
    caller = make(rate=1)
    assert {caller.token().status_code for _ in range(5)} == {200}
    assert caller.browser.get("/_sandbox/stats").json["result"]["token_calls"] == 6


def test_the_counters_know_the_busiest_second(make):
    caller = make(rate=5)
    for _ in range(8):
        caller.get("crm/customers")
    stats = caller.sandbox.control.stats()
    assert (stats["calls"], stats["rate_limited"], stats["peak_calls_in_one_second"]) == (8, 3, 8)
    caller.sandbox.control.reset()
    assert caller.sandbox.control.stats()["calls"] == 0


def outcomes(caller):
    return [caller.get("crm/customers").status_code for _ in range(60)]


def test_the_same_seed_draws_the_same_faults(make):
    faults = ["html_502:0.2", "server_error:0.1"]
    first, second = outcomes(make(seed=5, faults=faults)), outcomes(make(seed=5, faults=faults))
    assert first == second
    assert {200, 500, 502} == set(first)
    assert outcomes(make(seed=6, faults=faults)) != first


def test_a_fault_with_a_count_is_over_after_it(make):
    caller = make(faults=["service_unavailable:1,count=2,path=/jobs"])
    assert caller.get("crm/customers").status_code == 200
    assert [caller.get("jpm/jobs").status_code for _ in range(3)] == [503, 503, 200]


def test_an_unknown_fault_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"no fault 'gremlins'.*html_502"):
        create_app(1, faults=["gremlins"])


def test_every_fault_spoils_a_call_in_its_own_way(make):
    caller = make()
    good = caller.get("crm/customers").get_data()
    for name in set(NAMES) - {"reset", "lost_reply", "cut_body", "repeated_page"}:
        caller.sandbox.control.faults(f"{name}:1,argument=0")
        reply = caller.get("crm/customers")
        assert reply.status_code != 200 or reply.get_data() != good or name == "slow", name


def test_retry_after_is_sent_only_where_its_fault_is_on(make):
    caller = make(faults=["rate_limited:1,count=1,argument=7", "rate_limited_with_retry_after:1,argument=4"])
    first, second = caller.get("crm/customers"), caller.get("crm/customers")
    assert "Retry-After" not in first.headers
    assert first.json["title"].endswith("Try again in 7 seconds.")
    assert second.headers["Retry-After"] == "4"


def test_a_late_error_leaves_its_effect(make):
    caller = make()
    customer = caller.rows("crm/customers")[0]["id"]
    caller.sandbox.control.faults("late_error:1,count=1,method=PATCH")
    assert caller.send("PATCH", f"crm/customers/{customer}", {"name": "Written"}).status_code == 500
    assert caller.get(f"crm/customers/{customer}").json["name"] == "Written"


def over_http(url, sandbox, path):
    form = {"grant_type": "client_credentials", "client_id": "cid.sandbox", "client_secret": "cs1.sandbox"}
    token = requests.post(f"{url}/connect/token", data=form, timeout=5).json()["access_token"]
    headers = {"Authorization": token, "ST-App-Key": "ak1.sandbox"}
    return requests.get(f"{url}{path}", headers=headers, timeout=5)


@pytest.mark.parametrize("fault", ["reset", "lost_reply", "cut_body"])
def test_a_connection_that_breaks_breaks_for_the_client(fault):
    sandbox = create_app(3, rate=None, faults=[f"{fault}:1,count=1"])
    with running(sandbox) as url, pytest.raises(requests.RequestException):
        over_http(url, sandbox, "/crm/v2/tenant/900001/customers")


def test_latency_is_served_by_many_calls_at_once():
    sandbox = create_app(3, rate=None, latency=0.15)
    with running(sandbox) as url:
        begun = time.monotonic()
        assert over_http(url, sandbox, "/crm/v2/tenant/900001/customers").status_code == 200
        assert time.monotonic() - begun >= 0.15


def test_the_verbs_work_over_http(caller):
    browser = Browser(caller.sandbox)
    touched = browser.post("/_sandbox/touch", json={"entity": "jobs", "count": 2}).json["result"]
    assert len(touched) == 2
    assert browser.post("/_sandbox/faults", json={"faults": [{"name": "not_found"}]}).status_code == 200
    assert caller.get("crm/customers").status_code == 404
    browser.post("/_sandbox/reset")
    assert caller.get("crm/customers").status_code == 200
    assert browser.post("/_sandbox/fly").status_code == 404
    assert "error" in browser.post("/_sandbox/touch", data=json.dumps({})).json
