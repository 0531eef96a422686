"""Pairs of customers compared field by field: each field of each pair gets a level of `fields`.

Comparing is symmetric and looks at values alone, so that a pair has the same levels whoever asks.
"""

import numpy as np

from reconciliation.matching import fields
from reconciliation.matching.columns import Columns, Longs
from reconciliation.matching.companies_compared import CompaniesCompared
from reconciliation.matching.context import Frequencies, Names
from reconciliation.matching.likeness import Likeness
from reconciliation.matching.names_compared import NamesCompared
from reconciliation.matching.pairs import Level, Setting, among, numbered
from reconciliation.matching.places_compared import PlacesCompared
from reconciliation.matching.reach_compared import ReachCompared


class Comparison:
    """Compares customers of one set of columns with each other."""

    def __init__(self, found: Columns, common: Frequencies, names: dict[str, Names]) -> None:
        alike = Likeness(found.words, found.lengths())
        self.setting = Setting(found, common, names, alike, found.first_letters())

    def levels(self, left: Longs, right: Longs) -> Level:
        """The level of each field (rows, in the order of `fields.FIELDS`) for each pair (columns)."""
        if not len(left):
            return np.zeros((len(fields.FIELDS), 0), dtype=np.uint16)
        return _Compared(self.setting, left, right).levels()

    def names_of(self, left: Longs, right: Longs) -> tuple[Level, Level]:
        """The levels of given name and surname alone."""
        compared = _Compared(self.setting, left, right)
        return compared.given(), compared.surname()


class _Compared(NamesCompared, CompaniesCompared, ReachCompared, PlacesCompared):
    """All fields of one batch of pairs."""

    def levels(self) -> Level:
        given, surname = self.given(), self.surname()
        store = self.store()
        company, phone, email, address = self.company(), self.phone(), self.email(), self.address()
        found = [
            given, surname, self.rarity(given, surname, self.nearby()), self.suffix(), self.middle(), company,
            self.chain(company, store), store, self.type(), phone, self.second_phone(), email,
            self.name_in_email(given), address,
            self.area(), self._together(self._who(given, surname, company, store), phone, email, address),
            self.mixup(given, surname, address),
        ]  # fmt: skip
        return np.stack(found).astype(np.uint16)

    def _together(self, who: Level, phone: Level, email: Level, address: Level) -> Level:
        said = [
            among(phone, 1, 2, 3, 4, 5) + 2 * (phone == 6),
            among(email, 1, 2, 3, 4) + 2 * (email == 8),
            among(address, 1, 2, 3, 4, 6) + 2 * among(address, 5, 8, 9),
        ]
        return (((who * 3 + said[0]) * 3 + said[1]) * 3 + said[2]).astype(np.uint16)

    def _who(self, given: Level, surname: Level, company: Level, store: Level) -> Level:
        """The pair's place in `fields.WHO`."""
        close_given, close_surname = among(given, 1, 2, 3, 4), among(surname, 1, 2, 3)
        swapped = (given == 6) & (surname == 4)
        other_given, other_surname = given == 8, surname == 6
        first = numbered(
            np.ones(len(given), dtype=np.bool_),
            [
                company == 7, company == 6, (company == 5) | (store == 3), among(company, 3, 4),
                among(company, 1, 2),
                (given == 0) & (surname == 0),
                (close_given & close_surname) | swapped,
                other_given & other_surname,
                other_given,
                other_surname,
            ],
        )  # fmt: skip
        return _WHO[first]


_WHO = np.array([0, 10, 9, 8, 7, 6, 0, 1, 5, 3, 4, 2], dtype=np.uint16)
"""The place for each of the conditions above, counted from 1; the last where none holds."""
