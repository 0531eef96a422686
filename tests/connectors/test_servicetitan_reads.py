"""What the connector reads: every entity by its list and its feed, changes only, single rows."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from integrations.connectors.errors import RemoteError
from integrations.connectors.servicetitan.entities import ENTITIES
from integrations.connectors.tokens import InProcessTokenStore
from integrations.mapping import compile_entity
from integrations.sandbox.faults import Fault

LISTED = [name for name, entity in ENTITIES.items() if entity.path]
FED = [name for name, entity in ENTITIES.items() if entity.feed]


def all_rows(connector, entity, page_size=500):
    rows, page = [], 0
    while True:
        page += 1
        found = connector.list_page(entity, page, page_size)
        rows += found.rows
        if not found.has_more:
            return rows


def all_fed(connector, entity):
    rows, position = [], None
    while True:
        page = connector.feed_page(entity, position, recent=True)
        rows += page.rows
        position = page.continue_from
        if not page.has_more:
            return rows


def test_asking_for_the_list_of_an_entity_without_one_is_refused(connect):
    with pytest.raises(ValueError, match="no list"):
        connect().list_page(ENTITIES["note"], 1, 10)


def test_a_feed_that_says_more_but_not_from_where_is_our_bug(connect, monkeypatch):
    from integrations.connectors.http import Answer, HttpClient

    connector = connect()
    reply = {"data": [], "hasMore": True, "continueFrom": "same"}
    monkeypatch.setattr(HttpClient, "send", lambda *_: Answer(reply, 2))
    with pytest.raises(RemoteError, match="not from where"):
        connector.feed_page(ENTITIES["customer"], "same")


@pytest.mark.parametrize(
    "reply", [[], {"data": {}}, {"data": [1]}, {"data": []}, {"data": [], "hasMore": None}]
)
def test_a_reply_of_another_shape_is_our_bug_and_not_an_empty_page(connect, monkeypatch, reply):
    from integrations.connectors.http import Answer, HttpClient

    connector = connect()
    monkeypatch.setattr(HttpClient, "send", lambda *_: Answer(reply, 2))
    with pytest.raises(RemoteError) as caught:
        connector.list_page(ENTITIES["customer"], 1, 10)
    assert caught.value.reason == "unexpected_reply"


@pytest.mark.parametrize("name", LISTED)
def test_the_list_of_every_entity_can_be_read_and_mapped(connect, name):
    entity = ENTITIES[name]
    rows = all_rows(connect(), entity)
    assert rows
    mapped = [compile_entity(entity)(row) for row in rows]
    assert len({row.external_id for row in mapped}) == len(rows)
    mentioned = set().union(*(row.fields for row in mapped))
    assert {line.field for line in entity.mapping if line.direction != "push"} <= mentioned


@pytest.mark.parametrize("name", FED)
def test_the_feed_of_every_entity_can_be_read_and_mapped(connect, name):
    entity = ENTITIES[name]
    rows = all_fed(connect(), entity)
    assert rows
    mapped = [compile_entity(entity)(row) for row in rows]
    assert all((row.modified_at is None) == (entity.modified is None) for row in mapped)


def test_pages_together_give_every_row_once(connect):
    rows = all_rows(connect(), ENTITIES["customer"], page_size=7)
    ids = [row["id"] for row in rows]
    assert len(ids) == len(set(ids)) > 35


def test_a_total_comes_only_when_asked_for(connect):
    connector = connect()
    assert connector.list_page(ENTITIES["customer"], 1, 5).total is None
    assert connector.list_page(ENTITIES["customer"], 1, 5, with_total=True).total > 35


def test_inactive_rows_are_read_as_well(connect, sandbox):
    rows = all_rows(connect(), ENTITIES["customer"])
    assert {row["active"] for row in rows} == {True, False}


def test_changes_only_are_read_from_a_time_on(connect):
    connector = connect()
    rows = all_rows(connector, ENTITIES["customer"])
    moments = sorted(compile_entity(ENTITIES["customer"])(row).modified_at for row in rows)
    middle = moments[len(moments) // 2]
    page = connector.list_page(ENTITIES["customer"], 1, 500, modified_since=middle)
    assert len(page.rows) == sum(moment >= middle for moment in moments)
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    assert connector.list_page(ENTITIES["customer"], 1, 500, modified_since=tomorrow).rows == []


@pytest.mark.parametrize("name", [name for name in LISTED if ENTITIES[name].ids])
def test_single_rows_are_read_again_and_those_gone_are_left_out(connect, name):
    connector = connect()
    known = [str(row["id"]) for row in connector.list_page(ENTITIES[name], 1, 120).rows]
    rows = connector.fetch(ENTITIES[name], [*known, "99999999999"])
    assert {str(row["id"]) for row in rows} == set(known)


def test_a_check_lists_what_is_granted_and_what_is_missing(connect, sandbox):
    client = next(iter(sandbox.access.clients.values()))
    before = client.scopes
    client.scopes = tuple(scope for scope in before if scope != "tn.jpm.jobs:r")
    try:
        found = connect().check()
    finally:
        client.scopes = before
    assert [scope.scope for scope in found.missing] == ["tn.jpm.jobs:r"]
    assert found.missing[0].entities == ("job",)
    assert "Upgrade to New Version" in found.missing[0].how
    assert {name for scope in found.scopes for name in scope.entities} == set(ENTITIES)


def test_a_check_costs_one_small_read_a_module(connect, sandbox):
    assert connect().check().missing == ()
    assert sandbox.control.stats()["calls"] == 13


def test_a_check_tries_every_scope_of_a_module_that_refuses_one(connect, sandbox):
    sandbox.control.faults_on.set((Fault("forbidden", path="/crm/v2/tenant/900001/customers"),))
    assert [scope.scope for scope in connect().check().missing] == ["tn.crm.customers:r"]


def test_a_check_tries_every_scope_where_the_token_names_none(sandbox, connect):
    class Nameless(InProcessTokenStore):
        def current(self, fetch, *, stale=None):
            return replace(super().current(fetch, stale=stale), scopes=())

    found = connect(token_store=Nameless()).check()
    assert found.missing == ()
    assert sandbox.control.stats()["calls"] == len(found.scopes)


def test_a_token_is_fetched_once_for_many_calls(connect, sandbox):
    connector = connect()
    for page in range(1, 5):
        connector.list_page(ENTITIES["customer"], page, 5)
    assert sandbox.control.stats()["token_calls"] == 1
