"""Learns the weights of `reconciliation.matching` on generated customers: `python -m tests.bench_dedupe.learn`.

Logistic regression over the levels of every compared pair, with a small penalty, so that levels seen seldom weigh
little. The seeds used here are never those that `make bench-dedupe` judges on.
"""

import argparse
import json

import numpy as np
from scipy.sparse import csr_matrix, vstack
from sklearn.linear_model import LogisticRegression

from reconciliation.matching.context import frequencies, names_under
from reconciliation.matching.fields import AREA, FIELDS, MIXUP, RARITY
from reconciliation.matching.fitting import Fitted, mixups
from reconciliation.matching.keys import keys, pairs_of
from reconciliation.matching.levels import Comparison
from reconciliation.matching.scoring import WEIGHTS
from tests.bench_dedupe.generate import customers
from tests.bench_dedupe.truth import side_by_side, true_pairs, truths

BARE = ((4_000, 107), (20_000, 108))
"""The same without phones and e-mails, as they come from books that hold none."""
SETS = ((2_000, 101), (2_000, 102), (10_000, 103), (10_000, 104), (40_000, 105), (100_000, 106))
"""(customers, seed)"""
_SIZES = [len(field.words) for field in FIELDS]
_STARTS = np.concatenate(([0], np.cumsum(_SIZES)))


def examples(
    count: int, seed: int, *, bare: bool = False
) -> tuple[csr_matrix, np.ndarray, np.ndarray, Fitted, np.ndarray]:
    rows = customers(count, seed)
    if bare:
        rows = [{**row, "phone": "", "phone2": "", "email": ""} for row in rows]
    found, truth = side_by_side(rows), truths(rows)
    made = keys(found)
    left, right = pairs_of(made)
    comparison = Comparison(found, frequencies(found), names_under(made, found))
    levels = comparison.levels(left, right)
    same = truth[left] == truth[right]
    mixed = levels[FIELDS.index(MIXUP)]
    seen = np.array([[np.sum(mixed == level), np.sum(same[mixed == level])] for level in (1, 2)])
    print(
        f"{count:,} customers: {len(left):,} pairs compared, {same.sum():,} of {true_pairs(truth):,} true ones",
        flush=True,
    )
    levels[FIELDS.index(MIXUP)] = 0  # weighed by each tenant's customers
    return one_hot(levels), same, seen, mixups(comparison, made), levels[FIELDS.index(AREA)]


def one_hot(levels: np.ndarray) -> csr_matrix:
    pairs = levels.shape[1]
    positions = (levels.astype(np.int64) + _STARTS[:-1, None]).T.ravel()
    known = (levels > 0).T.ravel()
    indptr = np.concatenate(([0], np.cumsum((levels > 0).sum(axis=0))))
    return csr_matrix((np.ones(known.sum()), positions[known], indptr), shape=(pairs, _STARTS[-1]))


def steps() -> csr_matrix:
    """Levels as what is learned: each its own, but a rarer name weighs what a commoner one does and its step beyond.

    So rarities that are seldom seen here weigh like those next to them, and not nothing.
    """
    matrix = np.eye(_STARTS[-1])
    first = _STARTS[FIELDS.index(RARITY)]
    count = len(RARITY.words)
    matrix[first + 1 : first + count, first + 1 : first + count] = np.triu(np.ones((count - 1, count - 1)))
    return csr_matrix(matrix)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--penalty", type=float, default=1.0)
    chosen = parser.parse_args()
    parts = [examples(count, seed) for count, seed in SETS] + [examples(*one, bare=True) for one in BARE]
    features, same = vstack([part[0] for part in parts]).tocsr(), np.concatenate([part[1] for part in parts])
    model = LogisticRegression(C=1 / chosen.penalty, max_iter=2000, solver="lbfgs")
    model.fit(features @ steps(), same)
    weights = steps() @ model.coef_[0]
    fields = {
        field.name: {
            str(level): round(float(weights[_STARTS[position] + level]), 3)
            for level in range(1, _SIZES[position])
            if abs(weights[_STARTS[position] + level]) >= 0.0005
        }
        for position, field in enumerate(FIELDS)
    }
    data: dict[str, object] = {"start": round(float(model.intercept_[0]), 3), "fields": fields}
    data["mix-ups"] = [
        [round(max(part[3][level] for part in parts), 4), round((np.sum([part[2][level, 1] for part in parts]) + 1)
         / (np.sum([part[2][level, 0] for part in parts]) + 2), 5)]
        for level in range(2)
    ]  # fmt: skip
    area = np.concatenate([part[4] for part in parts])
    data["shares"] = [
        round(float((same[area == level].sum() + 1) / (np.sum(area == level) + 5)), 4)
        for level in range(len(AREA.words))
    ]
    WEIGHTS.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
