"""All customers of a tenant compared with one another, in memory.

The route: columns -> keys -> pairs that share a key -> levels and scores, a batch at a time -> the pairs that reach
the lowest score asked for. Pure: what reads and writes the database stands in `store`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from reconciliation.matching.columns import Columns, Longs
from reconciliation.matching.context import Frequencies, frequencies, names_under
from reconciliation.matching.keys import keys, pairs_of
from reconciliation.matching.levels import Comparison
from reconciliation.matching.pairs import Level
from reconciliation.matching.scoring import Floats, Weights, scores

BATCH = 250_000
Progress = Callable[[int, int], None]


def no_progress(done: int, total: int) -> None:
    """For callers that do not look."""


@dataclass(frozen=True)
class Scored:
    """Pairs by their customers' positions, with scores and levels."""

    left: Longs
    right: Longs
    score: Floats
    levels: Level


def compare_all(
    found: Columns,
    at_least: float,
    *,
    using: Weights | None = None,
    common: Frequencies | None = None,
    progress: Progress = no_progress,
) -> Iterator[Scored]:
    """Yield the pairs that score `at_least`, batch by batch."""
    made = keys(found)
    comparison = Comparison(found, common or frequencies(found), names_under(made, found))
    left, right = pairs_of(made)
    del made
    for start in range(0, len(left), BATCH):
        one, other = left[start : start + BATCH], right[start : start + BATCH]
        levels = comparison.levels(one, other)
        score = scores(levels, using)
        kept = np.flatnonzero(score >= at_least)
        yield Scored(one[kept], other[kept], score[kept], levels[:, kept])
        progress(min(start + BATCH, len(left)), len(left))
