"""Who works on a rule, or on a flow. A lease ends by itself, so that a worker that dies holds nothing up."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, Model, Q
from django.utils import timezone

from integrations.models import SyncRule

LEASE = timedelta(seconds=90)


class LeaseLost(Exception):
    """Another worker has taken it over: whatever this one holds must be rolled back."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to move one rule's cursor (or another row's work, of the model `of`), until `LEASE` after the last sign
    of life."""

    rule_id: int
    number: int
    of: type[Model] = SyncRule


def take(rule_id: int, of: type[Model] = SyncRule) -> Lease | None:
    """The lease, or None while somebody else holds it. One conditional UPDATE decides."""
    now = timezone.now()
    free = Q(lease_until=None) | Q(lease_until__lte=now)
    rows = of._default_manager.filter(pk=rule_id)
    if not rows.filter(free).update(lease_number=F("lease_number") + 1, lease_until=now + LEASE):
        return None
    return Lease(rule_id, rows.values_list("lease_number", flat=True).get(), of)


def renew(lease: Lease, **values: Any) -> None:
    """A sign of life; `values` are written with it (the cursor, in the page's transaction). Raises LeaseLost."""
    until = timezone.now() + LEASE
    if not _mine(lease).update(lease_until=until, **values):
        raise LeaseLost


def release(lease: Lease, **values: Any) -> None:
    """Give it back, if it is still ours."""
    _mine(lease).update(lease_until=None, **values)


def _mine(lease: Lease) -> Any:
    return lease.of._default_manager.filter(pk=lease.rule_id, lease_number=lease.number)


def expired(now: datetime) -> Any:
    """Rules whose worker has given no sign of life."""
    return SyncRule.objects.filter(lease_until__lte=now)
