"""A torture of many sides: the portal and several systems, for each conflict policy in turn.

The route, for one policy: a merchant with a sandbox of each system, all read once -> everybody owed everywhere ->
faults on -> edits on every side and kills, interleaved by seed -> faults off, left to come to rest -> what waits for a
person is settled at random -> some idle cycles -> verdict.
"""

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from random import Random
from typing import Any

from integrations.models import Connection, SyncRule
from integrations.push import owing, planning
from integrations.sandbox.server import running
from integrations.torture.checking import Seen, Verdict
from integrations.torture.editing import HERE, THERE, Intent
from integrations.torture.history import Place, history, values_of
from integrations.torture.killing import Killer
from integrations.torture.offices import CUSTOMERS, OFFICES, CustomerOffice
from integrations.torture.resting import Say, edits_and_kills, idle, rest
from integrations.torture.sides_checking import Ended, sides_verdict
from integrations.torture.sides_editing import CUSTOMER, SidesEditor
from integrations.torture.workers import Nursery, in_a_hurry
from portal.models import Partner, Tenant
from reconciliation.models import Conflict, Customer, Link
from reconciliation.reviewing import Outcome, resolve
from reconciliation.survivorship import Policy

POLICIES = tuple(policy.value for policy in Policy)
EACH = 3
"""Customers that each system begins with."""
ROUNDS = 10
"""How often what waits for a person is settled before it counts as endless."""


@dataclass(slots=True)
class SidesReport:
    """What was done under one policy, and the verdict on it. `settled` counts decisions of a person."""

    policy: str
    seed: int
    kills: int
    edits: int
    customers: int
    writes: int
    reads: int
    settled: int
    seconds: float
    verdict: Verdict
    protected: bool


@dataclass(slots=True)
class World:
    """One merchant with its systems."""

    tenant: Tenant
    offices: Sequence[CustomerOffice]
    connections: list[Connection] = field(default_factory=list)
    first: dict[Place, str] = field(default_factory=dict)

    @property
    def customers(self) -> Any:
        return Customer.objects.filter(tenant=self.tenant, active=True, merged_into=None)

    def writes(self) -> list[int]:
        """How much was written at each system so far."""
        return [
            sum(entry.by == "api" and entry.kind != "read" for entry in office.journal())
            for office in self.offices
        ]

    def faults(self, *, on: bool) -> None:
        for office in self.offices:
            office.app.control.faults(*(office.faults if on else ()))


def torture_sides(
    systems: Sequence[str], policy: str, seed: int, kills: int, edits: int, *, protected: bool = True,
    say: Say = lambda text: None,
) -> SidesReport:  # fmt: skip
    """Raises NoRest where it does not end, KeyError for a system that nobody can torture."""
    began = time.monotonic()
    with ExitStack() as stack:
        offices = [OFFICES[name](seed, EACH) for name in systems]
        urls = [stack.enter_context(running(office.app)) for office in offices]
        hosts = [url.removeprefix("http://") for url in urls]
        stack.enter_context(in_a_hurry(hosts, protected=protected))
        world = _world(offices, urls, policy)
        editor = SidesEditor(
            world.tenant.pk,
            offices,
            {connection.system: connection.source_id for connection in world.connections},
            Random(seed),  # noqa: S311  # a seed must repeat
        )
        world.faults(on=True)
        nursery = Nursery(hosts, protected=protected)
        try:
            edits_and_kills(editor, Killer(nursery, editor.random).one, kills, edits, say)
            world.faults(on=False)
            say("Left to come to rest …")
            rest(world.connections)
            settled = _settle(world, editor.random)
            before = world.writes()
            idle(world.connections)
        finally:
            nursery.close()
        late = [after - then for after, then in zip(world.writes(), before, strict=True)]
        found = _verdict(world, editor, late)
        SyncRule.objects.filter(connection__in=world.connections).update(enabled=False)
        return SidesReport(
            policy, seed, kills, edits, world.customers.count(), sum(world.writes()),
            sum(entry.kind == "read" for office in offices for entry in office.journal()),
            settled, time.monotonic() - began, found, protected,
        )  # fmt: skip


