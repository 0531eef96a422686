"""Tokens: fetched once however many ask, renewed before they end, never fetched over and over in vain."""

import time
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread

import pytest
import responses

from integrations.connectors.base import Token
from integrations.connectors.errors import RemoteError, Who
from integrations.connectors.http import HttpClient, Policy
from integrations.connectors.tokens import InProcessTokenStore, fetch_by_client_credentials

URL = "https://auth.example.test/connect/token"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def ask_at_once(store: InProcessTokenStore, fetch, count: int, **options) -> list[object]:
    barrier, found = Barrier(count), []

    def work() -> None:
        barrier.wait()
        try:
            found.append(store.current(fetch, **options))
        except RemoteError as error:
            found.append(error)

    threads = [Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


class Endpoint:
    def __init__(self, *, life: float = 900, error: RemoteError | None = None) -> None:
        self.fetched = 0
        self.life = life
        self.error = error

    def __call__(self) -> Token:
        self.fetched += 1
        time.sleep(0.05)
        if self.error:
            raise self.error
        return Token(f"token-{self.fetched}", datetime.now(UTC) + timedelta(seconds=self.life))


def test_a_failed_fetch_fails_for_all_who_waited_for_it_and_is_not_repeated_by_each():
    endpoint = Endpoint(error=RemoteError(Who.RETRY_LATER, "token_endpoint_down", "Later."))
    found = ask_at_once(InProcessTokenStore(), endpoint, 50)
    assert all(isinstance(error, RemoteError) for error in found)
    assert endpoint.fetched <= 2


def test_after_a_failed_fetch_the_next_caller_tries_again():
    endpoint = Endpoint(error=RemoteError(Who.RETRY_LATER, "token_endpoint_down", "Later."))
    store = InProcessTokenStore()
    with pytest.raises(RemoteError):
        store.current(endpoint)
    endpoint.error = None
    assert store.current(endpoint).value == "token-2"


def test_fifty_callers_at_once_cost_one_fetch():
    endpoint = Endpoint()
    found = ask_at_once(InProcessTokenStore(), endpoint, 50)
    assert {token.value for token in found} == {"token-1"}
    assert endpoint.fetched == 1


def test_fifty_callers_refused_with_the_same_token_cost_one_renewal():
    endpoint, store = Endpoint(), InProcessTokenStore()
    old = store.current(endpoint)
    found = ask_at_once(store, endpoint, 50, stale=old.value)
    assert {token.value for token in found} == {"token-2"}


def test_a_late_caller_with_a_token_refused_long_ago_gets_the_present_one():
    endpoint, store = Endpoint(), InProcessTokenStore()
    old = store.current(endpoint)
    new = store.current(endpoint, stale=old.value)
    assert store.current(endpoint, stale=old.value) == new
    assert endpoint.fetched == 2


@pytest.mark.parametrize(("passed", "fetches"), [(839, 1), (841, 2)])
def test_a_token_is_renewed_a_minute_before_it_ends(passed, fetches):
    now = [NOW]
    store = InProcessTokenStore(clock=lambda: now[0])
    fetched = []

    def fetch() -> Token:
        fetched.append(now[0])
        return Token("t", now[0] + timedelta(seconds=900))

    store.current(fetch)
    now[0] += timedelta(seconds=passed)
    store.current(fetch)
    assert len(fetched) == fetches


def test_a_token_with_a_life_of_seconds_is_not_fetched_for_every_call():
    now = [NOW]
    store = InProcessTokenStore(clock=lambda: now[0])
    fetched = []

    def fetch() -> Token:
        fetched.append(now[0])
        return Token("t", now[0] + timedelta(seconds=4))

    store.current(fetch)
    now[0] += timedelta(seconds=1)
    store.current(fetch)
    assert len(fetched) == 1


def fetch_once() -> Token:
    http = HttpClient(lambda *_: pytest.fail("the token has its own table"), policy=Policy(attempts=1))
    return fetch_by_client_credentials(http, URL, "cid.x", "cs1.secret&=+", "ServiceTitan")


@pytest.mark.parametrize(
    ("status", "body", "who", "reason"),
    [
        (400, '{"error":"invalid_client"}', Who.FIX_CONFIGURATION, "invalid_client"),
        (401, "", Who.FIX_CONFIGURATION, "invalid_client"),
        (403, "<html>no</html>", Who.FIX_CONFIGURATION, "invalid_client"),
        (400, '{"error":"unsupported_grant_type"}', Who.OUR_BUG, "unsupported_grant_type"),
        (400, "[1]", Who.OUR_BUG, "token_refused"),
        (404, "<html>", Who.FIX_CONFIGURATION, "no_token_endpoint"),
        (302, "", Who.FIX_CONFIGURATION, "redirected"),
        (429, "", Who.RETRY_LATER, "rate_limited"),
        (502, "<html>bad gateway</html>", Who.RETRY_LATER, "token_endpoint_down"),
        (200, "<html>hello</html>", Who.RETRY_LATER, "unreadable_reply"),
        (200, "", Who.RETRY_LATER, "unreadable_reply"),
        (200, '{"hello": 1}', Who.FIX_CONFIGURATION, "no_token"),
        (200, "[]", Who.FIX_CONFIGURATION, "no_token"),
        (200, '{"access_token": "", "token_type": "Bearer"}', Who.FIX_CONFIGURATION, "no_token"),
        (200, '{"access_token": {"a": 1}, "token_type": "Bearer"}', Who.FIX_CONFIGURATION, "no_token"),
        (200, '{"access_token": "x", "expires_in": "soon"}', Who.FIX_CONFIGURATION, "no_token"),
    ],
)
@responses.activate
def test_every_refusal_of_a_token_is_classed(status, body, who, reason):
    responses.post(URL, status=status, body=body, headers={"Location": "https://evil.test/"})
    with pytest.raises(RemoteError) as caught:
        fetch_once()
    assert (caught.value.who, caught.value.reason) == (who, reason)
    assert "secret" not in caught.value.details
    assert len(responses.calls) == 1


@responses.activate
def test_a_token_is_asked_for_by_form_and_its_scopes_are_read():
    reply = {"access_token": "eyJ", "expires_in": 900, "token_type": "Bearer", "scope": "tn.a.b:r tn.c.d:w"}
    responses.post(URL, json=reply)
    token = fetch_once()
    assert token.scopes == ("tn.a.b:r", "tn.c.d:w")
    assert 890 < (token.expires_at - datetime.now(UTC)).total_seconds() <= 900
    sent = responses.calls[0].request
    assert sent.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert b"client_secret=cs1.secret%26%3D%2B" in sent.body
    assert "eyJ" not in repr(token)
