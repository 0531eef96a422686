"""Fields that both sides changed apart: kept with both values, settled by policy or pending for a person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson

from reconciliation import bulk
from reconciliation.intake import Intake
from reconciliation.models import Conflict

if TYPE_CHECKING:
    from reconciliation.updating import Revision

_COLUMNS = (
    "tenant_id",
    "link_id",
    "entity",
    "record_id",
    "field",
    "base",
    "portal_value",
    "remote_value",
    "state",
    "policy",
    "created_at",
    "settled_at",
)


def record(intake: Intake, now: datetime, revisions: Sequence[Revision]) -> None:
    """Add the conflicts of a page; one that already waits for a person gets the newest values instead of a twin."""
    met = [(revision, conflict) for revision in revisions for conflict in revision.decision.conflicts]
    if not met:
        return
    links = {revision.placed.link.id for revision, _ in met if revision.placed.link}
    pending = {
        (link_id, field): pk
        for pk, link_id, field in Conflict.objects.filter(
            link__in=links, state=Conflict.State.PENDING
        ).values_list("id", "link_id", "field")
    }
    new, known = [], []
    for revision, conflict in met:
        link_id = revision.placed.link.id if revision.placed.link else 0
        values = tuple(_text(v) for v in (conflict.base, conflict.local, conflict.remote))
        pk = pending.get((link_id, conflict.field))
        if pk is not None and not conflict.settled:
            known.append((*values, pk))
            continue
        state = Conflict.State.SETTLED if conflict.settled else Conflict.State.PENDING
        new.append(
            (
                intake.source.tenant_id,
                link_id,
                intake.entity.name,
                revision.record_id,
                conflict.field,
                *values,
                state,
                intake.rule.policy,
                now,
                now if conflict.settled else None,
            )
        )
    bulk.insert(Conflict, _COLUMNS, new)
    bulk.update(Conflict, ("base", "portal_value", "remote_value"), known)


def _text(value: Any) -> str:
    return orjson.dumps(value).decode()
