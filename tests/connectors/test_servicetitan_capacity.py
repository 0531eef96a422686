"""ServiceTitan's capacity: which windows are read, what is sent, and what a missing scope is called."""

from datetime import UTC, datetime, timedelta

import pytest

from integrations.connectors.base import TellsWindows
from integrations.connectors.errors import RemoteError, Who
from integrations.connectors.http import Answer, HttpClient
from integrations.connectors.servicetitan.capacity import PATH, SCOPE
from tests.contract import load, needs_specs


@pytest.fixture
def ids(sandbox):
    return {
        "business_unit": str(sandbox.control.rows("business-units")[0]["id"]),
        "job_type": str(sandbox.control.rows("job-types")[0]["id"]),
    }


def ahead(days: int) -> datetime:
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=days)


def test_a_missing_scope_is_named_with_the_way_to_grant_it(connect, sandbox, ids):
    sandbox.control.faults("forbidden:1,path=/capacity")
    with pytest.raises(RemoteError) as caught:
        connect().windows(ahead(1), ahead(2), **ids)
    assert (caught.value.who, caught.value.reason) == (Who.FIX_CONFIGURATION, "missing_scope")
    assert SCOPE in caught.value.message


def test_a_lost_reply_is_asked_for_again(connect, sandbox, ids):
    sandbox.control.faults("lost_reply:1,count=1,path=/capacity")
    assert connect().windows(ahead(1), ahead(8), **ids)


def test_windows_are_aware_times_in_order_and_none_is_farther_than_two_weeks(connect, ids):
    connector = connect()
    assert isinstance(connector, TellsWindows)
    windows = connector.windows(ahead(1), ahead(30), **ids)
    assert windows == sorted(windows, key=lambda window: window.start)
    assert all(window.start.tzinfo and window.end > window.start for window in windows)
    assert windows[-1].start < ahead(16)


def test_a_reply_of_another_shape_is_our_bug_and_no_crash(connect, ids, monkeypatch):
    monkeypatch.setattr(HttpClient, "send", lambda *args, **kwargs: Answer({"availabilities": [{}]}, 2))
    with pytest.raises(RemoteError) as caught:
        connect().windows(ahead(1), ahead(2), **ids)
    assert caught.value.reason == "unexpected_reply"


@needs_specs
def test_the_call_is_the_published_one(connect, ids, monkeypatch):
    calls = []

    def note(self, call, headers, classify=None):
        calls.append(call)
        return Answer({"availabilities": []}, 2)

    connector = connect()
    monkeypatch.setattr(HttpClient, "send", note)
    connector.windows(ahead(1), ahead(2), **ids)
    [call] = calls
    operation = load().find("POST", PATH.replace("{tenant}", "900001"))
    assert operation.scopes == [SCOPE]
    assert operation.problems_with_query(dict(call.params)) == []
    assert operation.problems_with_body(call.json) == []
