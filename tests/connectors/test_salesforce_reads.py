"""Reading Salesforce: what changed, in order and once, with what the org has of the fields."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
import responses

from integrations.connectors.entity import FieldMap
from integrations.connectors.errors import RemoteError, Who
from integrations.connectors.registry import CONNECTORS
from integrations.connectors.salesforce.changes import Position, after, soql_time
from integrations.connectors.salesforce.entities import CUSTOMER, OWNER, TASK
from integrations.connectors.tokens import InProcessTokenStore
from integrations.mapping import compile_entity
from tests.connectors.conftest import QUICK, CountingLimiter
from tests.salesforce_org import Org, an_id, stamp


@pytest.fixture
def org():
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield Org(mock)


@pytest.fixture
def connector(org):
    made = CONNECTORS["salesforce"].build(
        {
            "way": "log_in",
            "client_id": "key",
            "client_secret": "secret",
            "external_id_field": "ServiceTitan_Id__c",
        },
        environment="production",
        token_store=InProcessTokenStore(grant="grant-1"),
        limiter=CountingLimiter(),
        policy=QUICK,
    )
    yield made
    made.close()


def everything(connector, entity, position=None):
    """All pages from a position on: the rows' names, and where the next reading begins."""
    names = []
    while True:
        page = connector.feed_page(entity, position)
        names += [row["Name"] for row in page.rows]
        position = page.continue_from
        if not page.has_more:
            return names, position


def test_a_row_written_late_under_an_earlier_time_is_not_missed(connector, org):
    org.account(1, "first", minutes=0)
    org.account(2, "second", minutes=10)
    names, position = everything(connector, CUSTOMER)
    assert names == ["first", "second"]
    org.account(3, "late", minutes=7)
    assert everything(connector, CUSTOMER, position)[0] == ["late"]


def test_what_was_seen_does_not_come_again_until_it_changes(connector, org):
    row = org.account(1, "first", minutes=0)
    _, position = everything(connector, CUSTOMER)
    names, position = everything(connector, CUSTOMER, position)
    assert names == []
    row["SystemModstamp"] = stamp(1)
    assert everything(connector, CUSTOMER, position)[0] == ["first"]


def test_a_row_that_changes_again_in_the_second_in_which_it_was_read_is_read_again(connector, org):
    """Times are whole seconds: the second change has the first one's."""
    row = org.account(1, "first")
    row["SystemModstamp"] = soql_time(datetime.now(UTC).replace(microsecond=0))
    _, position = everything(connector, CUSTOMER)
    row["Name"] = "second"
    assert everything(connector, CUSTOMER, position)[0] == ["second"]


def test_rows_of_one_second_are_paged_without_gap_or_repetition(connector, org):
    org.page = 3
    for number in range(1, 9):
        org.account(number, f"a{number}", minutes=0)
    assert everything(connector, CUSTOMER)[0] == [f"a{number}" for number in range(1, 9)]
    assert len(org.calls("queryAll")) == 3


def test_a_row_that_changes_during_the_reading_is_read_again_and_none_is_skipped(connector, org):
    org.page = 2
    rows = [org.account(number, f"a{number}", minutes=number) for number in range(1, 6)]
    page = connector.feed_page(CUSTOMER, None)
    rows[0]["SystemModstamp"] = stamp(30)
    rest, _ = everything(connector, CUSTOMER, page.continue_from)
    assert [row["Name"] for row in page.rows] + rest == ["a1", "a2", "a3", "a4", "a5", "a1"]


def test_deleted_rows_come_with_the_changes_and_not_with_the_first_reading(connector, org):
    org.account(1, "gone before", IsDeleted=True)
    kept = org.account(2, "kept", minutes=1)
    names, position = everything(connector, CUSTOMER)
    assert names == ["kept"]
    kept.update(IsDeleted=True, SystemModstamp=stamp(20))
    page = connector.feed_page(CUSTOMER, position)
    mapped = [compile_entity(CUSTOMER)(row) for row in page.rows]
    assert [(row.fields["name"], row.active) for row in mapped if row.external_id == kept["Id"]] == [
        ("kept", False)
    ]


