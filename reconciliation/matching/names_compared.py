"""The names of people, compared."""

from functools import cached_property

import numpy as np

from reconciliation.matching.columns import Bools, Ints
from reconciliation.matching.context import Floats
from reconciliation.matching.pairs import Level, Pairs, among

_BEARERS = (0.0001, 0.001, 0.01, 0.1, 1.0, 10.0)


class NamesCompared(Pairs):
    """Given names, surnames, generations and middle names of pairs of people."""

    def given(self) -> Level:
        one, other = self.both("given")
        middle, their_middle = self.both("middle")
        partner, their_partner = self.both("partner")
        elsewhere = (one == their_middle) | (one == their_partner) | (other == middle) | (other == partner)
        return self.pick(
            self.people & (one > 0) & (other > 0),
            (one == other) & (self.alike.lengths[one] > 1),
            self._short_for(*self.both("plain"))
            & (self.alike.lengths[one] > 1)
            & (self.alike.lengths[other] > 1),
            self._is_initial(one, other),
            self.alike.is_slip(one, other),
            elsewhere,
            self.swapped,
            self.alike.ratio(one, other) >= 0.86,
        )

    def _short_for(self, one: Ints, other: Ints) -> Bools:
        return np.asarray(self.alike.is_nickname(one, other) | ((one == other) & (one > 0)))

    def _is_initial(self, one: Ints, other: Ints) -> Bools:
        lengths = self.alike.lengths
        short = (lengths[one] == 1) | (lengths[other] == 1)
        return np.asarray(short & self.same_first_letter(one, other))

    @cached_property
    def swapped(self) -> Bools:
        """Whether one's given name is the other's surname and the other way about, in any form of the given name."""
        (given, their_given), (surname, their_surname) = self.both("given"), self.both("surname")
        swapped = np.zeros(len(self.left), dtype=np.bool_)
        asked = np.flatnonzero(self.people & (given > 0) & (their_given > 0) & (surname != their_surname))
        for first, family, crossed_first, crossed_family in (
            (given[asked], surname[asked], their_surname[asked], their_given[asked]),
            (their_given[asked], their_surname[asked], surname[asked], given[asked]),
        ):
            same_family = (family == crossed_family) | self.alike.is_slip(family, crossed_family)
            same_given = (
                (first == crossed_first)
                | self._is_initial(first, crossed_first)
                | self.alike.is_nickname(first, crossed_first)
                | self.alike.is_slip(first, crossed_first)
            )
            swapped[asked] |= same_family & same_given & (first > 0) & (crossed_first > 0)
        return swapped

    def same_first_letter(self, one: Ints, other: Ints) -> Bools:
        return np.asarray(self.letters[one] == self.letters[other])

    def surname(self) -> Level:
        one, other = self.both("surname")
        middle, their_middle = self.both("middle")
        label, their_label = self.both("label")
        lengths = self.alike.lengths
        part = ((one == their_middle) & (lengths[one] > 2)) | ((other == middle) & (lengths[other] > 2))
        return self.pick(
            self.people & (one > 0) & (other > 0),
            one == other,
            self.alike.is_slip(one, other),
            (label == their_label) | part,
            self.swapped,
            self.alike.ratio(one, other) >= 0.86,
        )

    def name_in_email(self, given: Level) -> Level:
        """Whether an e-mail bears the other's given name; asked only where the given names do not settle it."""
        words, names = self.found.words, self.both("plain")
        emails = self.both("email0")
        asked = np.flatnonzero(self.people & ~among(given, 1, 2) & ((emails[0] > 0) | (emails[1] > 0)))
        answer = np.zeros(len(self.left), dtype=np.uint16)
        columns = [side[asked].tolist() for side in (names[0], names[1], emails[0], emails[1])]
        answer[asked] = [
            max(
                _bears(words[e], words[b], words[a]) if e else 0,
                _bears(words[f], words[a], words[b]) if f else 0,
            )
            for a, b, e, f in zip(*columns, strict=True)
        ]
        return np.where(answer == 2, 1, np.where(answer == 1, 2, 0)).astype(np.uint16)

    def rarity(self, given: Level, surname: Level, nearby: Floats) -> Level:
        """By how many customers of this tenant would bear the name if given names and surnames met by chance.

        `nearby` is the share of its customers among whom the two would have met: those of their ZIP or city.
        """
        roots, surnames = self.both("root"), self.both("surname")
        givens = np.maximum(*(self.common.counts["root"][side].astype(np.float64) for side in roots))
        families = np.maximum(*(self.common.counts["surname"][side].astype(np.float64) for side in surnames))
        expected = givens * families / max(self.common.total, 1) * nearby
        agree = among(given, 1, 2, 4, 6) & among(surname, 1, 2, 3, 4)
        return np.where(agree, 1 + np.digitize(expected, _BEARERS), 0).astype(np.uint16)

    def mixup(self, given: Level, surname: Level, address: Level) -> Level:
        """Whether two at one address have other given names: a household's members, or one whose name was mixed up."""
        asked = (given == 8) & among(address, 1, 2, 3, 4, 6)
        return (asked * (among(surname, 1, 2, 3) + 2 * (surname == 6))).astype(np.uint16)

    def suffix(self) -> Level:
        one, other = self.both("suffix")
        return self.pick(self.people & ((one > 0) | (other > 0)), one == other, (one == 0) | (other == 0))

    def middle(self) -> Level:
        one, other = self.both("middle")
        known = self.people & (one > 0) & (other > 0)
        return self.pick(known, self.same_first_letter(one, other))


def _bears(email: str, other: str, own: str) -> int:
    """2 if the e-mail bears the other's given name, 1 if it bears its owner's own or some other, 0 if it says nothing."""
    local = email.partition("@")[0]
    if not local or len(other) < 3:
        return 1 if local and other and len(own) > 2 and own in local and own[0] != other[0] else 0
    return 2 if other in local else 1
