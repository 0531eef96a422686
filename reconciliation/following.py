"""Merges that a source reports: done here as they were done there."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import QuerySet

from reconciliation.fates import Placed
from reconciliation.intake import Intake
from reconciliation.merging import CannotMerge, merge
from reconciliation.models import Link, MergeMove


def follow_source(intake: Intake, now: datetime, placed: Sequence[Placed]) -> None:
    """Join each row with the record it was merged into. Rare, so one by one.

    A link that is merged already (by a person here, or by an earlier report) agrees: no new change.
    """
    merged = {p.row.external_id: p.survivor for p in placed if p.survivor is not None}
    if not merged:
        return
    reported = Link.objects.filter(
        source=intake.source, entity=intake.entity.name, external_id__in=list(merged)
    )
    done_there(reported, now)
    links = reported.exclude(state=Link.State.MERGED)
    for link in links.order_by("pk"):
        survivor = merged[link.external_id]
        if link.record_id is None or survivor is None or link.record_id == survivor:
            continue
        try:
            merge(intake.entity, survivor, [link.record_id], source=intake.source, now=now)
        except CannotMerge:
            # The survivor was itself merged away here: follow it to where it stands now.
            final = _final(intake, survivor)
            if final != link.record_id:
                merge(intake.entity, final, [link.record_id], source=intake.source, now=now)


def done_there(reported: QuerySet[Link], now: datetime) -> None:
    """What a person here had merged is merged at the source too: nothing is left to do there."""
    waiting = MergeMove.objects.filter(model=Link._meta.label, done_at=None, row_id__in=reported.values("pk"))
    waiting.update(done_at=now)


def _final(intake: Intake, record_id: int) -> int:
    """Where a chain of merges ends."""
    manager = intake.entity.objects
    while (
        further := manager.filter(pk=record_id).values_list("merged_into_id", flat=True).first()
    ) is not None:
        record_id = further
    return record_id
