"""Records side by side before they are merged: what differs, what is proposed, what would move. And the form's answer.

Gathered in a fixed number of queries, whatever the number of records.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

from portal.models import Tenant
from reconciliation import proposing, relations
from reconciliation import survivorship_defaults as defaults
from reconciliation.admin import shown, values
from reconciliation.admin.review_page import record_url
from reconciliation.entities import ENTITIES, Entity
from reconciliation.links import deep_link
from reconciliation.merging import MOST, CannotMerge, snapshot
from reconciliation.models import Contact, Link
from reconciliation.proposing import Plan, rules_of, values_of
from reconciliation.survivorship_defaults import Choice, Side

_LABELS = {"address": "address"}


@dataclass(frozen=True)
class Column:
    """One record of the page. `held` says what hangs on it: "3 jobs"."""

    id: int
    record: Any
    url: str
    links: list[tuple[str, str]]
    contacts: list[str]
    held: list[str]
    since: str


@dataclass(frozen=True)
class Cell:
    id: int
    words: str
    chosen: bool


@dataclass(frozen=True)
class Line:
    """One choice across all records. `differs` is whether there is anything to choose."""

    name: str
    label: str
    cells: list[Cell]
    differs: bool
    united: str
    because: str


def records(entity: Entity, ids: Sequence[int]) -> list[Any]:
    """The records in this order, with their tenants. Raises CannotMerge for ids that are no records to be merged."""
    if not entity.merges or not 2 <= len(ids) <= MOST:
        raise CannotMerge(f"Choose two to {MOST} different {entity.plural}.")
    found = entity.objects.select_related("tenant").in_bulk(list(ids))
    if len(found) != len(ids) or any(record.merged_into_id for record in found.values()):
        raise CannotMerge(f"One of these {entity.plural} was merged already, or is no longer there.")
    if len({record.tenant_id for record in found.values()}) > 1:
        raise CannotMerge(f"{entity.plural.capitalize()} of different merchants cannot be merged.")
    return [found[pk] for pk in ids]


def page_of(entity: Entity, found: Sequence[Any], plan: Plan | None = None) -> dict[str, Any]:
    """The context of the side-by-side page; with a plan, as the person had marked it."""
    tenant = found[0].tenant
    ids = [record.pk for record in found]
    links, held = proposing.links_of(entity, ids), proposing.held(entity, ids)
    sides = proposing.sides_of(entity, found, links, held)
    rules = rules_of(tenant)
    survivor = plan.survivor if plan else defaults.best_survivor(sides)
    lines = [
        _line(entity, tenant, choice, sides, rules, survivor, plan) for choice in defaults.choices(entity)
    ]
    return {
        "entity": entity,
        "tenant": tenant,
        "columns": _columns(entity, found, links, held),
        "survivor": survivor,
        "different": [line for line in lines if line.differs],
        "same": [line for line in lines if not line.differs],
        "versions": [(record.pk, record.version) for record in found],
    }


def plan_of(entity: Entity, posted: QueryDict, ids: Sequence[int]) -> Plan:
    """The person's answer. Raises CannotMerge where it names what was not offered."""
    survivor = posted.get("survivor", "")
    if survivor not in map(str, ids):
        raise CannotMerge("Choose the one that stays.")
    picks = {}
    for choice in defaults.choices(entity):
        picked = posted.get(f"pick-{choice.name}", "")
        if picked in map(str, ids):
            picks[choice.name] = int(picked)
    versions = {pk: int(text) for pk in ids if (text := posted.get(f"version-{pk}", "")).isdecimal()}
    return Plan(int(survivor), [pk for pk in ids if pk != int(survivor)], picks, versions)


