"""What a mapping table declares, and how its keys are written. Pure, but for the keys that there are."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from portal.models import Tenant

Rows = Mapping[str, str]
"""A table's targets by key; its default under the empty key."""
DEFAULT = ""


@dataclass(frozen=True, slots=True)
class Key:
    """Something that a table maps: how it is known, and how people call it."""

    key: str
    label: str


@dataclass(frozen=True, slots=True)
class Missing:
    """A key that is in no row of its table, though a record needs it."""

    table: str
    key: str
    label: str


@dataclass(frozen=True, slots=True)
class MappingTable:
    """One table: `what` is mapped (one and many), to which `target`.

    `keys` are all that there is to map, with what people call it. `listed` is the entity of accounting whose ids a
    target must be among, where these are synced. `default` says what a default row would mean; without it the table
    takes none. `named` makes a key of what people call it, where any may be mapped before it was met: items.
    """

    name: str
    title: str
    what: str
    many: str
    target: str
    keys: Callable[[Tenant], Iterable[Key]]
    longest: int
    listed: str = ""
    default: str = ""
    named: Callable[[str], Key] | None = None

    def lacks(self, key: Key) -> str:
        """In words, that a key has no row."""
        return f"{self.what} “{key.label}” has no {self.target}"


def item_key(sku: str) -> str:
    """The form in which two spellings of one item's code are the same."""
    return " ".join(sku.split()).casefold()[:200]


def record_key(external_id: str, pk: int) -> str:
    """How a record is known in a table: by its id at its source, else by its number here."""
    return external_id or f"#{pk}"


def item(name: str) -> Key:
    """An item by its code, in whatever spelling."""
    return Key(item_key(name), " ".join(name.split()))
