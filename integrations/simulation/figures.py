"""What a simulation shows: lateness in percentiles, and how busy the workers were."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from integrations.simulation.course import Measured

SHARES = (0.5, 0.95, 0.99, 1.0)


def percentile(counted: Mapping[int, int], share: float) -> int:
    """The value that this share of all does not exceed; 0 where there are none."""
    wanted = share * sum(counted.values())
    passed, value = 0, 0
    for value in sorted(counted):
        passed += counted[value]
        if passed >= wanted:
            break
    return value


def lateness(measured: Measured) -> dict[str, dict[str, int]]:
    """Seconds from the time a rule is due to the beginning of its pull: for each size of tenant, and for all."""
    everything: Counter[int] = Counter()
    for counted in measured.late.values():
        everything += counted
    rows = {**measured.late, "all": everything}
    return {
        name: {
            "pulls": sum(counted.values()),
            **{_name(share): percentile(counted, share) for share in SHARES},
        }
        for name, counted in rows.items()
    }


def _name(share: float) -> str:
    return "most" if share == 1.0 else f"p{share * 100:.0f}"


def use(measured: Measured, workers: int) -> dict[str, Any]:
    """How much of the workers' time was work, over all and in the busiest minute; more than 1.0 is work begun in it that
    went on behind it."""
    minutes = max(measured.until / 60, 1)
    return {
        "mean": sum(measured.busy.values()) / (workers * 60 * minutes),
        "busiest_minute": max(measured.busy.values(), default=0) / (workers * 60),
        "calls": measured.calls,
        "calls_a_second": measured.calls / max(measured.until, 1),
        "most_calls_in_a_second": max(measured.called.values(), default=0),
        "records": round(measured.records),
        "most_waiting": measured.waiting,
    }
