"""Which records may be one: open candidates as groups. Queries only; refusing and merging have their own modules.

The route: open pairs of some tenants -> each end followed to what it has been merged into -> refused pairs left out
-> joined into groups (A=B and B=C are one group of three), the likeliest first.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from reconciliation.entities import ENTITIES
from reconciliation.matching import refusals
from reconciliation.matching.bands import band
from reconciliation.matching.store import settings_by_tenant
from reconciliation.models import MatchCandidate

MOST = 6_000
"""Pairs looked at, the likeliest first: what people go through in a month. The next come as these are decided."""


@dataclass(frozen=True)
class Pair:
    """Two records, as they stand after merges, and the candidate that says so."""

    pk: int
    left: int
    right: int
    score: float


@dataclass(frozen=True)
class Group:
    """Records that may be one. `lead` is the likeliest pair's candidate: the group goes by it."""

    tenant_id: int
    entity: str
    members: tuple[int, ...]
    pairs: tuple[Pair, ...]

    @property
    def lead(self) -> Pair:
        return self.pairs[0]

    @property
    def place(self) -> tuple[float, int]:
        """Where it stands in the list."""
        return -self.lead.score, self.lead.pk


@dataclass(frozen=True)
class Wanted:
    """The filters of the list, as they stand in its address."""

    tenant: str = ""
    band: str = ""
    reason: str = ""
    q: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Wanted":
        found = {name: str(query.get(name, "")).strip()[:200] for name in ("tenant", "band", "reason", "q")}
        if not found["tenant"].isdecimal():
            found["tenant"] = ""
        return cls(**found)

    @property
    def given(self) -> dict[str, str]:
        names = ("tenant", "band", "reason", "q")
        return {name: value for name in names if (value := getattr(self, name))}


BAND_WORDS = {
    "merge": "certain, by the merchant's limit",
    "review": "to be looked at",
}
"""The bands that groups are found in; each merchant sets where one begins. Below both, nobody is asked."""


def waiting(tenants: Iterable[int]) -> Any:
    """Open candidates of these tenants."""
    return MatchCandidate.objects.filter(tenant__in=set(tenants), state=MatchCandidate.State.OPEN)


def groups(tenants: Iterable[int], wanted: Wanted) -> list[Group]:
    """All groups, the likeliest first, narrowed by everything wanted but the search."""
    chosen = set(tenants)
    if wanted.tenant:
        chosen &= {int(wanted.tenant)}
    rows = waiting(chosen).order_by("-score", "pk").values_list(
        "tenant_id", "entity", "pk", "left_id", "right_id", "score"
    )  # fmt: skip
    by_kind: dict[tuple[int, str], list[Pair]] = {}
    for tenant_id, entity, *pair in rows[:MOST]:
        by_kind.setdefault((tenant_id, entity), []).append(Pair(*pair))
    refused = refusals.refused_among({tenant_id for tenant_id, _ in by_kind})
    became = {entity: _survivors(entity, by_kind) for entity in {entity for _, entity in by_kind}}
    found = [
        group for key, pairs in by_kind.items() for group in _grouped(*key, pairs, became[key[1]], refused)
    ]
    matching = _in_band(found, wanted.band)
    if wanted.reason:
        with_it = candidates_saying(matching, wanted.reason)
        matching = [group for group in matching if any(pair.pk in with_it for pair in group.pairs)]
    return sorted(matching, key=lambda group: group.place)


def _in_band(found: list[Group], wanted: str) -> list[Group]:
    """The groups whose likeliest pair is in this band of its merchant; all of them where it names none."""
    if wanted not in BAND_WORDS:
        return found
    limits = settings_by_tenant({group.tenant_id for group in found})
    return [group for group in found if band(group.lead.score, limits[group.tenant_id]) == wanted]


