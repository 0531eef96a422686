"""What a compiled mapping gives for one row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(slots=True)
class MappedChild:
    """A nested row: its own id, values by field, external ids by reference field."""

    external_id: str
    fields: dict[str, Any]
    references: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Mapped:
    """One row in the record's terms.

    `fields` leaves out what the row does not mention and holds None where it says null. `references` holds
    external ids by reference field, without those that are null or 0. Times are aware, in UTC.
    """

    external_id: str
    fields: dict[str, Any]
    references: dict[str, str]
    modified_at: datetime | None = None
    created_at: datetime | None = None
    active: bool = True
    merged_to: str | None = None
    children: Sequence[MappedChild] = ()
