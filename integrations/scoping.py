"""A connection's scope on its records: what it has to choose from, what leaves when it narrows, what comes back.

Narrowing freezes: records and links stay as they are and are no longer synced. Widening asks for everything
once more, and what was frozen thaws as it arrives.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from integrations import scope as rules
from integrations.models import Connection, SyncRule
from reconciliation.entities import ENTITIES
from reconciliation.models import Customer, Link, ReferenceItem

_CHUNK = 500
_FINISHED = ("Completed", "Canceled")


def choices_of(connection: Connection) -> rules.Choices:
    """The business units and customer tags that the connection's source has, as last read."""
    items = ReferenceItem.objects.filter(
        tenant=connection.tenant_id, kind__in=["business_unit", "tag_type"]
    ).values_list("kind", "name", "external_id")
    units = [(name, external_id) for kind, name, external_id in items if kind == "business_unit"]
    tags = [(name, external_id) for kind, name, external_id in items if kind == "tag_type"]
    return rules.Choices(rules.distinct(units, rules.unit_code), rules.distinct(tags, str.casefold))


def scope_of(connection: Connection, now: datetime | None = None) -> rules.Scope:
    """The connection's scope, ready to judge rows. Raises ScopeError."""
    if all(connection.scope.get(member) is None for member in rules.MEMBERS):
        return rules.Scope()
    return rules.compiled(connection.scope, choices_of(connection), now or timezone.now())


def leaving(connection: Connection, document: Mapping[str, Any]) -> dict[str, int]:
    """How many records of each entity would leave with this scope: done, counted and undone."""
    with transaction.atomic():
        counts = _freeze(connection, rules.compiled(document, choices_of(connection), timezone.now()))
        transaction.set_rollback(True)
    return counts


@transaction.atomic
def apply(connection: Connection, document: Mapping[str, Any]) -> dict[str, int]:
    """Store a scope, freeze what leaves it, and ask for what it may bring back. Returns what left.

    Pulls at work judge by the old scope: they lose their leases first, and go on under the new one.
    """
    connection.rules.update(lease_number=F("lease_number") + 1, lease_until=None)
    checked = rules.check(document, choices_of(connection))
    counts = _freeze(connection, rules.compiled(checked, choices_of(connection), timezone.now()))
    if rules.is_wider(connection.scope, checked):
        begun = connection.rules.exclude(cursor={})
        begun.update(full_wanted=True)
        begun.filter(enabled=True, synced_at__isnull=False).update(due_at=timezone.now())
    connection.scope = checked
    connection.save(update_fields=["scope"])
    return counts


def follow_parents(rule: SyncRule, *, entered: bool, left: bool) -> None:
    """Some of a page's rows came into the scope or left it: what belongs to them follows, in the page's transaction.

    What belongs to those that entered is read again from the start: its feeds told of it while it was outside.
    """
    connection = rule.connection
    if left:
        _freeze(connection, replace(scope_of(connection), jobs_since=None))
    if entered:
        connection.rules.filter(entity__in=_belonging_to(rule.entity)).exclude(cursor={}).update(
            full_wanted=True, due_at=timezone.now()
        )


def _belonging_to(entity: str) -> set[str]:
    """The entities that refer to this one, and those that refer to them."""
    direct = {name for name, kind in ENTITIES.items() if entity in kind.references.values()} - {entity}
    return direct.union(*(_belonging_to(name) for name in direct))


def _freeze(connection: Connection, scope: rules.Scope) -> dict[str, int]:
    """Freeze the links of records outside `scope`, parents before what belongs to them."""
    counts: dict[str, int] = {}
    if scope.is_everything:
        return counts
    for name in ENTITIES:
        live = Link.objects.filter(source=connection.source_id, entity=name, state=Link.State.LIVE)
        if name == "customer":
            frozen = 0 if scope.tags is None else _freeze_untagged(connection, live, scope.tags)
        else:
            outside = _outside(connection, name, scope)
            records = ENTITIES[name].model._default_manager.filter(outside, tenant=connection.tenant_id)
            frozen = _mark(live.filter(record_id__in=records.values("pk"))) if outside else 0
        if frozen:
            counts[name] = frozen
    return counts


def _outside(connection: Connection, name: str, scope: rules.Scope) -> Q:
    """The condition under which a record of this entity is outside; empty if there is none."""
    outside = Q()
    references = ENTITIES[name].references
    for parent in ("customer", "location", "job"):
        if parent in references:
            outside |= Q(**{f"{parent}__in": _frozen(connection, parent)})
    if scope.units is not None and "business_unit" in references:
        outside |= Q(business_unit__isnull=False) & ~Q(business_unit__external_id__in=scope.units)
    if scope.jobs_since is not None and name == "job":
        finished = Q(status__in=_FINISHED)
        outside |= finished & Q(completed_at__lt=scope.jobs_since)
        outside |= finished & Q(completed_at=None, source_modified_at__lt=scope.jobs_since)
    return outside


def _frozen(connection: Connection, entity: str) -> QuerySet[Link, Any]:
    return Link.objects.filter(source=connection.source_id, entity=entity, state=Link.State.FROZEN).values(
        "record_id"
    )


def _freeze_untagged(connection: Connection, live: QuerySet[Link], tags: frozenset[str]) -> int:
    """Tags are a list in a JSON column, which SQLite cannot search: read, then mark in portions."""
    customers = Customer.objects.filter(tenant=connection.tenant_id, merged_into=None)
    untagged = [
        pk for pk, has in customers.values_list("pk", "tag_ids").iterator() if tags.isdisjoint(has or ())
    ]
    return sum(
        _mark(live.filter(record_id__in=untagged[start : start + _CHUNK]))
        for start in range(0, len(untagged), _CHUNK)
    )


def _mark(links: QuerySet[Link]) -> int:
    return links.update(state=Link.State.FROZEN, updated_at=timezone.now())
