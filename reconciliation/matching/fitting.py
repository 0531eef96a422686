"""What a tenant's customers, taken together, say about the weights: learned from them without knowing any truth.

Duplicates' share. Weights were learned where so many of the compared pairs within one ZIP were duplicates, and so many
of those farther apart; elsewhere it is another share, which moves the log-odds of every such pair. The share that fits
is found by expectation and maximisation (Saerens, Latinne and Decaestecker 2002): score, take the mean score as the
share, score again.

Mix-ups. Two given names under one surname and roof are mostly two people. In a file whose names were garbled or filled
in from elsewhere they are often one. Garbling strikes given names and surnames alike, but those who live together
share the surname. So pairs at one address with one given name and two surnames measure the garbling, and those with
two given names and one surname, beyond that, the households.
"""

from typing import NamedTuple

import numpy as np

from reconciliation.matching.columns import Longs
from reconciliation.matching.fields import AREA, FIELDS
from reconciliation.matching.keys import FIRST, pairs_of_kind
from reconciliation.matching.levels import Comparison
from reconciliation.matching.pairs import among
from reconciliation.matching.scoring import Floats, Weights, log_odds, scores

MOST = 100_000
"""Pairs looked at."""
_FEW = 4
"""Customers at one address; among more, chance meetings count too much."""
_LEAST, _GREATEST = 0.005, 0.95
_NEAR = (1, 2)
"""Levels of the area in which an address can bear out a name; elsewhere a namesake looks like a customer who moved,
and a greater share of duplicates is not believed."""
_AS_LEARNED = 200
"""So many pairs with the usual share are thought to be there, too: a few customers shift little."""


class Fitted(NamedTuple):
    """What was found; all 0 where nothing was.

    Of the pairs at one address with other given names, the share that garbling explains, under one surname
    (`given_mixups`) and under two (`name_mixups`), the least that the numbers allow. And by how much the log-odds of
    pairs are moved, for each level of `fields.AREA` (`areas`).
    """

    given_mixups: float = 0.0
    name_mixups: float = 0.0
    areas: tuple[float, ...] = ()


def fit(comparison: Comparison, made: Longs, left: Longs, right: Longs, using: Weights) -> Fitted:
    """Measure a tenant's customers: `made` are their keys, `left` and `right` all pairs to compare."""
    mixed = mixups(comparison, made)
    step = max(1, -(-len(left) // MOST))
    levels = comparison.levels(left[::step], right[::step])
    score, area = scores(levels, using.fitted(*mixed)), levels[FIELDS.index(AREA)]
    shifts = [_shift(score[area == level], usual) for level, usual in enumerate(using.shares)]
    near = [shift if level in _NEAR else min(shift, 0.0) for level, shift in enumerate(shifts)]
    return mixed._replace(areas=tuple(near))


def mixups(comparison: Comparison, made: Longs) -> Fitted:
    """The mix-ups alone."""
    row = FIRST["place"]
    left, right = pairs_of_kind(made[row : row + 1], _FEW)
    step = max(1, -(-len(left) // MOST))
    given, surname = comparison.names_of(left[::step], right[::step])
    same_given, same_surname = among(given, 1, 2, 4), among(surname, 1, 2, 3)
    both = int(np.sum(same_given & same_surname))
    one_given = int(np.sum(same_given & (surname == 6)))
    one_surname = int(np.sum(same_surname & (given == 8)))
    neither = int(np.sum((given == 8) & (surname == 6)))
    return Fitted(_share(one_given, one_surname), _share(one_given**2 / max(both, 1), neither))


def _share(explained: float, found: int) -> float:
    """`explained` of `found`, less two standard errors."""
    sure = explained - 2 * explained**0.5
    return float(min(max(sure / found, 0.0), _SUREST)) if found else 0.0


_SUREST = 0.9


def _shift(score: Floats, usual: float) -> float:
    """The shift of the log-odds from the usual share of duplicates to the one that fits these scores."""
    odds = score / np.maximum(1 - score, 1e-12)
    share = usual
    for _ in range(100):
        moved = odds * (share / (1 - share) / (usual / (1 - usual)))
        before, total = share, float(np.sum(moved / (1 + moved)))
        share = (total + _AS_LEARNED * usual) / (len(score) + _AS_LEARNED)
        share = min(max(share, _LEAST), _GREATEST)
        if abs(share - before) < 1e-6:
            break
    return log_odds(share) - log_odds(usual)
