"""The two sides of one record: what it holds here, what was last agreed, and what has still to be sent.

Knows the record, its link and the rule's mapping; makes no call and changes no state.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from integrations.connectors.entity import Entity as Declared
from integrations.connectors.entity import Row, Write
from integrations.mapping.outward import Outward, nested_outward
from integrations.mappings import Reader, outward_of, reader_of
from integrations.models import SyncRule
from integrations.push import deals, lead_sources
from integrations.push.owing import write_of
from reconciliation.creating import filled
from reconciliation.entities import ENTITIES, Entity
from reconciliation.intake import Incoming
from reconciliation.models import Conflict, Link
from reconciliation.normalise import collapsed, normal_form

Values = dict[str, Any]
EMPTY: tuple[Any, ...] = (None, "", [], False)
_STATES = ("id", "active", "merged_into")
STAND_INS = {"campaign": lead_sources.campaign_of, "opportunity": deals.opportunity_of}
"""What stands in for a reference that a record leaves empty: `(rule, record)` -> external id, or nothing."""


@dataclass(frozen=True)
class Side:
    """How one rule's records are compared with their remote rows."""

    rule: SyncRule
    entity: Entity
    write: Write
    declared: Declared
    reader: Reader
    outward: Outward
    pulled: frozenset[str]
    met: dict[tuple[str, int], str] = field(default_factory=dict)
    """External ids of what records refer to, by entity and record id, as far as `meet` has asked."""

    def read(self, record: Any) -> Values:
        """What the record holds of the fields that can be written, if only when it is made."""
        return {name: reached(record, name) for name in self.outward.names}

    def records(self, ids: Sequence[int]) -> dict[int, Any]:
        """Records by id, with all that the mapping's lines reach through references, in one query.

        Of their columns those that a push asks for; others come when they are asked for.
        """
        rows = self.entity.objects.filter(pk__among=list(ids)).only(*self._asked)
        if self._reached:  # without a name, select_related joins all that a record refers to
            rows = rows.select_related(*self._reached)
        return {record.pk: record for record in rows}

    @cached_property
    def _asked(self) -> tuple[str, ...]:
        """The columns that are sent, and those that say what is to be done with a record."""
        meta = self.entity.model._meta
        columns = {field.name: field for field in meta.concrete_fields}
        own = [name for name in (*self.outward.names, *self.entity.references, *_STATES) if name in columns]
        through = [name.replace(".", "__") for name in self.outward.names if "." in name]
        paths = tuple(f"{path}__" for path in self._reached)
        return (*own, *(name for name in through if name.startswith(paths)))

    @cached_property
    def _reached(self) -> tuple[str, ...]:
        """The references that dotted names lead through, as the database is asked for them."""
        paths = {name.rpartition(".")[0].replace(".", "__") for name in self.outward.names if "." in name}
        return tuple(sorted(path for path in paths if _leads_somewhere(self.entity, path)))

    @cached_property
    def needs(self) -> tuple[str, ...]:
        """The references without which a row cannot be created."""
        return tuple(sorted({*self.write.references, *([self.write.parent] if self.write.parent else ())}))

    def held(self, record: Any) -> Values:
        """The same in normal form."""
        return normal_form(self.read(record))

    def pending_of(self, link_ids: Sequence[int]) -> dict[int, set[str]]:
        """The fields of each link that wait for a person."""
        rows = Conflict.objects.filter(link__in=link_ids, state=Conflict.State.PENDING)
        found: dict[int, set[str]] = {}
        for link_id, name in rows.values_list("link_id", "field"):
            found.setdefault(link_id, set()).add(name)
        return found

    def unsent(self, record: Any, link: Link, pending: set[str] | None = None) -> tuple[list[str], list[str]]:
        """Fields that differ from what was last agreed: to be sent, and those that wait for a person.

        `pending` is what `pending_of` says of the link, where the caller has asked for many at once.
        """
        base, held = collapsed(link.base), self.held(record)
        if pending is None:
            pending = self.pending_of([link.pk]).get(link.pk, set())
        differing = [name for name in self.outward.lasting if self._differs(name, held[name], base)]
        return [n for n in differing if n not in pending], [n for n in differing if n in pending]

    def _differs(self, name: str, value: Any, base: Mapping[str, Any]) -> bool:
        if name in base:
            return bool(value != base[name])
        return name in self.pulled or value not in EMPTY  # nothing there that we know of, and nothing here

    def is_removed(self, record: Any) -> bool:
        """Whether the record was taken away here and its system lets us take it away there."""
        return self.write.remove is not None and not record.active

    def to_remove(self, record: Any, link: Link) -> bool:
        """Whether that is still to be done there."""
        return self.is_removed(record) and bool(link.base.get("active", True))

    def frozen(self, row: Row) -> str:
        """Why the remote row is left as it is, in words; empty where it may be written."""
        frozen = self.write.frozen
        return frozen.words if frozen is not None and row.get(frozen.member) in frozen.values else ""

    def objection(self, record: Any) -> str:
        """Why the record must not be written anywhere as it is, in words."""
        return self.entity.objection(record) if self.entity.objection else ""

    def body(self, record: Any, names: list[str], row: Row | None) -> Row:
        """What is sent for these fields; `row` is the remote row as it stands."""
        return self.outward.body_of(self.read(record), names, row)

    def new_body(self, values: Values) -> Row:
        """What a create sends of these values, which `read` gave: those worth naming."""
        names = [name for name, value in values.items() if value not in EMPTY]
        body = self.outward.body_of(values, [name for name in names if name not in self.outward.aside])
        return filled_up(self.write.at_first, body)

    def begun(self, record: Any) -> dict[str, list[Any]]:
        """The fields of a create, as [theirs, ours]: what follows it as a change is empty there until then."""
        held = self.new(record)
        return {name: [None, held[name]] for name in self.filled_in(record)}

    def new(self, record: Any) -> Values:
        """What a row that is made of the record holds at first, in normal form."""
        return self.held(record) | normal_form({n: self.entity.defaults[n] for n in self.outward.aside})

    def nested(self, record: Any) -> list[Values]:
        """The rows that live and die with the record, where a create sends them: an invoice's lines."""
        if self._nested is None or (children := self.entity.children) is None:
            return []
        rows = children.model._default_manager.filter(**{children.parent: record.pk})
        return [{name: getattr(row, name) for name in children.fields} for row in rows]

    def nested_body(self, rows: Sequence[Values]) -> Row:
        """The member of a create that holds these rows."""
        if self._nested is None or self.write.children is None or not rows:
            return {}
        names = self._nested.names
        named = [[name for name in names if row[name] not in EMPTY] for row in rows]
        bodies = [self._nested.body_of(row, names) for row, names in zip(rows, named, strict=True)]
        return {self.write.children.remote: bodies}

    @cached_property
    def _nested(self) -> Outward | None:
        return nested_outward(self.write, region=self.rule.connection.tenant.phone_region)

    def referenced(self, record: Any) -> Row:
        """The members of a create that name other records; numbers as such, where the system has them."""
        found: Row = {}
        for name, member in self.write.references.items():
            external_id = self._sent_id(self.parent_id(record, name))
            found[member] = [external_id] if member in self.write.many else external_id
        for name, member in self.write.optional.items():
            if external_id := self.parent_id(record, name):
                found[member] = self._sent_id(external_id)
        return found

    def _sent_id(self, external_id: str) -> int | str:
        return int(external_id) if self.write.numeric_ids and external_id.isdigit() else external_id

    def filled_in(self, record: Any) -> list[str]:
        """The fields worth naming in a create: those that hold something."""
        return [name for name in self.outward.names if reached(record, name) not in EMPTY]

    def theirs(self, incoming: Incoming) -> Values:
        """A remote row's values as a record would hold them, in normal form."""
        fields = {name: value for name, value in incoming.fields.items() if name in self.entity.fields}
        return normal_form(filled({name: self.entity.defaults[name] for name in fields}, fields))

    def link_of(self, record_id: int) -> Link | None:
        """The record's link that is synced, else one that is not (merged, frozen), else None."""
        return self.links_of([record_id]).get(record_id)

    def links_of(self, record_ids: Sequence[int]) -> dict[int, Link]:
        """`link_of` of many records, in one query."""
        links = Link.objects.filter(
            source=self.rule.connection.source_id, entity=self.rule.entity, record_id__among=list(record_ids)
        )
        found: dict[int, Link] = {}
        for link in sorted(links, key=lambda link: (link.state != Link.State.LIVE, link.pk), reverse=True):
            if link.record_id is not None:
                found[link.record_id] = link
        return found

    def meet(self, records: Iterable[Any]) -> None:
        """Ask at once what many records refer to, for `parent_id` to know, until others are met."""
        wanted: dict[str, set[int]] = {}
        for record in records:
            for name in (*self.write.references, *self.write.optional):
                if (target := getattr(record, f"{name}_id", None)) is not None:
                    wanted.setdefault(self.entity.references[name], set()).add(target)
        self.met.clear()
        for entity, ids in wanted.items():
            links = Link.objects.filter(
                source=self.rule.connection.source_id,
                entity=entity,
                record_id__among=list(ids),
                state=Link.State.LIVE,
            )
            known = dict(links.order_by("-pk").values_list("record_id", "external_id"))
            self.met.update({(entity, record_id): known.get(record_id, "") for record_id in ids})

    def parent_id(self, record: Any, reference: str) -> str:
        """The external id of the record that `reference` leads to; empty while the system does not know it."""
        # A copy may name what its record reaches by another one.
        target = getattr(record, f"{reference}_id", None)
        if target is None and reference in STAND_INS:
            return STAND_INS[reference](self.rule, record)
        if (known := self.met.get((self.entity.references[reference], target or 0))) is not None:
            return known
        found = Link.objects.filter(
            source=self.rule.connection.source_id,
            entity=self.entity.references[reference],
            record_id=target,
            state=Link.State.LIVE,
        )
        return found.values_list("external_id", flat=True).first() or "" if target else ""


