"""What is said of a goal, and which of several runs counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median_low

from tests.bench.scenarios import Row


@dataclass(frozen=True)
class Verdict:
    goal: str
    figure: str
    good: bool | None
    """None: not to be judged on so little data"""


def typical(rows: Sequence[Row], scenario: str, contender: str) -> Row | None:
    """The run of median wall time."""
    these = [row for row in rows if (row.scenario, row.contender) == (scenario, contender)]
    if not these:
        return None
    wall = median_low([row.measured.wall for row in these])
    return next(row for row in these if row.measured.wall == wall)
