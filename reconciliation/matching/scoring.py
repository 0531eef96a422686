"""Levels into scores and words: the weights of a pair's levels are summed, and the sum is a probability's log-odds.

The weights were learned once, on made-up customers with a known truth, and come with the package as data.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from reconciliation.matching.fields import FIELDS
from reconciliation.matching.pairs import Level

Floats = npt.NDArray[np.float64]
WEIGHTS = Path(__file__).parent / "data" / "weights.json"


@dataclass(frozen=True)
class Reason:
    """One field's part in a score. `weight` is in log-odds: above 0 speaks for one customer, below 0 against."""

    field: str
    words: str
    weight: float


@dataclass(frozen=True)
class Weights:
    """A weight for each level of each field, and the one that every pair starts with."""

    start: float
    fields: tuple[Floats, ...]


@cache
def weights() -> Weights:
    """The weights that come with the package."""
    return read_weights(json.loads(WEIGHTS.read_text(encoding="utf-8")))


def read_weights(data: Mapping[str, Any]) -> Weights:
    """Weights from `{"start": …, "fields": {field: {level's number: weight}}}`; a level not named weighs nothing."""
    found = []
    for field in FIELDS:
        row = np.zeros(len(field.words))
        for level, weight in data["fields"].get(field.name, {}).items():
            row[int(level)] = weight
        found.append(row)
    return Weights(float(data["start"]), tuple(found))


def scores(levels: Level, using: Weights | None = None) -> Floats:
    """The score of each pair, 0 to 1."""
    using = using or weights()
    total = np.full(levels.shape[1], using.start)
    for row, weight in zip(levels, using.fields, strict=True):
        total += weight[row]
    return np.asarray(1 / (1 + np.exp(-total)))


def explain(levels: Sequence[int], using: Weights | None = None) -> list[Reason]:
    """Why one pair has its score: its weights add up to the score's log-odds. Strongest first, the start last."""
    using = using or weights()
    reasons = [
        Reason(field.name, field.words[level], float(weight[level]))
        for field, level, weight in zip(FIELDS, levels, using.fields, strict=True)
        if weight[level]
    ]
    reasons.sort(key=lambda reason: -abs(reason.weight))
    return [*reasons, Reason("start", "two customers taken by chance among those compared", using.start)]


def score_of(reasons: Sequence[Reason]) -> float:
    """The score that reasons add up to."""
    return 1 / (1 + math.exp(-sum(reason.weight for reason in reasons)))


def in_words(reasons: Sequence[Reason]) -> str:
    """Reasons as one line: "same phone (+3.1); different given names (-4.0)"."""
    return "; ".join(
        f"{reason.words} ({reason.weight:+.1f})" for reason in reasons if reason.field != "start"
    )
