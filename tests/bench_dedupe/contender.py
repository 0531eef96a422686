"""`python -m tests.bench_dedupe.contender WHO FOLDER`: one contender on one set, in a process of its own; prints JSON.

Ours is judged at the limit that tenants get by default, on rows as a shop sends them (reading included in its time).
The others get the customers already read, and the score that happens to suit the truth best.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from reconciliation.matching.full_pass import compare_all
from reconciliation.matching.reading import read_all
from tests.bench_dedupe import sets
from tests.bench_dedupe.truth import Fit, Ints, fit

REVIEW, MERGE = 0.5, 0.9995
LIMITS = (
    0.05,
    0.1,
    0.2,
    0.3,
    0.4,
    0.5,
    0.6,
    0.7,
    0.8,
    0.9,
    0.95,
    0.98,
    0.99,
    0.995,
    0.998,
    0.999,
    0.9995,
    0.9999,
)


def ours(folder: Path) -> dict[str, Any]:
    started = time.perf_counter()
    found = read_all(sets.blocks(folder))
    read = time.perf_counter() - started
    parts = [(part.left, part.right, part.score) for part in compare_all(found, REVIEW)]
    seconds = time.perf_counter() - started
    left, right, score = (np.concatenate(side) for side in zip(*parts, strict=True))
    truth = sets.truth(folder)
    certain = score >= MERGE
    merge = fit(truth, left[certain], right[certain])
    return figures(fit(truth, left, right), seconds, REVIEW) | {
        "read_seconds": round(read, 1), "merge_precision": merge.precision, "merge_recall": merge.recall,
    }  # fmt: skip


def exact(folder: Path) -> dict[str, Any]:
    from tests.bench_dedupe import peers

    table = peers.table(folder)
    started = time.perf_counter()
    left, right = peers.exact(table)
    return figures(fit(sets.truth(folder), left, right), time.perf_counter() - started, None)


def splink(folder: Path) -> dict[str, Any]:
    from tests.bench_dedupe import peers

    table = peers.table(folder)
    started = time.perf_counter()
    left, right, score = peers.splink(table)
    seconds = time.perf_counter() - started
    best, limit = best_of(sets.truth(folder), left, right, score)
    return figures(best, seconds, limit)


def best_of(truth: Ints, left: Ints, right: Ints, score: np.ndarray) -> tuple[Fit, float]:
    fits = [(fit(truth, left[score >= limit], right[score >= limit]), limit) for limit in LIMITS]
    return max(fits, key=lambda pair: pair[0].f1)


def figures(found: Fit, seconds: float, limit: float | None) -> dict[str, Any]:
    return {"precision": found.precision, "recall": found.recall, "f1": found.f1, "pairs": found.found,
            "seconds": round(seconds, 1), "limit": limit}  # fmt: skip


CONTENDERS = {"ours": ours, "splink": splink, "exact": exact}

if __name__ == "__main__":
    if sys.argv[1] == "prepare":
        sets.prepare(sys.argv[2], Path(sys.argv[3]))
    else:
        print(json.dumps(CONTENDERS[sys.argv[1]](Path(sys.argv[2]))), flush=True)
        os._exit(0)  # threads that a contender's library leaves behind may make an orderly end fail
