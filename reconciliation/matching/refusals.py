"""Pairs of which a person said that they are not one, and groups that never join such a pair.

A refusal names two customers as they were then. Merges carry it on: it holds between whatever the two have been
merged into, and an undone merge brings it back to where it was, because nothing of it was moved.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import combinations

from django.db import transaction
from django.dispatch import Signal

from portal import audit
from portal.models import Tenant, User
from reconciliation.models import Customer, MatchCandidate, MatchSettings, RefusedPair

settled = Signal()
"""Sent with `tenant_id` and `customer_ids` that were said to be different, in the transaction that says so. Merges
announce themselves (`reconciliation.changes`)."""

audit.register_action("duplicates.refused", "said that {note} are not duplicates")

Pair = tuple[int, int]


def refuse(tenant: Tenant, customer_ids: Iterable[int], *, actor: User | None = None, note: str = "") -> int:
    """Remember that no two of these customers are one. Returns the number of pairs. Saying it twice changes nothing.

    Raises ValueError for fewer than two customers, or one that is not this tenant's.
    """
    ids = sorted(set(customer_ids))
    names = dict(Customer.objects.filter(tenant=tenant, pk__in=ids).values_list("id", "name"))
    if len(ids) < 2 or len(names) < len(ids):
        raise ValueError("Choose two or more customers of one merchant.")
    pairs = list(combinations(ids, 2))
    with transaction.atomic():
        # What merges by itself takes this lock too: it comes wholly before a refusal, or sees it.
        MatchSettings.objects.select_for_update().filter(tenant=tenant).first()
        RefusedPair.objects.bulk_create(
            [
                RefusedPair(tenant=tenant, left=left, right=right, actor=actor, note=note)
                for left, right in pairs
            ],
            ignore_conflicts=True,
        )
        open_ones = MatchCandidate.objects.filter(
            tenant=tenant, entity="customer", state=MatchCandidate.State.OPEN
        )
        open_ones.filter(left_id__in=ids, right_id__in=ids).update(state=MatchCandidate.State.REFUSED)
        settled.send(sender=None, tenant_id=tenant.pk, customer_ids=ids)
        said = ", ".join(names[number] or f"customer {number}" for number in ids)
        audit.record("duplicates.refused", tenant, actor=actor, note=said)
    return len(pairs)


def refused_pairs(tenant: Tenant) -> set[Pair]:
    """All refused pairs, each as the customers that its two have become (the smaller id first)."""
    return refused_among([tenant.pk])


def refused_among(tenants: Collection[int]) -> set[Pair]:
    """As `refused_pairs`, of all these tenants; as many queries as for one."""
    pairs = list(RefusedPair.objects.filter(tenant__in=tenants).values_list("left", "right"))
    became = survivors({number for pair in pairs for number in pair})
    now = {(became.get(left, left), became.get(right, right)) for left, right in pairs}
    return {(min(pair), max(pair)) for pair in now if pair[0] != pair[1]}


def is_any_refused(tenant: Tenant, ids: Sequence[int]) -> bool:
    """Whether any two of these customers, or of those merged into them, were refused. A fixed number of queries."""
    became = {number: number for number in ids}
    earlier = Customer.objects.filter(tenant=tenant, merged_into__in=ids)
    became.update((number, into) for number, into in earlier.values_list("id", "merged_into_id") if into)
    among = RefusedPair.objects.filter(tenant=tenant, left__in=became, right__in=became)
    return any(became[left] != became[right] for left, right in among.values_list("left", "right"))


def survivors(ids: Iterable[int]) -> Mapping[int, int]:
    """What each of these customers has been merged into at last; those never merged are left out."""
    became: dict[int, int] = {}
    asked = set(ids)
    while asked:
        rows = Customer.objects.filter(pk__in=list(asked)[:10_000], merged_into__isnull=False)
        found = {
            number: into for number, into in rows.values_list("id", "merged_into_id") if into is not None
        }
        asked = {*list(asked)[10_000:], *(set(found.values()) - became.keys())}
        became.update(found)
    return {number: _last(became, number) for number in became}


def _last(became: Mapping[int, int], number: int) -> int:
    seen = {number}
    while (following := became.get(number)) is not None and following not in seen:
        seen.add(following)
        number = following
    return number


def groups(pairs: Sequence[tuple[int, int, float]], refused: set[Pair]) -> list[list[int]]:
    """Customers joined by pairs (left, right, score) into groups, the best pairs first.

    A pair that would bring a refused pair into one group joins nothing.
    """
    member: dict[int, list[int]] = {}
    for left, right, _ in sorted(pairs, key=lambda pair: (-pair[2], pair[0], pair[1])):
        mine, theirs = member.setdefault(left, [left]), member.setdefault(right, [right])
        if mine is theirs or any((min(a, b), max(a, b)) in refused for a in mine for b in theirs):
            continue
        mine.extend(theirs)
        for number in theirs:
            member[number] = mine
    found = {id(group): group for group in member.values() if len(group) > 1}
    return sorted(sorted(group) for group in found.values())
