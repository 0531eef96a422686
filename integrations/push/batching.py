"""Many deliveries of one rule, sent together where the system takes many rows a call and answers for each.

The route: deliveries -> those with nothing to write are closed -> rows that are there read again and taken in;
compared as one by one -> everything written down -> a few calls at once (or a bulk job) -> each answer to its own
delivery: one that was refused waits for its person, its neighbours are done. Threads make calls and nothing else.

What was written is not read back: the next pull finds it equal to the base. New rows go under a key that is the
record's for ever: where the answer to a batch was lost they are looked for by it before any of them is sent again, for
whoever works there may have changed them since.
"""

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from integrations.connectors.base import Row, Writing
from integrations.connectors.errors import RemoteError, Who
from integrations.mapping import MappingError
from integrations.models import Delivery
from integrations.push import accepting, creating, holding, outcomes, silence, storing, timing
from integrations.push.creating import CannotCreate
from integrations.push.removing import remove
from integrations.push.sending import Sender, agree
from reconciliation.ingest import ingest
from reconciliation.models import Link

State = Delivery.State
PORTION = 1000
"""Rows of one transaction."""
SOONEST, LATEST = 2.0, 60.0
"""Seconds between two questions after a bulk job, which is asked again after half the time it has taken so far."""
Answer = str | RemoteError
T = TypeVar("T")


@dataclass(slots=True)
class Item:
    """One delivery with what it would write: a new row, or a change of the row of its link."""

    delivery: Delivery
    record: Any
    link: Link | None
    body: Row = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)