def _world(offices: Sequence[CustomerOffice], urls: Sequence[str], policy: str) -> World:
    partner, _ = Partner.objects.get_or_create(slug="torture", defaults={"name": "Torture"})
    tenant = Tenant.objects.create(partner=partner, name="Torture", slug=f"torture-{time.time_ns()}")
    world = World(tenant, offices)
    for office, url in zip(offices, urls, strict=True):
        world.connections.append(office.connect(tenant, url))
    world.first = values_of(tenant.pk, [CUSTOMER.name])
    for connection in world.connections:
        connection.rules.update(policy=policy)
        rule = connection.rules.get(entity=CUSTOMER.name)
        owing.owe(rule, planning.candidates(rule))
    return world


def _settle(world: World, random: Random) -> int:
    """A person decides what waits, for a side at random, until nothing waits. Returns how often."""
    count = 0
    for _ in range(ROUNDS):
        waiting = Conflict.objects.filter(tenant=world.tenant, state=Conflict.State.PENDING)
        while (conflict := waiting.order_by("pk").first()) is not None:
            resolve(conflict.pk, random.choice([Outcome.REMOTE, Outcome.PORTAL]), actor=None)
            count += 1
        rest(world.connections)
        if not waiting.exists():
            break
    return count


def _verdict(world: World, editor: SidesEditor, late: Sequence[int]) -> Verdict:
    here = {(CUSTOMER.name, one.pk): {"name": one.name, "street": one.street} for one in world.customers}
    pairs = zip(world.offices, world.connections, late, strict=True)
    ends = {
        office.side: _ended(world, editor, office, connection, here, count)
        for office, connection, count in pairs
    }
    return sides_verdict(ends, [values["street"] for values in here.values()], editor.made)


def _ended(
    world: World, editor: SidesEditor, office: CustomerOffice, connection: Connection, here: Any, late: int
) -> Ended:
    rows = office.rows()
    live = Link.objects.filter(source=connection.source, entity=CUSTOMER.name, state=Link.State.LIVE)
    links = {link.external_id: (CUSTOMER.name, link.record_id or 0) for link in live}
    seen = Seen(
        journal=[entry for entry in office.journal() if entry.table == CUSTOMERS],
        intents=[_as_of(office, intent) for intent in editor.intents],
        made=(),
        history=_known(world, connection),
        links={(CUSTOMERS, _row_id(office, external_id)): key for external_id, key in links.items()},
        overruled=_overruled(world),
        here=here,
        there={key: rows[external_id] for external_id, key in links.items() if external_id in rows},
    )
    return Ended(seen, {_row_id(office, row_id): row["street"] for row_id, row in rows.items()}, late)


def _as_of(office: CustomerOffice, intent: Intent) -> Intent:
    """To one system everybody else's edits come from here."""
    side = THERE if intent.side == office.side else HERE
    return Intent(side, intent.entity, intent.record_id, intent.field, intent.value)


def _known(world: World, connection: Connection) -> dict[Place, list[str]]:
    """What was held here, and what the system was heard to say, though it was overruled."""
    found = history(world.tenant.pk, [CUSTOMER.name], world.first)
    for place, value in values_of(world.tenant.pk, [CUSTOMER.name]).items():
        found.setdefault(place, [value])
    for conflict in Conflict.objects.filter(link__source=connection.source):
        place = (conflict.entity, conflict.record_id, conflict.field)
        found.setdefault(place, []).append(str(conflict.remote_value))
    return found


def _overruled(world: World) -> frozenset[tuple[str, int, str, str]]:
    """Values that lost where somebody can see it."""
    outcome, found = Conflict.Outcome, set()
    for one in Conflict.objects.filter(tenant=world.tenant):
        place = (one.entity, one.record_id, one.field)
        if one.outcome != outcome.PORTAL:
            found.add((*place, str(one.portal_value)))
        if one.outcome != outcome.REMOTE:
            found.add((*place, str(one.remote_value)))
    return frozenset(found)


def _row_id(office: CustomerOffice, external_id: str) -> Any:
    """As the office's journal has it."""
    return int(external_id) if external_id.isdigit() else external_id
