"""ServiceTitan describes nothing itself: what is declared and what rows show stands for it."""

from integrations.connectors.servicetitan.describing import described
from integrations.connectors.servicetitan.entities import ENTITIES

ROW = {
    "id": 7, "name": "Ana", "address": {"street": "1 Elm St"}, "balance": 12.5, "createdOn": "2026-03-01T12:00:00Z",
    "customFields": [], "leadSource": None,
}  # fmt: skip


def fields(entity="customer", rows=(ROW,)):
    return {field.path: field for field in described(ENTITIES[entity], rows)}


def test_what_is_mapped_is_there_without_any_row():
    found = fields(rows=())
    assert found["address.street"].label == "Address: street"
    assert found["balance"].type == "decimal"


def test_what_rows_show_beyond_it_is_added_with_a_type_read_off_its_value():
    found = fields()
    assert found["createdOn"].type == "timestamp"
    assert found["customFields"].type == "json"
    assert "leadSource" not in found, "null tells no type"


def test_what_may_be_written_and_what_a_create_needs_is_told():
    found = fields()
    assert (found["name"].writable, found["name"].required) == (True, True)
    assert not found["balance"].writable
    assert found["id"].key


def test_a_reference_names_its_entity():
    assert fields("location", [{"customerId": 7}])["customerId"].refers_to == ("customer",)


def test_the_client_describes_from_its_own_rows(connect):
    connector = connect()
    found = {field.path: field for field in connector.describe(connector.entities["customer"])}
    assert found["modifiedOn"].type == "timestamp"