class Batch:
    """Sends the deliveries of one sender's rule together; `pool` makes the calls that go at once."""

    def __init__(self, sender: Sender, pool: Executor) -> None:
        self.sender, self.side, self.pool = sender, sender.side, pool
        self.leaving: list[tuple[Delivery, Any, Link]] = []

    def send(self, deliveries: Sequence[Delivery]) -> bool:
        """Bring them on. False when the connection should be left alone for now. Raises LeaseLost."""
        if deliveries[0].job:
            return self._ask(deliveries)
        try:
            self._look_for_lost(deliveries)
        except RemoteError as error:
            return _failed([one for one in deliveries if one.state == State.UNKNOWN], error)
        return self._send(deliveries)

    def _send(self, deliveries: Sequence[Delivery]) -> bool:
        with storing.together():
            placed = self._placed(deliveries)
        if not self._take_away():
            return False
        try:
            rows = self._fetched(placed)
        except RemoteError as error:
            return _failed([item.delivery for item in placed], error)
        with storing.together():
            items = self._changes(placed, rows)
        if not items:
            return True
        self._begin(items)
        if len(items) > settings.WRITE_IN_BULK_ABOVE and self.side.write.bulk:
            return self._in_jobs(items)
        return self._together(items)

    # --- what there is to write --------------------------------------------------------------------------------------

    def _look_for_lost(self, deliveries: Sequence[Delivery]) -> None:
        """Records whose rows an earlier try has made after all are tied to them: they are changed like others then."""
        for delivery in deliveries:
            if delivery.state == State.SENDING:  # whoever was sending it is dead
                delivery.state = State.UNKNOWN
        unsure = [delivery for delivery in deliveries if delivery.state == State.UNKNOWN]
        links = self.side.links_of([delivery.record_id for delivery in unsure])
        lost = {creating.key_of(self.side, one): one for one in unsure if one.record_id not in links}
        if not lost:
            return
        made = self.sender.connector.find_many(self.side.declared, list(lost)) if timing.protected else {}
        with transaction.atomic():
            self.sender.renew()
            for key, row in made.items():
                delivery = lost[key]
                creating.tie(self.side, str(row[self.side.declared.id]), delivery.record_id, delivery.values)
        for key in lost.keys() - made.keys():
            lost[key].state = State.OWED  # it is not there; under the same key it would be the same row

    def _placed(self, deliveries: Sequence[Delivery]) -> list[Item]:
        """Each with its record and link; new rows with their bodies. The others have come to an end, or wait."""
        records = self.side.records([delivery.record_id for delivery in deliveries])
        links = self.side.links_of(list(records))
        self.side.meet(record for pk, record in records.items() if pk not in links)
        held = holding.held_back(self.sender.rule, [pk for pk in records if pk not in links])
        makes_new = self.side.write.create is not None
        found, waiting = [], []
        for delivery in deliveries:
            record, link = records.get(delivery.record_id), links.get(delivery.record_id)
            if self.sender.has_ended(delivery, record, link):
                continue
            if link is not None and self.side.is_removed(record):
                self.leaving.append((delivery, record, link))
                continue
            item = Item(delivery, record, link)
            missing = creating.missing_of(self.side, record) if link is None and makes_new else []
            if delivery.begun_at is None and (why := held.get(delivery.record_id)):
                outcomes.postpone(delivery, holding.REASON, why, holding.AGAIN)
            elif missing:
                waiting.append((delivery, record, missing))
            elif link is not None or self._is_ready(item):
                found.append(item)
        creating.wait_together(self.sender, waiting)
        return found

    def _take_away(self) -> bool:
        """Rows of records that were taken away here, one by one: they are rare. Whether the connection may go on."""
        leaving, self.leaving = self.leaving, []
        for delivery, record, link in leaving:
            if not self.side.to_remove(record, link):
                outcomes.close(delivery, State.NOT_NEEDED, "It is taken away there already.", reason="same")
                continue
            try:
                remove(self.sender, delivery, record, link)
            except RemoteError as error:
                if not outcomes.failed(delivery, error):
                    return False
        return True

    def _is_ready(self, item: Item) -> bool:
        """Give a new row its body; False where something that it needs is not here at all."""
        delivery, record = item.delivery, item.record
        if self.side.write.create is None:
            outcomes.needs_person(delivery, "no_create", f"A {self.side.entity.label} comes with its parent.")
            return False
        try:
            item.body, _ = creating.body_of(self.sender, record)
        except CannotCreate as error:
            outcomes.needs_person(delivery, "incomplete", str(error))
            return False
        # What is empty here is agreed to be so as well: the row begins empty, but for what the system fills in itself.
        item.values = self.side.held(record)
        return True

    def _fetched(self, items: Sequence[Item]) -> dict[str, Row]:
        """The rows that are there, read again."""
        declared = self.side.declared
        ids = [item.link.external_id for item in items if item.link is not None]
        parts = self.pool.map(
            partial(self.sender.connector.fetch, declared), sliced(ids, self.side.write.batch)
        )
        return {declared.id_of(row): row for part in parts for row in part}

    def _changes(self, items: list[Item], rows: dict[str, Row]) -> list[Item]:
        """Take in what moved meanwhile, and keep what still differs, with all that is new."""
        linked = {item.link.external_id: item for item in items if item.link is not None}
        if not linked:
            return items
        gone = [item for external_id, item in linked.items() if self._is_gone(rows.get(external_id))]
        for item in gone:
            message = f"{self.sender.rule.connection.label} no longer has this record."
            outcomes.needs_person(item.delivery, "not_found", message)
        missing = {item.delivery.pk for item in gone}
        there = [item for item in linked.values() if item.delivery.pk not in missing]
        found = [item for item in items if item.link is None]
        for portion in sliced(there, PORTION):
            self._take_in(portion, rows)
            found += self._differing(portion, rows)
        return found

    def _is_gone(self, row: Row | None) -> bool:
        return row is None or bool(self.side.declared.deleted and row.get(self.side.declared.deleted))

    def _take_in(self, items: Sequence[Item], rows: dict[str, Row]) -> None:
        """As a pull would; values that are there because an earlier try has sent them are agreed first."""
        incoming = []
        self.side.reader.meet([rows[item.link.external_id] for item in items if item.link is not None])
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
        records, links = self.side.records(ids), self.side.links_of(ids)
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
        for portion in sliced(items, PORTION):
            with transaction.atomic():
                self.sender.renew()
                outcomes.begin_together(
                    [(item.delivery, _operation(item), item.body, item.values) for item in portion]
                )

    def _together(self, items: list[Item]) -> bool:
        """As few calls as there can be, a few at once. Those that fail as a whole for one reason are one failure."""
        calls = [
            part
            for operation in Delivery.Operation
            for part in sliced(
                [item for item in items if item.delivery.operation == operation], self.side.write.batch
            )
        ]
        failed: dict[str, tuple[RemoteError, list[Delivery]]] = {}
        deliveries: list[Delivery] = []
        answers: list[Answer] = []
        for call, answer in zip(calls, self.pool.map(self._answer, calls), strict=True):
            if isinstance(answer, RemoteError):
                failed.setdefault(answer.reason, (answer, []))[1].extend(item.delivery for item in call)
            else:
                deliveries += [item.delivery for item in call]
                answers += answer
        goes_on = self._note(deliveries, answers)
        for error, lost in failed.values():
            goes_on = outcomes.failed_together(lost, error) and goes_on
        return goes_on

    def _answer(self, items: Sequence[Item]) -> list[Answer] | RemoteError:
        """What one call says of its rows."""
        writings = [self._writing(item.delivery, item.body) for item in items]
        try:
            return self.sender.connector.write_many(self.side.declared, writings)
        except RemoteError as error:
            return error

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
            outcomes.in_job(deliveries, job, SOONEST)
        return True

    def _ask(self, deliveries: Sequence[Delivery]) -> bool:
        """The outcome of a bulk job, if it is over."""
        job = deliveries[0].job
        writings = [self._writing(delivery, {}) for delivery in deliveries]
        try:
            answers = self.sender.connector.end_bulk(self.side.declared, job, writings)
        except RemoteError as error:
            if error.who is not Who.RETRY_LATER:
                return outcomes.failed_together(deliveries, error)
            outcomes.in_job(deliveries, job, error.retry_after or LATEST)  # still on their way
            return False
        if answers is None:
            outcomes.in_job(deliveries, job, _wait_for(deliveries[0]))
            return True
        return self._note(deliveries, answers)

    def _writing(self, delivery: Delivery, body: Row) -> Writing:
        if delivery.operation == Delivery.Operation.UPDATE:
            return Writing(body, external_id=delivery.external_id)
        return Writing(body, key=creating.key_of(self.side, delivery))

    def _note(self, deliveries: Sequence[Delivery], answers: Sequence[Answer]) -> bool:
        """Each answer to its own delivery. Whether the connection may go on."""
        goes_on = True
        for portion in sliced(list(zip(deliveries, answers, strict=True)), PORTION):
            written = [(delivery, answer) for delivery, answer in portion if isinstance(answer, str)]
            with transaction.atomic(), storing.together():
                self.sender.renew()
                accepting.accept(self.side, written)
                for delivery, answer in portion:
                    if isinstance(answer, RemoteError):
                        goes_on = outcomes.failed(delivery, answer) and goes_on
        if any(isinstance(answer, str) for answer in answers):
            silence.answered(self.sender.rule.connection)
            outcomes.go_on(self.sender.rule.connection)
        return goes_on


def sliced(items: Sequence[T], size: int) -> list[Sequence[T]]:
    """The items in order, so many at a time."""
    return [items[start : start + size] for start in range(0, len(items), size)]


def _wait_for(delivery: Delivery) -> float:
    taken = (timezone.now() - delivery.sent_at).total_seconds() if delivery.sent_at else 0.0
    return min(LATEST, max(SOONEST, taken / 2))


def _failed(deliveries: Sequence[Delivery], error: RemoteError) -> bool:
    """Of some it is not known whether they are there: they stay so, and no reading may meet their rows first."""
    unsure = [one for one in deliveries if one.state == State.UNKNOWN]
    others = [one for one in deliveries if one.state != State.UNKNOWN]
    return all([outcomes.failed_together(group, error) for group in (unsure, others) if group])


def _operation(item: Item) -> Delivery.Operation:
    return Delivery.Operation.UPDATE if item.link else Delivery.Operation.CREATE