def test_the_first_look_at_changes_goes_back_to_when_the_reading_of_everything_began():
    position = Position(began="2026-11-01T12:00:00.000Z", seen=(("001", "2026-11-01T13:00:00.000Z"),))
    assert after(position, [], more=False).since == "2026-11-01T11:55:00.000Z"


def test_fields_that_the_org_hides_are_not_asked_for(connector, org):
    org.fields["Account"].remove("BillingCountry")
    org.account(1, "first")
    assert everything(connector, CUSTOMER)[0] == ["first"]


def test_a_field_that_a_person_has_mapped_is_asked_for(connector, org):
    org.fields["Account"].append("Gate_Code__c")
    org.account(1, "first", Gate_Code__c="4711")
    entity = replace(CUSTOMER, mapping=(*CUSTOMER.mapping, FieldMap("Gate_Code__c", "gate")))
    assert connector.feed_page(entity, None).rows[0]["Gate_Code__c"] == "4711"


def test_only_standard_users_are_owners(connector, org):
    org.add("User", an_id("005", 1), Name="Olive", IsActive=True, UserType="Standard")
    org.add("User", an_id("005", 2), Name="Robot", IsActive=True, UserType="AutomatedProcess")
    assert everything(connector, OWNER)[0] == ["Olive"]


def test_a_task_names_a_person_or_a_deal_by_the_kind_of_its_id(connector, org):
    row = org.add(
        "Task", an_id("00T", 1), WhoId=an_id("003", 5), WhatId=an_id("500", 6), AccountId=an_id("001", 7)
    )
    references = compile_entity(TASK)({**row, "OwnerId": an_id("00G", 1)}).references
    assert references == {"person": an_id("003", 5), "case": an_id("500", 6), "customer": an_id("001", 7)}


def test_single_rows_are_read_again_and_deleted_ones_are_gone(connector, org):
    row = org.account(1, "O'Hara")
    assert connector.read(CUSTOMER, row["Id"])["Name"] == "O'Hara"
    row["IsDeleted"] = True
    assert connector.read(CUSTOMER, row["Id"]) is None
    assert connector.fetch(CUSTOMER, ["' OR Id != '"]) == []


def test_the_days_calls_are_known_from_the_last_reply(connector, org):
    assert connector.usage is None
    connector.feed_page(CUSTOMER, None)
    assert (connector.usage.used, connector.usage.allowed) == (18, 15000)


def test_a_refused_token_is_renewed_once_and_the_new_instance_is_used(connector, org):
    connector.feed_page(CUSTOMER, None)
    org.tokens.append("somebody else's")
    org.instance = "https://acme2.my.salesforce.com"
    connector.feed_page(CUSTOMER, None)
    assert len(org.calls("oauth2/token")) == 2
    assert org.hosts[-2:] == ["login.salesforce.com", "acme2.my.salesforce.com"]


def test_a_dead_grant_is_said_to_need_a_new_log_in(connector, org):
    org.grant_error = {"error": "invalid_grant", "error_description": "expired access/refresh token"}
    with pytest.raises(RemoteError) as caught:
        connector.feed_page(CUSTOMER, None)
    assert caught.value.relink
    assert caught.value.who is Who.FIX_CONFIGURATION
    assert "Connect with Salesforce" in caught.value.message
    assert len(org.calls("oauth2/token")) == 1


def test_an_instance_that_is_none_of_salesforces_is_never_called(connector, org):
    org.instance = "https://evil.example"
    with pytest.raises(RemoteError, match="none of Salesforce's own"):
        connector.feed_page(CUSTOMER, None)


def test_a_time_for_a_query_is_utc_with_a_z():
    assert soql_time(datetime(2026, 3, 1, 12, tzinfo=UTC)) == "2026-03-01T12:00:00.000Z"
