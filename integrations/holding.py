"""Pages that are held back until there is enough to write: a transaction costs as much as fifty rows.

Where a source gives fifty rows a call and many calls a second, one page at a time would keep the processor busy
with transactions. What is held when a worker dies is read again: the cursor was not saved either.
"""

from dataclasses import dataclass, field

from integrations.reading import Cursor
from reconciliation.intake import Failure, Incoming

ROWS, SECONDS = 500, 0.25
Mapped = tuple[list[Incoming], list[Failure]]


@dataclass
class Held:
    """Pages that are written together."""

    incoming: list[Incoming] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    cursor: Cursor | None = None
    expected: int | None = None
    pages: int = 0

    def add(self, rows: Mapped, cursor: Cursor, expected: int | None) -> None:
        """A further page, and the cursor that stands for having it and those before."""
        self.incoming += rows[0]
        self.failures += rows[1]
        self.cursor, self.expected = cursor, expected if self.expected is None else self.expected
        self.pages += 1

    def is_enough(self, seconds: float) -> bool:
        """Whether to write what came in the `seconds` since the last time."""
        return len(self.incoming) + len(self.failures) >= ROWS or seconds >= SECONDS

    def empty(self) -> None:
        self.incoming, self.failures, self.cursor, self.expected, self.pages = [], [], None, None, 0
