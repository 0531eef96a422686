"""A record that carries a field of another is sent again when that other changes: a deal with its customer's name.

The route: `reconciliation.changes.changed` -> the tenant's rules that push a line through a reference to the changed
entity -> those of their records that are there, refer to what changed and would now say something else -> a delivery
each, in the transaction of the change. One query where no line leads through a reference; nothing is created. What
comes back of such a write changes no record that others refer to, so it cannot go round.
"""

from collections.abc import Collection, Iterable, Sequence
from functools import cache
from itertools import islice
from typing import Any

from django.db.models import Q

from integrations.models import Connection, LineDirection, SyncRule
from integrations.push import owing
from integrations.push.sides import Side, side_of
from reconciliation.entities import ENTITIES, Entity
from reconciliation.models import Link

PORTION = 1000
_LEADS = Q(mappings__field__contains=".") | Q(mappings__argument__contains=".")


def on_change(entity: str, tenant_id: int, record_ids: Collection[int], **_: Any) -> None:
    """Receives `reconciliation.changes.changed`."""
    rules = SyncRule.objects.filter(
        _LEADS,
        mappings__direction=LineDirection.PUSH,
        connection__tenant_id=tenant_id,
        entity__in=_referring(entity),
        enabled=True,
        direction__in=owing.PUSHING,
    ).exclude(connection__status=Connection.Status.DISCONNECTED)
    for rule in rules.select_related("connection__tenant", "connection__source").distinct():
        if record_ids and owing.pushes(rule):
            _owe(rule, entity, list(record_ids))


@cache
def _referring(entity: str) -> list[str]:
    """The entities from whose records a way of one or two references leads to this one's."""
    return [name for name, other in ENTITIES.items() if entity in _near(other)]


def _near(entity: Entity) -> set[str]:
    """The entities that a record refers to, and those that these refer to."""
    own = set(entity.references.values())
    return own.union(*(ENTITIES[name].references.values() for name in own))


def _owe(rule: SyncRule, entity: str, record_ids: list[int]) -> None:
    side = side_of(rule)
    paths = {path: names for path, names in _carried(side).items() if _end(side.entity, path) == entity}
    if not paths or side.write.update is None:
        return
    refers = Q()
    for path in paths:
        refers |= Q(**{f"{path.replace('.', '__')}__in": record_ids})
    there = Link.objects.filter(
        source=rule.connection.source_id, entity=rule.entity, state=Link.State.LIVE
    ).values("record_id")
    rows = side.entity.objects.filter(refers, tenant=rule.connection.tenant_id, pk__in=there)
    names = [name for carried in paths.values() for name in carried]
    found = iter(rows.order_by("pk").values_list("pk", flat=True))
    while portion := list(islice(found, PORTION)):
        if ids := owing.of_object(rule, _differing(side, portion, names)):
            owing.owe(rule, ids)


def _carried(side: Side) -> dict[str, list[str]]:
    """The dotted fields that are sent, by the references that lead to them."""
    found: dict[str, list[str]] = {}
    for name in side.outward.lasting:
        path, dot, _ = name.rpartition(".")
        if dot:
            found.setdefault(path, []).append(name)
    return found


def _end(entity: Entity, path: str) -> str:
    """The entity that these references lead to; empty where they lead nowhere."""
    name = ""
    for step in path.split("."):
        if step not in entity.references:
            return ""
        name = entity.references[step]
        entity = ENTITIES[name]
    return name


def _differing(side: Side, record_ids: Sequence[int], names: Iterable[str]) -> set[int]:
    """Those that would now send another value of these fields than was last agreed."""
    carried, links = set(names), side.links_of(record_ids)
    return {
        pk
        for pk, record in side.records(record_ids).items()
        if pk in links and not carried.isdisjoint(side.unsent(record, links[pk], set())[0])
    }
