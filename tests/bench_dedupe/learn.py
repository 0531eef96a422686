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
from reconciliation.matching.fields import FIELDS
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


def examples(count: int, seed: int, *, bare: bool = False) -> tuple[csr_matrix, np.ndarray]:
    rows = customers(count, seed)
    if bare:
        rows = [{**row, "phone": "", "phone2": "", "email": ""} for row in rows]
    found, truth = side_by_side(rows), truths(rows)
    made = keys(found)
    left, right = pairs_of(made)
    levels = Comparison(found, frequencies(found), names_under(made, found)).levels(left, right)
    same = truth[left] == truth[right]
    print(
        f"{count:,} customers: {len(left):,} pairs compared, {same.sum():,} of {true_pairs(truth):,} true ones",
        flush=True,
    )
    return one_hot(levels), same


def one_hot(levels: np.ndarray) -> csr_matrix:
    pairs = levels.shape[1]
    positions = (levels.astype(np.int64) + _STARTS[:-1, None]).T.ravel()
    known = (levels > 0).T.ravel()
    indptr = np.concatenate(([0], np.cumsum((levels > 0).sum(axis=0))))
    return csr_matrix((np.ones(known.sum()), positions[known], indptr), shape=(pairs, _STARTS[-1]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--penalty", type=float, default=1.0)
    chosen = parser.parse_args()
    parts = [examples(count, seed) for count, seed in SETS] + [examples(*one, bare=True) for one in BARE]
    features, same = vstack([part[0] for part in parts]).tocsr(), np.concatenate([part[1] for part in parts])
    model = LogisticRegression(C=1 / chosen.penalty, max_iter=2000, solver="lbfgs")
    model.fit(features, same)
    weights = model.coef_[0]
    fields = {
        field.name: {
            str(level): round(float(weights[_STARTS[position] + level]), 3)
            for level in range(1, _SIZES[position])
            if abs(weights[_STARTS[position] + level]) >= 0.0005
        }
        for position, field in enumerate(FIELDS)
    }
    data = {"start": round(float(model.intercept_[0]), 3), "fields": fields}
    WEIGHTS.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
