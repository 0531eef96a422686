"""Tags that were given by name get the numbers that their system knows them by, just before they are sent.

The route: a record's `tag_names` -> the connection's tag types, by name whatever its case -> `tag_ids`, by an edit
like any other. A name that the system does not have stays, and the delivery waits until it has it.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction

from integrations.models import Delivery, SyncRule
from integrations.push.sides import Side
from reconciliation.editing import edit
from reconciliation.models import Link, ReferenceItem
from reconciliation.tags import key_of, numbered

REASON, ENTITY = "tags", "tag_type"


def settle(side: Side, delivery: Delivery, record: Any, *, dry: bool) -> list[str]:
    """Give the record's named tags their numbers; returns the names that the system does not know."""
    names = getattr(record, "tag_names", None) or []
    if not names or "tag_ids" not in side.outward.lasting:
        return []
    ids, unknown = numbered(names, known(side.rule))
    if unknown or dry:
        return unknown
    with transaction.atomic():
        held = type(record)._default_manager.select_for_update().get(pk=record.pk)
        values = {"tag_ids": [*held.tag_ids, *(i for i in ids if i not in held.tag_ids)], "tag_names": []}
        edit(side.entity, record.pk, values, note="Tags by name have got their numbers")
        # That edit joined this very delivery, which is about to send it: no other is owed for it.
        delivery.refresh_from_db(fields=["changes"])
    record.refresh_from_db()
    return []


def known(rule: SyncRule) -> Mapping[str, str]:
    """The connection's active tag types: their ids there, by the key of their names."""
    links = Link.objects.filter(source_id=rule.connection.source_id, entity=ENTITY, state=Link.State.LIVE)
    ids = dict(links.values_list("record_id", "external_id"))
    items = ReferenceItem.objects.filter(pk__in=list(ids), active=True).order_by("-pk")
    return {key_of(name): ids[pk] for pk, name in items.values_list("pk", "name")}


def words(rule: SyncRule, names: Iterable[str]) -> str:
    """Why a record with these tags waits."""
    listed = ", ".join(f"“{name}”" for name in names)
    return (
        f"{rule.connection.label} has no tag type {listed}. Make it there, and this goes by itself after the next "
        "sync of tag types; or take the tag off here."
    )
