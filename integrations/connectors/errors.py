"""Remote failures, classed by who must act. One exception type; the class of failure is a value.

Each connector turns a reply into one of these with a table of cases that is closed by default: what is not
listed is `OUR_BUG`. `message` is for a person (one sentence and what to do), `details` for the log; neither
ever holds a secret.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any


class Who(StrEnum):
    """Who must act on a failure."""

    RETRY_LATER = "retry_later"
    FIX_CONFIGURATION = "fix_configuration"
    FIX_RECORD = "fix_record"
    OUR_BUG = "our_bug"


class RemoteError(Exception):
    """A call to a remote system failed.

    `reason` is a short stable word (`timeout`, `rate_limited`, `invalid_client`, `not_found`, ...) that is
    stored and counted. `retry_after` is the remote's own wait hint in seconds. `relink` is True when every
    call is refused, so that the connection must be authorised again. `unknown` is True when the call may have
    taken effect although no answer was understood. `exchange` is what was sent and what came back, without secrets,
    where a connector keeps it (see `base.TellsExchanges`).
    """

    def __init__(
        self,
        who: Who,
        reason: str,
        message: str,
        *,
        details: str = "",
        status: int | None = None,
        trace_id: str | None = None,
        retry_after: float | None = None,
        relink: bool = False,
        unknown: bool = False,
        exchange: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.who = who
        self.reason = reason
        self.message = message
        self.details = details
        self.status = status
        self.trace_id = trace_id
        self.retry_after = retry_after
        self.relink = relink
        self.unknown = unknown
        self.exchange = exchange
