"""The seat of a system that lets an account be logged on only once: one holder at a time. See `base.Seat`.

A system declares it with `ConnectorSpec.seat`; who builds its connector hands one over that all workers share.
"""

from threading import Lock

from integrations.connectors.errors import RemoteError, Who

PATIENCE = 15.0
"""Seconds that one waits for the seat before its work goes back to the queue."""

_locks: dict[str, Lock] = {}
_making = Lock()


class ProcessSeat:
    """A `Seat` for the connectors of one process; `key` names the account at its address."""

    def __init__(self, key: str, patience: float = PATIENCE) -> None:
        with _making:
            self._lock = _locks.setdefault(key, Lock())
        self._patience = patience
        self._mine = False

    def acquire(self) -> None:
        if not self._mine and not self._lock.acquire(timeout=self._patience):
            raise taken()
        self._mine = True

    def renew(self) -> None:
        if not self._mine:
            raise lost()

    def release(self) -> None:
        if self._mine:
            self._mine = False
            self._lock.release()


def taken() -> RemoteError:
    """Somebody else has it, for longer than one waits."""
    message = "Another worker is logged on there at this moment. Trunkline takes its turn by itself."
    return RemoteError(Who.RETRY_LATER, "seat_taken", message, retry_after=PATIENCE)


def lost() -> RemoteError:
    """It was ours, and is not any more."""
    message = (
        "This worker was held up for so long that another one has logged on there. Nothing was sent by this one; "
        "Trunkline tries again by itself."
    )
    return RemoteError(Who.RETRY_LATER, "seat_lost", message, retry_after=PATIENCE)
