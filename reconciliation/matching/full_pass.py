"""All customers of a tenant compared with one another, in memory.

The route: columns -> keys -> pairs that share a key -> levels and scores, a batch at a time and on all cores where
there are many -> the pairs that reach the lowest score asked for. Pure: what reads and writes the database stands in
`store`.
"""

import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from reconciliation.matching.columns import Columns, Longs
from reconciliation.matching.context import frequencies, names_under
from reconciliation.matching.fitting import Fitted, fit
from reconciliation.matching.keys import keys, pairs_of
from reconciliation.matching.levels import Comparison
from reconciliation.matching.pairs import Level
from reconciliation.matching.reading import may_have_children
from reconciliation.matching.scoring import Floats, Weights, scores, weights

BATCH = 200_000
WORTH_PROCESSES = 4
"""So many batches are compared faster here than processes are started."""
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


@dataclass(frozen=True)
class _Work:
    """All pairs of a pass, and how they are scored."""

    comparison: Comparison
    left: Longs
    right: Longs
    at_least: float
    using: Weights

    @property
    def starts(self) -> range:
        return range(0, len(self.left), BATCH)

    def batch(self, start: int) -> Scored:
        one, other = self.left[start : start + BATCH], self.right[start : start + BATCH]
        levels = self.comparison.levels(one, other)
        score = scores(levels, self.using)
        kept = np.flatnonzero(score >= self.at_least)
        return Scored(one[kept], other[kept], score[kept], levels[:, kept])


@dataclass(frozen=True)
class Prepared:
    """What is known of a tenant's customers before any two are compared."""

    comparison: Comparison
    left: Longs
    right: Longs
    fitted: Fitted


def prepare(found: Columns, made: Longs, using: Weights | None = None) -> Prepared:
    """Counts of names, the pairs to compare, and what all that says about the weights. `made` are the keys."""
    comparison = Comparison(found, frequencies(found), names_under(made, found))
    left, right = pairs_of(made)
    return Prepared(comparison, left, right, fit(comparison, made, left, right, using or weights()))


def compare_all(
    found: Columns,
    at_least: float,
    *,
    using: Weights | None = None,
    prepared: Prepared | None = None,
    progress: Progress = no_progress,
) -> Iterator[Scored]:
    """Yield the pairs that score `at_least`, batch by batch, in the pairs' order."""
    ready = prepared or prepare(found, keys(found), using)
    fitting = (using or weights()).fitted(*ready.fitted)
    work = _Work(ready.comparison, ready.left, ready.right, at_least, fitting)
    done = 0
    for scored in _in_processes(work) if _is_worth_it(work) else map(work.batch, work.starts):
        yield scored
        done += BATCH
        progress(min(done, len(work.left)), len(work.left))


def _is_worth_it(work: _Work) -> bool:
    """Forked processes have the columns without a copy; elsewhere than on Linux forking is not safe."""
    return sys.platform == "linux" and len(work.starts) >= WORTH_PROCESSES and may_have_children()


_forked: _Work | None = None


def _forked_batch(start: int) -> Scored:
    assert _forked is not None  # noqa: S101 - set before the processes were forked
    return _forked.batch(start)


def _in_processes(work: _Work) -> Iterator[Scored]:
    global _forked  # noqa: PLW0603 - what forked processes find in their memory
    _forked = work
    try:
        with multiprocessing.get_context("fork").Pool(os.cpu_count() or 2) as pool:
            yield from pool.imap(_forked_batch, work.starts)
    finally:
        _forked = None
