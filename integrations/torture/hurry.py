"""Waits cut short, so that a merchant's day passes in seconds. What waits for what stays as it is."""

from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings

from integrations import calls, leases, shared
from integrations.connectors import seats
from integrations.connectors.http import Policy
from integrations.connectors.syspro import session
from integrations.push import timing

LATE = 0.8
"""The sandbox's slowest call, in seconds: after it a lost request has taken effect or never will."""
CALL = 2.0
BUSY = 1.0
"""So long a process that is to be killed waits for SQLite's lock; whoever holds it longer has its statement fail."""


def hurry(hosts: Sequence[str], *, protected: bool = True) -> None:
    """In every process of the torture, before anything is worked on."""
    settings.CUSTOM_API_HOSTS = list(hosts)
    leases.LEASE = timedelta(seconds=4)
    shared.FETCH_SECONDS = CALL + 1.0
    seats.PATIENCE = 0.7
    session.SLOWEST_START = 0.9
    calls.PATIENCE = Policy(
        attempts=3, budget=CALL, first_backoff=0.02, longest_backoff=0.1, longest_wait=1.5
    )
    timing.use(
        timing.Timing(
            first_wait=0.1,
            longest_wait=0.5,
            call=CALL,
            late_effect=LATE + 0.4,
            most_silences=1000,
            down_after=10_000,
        )
    )
    timing.protected = protected


def hurry_more() -> None:
    """In the processes that are killed: nobody waits long for a locked database, and the API counts no calls."""
    settings.API_CALLS_A_MINUTE = 1_000_000
    if settings.ON_SQLITE:
        settings.DATABASES["default"]["OPTIONS"]["timeout"] = BUSY
