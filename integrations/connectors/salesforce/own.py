"""An object of the org's own, declared from its describe alone: all that an entity of `entities.py` says.

Rows of such an object are the portal's custom records, or the copies of one of its other entities: then the object
only takes what the portal holds, and rows that the portal did not make stay out of it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from integrations.connectors.base import RemoteField
from integrations.connectors.entity import Entity, FieldMap, Reference
from integrations.connectors.salesforce.entities import custom_object

GENERIC = "custom_record"
_TARGETS = {
    "Account": "customer", "Contact": "person", "Opportunity": "opportunity", "Case": "case", "User": "owner",
}  # fmt: skip
_FIRSTS: tuple[tuple[str, str, Callable[[RemoteField], bool]], ...] = (
    ("name", "text", lambda field: field.path == "Name"),
    ("status", "text", lambda field: field.type == "choice"),
    ("amount", "decimal", lambda field: field.type == "decimal"),
    ("day", "date", lambda field: field.type == "date"),
)
"""What a custom record has a field of its own for: the object's first of its kind."""
_SYSTEM = frozenset({
    "Id", "IsDeleted", "CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById", "SystemModstamp",
    "LastViewedDate", "LastReferencedDate", "LastActivityDate", "OwnerId",
})  # fmt: skip
_COPIES: Mapping[str, tuple[FieldMap, ...]] = {
    "invoice": (
        FieldMap("Name", "number"),
        FieldMap("Invoice_Number__c", "number"),
        FieldMap("Invoice_Date__c", "invoiced_at", "date"),
        FieldMap("Due_Date__c", "due_at", "date"),
        FieldMap("Subtotal__c", "subtotal", "decimal"),
        FieldMap("Tax__c", "tax", "decimal"),
        FieldMap("Total__c", "total", "decimal"),
        FieldMap("Balance__c", "balance", "decimal"),
    ),
}
_NEEDED, _OPTIONAL = ("customer",), ("opportunity",)
"""References of a copy: what it waits for, and what it names where it is known."""
COPIED = frozenset(_COPIES)
"""The portal's entities that an object may take copies of."""


def declare(entity: str, name: str, fields: Sequence[RemoteField]) -> Entity:
    """The object `name` as the portal's `entity`."""
    by_path = {field.path: field for field in fields}
    references = dict(_references(fields))
    filled = {key: ref.remote for key, ref in references.items() if by_path[ref.remote].writable}
    kept: dict[str, Any] = {
        "members": frozenset(
            f.path for f in fields if f.writable and not f.key and f.path not in filled.values()
        ),
        "needed": tuple(field.path for field in fields if field.required and field.type != "reference"),
    }
    if entity in _COPIES:
        needed = {key: filled.pop(key) for key in _NEEDED if key in filled}
        optional = {key: path for key, path in filled.items() if key in _OPTIONAL}
        lines = tuple(_pushed(_COPIES[entity], by_path))
        return custom_object(entity, name, lines, optional=optional, copies=needed, **kept)
    constants = {"object": name}
    lines = tuple(_generic(fields))
    return custom_object(
        entity, name, lines, optional=filled, references=references, constants=constants, **kept
    )


def _references(fields: Iterable[RemoteField]) -> Iterable[tuple[str, Reference]]:
    """The first look-up to each kind of record; the object's own before the owner that every object has."""
    seen: set[str] = set()
    for field in sorted(fields, key=lambda field: not field.custom):
        target = _TARGETS.get(field.refers_to[0]) if field.refers_to else None
        if target is None or target in seen or (target == "owner" and field.path != "OwnerId"):
            continue
        seen.add(target)
        yield target, Reference(field.path, target, prefix="005" if target == "owner" else "")


def _pushed(lines: Iterable[FieldMap], known: Mapping[str, RemoteField]) -> Iterable[FieldMap]:
    for line in lines:
        if line.remote in known and known[line.remote].writable:
            yield FieldMap(line.remote, line.field, line.transform, direction="push")


def _generic(fields: Sequence[RemoteField]) -> Iterable[FieldMap]:
    """Its name, the first status, amount and day that it has, and by name all the rest that can be written."""
    own = [field for field in fields if field.path not in _SYSTEM and not field.key and not field.refers_to]
    taken: set[str] = set()
    for name, transform, fits in _FIRSTS:
        found = next((field for field in own if fits(field) and field.path not in taken), None)
        if found is not None:
            taken.add(found.path)
            yield FieldMap(found.path, name, transform)
    rest = [field.path for field in own if field.path not in taken and field.writable]
    if rest:
        yield FieldMap(", ".join(rest), "details", "members")
