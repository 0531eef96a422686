"""Each adjustment that SYSPRO has of itself waits to be entered in ServiceTitan, whose API takes none, by a person.

The route: a movement of SYSPRO that was not posted from here -> what it is called in ServiceTitan, by the mapping tables
-> a person is told what to enter -> the adjustment comes, is recognised (`adjustments`), and this closes by itself.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from integrations.flows import adjustments, settling
from integrations.flows.adjustments_read import ENTITY, moved_of, settled_of
from integrations.flows.adjustments_read import NAME as OTHER_WAY
from integrations.flows.base import FlowSpec, Need, NeededRule, Place, Plan, Settings, Skip, Wait, itself
from integrations.flows.stock_facts import Moved
from integrations.models import Flow, FlowItem, FlowMade, TableRow
from integrations.tables.base import DEFAULT
from integrations.tables.catalogue import STOCK_CODE, WAREHOUSE
from portal.models import Tenant
from reconciliation.models import StockMovement
from reconciliation.models.stock import signed

NAME = "movements"
TO_ENTER, ENTERED, SETTLED = "to_enter", "entered", "settled"


@dataclass(frozen=True, slots=True)
class Own:
    """A movement of accounting's own. `items` and `places` are what ServiceTitan calls its item and its warehouse, as far
    as that is mapped; `entered_as` is the adjustment that it was entered as."""

    moved: Moved
    items: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    entered_as: str = ""
    settled: bool = False


def subjects(tenant_id: int, since: datetime | None) -> "QuerySet[Any]":
    """Adjustments alone: receipts, issues and transfers belong to documents of their own."""
    ours = FlowMade.objects.filter(entity=ENTITY, record_id=OuterRef("pk"), is_new=True)
    rows = StockMovement.objects.filter(~Exists(ours), tenant=tenant_id, kind="A", active=True).exclude(
        journal=""
    )
    return rows if since is None else rows.filter(moved_on__gte=since.date().isoformat())


def unsettled(flow: Flow) -> "QuerySet[FlowItem]":
    """Those that wait: another row of a table says better what to enter."""
    return FlowItem.objects.filter(flow=flow, state=FlowItem.State.WAITING)


def read(tenant_id: int, ids: Sequence[int], settings: Settings) -> Mapping[int, Own]:
    movements = list(subjects(tenant_id, None).filter(pk__in=list(ids)).select_related("adjustment"))
    items = _labels(tenant_id, STOCK_CODE, {row.stock_code for row in movements})
    places = _labels(tenant_id, WAREHOUSE, {row.store for row in movements})
    settled = settled_of(tenant_id, NAME, ids)
    return {
        row.pk: Own(
            moved_of(row),
            items.get(row.stock_code, ()),
            places.get(row.store, ()),
            str(row.adjustment) if row.adjustment else "",
            row.pk in settled,
        )
        for row in movements
    }


def _labels(tenant_id: int, table: str, targets: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """What is mapped to each of these, as people call it."""
    rows = TableRow.objects.filter(tenant=tenant_id, table=table, target__in=list(targets)).exclude(
        key=DEFAULT
    )
    found: dict[str, tuple[str, ...]] = {}
    for target, label in rows.order_by("label").values_list("target", "label"):
        found[target] = (*found.get(target, ()), label)
    return found


def plan(own: Own, settings: Settings) -> Plan:
    if own.entered_as:
        return Skip(ENTERED, f"ServiceTitan has it as {own.entered_as[:1].lower()}{own.entered_as[1:]}.")
    if own.settled:
        return Skip(SETTLED, "Somebody has said that ServiceTitan needs no adjustment of it.")
    moved = own.moved
    parts = (
        f"warehouse {_either(own.places, moved.store)}",
        f"item {_either(own.items, moved.stock_code)}",
        f"quantity {signed(moved.quantity)}",
        f"date {moved.moved_on}",
        f"memo “{moved.journal}”",
    )
    words = (
        f"Enter it in ServiceTitan, whose API takes no adjustment: {', '.join(parts)}. By that memo it is known again, "
        "and this closes by itself."
    )
    return Wait(TO_ENTER, words)


def _either(labels: Sequence[str], code: str) -> str:
    if labels:
        return " or ".join(f"“{label}”" for label in labels)
    return f"that is {code} in SYSPRO (none is mapped to it yet)"


def settle(item: FlowItem, settings: Settings) -> None:
    """ServiceTitan's stock is right without it."""
    settling.settle(item, ENTITY, {}, f"stock movement {item.record_id}, not entered in ServiceTitan")


def needs(tenant: Tenant, settings: Settings) -> Sequence[Need]:
    """It is the other way's flow that knows the adjustment again."""
    is_on = Flow.objects.filter(tenant=tenant, name=OTHER_WAY, enabled=True).exists()
    place = Place("admin:integrations_flow_gallery", query=f"tenant={tenant.pk}")
    return (Need(f"“{adjustments.FLOW.title}” is on", is_on, "Put that one on first", place),)


FLOW = FlowSpec(
    name=NAME,
    title="Stock movement → adjustment",
    does="Tells what to enter in ServiceTitan for each stock adjustment that somebody made in SYSPRO, since "
    "ServiceTitan's API takes none; once it has come, it is known again and not posted back.",
    systems=("servicetitan", "syspro"),
    subject=ENTITY,
    triggers={ENTITY: itself},
    subjects=subjects,
    read=read,
    plan=plan,
    rules=(NeededRule("servicetitan", "adjustment"), NeededRule("syspro", ENTITY)),
    needs=needs,
    tables=(STOCK_CODE, WAREHOUSE),
    unsettled=unsettled,
    settle=settle,
    asks={TO_ENTER: "ServiceTitan needs no adjustment of it"},
)
