"""A row that is there is tied to its record: it has just been made, or an earlier try made it after all.

The route: its id, or a look-up by key or among its siblings -> links for the row and its parts, whose rows are taken
in -> agreed.
"""

from typing import Any

from django.db import transaction
from django.utils import timezone

from integrations.connectors.base import TellsExchanges
from integrations.connectors.entity import Find, Parts, Row
from integrations.connectors.errors import RemoteError
from integrations.mappings import reader_of
from integrations.models import Delivery, SyncRule
from integrations.pull import intake_of
from integrations.push import outcomes, silence
from integrations.push.bodies import rule_of
from integrations.push.sending import Sender
from integrations.push.sides import Side, side_of
from reconciliation.ingest import ingest
from reconciliation.models import Link

State = Delivery.State


def key_of(side: Side, delivery: Delivery) -> str:
    """What the other system knows the row by: the try's own key, or the record's where a key is one row for ever."""
    if side.write.find is Find.UPSERT:
        return f"{side.rule.connection.tenant_id}-{delivery.record_id}"
    return str(delivery.key)


def look_up(sender: Sender, delivery: Delivery, record: Any, parent: str) -> Row | None:
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
    if other := _other_record_of(side, external_id, record.pk):
        label, one = sender.rule.connection.label, side.entity.label
        message = f"{label} has it as {external_id}, which is another {one} here: no. {other}. Merge the two."
        return sender.outcomes.needs_person(delivery, "taken", message)
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


def _other_record_of(side: Side, external_id: str, record_id: int) -> int | None:
    """The other record that is this row already, where there is one."""
    links = Link.objects.filter(
        source=side.rule.connection.source_id,
        entity=side.rule.entity,
        external_id=external_id,
        state=Link.State.LIVE,
    )
    return links.exclude(record_id=record_id).values_list("record_id", flat=True).first()


def _made(
    sender: Sender, delivery: Delivery, record: Any, external_id: str, parent: str, row: Row | None
) -> tuple[Row | None, dict[Parts, list[Row]]]:
    """The row that was made, and those of its parts. None where a reply named no id and a look-up finds none."""
    side = sender.side
    if not external_id:
        row = look_up(sender, delivery, record, parent)
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
