"""What a mapping looks up: a field of the records that ids there are linked to, asked for as rows need it.

The route: a page of rows -> the ids in its look-up lines -> two queries for those that are not known yet -> the lines,
one after the other, from memory. A row that comes alone asks for its own.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from integrations.clerk import on_own_connection
from integrations.connectors.entity import Entity, FieldMap, Row
from integrations.mapping.adjusted import linked_field
from integrations.mapping.paths import Path, dig, parse
from integrations.mapping.transforms import text
from integrations.models import SyncRule
from reconciliation import entities
from reconciliation.models import Link

MOST = 20_000
"""Values that are kept at once; a page's own are never dropped."""
LOOK_UP = "lookup"
_UNKNOWN = object()


@dataclass
class LinkedField:
    """One field of one entity's records by external id; None for ids that are linked to nothing. For many threads."""

    rule: SyncRule
    entity: str
    name: str
    known: dict[str, Any] = field(default_factory=dict)

    def get(self, external_id: str) -> Any:
        found = self.known.get(external_id, _UNKNOWN)
        return self._asked([external_id])[external_id] if found is _UNKNOWN else found

    def meet(self, external_ids: Collection[str]) -> None:
        """Ask at once for what is not known yet."""
        known = self.known
        found = self._asked([one for one in external_ids if one not in known])
        if len(known) + len(found) > MOST:
            known = {one: known[one] for one in external_ids if one in known}
        self.known = {**known, **found}

    def _asked(self, external_ids: Sequence[str]) -> dict[str, Any]:
        return on_own_connection(lambda: self._values(external_ids)) if external_ids else {}

    def _values(self, external_ids: Sequence[str]) -> dict[str, Any]:
        links = Link.objects.filter(
            source=self.rule.connection.source_id, entity=self.entity, external_id__in=external_ids
        ).exclude(record_id=None)
        records = dict(links.values_list("external_id", "record_id"))
        held = entities.ENTITIES[self.entity].objects.filter(
            tenant=self.rule.connection.tenant_id, pk__in=set(records.values())
        )
        values = dict(held.values_list("pk", self.name))
        return {one: values.get(records.get(one)) for one in external_ids}


class LinkedValues:
    """The look-ups of one rule: a `LookUp` for its lines, told by `meet` which rows come next."""

    def __init__(self, rule: SyncRule) -> None:
        self._rule = rule
        self._fields: dict[tuple[str, str], LinkedField] = {}

    def __call__(self, entity: str, name: str) -> LinkedField:
        if entity not in entities.ENTITIES or name not in entities.ENTITIES[entity].fields:
            raise ValueError(f"There is no field {name} of {entity}.")
        return self._fields.setdefault((entity, name), LinkedField(self._rule, entity, name))

    def meeting(self, entity: Entity) -> Callable[[Sequence[Row]], None]:
        """What to call with rows of `entity`, mapped as it is, before they are read."""
        own = list(_looked_up(entity.mapping))
        nested = list(_looked_up(entity.children.mapping)) if entity.children else []

        def meet(rows: Sequence[Row]) -> None:
            self._meet(own, rows)
            if nested and entity.children:
                path = parse(entity.children.remote)[0]
                self._meet(nested, [item for row in rows for item in _items(dig(row, path))])

        return meet

    def _meet(self, lines: Sequence[tuple[tuple[str, str], Path]], rows: Sequence[Row]) -> None:
        for key, path in lines:
            found = (dig(row, path) for row in rows)
            self(*key).meet({text(value) for value in found if isinstance(value, str | int)})


def _looked_up(lines: Iterable[FieldMap]) -> Iterator[tuple[tuple[str, str], Path]]:
    """(entity and field, the path of the id) of each look-up that is read."""
    for line in lines:
        if line.transform == LOOK_UP and line.direction != "push":
            yield linked_field(line.argument), parse(line.remote)[0]


def _items(found: Any) -> list[Row]:
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []
