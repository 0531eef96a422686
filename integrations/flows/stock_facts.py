"""What is known of stock that moves: an adjustment with its items, and the movements of accounting. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from integrations.tables.base import Key, Rows
from reconciliation.models.stock import signed


@dataclass(frozen=True, slots=True)
class Moved:
    """A movement as accounting has it, or is being told of it. `is_ours` is whether it was posted for an adjustment."""

    record_id: int
    stock_code: str
    store: str
    quantity: Decimal
    moved_on: str = ""
    journal: str = ""
    reference: str = ""
    is_ours: bool = True

    @property
    def words(self) -> str:
        """`-2 CAP-45-5 in MAIN (journal 2026/11/5/1)`"""
        where = f" (journal {self.journal})" if self.journal else ""
        return f"{signed(self.quantity)} {self.stock_code} in {self.store}{where}"


@dataclass(frozen=True, slots=True)
class Line:
    """One item of an adjustment.

    `posted` is the movement that it is in accounting, or is on its way to be (`on_its_way`); `made` one that waits to be
    sent. `known` are movements of accounting's own that it can be the entering of: the one that the adjustment names,
    or those of the same day.
    """

    key: str
    item: Key
    name: str
    quantity: Decimal
    counts: bool = True
    posted: Moved | None = None
    on_its_way: bool = False
    made: int | None = None
    known: tuple[Moved, ...] = ()


@dataclass(frozen=True, slots=True)
class Adjusted:
    """An adjustment as it is now.

    `gone` are movements posted for lines that it no longer has. `misnamed` are movements that it names and that none of
    its lines is. `is_read` is whether accounting's movements were read since the adjustment is known. `settled` is what
    a person has put right in accounting by hand.
    """

    record_id: int
    external_id: str
    number: str
    active: bool
    day: str
    memo: str
    place: Key | None
    lines: tuple[Line, ...]
    gone: tuple[Moved, ...] = ()
    misnamed: tuple[Moved, ...] = ()
    tables: Mapping[str, Rows] = field(default_factory=dict)
    is_read: bool = True
    settled: Mapping[str, Any] | None = None
    again_at: datetime | None = None

    @property
    def posted(self) -> tuple[Moved, ...]:
        """All that accounting has of it."""
        return (*(line.posted for line in self.lines if line.posted is not None), *self.gone)


def facts_of(adjusted: Adjusted) -> dict[str, Any]:
    """What of an adjustment must not differ from what was posted, as JSON holds it."""
    lines = {line.key: f"{line.quantity.normalize():f}" for line in adjusted.lines if line.counts}
    return {"active": adjusted.active, "lines": lines}
