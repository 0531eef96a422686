"""One search over everything: a text that somebody pasted -> the records it may mean, and where each one stands.

The route: the text is read -> ids and numbers by their indexes (`direct`), then people and places by
`reconciliation.search` -> for all records found together, one query each: their links, the rules that read them,
open conflicts, failures and deliveries -> `Hit`s by entity. The number of queries does not grow with what is found.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Count, Max, Q

from integrations.models import Connection, Delivery, RunFailure, SyncRule
from portal.models import Tenant
from reconciliation.entities import ENTITIES
from reconciliation.links import deep_link
from reconciliation.models import Conflict, Customer, Invoice, Job, Link, Payment, Record, Source
from reconciliation.reading import Asked, read
from reconciliation.search import search_customers

SHOWN = 10
Place = tuple[str, int]
"""(entity, record id)"""


@dataclass(frozen=True, slots=True)
class Standing:
    """A record in one connected system. `link` is None where that system does not know it.

    `pulled_at` and `run_id` are the last pull of its entity; `waits` says what it is waiting for, `failed` what
    went wrong, with the failure's id; `pushed` is the state of the last delivery, in words.
    """

    connection: Connection
    link: Link | None
    address: str = ""
    pulled_at: datetime | None = None
    run_id: int | None = None
    conflicts: int = 0
    waits: str = ""
    failure: RunFailure | None = None
    pushed: str = ""
    pushed_at: datetime | None = None
    delivery: Delivery | None = None


@dataclass(slots=True)
class Hit:
    """A record, or a row that never became one (`record` is None), with where it stands in each system."""

    entity: str
    record: Any
    tenant: Tenant
    external_id: str = ""
    standings: list[Standing] = field(default_factory=list)


@dataclass(slots=True)
class Found:
    """What a text means: hits by entity, in the portal's order; `more` are entities that have more than is shown."""

    groups: dict[str, list[Hit]]
    more: set[str]

    @property
    def hits(self) -> list[Hit]:
        return [hit for hits in self.groups.values() for hit in hits]

    @property
    def only(self) -> Hit | None:
        """The one record that the text means, if it means one."""
        hits = self.hits
        return hits[0] if len(hits) == 1 and hits[0].record is not None and not self.more else None


def find(text: str, tenants: Sequence[Tenant]) -> Found:
    """Everything of these tenants that `text` may mean."""
    by_id = {tenant.pk: tenant for tenant in tenants}
    asked = read(text, {tenant.phone_region for tenant in tenants})
    links = _links_named(asked, by_id)
    places, more = _places(asked, links, text, tenants)
    records = _records(places)
    hits = [
        Hit(name, record, by_id[record.tenant_id], record.external_id)
        for (name, _), record in records.items()
    ]
    lost = [link for link in links if link.record_id is None]
    hits += [Hit(link.entity, None, by_id[link.source.tenant_id], link.external_id) for link in lost]
    hits += _only_failed(asked, by_id, {(link.source_id, link.entity, link.external_id) for link in links})
    _place(hits, lost)
    order = {name: position for position, name in enumerate(_ORDER)}
    groups: dict[str, list[Hit]] = {}
    for hit in sorted(hits, key=lambda hit: order.get(hit.entity, len(order))):
        groups.setdefault(hit.entity, []).append(hit)
    return Found(groups, more)


def standings_of(entity: str, record: Any) -> list[Standing]:
    """Where one record stands in each connected system of its tenant."""
    hit = Hit(entity, record, record.tenant, record.external_id)
    _place([hit], [])
    return hit.standings


_ORDER = ("customer", "job", "invoice", "payment", "location", *ENTITIES)


def _links_named(asked: Asked, tenants: dict[int, Tenant]) -> list[Link]:
    """Links by the id that a connected system gave."""
    if not asked.tokens:
        return []
    sources = list(Source.objects.filter(tenant__in=tenants).values_list("pk", flat=True))
    rows = Link.objects.filter(source__in=sources, entity__in=ENTITIES, external_id__in=asked.tokens)
    return list(rows.select_related("source").defer("base", "payload")[: SHOWN * 4])


