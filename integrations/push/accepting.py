"""What a batch has written becomes what both sides agree on: links, bases and closed deliveries, many in each statement.

The route: deliveries with what they were answered -> those that were refused wait, or for a person -> new links for the
others, or bases moved on -> records edited meanwhile owe another -> closed.
"""

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from integrations.connectors.errors import RemoteError
from integrations.models import Delivery
from integrations.push import adopting, outcomes, silence, storing
from integrations.push.sending import Sender
from integrations.push.sides import Side
from integrations.push.slices import PORTION, sliced
from reconciliation import bulk
from reconciliation.lookup import known_links
from reconciliation.models import Link
from reconciliation.normalise import collapsed, dumps

Answer = str | RemoteError
"""Of one row: its id there, or why it alone was refused."""
Written = Sequence[tuple[Delivery, str]]
_NEW_LINK = (
    "source_id", "entity", "external_id", "record_id", "state", "fingerprint", "waiting_for_entity",
    "waiting_for_id", "created_at", "updated_at", "base", "payload",
)  # fmt: skip


def note(sender: Sender, answered: Sequence[tuple[Delivery, Answer]]) -> bool:
    """Each answer to its own delivery. Whether the connection may go on. Raises LeaseLost."""
    goes_on = True
    for portion in sliced(answered, PORTION):
        written = [(delivery, answer) for delivery, answer in portion if isinstance(answer, str)]
        with transaction.atomic(), storing.together():
            sender.renew()
            _accept(sender.side, written)
            for delivery, answer in portion:
                if isinstance(answer, RemoteError):
                    goes_on = outcomes.failed(delivery, answer) and goes_on
    if any(isinstance(answer, str) for _, answer in answered):
        silence.answered(sender.rule.connection)
    return goes_on


def _accept(side: Side, written: Written) -> None:
    """They are there: what was sent is the new base."""
    if not written:
        return
    for delivery, external_id in written:
        delivery.external_id, delivery.reply = external_id, {"id": external_id}
    new = [pair for pair in written if pair[0].operation == Delivery.Operation.CREATE]
    changed = [pair for pair in written if pair[0].operation == Delivery.Operation.UPDATE]
    if new:
        _tie(side, new)
    if changed:
        _agree(side, changed)
    late = [pair for pair in written if pair[0].job]
    outcomes.close_together([delivery for delivery, _ in written], _moved_on(side, late) if late else ())


def _tie(side: Side, new: Written) -> None:
    """A link for each record and its new row; one that is there already, from a row seen before, is taken over."""
    source, entity = side.rule.connection.source, side.rule.entity
    known = set(known_links(source, entity, [external_id for _, external_id in new]))
    now = bulk.stamp(timezone.now())
    rows = []
    for delivery, external_id in new:
        if external_id in known:
            adopting.tie(side, external_id, delivery.record_id, delivery.values)
            continue
        known.add(external_id)
        base, state = dumps(delivery.values), Link.State.LIVE.value
        rows.append(
            (source.pk, entity, external_id, delivery.record_id, state, 0, "", "", now, now, base, "{}")
        )
    bulk.insert(Link, _NEW_LINK, rows)
    _name(side, new)


def _name(side: Side, new: Written) -> None:
    """A record that no source has named yet goes by its id there."""
    by_record = {delivery.record_id: external_id for delivery, external_id in new}
    nameless = side.entity.objects.filter(pk__among=list(by_record), external_id="").order_by()
    rows = [(by_record[pk], pk) for pk in nameless.values_list("pk", flat=True)]
    bulk.update(side.entity.model, ("external_id",), rows)


def _agree(side: Side, changed: Written) -> None:
    """Move the links' bases on, and what is kept of their rows: whoever reads those again must not meet what was."""
    written = {delivery.record_id: delivery for delivery, _ in changed}
    links = side.links_of(list(written))
    held = (
        Link.objects.select_for_update().filter(pk__among=[link.pk for link in links.values()]).order_by("pk")
    )
    rows = [
        (dumps({**base, **written[record_id].values}), dumps({**payload, **written[record_id].request}), pk)
        for pk, record_id, base, payload in held.values_list("pk", "record_id", "base", "payload")
        if record_id is not None
    ]
    bulk.update(Link, ("base", "payload"), rows)


def _moved_on(side: Side, written: Written) -> set[int]:
    """Deliveries of a bulk job whose records hold something else by now than what was sent, though no change was counted.

    A job takes minutes, and its deliveries are read anew when it is over: what was edited meanwhile was counted before.
    """
    records = side.records([delivery.record_id for delivery, _ in written])
    found = set()
    for delivery, _ in written:
        record = records.get(delivery.record_id)
        if record is None:
            continue
        held, sent = side.held(record), collapsed(delivery.values)
        if any(held[name] != value for name, value in sent.items() if name in held):
            found.add(delivery.pk)
    return found
