"""The values of one row as somebody sent them, made into those that are stored: checked, with their parents found."""

from collections.abc import Mapping
from typing import Any

from integrations.sandbox.salesforce.checking import Checker, checker_of
from integrations.sandbox.salesforce.errors import Refused, RowRefused
from integrations.sandbox.salesforce.org import Org
from integrations.sandbox.salesforce.schema import Field, SObject
from integrations.sandbox.salesforce.store import Row

Plan = tuple[dict[str, tuple[Field, Checker]], tuple[Field, ...], dict[str, Any], tuple[str, ...]]
_PLANS: dict[int, tuple[int, SObject, Plan]] = {}


def plan_of(sobject: SObject) -> Plan:
    """(checkers by exact name, required fields, defaults, unique fields) of an object, made once."""
    version, owner, plan = _PLANS.get(id(sobject), (-1, None, None))
    if owner is sobject and version == sobject.version and plan:
        return plan
    fields = sobject.fields.values()
    plan = (
        {field.name: (field, checker_of(field)) for field in fields},
        tuple(field for field in fields if field.required),
        sobject.defaults,
        tuple(field.name for field in fields if field.unique),
    )
    _PLANS[id(sobject)] = (sobject.version, sobject, plan)
    return plan


def clean(org: Org, sobject: SObject, values: Mapping[str, Any], *, creating: bool) -> Row:
    """The values to store, by exact field name. Raises RowRefused, or Refused for what has no such field."""
    checkers = plan_of(sobject)[0]
    clean: Row = {}
    refused: list[str] = []
    for name, value in values.items():
        known = checkers.get(name)
        if known is None:
            if name == "attributes":
                continue
            known = _other_name(sobject, name, value, checkers)
        field, check = known
        if isinstance(value, dict):
            clean[field.name] = _parent(org, field, value)
            continue
        if not (field.createable if creating else field.updateable):
            refused.append(field.name)
            continue
        kept = check(value)
        if field.refers and kept is not None:
            _refers_well(org, field, kept)
        clean[field.name] = kept
    if refused:
        sentence = (
            f"Unable to create/update fields: {', '.join(refused)}. Please check the security settings of this "
            "field and verify that it is read/write for your profile or permission set."
        )
        raise RowRefused("INVALID_FIELD_FOR_INSERT_UPDATE", sentence, refused)
    return clean


def _other_name(
    sobject: SObject, name: str, value: Any, checkers: dict[str, tuple[Field, Checker]]
) -> tuple[Field, Checker]:
    field = sobject.parent_field(name) if isinstance(value, dict) else sobject.find(name)
    if field is None:
        raise Refused("INVALID_FIELD", f"No such column '{name}' on sobject of type {sobject.name}")
    return checkers[field.name]


def _parent(org: Org, field: Field, named: Mapping[str, Any]) -> str:
    """The id of the parent that is named by one of its external ids."""
    kind = named.get("attributes", {}).get("type") or field.refers[0]
    parent = org.schema.find(kind)
    keys = [(name, value) for name, value in named.items() if name != "attributes"]
    key = parent.find(keys[0][0]) if parent and len(keys) == 1 else None
    if parent is None or key is None or not key.is_key:
        raise RowRefused("INVALID_FIELD", f"The relationship {field.relationship} needs one external id.")
    found = org.store[parent.name].by_key(key.name, keys[0][1])
    if len(found) != 1:
        sentence = (
            f"Foreign key external ID: {keys[0][1]} not found for field {key.name} in entity {parent.name}"
        )
        raise RowRefused("INVALID_FIELD", sentence)
    return found[0]


def _refers_well(org: Org, field: Field, row_id: str) -> None:
    owner = org.schema.by_prefix.get(row_id[:3])
    if owner is None or owner.name not in field.refers:
        sentence = f"{field.label}: id value of incorrect type: {row_id}"
        raise RowRefused("MALFORMED_ID", sentence, [field.name])
    row = org.store[owner.name].rows.get(row_id)
    if row is None:
        raise RowRefused("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
    if row["IsDeleted"]:
        raise RowRefused("ENTITY_IS_DELETED", "entity is deleted")
    if field.name == "OwnerId" and row.get("IsActive") is False:
        sentence = f"operation performed with inactive user [{row_id}] as owner of record"
        raise RowRefused("INACTIVE_OWNER_OR_USER", sentence, ["OwnerId"])
