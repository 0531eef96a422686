"""The sandboxes' time."""

from collections.abc import Callable


class Clock:
    """The given clock's time, and as far ahead as somebody has moved it. Seconds since 1970."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock, self.ahead = clock, 0.0

    def now(self) -> float:
        return self._clock() + self.ahead
