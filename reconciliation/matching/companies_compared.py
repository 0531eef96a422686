"""The names of businesses, compared with each other and with people's."""

import numpy as np

from reconciliation.matching.columns import Bools
from reconciliation.matching.pairs import Level, Pairs


class CompaniesCompared(Pairs):
    """Business names, store numbers and types of pairs of which one at least is a business."""

    def company(self) -> Level:
        one, other = self.both("core")
        known = ~self.people & (one > 0) & (other > 0)
        mixed = ~self.businesses
        sorted_alike, within = np.zeros(len(one), dtype=np.float32), np.zeros(len(one), dtype=np.float32)
        compared = np.flatnonzero(known)
        sorted_alike[compared] = self.alike.words_sorted(one[compared], other[compared])
        within[compared] = self.alike.words_within(one[compared], other[compared])
        return self.pick(
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

    def chain(self, company: Level, store: Level) -> Level:
        one, other = self.both("core_sorted")
        counts = self.common.counts["core_sorted"]
        borne = np.maximum(counts[one], counts[other])
        agree = self.businesses & (company >= 1) & (company <= 3) & (store != 3)
        return np.where(agree, 1 + np.digitize(borne, (4, 11)), 0).astype(np.uint16)

    def store(self) -> Level:
        one, other = self.both("number")
        return self.pick(self.businesses & ((one > 0) | (other > 0)), one == other, (one == 0) | (other == 0))

    def type(self) -> Level:
        one, other = self.found.commercial[self.left], self.found.commercial[self.right]
        return self.pick((one >= 0) & (other >= 0), one == other)
