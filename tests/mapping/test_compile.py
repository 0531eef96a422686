"""A compiled mapping: quick for ordinary rows, exact for the others, and never fatal to a page."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.connectors.entity import Children, Entity, FieldMap, Reference
from integrations.connectors.servicetitan.entities import ENTITIES
from integrations.mapping import MappingError, compile_entity, mapping_salt, remapped, row_fingerprint
from integrations.mapping.groups import fills, line_of
from integrations.mapping.paths import known_paths

ROW = {
    "id": 5101,
    "active": True,
    "name": "Ada Park",
    "type": "Residential",
    "address": {"street": "12 Elm St", "unit": None, "city": "Reno", "state": "NV", "zip": "89501",
                "country": "USA", "latitude": 39.52, "longitude": -119},
    "balance": 10.1,
    "creditLimit": None,
    "taxExempt": False,
    "tagTypeIds": [7, 8],
    "createdOn": "2026-01-05T17:02:11.4821193Z",
    "modifiedOn": "2026-02-01T08:00:00.12Z",
    "mergedToId": None,
}  # fmt: skip
map_customer = compile_entity(ENTITIES["customer"])


def refusal(row: dict, entity: str = "customer") -> MappingError:
    with pytest.raises(MappingError) as caught:
        compile_entity(ENTITIES[entity])(row)
    return caught.value


def test_a_bad_amount_is_refused_by_names_and_value():
    error = refusal({**ROW, "balance": "twelve"})
    assert (error.field, error.remote, error.transform, error.preview) == (
        "balance",
        "balance",
        "decimal",
        "'twelve'",
    )
    assert "is not an amount" in error.message


def test_a_long_bad_value_is_shown_cut_short():
    assert len(refusal({**ROW, "balance": "9" * 50 + "x" * 5000}).preview) < 100


@pytest.mark.parametrize("value", [None, "", True, 1.5, [], {}])
def test_a_row_without_a_usable_id_is_refused(value):
    assert refusal({**ROW, "id": value}).field == "external id"


@pytest.mark.parametrize("member", ["modifiedOn", "createdOn"])
def test_a_bad_time_of_the_row_itself_is_refused(member):
    assert refusal({**ROW, member: "yesterday"}).remote == member


@pytest.mark.parametrize("reference", [None, 0, ""])
def test_a_row_without_a_reference_it_cannot_do_without_is_refused(reference):
    row = {"id": 1, "customerId": reference, "locationId": 2}
    assert refusal(row, "job").message.startswith("customerId is empty, which names no customer")


@pytest.mark.parametrize("reference", [{"id": 5}, [5], 1.5, True])
def test_a_reference_that_is_no_id_is_refused(reference):
    assert refusal({"id": 1, "customerId": reference, "locationId": 2}, "job").field == "customer"


def test_nested_rows_that_are_no_list_are_refused():
    row = {"id": 1, "customer": {"id": 2}, "items": {"id": 3}}
    assert refusal(row, "invoice").field == "lines"


def test_an_object_where_a_value_is_expected_is_refused_and_not_written():
    assert refusal({**ROW, "address": {**ROW["address"], "street": {"a": 1}}}).field == "street"


def test_an_address_that_is_no_object_leaves_its_fields_out():
    assert "street" not in map_customer({**ROW, "address": "12 Elm St, Reno"}).fields


def test_a_customer_is_mapped():
    found = map_customer(ROW)
    assert found.external_id == "5101"
    assert found.fields["street"] == "12 Elm St"
    assert found.fields["longitude"] == -119.0
    assert type(found.fields["longitude"]) is float
    assert found.fields["balance"] == Decimal("10.1")
    assert found.fields["tag_ids"] == ["7", "8"]
    assert found.modified_at == datetime(2026, 2, 1, 8, 0, 0, 120000, UTC)
    assert (found.active, found.merged_to, found.references, found.children) == (True, None, {}, ())


def test_a_member_that_is_not_there_leaves_its_field_out_and_a_null_is_none():
    found = map_customer(ROW).fields
    assert "do_not_mail" not in found
    assert (found["unit"], found["credit_limit"]) == (None, None)


def test_a_null_container_makes_its_fields_none():
    found = map_customer({**ROW, "address": None}).fields
    assert (found["street"], found["latitude"]) == (None, None)


def test_a_merged_customer_says_into_whom():
    found = map_customer({**ROW, "active": False, "mergedToId": 77})
    assert (found.active, found.merged_to) == (False, "77")


def test_a_row_without_an_active_flag_is_active():
    row = {name: value for name, value in ROW.items() if name != "active"}
    assert map_customer(row).active is True


def test_an_invoice_brings_its_lines_and_its_references():
    row = {
        "id": 900, "referenceNumber": "1676", "customer": {"id": 5, "name": "x"}, "job": None,
        "total": "120.50", "adjustmentToId": 83,
        "items": [{"id": 1, "order": 2, "skuName": "S", "quantity": "1.00", "total": "120.5", "taxable": True}],
    }  # fmt: skip
    found = compile_entity(ENTITIES["invoice"])(row)
    assert found.references == {"customer": "5"}
    assert (found.fields["number"], found.fields["total"]) == ("1676", Decimal("120.50"))
    assert found.fields["adjustment_of"] == "83"
    line = found.children[0]
    assert (line.external_id, line.fields["position"], line.fields["total"]) == ("1", 2, Decimal("120.5"))


def test_a_payment_s_split_refers_to_its_invoice():
    row = {"id": 1, "typeId": "3", "appliedTo": [{"appliedId": 4, "appliedTo": 900, "appliedAmount": "5.00"}]}
    found = compile_entity(ENTITIES["payment"])(row)
    assert found.references == {"payment_type": "3"}
    assert found.children[0].references == {"invoice": "900"}


def test_null_nested_rows_are_none_at_all():
    row = {"id": 1, "customer": {"id": 2}, "items": None}
    assert list(compile_entity(ENTITIES["invoice"])(row).children) == []


def test_a_changed_mapping_is_used_for_rows_and_for_nested_rows():
    entity = remapped(
        ENTITIES["invoice"], [FieldMap("summary", "number", "upper")], [FieldMap("sku.code", "sku")]
    )
    row = {"id": 1, "customer": {"id": 2}, "summary": "abc", "items": [{"id": 3, "sku": {"code": "c"}}]}
    found = compile_entity(entity)(row)
    assert found.fields == {"number": "ABC"}
    assert found.children[0].fields == {"sku": "c"}


def test_constants_fill_fields_of_every_row():
    entity = Entity("x", "s", mapping=(), constants={"kind": "k"})
    compiled = compile_entity(entity)
    compiled({"id": 1}).fields["kind"] = "changed"
    assert compiled({"id": 2}).fields == {"kind": "k"}


@pytest.mark.parametrize(
    "line", [FieldMap("a", "f", "no_such"), FieldMap("a..b", "f"), FieldMap("a, b", "f", "decimal")]
)
def test_a_line_that_cannot_be_used_is_refused_when_compiled(line):
    with pytest.raises(ValueError, match=r"transform|path"):
        compile_entity(Entity("x", "s", mapping=(line,)))


values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 5),
    st.floats(allow_nan=True),
    st.text(max_size=5),
    st.lists(st.integers(), max_size=2),
    st.just({"street": "x"}),
)
rows = st.dictionaries(
    st.sampled_from(["name", "type", "balance", "creditLimit", "taxExempt", "tagTypeIds", "doNotMail"]),
    values,
)
addresses = st.one_of(
    st.none(), st.text(max_size=3), st.dictionaries(st.sampled_from(["street", "unit", "latitude"]), values)
)


@given(row=rows, address=addresses)
def test_groups_of_lines_give_what_line_by_line_gives(row, address):
    row = {**row, "address": address}
    mapping = ENTITIES["customer"].mapping

    def outcome(read) -> object:
        fields: dict = {}
        try:
            read(fields)
        except MappingError:
            return "refused"
        return repr(sorted(fields.items()))

    def grouped(fields: dict) -> None:
        for fill in fills(mapping, "US"):
            fill(row, fields)

    def one_by_one(fields: dict) -> None:
        for line in mapping:
            line_of(line, "US").put(row, fields)

    assert outcome(grouped) == outcome(one_by_one)


@given(
    st.recursive(values, lambda inner: st.dictionaries(st.text(max_size=8), inner, max_size=4), max_leaves=8)
)
def test_a_row_of_any_content_is_mapped_or_refused_but_never_breaks_the_page(content):
    row = {
        "id": 1,
        "customer": content,
        "items": content,
        "total": content,
        "active": content,
        "job": content,
    }
    try:
        found = compile_entity(ENTITIES["invoice"])(row)
    except MappingError as error:
        assert error.message
    else:
        assert found.external_id == "1"


def test_the_salt_changes_with_everything_that_decides_how_a_payload_is_read():
    entity = ENTITIES["invoice"]
    lines = entity.mapping
    variants = [
        entity,
        remapped(entity, lines[1:]),
        remapped(entity, [*lines[1:], FieldMap("referenceNumber", "number", "upper")]),
        remapped(entity, lines, [FieldMap("x", "sku")]),
    ]
    salts = {mapping_salt(variant) for variant in variants} | {mapping_salt(entity, region="GB")}
    assert len(salts) == 5
    assert mapping_salt(remapped(entity, reversed(lines))) == mapping_salt(entity)


def test_a_fingerprint_fits_a_signed_64_bit_column_and_follows_payload_and_salt():
    salt, other = mapping_salt(ENTITIES["customer"]), mapping_salt(ENTITIES["location"])
    found = {row_fingerprint(b"a", salt), row_fingerprint(b"b", salt), row_fingerprint(b"a", other)}
    assert len(found) == 3
    assert all(-(2**63) <= value < 2**63 for value in found)


def test_nested_members_of_nested_rows_have_references_of_their_own():
    children = Children("lines", "lines", (FieldMap("n", "sku"),), {"invoice": Reference("of.id", "invoice")})
    entity = Entity("x", "s", mapping=(), children=children)
    found = compile_entity(entity)({"id": 1, "lines": [{"id": "a", "n": "s", "of": {"id": 9}}]})
    assert found.children[0].references == {"invoice": "9"}


def test_the_paths_of_a_row_are_offered_to_choose_from():
    assert known_paths({"id": 1, "address": {"street": "x"}, "items": [{}]}) == [
        "id",
        "address.street",
        "items",
    ]


@pytest.mark.parametrize("name", ENTITIES)
def test_lines_that_only_go_out_cost_a_pull_nothing(name):
    mapping = ENTITIES[name].mapping
    pushed = [
        FieldMap("name", "", "template", "{name}", direction="push"),
        FieldMap("x", "", "constant", "y", "push"),
    ]
    assert len(fills([*mapping, *pushed], "US")) == len(fills(mapping, "US")) <= len(mapping)


def test_plain_lines_are_read_together_whatever_stands_beside_them():
    plain = [FieldMap(name, name) for name in "abcdef"]
    assert len(fills(plain, "US")) == 1
    assert len(fills([*plain, FieldMap("", "g", "expression", "upper(a)", "pull")], "US")) == 2
