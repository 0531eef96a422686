"""Pairs of customers compared field by field: each field of each pair gets a level of `fields`.

Comparing is symmetric and looks at values alone, so that a pair has the same levels whoever asks.
"""

from functools import cached_property

import numpy as np
import numpy.typing as npt

from reconciliation.matching import fields
from reconciliation.matching.columns import Bools, Columns, Ints, Longs
from reconciliation.matching.context import MANY, Frequencies, Names
from reconciliation.matching.likeness import Likeness, digits_apart

Level = npt.NDArray[np.uint16]


class Comparison:
    """Compares customers of one set of columns with each other."""

    def __init__(self, found: Columns, common: Frequencies, names: dict[str, Names]) -> None:
        self.found, self.common, self.names = found, common, names
        self.alike = Likeness(found.words, found.lengths())
        self.letters = found.first_letters()

    def levels(self, left: Longs, right: Longs) -> Level:
        """The level of each field (rows, in the order of `fields.FIELDS`) for each pair (columns)."""
        if not len(left):
            return np.zeros((len(fields.FIELDS), 0), dtype=np.uint16)
        return _Pairs(self, left, right).levels()


class _Pairs:
    """One batch of pairs."""

    def __init__(self, comparison: Comparison, left: Longs, right: Longs) -> None:
        self.found, self.common, self.names = comparison.found, comparison.common, comparison.names
        self.alike, self.letters, self.left, self.right = comparison.alike, comparison.letters, left, right
        business = self.found.business
        self.people = ~business[left] & ~business[right]
        self.businesses = business[left] & business[right]

    def both(self, name: str) -> tuple[Ints, Ints]:
        """One text column of both sides."""
        column = self.found.text(name)
        return column[self.left], column[self.right]

    def levels(self) -> Level:
        given, surname = self._given(), self._surname()
        store = self._store()
        company, phone, email, address = self._company(), self._phone(), self._email(), self._address()
        found = [
            given, surname, self._rarity(given, surname), self._suffix(), self._middle(), company,
            self._chain(company, store), store, self._type(), phone, self._second_phone(), email,
            self._name_in_email(given), address,
            self._area(), self._together(self._who(given, surname, company, store), phone, email, address),
        ]  # fmt: skip
        return np.stack(found).astype(np.uint16)

    def _given(self) -> Level:
        one, other = self.both("given")
        middle, their_middle = self.both("middle")
        partner, their_partner = self.both("partner")
        elsewhere = (one == their_middle) | (one == their_partner) | (other == middle) | (other == partner)
        return self._pick(
            self.people & (one > 0) & (other > 0),
            (one == other) & (self.alike.lengths[one] > 1),
            self._short_for(*self.both("plain"))
            & (self.alike.lengths[one] > 1)
            & (self.alike.lengths[other] > 1),
            self._is_initial(one, other),
            self.alike.is_slip(one, other),
            elsewhere,
            self._swapped,
            self.alike.ratio(one, other) >= 0.86,
        )

    def _short_for(self, one: Ints, other: Ints) -> Bools:
        return np.asarray(self.alike.is_nickname(one, other) | ((one == other) & (one > 0)))

    def _is_initial(self, one: Ints, other: Ints) -> Bools:
        lengths = self.alike.lengths
        short = (lengths[one] == 1) | (lengths[other] == 1)
        return np.asarray(short & self._same_first_letter(one, other))

    @cached_property
    def _swapped(self) -> Bools:
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

    def _same_first_letter(self, one: Ints, other: Ints) -> Bools:
        return np.asarray(self.letters[one] == self.letters[other])

    def _surname(self) -> Level:
        one, other = self.both("surname")
        middle, their_middle = self.both("middle")
        label, their_label = self.both("label")
        lengths = self.alike.lengths
        part = ((one == their_middle) & (lengths[one] > 2)) | ((other == middle) & (lengths[other] > 2))
        return self._pick(
            self.people & (one > 0) & (other > 0),
            one == other,
            self.alike.is_slip(one, other),
            (label == their_label) | part,
            self._swapped,
            self.alike.ratio(one, other) >= 0.86,
        )

    def _name_in_email(self, given: Level) -> Level:
        """Whether an e-mail bears the other's given name; asked only where the given names do not settle it."""
        words, names = self.found.words, self.both("plain")
        emails = self.both("email0")
        asked = np.flatnonzero(self.people & ~np.isin(given, (1, 2)) & ((emails[0] > 0) | (emails[1] > 0)))
        answer = np.zeros(len(self.left), dtype=np.uint16)
        columns = [side[asked].tolist() for side in (names[0], names[1], emails[0], emails[1])]
        answer[asked] = [
            max(
                _bears(words[email], words[other], words[own]) for own, other, email in ((a, b, e), (b, a, f))
            )
            for a, b, e, f in zip(*columns, strict=True)
        ]
        return np.where(answer == 2, 1, np.where(answer == 1, 2, 0)).astype(np.uint16)

    def _rarity(self, given: Level, surname: Level) -> Level:
        """By how many customers of this tenant would bear the name if given names and surnames met by chance."""
        roots, surnames = self.both("root"), self.both("surname")
        givens = np.maximum(*(self.common.counts["root"][side].astype(np.float64) for side in roots))
        families = np.maximum(*(self.common.counts["surname"][side].astype(np.float64) for side in surnames))
        expected = givens * families / max(self.common.total, 1)
        agree = np.isin(given, (1, 2, 4, 6)) & np.isin(surname, (1, 2, 3, 4))
        return np.where(agree, 1 + np.digitize(expected, (0.01, 0.1, 1.0, 10.0)), 0).astype(np.uint16)

    def _suffix(self) -> Level:
        one, other = self.both("suffix")
        return self._pick(self.people & ((one > 0) | (other > 0)), one == other, (one == 0) | (other == 0))

    def _middle(self) -> Level:
        one, other = self.both("middle")
        known = self.people & (one > 0) & (other > 0)
        return self._pick(known, self._same_first_letter(one, other))

    def _company(self) -> Level:
        one, other = self.both("core")
        known = ~self.people & (one > 0) & (other > 0)
        mixed = ~self.businesses
        sorted_alike, within = np.zeros(len(one), dtype=np.float32), np.zeros(len(one), dtype=np.float32)
        compared = np.flatnonzero(known)
        sorted_alike[compared] = self.alike.words_sorted(one[compared], other[compared])
        within[compared] = self.alike.words_within(one[compared], other[compared])
        return self._pick(
            known,
            one == other,
            sorted_alike >= 88,
            (within >= 95) & ~mixed,
            (within >= 70) & ~mixed,
            ~mixed,
            self._bears_surname(known & mixed),
        )

    def _bears_surname(self, asked: Bools) -> Bools:
        """Whether the business of each pair has the person's surname among its words. Few pairs: one by one."""
        words, answer = self.found.words, np.zeros(len(self.left), dtype=np.bool_)
        cores, surnames = self.both("core"), self.both("surname")
        is_business = self.found.business[self.left]
        for pair in np.flatnonzero(asked):
            core, surname = (cores[0], surnames[1]) if is_business[pair] else (cores[1], surnames[0])
            name = words[surname[pair]]
            answer[pair] = len(name) > 2 and any(
                word in {name, name + "s"} for word in words[core[pair]].split()
            )
        return answer

    def _chain(self, company: Level, store: Level) -> Level:
        one, other = self.both("core_sorted")
        counts = self.common.counts["core_sorted"]
        borne = np.maximum(counts[one], counts[other])
        agree = self.businesses & (company >= 1) & (company <= 3) & (store != 3)
        return np.where(agree, 1 + np.digitize(borne, (4, 11)), 0).astype(np.uint16)

    def _store(self) -> Level:
        one, other = self.both("number")
        return self._pick(
            self.businesses & ((one > 0) | (other > 0)), one == other, (one == 0) | (other == 0)
        )

    def _type(self) -> Level:
        one, other = self.found.commercial[self.left], self.found.commercial[self.right]
        return self._pick((one >= 0) & (other >= 0), one == other)

    def _phone(self) -> Level:
        mine, theirs = self.found.phones[:, self.left], self.found.phones[:, self.right]
        names = self._fewest_names("phone", mine, theirs)
        near = np.zeros(len(self.left), dtype=np.bool_)
        unmatched = np.flatnonzero((names == 0) & (mine[0] > 0) & (theirs[0] > 0))
        for one in mine[:2, unmatched]:
            for other in theirs[:2, unmatched]:
                near[unmatched] |= digits_apart(one, other)
        return self._pick(
            (mine[0] > 0) & (theirs[0] > 0),
            names == 1,
            names == 2,
            (names > 2) & (names <= 5),
            names > 5,
            near,
        )

    def _fewest_names(
        self, kind: str, mine: npt.NDArray[np.integer], theirs: npt.NDArray[np.integer]
    ) -> Names:  # type: ignore[type-arg]
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

    def _second_phone(self) -> Level:
        mine, theirs = self.found.phones[:, self.left], self.found.phones[:, self.right]
        agreeing = np.zeros(len(self.left), dtype=np.uint8)
        for one in mine:
            agreeing += np.any((theirs == one) & (one > 0), axis=0)
        return (agreeing > 1).astype(np.uint16)

    def _email(self) -> Level:
        mine, theirs = (np.stack(side) for side in zip(self.both("email0"), self.both("email1"), strict=True))
        names = self._fewest_names("email", mine, theirs)
        role = self.found.role[self.left] & self.found.role[self.right] & (mine[0] == theirs[0])
        local, their_local = self.both("local")
        domain, their_domain = self.both("domain")
        unmatched = names == 0
        slip = np.zeros(len(self.left), dtype=np.bool_)
        asked = np.flatnonzero(unmatched & (mine[0] > 0) & (theirs[0] > 0))
        slip[asked] = self._is_email_slip(mine[0, asked], theirs[0, asked])
        return self._pick(
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

    def _address(self) -> Level:
        house, street, unit = self.both("house"), self.both("street"), self.both("unit")
        known = (street[0] > 0) & (street[1] > 0)
        same_house = house[0] == house[1]
        same_street = street[0] == street[1]
        near_street = same_street | self._is_near_street(street, known)
        near_area = self._near_area()
        agreed_turns = self._no_contradiction("direction") & self._no_contradiction("street_kind")
        numbered = (house[0] > 0) & (house[1] > 0)
        same = known & same_house & numbered & same_street & near_area & agreed_turns
        names = self.names["place"][0]
        fewest = np.where(self._same_area(), names[self.left], 1)  # one key for both, so one count for both
        any_unit, both_units = (unit[0] > 0) | (unit[1] > 0), (unit[0] > 0) & (unit[1] > 0)
        any_house = same_house | ~numbered
        slip = numbered & ~same_house & (self.alike.slips(*house) == 1) & near_street & near_area
        nearly = near_street & any_house & (near_area | (same_house & same_street & numbered))
        other_unit = both_units & (unit[0] != unit[1])
        return self._pick(
            known,
            same & both_units & ~other_unit,
            same & ~any_unit & (fewest <= 2),
            same & ~any_unit,
            same & ~both_units,
            same | (nearly & other_unit),
            nearly,
            slip & ~other_unit,
            near_street & near_area,
        )

    def _is_near_street(self, street: tuple[Ints, Ints], known: Bools) -> Bools:
        near = np.zeros(len(self.left), dtype=np.bool_)
        asked = np.flatnonzero(known & (street[0] != street[1]))
        one, other = street[0][asked], street[1][asked]
        way, their_way = (side[asked] for side in self.both("way"))  # blanks in the wrong place decide nothing
        near[asked] = (
            self.alike.is_slip(one, other)
            | (self.alike.ratio(one, other) >= 0.92)
            | self.alike.is_slip(way, their_way)
            | (way == their_way)
        )
        return near

    def _no_contradiction(self, name: str) -> Bools:
        one, other = self.both(name)
        return np.asarray((one == other) | (one == 0) | (other == 0))

    def _same_area(self) -> Bools:
        """Whether two customers at one house and street have the same key of kind "place"."""
        zips, cities = self.both("zip"), self.both("city")
        one, other = (np.where(code == 0, city, code) for code, city in zip(zips, cities, strict=True))
        return np.asarray(one == other)

    def _near_area(self) -> Bools:
        """Same ZIP, or a ZIP that is missing or differs by a slip where the city agrees or is missing."""
        one, other = self.both("zip")
        city, their_city = self.both("city")
        same_city = self._same_city | (city == 0) | (their_city == 0)
        near_zip = (one == 0) | (other == 0) | (self.alike.slips(one, other) <= 2)
        return np.asarray(((one == other) & (one > 0)) | (near_zip & same_city))

    @cached_property
    def _same_city(self) -> Bools:
        one, other = self.both("city")
        return np.asarray((one > 0) & (other > 0) & ((one == other) | self.alike.is_slip(one, other)))

    def _area(self) -> Level:
        one, other = self.both("zip")
        city, their_city = self.both("city")
        known = ((one > 0) & (other > 0)) | ((city > 0) & (their_city > 0))
        return self._pick(
            known, (one == other) & (one > 0), self._same_city | (self.alike.slips(one, other) <= 1)
        )

    def _together(self, who: Level, phone: Level, email: Level, address: Level) -> Level:
        said = [
            np.select([(phone >= 1) & (phone <= 5), phone == 6], [1, 2], 0),
            np.select([(email >= 1) & (email <= 4), email == 8], [1, 2], 0),
            np.select([np.isin(address, (1, 2, 3, 4, 6)), np.isin(address, (5, 8, 9))], [1, 2], 0),
        ]
        return (((who * 3 + said[0]) * 3 + said[1]) * 3 + said[2]).astype(np.uint16)

    def _who(self, given: Level, surname: Level, company: Level, store: Level) -> Level:
        """The pair's place in `fields.WHO`."""
        close_given, close_surname = np.isin(given, (1, 2, 3, 4)), np.isin(surname, (1, 2, 3))
        swapped = (given == 6) & (surname == 4)
        other_given, other_surname = given == 8, surname == 6
        return np.select(
            [
                company == 7, company == 6, (company == 5) | (store == 3), np.isin(company, (3, 4)), np.isin(company, (1, 2)),
                (given == 0) & (surname == 0),
                (close_given & close_surname) | swapped,
                other_given & other_surname,
                other_given,
                other_surname,
            ],
            [10, 9, 8, 7, 6, 0, 1, 5, 3, 4],
            2,
        ).astype(np.uint16)  # fmt: skip

    def _pick(self, known: Bools, *holds: Bools) -> Level:
        """The number of the first condition that holds, counted from 1; one more where none does; 0 where unknown."""
        chosen = np.select(list(holds), list(range(1, len(holds) + 1)), len(holds) + 1)
        return np.where(known, chosen, 0).astype(np.uint16)


def _digits(text: str) -> str:
    return "".join(char for char in text if char.isdigit())


def _bears(email: str, other: str, own: str) -> int:
    """2 if the e-mail bears the other's given name, 1 if it bears its owner's own or some other, 0 if it says nothing."""
    local = email.partition("@")[0]
    if not local or len(other) < 3:
        return 1 if local and other and len(own) > 2 and own in local and own[0] != other[0] else 0
    return 2 if other in local else 1
