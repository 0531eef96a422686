"""What can go wrong between the connector and ServiceTitan, and who must act."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import responses

from integrations.connectors.errors import RemoteError, Who
from integrations.connectors.registry import CONNECTORS
from integrations.connectors.servicetitan.entities import ENTITIES
from integrations.connectors.tokens import InProcessTokenStore
from integrations.connectors.transport import Limits
from integrations.sandbox.faults import Fault
from tests.connectors.conftest import QUICK, CountingLimiter

CUSTOMER = ENTITIES["customer"]


def refused(call, *arguments, **options) -> RemoteError:
    with pytest.raises(RemoteError) as caught:
        call(*arguments, **options)
    return caught.value


def test_a_wrong_client_secret_is_a_matter_of_configuration_and_needs_a_new_link(connect):
    error = refused(connect(client_secret="cs1.wrong").list_page, CUSTOMER, 1, 10)
    assert (error.who, error.reason, error.relink) == (Who.FIX_CONFIGURATION, "invalid_client", True)
    assert "client id or the client secret" in error.message
    assert "cs1.wrong" not in error.message + error.details


def test_a_wrong_app_key_is_found_after_one_renewal_and_needs_a_new_link(connect, sandbox):
    error = refused(connect(app_key="ak1.wrong").list_page, CUSTOMER, 1, 10)
    assert (error.who, error.reason, error.relink) == (Who.FIX_CONFIGURATION, "unauthorized", True)
    assert sandbox.control.stats()["token_calls"] == 2
    assert sandbox.control.stats()["calls"] == 2


@responses.activate
def test_a_token_endpoint_that_is_down_costs_one_round_of_attempts_for_all_calls(connect, sandbox):
    responses.post(f"{sandbox.url}/connect/token", status=503)
    connector = connect()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda page: refused(connector.list_page, CUSTOMER, page, 10), range(1, 9)))
    assert {(error.who, error.reason) for error in found} == {(Who.RETRY_LATER, "token_endpoint_down")}
    assert len(responses.calls) <= 3 * QUICK.attempts


def test_calls_that_wait_for_a_token_take_their_turns_only_after_it(connect, sandbox, limiter):
    turns_at_fetch = []

    class Noting(InProcessTokenStore):
        def current(self, fetch, *, stale=None):
            turns_at_fetch.append(limiter.turns)
            return super().current(fetch, stale=stale)

    connect(token_store=Noting()).list_page(CUSTOMER, 1, 10)
    assert turns_at_fetch == [0]
    assert limiter.turns == 1


def test_a_token_refused_once_is_renewed_and_the_call_replayed(connect, sandbox):
    connector = connect()
    connector.list_page(CUSTOMER, 1, 10)
    sandbox.access.expire_tokens()
    assert connector.list_page(CUSTOMER, 1, 10).rows
    assert sandbox.control.stats()["token_calls"] == 2
    assert sandbox.control.stats()["statuses"]["401"] == 1


def test_a_missing_scope_is_named_with_how_to_grant_it(connect, sandbox):
    client = next(iter(sandbox.access.clients.values()))
    before = client.scopes
    client.scopes = tuple(scope for scope in before if scope != "tn.crm.customers:r")
    try:
        error = refused(connect().list_page, CUSTOMER, 1, 10)
    finally:
        client.scopes = before
    assert (error.who, error.reason, error.relink) == (Who.FIX_CONFIGURATION, "missing_scope", False)
    assert "tn.crm.customers:r" in error.message
    assert "Upgrade to New Version" in error.message


def test_an_app_shut_out_of_everything_needs_a_new_link(connect, sandbox):
    connector = connect()
    connector.list_page(CUSTOMER, 1, 1)
    sandbox.control.faults_on.set((Fault("disabled_app"),))
    error = refused(connector.list_page, CUSTOMER, 1, 10)
    assert (error.who, error.reason, error.relink) == (Who.FIX_CONFIGURATION, "shut_out", True)
    assert "API Application Access" in error.message


def test_a_check_of_an_app_shut_out_of_everything_needs_a_new_link(connect, sandbox):
    sandbox.control.faults_on.set((Fault("disabled_app"),))
    error = refused(connect().check)
    assert (error.reason, error.relink) == ("shut_out", True)


def test_one_forbidden_path_is_no_reason_to_link_anew(connect, sandbox):
    sandbox.control.faults_on.set((Fault("forbidden", path="/customers"),))
    error = refused(connect().list_page, CUSTOMER, 1, 10)
    assert (error.reason, error.relink) == ("missing_scope", False)


@pytest.mark.parametrize(
    "fault",
    ["server_error", "html_502", "service_unavailable", "truncated_json", "cut_body", "empty_body", "reset"],
)
def test_a_read_that_fails_twice_for_a_passing_reason_succeeds_in_the_end(connect, sandbox, fault):
    sandbox.control.faults_on.set((Fault(fault, count=2),))
    page = connect().list_page(CUSTOMER, 1, 10)
    assert len(page.rows) == 10
    assert sandbox.control.stats()["calls"] == 3


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("server_error", "server_error"),
        ("html_502", "server_error"),
        ("service_unavailable", "server_error"),
        ("truncated_json", "unreadable_reply"),
        ("cut_body", "connection_lost"),
        ("empty_body", "unreadable_reply"),
        ("reset", "connection_lost"),
    ],
)
def test_a_read_that_keeps_failing_is_left_for_later(connect, sandbox, fault, reason):
    sandbox.control.faults_on.set((Fault(fault),))
    error = refused(connect().list_page, CUSTOMER, 1, 10)
    assert (error.who, error.reason, error.unknown) == (Who.RETRY_LATER, reason, False)
    assert sandbox.control.stats()["calls"] == 4


def test_429_with_a_wait_in_its_title_holds_everybody_for_that_long(connect, sandbox, limiter):
    sandbox.control.faults_on.set((Fault("rate_limited", count=1),))
    assert connect().list_page(CUSTOMER, 1, 10).rows
    assert len(limiter.holds) == 1
    assert limiter.holds[0] >= 1.0


def test_429_with_retry_after_holds_everybody_for_that_long(connect, sandbox, limiter):
    sandbox.control.faults_on.set((Fault("rate_limited_with_retry_after", count=1, argument=2),))
    assert connect().list_page(CUSTOMER, 1, 10).rows
    assert limiter.holds == [2.0]


def test_a_very_long_wait_goes_back_to_the_queue(connect, sandbox, limiter):
    sandbox.control.faults_on.set((Fault("rate_limited_with_retry_after", argument=21600),))
    error = refused(connect().list_page, CUSTOMER, 1, 10)
    assert (error.who, error.retry_after) == (Who.RETRY_LATER, 21600.0)
    assert limiter.holds == []
    assert sandbox.control.stats()["calls"] == 1


def test_a_slow_reply_is_given_up_in_time(connect, sandbox):
    connector = connect(limits=Limits(read=0.1))
    connector.list_page(CUSTOMER, 1, 1)
    sandbox.control.faults_on.set((Fault("slow", argument=0.4),))
    error = refused(connector.list_page, CUSTOMER, 1, 10)
    assert (error.who, error.reason, error.unknown) == (Who.RETRY_LATER, "timeout", False)


def test_a_reply_without_end_is_given_up_at_a_bound(connect):
    error = refused(connect(limits=Limits(max_bytes=500)).list_page, CUSTOMER, 1, 50)
    assert (error.who, error.reason) == (Who.OUR_BUG, "reply_too_large")


def test_an_unreachable_system_is_left_for_later():
    connector = CONNECTORS["servicetitan"].build(
        {"tenant_id": "1", "client_id": "c", "client_secret": "s", "app_key": "a"},
        environment="custom",
        api_url="http://127.0.0.1:9",
        allowed_hosts=["127.0.0.1:9"],
        token_store=InProcessTokenStore(),
        limiter=CountingLimiter(),
        policy=QUICK,
    )
    error = refused(connector.list_page, CUSTOMER, 1, 10)
    assert (error.who, error.reason, error.unknown) == (Who.RETRY_LATER, "unreachable", False)


def test_no_error_text_holds_a_secret(connect, sandbox):
    secrets = ("cs1.sandbox", "ak1.sandbox", "Bearer", "eyJ")
    for fault in ("server_error", "html_502", "truncated_json", "reset", "disabled_app", "not_found"):
        sandbox.control.faults_on.set((Fault(fault),))
        error = refused(connect().list_page, CUSTOMER, 1, 10)
        shown = f"{error} {error.details} {error.__cause__} {error!r}"
        assert not [secret for secret in secrets if secret in shown]
