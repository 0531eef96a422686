"""Field paths against the schema: `Account.Owner.Name` -> the field, and how to read it from a row."""

from dataclasses import dataclass
from typing import Any

from integrations.sandbox.salesforce.org import Org
from integrations.sandbox.salesforce.schema import Field, SObject
from integrations.sandbox.salesforce.soql.conditions import Get
from integrations.sandbox.salesforce.soql.tokens import refuse
from integrations.sandbox.salesforce.soql.tree import Path, Select
from integrations.sandbox.salesforce.store import Row

SEE_WSDL = "Please reference your WSDL or the describe call for the appropriate names."
PARTS = ("city", "country", "geocodeAccuracy", "latitude", "longitude", "postalCode", "state", "street")


@dataclass(frozen=True, slots=True)
class Found:
    """`relations` are the lookup fields on the way from the object of the query."""

    relations: tuple[Field, ...]
    field: Field
    get: Get


def source_of(org: Org, select: Select) -> SObject:
    """Raises Refused INVALID_TYPE."""
    sobject = org.schema.find(select.source)
    if sobject is None:
        sentence = (
            f"sObject type '{select.source}' is not supported. If you are attempting to use a custom object, be sure "
            f"to append the '__c' after the entity name. {SEE_WSDL}"
        )
        raise refuse(select.text, select.source_at, "INVALID_TYPE", sentence)
    return sobject


def resolve(org: Org, select: Select, sobject: SObject, path: Path) -> Found:
    """Raises Refused INVALID_FIELD."""
    parts = path.parts
    own = {sobject.name.lower(), select.alias.lower()} - {""}
    if len(parts) > 1 and parts[0].lower() in own and sobject.parent_field(parts[0]) is None:
        parts = parts[1:]
    relations: list[Field] = []
    here = [sobject]
    for name in parts[:-1]:
        lookup = next((found for one in here if (found := one.parent_field(name))), None)
        if lookup is None:
            sentence = (
                f"Didn't understand relationship '{name}' in field path. If you are attempting to use a custom "
                f"relationship, be sure to append the '__r' after the custom relationship name. {SEE_WSDL}"
            )
            raise refuse(select.text, path.at, "INVALID_FIELD", sentence)
        relations.append(lookup)
        here = [parent for kind in lookup.refers if (parent := org.schema.find(kind))]
    field = next((found for one in here if (found := one.find(parts[-1]))), None)
    if field is None:
        sentence = (
            f"No such column '{parts[-1]}' on entity '{here[0].name}'. If you are attempting to use a custom field, be "
            f"sure to append the '__c' after the custom field name. {SEE_WSDL}"
        )
        raise refuse(select.text, path.at, "INVALID_FIELD", sentence)
    return Found(tuple(relations), field, _getter(org, tuple(relations), field))


def parent_of(org: Org, row: Row, relation: Field) -> Row | None:
    parent_id = row.get(relation.name)
    return org.store.row(parent_id) if parent_id else None


def _getter(org: Org, relations: tuple[Field, ...], field: Field) -> Get:
    name = field.name
    if not relations:
        return lambda row: row.get(name)

    def get(row: Row) -> Any:
        for relation in relations:
            parent = parent_of(org, row, relation)
            if parent is None:
                return None
            row = parent
        return row.get(name)

    return get


def value_in(row: Row, field: Field) -> Any:
    """A field's value as a record shows it."""
    if field.type == "boolean":
        return row.get(field.name) or False
    if field.type == "address":
        return address(row, field.name.removesuffix("Address"))
    return row.get(field.name)


def address(row: Row, prefix: str) -> dict[str, Any] | None:
    found = {part: row.get(prefix + part[0].upper() + part[1:]) for part in PARTS}
    return found if any(value is not None for value in found.values()) else None
