"""Settling conflicts: a person says which value stands.

A field has as many sides as systems hold it: each that differs has its conflict, and one decision settles them all.

The route: pending conflicts of one record, as the person saw them -> still the same? -> record written
(`editing.edit`), each link's base moved on to what its source has, so that the same difference is not met again ->
conflicts resolved, audited. All fields of a record in one transaction: either all are settled or none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import models, transaction
from django.dispatch import Signal
from django.utils import timezone

from portal import audit
from portal.models import User
from reconciliation.changes import announce
from reconciliation.editing import RecordMovedOn, edit, typed
from reconciliation.entities import ENTITIES
from reconciliation.models import Conflict, Link
from reconciliation.normalise import normal_form

Outcome = Conflict.Outcome

always_chosen = Signal()
"""Sent with `conflict`, `outcome` and `actor` when a person wants this field settled so for ever.

Rules live a floor above. A receiver returns a sentence that tells the person what it did.
"""

audit.register_action("conflict.remote", "took the source's value for {target}: {note}")
audit.register_action("conflict.portal", "kept the portal's value of {target}: {note}")
audit.register_action("conflict.other", "settled a difference of {target}: {note}")


class ConflictMovedOn(Exception):
    """The conflict is no longer what the person saw: settled meanwhile, or with another value from the source."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the person had in front of them: the source's value and the record's version."""

    remote_value: Any
    version: int


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person wants for one field. `remote_value` is the source's value that they saw.

    Where several sources differ the conflict is that of the source whose value is taken (any, where none is), and
    `beside` has the others': what each source was seen to say.
    """

    conflict_id: int
    outcome: Conflict.Outcome
    remote_value: Any
    value: Any = None
    always: bool = False
    beside: Mapping[int, Any] = field(default_factory=dict)

    @property
    def seen(self) -> dict[int, Any]:
        """Each source's value that the person saw, by conflict."""
        return {self.conflict_id: self.remote_value, **self.beside}


@dataclass(frozen=True, slots=True)
class Settled:
    """Conflicts that a person settled, and what those who keep the rules say of "always"."""

    conflicts: list[Conflict]
    rules: list[str]


def resolve(
    conflict_id: int,
    outcome: Conflict.Outcome,
    *,
    actor: User | None,
    value: Any = None,
    note: str = "",
    always: bool = False,
    seen: Seen | None = None,
) -> Conflict:
    """Settle one field, what other sources say of it with it.

    Raises ConflictMovedOn, RecordMovedOn, or editing.BadValue for a value that does not fit.
    """
    with transaction.atomic():
        found = locked([conflict_id, *sides_of(conflict_id)])
        conflict = found.pop(conflict_id)
        _still_pending(conflict)
        if seen:
            _same_at_source(conflict, seen.remote_value)
            _same_here(conflict, seen.version)
        beside = [one for one in found.values() if one.state == Conflict.State.PENDING]
        _settle(conflict, outcome, value, beside=beside, actor=actor, note=note)
    if always:
        always_chosen.send(sender=Conflict, conflict=conflict, outcome=outcome, actor=actor)
    return conflict


def settle(choices: Sequence[Choice], *, version: int, actor: User | None, note: str = "") -> Settled:
    """Settle several fields of one record that was seen at `version`: all of them, or none. Raises as `resolve`."""
    with transaction.atomic():
        found = locked([pk for choice in choices for pk in choice.seen])
        for choice in choices:
            _all_seen(choice)
            for pk, remote_value in choice.seen.items():
                _still_pending(found[pk])
                _same_at_source(found[pk], remote_value)
        _same_here(found[choices[0].conflict_id], version)
        for choice in choices:
            beside = [found[pk] for pk in choice.beside]
            conflict = found[choice.conflict_id]
            _settle(conflict, choice.outcome, choice.value, beside=beside, actor=actor, note=note)
    said = [words for choice in choices if choice.always for words in _for_ever(choice, found, actor)]
    return Settled([found[choice.conflict_id] for choice in choices], said)


def _for_ever(choice: Choice, found: Mapping[int, Conflict], actor: User | None) -> list[str]:
    """Tell those who keep the rules: of the source that won, and that the others lose to what stands here."""
    said: list[str] = []
    for pk in choice.seen:
        wins = found[pk].outcome == Outcome.REMOTE
        answers = always_chosen.send(
            sender=Conflict,
            conflict=found[pk],
            outcome=Outcome.REMOTE if wins else Outcome.PORTAL,
            actor=actor,
        )
        said += [str(words) for _, words in answers if words]
    return said


