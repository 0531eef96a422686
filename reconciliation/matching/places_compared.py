"""Addresses, compared."""

from functools import cached_property

import numpy as np

from reconciliation.matching.columns import Bools, Ints
from reconciliation.matching.context import Floats
from reconciliation.matching.pairs import Level, Pairs


class PlacesCompared(Pairs):
    """Addresses and areas of pairs."""

    def address(self) -> Level:
        house, street, unit = self.both("house"), self.both("street"), self.both("unit")
        known = (street[0] > 0) & (street[1] > 0)
        same_house = house[0] == house[1]
        way, their_way = self.both("way")
        same_street = (street[0] == street[1]) | (way == their_way)
        near_street = same_street | self._is_near_street(street, known)
        near_area = self._near_area()
        agreed_turns = self._no_contradiction("direction") & self._no_contradiction("street_kind")
        numbered = (house[0] > 0) & (house[1] > 0)
        same = known & same_house & numbered & same_street & near_area & agreed_turns
        names = self.names["place"][0]
        one_key = self._same_area() & (street[0] == street[1])
        fewest = np.where(one_key, names[self.left], 1)  # one key for both, so one count for both
        any_unit, both_units = (unit[0] > 0) | (unit[1] > 0), (unit[0] > 0) & (unit[1] > 0)
        any_house = same_house | ~numbered
        slip = numbered & ~same_house & (self.alike.slips(*house) == 1) & near_street & near_area
        nearly = near_street & any_house & (near_area | (same_house & same_street & numbered))
        other_unit = both_units & (unit[0] != unit[1])
        return self.pick(
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
        way, their_way = (
            side[asked] for side in self.both("way")
        )  # blanks in the wrong place decide nothing
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
        same_city = self.same_city | (city == 0) | (their_city == 0)
        near_zip = (one == 0) | (other == 0) | (self.alike.slips(one, other) <= 2)
        return np.asarray(((one == other) & (one > 0)) | (near_zip & same_city))

    @cached_property
    def same_city(self) -> Bools:
        one, other = self.both("city")
        return np.asarray((one > 0) & (other > 0) & ((one == other) | self.alike.is_slip(one, other)))

    def nearby(self) -> Floats:
        """The share of the tenant's customers who live where these two do, by ZIP or else by city; 1 if they differ."""
        (one, other), (city, their_city) = self.both("zip"), self.both("city")
        within = [self.common.counts[name] for name in ("zip", "city")]
        living = np.select(
            [(one == other) & (one > 0), (city == their_city) & (city > 0)],
            [within[0][one], within[1][city]],
            max(self.common.total, 1),
        )
        return np.minimum(living / max(self.common.total, 1), 1.0)

    def area(self) -> Level:
        one, other = self.both("zip")
        city, their_city = self.both("city")
        known = ((one > 0) & (other > 0)) | ((city > 0) & (their_city > 0))
        return self.pick(
            known, (one == other) & (one > 0), self.same_city | (self.alike.slips(one, other) <= 1)
        )
