"""The scheduler's decision among the rules of ten thousand merchants, on a database that holds just these rows."""

import statistics
import time
from datetime import timedelta
from random import Random
from typing import Any

from django.db import connection as database
from django.utils import timezone

from integrations import leases, pending, schedule
from integrations.connectors.registry import CONNECTORS
from integrations.models import Connection, Delivery, SyncRule
from integrations.simulation.fleet import CONNECTED
from portal.models import Partner, Tenant
from reconciliation.models import Source

DUE = (0, 10, 100, 500, 5_000)
"""Rules that are due while decisions are measured."""
OWING = 300
"""Rules that owe something meanwhile, and are not due to be tried again yet."""


def measured(tenants: int) -> list[dict[str, Any]]:
    rules = fill(tenants)
    with database.cursor() as cursor:
        cursor.execute("ANALYZE")
    owe(rules[:: max(1, len(rules) // OWING)])
    spread = Random(1).sample(rules, min(len(rules), DUE[-1]))  # the same ones each time
    return [_with_due(spread[:due], len(rules)) for due in DUE if due <= len(spread)]


def fill(tenants: int) -> list[int]:
    """Tenants with connections as the simulation has them, and their rules; returns the ids of the rules."""
    now = timezone.now()
    partner = Partner.objects.create(name="Ten thousand", slug="ten-thousand")
    made = Tenant.objects.bulk_create(
        [Tenant(partner=partner, name=f"Shop {n}", slug=f"shop-{n}", status="live") for n in range(tenants)],
        batch_size=2_000,
    )
    rules = []
    for system, share in CONNECTED.items():
        some = made[: round(tenants * share)]
        sources = Source.objects.bulk_create(
            [Source(tenant=tenant, system=system) for tenant in some], batch_size=2_000
        )
        connections = Connection.objects.bulk_create(
            [
                Connection(tenant=tenant, system=system, source=source, status=Connection.Status.CONNECTED)
                for tenant, source in zip(some, sources, strict=True)
            ],
            batch_size=2_000,
        )
        rules += [
            SyncRule(
                connection=one, entity=entity, position=position, direction=SyncRule.Direction.BOTH,
                due_at=now + timedelta(days=1), synced_at=now,
            )
            for one in connections
            for position, entity in enumerate(CONNECTORS[system].entities)
        ]  # fmt: skip
    return [rule.pk for rule in SyncRule.objects.bulk_create(rules, batch_size=2_000)]


def owe(rules: list[int]) -> None:
    later = timezone.now() + timedelta(hours=1)
    places = SyncRule.objects.filter(pk__in=rules).values_list("pk", "connection_id", "entity")
    Delivery.objects.bulk_create(
        Delivery(
            connection_id=connection_id, rule_id=rule, entity=entity, record_id=number,
            created_at=later, next_try_at=later,
        )
        for rule, connection_id, entity in places
        for number in range(3)
    )  # fmt: skip


def _with_due(due: list[int], rules: int) -> dict[str, Any]:
    """Decisions while these of so many rules are due; what is taken is given back, still due."""
    SyncRule.objects.filter(pk__in=due).update(due_at=timezone.now() - timedelta(seconds=1))
    turns, looks = [], []
    for _ in range(60):
        began = time.perf_counter()
        turn = schedule.next_turn()
        turns.append(1000 * (time.perf_counter() - began))
        if turn:
            leases.release(turn.lease)
        began = time.perf_counter()
        found = len(pending.candidates(timezone.now()))
        looks.append(1000 * (time.perf_counter() - began))
    assert bool(found) == bool(due)
    return {
        "rules": rules, "due": len(due), "looked_at": found, "decision_ms": statistics.median(turns),
        "decision_p95_ms": statistics.quantiles(turns, n=20)[-1], "look_ms": statistics.median(looks),
    }  # fmt: skip
