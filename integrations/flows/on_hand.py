"""How much SYSPRO has of each item, beside how much it should have by all that moved since the comparing began.

The route: a quantity that SYSPRO tells -> what it was at the beginning, and what moved since -> what waits on either
side: adjustments not posted yet, movements not entered in ServiceTitan yet -> the difference and its likely cause.
ServiceTitan's API tells no quantities: where the two agreed at the beginning, what is expected is what its own book says.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Max, QuerySet, Sum
from django.utils import timezone

from integrations.flows import movements, settling
from integrations.flows.adjustments_read import ENTITY, read_at
from integrations.flows.base import FlowSpec, Made, NeededRule, Plan, Settings, Table, Wait, itself
from integrations.flows.invoice_to_ap_read import AGAIN
from integrations.models import Delivery, FlowItem, FlowMade
from portal.models import Tenant
from reconciliation.models import StockLevel, StockMovement
from reconciliation.models.stock import signed

NAME = "on_hand"
LEVEL = "stock_level"
OPENING = "opening"
"""The role under which an item keeps what there was when the comparing began, and what had moved by then."""
MOVING, DIFFERS, EXPLAINED = "moving", "differs", "explained"
MOST_SHOWN = 1000
_ZERO = Decimal(0)
Place = tuple[str, str]
"""(stock code, warehouse)"""


@dataclass(frozen=True, slots=True)
class Level:
    """One item in one warehouse. `opening` and `moved_then` are what there was, and had moved, at the beginning; `moved`
    is all that has moved until now. `unposted` is what ServiceTitan's adjustments will move, `unentered` what SYSPRO has
    moved of itself and ServiceTitan does not know. `is_steady` is whether both were read since the other last changed."""

    record_id: int
    stock_code: str
    store: str
    on_hand: Decimal
    moved: Decimal = _ZERO
    opening: Decimal | None = None
    moved_then: Decimal = _ZERO
    unposted: Decimal = _ZERO
    unentered: Decimal = _ZERO
    is_steady: bool = True
    again_at: datetime | None = None

    @property
    def booked(self) -> Decimal:
        """What SYSPRO should have by its own movements."""
        return self.on_hand if self.opening is None else self.opening + self.moved - self.moved_then

    @property
    def expected(self) -> Decimal:
        """What ServiceTitan's book says, if the two agreed at the beginning."""
        return self.booked + self.unposted - self.unentered

    @property
    def difference(self) -> Decimal:
        return self.on_hand - self.expected

    @property
    def cause(self) -> str:
        """Where the difference likely comes from; empty where there is none."""
        found = []
        if self.unposted:
            found.append(f"{signed(self.unposted)} of ServiceTitan's adjustments is not posted yet")
        if self.unentered:
            found.append(f"{signed(self.unentered)} of SYSPRO's own is not entered in ServiceTitan yet")
        if left := self.on_hand - self.booked:
            found.append(
                f"{signed(left)} came without a movement that was read: it is dated more than a week back, or somebody "
                "changed the quantity itself"
            )
        return "; ".join(found)


def subjects(tenant_id: int, since: datetime | None) -> "QuerySet[Any]":
    """Every item in every warehouse, since whenever it is there."""
    return StockLevel.objects.filter(tenant=tenant_id, active=True)


def of_movements(tenant_id: int, record_ids: Collection[int]) -> Iterable[int]:
    """The levels that these movements change."""
    rows = StockMovement.objects.filter(tenant=tenant_id, pk__in=list(record_ids))
    places = set(rows.values_list("stock_code", "store"))
    levels = StockLevel.objects.filter(tenant=tenant_id, stock_code__in={code for code, _ in places})
    return [pk for pk, *place in levels.values_list("pk", "stock_code", "store") if tuple(place) in places]


def read(tenant_id: int, ids: Sequence[int], settings: Settings) -> Mapping[int, Level]:
    levels = list(subjects(tenant_id, None).filter(pk__in=list(ids)))
    rows = StockMovement.objects.filter(
        tenant=tenant_id, active=True, stock_code__in={level.stock_code for level in levels}
    )
    posted = rows.exclude(journal="")
    moved, newest = _sums(posted), _newest(posted)
    open_ = Delivery.objects.filter(connection__tenant=tenant_id, entity=ENTITY, state__in=Delivery.OPEN)
    unposted = _sums(rows.filter(journal="", pk__in=open_.values("record_id")))
    waiting = FlowItem.objects.filter(
        flow__tenant=tenant_id,
        flow__name=movements.NAME,
        state=FlowItem.State.WAITING,
        reason=movements.TO_ENTER,
    )
    unentered = _sums(posted.filter(pk__in=waiting.values("record_id")))
    began = _openings(tenant_id, ids)
    levels_at, moves_at = read_at(tenant_id, LEVEL), read_at(tenant_id, ENTITY)
    found = {}
    for level in levels:
        place = (level.stock_code, level.store)
        opening = began.get(level.pk, {})
        found[level.pk] = Level(
            level.pk,
            *place,
            level.on_hand or _ZERO,
            moved.get(place, _ZERO),
            Decimal(opening["on_hand"]) if opening else None,
            Decimal(opening.get("moved", "0")),
            unposted.get(place, _ZERO),
            unentered.get(place, _ZERO),
            is_steady=_is_after(moves_at, level.updated_at) and _is_after(levels_at, newest.get(place)),
            again_at=timezone.now() + AGAIN,
        )
    return found


