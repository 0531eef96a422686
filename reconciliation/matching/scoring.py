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

from reconciliation.matching.fields import AREA, FIELDS, MIXUP
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
    usual: tuple["Usual", ...] = ()
    """What they were learned with, for each level of `fields.MIXUP` from 1 on."""

    shares: tuple[float, ...] = ()
    """The share of duplicates among the pairs that they were learned on, for each level of `fields.AREA`."""

    def fitted(
        self, given_mixups: float = 0.0, name_mixups: float = 0.0, areas: Sequence[float] = ()
    ) -> "Weights":
        """These weights with what the customers compared say themselves: see `fitting.Fitted`."""
        mixed = (given_mixups, name_mixups)
        shifts = [usual.shift(share) for usual, share in zip(self.usual, mixed, strict=False)]
        rows = list(self.fields)
        if shifts:
            rows[FIELDS.index(MIXUP)] = np.array([0.0, *shifts])
        if areas:
            rows[FIELDS.index(AREA)] = rows[FIELDS.index(AREA)] + np.array(areas)
        return Weights(self.start, tuple(rows), self.usual, self.shares)


@dataclass(frozen=True)
class Usual:
    """Among the customers that weights were learned on: the share of pairs that mix-ups explained, and the true one."""

    explained: float
    true: float

    def shift(self, explained: float) -> float:
        """By how much the log-odds move where mix-ups explain a greater share; 0 where they do not."""
        beyond = max(0.0, explained - self.explained) / (1 - self.explained)
        return log_odds(self.true + beyond * (1 - self.true)) - log_odds(self.true)


def log_odds(share: float) -> float:
    """The log-odds of a probability."""
    return math.log(share / (1 - share))


@cache
def weights() -> Weights:
    """The weights that come with the package."""
    return read_weights(json.loads(WEIGHTS.read_text(encoding="utf-8")))


def read_weights(data: Mapping[str, Any]) -> Weights:
    """Weights from `{"start": …, "fields": {field: {level's number: weight}}, "mix-ups": [[explained, true], …],
    "shares": […]}`; a level not named weighs nothing."""
    found = []
    for field in FIELDS:
        row = np.zeros(len(field.words))
        for level, weight in data["fields"].get(field.name, {}).items():
            row[int(level)] = weight
        found.append(row)
    return Weights(float(data["start"]), tuple(found), tuple(Usual(*row) for row in data["mix-ups"]),
                   tuple(data["shares"]))  # fmt: skip


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
