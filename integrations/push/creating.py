"""A record that the other side does not have yet: created there once, with what has to come along.

The route: references resolved -> body with its parts (a customer's locations and contacts, a job's visits) -> key and
body written down -> created -> links for the row and its parts, whose rows are taken in -> agreed. After an
answer that never came: looked for by key, or among its siblings, and adopted where it is found.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from integrations.connectors.base import Find, Parts, Row, TellsExchanges
from integrations.connectors.errors import RemoteError
from integrations.connectors.registry import CONNECTORS
from integrations.mappings import reader_of
from integrations.models import Delivery, SyncRule
from integrations.pull import intake_of
from integrations.push import holding, lead_sources, outcomes, owing, silence, timing
from integrations.push.converting import convert
from integrations.push.sending import Sender
from integrations.push.sides import Side, Values, side_of
from reconciliation.ingest import ingest
from reconciliation.models import Link
from reconciliation.normalise import normal_form

State = Delivery.State
WAIT_FOR_PARENT = 30.0
Waiting = tuple[Delivery, Any, list[str]]
"""A delivery, its record, and the references that its system does not know yet."""


class CannotCreate(Exception):
    """Something the other system needs is missing here, in words for a person."""


def create(sender: Sender, delivery: Delivery, record: Any) -> None:
    """Create the record there, or find out that it is there already. Raises RemoteError."""
    side = sender.side
    if side.write.create is None:
        return _comes_along(sender, delivery, record)
    if sender.rule.becomes and sender.rule.becomes == side.write.becomes and delivery.begun_at is None:
        return convert(sender, delivery, record)
    parent = sender.parent_of(record)
    if side.is_removed(record) and delivery.begun_at is None:
        return sender.outcomes.close(
            delivery, State.NOT_NEEDED, "Taken away before it was sent.", reason="gone"
        )
    if not _may_begin(sender, delivery, record):
        return None
    if timing.protected and (found := _look_up(sender, delivery, record, parent)) is not None:
        return adopt(sender, delivery, record, side.declared.id_of(found), parent, found)
    return _anew(sender, delivery, record, parent)


def _may_begin(sender: Sender, delivery: Delivery, record: Any) -> bool:
    """Whether nothing holds it back, and all that it refers to is there; else its delivery waits."""
    is_open = delivery.state != State.UNKNOWN  # what may be there already is found out first
    if is_open and (why := holding.held_back(sender.rule, [record.pk])):
        sender.outcomes.postpone(delivery, holding.REASON, why[record.pk], holding.AGAIN)
        return False
    if missing := missing_of(sender.side, record):
        wait_for(sender, delivery, record, missing)
        return False
    return True


def _comes_along(sender: Sender, delivery: Delivery, record: Any) -> None:
    """It is made with the record it belongs to or not at all: while that one is on its way, so is this one."""
    if missing := [name for name in _owners(sender.side, record) if not sender.side.parent_id(record, name)]:
        return _wait(sender, [(delivery, record, missing)])
    label, one = sender.rule.connection.label, sender.side.entity.label
    message = (
        f"{label} makes no {one} by itself: it comes with the record it belongs to, which is there already."
    )
    return sender.outcomes.needs_person(delivery, "no_create", message)


def _owners(side: Side, record: Any) -> list[str]:
    """The record's references to what it comes along with when that is created."""
    declared = CONNECTORS[side.rule.connection.system].entities.values()
    parts = [part for owner in declared if owner.write for part in owner.write.parts]
    found = {part.reference for part in parts if part.entity == side.rule.entity}
    return sorted(name for name in found if getattr(record, f"{name}_id"))


