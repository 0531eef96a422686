"""Tenants as they might be: what they have connected, how much changes there, and what a pull of that costs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random

from integrations.connecting import OFF_AT_FIRST
from integrations.connectors.registry import CONNECTORS

DAY = 86_400
HOUR = 3_600


@dataclass(frozen=True, slots=True)
class Size:
    """How large a merchant is: of how many such ones there are, its records, and how many of them change in a day."""

    name: str
    share: float
    records: int
    changes: int


SIZES = (
    Size("small", 0.70, 20_000, 200),
    Size("medium", 0.25, 120_000, 1_200),
    Size("large", 0.05, 1_000_000, 10_000),
)
"""An assumption, not a measurement: 1 % of a merchant's records change in a day."""
CONNECTED: Mapping[str, float] = {"servicetitan": 1.0, "salesforce": 0.3, "syspro": 0.1}
"""An assumption: which systems what share of the tenants has connected."""
OPENS, CLOSES = 7 * HOUR, 19 * HOUR
AT_NIGHT = 0.05
"""So much of a day's changes comes outside of the hours from `OPENS` to `CLOSES`, of a shop's own zone."""
ZONES = (5, 6, 7, 8)
"""Hours behind UTC of the zones that shops are in."""


@dataclass(frozen=True, slots=True)
class Costs:
    """What work takes, in seconds. `waiting` is what each rule that is looked at adds to a decision, `page` is in
    records. The defaults are measured with PostgreSQL on two cores (`make bench-fleet` has the decisions), but for
    `call`, which is a system's.
    """

    decision: float = 0.01
    waiting: float = 0.000_025
    pull: float = 0.08
    call: float = 0.15
    record: float = 0.0005
    page: int = 1000

    def of_pull(self, records: float) -> float:
        return self.pull + self.calls(records) * self.call + records * self.record

    def calls(self, records: float) -> int:
        return 1 + int(records // self.page)


@dataclass(slots=True)
class Rule:
    """A sync rule. Times are seconds since the beginning; `left` is what a pull under way still has to read."""

    id: int
    tenant_id: int
    connection_id: int
    entity: str
    position: int
    interval: int
    size: Size
    zone: int
    changes: float
    due: float
    pulled: float = 0.0
    first: bool = False
    left: float = 0.0
    started: bool = False

    def begin(self, now: float) -> None:
        """What a pull that begins now has to read."""
        if self.first:
            self.left = self.size.records * self.changes / self.size.changes
        else:
            self.left = self.changes * (changed(now, self.zone) - changed(self.pulled, self.zone))
        self.pulled, self.started = now, True


def changed(second: float, zone: int) -> float:
    """The days' changes that have come by then, in days: most of them while the shops are open."""
    days, time = divmod(second - zone * HOUR, DAY)
    open_share = min(max(time - OPENS, 0), CLOSES - OPENS) / (CLOSES - OPENS)
    return days + AT_NIGHT * time / DAY + (1 - AT_NIGHT) * open_share


def rules_of(tenants: int, joining: int, until: float, random: Random) -> Iterator[Rule]:
    """The rules of all tenants: those that are in step, and those that are connected at some time of these days."""
    systems = {name: _entities(name) for name in CONNECTED}
    number = connection = 0
    for tenant in range(tenants + joining):
        size = _size(random)
        zone, joins = random.choice(ZONES), tenant >= tenants
        begins = random.uniform(0, until)
        for system, share in CONNECTED.items():
            if random.random() >= share:
                continue
            connection += 1
            entities = systems[system]
            interval = CONNECTORS[system].interval
            for position, entity in enumerate(entities):
                number += 1
                yield Rule(
                    id=number, tenant_id=tenant, connection_id=connection, entity=entity, position=position,
                    interval=interval, size=size, zone=zone, changes=size.changes / len(entities),
                    due=begins if joins else random.uniform(0, interval * 60), first=joins,
                )  # fmt: skip


def _entities(system: str) -> list[str]:
    return [name for name in CONNECTORS[system].entities if name not in OFF_AT_FIRST]


def _size(random: Random) -> Size:
    return random.choices(SIZES, [size.share for size in SIZES])[0]


def workers_for(rules: list[Rule], costs: Costs) -> int:
    """As many as are busy for three quarters of the time, by the mean: room for the hours in which most changes."""
    load = 0.0
    for rule in rules:
        pulls = DAY / (rule.interval * 60)
        load += pulls * (costs.decision + costs.of_pull(rule.changes / pulls)) / DAY
    return max(1, round(load / 0.75 + 0.5))
