"""A dry run: what would be created and changed there, field by field, through the code that does it.

The route: the records of a rule that may differ (`candidates`) -> `sending.Sender`, dry -> it reads there, compares,
and stops at the write with a plan; what it took in on the way is rolled back. A system that checks a row without making
it (`TriesCreates`) is asked what it would say of each new one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from integrations.calls import connector_for
from integrations.connectors.base import TriesCreates
from integrations.connectors.errors import RemoteError
from integrations.mappings import declaration
from integrations.models import Delivery, SyncRule
from integrations.push.sending import Plan, Planned, Sender
from reconciliation.entities import ENTITIES
from reconciliation.models import Link

MOST = 100


@dataclass(frozen=True, slots=True)
class Planning:
    """One record and what would become of it."""

    record: Any
    plan: Plan


def candidates(rule: SyncRule, limit: int | None = None) -> list[int]:
    """Ids of records that were edited or made here: only these can owe the other side something."""
    entity = ENTITIES[rule.entity]
    linked = Link.objects.filter(
        source_id=rule.connection.source_id, entity=rule.entity, record_id=OuterRef("pk")
    )
    rows = entity.objects.filter(tenant_id=rule.connection.tenant_id, active=True, **entity.constants)
    if rule.object:  # one entity of the portal may stand for several objects there
        rows = rows.filter(**declaration(rule).constants)
    if rule.entity.endswith("_contact"):  # two entities share a table
        rows = rows.exclude(**{rule.entity.removesuffix("_contact"): None})
    if rule.creates == SyncRule.Creates.ASKED:
        rows = rows.filter(Exists(linked) | Exists(_asked_for(rule)))
    found = rows.filter(Q(edited_at__isnull=False) | ~Exists(linked)).order_by("pk")
    return list(found.values_list("pk", flat=True)[:limit])


def _asked_for(rule: SyncRule) -> Any:
    return Delivery.objects.filter(
        connection=rule.connection_id,
        entity=rule.entity,
        record_id=OuterRef("pk"),
        state__in=Delivery.OPEN,
    )


def plan(rule: SyncRule, record_ids: Sequence[int] | None = None, *, most: int = MOST) -> list[Planning]:
    """Plans for these records, or for a rule's first `most` candidates. Records that are the same are left out.

    Raises ValueError (as `hosts.AddressRefused`) where nothing may be written, RemoteError where nothing can be read.
    """
    if not rule.connection.may_call or not rule.connection.credentials:
        raise ValueError(f"{rule.connection} is not connected. Test the connection first.")
    wanted = candidates(rule, most) if record_ids is None else record_ids
    found = []
    with connector_for(rule.connection) as (connector, _):
        sender = Sender(rule, connector, None, dry=True)
        for record_id in wanted:
            planned = _one(sender, rule, record_id)
            if planned is not None:
                found.append(planned)
    return found


def _one(sender: Sender, rule: SyncRule, record_id: int) -> Planning | None:
    record = ENTITIES[rule.entity].objects.filter(pk=record_id).first()
    if record is None:
        return None
    draft = Delivery(
        connection=rule.connection,
        rule=rule,
        entity=rule.entity,
        record_id=record_id,
        created_at=timezone.now(),
    )
    try:
        sender.plan(draft)
    except Planned as planned:
        plan = _tried(sender, planned.plan)
        return Planning(record, plan) if plan.worth_telling else None
    except RemoteError as error:
        return Planning(record, Plan(note=_of_this_row(error)))
    return None


def _tried(sender: Sender, plan: Plan) -> Plan:
    """The plan of a new row with what its system warns of, or with why it would refuse it."""
    if plan.operation != Delivery.Operation.CREATE or not isinstance(sender.connector, TriesCreates):
        return plan
    label = sender.rule.connection.label
    try:
        warnings = sender.connector.try_create(sender.side.declared, plan.body)
    except RemoteError as error:
        return replace(plan, operation="", note=f"{label} would refuse it. {_of_this_row(error)}")
    return replace(plan, note=" ".join([f"{label} has checked it and would take it.", *warnings]))


def _of_this_row(error: RemoteError) -> str:
    """The error's words; where it concerns more than one row, it is raised again."""
    if error.relink or error.retry_after is not None:
        raise error
    return error.message
