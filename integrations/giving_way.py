"""A worker that stays with one merchant for long looks up now and then: does anybody wait whom nobody serves?

The route: between two pages, or two calls of a push -> `GivingWay` -> `schedule.others_wait` -> another worker is called;
if somebody still waits at the next look, none was free, and this worker ends its slice.

Measured with four workers, two of them at a merchant of a million records: others' pulls were up to 19 s late while the
two sat out their slices and the other two slept until the next tick.
"""

import time
from collections.abc import Callable

from integrations import schedule
from integrations.leases import Lease

LOOK_SECONDS = 2.0


class GivingWay:
    """Tells the worker that holds a lease when to leave its rule to others. `call` wakes a worker, if one is free."""

    def __init__(
        self, lease: Lease, call: Callable[[], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._lease, self._call, self._clock = lease, call, clock
        self._look_at = clock() + LOOK_SECONDS
        self._called = False

    def __call__(self) -> bool:
        """Cheap until a look is due, which reads what is next as a worker does that is free."""
        if self._clock() < self._look_at:
            return False
        wait = schedule.others_wait(self._lease)
        if wait and self._called:
            return True
        if wait:
            self._call()
        self._called = wait
        self._look_at = self._clock() + LOOK_SECONDS
        return False