def _anew(sender: Sender, delivery: Delivery, record: Any, parent: str) -> None:
    """It is certain that nothing is there yet, or as good as certain: send it."""
    if delivery.state == State.UNKNOWN and delivery.reason == outcomes.NOT_SEEN:
        return outcomes.not_seen(delivery)
    if sender.side.is_removed(record):
        return sender.outcomes.close(
            delivery, State.NOT_NEEDED, "Taken away before it came there.", reason="gone"
        )
    if outcomes.tired(delivery):
        message = "It is not there, and each try ended without an answer."
        return sender.outcomes.needs_person(delivery, "no_answer", message)
    if objection := sender.side.objection(record):
        return sender.outcomes.needs_person(delivery, "objection", objection)
    try:
        body, parts = body_of(sender, record, sender.side.read(record))
    except CannotCreate as error:
        return sender.outcomes.needs_person(delivery, "incomplete", str(error))
    held = sender.side.held(record)
    fields = {name: [None, held[name]] for name in sender.side.filled_in(record)}
    sender.begin(delivery, Delivery.Operation.CREATE, body, fields, parts)
    key = key_of(sender.side, delivery)
    external_id = sender.connector.create(sender.side.declared, body, key=key, parent=parent)
    return adopt(sender, delivery, record, external_id, parent)


def key_of(side: Side, delivery: Delivery) -> str:
    """What the other system knows the row by: the try's own key, or the record's where a key is one row for ever."""
    if side.write.find is Find.UPSERT:
        return f"{side.rule.connection.tenant_id}-{delivery.record_id}"
    return str(delivery.key)


def missing_of(side: Side, record: Any) -> list[str]:
    """References without which the row cannot be created, and that the system does not know yet."""
    return [name for name in side.needs if not side.parent_id(record, name)]


def wait_for(sender: Sender, delivery: Delivery, record: Any, missing: list[str]) -> None:
    """What is on its way is waited for; what is not, a person must give."""
    wait_together(sender, [(delivery, record, missing)])


def wait_together(sender: Sender, waiting: Sequence[Waiting]) -> None:
    """`wait_for` of many: a few queries for each reference that is missing."""
    left = []
    for delivery, record, missing in waiting:
        words = lead_sources.unmapped(sender.rule, record) if "campaign" in missing else ""
        if words:
            sender.outcomes.needs_person(delivery, lead_sources.REASON, words)
        else:
            left.append((delivery, record, missing))
    if not sender.dry:
        _want_parents(sender, _parents_of(left))
    _wait(sender, left)


def _parents_of(waiting: Sequence[Waiting]) -> dict[str, set[int]]:
    """The records that are missing there, by the reference that leads to them."""
    found: dict[str, set[int]] = {}
    for _, record, missing in waiting:
        for name in missing:
            if (parent_id := getattr(record, f"{name}_id")) is not None:
                found.setdefault(name, set()).add(parent_id)
    return found


def _wait(sender: Sender, waiting: Sequence[Waiting]) -> None:
    references = sender.side.entity.references
    coming = {
        (name, record_id)
        for name, ids in _parents_of(waiting).items()
        for record_id in Delivery.objects.filter(
            connection=sender.rule.connection, entity=references[name], record_id__in=ids, state__in=Delivery.OPEN
        ).values_list("record_id", flat=True)
    }  # fmt: skip
    label = sender.rule.connection.label
    for delivery, record, missing in waiting:
        words = ", ".join(name.replace("_", " ") for name in missing)
        if all((name, getattr(record, f"{name}_id")) in coming for name in missing):
            seconds = min(WAIT_FOR_PARENT, timing.current().first_wait)
            sender.outcomes.postpone(delivery, outcomes.WAITS, f"Waits until its {words} is there.", seconds)
        else:
            message = (
                f"{label} needs a {words} that it knows. Choose one here, or have it synced; then retry."
            )
            sender.outcomes.needs_person(delivery, "reference", message)


def _want_parents(sender: Sender, parents: Mapping[str, set[int]]) -> None:
    """What only lives here is created there first, although its rule may only pull: a booked job needs its customer."""
    connection = sender.rule.connection
    for name, ids in parents.items():
        rule = connection.rules.filter(entity=sender.side.entity.references[name], enabled=True).first()
        write = owing.write_of(rule) if rule is not None else None
        if rule is None or write is None or write.create is None:
            continue
        links = Link.objects.filter(source=connection.source_id, entity=rule.entity, record_id__in=ids)
        asked = rule.deliveries.filter(record_id__in=ids, wanted=True, state__in=Delivery.OPEN)
        known = {*links.values_list("record_id", flat=True), *asked.values_list("record_id", flat=True)}
        if new := ids - known:
            owing.want(rule, new)


