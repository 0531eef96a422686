"""The calls that a system allows in a day: noted from its replies, and kept for new work when they run short.

The route: a connector's `usage` -> the budget's row, shared by all who share the account -> `is_short`, asked before
retries and backfills. What is new goes on to the last call.
"""

from datetime import datetime, timedelta

from django.db.models import F
from django.utils import timezone

from integrations.connectors.base import Usage
from integrations.models import CallBudget, Run, SyncRule

SHORT = 0.75
LOOK_AGAIN = timedelta(minutes=15)
"""What was said longer ago may be over: one slice of held-back work then asks anew."""


def note(key: str, usage: Usage | None) -> None:
    """Keep what the system said last. The row is there once the account has made a call."""
    if usage is not None:
        CallBudget.objects.filter(key=key).update(
            day_used=usage.used, day_allowed=usage.allowed, day_at=timezone.now()
        )


def short_keys(now: datetime) -> set[str]:
    """The budgets of which so much is used that only new work may go on."""
    lately = CallBudget.objects.filter(day_at__gt=now - LOOK_AGAIN, day_allowed__gt=0)
    return set(lately.filter(day_used__gte=F("day_allowed") * SHORT).values_list("key", flat=True))


def holds_back(rule: SyncRule, now: datetime) -> bool:
    """Whether the rule would read everything, which has to wait while calls run short."""
    if not is_short(rule.connection.budget_key, now):
        return False
    whole = Run.objects.filter(rule=rule, state__in=Run.OPEN, full=True)
    return rule.synced_at is None or rule.full_wanted or whole.exists()


def is_short(key: str, now: datetime) -> bool:
    return bool(key) and key in short_keys(now)
