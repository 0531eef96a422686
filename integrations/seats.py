"""The seat of an account that can be logged on only once, kept for all workers: a row and its lease.

The route: a connector about to log on -> `acquire`, which waits a while -> `renew` before each call, so that a worker
that was held up finds out before it does harm -> `release` after logging off. A worker that was killed holds nobody up
for longer than the lease. The lease outlasts the longest call (`calls.PATIENCE`), so it ends under no call.
"""

import time
from collections.abc import Callable

from integrations import leases
from integrations.connectors import seats
from integrations.leases import Lease, LeaseLost
from integrations.models import Seat
from integrations.shared import Ask

BETWEEN_LOOKS = 0.25


class SharedSeat:
    """A `Seat` (connectors.base) that every process shares. Used by one connector, which makes its calls in turn."""

    def __init__(
        self,
        key: str,
        ask: Ask,
        patience: float | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.key, self._ask, self._sleep = key, ask, sleep
        self._patience = seats.PATIENCE if patience is None else patience
        self._lease: Lease | None = None

    def acquire(self) -> None:
        waited = 0.0
        while (lease := self._ask(self._take)) is None:
            if waited >= self._patience:
                raise seats.taken()
            self._sleep(BETWEEN_LOOKS)
            waited += BETWEEN_LOOKS
        self._lease = lease

    def renew(self) -> None:
        lease = self._lease
        try:
            if lease is None:
                raise LeaseLost
            self._ask(lambda: leases.renew(lease))
        except LeaseLost:
            self._lease = None
        if self._lease is None:
            raise seats.lost()

    def release(self) -> None:
        lease, self._lease = self._lease, None
        if lease is not None:
            self._ask(lambda: leases.release(lease))

    def _take(self) -> Lease | None:
        row, _ = Seat.objects.get_or_create(key=self.key)
        return leases.take(row.pk, Seat)
