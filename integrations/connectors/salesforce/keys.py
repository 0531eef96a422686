"""The external-id field, made through the Tooling API where an object that is written lacks it.

A new field is hidden from everybody but whose permission sets show it: access to it is the admin's to give, and the
test of the connection says so until it is given.
"""

from collections.abc import Callable, Iterable
from typing import Protocol

from integrations.connectors.entity import Entity
from integrations.connectors.errors import RemoteError
from integrations.connectors.http import Answer
from integrations.connectors.salesforce import describing
from integrations.connectors.transport import Call

LENGTH = 80
_UNREADABLE = frozenset({"not_found", "invalid_type", "forbidden"})


class Maker(Protocol):
    """What making a field needs of the client."""

    def call(self, build: Callable[[str], Call]) -> Answer: ...

    def facts(self, name: str, *, anew: bool = False) -> describing.Facts: ...


def make(
    maker: Maker, entities: Iterable[Entity], key_of: Callable[[Entity], str]
) -> "list[tuple[str, RemoteError | None]]":
    """Each field that was missing, with what kept it from being made. An object that cannot be seen is left out."""
    found: list[tuple[str, RemoteError | None]] = []
    for name, key in dict.fromkeys((entity.feed or "", key_of(entity)) for entity in entities):
        try:
            is_there = not key or describing.field_of(maker.facts(name, anew=True), key) is not None
        except RemoteError as error:
            if error.reason not in _UNREADABLE:
                raise
            continue
        if not is_there:
            found.append((f"{name}.{key}", _made(maker, name, key)))
    return found


def _made(maker: Maker, name: str, key: str) -> RemoteError | None:
    metadata = {
        "type": "Text",
        "label": key.removesuffix("__c").replace("_", " "),
        "description": "Trunkline's own id of the record. Do not change it by hand.",
        "length": LENGTH,
        "externalId": True,
        "unique": True,
        "caseSensitive": False,
    }
    body = {"FullName": f"{name}.{key}", "Metadata": metadata}
    try:
        maker.call(lambda base: Call("POST", f"{base}tooling/sobjects/CustomField", json=body))
    except RemoteError as error:
        return error
    return None
