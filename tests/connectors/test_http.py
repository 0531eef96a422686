"""The HTTP client: what is repeated and what is not, and what survives of odd replies."""

import socket
from threading import Thread

import pytest
import requests
import responses

from integrations.connectors.errors import RemoteError, Who
from integrations.connectors.http import HttpClient, Policy
from integrations.connectors.servicetitan.errors import classify
from integrations.connectors.transport import Call, Limits

URL = "https://api.example.test/crm/v2/tenant/1/customers"
READ = Call("GET", URL, repeatable=True)
WRITE = Call("POST", URL, json={"name": "Ada"})


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now, self.slept = 0.0, []

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def client(time: Time) -> HttpClient:
    return HttpClient(
        classify, policy=Policy(attempts=4), clock=time.clock, sleep=time.sleep, draw=lambda: 1.0
    )


def refusal(client: HttpClient, call: Call) -> RemoteError:
    with pytest.raises(RemoteError) as caught:
        client.send(call, dict)
    return caught.value


@responses.activate
def test_a_redirect_is_never_followed(client):
    responses.get(URL, status=302, headers={"Location": "https://evil.test/steal"})
    error = refusal(client, READ)
    assert (error.who, error.reason) == (Who.FIX_CONFIGURATION, "redirected")
    assert [call.request.url for call in responses.calls] == [URL]


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@responses.activate
def test_a_write_that_met_a_server_error_is_not_repeated_and_its_outcome_unknown(client, status):
    responses.post(URL, status=status, body="<html>")
    error = refusal(client, WRITE)
    assert (error.who, error.unknown, len(responses.calls)) == (Who.RETRY_LATER, True, 1)


@pytest.mark.parametrize("failure", [requests.ReadTimeout(), requests.ConnectionError("reset")])
@responses.activate
def test_a_write_whose_connection_broke_is_not_repeated_and_its_outcome_unknown(client, failure):
    responses.post(URL, body=failure)
    error = refusal(client, WRITE)
    assert (error.unknown, len(responses.calls)) == (True, 1)


@responses.activate
def test_a_write_whose_reply_cannot_be_read_is_not_repeated_and_its_outcome_unknown(client):
    responses.post(URL, body='{"id": 1')
    error = refusal(client, WRITE)
    assert (error.reason, error.unknown, len(responses.calls)) == ("unreadable_reply", True, 1)


@responses.activate
def test_a_write_that_never_reached_anybody_is_repeated(client):
    responses.post(URL, body=requests.ConnectTimeout())
    responses.post(URL, json={"id": 1})
    assert client.send(WRITE, dict).data == {"id": 1}


@responses.activate
def test_a_write_refused_for_the_rate_is_repeated(client, time):
    responses.post(URL, status=429, headers={"Retry-After": "7"})
    responses.post(URL, json={"id": 1})
    assert client.send(WRITE, dict).data == {"id": 1}
    assert time.slept == [7.0]


@pytest.mark.parametrize(
    ("status", "who", "reason"),
    [
        (400, Who.FIX_RECORD, "invalid"),
        (404, Who.FIX_RECORD, "not_found"),
        (409, Who.FIX_RECORD, "conflict"),
        (422, Who.FIX_RECORD, "invalid"),
        (418, Who.OUR_BUG, "unexpected_status"),
    ],
)
@responses.activate
def test_a_refused_write_says_who_must_act_and_surely_had_no_effect(client, status, who, reason):
    responses.post(
        URL, status=status, json={"title": "No", "errors": {"Name": ["is too long"]}, "traceId": "t-1"}
    )
    error = refusal(client, WRITE)
    assert (error.who, error.reason, error.unknown, error.trace_id) == (who, reason, False, "t-1")
    assert "Name: is too long" in error.details


@pytest.mark.parametrize(
    ("status", "who", "reason"),
    [
        (400, Who.OUR_BUG, "bad_request"),
        (401, Who.FIX_CONFIGURATION, "unauthorized"),
        (403, Who.FIX_CONFIGURATION, "forbidden"),
        (404, Who.FIX_CONFIGURATION, "not_found"),
        (410, Who.OUR_BUG, "unexpected_status"),
    ],
)
@pytest.mark.parametrize("body", ["", "<html>", "[]", '{"title": null, "errors": [], "traceId": 5}', "{"])
@responses.activate
def test_a_refused_read_is_classed_whatever_its_body_and_not_repeated(client, status, who, reason, body):
    responses.get(URL, status=status, body=body)
    error = refusal(client, READ)
    assert (error.who, error.reason, len(responses.calls)) == (who, reason, 1)


@pytest.mark.parametrize(
    "body", ["", "   ", "<html>hello</html>", '{"data": [1', "NaN", b"\xff\xfe{}", '{"a": 1} x']
)
@responses.activate
def test_a_good_status_with_an_unreadable_body_is_tried_again_and_then_left_for_later(client, body):
    responses.get(URL, body=body, content_type="text/html")
    error = refusal(client, READ)
    assert (error.who, error.reason, len(responses.calls)) == (Who.RETRY_LATER, "unreadable_reply", 4)


