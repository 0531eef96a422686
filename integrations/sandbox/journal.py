"""What happened to the sandbox's rows, in order: the truth that a test compares with what was intended.

Each entry is one effect on one row (`new`, `changed`, `removed`) or one read of rows by id (`read`), with the row's
members before and after, and whether the API or the office (a control verb) did it.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

MOST = 200_000
API, OFFICE = "api", "office"


@dataclass(frozen=True, slots=True)
class Entry:
    """`before` and `after` hold the members that differ; for a new row, all of them, before being empty."""

    number: int
    kind: str
    by: str
    table: str
    row_id: int | str
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)


class Journal:
    """The newest `MOST` entries. Its callers hold the store's lock.

    `stamps` are the members that move with every write and say nothing about what was meant.
    """

    def __init__(self, stamps: frozenset[str]) -> None:
        self.stamps = stamps
        self.entries: deque[Entry] = deque(maxlen=MOST)
        self.on = False
        self.count = 0
        self._by = OFFICE

    @contextmanager
    def of_api(self) -> Iterator[None]:
        """What is done in this block, a caller of the API does."""
        self._by = API
        try:
            yield
        finally:
            self._by = OFFICE

    def wrote(
        self, table: str, row_id: int | str, before: Mapping[str, Any], after: Mapping[str, Any]
    ) -> None:
        if not self.on:
            return
        names = [
            name
            for name in after
            if name not in self.stamps and (name not in before or before[name] != after[name])
        ]
        kind = "changed" if before else "new"
        was = {name: before.get(name) for name in names} if before else {}
        self._add(kind, table, row_id, was, {name: after[name] for name in names})

    def removed(self, table: str, row_id: int | str, before: Mapping[str, Any]) -> None:
        if self.on:
            self._add("removed", table, row_id, before, {})

    def read(self, table: str, row_ids: Iterable[int | str]) -> None:
        """Rows that were asked for by id."""
        if self.on:
            for row_id in row_ids:
                self._add("read", table, row_id, {}, {})

    def _add(
        self, kind: str, table: str, row_id: int | str, before: Mapping[str, Any], after: Mapping[str, Any]
    ) -> None:
        self.count += 1
        self.entries.append(Entry(self.count, kind, self._by, table, row_id, before, after))

    def forget(self, count: int) -> None:
        """Drop the newest `count` entries: what they tell was rolled back."""
        self.count -= count
        for _ in range(min(count, len(self.entries))):
            self.entries.pop()

    def report(self) -> list[dict[str, Any]]:
        return [asdict(entry) for entry in self.entries]