def _places(
    asked: Asked, links: Iterable[Link], text: str, tenants: Sequence[Tenant]
) -> tuple[list[Place], set[str]]:
    """What is meant directly, by id or number; then whom it may mean, but those whose job or invoice it was."""
    direct: dict[Place, None] = {(k.entity, k.record_id): None for k in links if k.record_id is not None}
    owners: set[int] = set()
    ids = [tenant.pk for tenant in tenants]
    for name, model in _NUMBERED if asked.tokens else ():
        rows = model._default_manager.filter(tenant__in=ids, number__in=asked.tokens)
        for pk, customer in rows.values_list("pk", "customer_id")[:SHOWN]:
            direct[name, pk] = None
            owners.add(customer)
    if direct:
        owners |= _owners(direct)
    people = search_customers(Customer.objects.filter(tenant__in=ids), text, tenants).order_by("pk")
    found = list(people.values_list("pk", flat=True)[: SHOWN + 1 + len(owners)])
    others = [pk for pk in found if pk not in owners and ("customer", pk) not in direct]
    more = {"customer"} if len(others) > SHOWN else set()
    return [*direct, *(("customer", pk) for pk in others[:SHOWN])], more


_NUMBERED: tuple[tuple[str, Any], ...] = (("job", Job), ("invoice", Invoice))


def _owners(direct: Iterable[Place]) -> set[int]:
    """The customers of jobs and invoices that were meant: they are one click away and not meant themselves."""
    found: set[int] = set()
    for name, model in (*_NUMBERED, ("payment", Payment)):
        ids = [pk for entity, pk in direct if entity == name]
        if ids:
            found |= {
                pk
                for pk in model._default_manager.filter(pk__in=ids).values_list("customer_id", flat=True)
                if pk
            }
    return found


def _records(places: Iterable[Place]) -> dict[Place, Record]:
    """The records, one query an entity."""
    wanted: dict[str, list[int]] = {}
    for name, pk in places:
        wanted.setdefault(name, []).append(pk)
    return {
        (name, pk): record
        for name, ids in wanted.items()
        for pk, record in ENTITIES[name].objects.in_bulk(ids).items()
    }


def _only_failed(asked: Asked, tenants: dict[int, Tenant], known: set[tuple[int, str, str]]) -> list[Hit]:
    """Rows that failed before they could be linked at all."""
    if not asked.tokens:
        return []
    rules = list(SyncRule.objects.filter(connection__tenant__in=tenants).values_list("pk", flat=True))
    rows = RunFailure.objects.filter(rule__in=rules, state__in=_UNSOLVED, external_id__in=asked.tokens)
    return [
        Hit(row.rule.entity, None, tenants[row.rule.connection.tenant_id], row.external_id)
        for row in rows.select_related("rule__connection")[:SHOWN]
        if (row.rule.connection.source_id, row.rule.entity, row.external_id) not in known
    ]


_NOWHERE: Sequence[Link | None] = (None,)
_UNSOLVED = (RunFailure.State.OPEN, RunFailure.State.RETRYING)


def _place(hits: Sequence[Hit], lost: Sequence[Link]) -> None:
    """Fill in where each hit stands."""
    if not hits:
        return
    places = [(hit.entity, hit.record.pk) for hit in hits if hit.record is not None]
    links = [*_links_of(places), *lost]
    connections = list(
        Connection.objects.filter(tenant__in={hit.tenant.pk for hit in hits}).select_related("tenant")
    )
    rules = {
        (rule.connection_id, rule.entity): rule
        for rule in SyncRule.objects.filter(
            connection__in=connections, entity__in={hit.entity for hit in hits}
        ).annotate(last_run=Max("runs"))
    }
    disputed = _disputed(links)
    failures = _failures(hits, rules.values())
    sent = _deliveries(places)
    for hit in hits:
        for connection in connections:
            if connection.tenant_id == hit.tenant.pk:
                hit.standings += _standings(hit, connection, links, rules, disputed, failures, sent)


def _links_of(places: Sequence[Place]) -> list[Link]:
    wanted = Q(pk__in=[])
    for name in {name for name, _ in places}:
        wanted |= Q(entity=name, record_id__in=[pk for entity, pk in places if entity == name])
    return (
        list(Link.objects.filter(wanted).select_related("source").defer("base", "payload")) if places else []
    )


