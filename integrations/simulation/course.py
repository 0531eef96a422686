"""The clock of a simulation: rules become due, workers take them, and each is busy for as long as that takes.

Each second the scheduler is asked for the order in which what waits should be tried, and the workers that are free by
then, or become free within it, take from there. A pull begins when its worker is free and its rule is due.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from heapq import heapify, heappop, heappush, heapreplace

from integrations.models import Run, SyncRule
from integrations.pending import AT_MOST, Candidate
from integrations.runs import next_due
from integrations.schedule import PARENTS, Place, choose
from integrations.simulation.fleet import DAY, Costs, Rule
from integrations.tasks import SLICE_SECONDS

BEGINNING = datetime(2026, 1, 5, tzinfo=UTC)
MOST_WAITING = 0.5
"""Where this share of all rules waits, the portal does not keep up: the rest of the days would only say so again."""


@dataclass(slots=True)
class Measured:
    """What happened. `late` counts pulls by their lateness in whole seconds, for each size of tenant; `busy` are the
    seconds of work begun in each minute."""

    late: dict[str, Counter[int]] = field(default_factory=dict)
    pulls: int = 0
    calls: int = 0
    records: float = 0.0
    busy: defaultdict[int, float] = field(default_factory=partial(defaultdict, float))
    called: Counter[int] = field(default_factory=Counter)
    waiting: int = 0
    joined: list[float] = field(default_factory=list)
    until: float = 0.0
    kept_up: bool = True


class Course:
    """One simulation. `advance` goes on for a second."""

    def __init__(self, rules: Sequence[Rule], workers: int, costs: Costs) -> None:
        self.rules = {rule.id: rule for rule in rules}
        self.costs, self.measured = costs, Measured()
        self._free = [0.0] * workers
        self._coming_due = [(rule.due, rule.id) for rule in rules]
        heapify(self._coming_due)
        self._working: list[tuple[float, int]] = []
        self._waiting: dict[int, Candidate] = {}
        self._busy: Counter[int] = Counter()
        self._first = Counter(rule.tenant_id for rule in rules if rule.first)
        self._rests = {rule.interval: SyncRule(interval=rule.interval) for rule in rules}

    def run(self, days: float, each_hour: Callable[[int], None] = lambda hour: None) -> Measured:
        """Go through these days, or until too many wait."""
        for second in range(round(days * DAY)):
            self.advance(second)
            self.measured.until = second + 1
            if second % 3600 == 0:
                each_hour(second // 3600)
            if len(self._waiting) > MOST_WAITING * len(self.rules):
                self.measured.kept_up = False
                break
        return self.measured

    def advance(self, second: int) -> None:
        while self._working and self._working[0][0] <= second:
            ended, number = heappop(self._working)
            self._end(self.rules[number], ended)
        while self._coming_due and self._coming_due[0][0] <= second:
            self._wait(self.rules[heappop(self._coming_due)[1]])
        self.measured.waiting = max(self.measured.waiting, len(self._waiting))
        order = choose(self._waiting.values(), self._busy, self._coming(), PARENTS)
        while self._free[0] <= second and (candidate := next(order, None)) is not None:
            rule = self.rules[candidate.rule_id]
            begun = max(self._free[0], rule.due, second - 1)
            seconds = self._begin(rule, begun)
            heapreplace(self._free, begun + seconds)
            heappush(self._working, (begun + seconds, rule.id))

    def _coming(self) -> set[Place]:
        """First pulls that are still to come or under way, as `schedule.next_turn` finds them."""
        waiting = {(c.connection_id, c.entity) for c in self._waiting.values() if c.first}
        working = (self.rules[number] for _, number in self._working)
        return waiting | {(rule.connection_id, rule.entity) for rule in working if rule.first}

    def _wait(self, rule: Rule) -> None:
        self._waiting[rule.id] = Candidate(
            rule.id, rule.connection_id, rule.tenant_id, rule.entity, rule.position,
            at(rule.due), rule.first, asked_for=rule.first,
        )  # fmt: skip

    def _begin(self, rule: Rule, second: float) -> float:
        """A worker takes it, for a slice at most. Returns the seconds that this takes."""
        del self._waiting[rule.id]
        costs, measured = self.costs, self.measured
        if not rule.started:
            rule.begin(second)
            if not rule.first:
                late = measured.late.setdefault(rule.size.name, Counter())
                late[round(second - rule.due)] += 1
        most = max(1.0, (SLICE_SECONDS - costs.pull) / (costs.record + costs.call / costs.page))
        records = min(rule.left, most)
        looked_at = min(len(self._waiting), AT_MOST)
        seconds = costs.decision + costs.waiting * looked_at + costs.of_pull(records)
        rule.left -= records
        calls = costs.calls(records)
        measured.calls += calls
        measured.called[int(second)] += calls
        measured.records += records
        measured.busy[int(second // 60)] += seconds
        self._busy[rule.tenant_id] += 1
        return seconds

    def _end(self, rule: Rule, now: float) -> None:
        self._busy[rule.tenant_id] -= 1
        if rule.left > 0:
            self._wait(rule)
            return
        self.measured.pulls += 1
        rule.started = False
        if rule.first:
            rule.first = False
            self._first[rule.tenant_id] -= 1
            if not self._first[rule.tenant_id]:
                self.measured.joined.append(now)
        rule.due = (
            next_due(self._rests[rule.interval], Run.State.COMPLETED, at(now), None) - BEGINNING
        ).total_seconds()
        heappush(self._coming_due, (rule.due, rule.id))


def at(second: float) -> datetime:
    return BEGINNING + timedelta(seconds=second)
