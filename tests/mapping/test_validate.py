"""An edited mapping: what is wrong with it is said by line, by name, with what was probably meant."""

from dataclasses import replace

import pytest

from integrations.connectors.entity import FieldMap
from integrations.connectors.registry import CONNECTORS
from integrations.connectors.servicetitan.entities import ENTITIES
from integrations.mapping import Sides, all_problems
from reconciliation.entities import ENTITIES as RECORDS


def problems(lines, fields, paths=()):
    """Of a mapping that is only pulled."""
    return all_problems([replace(line, direction="pull") for line in lines], Sides(fields, paths=paths))


FIELDS = {"name": "text", "balance": "decimal", "tag_ids": "json", "latitude": "number"}


@pytest.mark.parametrize(
    ("line", "column", "words"),
    [
        (FieldMap("name", "nmae"), "field", "no field 'nmae'. Did you mean 'name'?"),
        (FieldMap("name", "zzz"), "field", "Known: balance, latitude, name, tag_ids."),
        (FieldMap("name", "name", "uper"), "transform", "no transform 'uper'. Did you mean 'upper'?"),
        (FieldMap("address..street", "name"), "remote", "is not a path"),
        (FieldMap("", "name"), "remote", "is not a path"),
        (FieldMap("a; drop", "name"), "remote", "is not a path"),
        (FieldMap("balance", "balance", "text"), "transform", "balance holds a decimal"),
        (FieldMap("type, value", "balance", "decimal"), "remote", "takes 1 remote field(s), not 2"),
        (
            FieldMap("addres.street", "name"),
            "remote",
            "no field 'addres.street'. Did you mean 'address.street'?",
        ),
    ],
)
def test_a_wrong_line_is_refused_by_name(line, column, words):
    paths = ["name", "balance", "type", "value", "address.street"]
    found = problems([FieldMap("name", "latitude", "number"), line], FIELDS, paths)
    assert [(problem.line, problem.column) for problem in found] == [(1, column)]
    assert words in found[0].message


def test_two_lines_for_one_field_are_refused():
    found = problems([FieldMap("a", "name"), FieldMap("b", "name")], FIELDS)
    assert [(problem.line, problem.column) for problem in found] == [(1, "field")]
    assert "already filled by line 1" in found[0].message


@pytest.mark.parametrize("name", ENTITIES)
def test_every_default_mapping_fills_fields_that_its_record_has(name):
    record = RECORDS[name]
    read = [line for line in ENTITIES[name].mapping if line.direction != "push"]
    assert problems(read, record.fields) == []


@pytest.mark.parametrize("name", [name for name, entity in ENTITIES.items() if entity.children])
def test_every_default_mapping_of_nested_rows_fills_fields_that_they_have(name):
    children, kept = ENTITIES[name].children, RECORDS[name].children
    assert children.name == kept.name
    assert problems(children.mapping, kept.fields) == []
    assert {key: ref.entity for key, ref in children.references.items()} == dict(kept.references)


@pytest.mark.parametrize("name", ENTITIES)
def test_every_reference_of_a_declaration_is_one_that_its_record_has(name):
    declared = {key: reference.entity for key, reference in ENTITIES[name].references.items()}
    assert declared.items() <= RECORDS[name].references.items()


@pytest.mark.parametrize("name", ENTITIES)
def test_a_reference_that_the_database_demands_is_required_by_the_declaration(name):
    record = RECORDS[name]
    for key in record.references:
        if not record.model._meta.get_field(key).null:
            assert ENTITIES[name].references[key].required, key


ACCOUNTING = {
    "vendor",
    "ap_invoice",
    "ap_correction",
    "gl_account",
    "stock_code",
    "warehouse",
    "stock_movement",
    "stock_level",
    "purchase_order",
    "purchase_order_line",
}


def test_every_record_of_the_portal_is_read_from_some_system():
    read = {name for system in CONNECTORS.values() for name in system.entities}
    assert read == set(RECORDS) - {"custom_record"} - (set() if "syspro" in CONNECTORS else ACCOUNTING)