def confirmation(entity: Entity, found: Sequence[Any], plan: Plan) -> dict[str, Any]:
    """What is about to happen: the survivor's fields that change, and exactly what moves."""
    survivor = next(record for record in found if record.pk == plan.survivor)
    before, after = snapshot(entity, survivor), values_of(entity, found, plan)
    tenant = survivor.tenant
    changed = []
    for name, value in after.items():
        was, becomes = (values.words_of(entity, name, v, tenant) for v in (before[name], value))
        if was != becomes:
            changed.append((values.label(name), was, becomes))
    counts = relations.counts(entity, plan.survivor, plan.losers)
    return {
        "entity": entity,
        "tenant": tenant,
        "survivor": survivor,
        "losers": [record for record in found if record.pk != plan.survivor],
        "changed": changed,
        "counts": counts,
        "moves": [values.counted(number, label) for label, number in counts.items()],
        "counted": json.dumps(counts, sort_keys=True),
        "blocked": relations.blocking(entity, plan.losers),
        "plan": plan,
    }


def _line(
    entity: Entity,
    tenant: Tenant,
    choice: Choice,
    sides: Sequence[Side],
    rules: dict[str, str],
    survivor: int,
    plan: Plan | None,
) -> Line:
    rule = defaults.prefer(rules, choice.name)
    chosen = defaults.best(choice, rule, sides, survivor)
    if plan and choice.name in plan.picks:
        chosen = plan.picks[choice.name]
    cells = [Cell(side.id, _words(entity, tenant, choice, side), side.id == chosen) for side in sides]
    united = ""
    if choice.united:
        together = defaults.united(side.values[choice.fields[0]] for side in sides)
        united = values.words_of(entity, choice.fields[0], together, tenant)
    because = "" if choice.united else defaults.WORDS[rule]
    label = _LABELS.get(choice.name) or values.label(choice.name)
    return Line(choice.name, label, cells, defaults.differs(choice, sides), united, because)


def _words(entity: Entity, tenant: Tenant, choice: Choice, side: Side) -> str:
    """One record's part of a choice; an address on one line."""
    if choice.name != "address":
        return values.words_of(entity, choice.fields[0], side.values[choice.fields[0]], tenant)
    said = side.values
    street = " ".join(str(said[name]) for name in ("street", "unit") if said.get(name))
    region = " ".join(str(said[name]) for name in ("state", "postal_code") if said.get(name))
    found = ", ".join(part for part in (street, said.get("city"), region, said.get("country")) if part)
    return found or values.EMPTY


def _columns(
    entity: Entity, found: Sequence[Any], links: Iterable[Link], held: dict[str, dict[int, int]]
) -> list[Column]:
    reach = _contacts(entity, found)
    columns = []
    for record in found:
        mine = [link for link in links if link.record_id == record.pk]
        opened = [
            (
                f"{link.source.name} {link.external_id}",
                deep_link(link.source.system, entity.name, link.external_id),
            )
            for link in mine
        ]
        counts = [
            values.counted(numbers[record.pk], label)
            for label, numbers in held.items()
            if numbers.get(record.pk)
        ]
        since = shown.day(record.source_created_at or record.created_at, record.tenant.zone)
        columns.append(
            Column(record.pk, record, record_url(record), opened, reach.get(record.pk, []), counts, since)
        )
    return columns


def _contacts(entity: Entity, found: Sequence[Any]) -> dict[int, list[str]]:
    """Phones and e-mails of each record, as people write them."""
    name = f"{entity.name}_id"
    if entity.name not in {"customer", "location"}:
        return {}
    region = found[0].tenant.phone_region
    reach: dict[int, list[str]] = {}
    rows = Contact.objects.filter(**{f"{name}__in": [record.pk for record in found]}).order_by("kind", "pk")
    for contact in rows:
        words = shown.phone(contact.e164, contact.extension, region) if contact.e164 else contact.value
        mine = reach.setdefault(getattr(contact, name), [])
        if words not in mine:
            mine.append(words)
    return reach


def entity_or_none(name: str) -> Entity | None:
    """An entity whose records can be merged."""
    found = ENTITIES.get(name)
    return found if found is not None and found.merges and name in relations.RELATIONS else None
