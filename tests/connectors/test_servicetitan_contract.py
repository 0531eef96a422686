"""The connector and its declarations against ServiceTitan's published OpenAPI files.

The live API ignores what it does not know: a misspelt filter gives everything, a misspelt field nothing. So
every call that the connector can send and every remote field that is mapped must stand in the files.
"""

from datetime import UTC, datetime

import pytest

from integrations.connectors.http import Answer, HttpClient
from integrations.connectors.servicetitan.entities import ENTITIES
from integrations.mapping.paths import parse
from tests.contract import Operation, load, needs_specs

pytestmark = needs_specs

PLACES = [
    pytest.param(entity, place, id=place)
    for entity in ENTITIES.values()
    for place in (entity.path, entity.feed)
    if place
]
LISTED = [pytest.param(entity, id=entity.name) for entity in ENTITIES.values() if entity.path]
NESTED = [pytest.param(entity, id=entity.name) for entity in ENTITIES.values() if entity.children]
# What only some places show: read where it is there, and what its absence means is the right default.
SOMETIMES_ABSENT = {"active"}


@pytest.fixture(scope="module")
def contract():
    return load()


@pytest.fixture
def sent(connect, monkeypatch):
    """Every call that a connector sends from now on; each is answered with an empty page."""
    calls = []

    def note(self, call, headers, classify=None):
        calls.append(call)
        return Answer({"data": [], "hasMore": False, "continueFrom": "x"}, 2)

    connector = connect()
    monkeypatch.setattr(HttpClient, "send", note)
    return connector, calls


def operation(contract, place: str) -> Operation:
    return contract.find("GET", place.replace("{tenant}", "900001"))


def members(op: Operation, schema: dict) -> dict:
    """The members of a schema, behind references and beside null."""
    while "$ref" in schema:
        schema = op.components["schemas"][schema["$ref"].rpartition("/")[2]]
    found = dict(schema.get("properties", {}))
    for part in (*schema.get("allOf", ()), *schema.get("oneOf", ()), *schema.get("anyOf", ())):
        found.update(members(op, part))
    return found


def row(op: Operation) -> dict:
    page = op.details["responses"]["200"]["content"]["application/json"]["schema"]
    return members(op, members(op, page)["data"]["items"])


def unpublished(op: Operation, known: dict, remotes) -> set[str]:
    missing = set()
    for remote in remotes:
        for path in parse(remote):
            inner = known
            for segment in path:
                if segment not in inner:
                    missing.add(remote)
                    break
                inner = members(op, inner[segment])
    return missing


def remotes_of(declaration) -> list[str]:
    """What is read of its rows, but what the connector itself has added."""
    read = [line.remote for line in declaration.mapping if line.direction != "push"]
    return read + [reference.remote for reference in declaration.references.values()]


def known_row(op: Operation, entity) -> dict:
    """The members of the entity's row, within another's too, with those that it gets from there."""
    known = row(op)
    if entity.inside is None:
        return known
    carried = {name: known[member] for name, member in entity.inside.carries.items()}
    return members(op, known[entity.inside.member]["items"]) | carried


def test_every_call_that_the_connector_sends_is_published(contract, sent):
    connector, calls = sent
    since = datetime(2026, 3, 1, tzinfo=UTC)
    for entity in ENTITIES.values():
        if entity.path:
            connector.list_page(entity, 1, 500)
            connector.list_page(entity, 2, 500, modified_since=since, with_total=True)
        if entity.feed:
            connector.feed_page(entity, None)
            connector.feed_page(entity, "token", recent=True)
        if entity.ids:
            connector.fetch(entity, ["1", "2"])
        connector._probe(entity)
    wrong = []
    for call in calls:
        path = call.place.removeprefix("GET ")
        wrong += [
            f"{path}: {what}" for what in contract.find("GET", path).problems_with_query(dict(call.params))
        ]
    assert len(calls) > 4 * len(ENTITIES)
    assert wrong == []


@pytest.mark.parametrize("entity", LISTED)
def test_a_list_is_asked_for_all_that_it_can_be_asked_for(contract, entity):
    known = operation(contract, entity.path).parameters
    assert entity.modified_filter == ("modifiedOnOrAfter" in known)
    assert (entity.ids is not None) == ("ids" in known)


@pytest.mark.parametrize(("entity", "place"), PLACES)
def test_what_hides_inactive_rows_is_asked_for_them(contract, entity, place):
    params = entity.params if place == entity.path else entity.feed_params
    for name in {"active", "activeState"} & set(operation(contract, place).parameters):
        assert params[name] in {"Any", "All"}


@pytest.mark.parametrize(("entity", "place"), PLACES)
def test_every_remote_field_that_is_mapped_is_published(contract, entity, place):
    op = operation(contract, place)
    own = [*entity.id.split(", "), entity.created, entity.modified, entity.active, entity.merged_to]
    remotes = [*remotes_of(entity), *filter(None, own)]
    assert unpublished(op, known_row(op, entity), remotes) <= SOMETIMES_ABSENT


@pytest.mark.parametrize("entity", NESTED)
def test_every_remote_field_of_nested_rows_that_is_mapped_is_published(contract, entity):
    op = operation(contract, entity.path)
    known = members(op, row(op)[entity.children.remote]["items"])
    assert unpublished(op, known, [*remotes_of(entity.children), entity.children.id]) == set()


@pytest.mark.parametrize(("entity", "place"), PLACES)
def test_the_declared_scope_is_the_one_that_the_place_asks_for(contract, entity, place):
    assert operation(contract, place).scopes == [entity.scope]
