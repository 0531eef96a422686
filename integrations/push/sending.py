"""One delivery, sent: read there, compared three ways, written, and what was written agreed as the new base.

The route of a change: row read again -> taken in as by a pull (`reconciliation.ingest`), so that what moved there
meanwhile is a conflict and never overwritten -> fields that still differ from the base -> written down -> sent ->
reply taken in, so that the next pull finds nothing new. A create goes through `creating`.

No transaction is open during a call. There is no compare-and-set in ServiceTitan's API: between reading a row and
writing it lies one call's time in which another's change of the same field would be lost.
"""

import time
from dataclasses import dataclass, field
from typing import Any

import orjson
from django.db import transaction

from integrations import leases
from integrations.connectors.base import Connector
from integrations.connectors.entity import Row
from integrations.connectors.errors import RemoteError, Who
from integrations.leases import Lease, LeaseLost
from integrations.mapping import MappingError
from integrations.models import Delivery, SyncRule
from integrations.pull import intake_of
from integrations.push import outcomes, retiring, silence, tags
from integrations.push.sides import Side, side_of
from reconciliation.ingest import ingest
from reconciliation.intake import Incoming
from reconciliation.models import Link
from reconciliation.normalise import collapsed

State = Delivery.State
FROZEN = "frozen"
"""The reason of what was left alone because its system keeps the row as it is."""
SLOWEST_START = 5.0
"""Seconds between writing down and sending; a worker that was stopped longer must not send any more."""


@dataclass(slots=True)
class Plan:
    """What would be written: fields with what the other side has and what it would get."""

    operation: str = ""
    fields: dict[str, list[Any]] = field(default_factory=dict)
    body: Row = field(default_factory=dict)
    note: str = ""
    reason: str = ""

    @property
    def worth_telling(self) -> bool:
        """Whether it is more than "both sides hold the same"."""
        return self.reason != "same"