def _look_up(sender: Sender, delivery: Delivery, record: Any, parent: str) -> Row | None:
    """The row that an earlier try has made. Contacts have no key: one of the same kind and value is the same."""
    side, begun = sender.side, delivery.begun_at
    if side.write.find is Find.UPSERT or (begun is None and side.write.find is not Find.SIBLINGS):
        return None
    body = delivery.request or side.body(record, side.filled_in(record), None) | side.referenced(record)
    rows = sender.connector.find(
        side.declared, body, key=key_of(side, delivery), parent=parent, since=begun or timezone.now()
    )
    ids = [side.declared.id_of(row) for row in rows]
    links = Link.objects.filter(source=sender.rule.connection.source_id, entity=sender.rule.entity)
    taken = set(
        links.filter(external_id__in=ids, record_id__isnull=False).values_list("external_id", flat=True)
    )
    return next((row for row in rows if side.declared.id_of(row) not in taken), None)


def body_of(sender: Sender, record: Any, values: Values) -> tuple[Row, dict[str, Any]]:
    """The body of a create, and what it says of each part's record: `{entity: {record id: values}}`.

    `values` are what `Side.read` gave of the record.

    Nested rows are among the parts under their own name, as a list: what was sent of them is known ever after.
    """
    side = sender.side
    body = side.new_body(values)
    for name in side.write.needed:
        if body.get(side.write.rename.get(name, name)) in (None, ""):
            raise CannotCreate(f"{sender.rule.connection.label} needs its {name}. Fill it in here.")
    body |= side.referenced(record)
    parts: dict[str, Any] = {}
    if side.write.children is not None:
        rows = side.nested(record)
        body |= side.nested_body(rows)
        parts[side.write.children.name] = [normal_form(row) for row in rows]
    for part in side.write.parts:
        _add_part(sender, record, part, body, parts)
    return body, parts


def _add_part(sender: Sender, record: Any, part: Parts, body: Row, parts: dict[str, Any]) -> None:
    rule = rule_of(sender.rule, part.entity)
    side = side_of(rule)
    rows = []
    for child in _unlinked(side, part, record):
        row = side.body(child, side.filled_in(child), None)
        if any(row.get(name) in (None, "") for name in side.write.needed):
            continue
        rows.append(row)
        parts.setdefault(part.entity, {})[str(child.pk)] = side.held(child)
    if not rows and part.needed:
        if (
            "address" not in body
        ):  # a customer's own address is its first location; a job's visit cannot be guessed
            label = sender.side.entity.label
            raise CannotCreate(f"A {label} needs at least one {part.entity}. Add one here, then retry.")
        rows = [{"name": body["name"], "address": body["address"]}]
    if rows:
        body[part.member] = rows


def _unlinked(side: Side, part: Parts, record: Any) -> list[Any]:
    """The records that belong to this one and that the system does not know."""
    known = Link.objects.filter(
        source=side.rule.connection.source_id, entity=part.entity, record_id__isnull=False
    )
    mine = side.entity.objects.filter(
        **{f"{part.reference}_id": record.pk}, **side.entity.constants, active=True
    )
    return list(mine.exclude(pk__in=known.values("record_id")).order_by("pk"))


def rule_of(rule: SyncRule, entity: str) -> SyncRule:
    """The rule of another entity of the same connection."""
    return SyncRule.objects.select_related("connection__tenant", "connection__source").get(
        connection_id=rule.connection_id, entity=entity
    )


