"""Counters of a sandbox: what was called, how often it refused, and the busiest second."""

from collections import Counter, deque
from threading import Lock
from typing import Any


class Stats:
    def __init__(self) -> None:
        self._lock = Lock()
        self.reset()

    def reset(self) -> None:
        with self._lock:
            self.calls: Counter[str] = Counter()
            self.statuses: Counter[int] = Counter()
            self.token_calls = 0
            self.peak = 0
            self._last_second: deque[float] = deque()

    def arrive(self, path: str, now: float) -> None:
        with self._lock:
            self.calls[path] += 1
            recent = self._last_second
            recent.append(now)
            while recent[0] <= now - 1.0:
                recent.popleft()
            self.peak = max(self.peak, len(recent))

    def arrive_for_token(self) -> None:
        with self._lock:
            self.token_calls += 1

    def answer(self, status: int) -> None:
        with self._lock:
            self.statuses[status] += 1

    def report(self) -> dict[str, Any]:
        with self._lock:
            return {
                "calls": sum(self.calls.values()),
                "calls_by_path": dict(self.calls),
                "statuses": {str(status): count for status, count in sorted(self.statuses.items())},
                "rate_limited": self.statuses[429],
                "token_calls": self.token_calls,
                "peak_calls_in_one_second": self.peak,
            }
