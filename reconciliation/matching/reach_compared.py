"""Phones and e-mail addresses, compared: how much one in common says depends on who else shares it."""

from typing import Any

import numpy as np
import numpy.typing as npt

from reconciliation.matching.columns import Bools, Ints
from reconciliation.matching.context import MANY, Names
from reconciliation.matching.likeness import digits_apart
from reconciliation.matching.pairs import Level, Pairs


class ReachCompared(Pairs):
    """Phones and e-mail addresses of pairs."""

    def phone(self) -> Level:
        mine, theirs = self.found.phones[:, self.left], self.found.phones[:, self.right]
        names = self._fewest_names("phone", mine, theirs)
        near = np.zeros(len(self.left), dtype=np.bool_)
        unmatched = np.flatnonzero((names == 0) & (mine[0] > 0) & (theirs[0] > 0))
        for one in mine[:2, unmatched]:
            for other in theirs[:2, unmatched]:
                near[unmatched] |= digits_apart(one, other)
        return self.pick(
            (mine[0] > 0) & (theirs[0] > 0),
            names == 1,
            names == 2,
            (names > 2) & (names <= 5),
            names > 5,
            near,
        )

    def _fewest_names(self, kind: str, mine: npt.NDArray[Any], theirs: npt.NDArray[Any]) -> Names:
        """Of the values both have, the fewest names that one is shared by; 0 where they have none in common."""
        fewest = np.full(len(self.left), MANY, dtype=np.uint8)
        met = np.zeros(len(self.left), dtype=np.bool_)
        under = self.names[kind]
        for slot, value in enumerate(mine):
            same = np.zeros(len(self.left), dtype=np.bool_)
            for other in theirs:
                same |= (value == other) & (value > 0)
            fewest = np.where(same, np.minimum(fewest, under[slot][self.left]), fewest)
            met |= same
        return np.where(met, fewest, 0).astype(np.uint8)

    def second_phone(self) -> Level:
        mine, theirs = self.found.phones[:, self.left], self.found.phones[:, self.right]
        agreeing = np.zeros(len(self.left), dtype=np.uint8)
        for one in mine:
            agreeing += np.any((theirs == one) & (one > 0), axis=0)
        return (agreeing > 1).astype(np.uint16)

    def email(self) -> Level:
        mine, theirs = (np.stack(side) for side in zip(self.both("email0"), self.both("email1"), strict=True))
        names = self._fewest_names("email", mine, theirs)
        role = self.found.role[self.left] & self.found.role[self.right] & (mine[0] == theirs[0])
        local, their_local = self.both("local")
        domain, their_domain = self.both("domain")
        unmatched = names == 0
        slip = np.zeros(len(self.left), dtype=np.bool_)
        asked = np.flatnonzero(unmatched & (mine[0] > 0) & (theirs[0] > 0))
        slip[asked] = self._is_email_slip(mine[0, asked], theirs[0, asked])
        return self.pick(
            (mine[0] > 0) & (theirs[0] > 0),
            (names == 1) & ~role,
            (names == 2) & ~role,
            (names > 2) & ~role,
            role & (names > 0),
            slip,
            (local == their_local) & (local > 0),
            (domain == their_domain) & (domain > 0),
        )

    def _is_email_slip(self, one: Ints, other: Ints) -> Bools:
        """A slip in the letters: kim52@ and kim53@ are two people's."""
        near = np.asarray(self.alike.slips(one, other) <= 2)
        words = self.found.words
        for pair in np.flatnonzero(near):
            near[pair] = _digits(words[one[pair]]) == _digits(words[other[pair]])
        return near


def _digits(text: str) -> str:
    return "".join(char for char in text if char.isdigit())