def adopt(
    sender: Sender, delivery: Delivery, record: Any, external_id: str, parent: str, row: Row | None = None
) -> None:
    """The row is there: tie the record and its parts to it, and take in what it says."""
    side = sender.side
    try:
        row, below = _made(sender, delivery, record, external_id, parent, row)
    except RemoteError as error:
        error.unknown = True  # that it is there is known, but not what it holds: no pull may meet it first
        raise
    if row is None:
        return outcomes.not_seen(delivery)
    external_id = side.declared.id_of(row)
    with transaction.atomic():
        sender.renew()
        tie(side, external_id, record.pk, delivery.values)
        ingest(sender.intake, [side.reader.read(row)])
        for part, rows in below.items():
            _adopt_parts(rule_of(sender.rule, part.entity), part, rows, delivery.parts[part.entity])
        delivery.external_id, delivery.reply = external_id, {**row, **exchanged(sender, external_id)}
        sender.outcomes.close(delivery, State.DONE, more=moved_on(side, record))
    silence.answered(sender.rule.connection)
    outcomes.go_on(sender.rule.connection)
    return None


def _made(
    sender: Sender, delivery: Delivery, record: Any, external_id: str, parent: str, row: Row | None
) -> tuple[Row | None, dict[Parts, list[Row]]]:
    """The row that was made, and those of its parts. None where a reply named no id and a look-up finds none."""
    side = sender.side
    if not external_id:
        row = _look_up(sender, delivery, record, parent)
        if row is None:
            return None, {}
        external_id = side.declared.id_of(row)
    below = {
        part: sender.connector.below(
            side_of(rule_of(sender.rule, part.entity)).declared, part.reference, external_id
        )
        for part in side.write.parts
        if delivery.parts.get(part.entity)
    }
    return row or sender.read_back(external_id, parent), below


def exchanged(sender: Sender, external_id: str) -> Row:
    """What the connector keeps of the create: see `TellsExchanges`."""
    if not isinstance(sender.connector, TellsExchanges):
        return {}
    found = sender.connector.exchange(sender.side.declared, external_id)
    return {} if found is None else {"exchange": found}


def moved_on(side: Side, record: Any) -> bool:
    """Whether the record was changed after the body was made that is now there: found so, it may be an old one."""
    link = side.link_of(record.pk)
    fresh = side.entity.objects.get(pk=record.pk)
    if link is None or link.state != Link.State.LIVE:
        return False
    if side.to_remove(fresh, link):
        return True
    return side.write.update is not None and bool(side.unsent(fresh, link)[0])


def _adopt_parts(rule: SyncRule, part: Parts, rows: list[Row], sent: dict[str, Any]) -> None:
    """Each part's row goes to the record that it was made from, by what tells parts apart."""
    side, reader = side_of(rule), reader_of(rule)
    waiting = dict(sent)
    incoming = []
    for row in rows:
        mapped = reader.read(row)
        theirs = side.theirs(mapped)
        for record_id, values in waiting.items():
            if all(theirs.get(name) == values.get(name) for name in part.alike):
                tie(side, mapped.external_id, int(record_id), values)
                incoming.append(mapped)
                del waiting[record_id]
                break
    ingest(intake_of(rule, None), incoming)


def tie(side: Side, external_id: str, record_id: int, values: dict[str, Any]) -> None:
    """A link from a record to its new row. One that waits in a pull's list is taken over."""
    now = timezone.now()
    Link.objects.update_or_create(
        source_id=side.rule.connection.source_id,
        entity=side.rule.entity,
        external_id=external_id,
        defaults={
            "record_id": record_id,
            "state": Link.State.LIVE,
            "fingerprint": 0,
            "remote_modified_at": None,
            "waiting_for_entity": "",
            "waiting_for_id": "",
            "updated_at": now,
            "base": values,
            "payload": {},
        },
        create_defaults={
            "record_id": record_id,
            "state": Link.State.LIVE,
            "fingerprint": 0,
            "created_at": now,
            "updated_at": now,
            "base": values,
            "payload": {},
        },
    )
    entity = side.entity
    entity.objects.filter(pk=record_id, external_id="").update(external_id=external_id)
