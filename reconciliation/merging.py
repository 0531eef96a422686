"""Joining two records into one: links and references move to the survivor, the other stays as a tombstone."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import models

from reconciliation.entities import ENTITIES, Entity
from reconciliation.fates import Placed
from reconciliation.intake import Intake
from reconciliation.models import Change, Link


def follow_source(intake: Intake, now: datetime, placed: Sequence[Placed]) -> None:
    """Rows that their source merged into another: do here what was done there. Rare, so one by one."""
    merged = [p for p in placed if p.survivor is not None]
    if not merged:
        return
    links = Link.objects.filter(
        source=intake.source,
        entity=intake.entity.name,
        external_id__in=[p.row.external_id for p in merged],
    ).exclude(state=Link.State.MERGED)
    survivors = {p.row.external_id: p.survivor for p in merged}
    moved: dict[int, int] = {}
    for link in links:
        survivor = survivors[link.external_id]
        while survivor in moved:  # it was itself merged a moment ago
            survivor = moved[survivor]
        if link.record_id is not None and survivor is not None and link.record_id != survivor:
            join(intake.entity, loser=link.record_id, survivor=survivor, now=now)
            moved[link.record_id] = survivor
            Change.objects.create(
                tenant_id=intake.source.tenant_id,
                entity=intake.entity.name,
                record_id=link.record_id,
                at=now,
                kind=Change.Kind.MERGED,
                source=intake.source,
                run_id=intake.run_id,
                fields={"merged_into": [None, survivor]},
            )


def join(entity: Entity, *, loser: int, survivor: int, now: datetime) -> None:
    """Move every link and reference from `loser` to `survivor`; `loser` stays, inactive, pointing at it."""
    Link.objects.filter(entity=entity.name, record_id=loser).update(
        record_id=survivor, state=Link.State.MERGED, updated_at=now
    )
    for model, field in references_to(entity.model):
        model._default_manager.filter(**{field: loser}).update(**{field: survivor})
    tombstone: dict[str, Any] = {"active": False, "merged_into": survivor, "updated_at": now}
    entity.model._default_manager.filter(pk=loser).update(**tombstone, version=models.F("version") + 1)


def references_to(target: type[models.Model]) -> set[tuple[type[models.Model], str]]:
    """Every column of another record that points at this model."""
    found: set[tuple[type[models.Model], str]] = set()
    for entity in ENTITIES.values():
        for field in entity.model._meta.concrete_fields:
            if isinstance(field, models.ForeignKey) and field.related_model is target:
                found.add((entity.model, field.attname))
    return found
