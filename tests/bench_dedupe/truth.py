"""The truth about generated customers, and how well pairs fit it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reconciliation.matching.columns import Columns, columns
from reconciliation.matching.profile import Raw, profile
from tests.bench_dedupe.mistakes import Row

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Fit:
    """How well the pairs found fit the true ones."""

    found: int
    right: int
    true: int

    @property
    def precision(self) -> float:
        return self.right / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        return self.right / self.true if self.true else 1.0

    @property
    def f1(self) -> float:
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def raw(row: Row) -> Raw:
    """A row as `import_customers` would hand it to the scorer."""
    name = row["name"] or f"{row['first_name']} {row['last_name']}".strip()
    if row["first_name"] and row["last_name"] and row["type"] == "Residential":
        name = f"{row['first_name']} {row['last_name']}"
    return Raw(name, row["type"], (row["phone"], row["phone2"]), (row["email"],), row["street"], row["unit"],
               row["city"], row["state"], row["zip"])  # fmt: skip


def side_by_side(rows: Sequence[Row]) -> Columns:
    return columns((int(row["id"]), profile(raw(row))) for row in rows)


def truths(rows: Sequence[Row]) -> Ints:
    return np.array([int(row["truth"]) for row in rows])


def true_pairs(truth: Ints) -> int:
    return sum(size * (size - 1) // 2 for size in Counter(truth.tolist()).values())


def fit(truth: Ints, left: Ints, right: Ints) -> Fit:
    return Fit(len(left), int(np.sum(truth[left] == truth[right])), true_pairs(truth))
