"""Reading a field's declaration: `StageName picklist 255 R label:Stage = Prospecting|Closed Won`.

After name and type come a length (or precision,scale) and flags: `R` required on create, `ro` read-only, `co` not
updateable, `key` idLookup, `auto` auto-number, `restricted`, `default:V`, `label:With_underscores`, `>Account/User` the
objects a reference names, `rel:Name` and `kids:Names` its relationship names. `address Billing` declares all parts.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from integrations.sandbox.salesforce.schema import LENGTHS, NUMBERS, Field, SObject, label_of

ADDRESS = (
    "Street textarea 255", "City string 40", "State string 80", "PostalCode string 20", "Country string 80",
    "Latitude double 18,15", "Longitude double 18,15", "GeocodeAccuracy picklist 40",
)  # fmt: skip
SYSTEM = """
IsDeleted boolean ro default:false label:Deleted
CreatedDate datetime ro
CreatedById reference ro >User rel:CreatedBy
LastModifiedDate datetime ro
LastModifiedById reference ro >User rel:LastModifiedBy
SystemModstamp datetime ro
"""
MOST_HAVE = """
OwnerId reference >User/Group rel:Owner label:Owner_ID
LastActivityDate date ro
LastViewedDate datetime ro
LastReferencedDate datetime ro
"""


def declare(
    name: str, prefix: str, lines: str, *, plural: str = "", owned: bool = True, **more: Any
) -> SObject:
    """An object with the fields of its lines and those that every object has."""
    label = more.pop("label", label_of(name))
    sobject = SObject(name, prefix, label, plural or f"{label}s", **more)
    sobject.add(
        Field("Id", "id", f"{label} ID", 18, createable=False, updateable=False, system=True, id_lookup=True)
    )
    for found in fields_of(lines):
        sobject.add(found)
    for found in fields_of(SYSTEM + (MOST_HAVE if owned else "")):
        if found.name not in sobject.fields:
            sobject.add(replace(found, system=True))
    return sobject


def fields_of(lines: str) -> Iterable[Field]:
    for line in filter(None, map(str.strip, lines.splitlines())):
        if line.startswith("address "):
            yield from _address(line.split()[1])
        else:
            yield field_from(line)


def field_from(line: str) -> Field:
    """Raises ValueError for a word that says nothing."""
    head, _, values = line.partition(" = ")
    name, kind, *words = head.split()
    found: dict[str, Any] = {"length": LENGTHS.get(kind, 0), "label": label_of(name)}
    for word in words:
        found.update(_meaning(word, kind))
    if kind == "reference":
        found.setdefault("relationship", _relationship(name))
    if kind == "boolean":
        found.setdefault("default", False)
    found["custom"] = name.endswith("__c")
    return Field(name, kind, values=tuple(filter(None, values.split("|"))), **found)


def _meaning(word: str, kind: str) -> dict[str, Any]:
    flags: dict[str, dict[str, Any]] = {
        "R": {"required": True}, "ro": {"createable": False, "updateable": False}, "co": {"updateable": False},
        "key": {"id_lookup": True}, "restricted": {"restricted": True}, "unique": {"unique": True},
        "auto": {"auto_number": True, "createable": False, "updateable": False, "required": False},
        "ext": {"external_id": True, "id_lookup": True},
    }  # fmt: skip
    if word in flags:
        return flags[word]
    if word[0].isdigit():
        first, _, second = word.partition(",")
        if kind in NUMBERS:
            return {"precision": int(first), "scale": int(second or 0)}
        return {"length": int(first)}
    if word[0] == ">":
        return {"refers": tuple(word[1:].split("/"))}
    key, _, value = word.partition(":")
    value = value.replace("_", " ") if key in {"label", "default"} else value
    names = {"label": "label", "rel": "relationship", "kids": "children", "compound": "compound"}
    if key == "default":
        return {"default": {"true": True, "false": False}.get(value, value)}
    if key not in names:
        raise ValueError(f"{word!r} says nothing about a field.")
    return {names[key]: value}


def _relationship(name: str) -> str:
    return f"{name[:-3]}__r" if name.endswith("__c") else name.removesuffix("Id")


def _address(prefix: str) -> Iterable[Field]:
    for part in ADDRESS:
        yield replace(field_from(prefix + part), compound=f"{prefix}Address")
    yield Field(f"{prefix}Address", "address", f"{prefix} Address", createable=False, updateable=False)
