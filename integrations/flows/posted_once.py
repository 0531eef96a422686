"""What flows share whose records are posted once and never changed: who looks first, and what is not sent after all.

A record is brought up to date with its subject until it is posted. So whatever its flow has still to look at is held
back, and what shall not be any more is taken out of the queue, and put back where it shall be again.
"""

from collections.abc import Collection, Mapping, Sequence

from django.db.models import Exists, OuterRef, QuerySet

from integrations.models import Delivery, Flow, FlowItem, FlowMade, SyncRule
from integrations.push import owing
from integrations.push.holding import Holder
from reconciliation.models import Link

SYSTEM = "syspro"
_FIRST = "It is brought up to date with what it is made of first."
State = Delivery.State


def unsettled(flow: Flow, entity: str) -> "QuerySet[FlowItem]":
    """The items of which a record of this entity is made and not posted."""
    there = Link.objects.filter(
        source__tenant=flow.tenant_id, source__system=SYSTEM, entity=entity, record_id=OuterRef("record_id")
    )
    made = FlowMade.objects.filter(~Exists(there), item__flow=flow, entity=entity)
    return FlowItem.objects.filter(flow=flow, pk__in=made.values("item"))


def holder(flow: str, *entities: str) -> Holder:
    """Holds back the records of these entities that the flow has to look at again, or that lack something by now."""

    def held_back(rule: SyncRule, record_ids: Sequence[int]) -> Mapping[int, str]:
        if rule.entity not in entities:
            return {}
        made = FlowMade.objects.filter(
            entity=rule.entity,
            record_id__in=list(record_ids),
            item__flow__tenant=rule.connection.tenant_id,
            item__flow__name=flow,
            item__flow__enabled=True,
            item__state__in=(FlowItem.State.OWED, FlowItem.State.WAITING, FlowItem.State.FAILED),
        )
        words = made.values_list("record_id", "item__message", "item__state")
        return {pk: message if state == FlowItem.State.WAITING else _FIRST for pk, message, state in words}

    return held_back


def withdraw(
    tenant_id: int, entity: str, gone: Collection[int], back: Collection[int], reason: str, words: str
) -> None:
    """Records that are `gone` are not sent, and say so by `reason`; those that are `back` are sent after all."""
    rows = Delivery.objects.filter(connection__tenant=tenant_id, connection__system=SYSTEM, entity=entity)
    if gone:
        waiting = rows.filter(record_id__in=gone, state__in=(State.OWED, State.NEEDS_PERSON))
        waiting.update(state=State.NOT_NEEDED, reason=reason, message=words, next_try_at=None)
    if back:
        open_ = rows.filter(record_id__in=back, state__in=Delivery.OPEN).values("record_id")
        again = rows.filter(record_id__in=back, reason=reason).exclude(record_id__in=open_)
        for rule in SyncRule.objects.filter(deliveries__in=again).distinct().select_related("connection"):
            if owing.pushes(rule):
                owing.want(rule, set(again.filter(rule=rule).values_list("record_id", flat=True)))


def sent(tenant_id: int, entity: str, record_ids: Sequence[int]) -> dict[int, Delivery]:
    """The create of each record that arrived, or may have."""
    rows = Delivery.objects.filter(
        connection__tenant=tenant_id,
        connection__system=SYSTEM,
        entity=entity,
        record_id__in=record_ids,
        operation=Delivery.Operation.CREATE,
        state__in=(State.DONE, *Delivery.UNRESOLVED),
    )
    return {row.record_id: row for row in rows.defer("request", "reply").order_by("pk")}
