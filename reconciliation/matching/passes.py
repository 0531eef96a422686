"""Finding a tenant's duplicates: all of them (`dedupe_tenant`), or those of customers that changed (`catch_up`).

The route of a full pass: customers read in blocks -> columns -> keys and name counts stored, for the scoring of
single customers -> every pair compared -> candidates replaced in one transaction.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from django.db import transaction
from django.utils import timezone

from portal import audit
from portal.models import Tenant
from reconciliation.matching import candidates, store
from reconciliation.matching.candidates import Found
from reconciliation.matching.columns import Columns, Longs
from reconciliation.matching.full_pass import Prepared, Scored, compare_all, prepare
from reconciliation.matching.incremental import score_customer
from reconciliation.matching.keys import keys
from reconciliation.matching.reading import read, read_all
from reconciliation.matching.refusals import refused_pairs
from reconciliation.matching.scoring import Weights, explain, weights
from reconciliation.models import MatchSettings, Unmatched

audit.register_action("duplicates.looked_for", "looked for duplicates: {note}")
Progress = Callable[[str, int, int], None]
"""Told (what is done, so many of, so many)."""


@dataclass(frozen=True)
class Passed:
    """What a full pass did."""

    customers: int
    candidates: int


def _silent(what: str, done: int, total: int) -> None:
    """For callers that do not look."""


def dedupe_tenant(tenant: Tenant, progress: Progress = _silent) -> Passed:
    """Compare all customers of a tenant with one another and replace its open candidates."""
    last = Unmatched.objects.filter(tenant=tenant).order_by("-id").values_list("id", flat=True).first() or 0
    progress("reading customers", 0, 1)
    found = read_all(store.everyone(tenant))
    progress("reading customers", 1, 1)
    made = keys(found)
    ready = prepare(found, made)
    limits = _learn(tenant, ready, made, last)
    del made
    progress("keeping keys", 1, 1)
    refused = refused_pairs(tenant)
    # All pairs first, then the transaction that writes them: nobody waits for it while customers are compared.
    passed = list(
        compare_all(
            found,
            limits.review_from,
            prepared=ready,
            progress=lambda done, total: progress("comparing pairs", done, total),
        )
    )
    weighed = weights().fitted(*ready.fitted)
    progress("writing pairs down", 0, 1)
    count = candidates.replace_all(tenant, _found(found, passed, weighed), refused)
    return Passed(len(found), count)


def _learn(tenant: Tenant, ready: Prepared, made: Longs, last: int) -> MatchSettings:
    """Store what single customers will be scored by; the customers noted as changed up to `last` are then done."""
    with transaction.atomic():
        limits, _ = MatchSettings.objects.get_or_create(tenant=tenant)
        setting = ready.comparison.setting
        store.rewrite_keys(tenant, setting.found.ids, made)
        store.write_counts(tenant, setting.found, setting.common)
        limits.customers_counted, limits.passed_at = len(setting.found), timezone.now()
        limits.fitted = ready.fitted
        limits.save(update_fields=["customers_counted", "fitted", "passed_at"])
        Unmatched.objects.filter(tenant=tenant, id__lte=last).delete()
    return limits


def _found(found: Columns, passed: Iterable[Scored], weighed: Weights) -> Iterator[Found]:
    for part in passed:
        left, right = found.ids[part.left], found.ids[part.right]
        low, high = np.minimum(left, right).tolist(), np.maximum(left, right).tolist()
        for one, other, score, levels in zip(
            low, high, part.score.tolist(), part.levels.T.tolist(), strict=True
        ):
            yield one, other, score, explain(levels, weighed)


def catch_up(tenant: Tenant, limit: int = 1000) -> int:
    """Score customers that are new or have changed, the oldest first; returns how many were looked at.

    Their keys are stored first, all of them, so that they also find each other. Safe to run twice, or to be killed:
    a customer stays noted until its candidates are written.
    """
    noted = list(Unmatched.objects.filter(tenant=tenant).order_by("id").values_list("id", "customer")[:limit])
    ids = sorted({customer for _, customer in noted})
    if not ids:
        return 0
    refresh_keys(tenant, ids)
    refused, limits = refused_pairs(tenant), store.settings_of(tenant)
    for customer_id in ids:
        matches = score_customer(tenant, customer_id, limits.review_from)
        pairs = [
            (
                min(customer_id, match.customer_id),
                max(customer_id, match.customer_id),
                match.score,
                match.reasons,
            )
            for match in matches
        ]
        candidates.replace_of(tenant, customer_id, pairs, refused)
    Unmatched.objects.filter(id__in=[number for number, _ in noted]).delete()
    return len(ids)


def bring_up_to_date(tenant: Tenant, limit: int = 1000) -> int:
    """What a worker calls: the customers noted are scored; after a first sync all are at once, which is quicker."""
    noted = Unmatched.objects.filter(tenant=tenant).count()
    counted = store.settings_of(tenant).customers_counted
    if noted > max(limit, counted // 10):
        return dedupe_tenant(tenant).customers
    return catch_up(tenant, limit)


def refresh_keys(tenant: Tenant, ids: list[int]) -> None:
    """Store the keys of these customers as they are now; merged ones have none."""
    found = read(store.some(tenant, ids))
    gone = np.array(sorted(set(ids) - set(found.ids.tolist())), dtype=np.int64)
    made = keys(found)
    store.write_keys(
        tenant,
        np.concatenate((found.ids, gone)),
        np.concatenate((made, np.zeros((len(made), len(gone)), dtype=np.int64)), axis=1),
    )
