"""Two customers looked at in a crowd of others, as a shop would have them."""

from functools import cache

import numpy as np
import pytest

from reconciliation.matching.columns import columns
from reconciliation.matching.context import frequencies, names_under
from reconciliation.matching.keys import keys, pairs_of
from reconciliation.matching.levels import Comparison
from reconciliation.matching.profile import Raw, profile
from reconciliation.matching.scoring import explain, scores
from tests.bench_dedupe.generate import customers
from tests.bench_dedupe.truth import raw

CROWD = 2_000


@cache
def crowd() -> tuple:
    return tuple(profile(raw(row)) for row in customers(CROWD, seed=901))


class Compared:
    """A pair's score, reasons and whether a blocking key brings the two together."""

    def __init__(self, one: Raw, other: Raw, *more: Raw) -> None:
        people = [profile(one), profile(other), *map(profile, more), *crowd()]
        found = columns(enumerate(people, 1))
        made = keys(found)
        comparison = Comparison(found, frequencies(found), names_under(made, found))
        levels = comparison.levels(np.array([0]), np.array([1]))
        self.score = float(scores(levels)[0])
        self.reasons = explain(levels[:, 0].tolist())
        left, right = pairs_of(made)
        self.meet = bool(np.any((left == 0) & (right == 1)))

    @property
    def words(self) -> str:
        return "; ".join(reason.words for reason in self.reasons)


@pytest.fixture
def compared():
    """`compared(one, other, *more)`: the first two, with `more` customers in the same shop."""
    return Compared
