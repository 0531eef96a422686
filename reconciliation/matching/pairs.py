"""A batch of pairs under comparison: what every field's comparison needs."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from reconciliation.matching.columns import Bools, Columns, Ints, Longs
from reconciliation.matching.context import Frequencies, Names
from reconciliation.matching.likeness import Likeness

Level = npt.NDArray[np.uint16]
MOST_LEVELS = 64


@dataclass(frozen=True)
class Setting:
    """The customers that are compared, and what they say together. `letters` are the words' first characters."""

    found: Columns
    common: Frequencies
    names: dict[str, Names]
    alike: Likeness
    letters: Ints


class Pairs:
    """Positions of the left and the right customers, compared field by field. Levels are those of `fields`."""

    def __init__(self, setting: Setting, left: Longs, right: Longs) -> None:
        self.found, self.common, self.names = setting.found, setting.common, setting.names
        self.alike, self.letters, self.left, self.right = setting.alike, setting.letters, left, right
        business = self.found.business
        self.people = ~business[left] & ~business[right]
        self.businesses = business[left] & business[right]

    def both(self, name: str) -> tuple[Ints, Ints]:
        """One text column of both sides."""
        column = self.found.text(name)
        return column[self.left], column[self.right]

    def pick(self, known: Bools, *holds: Bools) -> Level:
        """The number of the first condition that holds, counted from 1; one more where none does; 0 where unknown."""
        return numbered(known, list(holds))


def numbered(known: Bools, holds: Sequence[Bools]) -> Level:
    """As `Pairs.pick`. (`np.select` does the same; one customer's few pairs would wait for its checks.)"""
    chosen = np.full(len(known), len(holds) + 1, dtype=np.uint16)
    for number in range(len(holds), 0, -1):
        chosen[holds[number - 1]] = number
    chosen[~known] = 0
    return chosen


def among(level: Level, *numbers: int) -> Bools:
    """Whether each level is one of these."""
    return _table(numbers)[level]


@cache
def _table(numbers: tuple[int, ...]) -> Bools:
    table = np.zeros(MOST_LEVELS, dtype=np.bool_)
    table[list(numbers)] = True
    return table