def _is_after(read: datetime | None, changed: datetime | None) -> bool:
    return read is not None and (changed is None or read > changed)


def _sums(rows: "QuerySet[StockMovement]") -> dict[Place, Decimal]:
    found = rows.order_by().values_list("stock_code", "store").annotate(total=Sum("quantity"))
    return {(code, store): total or _ZERO for code, store, total in found}


def _newest(rows: "QuerySet[StockMovement]") -> dict[Place, datetime]:
    found = rows.order_by().values_list("stock_code", "store").annotate(at=Max("updated_at"))
    return {(code, store): at for code, store, at in found}


def _openings(tenant_id: int, ids: Sequence[int]) -> dict[int, Mapping[str, str]]:
    rows = FlowMade.objects.filter(
        item__flow__tenant=tenant_id, item__flow__name=NAME, item__record_id__in=list(ids), role=OPENING
    )
    return dict(rows.values_list("item__record_id", "written"))


def plan(level: Level, settings: Settings) -> Plan:
    if not level.is_steady and (level.opening is None or level.difference):
        return Wait(
            MOVING,
            "It is moving: SYSPRO's quantities and its movements are read again first.",
            level.again_at,
        )
    if not level.cause:
        return Made(())
    words = (
        f"SYSPRO has {_plain(level.on_hand)}, expected are {_plain(level.expected)}: "
        f"a difference of {signed(level.difference)}. {level.cause[:1].upper()}{level.cause[1:]}."
    )
    return Wait(DIFFERS if level.on_hand != level.booked else EXPLAINED, words)


def begin(tenant_id: int, plans: Sequence[tuple[Level, Plan]]) -> None:
    """Keep what there is of those that are met for the first time."""
    new = {one.record_id: one for one, plan in plans if one.opening is None and not _is_moving(plan)}
    items = FlowItem.objects.filter(flow__tenant=tenant_id, flow__name=NAME, record_id__in=new)
    FlowMade.objects.bulk_create(
        FlowMade(
            item=item, role=OPENING, entity=LEVEL, record_id=item.record_id, is_new=False,
            written=_opening(new[item.record_id]),
        )
        for item in items
    )  # fmt: skip


def _is_moving(plan: Plan) -> bool:
    return isinstance(plan, Wait) and plan.reason == MOVING


def _opening(level: Level) -> dict[str, str]:
    return {"on_hand": str(level.on_hand), "moved": str(level.moved)}


def settle(item: FlowItem, settings: Settings) -> None:
    """SYSPRO's figure is right: the comparing begins anew from it."""
    level = read(item.flow.tenant_id, [item.record_id], settings).get(item.record_id)
    if level is not None:
        item_words = f"{level.stock_code} in {level.store}"
        words = f"{item_words}, from {_plain(level.on_hand)} on; expected were {_plain(level.expected)}"
        settling.settle(item, LEVEL, _opening(level), words, role=OPENING)


def check(tenant: Tenant, settings: Settings) -> Table:
    """The items that differ, the largest difference first."""
    waiting = FlowItem.objects.filter(
        flow__tenant=tenant, flow__name=NAME, state=FlowItem.State.WAITING, reason__in=(DIFFERS, EXPLAINED)
    )
    ids = list(waiting.values_list("record_id", flat=True))
    levels = [level for level in read(tenant.pk, ids[:MOST_SHOWN], settings).values() if level.cause]
    levels.sort(key=lambda one: (-abs(one.difference), one.stock_code, one.store))
    rows = [
        (
            one.stock_code,
            one.store,
            _plain(one.on_hand),
            _plain(one.expected),
            signed(one.difference),
            one.cause,
        )
        for one in levels
    ]
    compared = FlowItem.objects.filter(flow__tenant=tenant, flow__name=NAME).count()
    words = f"{compared:,} quantities compared, as both sides were last read; {len(ids):,} differ."
    head = ("Item", "Warehouse", "SYSPRO has", "Expected", "Difference", "Likely cause")
    return Table(
        "On hand: SYSPRO and what is expected", head, rows, not rows, words, texts=("Warehouse", "Likely cause"),
        file="on-hand",
    )  # fmt: skip


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"


FLOW = FlowSpec(
    name=NAME,
    title="On hand compared",
    does="Compares how much SYSPRO has of each item in each warehouse with what was there at the beginning and all "
    "that moved since, and lists each difference with its likely cause. Nothing is written anywhere.",
    systems=("syspro",),
    subject=LEVEL,
    triggers={LEVEL: itself, ENTITY: of_movements},
    subjects=subjects,
    read=read,
    plan=plan,
    rules=(NeededRule("syspro", LEVEL), NeededRule("syspro", ENTITY)),
    also=begin,
    check=check,
    settle=settle,
    asks={DIFFERS: "SYSPRO's figure is right"},
)
