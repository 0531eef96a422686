"""Fields that both sides changed apart: kept with both values, settled by policy or pending for a person.

The route: a page's revisions -> conflicts met now are added or brought up to date -> pending ones whose field no
longer differs close by themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson

from reconciliation import bulk
from reconciliation.intake import Intake
from reconciliation.models import Conflict
from reconciliation.survivorship import FieldConflict

if TYPE_CHECKING:
    from reconciliation.updating import Revision

State, Outcome = Conflict.State, Conflict.Outcome
_VALUES = ("base", "portal_value", "remote_value", "remote_modified_at", "updated_at")
_COLUMNS = (
    "tenant_id",
    "link_id",
    "entity",
    "record_id",
    "field",
    "state",
    "policy",
    "created_at",
    "settled_at",
    "outcome",
    "note",
    *_VALUES,
)


def record(intake: Intake, now: datetime, revisions: Sequence[Revision]) -> None:
    """Write down what a page met. One that already waits for a person gets the newest values instead of a twin."""
    pending = _pending(revisions)
    new, known = [], []
    for revision in revisions:
        link_id = revision.placed.link.id if revision.placed.link else 0
        for met in revision.decision.conflicts:
            values = _values(met, revision.placed.row.modified_at, now)
            pk = pending.pop((link_id, met.field), None)
            if pk is not None and not met.settled:
                known.append((*values, pk))
                continue
            if pk is not None:
                pending[link_id, met.field] = pk  # the policy has settled what waited: closed below
            new.append((*_identity(intake, revision, link_id, met, now), *values))
    bulk.insert(Conflict, _COLUMNS, new)
    bulk.update(Conflict, _VALUES, known)
    _close(pending.values(), now)


def _pending(revisions: Sequence[Revision]) -> dict[tuple[int, str], int]:
    links = [revision.placed.link.id for revision in revisions if revision.placed.link]
    condition, values = bulk.among("link_id", links)
    sql = f"SELECT id, link_id, field FROM {Conflict._meta.db_table} WHERE state = %s AND {condition}"  # noqa: S608
    return {(link_id, field): pk for pk, link_id, field in bulk.select(sql, [State.PENDING, *values])}


def _values(met: FieldConflict, modified_at: datetime | None, now: datetime) -> tuple[Any, ...]:
    texts = (orjson.dumps(value).decode() for value in (met.base, met.local, met.remote))
    return (*texts, modified_at, now)


def _identity(
    intake: Intake, revision: Revision, link_id: int, met: FieldConflict, now: datetime
) -> tuple[Any, ...]:
    state = State.SETTLED if met.settled else State.PENDING
    taken = Outcome.REMOTE if met.field in revision.decision.take else Outcome.PORTAL
    return (
        intake.source.tenant_id,
        link_id,
        intake.entity.name,
        revision.record_id,
        met.field,
        state,
        intake.rule.policy_of(met.field),
        now,
        now if met.settled else None,
        taken if met.settled else "",
        "",
    )


def _close(pending: Any, now: datetime) -> None:
    """Both sides agree again, or the policy has decided meanwhile: nothing is left for a person to settle."""
    ids = list(pending)
    if ids:
        Conflict.objects.filter(pk__in=ids).update(
            state=State.SETTLED,
            outcome=Outcome.AGREED,
            note="Closed by itself: the two sides no longer differ.",
            settled_at=now,
            updated_at=now,
        )
