"""Rate limits of the sandboxes. A call is judged when it arrives, before any simulated latency."""

import math
from collections import deque
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Protocol


class Window(Protocol):
    def admit(self, key: Hashable, now: float) -> float:
        """Return 0.0 to let the call pass, or the seconds after which one would pass."""
        ...


class SlidingWindow:
    """Never more than `rate` admitted calls in any one second. The strict reading of a limit."""

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self._admitted: dict[Hashable, deque[float]] = {}
        self._lock = Lock()

    def admit(self, key: Hashable, now: float) -> float:
        with self._lock:
            admitted = self._admitted.setdefault(key, deque())
            while admitted and admitted[0] <= now - 1.0:
                admitted.popleft()
            if len(admitted) >= self.rate:
                return admitted[0] + 1.0 - now
            admitted.append(now)
            return 0.0


class TokenBucket:
    """A bucket of `rate` calls that refills at `rate` a second: bursts may reach twice the rate."""

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self._levels: dict[Hashable, tuple[float, float]] = {}
        self._lock = Lock()

    def admit(self, key: Hashable, now: float) -> float:
        with self._lock:
            level, then = self._levels.get(key, (float(self.rate), now))
            level = min(float(self.rate), level + (now - then) * self.rate)
            wait = 0.0 if level >= 1.0 else (1.0 - level) / self.rate
            self._levels[key] = (level if wait else level - 1.0, now)
            return wait


WINDOWS: dict[str, Callable[[int], Window]] = {"sliding": SlidingWindow, "bucket": TokenBucket}


def whole_seconds(wait: float) -> int:
    return max(1, math.ceil(wait))