def group_of(candidate: MatchCandidate, found: Iterable[Group] | None = None) -> Group | None:
    """The group that a candidate belongs to, or None where nothing is left to decide.

    `found` are the groups that a list shows; a candidate beside them is looked for among all of its tenant.
    """
    shown = [group for group in found or () if any(pair.pk == candidate.pk for pair in group.pairs)]
    for group in shown or groups([candidate.tenant_id], Wanted()):
        if any(pair.pk == candidate.pk for pair in group.pairs):
            return group
    return None


def _grouped(
    tenant_id: int, entity: str, pairs: list[Pair], became: Mapping[int, int], refused: set[tuple[int, int]]
) -> list[Group]:
    now: dict[tuple[int, int], Pair] = {}
    for pair in pairs:
        ends = sorted((became.get(pair.left, pair.left), became.get(pair.right, pair.right)))
        key = (ends[0], ends[1])
        if ends[0] != ends[1] and key not in refused and key not in now:
            now[key] = Pair(pair.pk, *key, pair.score)
    joined = refusals.groups([(pair.left, pair.right, pair.score) for pair in now.values()], refused)
    member = {number: tuple(group) for group in joined for number in group}
    of_group: dict[tuple[int, ...], list[Pair]] = {}
    for pair in now.values():
        group = member.get(pair.left, ())
        if pair.right in group:
            of_group.setdefault(group, []).append(pair)
        else:  # a refusal keeps its two groups apart: it is a question of its own
            of_group.setdefault((pair.left, pair.right), []).append(pair)
    return [Group(tenant_id, entity, members, tuple(found)) for members, found in of_group.items()]


def _survivors(entity: str, by_kind: Mapping[tuple[int, str], list[Pair]]) -> Mapping[int, int]:
    """What the ends of this entity's pairs have been merged into.

    Those that were merged away are a few, and read by their own index, where the pairs name thousands.
    """
    pairs = {tenant_id: found for (tenant_id, name), found in by_kind.items() if name == entity}
    merged = ENTITIES[entity].objects.filter(tenant__in=pairs, merged_into__isnull=False)
    ends = {end for found in pairs.values() for pair in found for end in (pair.left, pair.right)}
    return refusals.survivors(ends & set(merged.values_list("pk", flat=True)))


def is_capped(tenants: Iterable[int]) -> bool:
    """Whether there are more pairs than are looked at."""
    return bool(waiting(tenants).order_by()[: MOST + 1].count() > MOST)


def reasons_of(pairs: Iterable[Pair]) -> dict[int, list[tuple[str, bool]]]:
    """Per candidate its reasons: in words, and whether each speaks for one record."""
    rows = MatchCandidate.objects.filter(pk__in=[pair.pk for pair in pairs])
    return {pk: told(reasons) for pk, reasons in rows.values_list("pk", "reasons")}


_OF_THE_SCORE = {"start", "taken together"}
"""Parts of the sum that no person would call a reason."""
_SAYS_LITTLE = 0.3


def told(reasons: Any) -> list[tuple[str, bool]]:
    """Stored reasons as (words, speaks for it), the strongest first; what hardly weighs is left out."""
    found = []
    for reason in reasons if isinstance(reasons, list) else [reasons]:
        if isinstance(reason, dict):
            weight = float(reason.get("weight", 0))
            if reason.get("field") not in _OF_THE_SCORE and abs(weight) >= _SAYS_LITTLE:
                found.append((str(reason.get("words", "")), weight > 0))
        else:
            found.append((str(reason), True))
    return found


def candidates_saying(found: Iterable[Group], reason: str) -> set[int]:
    """Of these groups' candidates, those with a field among their reasons that speaks for one record."""
    ids = [pair.pk for group in found for pair in group.pairs]
    rows = MatchCandidate.objects.filter(pk__in=ids).values_list("pk", "reasons")
    return {pk for pk, reasons in rows if reason in fields_for(reasons)}


def fields_for(reasons: Any) -> set[str]:
    """The fields that speak for one record."""
    found = reasons if isinstance(reasons, list) else []
    return {str(row["field"]) for row in found if isinstance(row, dict) and row.get("weight", 0) > 0}
