"""A remote's rate limit, kept by pacing rather than by bursts.

The route of a call's turn: a limiter reserves a small block of slots from a `Budget` that all processes share
-> hands them to its threads one by one, 1/rate apart -> a slot that nobody takes in time lapses. A slot is
never used much later than its time: the strict reading of a limit counts every span of a second, so late
slots would bunch up.
"""

import time
from collections import deque
from collections.abc import Callable
from threading import Lock
from typing import Protocol

LARGEST_BLOCK = 12
LONGEST_LEAD = 0.25
SHORTEST_PATIENCE = 0.005


class Budget(Protocol):
    """The shared row of slots: one slot is 1/rate of a second.

    Both take `now` by the caller's clock and answer by it; an implementation that keeps another clock (a
    database's) adds its own wait to `now`.
    """

    def reserve(self, slots: int, now: float) -> float:
        """Take the next `slots` slots; return the time at which the first of them begins (>= now)."""
        ...

    def hold(self, seconds: float, now: float) -> None:
        """Let no slot begin before `now + seconds`."""
        ...


class MemoryBudget:
    """A budget for the threads and limiters of one process."""

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self._next_free_at = float("-inf")
        self._lock = Lock()

    def reserve(self, slots: int, now: float) -> float:
        with self._lock:
            start = max(now, self._next_free_at)
            self._next_free_at = start + slots / self.rate
            return start

    def hold(self, seconds: float, now: float) -> None:
        with self._lock:
            self._next_free_at = max(self._next_free_at, now + seconds)


class PacedLimiter:
    """A `Limiter` over a shared budget. Safe to use from many threads.

    At most `rate` + 2 calls begin in any second, however late threads wake, which leaves a limit of 60 one
    call for what happens on the way. A thread that comes for its slot, or wakes for it, more than the length
    of a slot late takes another.
    """

    def __init__(
        self,
        rate: float = 57.0,
        *,
        budget: Budget | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.interval = 1.0 / rate
        self._patience = max(self.interval, SHORTEST_PATIENCE)  # threads do not wake more exactly
        self._budget = budget or MemoryBudget(rate)
        self._clock = clock
        self._sleep = sleep
        self._lock = Lock()
        self._slots: deque[float] = deque()
        self._held_until = float("-inf")
        self._lead = 0.0
        self._waiting = 0
        self._waiting_lock = Lock()

    def acquire(self) -> None:
        """Wait until one call may be sent."""
        self._count(+1)
        try:
            while True:
                slot = self.slot()
                self.before_waiting()
                wait = slot - self._clock()
                if wait > 0:
                    self._sleep(wait)
                late = self._clock() - slot
                if late <= self._patience and slot >= self._held_until:
                    return
        finally:
            self._count(-1)

    def before_waiting(self) -> None:
        """What is to be asked before each turn. Afterwards it would make the call late, and late calls bunch up."""

    def hold(self, seconds: float) -> None:
        """The remote said 429: nobody who shares the budget begins a call for `seconds`."""
        now = self._clock()
        with self._lock:
            self._held_until = max(self._held_until, now + seconds)
            self._slots.clear()
        self._budget.hold(seconds, now)

    def slot(self) -> float:
        """The time at which the caller may send; it is theirs alone."""
        with self._lock:
            while True:
                while self._slots:
                    slot = self._slots.popleft()
                    if slot >= self._clock() - self._patience:
                        return slot
                self._reserve(min(LARGEST_BLOCK, max(1, self._waiting)))

    def _reserve(self, slots: int) -> None:
        """Take a block; where the budget is slow to answer, one that outlasts the time it takes.

        A database may be busy for longer than a slot is good for. Without the surplus every block would be
        stale on arrival, and nobody would ever call.
        """
        surplus = int(self._lead / self.interval) if self._lead > self._patience else 0
        asked = self._clock()
        start = self._budget.reserve(slots + surplus, asked)
        self._lead = min(LONGEST_LEAD, self._clock() - asked)
        self._slots.extend(start + place * self.interval for place in range(slots + surplus))

    def _count(self, change: int) -> None:
        """Blocks are as large as the queue here: a process with little to do must not waste the others'."""
        with self._waiting_lock:
            self._waiting += change
