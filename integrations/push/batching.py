"""Many deliveries of one rule, sent together where the system takes many rows a call and answers for each.

The route: deliveries -> those with nothing to write are closed -> rows that are there read again, all in one call, and
taken in; compared as one by one -> everything written down -> one call (or a bulk job) -> each answer to its own
delivery: one that was refused waits for its person, its neighbours are done.

What was written is not read back: the next pull finds it equal to the base. New rows go under a key that is the
record's for ever, so that a batch whose answer was lost is sent again, and is the same rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import transaction

from integrations.connectors.base import Row, Writing
from integrations.connectors.errors import RemoteError, Who
from integrations.mapping import MappingError
from integrations.models import Delivery
from integrations.push import accepting, creating, outcomes
from integrations.push.creating import CannotCreate
from integrations.push.sending import Sender, agree
from reconciliation.ingest import ingest
from reconciliation.models import Link

State = Delivery.State
PORTION = 200
ASK_JOB_AFTER = 15.0
Answer = str | RemoteError


@dataclass(slots=True)
class Item:
    """One delivery with what it would write: a new row, or a change of the row of its link."""

    delivery: Delivery
    record: Any
    link: Link | None
    body: Row = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)


class Batch:
    """Sends the deliveries of one sender's rule together."""

    def __init__(self, sender: Sender) -> None:
        self.sender, self.side = sender, sender.side

    def send(self, deliveries: Sequence[Delivery]) -> bool:
        """Bring them on. False when the connection should be left alone for now. Raises LeaseLost."""
        try:
            if deliveries[0].job:
                return self._ask(deliveries)
            items = self._changes(self._placed(deliveries))
        except RemoteError as error:
            return outcomes.failed_together(deliveries, error)
        if not items:
            return True
        self._begin(items)
        if len(items) > settings.WRITE_IN_BULK_ABOVE and self.side.write.bulk:
            return self._in_jobs(items)
        return self._together(items)

    # --- what there is to write --------------------------------------------------------------------------------------

    def _placed(self, deliveries: Sequence[Delivery]) -> list[Item]:
        """Each with its record and link; new rows with their bodies. The others have come to an end, or wait."""
        records = self.side.entity.objects.in_bulk([delivery.record_id for delivery in deliveries])
        links = self.side.links_of(list(records))
        found = []
        for delivery in deliveries:
            if delivery.state in Delivery.UNRESOLVED:
                delivery.state = State.OWED  # sent again under the same key, it is the same row
            record, link = records.get(delivery.record_id), links.get(delivery.record_id)
            if self.sender.has_ended(delivery, record, link):
                continue
            item = Item(delivery, record, link)
            if link is not None or self._is_ready(item):
                found.append(item)
        return found

    def _is_ready(self, item: Item) -> bool:
        """Give a new row its body; False where something that it needs is not there yet, or not here at all."""
        delivery, record = item.delivery, item.record
        if self.side.write.create is None:
            outcomes.needs_person(delivery, "no_create", f"A {self.side.entity.label} comes with its parent.")
            return False
        if missing := creating.missing_of(self.side, record):
            creating.wait_for(self.sender, delivery, record, missing)
            return False
        try:
            item.body, _ = creating.body_of(self.sender, record)
        except CannotCreate as error:
            outcomes.needs_person(delivery, "incomplete", str(error))
            return False
        # What is empty here is agreed to be so as well: the row begins empty, but for what the system fills in itself.
        item.values = self.side.held(record)
        return True

    def _changes(self, items: list[Item]) -> list[Item]:
        """Read the rows that are there, take in what moved meanwhile, and keep what still differs."""
        linked = {item.link.external_id: item for item in items if item.link is not None}
        if not linked:
            return items
        declared = self.side.declared
        rows = {str(row[declared.id]): row for row in self.sender.connector.fetch(declared, list(linked))}
        gone = [item for external_id, item in linked.items() if self._is_gone(rows.get(external_id))]
        for item in gone:
            message = f"{self.sender.rule.connection.label} no longer has this record."
            outcomes.needs_person(item.delivery, "not_found", message)
        missing = {item.delivery.pk for item in gone}
        there = [item for item in linked.values() if item.delivery.pk not in missing]
        found = [item for item in items if item.link is None]
        for start in range(0, len(there), PORTION):
            portion = there[start : start + PORTION]
            self._take_in(portion, rows)
            found += self._differing(portion, rows)
        return found

    def _is_gone(self, row: Row | None) -> bool:
        return row is None or bool(self.side.declared.deleted and row.get(self.side.declared.deleted))

    def _take_in(self, items: Sequence[Item], rows: dict[str, Row]) -> None:
        """As a pull would; values that are there because an earlier try has sent them are agreed first."""
        incoming = []
        with transaction.atomic():
            self.sender.renew()
            for item in items:
                link, sent = item.link, item.delivery.values
                if link is None:
                    continue
                try:
                    mapped = self.side.reader.read(rows[link.external_id])
                except MappingError:
                    continue  # its own turn in `_differs` says so
                theirs = self.side.theirs(mapped)
                agreed = {name: value for name, value in sent.items() if theirs.get(name) == value}
                if agreed:
                    agree(link, agreed)
                incoming.append(mapped)
            ingest(self.sender.intake, incoming)

    def _differing(self, items: Sequence[Item], rows: dict[str, Row]) -> list[Item]:
        """Those that have something to send, compared as they stand after what was taken in."""
        ids = [item.record.pk for item in items]
        records, links = self.side.entity.objects.in_bulk(ids), self.side.links_of(ids)
        pending = self.side.pending_of([link.pk for link in links.values()])
        found = []
        for item in items:
            record, link = records.get(item.record.pk), links.get(item.record.pk)
            if record is None or link is None or item.link is None:
                continue  # gone or merged meanwhile: its next turn says so
            item.record, item.link = record, link
            try:
                row = rows[link.external_id]
                self.side.reader.read(row)
                judged = self.sender.judged(item.delivery, record, link, row, pending.get(link.pk, set()))
            except MappingError as error:
                outcomes.needs_person(item.delivery, error.reason, error.message, Who.FIX_CONFIGURATION)
                continue
            if judged is not None:
                item.body, fields = judged
                item.values = {name: after for name, (_, after) in fields.items()}
                found.append(item)
        return found

    # --- sent, and answered ------------------------------------------------------------------------------------------

    def _begin(self, items: list[Item]) -> None:
        """Written down before the call, in one transaction a portion that proves the lease."""
        for item in items:
            item.delivery.external_id = item.link.external_id if item.link else ""
        for start in range(0, len(items), PORTION):
            with transaction.atomic():
                self.sender.renew()
                outcomes.begin_together(
                    [
                        (item.delivery, _operation(item), item.body, item.values)
                        for item in items[start : start + PORTION]
                    ]
                )

    def _together(self, items: list[Item]) -> bool:
        writings = [self._writing(item.delivery, item.body) for item in items]
        try:
            answers = self.sender.connector.write_many(self.side.declared, writings)
        except RemoteError as error:
            return outcomes.failed_together([item.delivery for item in items], error)
        return self._note([item.delivery for item in items], answers)

    def _in_jobs(self, items: list[Item]) -> bool:
        """One job for the new rows, one for the changes: both are asked again later, by whoever has the lease then."""
        for operation in Delivery.Operation:
            some = [item for item in items if item.delivery.operation == operation]
            if not some:
                continue
            deliveries = [item.delivery for item in some]
            writings = [self._writing(item.delivery, item.body) for item in some]
            try:
                job = self.sender.connector.begin_bulk(self.side.declared, writings)
            except RemoteError as error:
                if not outcomes.failed_together(deliveries, error):
                    return False
                continue
            outcomes.in_job(deliveries, job, ASK_JOB_AFTER)
        return True

    def _ask(self, deliveries: Sequence[Delivery]) -> bool:
        """The outcome of a bulk job, if it is over."""
        job = deliveries[0].job
        writings = [self._writing(delivery, {}) for delivery in deliveries]
        try:
            answers = self.sender.connector.end_bulk(self.side.declared, job, writings)
        except RemoteError as error:
            if error.who is not Who.RETRY_LATER:
                raise
            outcomes.in_job(deliveries, job, error.retry_after or ASK_JOB_AFTER)  # still on their way
            return False
        if answers is None:
            outcomes.in_job(deliveries, job, ASK_JOB_AFTER)
            return True
        return self._note(deliveries, answers)

    def _writing(self, delivery: Delivery, body: Row) -> Writing:
        if delivery.operation == Delivery.Operation.UPDATE:
            return Writing(body, external_id=delivery.external_id)
        return Writing(body, key=creating.key_of(self.side, delivery))

    def _note(self, deliveries: Sequence[Delivery], answers: Sequence[Answer]) -> bool:
        """Each answer to its own delivery. Whether the connection may go on."""
        goes_on = True
        pairs = list(zip(deliveries, answers, strict=True))
        for start in range(0, len(pairs), PORTION):
            portion = pairs[start : start + PORTION]
            written = [(delivery, answer) for delivery, answer in portion if isinstance(answer, str)]
            with transaction.atomic():
                self.sender.renew()
                accepting.accept(self.side, written)
                for delivery, answer in portion:
                    if isinstance(answer, RemoteError):
                        goes_on = outcomes.failed(delivery, answer) and goes_on
        if any(isinstance(answer, str) for answer in answers):
            outcomes.answered(self.sender.rule.connection)
            outcomes.go_on(self.sender.rule.connection)
        return goes_on


def _operation(item: Item) -> Delivery.Operation:
    return Delivery.Operation.UPDATE if item.link else Delivery.Operation.CREATE