def filled_up(always: Mapping[str, Any], body: Row) -> Row:
    """A body with what stands where it says nothing, member by member."""
    found = {**always, **body}
    for name, value in always.items():
        if isinstance(value, Mapping) and isinstance(body.get(name), dict):
            found[name] = filled_up(value, body[name])
    return found


def _leads_somewhere(entity: Entity, path: str) -> bool:
    """Whether each step is a reference; a line may name what the portal no longer has."""
    for step in path.split("__"):
        if step not in entity.references:
            return False
        entity = ENTITIES[entity.references[step]]
    return True


def reached(record: Any, name: str) -> Any:
    """A field's value; a dotted name leads through references, and ends in None where one is empty."""
    if "." not in name:
        return getattr(record, name)
    for part in name.split("."):
        record = getattr(record, part) if record is not None else None
    return record


def side_of(rule: SyncRule) -> Side:
    """Raises ValueError for an entity that its system declares no write for: it is never written."""
    write = write_of(rule)
    if write is None:
        raise ValueError(f"{rule.connection.label} lets nobody write {rule.label} records.")
    reader = reader_of(rule)
    pulled = frozenset(line.field for line in reader.entity.mapping if line.direction != "push")
    return Side(rule, ENTITIES[rule.entity], write, reader.entity, reader, outward_of(rule, write), pulled)
