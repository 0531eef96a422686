"""Certain duplicates merged without a person, where a tenant has switched that on.

The route: open pairs in the band -> groups -> those that a person must look at left out (`planned`) -> each group, in
a transaction of its own under the lock of the tenant's match settings: looked at once more, then merged by the
tenant's survivorship rules. A refusal takes the same lock, so it comes wholly before or wholly after.
"""

import math
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from portal.models import Tenant
from reconciliation.editing import RecordMovedOn
from reconciliation.entities import ENTITIES
from reconciliation.matching import refusals
from reconciliation.merging import MOST, CannotMerge, merge
from reconciliation.models import Change, Customer, MatchCandidate, MatchSettings, Merge, Unmatched
from reconciliation.proposing import proposed, values_of

CUSTOMER = ENTITIES["customer"]
SECONDS = 45.0
REASONS = 5
"""So many reasons stand in the note of a merge, the strongest."""


@dataclass(frozen=True)
class Planned:
    """Groups that would be merged now, the likeliest first; `pairs` within them; groups `left` to a person."""

    groups: list[tuple[int, ...]]
    pairs: int
    left: int

    @property
    def customers(self) -> int:
        return sum(map(len, self.groups))


class _SwitchedOff(Exception):
    """The tenant does not want it any more."""


def planned(tenant: Tenant, merge_from: float) -> Planned:
    """What would be merged at this limit.

    Left to a person: a group in which some pair is not in the band itself, was refused, or was once merged and
    undone; and one of more records than a merge takes.
    """
    rows = _certain(tenant, merge_from).order_by("-score", "pk").values_list("left_id", "right_id", "score")
    merged = Customer.objects.filter(tenant=tenant, merged_into__isnull=False)
    gone = set(merged.values_list("pk", flat=True)) if rows.exists() else set()
    pairs = [row for row in rows if not gone & {row[0], row[1]}]
    known = {(left, right): score for left, right, score in pairs}
    refused = refusals.refused_pairs(tenant) if pairs else set()
    undone = _unmerged({end for pair in known for end in pair})
    groups, left = [], 0
    for members in refusals.groups(pairs, set()):
        inside = list(combinations(members, 2))
        alone = any(pair not in known or pair in refused for pair in inside) or undone & set(members)
        if alone or len(members) > MOST:
            left += 1
        else:
            groups.append((max(known[pair] for pair in inside), tuple(members)))
    groups.sort(key=lambda group: (-group[0], group[1]))
    found = [members for _, members in groups]
    return Planned(found, sum(math.comb(len(members), 2) for members in found), left)


def merge_certain(tenant: Tenant, seconds: float = SECONDS) -> int:
    """Merge what is certain, as far as the time goes; returns the number of merges.

    Safe for several workers at once, and to be killed: each group is one transaction that looks at everything anew.
    """
    limits = MatchSettings.objects.filter(tenant=tenant, merges_by_itself=True).first()
    if limits is None:
        return 0
    until, done = time.monotonic() + seconds, 0
    for members in planned(tenant, limits.merge_from).groups:
        try:
            done += merge_group(tenant, members) is not None
        except _SwitchedOff:
            break
        if time.monotonic() >= until:
            break
    return done


def merge_group(tenant: Tenant, ids: Sequence[int]) -> Merge | None:
    """Merge these customers if, under the lock, they are still certain; None where something has moved meanwhile."""
    try:
        with transaction.atomic():
            limits = MatchSettings.objects.select_for_update().get(tenant=tenant)
            if not limits.merges_by_itself:
                raise _SwitchedOff
            rows = Customer.objects.select_for_update().filter(tenant=tenant, pk__in=ids, merged_into=None)
            found = list(rows.order_by("pk"))
            pairs = list(
                _certain(tenant, limits.merge_from)
                .filter(left_id__in=ids, right_id__in=ids)
                .order_by("score", "pk")
            )
            if len(found) != len(ids) or len(pairs) != math.comb(len(ids), 2) or _is_a_persons(tenant, ids):
                return None
            plan = proposed(CUSTOMER, found)
            values, note = values_of(CUSTOMER, found, plan), _note(pairs[0], limits)
            return merge(CUSTOMER, plan.survivor, plan.losers, values, note=note, versions=plan.versions)
    except (CannotMerge, RecordMovedOn):
        return None


def waiting() -> set[int]:
    """Tenants that have it switched on and pairs in the band."""
    limits = MatchSettings.objects.filter(merges_by_itself=True)
    pairs = MatchCandidate.objects.filter(
        tenant=OuterRef("tenant"),
        state=MatchCandidate.State.OPEN,
        entity=CUSTOMER.name,
        score__gte=OuterRef("merge_from"),
    )
    return set(limits.filter(Exists(pairs)).values_list("tenant_id", flat=True))


def _certain(tenant: Tenant, merge_from: float) -> QuerySet[MatchCandidate]:
    return MatchCandidate.objects.filter(
        tenant=tenant, state=MatchCandidate.State.OPEN, entity=CUSTOMER.name, score__gte=merge_from
    )


def _is_a_persons(tenant: Tenant, ids: Sequence[int]) -> bool:
    """Whether a person has spoken about these, or they have changed since they were compared."""
    stale = Unmatched.objects.filter(tenant=tenant, customer__in=ids).exists()
    return stale or refusals.is_any_refused(tenant, ids) or bool(_unmerged(ids))


def _unmerged(ids: Iterable[int]) -> set[int]:
    """Those that a merge joined and an undo parted: what was undone once is not done again without a person."""
    asked, found = sorted(ids), set[int]()
    for start in range(0, len(asked), 500):
        some = asked[start : start + 500]
        rows = Change.objects.filter(entity=CUSTOMER.name, record_id__in=some, kind=Change.Kind.UNMERGED)
        found.update(rows.values_list("record_id", flat=True))
    return found


def _note(pair: MatchCandidate, limits: MatchSettings) -> str:
    """The least certain pair's score and reasons, in words."""
    told = [row for row in pair.reasons if isinstance(row, dict) and row.get("field") != "start"]
    words = ", ".join(f"{row['words']} ({row['weight']:+.1f})" for row in told[:REASONS])
    return f"Merged by itself: {percent(pair.score)}, the limit is {percent(limits.merge_from)}. {words}"


def percent(score: float) -> str:
    """A score to the hundredth, cut off and not rounded: nothing is quite 100 %."""
    return f"{min(math.floor(score * 10_000) / 100, 99.99):.2f} %"
