"""The org's daily allowance of calls, told in a header of each reply, and what `limits` answers."""

from collections import deque
from threading import Lock
from typing import Any

from integrations.sandbox.salesforce.errors import Refused

DAY = 86_400.0


class Allowance:
    """At most `most` calls in any 24 hours; `used` begins where a test wants it."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._before = 0
        self._calls: deque[float] = deque()
        self._lock = Lock()

    def begin(self, most: int, used: int) -> None:
        """Start anew with a limit and so many calls already gone."""
        with self._lock:
            self.most, self._before = most, used
            self._calls.clear()

    @property
    def used(self) -> int:
        return self._before + len(self._calls)

    def take(self, now: float) -> None:
        """Count a call. Raises Refused REQUEST_LIMIT_EXCEEDED."""
        with self._lock:
            while self._calls and self._calls[0] <= now - DAY:
                self._calls.popleft()
            if self.used >= self.most:
                raise Refused("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
            self._calls.append(now)

    def header(self) -> str:
        return f"api-usage={self.used}/{self.most}"

    def report(self, rows: int) -> dict[str, Any]:
        def limit(most: int, used: int = 0) -> dict[str, int]:
            return {"Max": most, "Remaining": max(0, most - used)}

        return {
            "DailyApiRequests": limit(self.most, self.used),
            "DailyBulkApiBatches": limit(15_000),
            "DailyBulkV2QueryJobs": limit(10_000),
            "DailyBulkV2QueryFileStorageMB": limit(976_562),
            "DailyAsyncApexExecutions": limit(250_000),
            "DataStorageMB": limit(10_240, rows * 2 // 1024),
            "FileStorageMB": limit(10_240),
            "HourlyTimeBasedWorkflow": limit(1_000),
            "SingleEmail": limit(5_000),
        }
