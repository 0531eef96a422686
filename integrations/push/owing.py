"""Changes owe deliveries: written in the transaction of the change, so that neither is there without the other.

The route: `reconciliation.changes.changed` -> the tenant's rules that push the entity, but the origin's -> one open
delivery per record, which further changes join -> a worker woken at commit. Three queries a rule, whatever the number
of records (five where it writes only what was asked for); one query in all where nothing is pushed.
"""

import uuid
from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Case, F, Q, Value, When
from django.utils import timezone

from integrations import waking
from integrations.connectors.entity import Write
from integrations.mappings import declaration
from integrations.models import Connection, Delivery, SyncRule
from reconciliation.entities import ENTITIES
from reconciliation.models import Link, Source

State = Delivery.State
PUSHING = (SyncRule.Direction.PUSH, SyncRule.Direction.BOTH)


def write_of(rule: SyncRule) -> Write | None:
    """How the rule's entity is written, or None where its system forbids it: whatever the rule says."""
    try:
        entity = declaration(rule)
    except KeyError:
        return None
    return None if entity.read_only else entity.write


def pushes(rule: SyncRule) -> bool:
    """Whether changes here are owed to the rule's connection."""
    return rule.enabled and rule.direction in PUSHING and write_of(rule) is not None


def on_change(
    entity: str,
    tenant_id: int,
    record_ids: Collection[int],
    origin: Source | None,
    overruled: Collection[int],
    **_: Any,
) -> None:
    """Receives `reconciliation.changes.changed`."""
    rules = SyncRule.objects.filter(
        connection__tenant_id=tenant_id, entity=entity, enabled=True, direction__in=PUSHING
    ).exclude(connection__status=Connection.Status.DISCONNECTED)
    for rule in rules.select_related("connection"):
        is_origin = origin is not None and rule.connection.source_id == origin.pk
        wanted = set(overruled if is_origin else record_ids)
        if wanted and pushes(rule) and (known := known_there(rule, of_object(rule, wanted))):
            owe(rule, known)


def known_there(rule: SyncRule, record_ids: Collection[int]) -> Collection[int]:
    """Those whose changes are owed: all, or where the rule creates only what is asked for, those that are there or
    on their way there."""
    if rule.creates == SyncRule.Creates.ALL:
        return record_ids
    source_id = rule.connection.source_id
    linked = Link.objects.filter(source=source_id, entity=rule.entity, record_id__in=list(record_ids))
    found = {pk for pk in linked.values_list("record_id", flat=True) if pk is not None}
    return found.union(_open(rule, record_ids).values_list("record_id", flat=True))


def of_object(rule: SyncRule, record_ids: Collection[int]) -> set[int]:
    """Those of the records that are of the rule's own object, where it has one that shares its entity with others."""
    constants = declaration(rule).constants if rule.object else {}
    if not constants:
        return set(record_ids)
    rows = ENTITIES[rule.entity].objects.filter(pk__in=list(record_ids), **constants)
    return set(rows.values_list("pk", flat=True))


def owe(rule: SyncRule, record_ids: Collection[int], *, backfill: bool = False) -> None:
    """One open delivery for each record: a new one, or the one there is, which then stands for this change too.

    `backfill` is for what was there before: it is no change, and takes no part in the hurry of those.
    """
    now = timezone.now()
    missing = set(record_ids)
    with transaction.atomic():
        while missing:
            _insert(rule, missing, now, backfill)
            joined = _open(rule, missing)
            _join(joined, now)
            if not backfill:
                joined.filter(backfill=True).update(backfill=False)
            # One that was closed between the two statements took no note of this change: another is owed.
            missing -= set(joined.values_list("record_id", flat=True))
        waking.at_commit(rule.connection_id)


def want(rule: SyncRule, record_ids: Collection[int]) -> None:
    """Owe the create of records that are asked for: by a flow, or by another record that the portal writes there and
    that cannot do without.

    A rule that only pulls owes nothing else: what is changed here later stays here.
    """
    with transaction.atomic():
        owe(rule, record_ids)
        _open(rule, record_ids).update(wanted=True)


def _insert(rule: SyncRule, record_ids: Collection[int], now: datetime, backfill: bool) -> None:
    """New rows stand for no change yet: `_join` counts it."""
    rows = [
        Delivery(
            connection_id=rule.connection_id,
            rule=rule,
            entity=rule.entity,
            record_id=record_id,
            key=uuid.uuid4(),
            changes=0,
            backfill=backfill,
            created_at=now,
            next_try_at=now,
        )
        for record_id in sorted(record_ids)
    ]
    Delivery.objects.bulk_create(rows, ignore_conflicts=True)


def _open(rule: SyncRule, record_ids: Collection[int]) -> Any:
    return Delivery.objects.filter(
        connection_id=rule.connection_id,
        entity=rule.entity,
        record_id__in=list(record_ids),
        state__in=Delivery.OPEN,
    )


def _join(deliveries: Any, now: datetime) -> None:
    """One change more. What waited for a person is tried again; what is on its way stays so."""
    on_its_way = Q(state__in=Delivery.UNRESOLVED)
    deliveries.update(
        changes=F("changes") + 1,
        next_try_at=Case(When(on_its_way, then=F("next_try_at")), default=Value(now)),
        refusals=Case(When(on_its_way, then=F("refusals")), default=Value(0)),
        state=Case(When(on_its_way, then=F("state")), default=Value(State.OWED)),
    )
