"""What a tenant's customers taken together say about one value: how common a name is, how many share a number.

A number under one surname is a household's or a person's; under many names it is a landlord's, a head office's or
nobody's, and agreement on it says little.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reconciliation.matching.columns import Columns, Ints, Longs
from reconciliation.matching.keys import CAPS, FIRST, KINDS

Names = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]

MANY = 255
"""More names under one key than are counted."""
SHARED = ("phone", "email", "place")
NAMED = ("root", "surname", "core_sorted", "zip", "city")
FEW = 3
"""A name borne by fewer customers counts as if one customer bore it."""
_COUNTS = {kind.name: kind.count for kind in KINDS}


@dataclass(frozen=True)
class Frequencies:
    """How many customers bear each word of `Columns.words`, for each of `NAMED`, among `total` customers."""

    total: int
    counts: dict[str, Ints]


def frequencies(found: Columns) -> Frequencies:
    """Count the names of a whole tenant."""
    size = len(found.words)
    counts = {}
    for name in NAMED:
        borne = np.bincount(found.text(name), minlength=size).astype(np.int32)
        counts[name] = np.where(borne < FEW, 1, borne).astype(np.int32)
    return Frequencies(len(found), counts)


def names_under(made: Longs, found: Columns, frequent: Longs | None = None) -> dict[str, Names]:
    """For each phone, e-mail and place of each customer: how many surnames or business names it is shared by.

    `frequent` are keys that more customers share than are in `found`: `MANY` names each.
    """
    labels = found.text("label").astype(np.int64)
    answer = {}
    for name in SHARED:
        start, count = FIRST[name], _COUNTS[name]
        answer[name] = _names(made[start : start + count], labels, CAPS[start], frequent)
    return answer


def _names(made: Longs, labels: Longs, cap: int, frequent: Longs | None) -> Names:
    flat = made.ravel()
    values, inverse, sizes = np.unique(flat, return_inverse=True, return_counts=True)
    with_label = np.unique(
        inverse.astype(np.int64) * (int(labels.max(initial=0)) + 1) + np.tile(labels, len(made))
    )
    names = np.bincount(with_label // (int(labels.max(initial=0)) + 1), minlength=len(values))
    names = np.minimum(names, MANY - 1)
    names[sizes > cap] = MANY
    if frequent is not None:
        names[np.isin(values, frequent)] = MANY
    names[values == 0] = 0
    return names.astype(np.uint8)[inverse].reshape(made.shape)