class Planned(Exception):
    """A dry run stops here, at the write."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan.operation)
        self.plan = plan


class DryOutcomes:
    """Stands where `outcomes` writes a state down: a dry run ends there, with the words for it."""

    def close(
        self, delivery: Delivery, state: str, message: str = "", *, reason: str = "", more: bool = False
    ) -> None:
        raise Planned(Plan(note=message, reason=reason))

    def needs_person(self, delivery: Delivery, reason: str, message: str, who: str = "") -> None:
        raise Planned(Plan(note=message, reason=reason))

    def postpone(self, delivery: Delivery, reason: str, message: str, seconds: float) -> None:
        raise Planned(Plan(note=message, reason=reason))


class Sender:
    """Sends the deliveries of one rule. `dry` stops at the write, by raising Planned."""

    def __init__(
        self, rule: SyncRule, connector: Connector, lease: Lease | None, *, dry: bool = False
    ) -> None:
        self.rule, self.connector, self.lease, self.dry = rule, connector, lease, dry
        self.outcomes: Any = DryOutcomes() if dry else outcomes
        self.side: Side = side_of(rule)
        self.intake = intake_of(rule, None)

    def send(self, delivery: Delivery) -> bool:
        """Bring one delivery on. False when the connection should be left alone for now. Raises LeaseLost."""
        try:
            self._send(delivery)
        except RemoteError as error:
            return outcomes.failed(delivery, error)
        except MappingError as error:
            self.outcomes.needs_person(delivery, error.reason, error.message, Who.FIX_CONFIGURATION)
        return True

    def plan(self, delivery: Delivery) -> None:
        """Go as far as the write; always raises Planned or RemoteError. Nothing is kept of what was read."""
        try:
            self._send(delivery)
        except MappingError as error:
            raise Planned(Plan(note=error.message, reason=error.reason)) from None

    def _send(self, delivery: Delivery) -> None:
        from integrations.push.creating import create  # all ways send through this class

        if delivery.state == State.SENDING:  # whoever was sending it is dead
            delivery.state = State.UNKNOWN
        record = self.side.entity.objects.filter(pk=delivery.record_id).first()
        if record is not None and getattr(record, "merged_into_id", None) is not None:
            return retiring.retire(self, delivery, record)
        link = self.side.link_of(delivery.record_id)
        if self.has_ended(delivery, record, link):
            return None
        if unknown := tags.settle(self.side, delivery, record, dry=self.dry):
            return self.outcomes.needs_person(delivery, tags.REASON, tags.words(self.rule, unknown))
        if link is None:
            return create(self, delivery, record)
        return self._known(delivery, record, link)

    def _known(self, delivery: Delivery, record: Any, link: Link) -> None:
        """A record that the other side has: taken away there, set active again, or brought up to date."""
        from integrations.push.removing import remove

        if self.side.to_remove(record, link):
            return remove(self, delivery, record, link)
        if self.side.entity.merges and retiring.was_retired(delivery):
            return retiring.revive(self, delivery, record, link)
        return self._update(delivery, record, link)

    def has_ended(self, delivery: Delivery, record: Any, link: Link | None) -> bool:
        """Close a delivery that has nothing to write any more. What stays has no link, or one to be updated."""
        if record is None:
            self.outcomes.close(delivery, State.NOT_NEEDED, "The record is gone.", reason="gone")
            return True
        if link is None and getattr(record, "merged_into_id", None) is None:
            return False
        if link is None or link.state != Link.State.LIVE:
            why = "It was merged into another record, left the scope, or is waiting."
            self.outcomes.close(delivery, State.NOT_NEEDED, why, reason="not_synced")
            return True
        if self.side.write.update is None and not self.side.to_remove(record, link):
            label = self.rule.connection.label
            why = (
                f"{label} has it already, as {link.external_id}, and it is only ever added: nothing was sent."
            )
            self.outcomes.close(delivery, State.NOT_NEEDED, why, reason="add_only")
            return True
        return False

    def _update(self, delivery: Delivery, record: Any, link: Link) -> None:
        parent = self.parent_of(record)
        row = self.connector.read(self.side.declared, link.external_id, parent)
        if row is None:
            message = f"{self.rule.connection.label} no longer has this record."
            return self.outcomes.needs_person(delivery, "not_found", message)
        with transaction.atomic():  # a dry run leaves it by raising, which rolls back what was taken in
            self.take_in(row, link, delivery.values)
            found = self.compared(delivery, record, link, row)
        if found is None:
            return None
        body, fields = found
        self.begin(delivery, Delivery.Operation.UPDATE, body, fields)
        reply = self.connector.update(self.side.declared, link.external_id, body, parent=parent)
        return self._accept(delivery, link, fields, reply, parent)

    def compared(
        self, delivery: Delivery, record: Any, link: Link, row: Row
    ) -> tuple[Row, dict[str, list[Any]]] | None:
        """The body and its fields, as [theirs, ours]; None where the delivery has come to its end instead."""
        link.refresh_from_db()
        record.refresh_from_db()
        return self.judged(delivery, record, link, row)

    def judged(
        self, delivery: Delivery, record: Any, link: Link, row: Row, pending: set[str] | None = None
    ) -> tuple[Row, dict[str, list[Any]]] | None:
        """As `compared`, of a record and a link as they stand. `pending` as in `Side.unsent`."""
        if link.state != Link.State.LIVE:
            self.outcomes.close(delivery, State.NOT_NEEDED, "It has left the scope.", reason="not_synced")
            return None
        names, waiting = self.side.unsent(record, link, pending)
        if not names:
            self._nothing_left(delivery, waiting)
            return None
        if why := self.side.frozen(row):
            self.outcomes.close(delivery, State.NOT_NEEDED, why, reason=FROZEN)
            return None
        if outcomes.tired(delivery):
            self.outcomes.needs_person(delivery, "no_answer", "Each try ended without an answer.")
            return None
        if objection := self.side.objection(record):
            self.outcomes.needs_person(delivery, "objection", objection)
            return None
        body = self.side.body(record, names, row)
        held, base = self.side.held(record), collapsed(link.base)
        fields = {name: [base.get(name), held[name]] for name in names}
        if self.dry:
            raise Planned(Plan(Delivery.Operation.UPDATE, fields, body))
        return body, fields

    def _nothing_left(self, delivery: Delivery, pending: list[str]) -> None:
        if delivery.state in Delivery.UNRESOLVED:
            return self.outcomes.close(delivery, State.DONE, "Found to have arrived.")
        if pending:
            why = (
                f"Changed on both sides: {', '.join(pending)}. A person decides first, under Pending review."
            )
            return self.outcomes.close(delivery, State.NOT_NEEDED, why, reason="conflict")
        return self.outcomes.close(delivery, State.NOT_NEEDED, "Both sides hold the same.", reason="same")

    def begin(
        self, delivery: Delivery, operation: Delivery.Operation, body: Row, fields: dict[str, list[Any]],
        parts: dict[str, Any] | None = None,
    ) -> None:  # fmt: skip
        """Write down what is about to be sent, while the lease is ours. Here a dry run ends."""
        if self.dry:
            raise Planned(Plan(operation, fields, body))
        started = time.monotonic()
        values = {name: after for name, (_, after) in fields.items()}
        with transaction.atomic():
            self.renew()
            outcomes.begin(delivery, operation, body, values, parts)
        if time.monotonic() - started > SLOWEST_START:
            raise LeaseLost

    def renew(self) -> None:
        """Prove that the rule is still ours."""
        if self.lease is not None:
            leases.renew(self.lease)

    def take_in(self, row: Row, link: Link, sent: dict[str, Any]) -> Incoming:
        """Take a row in as a pull would; values that are there because we sent them are agreed first."""
        incoming = self.side.reader.read(row)
        theirs = self.side.theirs(incoming)
        agreed = {name: value for name, value in sent.items() if theirs.get(name) == value}
        self.renew()
        if agreed:
            agree(link, agreed)
        ingest(self.intake, [incoming])
        return incoming

    def _accept(
        self, delivery: Delivery, link: Link, fields: dict[str, list[Any]], reply: Row | None, parent: str
    ) -> None:
        """The write was answered: its values are the new base, whatever form the system gave them."""
        row = reply or self.read_back(link.external_id, parent)
        incoming = self.side.reader.read(row)
        theirs = self.side.theirs(incoming)
        seen = [name for name in fields if name in self.side.pulled]  # of the others no reply tells
        ignored = [name for name in seen if theirs.get(name) == fields[name][0] != fields[name][1]]
        with transaction.atomic():
            self.renew()
            agree(link, {name: after for name, (_, after) in fields.items() if name not in ignored})
            if not ignored:
                ingest(self.intake, [incoming])
            delivery.external_id, delivery.reply = link.external_id, orjson.loads(incoming.payload)
            if ignored:
                message = (
                    f"{self.rule.connection.label} answered that all is well but kept its own "
                    f"{', '.join(name.replace('_', ' ') for name in ignored)}. Change it there, or put the value back."
                )
                self.outcomes.needs_person(delivery, "ignored", message)
            else:
                self.outcomes.close(delivery, State.DONE)
        silence.answered(self.rule.connection)

    def read_back(self, external_id: str, parent: str) -> Row:
        """The row after a write whose reply does not show it. That the write took effect is known by then."""
        try:
            row = self.connector.read(self.side.declared, external_id, parent)
        except RemoteError as error:
            error.unknown = True
            raise
        if row is None:
            message = "The record cannot be read back after the write. Trunkline looks again by itself."
            raise RemoteError(Who.RETRY_LATER, "not_read_back", message, unknown=True)
        return row

    def parent_of(self, record: Any) -> str:
        """The external id that stands in the paths of rows below another; empty for the rest."""
        return self.side.parent_id(record, self.side.write.parent) if self.side.write.parent else ""


def agree(link: Link, values: dict[str, Any]) -> None:
    """Move the link's base on: both sides hold these."""
    held = Link.objects.select_for_update().get(pk=link.pk)
    Link.objects.filter(pk=link.pk).update(base={**held.base, **values})
