"""Each adjustment of stock in ServiceTitan moves the stock in SYSPRO: a movement for each of its items, posted once.

An adjustment waits while its warehouse or an item of it is in no mapping table, and goes by itself once that is mapped.
One that somebody made in ServiceTitan because SYSPRO had the movement already is recognised, and not posted again. What
is posted is never changed: an adjustment that was cancelled or changed afterwards waits for a person, or is moved back.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from integrations.flows import adjustments_read, posted_once, settling
from integrations.flows.adjustments_plans import AMBIGUOUS, CANCELLED, MISNAMED, POSTED, UNREAD, plan
from integrations.flows.adjustments_read import ENTITY, NAME, read
from integrations.flows.base import FlowSpec, Made, NeededRule, Plan, Setting, Settings, Skip, itself
from integrations.flows.stock_facts import Adjusted, facts_of
from integrations.models import Flow, FlowItem
from integrations.tables.catalogue import STOCK_CODE, WAREHOUSE
from reconciliation.models import Adjustment, StockMovement


def subjects(tenant_id: int, since: datetime | None) -> "QuerySet[Any]":
    """Those in force; one that was cancelled before it was met here is nobody's concern."""
    rows = Adjustment.objects.filter(tenant=tenant_id, active=True)
    if since is None:
        return rows
    return rows.filter(Q(adjusted_at__gte=since) | Q(adjusted_at=None, created_at__gte=since))


def of_movements(tenant_id: int, record_ids: Collection[int]) -> Iterable[int]:
    """What they were posted for, and adjustments that wait to know which movement they are."""
    rows = StockMovement.objects.filter(pk__in=list(record_ids), tenant=tenant_id, adjustment__isnull=False)
    waiting = FlowItem.objects.filter(flow__tenant=tenant_id, flow__name=NAME, state=FlowItem.State.WAITING)
    held = waiting.filter(reason__in=(AMBIGUOUS, MISNAMED, UNREAD)).values_list("record_id", flat=True)
    return {*(pk for pk in rows.values_list("adjustment_id", flat=True) if pk), *held}


def unsettled(flow: Flow) -> "QuerySet[FlowItem]":
    return posted_once.unsettled(flow, ENTITY)


held_back = posted_once.holder(NAME, ENTITY)


def withdraw(tenant_id: int, plans: Sequence[tuple[Adjusted, Plan]]) -> None:
    """A movement that shall not be any more is not sent; one that shall be again is."""
    gone = [pk for one, plan in plans if isinstance(plan, Skip) for pk in _unsent(one)]
    back = [pk for one, plan in plans if isinstance(plan, Made) for pk in _unsent(one)]
    words = "Its adjustment was cancelled, or changed so that there is nothing to post, before it was sent."
    posted_once.withdraw(tenant_id, ENTITY, gone, back, CANCELLED, words)


def _unsent(adjusted: Adjusted) -> list[int]:
    return [line.made for line in adjusted.lines if line.made is not None]


def settle(item: FlowItem, settings: Settings) -> None:
    """Somebody has put right in SYSPRO what differs: this version of the adjustment waits no more."""
    adjusted = read(item.flow.tenant_id, [item.record_id], settings).get(item.record_id)
    if adjusted is not None:
        settling.settle(item, "adjustment", facts_of(adjusted), f"adjustment {adjusted.number}")


FLOW: FlowSpec = FlowSpec(
    name=NAME,
    title="Adjustment → stock movement",
    does="Posts each adjustment of stock in ServiceTitan to SYSPRO, once: its items by their stock codes, in the "
    "warehouse that its own is mapped to. What is not mapped yet waits, and goes by itself once it is.",
    systems=("servicetitan", "syspro"),
    subject="adjustment",
    triggers={"adjustment": itself, ENTITY: of_movements},
    subjects=subjects,
    read=adjustments_read.read,
    plan=plan,
    rules=(
        NeededRule("servicetitan", "adjustment"),
        NeededRule("servicetitan", "warehouse", optional=True),
        NeededRule("syspro", ENTITY, pushes=True),
        NeededRule("syspro", "stock_code", optional=True),
        NeededRule("syspro", "warehouse", optional=True),
    ),
    settings=(
        Setting("cancelled", "Cancelled after it was posted", "choice", "wait", "",
                (("wait", "waits for a person"), ("reverse", "is moved back in SYSPRO"))),
        Setting("recognise", "Entered in both by hand", "choice", "day",
                "An adjustment that is a movement of SYSPRO's own is not posted again. It is known by the journal or "
                "reference in its memo.",
                (("day", "or by item, warehouse, quantity and day"), ("reference", "by that alone"))),
    ),
    also=withdraw,
    tables=(STOCK_CODE, WAREHOUSE),
    unsettled=unsettled,
    settle=settle,
    asks={CANCELLED: "It is put right in SYSPRO", POSTED: "It is put right in SYSPRO"},
)  # fmt: skip
