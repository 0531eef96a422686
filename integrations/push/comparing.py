"""Changes of rows that are there, many at once: read again, taken in, and what still differs is to be sent.

The route: rows read, some calls at once -> those that are gone wait for a person -> the others taken in as by a pull, so
that what moved there meanwhile is a conflict and never overwritten -> records compared as they stand then.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from functools import partial

from django.db import transaction

from integrations.connectors.entity import Entity, Row
from integrations.connectors.errors import Who
from integrations.mapping import MappingError
from integrations.push import outcomes, storing
from integrations.push.placing import Item
from integrations.push.sending import Sender, agree
from integrations.push.slices import PORTION, sliced
from reconciliation.ingest import ingest
from reconciliation.models import Link

Known = Sequence[tuple[Item, Link]]
Rows = Mapping[str, Row]


def compare(sender: Sender, items: Sequence[Item], pool: Executor) -> list[Item]:
    """Those that still have something to send, and all that is new. Raises RemoteError, LeaseLost."""
    known = [(item, item.link) for item in items if item.link is not None]
    if not known:
        return list(items)
    rows = _read(sender, [link.external_id for _, link in known], pool)
    found = [item for item in items if item.link is None]
    with storing.together():
        there = _without_gone(sender, known, rows)
        for portion in sliced(there, PORTION):
            _take_in(sender, portion, rows)
            found += _differing(sender, portion, rows)
    return found


def _read(sender: Sender, external_ids: Sequence[str], pool: Executor) -> dict[str, Row]:
    """The rows that are there, by id."""
    declared = sender.side.declared
    parts = pool.map(partial(sender.connector.fetch, declared), sliced(external_ids, sender.side.write.batch))
    return {declared.id_of(row): row for part in parts for row in part}


def _without_gone(sender: Sender, known: Known, rows: Rows) -> Known:
    there = []
    for item, link in known:
        if _is_gone(sender.side.declared, rows.get(link.external_id)):
            message = f"{sender.rule.connection.label} no longer has this record."
            outcomes.needs_person(item.delivery, "not_found", message)
        else:
            there.append((item, link))
    return there


def _is_gone(declared: Entity, row: Row | None) -> bool:
    return row is None or bool(declared.deleted and row.get(declared.deleted))


def _take_in(sender: Sender, known: Known, rows: Rows) -> None:
    """As a pull would; values that are there because an earlier try has sent them are agreed first."""
    side, incoming = sender.side, []
    side.reader.meet([rows[link.external_id] for _, link in known])
    with transaction.atomic():
        sender.renew()
        for item, link in known:
            try:
                mapped = side.reader.read(rows[link.external_id])
            except MappingError:
                continue  # its own turn in `_differing` says so
            if sent := item.delivery.values:
                theirs = side.theirs(mapped)
                if agreed := {name: value for name, value in sent.items() if theirs.get(name) == value}:
                    agree(link, agreed)
            incoming.append(mapped)
        ingest(sender.intake, incoming)


def _differing(sender: Sender, known: Known, rows: Rows) -> list[Item]:
    """Those that have something to send, compared as they stand after what was taken in."""
    side = sender.side
    ids = [item.record.pk for item, _ in known]
    records, links = side.records(ids), side.links_of(ids)
    pending = side.pending_of([link.pk for link in links.values()])
    found = []
    for item, before in known:
        record, link = records.get(item.record.pk), links.get(item.record.pk)
        if record is None or link is None or link.external_id != before.external_id:
            continue  # gone or merged meanwhile: its next turn says so
        item.record, item.link = record, link
        try:
            row = rows[link.external_id]
            side.reader.read(row)
            judged = sender.judged(item.delivery, record, link, row, pending.get(link.pk, set()))
        except MappingError as error:
            outcomes.needs_person(item.delivery, error.reason, error.message, Who.FIX_CONFIGURATION)
            continue
        if judged is not None:
            item.body, fields = judged
            item.values = {name: after for name, (_, after) in fields.items()}
            found.append(item)
    return found
