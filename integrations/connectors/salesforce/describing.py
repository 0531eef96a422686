"""An object's describe, read: which paths may be asked, and its fields in the words of every connector. Pure."""

from collections.abc import Mapping
from typing import Any

from integrations.connectors.base import RemoteField

_TYPES: Mapping[str, str] = {
    **dict.fromkeys(
        ("string", "textarea", "url", "id", "combobox", "encryptedstring", "time", "anyType"), "text"
    ),
    **dict.fromkeys(("currency", "percent"), "decimal"),
    "picklist": "choice",
    "multipicklist": "choices",
    "reference": "reference",
    "boolean": "boolean",
    "double": "number",
    "int": "integer",
    "date": "date",
    "datetime": "timestamp",
    "email": "email",
    "phone": "phone",
    "address": "address",
    "location": "json",
}
_TRANSFORMS: Mapping[str, str] = {
    "decimal": "decimal", "boolean": "boolean", "number": "number", "integer": "integer",
    "timestamp": "timestamp", "json": "json", "address": "json",
}  # fmt: skip
Facts = dict[str, Any]


def facts_of(describe: Mapping[str, Any]) -> Facts:
    """What is kept of a describe: a tenth of its size, and all that is needed here."""
    return {
        "name": describe["name"],
        "label": describe.get("label") or describe["name"],
        "createable": bool(describe.get("createable")),
        "updateable": bool(describe.get("updateable")),
        "fields": [_fact(item) for item in describe["fields"] if item["type"] != "base64"],
    }


def _fact(item: Mapping[str, Any]) -> Facts:
    required = not item["nillable"] and item["createable"] and not item["defaultedOnCreate"]
    values = item.get("picklistValues") or ()
    return {
        "name": item["name"],
        "label": item.get("label") or item["name"],
        "type": item["type"],
        "length": item.get("length") or None,
        "required": required and item["type"] != "boolean",
        "create": item["createable"],
        "update": item["updateable"],
        "custom": bool(item.get("custom")),
        "key": bool(item.get("externalId")),
        "unique": bool(item.get("unique")),
        "closed": bool(item.get("restrictedPicklist")),
        "parent": item.get("relationshipName"),
        "to": list(item.get("referenceTo") or ()),
        "values": [
            [one["value"], one.get("label") or one["value"]] for one in values if one.get("active", True)
        ],
    }


def known_paths(facts: Facts) -> dict[str, str]:
    """What a query may name: fields, and the parents that lookups lead to (marked `parent`)."""
    found = {item["name"]: item["type"] for item in facts["fields"]}
    parents = {
        item["parent"]: "parent" for item in facts["fields"] if item["parent"] and len(item["to"]) == 1
    }
    return {**parents, **found}


def remote_fields(facts: Facts) -> list[RemoteField]:
    return [_remote_field(item) for item in facts["fields"]]


def _remote_field(item: Facts) -> RemoteField:
    return RemoteField(
        path=item["name"],
        label=item["label"],
        type=_TYPES.get(item["type"], "json"),
        length=item["length"],
        required=item["required"],
        writable=item["create"] or item["update"],
        choices=tuple((value, label) for value, label in item["values"]),
        closed=item["closed"],
        refers_to=tuple(item["to"]),
        custom=item["custom"],
        key=item["key"],
    )


def field_of(facts: Facts, name: str) -> Facts | None:
    return next((item for item in facts["fields"] if item["name"].lower() == name.lower()), None)


def problems_with_key(facts: Facts, name: str) -> str:
    """What keeps the field from being our external id, with what to do; empty where it will do."""
    place = f"Setup > Object Manager > {facts['label']} > Fields & Relationships"
    item = field_of(facts, name)
    if item is None:
        return (
            f"{facts['name']} has no field {name}, or hides it. In {place} > New: type Text, length 80, tick External ID "
            "and Unique (case-insensitive); then give the integration user read and edit access to it in a permission "
            "set, and test again."
        )
    wrong = []
    if not item["key"]:
        wrong.append("tick External ID")
    if not item["unique"]:
        wrong.append("tick Unique")
    if item["type"] not in {"string", "text"}:
        wrong.append("make it of type Text")
    elif (item["length"] or 0) < 40:
        wrong.append("make it 80 characters long")
    if not (item["create"] and item["update"]):
        wrong.append("give the integration user edit access to it")
    return (
        f"{facts['name']}.{name} will not do as it is. In {place} > {name}: {', '.join(wrong)}; then test again."
        if wrong
        else ""
    )