@responses.activate
def test_json_under_a_wrong_content_type_is_read(client):
    responses.get(URL, body='{"data": []}', content_type="text/plain")
    assert client.send(READ, dict).data == {"data": []}


@responses.activate
def test_an_empty_answer_is_good_where_the_call_allows_it(client):
    responses.patch(URL, body="")
    assert client.send(Call("PATCH", URL, json={}, empty_ok=True), dict).data is None


@responses.activate
def test_waits_grow_and_are_bounded_by_attempts(client, time):
    responses.get(URL, status=500)
    refusal(client, READ)
    assert time.slept == [0.5, 1.0, 2.0]


@responses.activate
def test_waits_are_drawn_from_nought_on_so_that_callers_do_not_march_in_step(time):
    client = HttpClient(
        classify, policy=Policy(attempts=3), clock=time.clock, sleep=time.sleep, draw=lambda: 0.0
    )
    responses.get(URL, status=500)
    refusal(client, READ)
    assert time.slept == [0.0, 0.0]


@responses.activate
def test_a_wait_beyond_the_time_budget_is_not_begun(time):
    client = HttpClient(classify, policy=Policy(budget=5.0), clock=time.clock, sleep=time.sleep)
    responses.get(URL, status=429, headers={"Retry-After": "6"})
    error = refusal(client, READ)
    assert (error.retry_after, time.slept) == (6.0, [])


@pytest.mark.parametrize(
    ("headers", "title", "wait"),
    [
        ({"Retry-After": "3"}, "Try again in 9 seconds.", 3.0),
        ({}, "Rate limit exceeded. Try again in 9 seconds.", 9.0),
        ({}, "Rate limit is exceeded, in 1 second you may go on", 1.0),
        ({"Retry-After": "soon"}, "Try again in 9 seconds.", 9.0),
        ({"Retry-After": "inf"}, "", 0.5),
        ({"Retry-After": "-4"}, "", 0.0),
        (
            {"Retry-After": "Sun, 01 Mar 2026 12:00:08 GMT", "Date": "Sun, 01 Mar 2026 12:00:00 GMT"},
            "",
            8.0,
        ),
        ({}, "", 0.5),
    ],
)
@responses.activate
def test_the_wait_after_429_is_the_header_s_else_the_title_s_else_our_own(client, time, headers, title, wait):
    responses.get(URL, status=429, json={"title": title}, headers=headers)
    responses.get(URL, json={})
    client.send(READ, dict)
    assert time.slept == [wait]


@responses.activate
def test_credentials_are_built_anew_for_every_attempt(client):
    responses.get(URL, status=500)
    responses.get(URL, json={})
    built = iter(["first", "second"])
    client.send(READ, lambda: {"Authorization": next(built)})
    assert [call.request.headers["Authorization"] for call in responses.calls] == ["first", "second"]


@responses.activate
def test_a_retry_is_logged_by_path_alone(client, caplog):
    caplog.set_level("DEBUG", logger="integrations.connectors")
    responses.get(URL, status=500, json={"title": "Oops", "traceId": "t-9"})
    responses.get(URL, json={})
    client.send(
        Call("GET", URL, params={"phone": "7165550100"}, repeatable=True), lambda: {"ST-App-Key": "ak1.x"}
    )
    assert "GET /crm/v2/tenant/1/customers: 500 Oops" in caplog.text
    assert "7165550100" not in caplog.text
    assert "ak1.x" not in caplog.text


def test_what_is_sent_does_not_show_in_a_traceback_s_variables():
    call = Call("POST", URL, json={"note": "private"}, form="client_secret=cs1.x")
    assert "cs1.x" not in repr(call)
    assert "private" not in repr(call)


@responses.activate
def test_a_netrc_never_replaces_our_authorization(client, tmp_path, monkeypatch):
    (tmp_path / ".netrc").write_text("machine api.example.test login eve password x\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    responses.get(URL, json={})
    client.send(READ, lambda: {"Authorization": "Bearer ours"})
    assert responses.calls[0].request.headers["Authorization"] == "Bearer ours"


def test_credentials_with_a_line_break_are_a_matter_of_configuration(client):
    with pytest.raises(RemoteError) as caught:
        client.send(READ, lambda: {"ST-App-Key": "ak1.x\r\nEvil: yes"})
    assert caught.value.who is Who.FIX_CONFIGURATION
    assert "ak1" not in caught.value.message + caught.value.details


def test_a_reply_that_drips_is_given_up_when_its_time_is_over():
    """Each byte comes in time, so that no read times out; only the whole never ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]

    def drip() -> None:
        peer, _ = listener.accept()
        peer.recv(4096)
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        try:
            while True:
                peer.sendall(b" ")
                stop.wait(0.05)
        except OSError:
            peer.close()

    from threading import Event

    stop = Event()
    Thread(target=drip, daemon=True).start()
    client = HttpClient(classify, policy=Policy(attempts=1, budget=1.0), limits=Limits(read=0.5))
    error = refusal(client, Call("GET", f"http://127.0.0.1:{port}/", repeatable=True))
    client.close()
    listener.close()
    assert error.reason == "timeout"
    assert "still coming" in error.details
