"""What a merge begins with: who survives, and whose value each field takes, by the tenant's survivorship rules.

The route: records -> their links and what hangs on them -> `Side`s -> `survivorship_defaults` -> a `Plan`, which a
person may change before it is done. Gathered in a fixed number of queries, whatever the number of records.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count

from portal.models import Tenant
from reconciliation import relations
from reconciliation import survivorship_defaults as defaults
from reconciliation.entities import Entity
from reconciliation.merging import snapshot
from reconciliation.models import Link, MergeSettings
from reconciliation.survivorship_defaults import Side

_WORK = ("jobs", "invoices")
Held = Mapping[str, Mapping[int, int]]
"""How many rows of each relation, by label, hang on each record."""


@dataclass(frozen=True)
class Plan:
    """What is wanted: who survives, whose value each choice takes, and the versions of the records as they were seen."""

    survivor: int
    losers: list[int]
    picks: dict[str, int]
    versions: dict[int, int]


def proposed(entity: Entity, found: Sequence[Any]) -> Plan:
    """The plan that the tenant's rules make by themselves."""
    ids = [record.pk for record in found]
    sides = sides_of(entity, found, links_of(entity, ids), held(entity, ids))
    rules, survivor = rules_of(found[0].tenant), defaults.best_survivor(sides)
    picks = {
        choice.name: defaults.best(choice, defaults.prefer(rules, choice.name), sides, survivor)
        for choice in defaults.choices(entity)
        if not choice.united
    }
    versions = {record.pk: record.version for record in found}
    return Plan(survivor, [pk for pk in ids if pk != survivor], picks, versions)


def values_of(entity: Entity, found: Sequence[Any], plan: Plan) -> dict[str, Any]:
    """The survivor's values after the merge, in the record's types."""
    by_id = {record.pk: record for record in found}
    wanted: dict[str, Any] = {}
    for choice in defaults.choices(entity):
        if choice.united:
            order = [plan.survivor, *plan.losers]
            for name in choice.fields:
                wanted[name] = defaults.united(getattr(by_id[pk], name) for pk in order)
        elif choice.name in plan.picks:
            for name in choice.fields:
                wanted[name] = getattr(by_id[plan.picks[choice.name]], name)
    return wanted


def rules_of(tenant: Tenant) -> dict[str, str]:
    """The tenant's survivorship rules; none for one that never set any."""
    found = MergeSettings.objects.filter(tenant=tenant).values_list("rules", flat=True).first()
    return found if isinstance(found, dict) else {}


def sides_of(entity: Entity, found: Iterable[Any], links: Iterable[Link], hanging: Held) -> list[Side]:
    """The records as the rules look at them."""
    live = {link.record_id for link in links if link.state == Link.State.LIVE}
    return [_side(entity, record, record.pk in live, hanging) for record in found]


def _side(entity: Entity, record: Any, is_live: bool, hanging: Held) -> Side:
    work = sum(hanging.get(label, {}).get(record.pk, 0) for label in _WORK)
    modified_at = max(filter(None, (record.source_modified_at, record.edited_at)), default=record.updated_at)
    return Side(record.pk, snapshot(entity, record), modified_at, is_live, work)


def links_of(entity: Entity, ids: Sequence[int]) -> list[Link]:
    """The links of these records, without what they carry."""
    rows = Link.objects.filter(entity=entity.name, record_id__in=ids).select_related("source")
    return list(rows.defer("payload", "base").order_by("pk"))


def held(entity: Entity, ids: Sequence[int]) -> dict[str, dict[int, int]]:
    """How many rows of each relation hang on each of these records."""
    found = {}
    for relation in relations.of(entity):
        rows = relation.model._default_manager.filter(**{f"{relation.field}__in": ids}).order_by()
        found[relation.label] = dict(rows.values_list(relation.field).annotate(count=Count("pk")))
    return found