def sides_of(conflict_id: int) -> list[int]:
    """Ids of all pending conflicts of this one's field: one for each source that differs."""
    one = Conflict.objects.filter(pk=conflict_id).values_list("entity", "record_id", "field").first()
    if one is None:
        return []
    pending = Conflict.objects.filter(
        state=Conflict.State.PENDING, entity=one[0], record_id=one[1], field=one[2]
    )
    return list(pending.exclude(link__state=Link.State.MERGED).order_by("pk").values_list("pk", flat=True))


def locked(ids: Sequence[int]) -> dict[int, Conflict]:
    """These conflicts of one record, by id, for the rest of the transaction.

    The record is locked first, as a pull does, so that neither ever waits for the other with what the other wants.
    """
    places = set(Conflict.objects.filter(pk__in=ids).values_list("entity", "record_id"))
    if len(places) > 1:
        raise ValueError("Fields of several records are not settled as one.")
    for entity, record_id in places:
        ENTITIES[entity].objects.select_for_update().filter(pk=record_id).first()
    found = {row.pk: row for row in Conflict.objects.select_for_update().filter(pk__in=ids).order_by("pk")}
    if len(found) != len(set(ids)):
        raise ConflictMovedOn("One of these differences is no longer there. Nothing was written.")
    return found


def value_here(conflict: Conflict, record: models.Model) -> Any:
    """The portal's side as it is now, in normal form: a person may have changed it since the conflict was met."""
    return normal_form({conflict.field: getattr(record, conflict.field)})[conflict.field]


def _all_seen(choice: Choice) -> None:
    """Another system may have come to differ meanwhile: its people are heard as well."""
    if set(sides_of(choice.conflict_id)) - choice.seen.keys():
        raise ConflictMovedOn(
            "Another system has changed this field too while you looked at it. Nothing was written."
        )


def _still_pending(conflict: Conflict) -> None:
    if conflict.state != Conflict.State.PENDING:
        by = f" by {conflict.actor}" if conflict.actor else ""
        raise ConflictMovedOn(f"This difference was settled{by} while you looked at it. Nothing was written.")


def _same_at_source(conflict: Conflict, remote_value: Any) -> None:
    if conflict.remote_value != remote_value:
        raise ConflictMovedOn(
            "The source has changed the value again while you looked at it. Nothing was written."
        )


def _same_here(conflict: Conflict, version: int) -> None:
    record = ENTITIES[conflict.entity].objects.get(pk=conflict.record_id)
    if record.version != version:
        raise RecordMovedOn(record)


def _settle(
    conflict: Conflict, outcome: Conflict.Outcome, value: Any, *, beside: Sequence[Conflict],
    actor: User | None, note: str,
) -> None:  # fmt: skip
    entity = ENTITIES[conflict.entity]
    record = entity.objects.get(pk=conflict.record_id)
    held = chosen = value_here(conflict, record)
    if outcome != Outcome.PORTAL:
        wanted = conflict.remote_value if outcome == Outcome.REMOTE else value
        written = typed(entity, conflict.field, wanted)
        edit(entity, conflict.record_id, {conflict.field: written}, actor=actor, note=note)
        chosen = normal_form({conflict.field: written})[conflict.field]
    _close(conflict, outcome, held, chosen, actor, note)
    for other in beside:
        _close(other, _beside(other, outcome, chosen), held, chosen, actor, note)
    announce(conflict.entity, conflict.tenant_id, [conflict.record_id])
    words = f"{conflict.field.replace('_', ' ')}. {note}".strip()
    audit.record(f"conflict.{outcome}", record, actor=actor, note=words)


def _beside(other: Conflict, outcome: Conflict.Outcome, chosen: Any) -> Conflict.Outcome:
    """How it ended for a source whose side was not the one that was pointed at."""
    if outcome == Outcome.PORTAL:
        return Outcome.PORTAL
    return Outcome.REMOTE if other.remote_value == chosen else Outcome.OTHER


def _close(
    conflict: Conflict, outcome: Conflict.Outcome, held: Any, chosen: Any, actor: User | None, note: str
) -> None:
    """`held` is what the portal held until then: it may have moved since the conflict was met."""
    _agree(conflict)
    now = timezone.now()
    conflict.state, conflict.outcome, conflict.outcome_value = Conflict.State.RESOLVED, outcome, chosen
    conflict.portal_value = held
    conflict.actor, conflict.note, conflict.settled_at, conflict.updated_at = actor, note, now, now
    conflict.save()


def _agree(conflict: Conflict) -> None:
    """The source's value has been considered: only another change of it is news."""
    link = Link.objects.select_for_update().get(pk=conflict.link_id)
    base: Mapping[str, Any] = link.base
    Link.objects.filter(pk=link.pk).update(base={**base, conflict.field: conflict.remote_value})
