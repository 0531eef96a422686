"""A batch of pairs under comparison: what every field's comparison needs."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reconciliation.matching.columns import Bools, Columns, Ints, Longs
from reconciliation.matching.context import Frequencies, Names
from reconciliation.matching.likeness import Likeness

Level = npt.NDArray[np.uint16]


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
        chosen = np.select(list(holds), list(range(1, len(holds) + 1)), len(holds) + 1)
        return np.where(known, chosen, 0).astype(np.uint16)
