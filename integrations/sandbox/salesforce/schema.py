"""What the org is made of: objects and their fields, the standard ones and those that somebody adds.

Route: a declaration's lines (standard.py, or a control verb) -> `Field` -> `SObject` -> `Schema`, which is asked by
the describes, by every write and by every query.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

TEXTS = frozenset(
    {"string", "textarea", "email", "phone", "url", "combobox", "picklist", "multipicklist", "id"}
)
NUMBERS = frozenset({"currency", "double", "percent", "int"})
LENGTHS: Mapping[str, int] = {
    "phone": 40,
    "email": 80,
    "url": 255,
    "picklist": 255,
    "reference": 18,
    "id": 18,
}


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `length` counts characters; `precision` and `scale` digits; `refers` names the parents."""

    name: str
    type: str
    label: str
    length: int = 0
    precision: int = 0
    scale: int = 0
    required: bool = False
    createable: bool = True
    updateable: bool = True
    default: Any = None
    values: tuple[str, ...] = ()
    restricted: bool = False
    refers: tuple[str, ...] = ()
    relationship: str | None = None
    children: str | None = None
    compound: str | None = None
    custom: bool = False
    external_id: bool = False
    id_lookup: bool = False
    unique: bool = False
    auto_number: bool = False
    system: bool = False

    @property
    def is_key(self) -> bool:
        """Whether an upsert may name it."""
        return self.external_id or self.id_lookup


@dataclass(slots=True)
class SObject:
    name: str
    prefix: str
    label: str
    plural: str
    fields: dict[str, Field] = field(default_factory=dict)
    custom: bool = False
    deletable: bool = True
    by_lower: dict[str, Field] = field(default_factory=dict)
    by_relationship: dict[str, Field] = field(default_factory=dict)
    version: int = 0

    def add(self, added: Field) -> None:
        self.fields[added.name] = added
        self.by_lower[added.name.lower()] = added
        if added.relationship:
            self.by_relationship[added.relationship.lower()] = added
        self.version += 1

    def remove(self, name: str) -> None:
        """Raises KeyError."""
        gone = self.fields.pop(name)
        del self.by_lower[name.lower()]
        if gone.relationship:
            self.by_relationship.pop(gone.relationship.lower(), None)
        self.version += 1

    def find(self, name: str) -> Field | None:
        """A field by its API name, in any case."""
        return self.fields.get(name) or self.by_lower.get(name.lower())

    def parent_field(self, relationship: str) -> Field | None:
        return self.by_relationship.get(relationship.lower())

    @property
    def defaults(self) -> dict[str, Any]:
        """Values that a new row gets where its writer gives none."""
        return {name: field.default for name, field in self.fields.items() if field.default is not None}


class Schema:
    """The objects by name (in any case) and by key prefix."""

    def __init__(self, objects: Iterable[SObject]) -> None:
        self.objects: dict[str, SObject] = {}
        self._by_lower: dict[str, SObject] = {}
        self.by_prefix: dict[str, SObject] = {}
        self.version = 0
        for sobject in objects:
            self.add(sobject)

    def add(self, sobject: SObject) -> None:
        self.objects[sobject.name] = sobject
        self._by_lower[sobject.name.lower()] = sobject
        self.by_prefix[sobject.prefix] = sobject
        self.version += 1

    def find(self, name: str) -> SObject | None:
        return self.objects.get(name) or self._by_lower.get(name.lower())

    def children(self, parent: str) -> list[tuple[str, SObject, Field]]:
        """Every (relationship name, child object, its field) that points at an object."""
        return [
            (field.children, child, field)
            for child in self.objects.values()
            for field in child.fields.values()
            if field.children and parent in field.refers
        ]

    def pointing_at(self, parent: str) -> list[tuple[SObject, Field]]:
        return [
            (child, field)
            for child in self.objects.values()
            for field in child.fields.values()
            if parent in field.refers
        ]


def label_of(name: str) -> str:
    """`BillingStreet` -> Billing Street, `AccountId` -> Account ID, `Total_Due__c` -> Total Due."""
    plain = name.removesuffix("__c").removesuffix("__pc").replace("_", " ")
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", plain)
    return re.sub(r"\bId$", "ID", spaced)
