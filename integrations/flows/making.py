"""The records that plans want, written: made once, then brought up to date. The caller holds the transaction.

The route: plans of many items -> what each item has already (`FlowMade`) -> entity by entity, parents first: new records,
changed ones, ties to their items -> asked for at the systems whose rules write them only then.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from integrations.flows.base import FlowSpec, Made, Ref, Wanted
from integrations.models import Delivery, Flow, FlowItem, FlowMade, SyncRule
from integrations.push import owing
from reconciliation.entities import ENTITIES, Entity
from reconciliation.many import Values, add_many, edit_many
from reconciliation.models import Link

State = FlowItem.State
Place = tuple[int, str]
"""(item, role)"""


@dataclass(frozen=True, slots=True)
class Written:
    """A record that was made or changed for an item: `{field: [before, after]}` in normal form."""

    item_id: int
    entity: str
    record_id: int
    is_new: bool
    fields: dict[str, list[Any]]


@dataclass(slots=True)
class Wish:
    """A wanted record of one item, with the row that ties it there, if it has been met before."""

    item: FlowItem
    wanted: Wanted
    tie: FlowMade | None

    @property
    def place(self) -> Place:
        return self.item.pk, self.wanted.key

    @property
    def record_id(self) -> int | None:
        return self.wanted.record_id or (self.tie.record_id if self.tie else None)


class Making:
    """One portion's records. `states` says what came of each item, `written` of which records."""

    def __init__(self, flow: Flow, spec: FlowSpec, plans: Sequence[tuple[FlowItem, Made]]) -> None:
        self.flow, self.spec = flow, spec
        self.note = spec.title
        self.ids: dict[Place, int] = {}
        self.written: list[Written] = []
        self.states: dict[int, State] = {item.pk: State.UNCHANGED for item, _ in plans}
        ties = {
            (tie.item_id, tie.role): tie for tie in FlowMade.objects.filter(item__in=[i for i, _ in plans])
        }
        self.wishes = [
            Wish(item, wanted, ties.get((item.pk, wanted.key)))
            for item, made in plans
            for wanted in made.records
        ]

    def write(self) -> dict[int, State]:
        """All of it; what came of each item, by its id."""
        for wish in self.wishes:
            if wish.record_id is not None:
                self.ids[wish.place] = wish.record_id
        for entity in ENTITIES.values():
            wishes = [wish for wish in self.wishes if wish.wanted.entity == entity.name]
            if wishes:
                self._make(entity, [wish for wish in wishes if wish.record_id is None])
                self._update(entity, [wish for wish in wishes if wish.record_id is not None])
        return self.states

    def _make(self, entity: Entity, wishes: Sequence[Wish]) -> None:
        held = [self._values(wish, {**wish.wanted.values, **wish.wanted.at_first}) for wish in wishes]
        records = add_many(entity, self.flow.tenant_id, held, note=self.note)
        rows = []
        for wish, values, record in zip(wishes, held, records, strict=True):
            self.ids[wish.place] = record.pk
            self.states[wish.item.pk] = State.MADE
            now = values.normal(entity)
            rows.append(_tie(wish, record.pk, now, is_new=True))
            fields = {name: [None, value] for name, value in now.items() if value not in (None, "")}
            self.written.append(Written(wish.item.pk, entity.name, record.pk, True, fields))
        FlowMade.objects.bulk_create(rows)
        self._ask_for(entity, [record.pk for record in records])

    def _update(self, entity: Entity, wishes: Sequence[Wish]) -> None:
        moving: dict[int, Values] = {}
        new, known = [], []
        for wish in wishes:
            values = self._values(wish, wish.wanted.values)
            now, written = values.normal(entity), wish.tie.written if wish.tie else {}
            news = {
                name
                for name in now
                if name not in written or written[name] != now[name] or name in wish.wanted.firm
            }
            record_id = self.ids[wish.place]
            if part := _only(entity, values, news):
                moving[record_id] = _joined(moving.get(record_id), part)
            if wish.tie is None:
                new.append(_tie(wish, record_id, now, is_new=False))
            elif (wish.tie.written, wish.tie.record_id) != (now, record_id):
                wish.tie.written, wish.tie.record_id = now, record_id
                known.append(wish.tie)
        changed = edit_many(entity, self.flow.tenant_id, moving, note=self.note) if moving else {}
        for wish in wishes:
            if (record_id := self.ids[wish.place]) in changed:
                fields = changed[record_id]
                self.written.append(Written(wish.item.pk, entity.name, record_id, False, fields))
                if self.states[wish.item.pk] != State.MADE:
                    self.states[wish.item.pk] = State.UPDATED
        FlowMade.objects.bulk_create(new)
        FlowMade.objects.bulk_update(known, ["written", "record_id"])
        self._ask_for(entity, [*changed, *(row.record_id for row in new)])
        self._ask_for(entity, [self.ids[wish.place] for wish in wishes], again=False)

    def _values(self, wish: Wish, values: Mapping[str, Any]) -> Values:
        """What the record is to hold, with the ids of what the same plan makes."""
        entity = ENTITIES[wish.wanted.entity]
        named = {**{n: v for n, v in values.items() if n in entity.references}, **wish.wanted.references}
        references = {
            name: self.ids[wish.item.pk, to.role] if isinstance(to, Ref) else to for name, to in named.items()
        }
        fields = {n: v for n, v in values.items() if n not in entity.references}
        return Values(fields, references, wish.wanted.children)

    def _ask_for(self, entity: Entity, record_ids: Iterable[int], *, again: bool = True) -> None:
        """Where a rule creates only what is asked for, this is the asking: for what is not there yet.

        Not `again`: only for what was never asked for, as its system was not connected then.
        """
        wanted = set(record_ids)
        systems = [need.system for need in self.spec.rules if need.pushes and need.entity == entity.name]
        if not wanted or not systems:
            return
        rules = SyncRule.objects.filter(
            connection__tenant=self.flow.tenant_id, connection__system__in=systems, entity=entity.name
        ).exclude(creates=SyncRule.Creates.ALL)
        for rule in rules.select_related("connection"):
            links = Link.objects.filter(
                source=rule.connection.source_id, entity=entity.name, record_id__in=wanted
            )
            missing = wanted.difference(links.values_list("record_id", flat=True))
            if not again:
                asked = Delivery.objects.filter(connection=rule.connection_id, entity=entity.name)
                missing -= set(asked.filter(record_id__in=missing).values_list("record_id", flat=True))
            if missing and owing.pushes(rule):
                owing.want(rule, missing)


def _tie(wish: Wish, record_id: int, written: dict[str, Any], *, is_new: bool) -> FlowMade:
    return FlowMade(
        item=wish.item,
        role=wish.wanted.key,
        entity=wish.wanted.entity,
        record_id=record_id,
        is_new=is_new,
        written=written,
    )


def _only(entity: Entity, values: Values, names: set[str]) -> Values | None:
    """The values among these columns; None where there are none."""
    if not names:
        return None
    return Values(
        {name: value for name, value in values.fields.items() if name in names},
        {name: pk for name, pk in values.references.items() if f"{name}_id" in names},
        values.children if entity.children is not None and entity.children.name in names else None,
    )


def _joined(one: Values | None, other: Values) -> Values:
    """Two items may want something of the same record."""
    if one is None:
        return other
    children = one.children if other.children is None else other.children
    return Values({**one.fields, **other.fields}, {**one.references, **other.references}, children)
