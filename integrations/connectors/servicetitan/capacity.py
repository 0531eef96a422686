"""Dispatch capacity: when the shop can still take work in. A POST that reads, of one day at a time."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from integrations.connectors.base import Window
from integrations.connectors.entity import Row
from integrations.connectors.errors import RemoteError, Who
from integrations.connectors.http import Answer
from integrations.connectors.servicetitan import scopes

PATH = "/dispatch/v2/tenant/{tenant}/capacity"
SCOPE = "tn.dis.capacity:w"
"""A write scope, although it reads."""


def read(send: Callable[[str, Row], Answer], begin: str, end: str, unit: str, job_type: str) -> list[Window]:
    """The windows between two wire times for one business unit and job type. Raises RemoteError."""
    body = {
        "startsOnOrAfter": begin,
        "endsOnOrBefore": end,
        "businessUnitIds": [int(unit)],
        "jobTypeId": int(job_type),
        "skillBasedAvailability": False,
    }
    try:
        answer = send(PATH, body)
    except RemoteError as error:
        if error.reason != "forbidden":
            raise
        message = f"The scope {SCOPE} is missing. {scopes.how_to_grant(SCOPE)}"
        raise RemoteError(
            Who.FIX_CONFIGURATION, "missing_scope", message, details=error.details, status=403,
            trace_id=error.trace_id,
        ) from None  # fmt: skip
    try:
        return [_window(row) for row in answer.data["availabilities"]]
    except (TypeError, KeyError, ValueError):
        message = "ServiceTitan's reply for its capacity has an unexpected shape. Tell support."
        raise RemoteError(Who.OUR_BUG, "unexpected_reply", message) from None


def _window(row: dict[str, Any]) -> Window:
    """`start` and `end` are the merchant's wall clock; only the UTC pair says which moment is meant."""
    return Window(
        start=datetime.fromisoformat(row["startUtc"]),
        end=datetime.fromisoformat(row["endUtc"]),
        open_hours=float(row["openAvailability"]),
        is_open=bool(row["isAvailable"]),
    )
