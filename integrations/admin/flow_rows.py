"""A flow's items as rows: the record looked at and those made of it, here and at each system that knows them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q
from django.urls import reverse

from integrations.admin.deliveries import address_of
from integrations.connectors.registry import CONNECTORS
from integrations.flows.base import FlowSpec, Place
from integrations.flows.trying import Tried
from integrations.models import Delivery, Flow, FlowItem, FlowMade, Unmapped
from integrations.tables.base import MappingTable
from integrations.tables.catalogue import TABLES
from portal.look import badge
from reconciliation.entities import ENTITIES
from reconciliation.links import deep_link
from reconciliation.models import Link

State = FlowItem.State
TONES: dict[str, str] = {
    State.OWED: "busy",
    State.MADE: "ok",
    State.UPDATED: "ok",
    State.UNCHANGED: "ok",
    State.SKIPPED: "idle",
    State.WAITING: "warn",
    State.FAILED: "bad",
}
Key = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Shown:
    """A record in words, its page here, and (system, address) at each system that has it."""

    entity: str
    words: str
    page: str
    there: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """One item."""

    item: FlowItem
    badge: str
    subject: Shown
    made: list[Shown] = field(default_factory=list)
    ways: list[tuple[str, str]] = field(default_factory=list)
    """Where a person sees to what it waits for: (words, address)."""


def rows_of(spec: FlowSpec, items: Sequence[FlowItem]) -> list[Row]:
    """In a number of queries that depends on the entities alone."""
    ties: dict[int, list[FlowMade]] = {}
    for tie in FlowMade.objects.filter(item__in=items).defer("written").order_by("pk"):
        ties.setdefault(tie.item_id, []).append(tie)
    keys = [(spec.subject, item.record_id) for item in items]
    keys += [(tie.entity, tie.record_id) for found in ties.values() for tie in found]
    shown = shown_of(keys)
    unmapped = _unmapped(spec, items)
    return [
        Row(
            item,
            state_badge(item.state),
            shown[spec.subject, item.record_id],
            [shown[key] for key in dict.fromkeys((t.entity, t.record_id) for t in ties.get(item.pk, []))],
            _ways(spec, item, unmapped.get(item.pk, ())),
        )
        for item in items
    ]


def _unmapped(spec: FlowSpec, items: Sequence[FlowItem]) -> dict[int, list[str]]:
    """The tables that each item lacks rows of, each once."""
    found: dict[int, list[str]] = {}
    if spec.tables:
        rows = Unmapped.objects.filter(item__in=items).order_by("pk")
        for item_id, table in rows.values_list("item_id", "table"):
            found.setdefault(item_id, []).append(table)
    return found


def _ways(spec: FlowSpec, item: FlowItem, tables: Sequence[str]) -> list[tuple[str, str]]:
    if item.state != State.WAITING:
        return []
    found = spec.ways.get(item.reason)
    ways = [(found.words, address(found.where))] if found else []
    known = [TABLES[name] for name in dict.fromkeys(tables) if name in TABLES]
    return ways + [(table.title, address_in(item.flow.tenant_id, table)) for table in known]


def address_in(tenant_id: int, table: MappingTable) -> str:
    """The page of a merchant's mapping table."""
    place = Place("admin:integrations_tablerow_one_table", query=f"tenant={tenant_id}&table={table.name}")
    return address(place)


def address(place: Place | None) -> str:
    """Where something is done; empty for nowhere."""
    if place is None:
        return ""
    query = f"?{place.query}" if place.query else ""
    return reverse(place.view, args=place.args) + query


def shown_of(keys: Iterable[Key]) -> dict[Key, Shown]:
    """Records by (entity, id), those that are gone too."""
    by_entity: dict[str, set[int]] = {}
    for entity, pk in keys:
        by_entity.setdefault(entity, set()).add(pk)
    there = _there(by_entity)
    found = {}
    for entity, ids in by_entity.items():
        kind = ENTITIES[entity]
        rows = kind.objects.select_related(*_told_by(entity)).in_bulk(list(ids))
        for pk in ids:
            record = rows.get(pk)
            words = str(record) if record is not None else f"{kind.label} {pk}, which is gone"
            found[entity, pk] = Shown(
                kind.label, words, address_of(record), tuple(there.get((entity, pk), ()))
            )
    return found


def _told_by(entity: str) -> tuple[str, ...]:
    """References that a record of the entity is read with, so that saying it costs no query of its own."""
    return ("job",) if entity == "cancellation" else ()


def _there(by_entity: dict[str, set[int]]) -> dict[Key, list[tuple[str, str]]]:
    which = Q(pk__in=[])
    for entity, ids in by_entity.items():
        which |= Q(entity=entity, record_id__in=ids)
    links = (
        Link.objects.filter(which, state=Link.State.LIVE).select_related("source").defer("base", "payload")
    )
    found: dict[Key, list[tuple[str, str]]] = {}
    for link in links.order_by("pk"):
        system = link.source.system
        label = CONNECTORS[system].label if system in CONNECTORS else link.source.name
        address = deep_link(system, link.entity, link.external_id)
        if link.record_id is not None and address:
            found.setdefault((link.entity, link.record_id), []).append((label, address))
    return found


def state_badge(state: str) -> str:
    return badge(State(state).label, TONES[state])


def tried_rows(tried: Sequence[Tried]) -> list[dict[str, Any]]:
    """A dry run as its page shows it."""
    return [
        {
            "words": str(one.record),
            "page": address_of(one.record),
            "badge": badge(_WOULD.get(one.state, State(one.state).label), TONES[one.state]),
            "why": one.words,
            "records": [
                {
                    "entity": ENTITIES[written.entity].label,
                    "is_new": written.is_new,
                    "fields": _fields(written.entity, written.fields),
                }
                for written in one.written
            ],
        }
        for one in tried
    ]


_WOULD: dict[str, str] = {
    State.MADE: "would be made",
    State.UPDATED: "would be changed",
    State.UNCHANGED: "up to date",
    State.SKIPPED: "would be skipped",
    State.WAITING: "would wait",
}


def _fields(entity: str, fields: dict[str, list[Any]]) -> list[tuple[str, Any, Any]]:
    references = {f"{name}_id" for name in ENTITIES[entity].references}
    return [
        (name.replace("_", " "), before, after)
        for name, (before, after) in fields.items()
        if name not in references
    ]


def undelivered(flow: Flow) -> "list[Delivery]":
    """What the flow made or changed and a system does not take: the newest that wait for a person."""
    made = FlowMade.objects.filter(item__flow=flow)
    entities = list(made.order_by().values_list("entity", flat=True).distinct())
    which = Q(pk__in=[])
    for entity in entities:
        which |= Q(entity=entity, record_id__in=made.filter(entity=entity).values("record_id"))
    rows = Delivery.objects.filter(
        which, connection__tenant=flow.tenant_id, state=Delivery.State.NEEDS_PERSON
    )
    return list(
        rows.select_related("rule__connection")
        .defer("request", "reply", "values", "parts")
        .order_by("-pk")[:10]
    )
