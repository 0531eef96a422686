"""Groups of duplicates as people read them: rows of the list, pairs of one group with their reasons."""

from itertools import combinations
from typing import Any

from django.http import HttpRequest

from portal.access import access_of
from reconciliation import duplicates
from reconciliation.duplicates import Group, Wanted
from reconciliation.entities import ENTITIES

REASONS = ("phone", "e-mail", "address", "surname", "business name")


def filters(request: HttpRequest, wanted: Wanted) -> list[tuple[str, str, list[tuple[str, str]], str]]:
    """(name, label, choices, chosen) of each filter; one with a single choice is no filter."""
    tenants = access_of(request.user).tenants().order_by("name")
    found = [
        ("tenant", "Tenant", [(str(tenant.pk), tenant.name) for tenant in tenants], wanted.tenant),
        ("band", "Score", list(duplicates.BAND_WORDS.items()), wanted.band),
        ("reason", "Agrees in", [(name, name) for name in REASONS], wanted.reason),
    ]
    return [row for row in found if len(row[2]) > 1 or row[3]]


def lines(found: list[Group]) -> list[dict[str, Any]]:
    """The rows of one page of the list: each group with its records and the likeliest pair's reasons."""
    ids: dict[str, set[int]] = {}
    for group in found:
        ids.setdefault(group.entity, set()).update(group.members)
    records = {
        (name, pk): record
        for name, wanted in ids.items()
        for pk, record in ENTITIES[name].objects.select_related("tenant").in_bulk(list(wanted)).items()
    }
    reasons = duplicates.reasons_of(group.lead for group in found)
    return [
        {
            "group": group,
            "records": [records[group.entity, pk] for pk in group.members if (group.entity, pk) in records],
            "percent": percent(group.lead.score),
            "reasons": reasons.get(group.lead.pk, []),
        }
        for group in found
    ]


def pairs(group: Group, names: dict[int, str]) -> list[dict[str, Any]]:
    """Each pair of the group: its score and reasons, where it was compared at all."""
    known = {(pair.left, pair.right): pair for pair in group.pairs}
    reasons = duplicates.reasons_of(group.pairs)
    found = []
    for left, right in combinations(sorted(names), 2):
        pair = known.get((left, right))
        found.append(
            {
                "ids": (left, right),
                "names": (names[left], names[right]),
                "percent": percent(pair.score) if pair else "",
                "reasons": reasons.get(pair.pk, []) if pair else [],
            }
        )
    return found


def percent(score: float) -> str:
    """A score as people read it; never 100 %, because nothing is that certain."""
    return f"{min(int(score * 100), 99)} %"
