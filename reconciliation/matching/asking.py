"""Pairs that a person is asked about because something waits for the answer: a flow that found several customers.

The route: a customer and those it may be -> compared as any others are, for score and reasons -> candidates that stay
until they are decided. The answer is a merge, or a refusal (`refusals.settled` tells whoever waits).
"""

from collections.abc import Collection

from portal.models import Tenant
from reconciliation.matching import candidates, passes, store
from reconciliation.matching.candidates import Found
from reconciliation.matching.incremental import score_customer
from reconciliation.matching.refusals import refused_pairs
from reconciliation.matching.scoring import Reason

WEIGHT = 1.0
"""Of the reason that the asker gives: more than what a list of reasons leaves out as saying little."""


def ask(tenant: Tenant, customer_id: int, others: Collection[int], why: str) -> None:
    """Have a person say whether this customer is one of the others. `why` is said where comparing finds no reason."""
    if not others:
        return
    passes.refresh_keys(tenant, sorted({customer_id, *others}))
    limits = store.settings_of(tenant)
    scored = {match.customer_id: match for match in score_customer(tenant, customer_id)}
    found: list[Found] = []
    for other in sorted(others):
        match = scored.get(other)
        said = [Reason("asked for", why, WEIGHT), *(match.reasons if match else [])]
        score = max(match.score if match else 0.0, limits.review_from)
        found.append((min(customer_id, other), max(customer_id, other), score, said))
    candidates.ask_for(tenant, found, refused_pairs(tenant))
