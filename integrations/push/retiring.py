"""A merge's loser at a source that cannot merge: set inactive there where that is wanted, active again by an undo.

The route: the delivery that the merge owes for its tombstone -> the loser's own link of before -> row read -> nothing
to do, or written down -> `active` sent -> the task at the source is ticked. An undo owes a delivery for the record
that came back; what was retired through this connection is revived first.
"""

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from integrations.models import Delivery
from integrations.push import outcomes, silence
from reconciliation.ingest import ingest
from reconciliation.merge_tasks import of_loser
from reconciliation.models import Link, MergeMove, MergeSettings

if TYPE_CHECKING:
    from integrations.push.sending import Sender

State = Delivery.State
RETIRE, REVIVE = Delivery.Operation.RETIRE, Delivery.Operation.REVIVE


def retire(sender: "Sender", delivery: Delivery, record: Any) -> None:
    """Set what was merged away inactive there, or leave it to a person's task list."""
    move = of_loser(sender.rule.connection.source_id, sender.rule.entity, record.pk)
    wanted = MergeSettings.objects.filter(tenant=record.tenant_id, loser=MergeSettings.Loser.INACTIVE)
    able = sender.side.write.update is not None and sender.side.declared.active is not None
    if move is None or not able or not wanted.exists():
        why = "It was merged into another record."
        return sender.outcomes.close(delivery, State.NOT_NEEDED, why, reason="not_synced")
    link = Link.objects.get(pk=move.row_id)
    return _set(sender, delivery, record, link, active=False, move=move)


def was_retired(delivery: Delivery) -> bool:
    """Whether the last of the two that came through for this record, or may have, set it inactive."""
    if delivery.operation == RETIRE:
        return True
    done = Delivery.objects.filter(
        connection=delivery.connection_id, entity=delivery.entity, record_id=delivery.record_id,
        operation__in=(RETIRE, REVIVE), state=State.DONE,
    )  # fmt: skip
    return done.order_by("-pk").values_list("operation", flat=True).first() == RETIRE


def revive(sender: "Sender", delivery: Delivery, record: Any, link: Link) -> None:
    """Set what came back by an undo active again; what else differs is owed once more."""
    _set(sender, delivery, record, link, active=True)


def _set(
    sender: "Sender",
    delivery: Delivery,
    record: Any,
    link: Link,
    *,
    active: bool,
    move: MergeMove | None = None,
) -> None:
    declared, parent = sender.side.declared, sender.parent_of(record)
    row = sender.connector.read(declared, link.external_id, parent)
    if row is None:
        message = f"{sender.rule.connection.label} no longer has this record."
        return sender.outcomes.needs_person(delivery, "not_found", message)
    name = str(declared.active)
    if bool(row.get(name)) != active:
        if outcomes.tired(delivery):
            return sender.outcomes.needs_person(delivery, "no_answer", "Each try ended without an answer.")
        operation = REVIVE if active else RETIRE
        sender.begin(delivery, operation, {name: active}, {"active": [not active, active]})
        row = sender.connector.update(declared, link.external_id, {name: active}, parent=parent)
        row = row or sender.read_back(link.external_id, parent)
    elif not active and delivery.state not in Delivery.UNRESOLVED:
        if not sender.dry:
            _tick(move)
        return sender.outcomes.close(
            delivery, State.NOT_NEEDED, "It is inactive there already.", reason="same"
        )
    elif sender.dry:
        return sender.outcomes.close(delivery, State.NOT_NEEDED, "It is active there already.", reason="same")
    with transaction.atomic():
        sender.renew()
        _tick(move)
        if active:
            ingest(sender.intake, [sender.side.reader.read(row)])
        delivery.external_id = link.external_id
        # Also where it was found so: from here on this record is no longer one that was set inactive.
        Delivery.objects.filter(pk=delivery.pk).update(operation=REVIVE if active else RETIRE)
        sender.outcomes.close(delivery, State.DONE, more=active)
    silence.answered(sender.rule.connection)
    return None


def _tick(move: MergeMove | None) -> None:
    """Nobody needs to look after it there any more."""
    if move is not None:
        MergeMove.objects.filter(pk=move.pk, done_at=None).update(done_at=timezone.now())
