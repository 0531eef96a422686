"""One customer scored against those it shares a key with.

The route: the customer -> its keys -> who else has them (one query) -> these customers -> the same comparison as a
full pass makes. The number of queries is constant; the caps of the keys bound the work.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from portal.models import Tenant
from reconciliation.matching import store
from reconciliation.matching.columns import columns
from reconciliation.matching.context import names_under
from reconciliation.matching.keys import CAPS, keys, shared_keys
from reconciliation.matching.levels import Comparison
from reconciliation.matching.profile import profile
from reconciliation.matching.reading import Block
from reconciliation.matching.scoring import Reason, explain, scores, weights


@dataclass(frozen=True)
class Match:
    """A customer that may be the one asked about, with the score (0 to 1) and its reasons."""

    customer_id: int
    score: float
    reasons: list[Reason]


def score_customer(tenant: Tenant, customer_id: int, at_least: float = 0.0) -> list[Match]:
    """Who else this customer may be, best first: those that score `at_least`.

    The customer's own keys need not be stored yet; those of the others must be (`indexing.refresh`). An unknown or
    merged customer has no matches.
    """
    mine = store.some(tenant, [customer_id])
    if not mine:
        return []
    own = keys(columns([(customer_id, profile(mine[0][1]))]))[:, 0].tolist()
    caps = {key: cap for key, cap in zip(own, CAPS, strict=True) if key}
    rows = store.sharing(tenant, list(caps), [cap + 1 for cap in caps.values()])
    others = [(key, other) for key, other in rows if other != customer_id]
    sizes = Counter(key for key, _ in others)
    frequent = {key for key, cap in caps.items() if sizes[key] >= cap}
    candidates = sorted({other for key, other in others if key not in frequent})
    return _compared(tenant, customer_id, mine + store.some(tenant, candidates), frequent, at_least)


def _compared(
    tenant: Tenant, customer_id: int, raws: Block, frequent: set[int], at_least: float
) -> list[Match]:
    if len(raws) < 2:
        return []
    found = columns((number, profile(raw)) for number, raw in raws)
    made = shared_keys(found)
    counted, fitted = store.learned_of(tenant)
    common = store.counts_of(tenant, counted, found)
    weighed = weights().fitted(*fitted)
    names = names_under(made, found, np.array(sorted(frequent), dtype=np.int64))
    others = np.arange(1, len(found))
    levels = Comparison(found, common, names).levels(np.zeros(len(others), dtype=np.int64), others)
    scored = scores(levels, weighed)
    order = [int(place) for place in np.argsort(-scored, kind="stable") if scored[place] >= at_least]
    return [
        Match(int(found.ids[place + 1]), float(scored[place]), explain(levels[:, place].tolist(), weighed))
        for place in order
    ]
