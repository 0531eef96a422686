"""A record's tags as people give them: by name. Names with a number at the system are kept by it, others by name."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction

from portal.models import User
from reconciliation.editing import edit
from reconciliation.entities import Entity
from reconciliation.models import Change, ReferenceItem

LONGEST = 30
"""Characters of a tag's name at ServiceTitan."""


def key_of(name: str) -> str:
    """The form in which two spellings of a tag are the same."""
    return " ".join(name.split()).casefold()


def numbered(names: Iterable[str], known: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Ids of the names that `known` (id by key) holds, and the other names; each once, in order. Pure."""
    ids: dict[str, None] = {}
    others: dict[str, str] = {}
    for name in names:
        key = key_of(name)
        if key in known:
            ids[known[key]] = None
        elif key:
            others.setdefault(key, " ".join(name.split()))
    return list(ids), list(others.values())


def names_of(record: Any) -> list[str]:
    """All tags of a record by name: those with a number first. One whose type has not come is shown by it."""
    ids = [str(number) for number in record.tag_ids or []]
    types = dict(tag_types(record.tenant_id).filter(external_id__in=ids).values_list("external_id", "name"))
    return [*(types.get(number) or f"tag {number}" for number in ids), *record.tag_names]


def tag_types(tenant_id: int) -> Any:
    return ReferenceItem.objects.filter(tenant_id=tenant_id, kind=ReferenceItem.Kind.TAG_TYPE)


@transaction.atomic
def set_tags(
    entity: Entity, record_id: int, names: Iterable[str], *, actor: User | None = None
) -> Change | None:
    """Make `names` the record's tags, all of them. None if they are already."""
    record = entity.objects.select_for_update().get(pk=record_id)
    types = tag_types(record.tenant_id).filter(active=True).exclude(external_id="").order_by("-pk")
    known = {key_of(name): number for name, number in types.values_list("name", "external_id")}
    # A tag that is shown by its number alone, or whose type is inactive, stays where it is named again.
    shown = dict(zip(map(key_of, names_of(record)), map(str, record.tag_ids), strict=False))
    ids, others = numbered(names, {**known, **shown})
    return edit(entity, record_id, {"tag_ids": ids, "tag_names": others}, actor=actor)