def _disputed(links: Sequence[Link]) -> dict[int, int]:
    rows = Conflict.objects.filter(link__in=[k.pk for k in links], state=Conflict.State.PENDING).order_by()
    return dict(rows.values_list("link").annotate(Count("pk")))


def _failures(hits: Sequence[Hit], rules: Iterable[SyncRule]) -> dict[tuple[int, str], RunFailure]:
    ids = {hit.external_id for hit in hits if hit.external_id}
    rows = RunFailure.objects.filter(
        rule__in=[rule.pk for rule in rules], state__in=_UNSOLVED, external_id__in=ids
    )
    return {(row.rule_id, row.external_id): row for row in rows.defer("payload").order_by("pk")}


def _deliveries(places: Sequence[Place]) -> dict[tuple[int, str, int], Delivery]:
    """The newest delivery of each record to each connection."""
    if not places:
        return {}
    wanted = Q(pk__in=[])
    for name in {name for name, _ in places}:
        wanted |= Q(entity=name, record_id__in=[pk for entity, pk in places if entity == name])
    rows = Delivery.objects.filter(wanted).defer("request", "reply", "values", "parts").order_by("pk")
    return {(row.connection_id, row.entity, row.record_id): row for row in rows}


def _standings(
    hit: Hit,
    connection: Connection,
    links: Sequence[Link],
    rules: Mapping[tuple[int, str], SyncRule],
    disputed: dict[int, int],
    failures: dict[tuple[int, str], RunFailure],
    sent: dict[tuple[int, str, int], Delivery],
) -> list[Standing]:
    """One for each link of the record there, or one that says that there is none."""
    rule: Any = rules.get((connection.pk, hit.entity))
    mine = [k for k in links if k.source_id == connection.source_id and _is_of(hit, k)]
    if rule is None and not mine:
        return []
    delivery = sent.get((connection.pk, hit.entity, hit.record.pk)) if hit.record is not None else None
    return [
        Standing(
            connection=connection,
            link=link,
            address=deep_link(connection.system, hit.entity, link.external_id) if link else "",
            pulled_at=rule.synced_at if rule else None,
            run_id=rule.last_run if rule else None,
            conflicts=disputed.get(link.pk, 0) if link else 0,
            waits=_waits(link, connection) or _owes(delivery),
            failure=failures.get((rule.pk, link.external_id if link else hit.external_id)) if rule else None,
            pushed=delivery.get_state_display() if delivery else "",
            delivery=delivery,
            pushed_at=(delivery.closed_at or delivery.sent_at or delivery.created_at) if delivery else None,
        )
        for link in [*mine] or _NOWHERE
    ]


def _owes(delivery: Delivery | None) -> str:
    """What a write to that system waits for."""
    if delivery is None or not delivery.is_open:
        return ""
    if delivery.state == Delivery.State.NEEDS_PERSON:
        return f"A write to it needs a person: {delivery.message}"
    return f"A write to it is under way. {delivery.message}".strip()


def _is_of(hit: Hit, link: Link) -> bool:
    if link.entity != hit.entity:
        return False
    return link.record_id == hit.record.pk if hit.record is not None else link.external_id == hit.external_id


def _waits(link: Link | None, connection: Connection) -> str:
    """What a row waits for, and why, as a sentence."""
    if link is None:
        return ""
    if link.waiting_for_entity:
        other = f"{link.waiting_for_entity.replace('_', ' ')} {link.waiting_for_id}"
        return f"Waits for {other}, which it refers to and which has not come from {connection.label} yet."
    if link.state == Link.State.OUT_OF_SCOPE:
        return "Not taken: it lies outside the scope that the merchant shares."
    if link.state == Link.State.FROZEN:
        ended = connection.status == Connection.Status.DISCONNECTED
        why = f"{connection.label} was disconnected" if ended else "it has left the scope"
        return f"No longer synced: {why}. It stays as it is."
    if not connection.may_call:
        return f"Nothing is synced now: the connection is “{connection.get_status_display().lower()}”."
    return ""
