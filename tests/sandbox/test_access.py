"""Tokens, scopes and the app's standing: who may call the sandbox, and what the others are told."""

import pytest

from integrations.sandbox.servicetitan.resources import ALL
from tests.sandbox.conftest import NOON


def test_a_wrong_secret_is_invalid_client(caller):
    reply = caller.token(client_secret="cs1.wrong\n")
    assert (reply.status_code, reply.json) == (400, {"error": "invalid_client"})


def test_a_json_body_gets_no_token(caller):
    reply = caller.browser.post("/connect/token", json={"grant_type": "client_credentials"})
    assert reply.status_code == 400


def test_another_grant_is_refused(caller):
    assert caller.token(grant_type="password").json == {"error": "unsupported_grant_type"}


def test_a_token_lives_15_minutes_and_names_its_scopes(caller):
    reply = caller.token().json
    assert (reply["expires_in"], reply["token_type"]) == (900, "Bearer")
    assert "tn.crm.customers:r" in reply["scope"].split()


def test_an_expired_token_is_401_and_a_fresh_one_passes(caller):
    caller.sandbox.control.advance(901)
    assert caller.get("crm/customers").status_code == 401
    caller.renew()
    assert caller.get("crm/customers").status_code == 200


@pytest.mark.parametrize("header", ["Authorization", "ST-App-Key"])
def test_a_call_without_token_or_app_key_is_401(caller, header):
    del caller.headers[header]
    assert caller.get("crm/customers").status_code == 401


def test_a_bare_token_is_as_good_as_a_bearer(caller):
    caller.headers["Authorization"] = caller.headers["Authorization"].removeprefix("Bearer ")
    assert caller.get("crm/customers").status_code == 200


def test_a_missing_scope_is_403_for_its_entities_alone(caller):
    caller.sandbox.control.grant(["tn.crm.customers:r"])
    caller.renew()
    assert caller.get("crm/customers").status_code == 200
    reply = caller.get("jpm/jobs")
    assert reply.status_code == 403
    assert "tn.jpm.jobs:r" in reply.json["title"]


def test_a_token_of_one_tenant_opens_no_other(caller):
    reply = caller.browser.get("/crm/v2/tenant/900002/customers", headers=caller.headers)
    assert reply.status_code == 403


def test_a_disabled_app_is_403_everywhere(caller):
    caller.sandbox.control.disable_app()
    paths = [f"{resource.module}/{resource.path}" for resource in ALL if resource.path]
    assert {caller.get(path).status_code for path in paths} == {403}
    caller.sandbox.control.enable_app()
    assert caller.get("crm/customers").status_code == 200


def test_the_error_object_has_exactly_its_members_and_a_fresh_trace(caller):
    first, second = caller.get("crm/customers/1").json, caller.get("crm/customers/1").json
    assert set(first) == {"type", "title", "status", "traceId", "errors", "data"}
    assert first["status"] == 404
    assert first["traceId"] != second["traceId"]


def test_the_clock_of_the_fixture_is_the_sandboxs(caller):
    assert caller.sandbox.control.now() == NOON
