"""The last row of an export, where it is asked for: the sums of its amounts."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from reconciliation.exports.narrowing import CannotNarrow
from reconciliation.exports.plans import Plan

MARK = "TOTAL"
"""Stands in the first cell of the totals row, where other rows have their id."""


class Totals:
    """Adds up rows on their way, exactly, and makes the last row of them.

    A sum of amounts that nobody knows is not known either: it stays empty. Raises CannotNarrow for an export
    without amounts.
    """

    def __init__(self, plan: Plan) -> None:
        if not plan.sums:
            raise CannotNarrow(
                f"A {plan.name.replace('_', ' ')} has no amounts to add up: leave the totals out."
            )
        names = [column.name for column in plan.columns]
        self.width = len(names)
        self.sums: dict[int, Decimal | None] = {names.index(name): None for name in plan.sums}
        self.currency = names.index("currency")
        self.in_currency: str | None = None

    def through(self, chunks: Iterator[list[tuple[Any, ...]]]) -> Iterator[list[tuple[Any, ...]]]:
        """The chunks as they come, and behind them the totals row."""
        for chunk in chunks:
            self._add(chunk)
            yield chunk
        yield [self._row()]

    def _add(self, chunk: Sequence[tuple[Any, ...]]) -> None:
        for at, known in self.sums.items():
            found = [row[at] for row in chunk if row[at] is not None]
            if found:
                self.sums[at] = sum(found, known or Decimal(0))
        if chunk:
            self.in_currency = chunk[0][self.currency]

    def _row(self) -> tuple[Any, ...]:
        row: list[Any] = [None] * self.width
        row[0] = MARK
        for at, known in self.sums.items():
            row[at] = known
        row[self.currency] = self.in_currency
        return tuple(row)
