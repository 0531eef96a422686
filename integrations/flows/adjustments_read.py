"""Adjustments read for accounting: many at once, as plain values, in a number of queries that does not grow with them.

The route: adjustments with their lines -> the merchant's mapping tables -> the movements made of them before, and what of
each was sent -> the movements of accounting's own that they name, or that fit item, warehouse, quantity and day.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from django.db.models import Q
from django.utils import timezone

from integrations.flows import posted_once
from integrations.flows.adjustments_plans import stock_code_of, store_of
from integrations.flows.base import Settings
from integrations.flows.invoice_to_ap_read import AGAIN, SETTLED, day_of
from integrations.flows.stock_facts import Adjusted, Line, Moved
from integrations.models import FlowMade, Run
from integrations.tables.base import Key, item, record_key
from integrations.tables.catalogue import STOCK_CODE, WAREHOUSE
from integrations.tables.looking import rows_of
from reconciliation.models import Adjustment, AdjustmentLine, Link, StockMovement

NAME = "adjustments"
ENTITY = "stock_movement"
_WORD = re.compile(r"[^\s,;:()“”\"]{3,}")
"""What can be a journal or a reference in somebody's words."""


@dataclass(slots=True)
class _Made:
    """The movements that were made of adjustments, and how far they are."""

    roles: dict[tuple[int, str], StockMovement] = field(default_factory=dict)
    ours: set[int] = field(default_factory=set)
    there: set[int] = field(default_factory=set)
    sent: set[int] = field(default_factory=set)


def read(tenant_id: int, ids: Sequence[int], settings: Settings) -> Mapping[int, Adjusted]:
    """Each adjustment that is still there. Of several that fit one movement the first is it."""
    rows = Adjustment.objects.filter(tenant=tenant_id, pk__in=list(ids)).select_related("tenant", "warehouse")
    adjustments = list(rows.order_by("pk"))
    if not adjustments:
        return {}
    lines: dict[int, list[AdjustmentLine]] = {}
    for line in AdjustmentLine.objects.filter(adjustment__in=adjustments):
        lines.setdefault(line.adjustment_id, []).append(line)
    made = _made(tenant_id, [one.pk for one in adjustments])
    settled = settled_of(tenant_id, NAME, ids)
    tables, began = rows_of(tenant_id, (STOCK_CODE, WAREHOUSE)), read_at(tenant_id, ENTITY)
    found = {}
    for one in adjustments:
        found[one.pk] = Adjusted(
            one.pk,
            one.external_id,
            one.number or one.external_id,
            one.active,
            day_of(one.adjusted_at, one.tenant.zone),
            " ".join(f"{one.memo} {one.reference}".split()),
            _place(one),
            tuple(_line(one.pk, line, made) for line in lines.get(one.pk, ())),
            tables=tables,
            is_read=began is not None and began > one.created_at,
            settled=settled.get(one.pk),
            again_at=timezone.now() + AGAIN,
        )
    found = {pk: replace(one, gone=_gone(one, made)) for pk, one in found.items()}
    return _recognised(tenant_id, found, by_day=settings["recognise"] == "day")


def _place(adjustment: Adjustment) -> Key | None:
    if not adjustment.place:
        return None
    name = adjustment.warehouse.name if adjustment.warehouse else ""
    return Key(record_key(adjustment.place, 0), name or f"place {adjustment.place}")


def _line(adjustment_id: int, line: AdjustmentLine, made: _Made) -> Line:
    movement = made.roles.get((adjustment_id, line.external_id))
    is_there = movement is not None and movement.pk in made.there
    on_its_way = movement is not None and not is_there and movement.pk in made.sent
    return Line(
        line.external_id,
        item(line.sku or line.name),
        line.name,
        line.quantity or Decimal(0),
        line.is_active,
        moved_of(movement, made.ours) if movement and (is_there or on_its_way) else None,
        on_its_way,
        movement.pk if movement and not (is_there or on_its_way) else None,
    )


def _gone(adjusted: Adjusted, made: _Made) -> tuple[Moved, ...]:
    """What was posted of lines that are not there any more, and not moved back."""
    keys = {line.key for line in adjusted.lines}
    return tuple(
        moved_of(movement, made.ours)
        for (pk, role), movement in made.roles.items()
        if pk == adjusted.record_id
        and role not in keys
        and role.removesuffix(" back") not in keys
        and movement.pk in made.there
    )


def moved_of(movement: StockMovement, ours: Iterable[int] = ()) -> Moved:
    return Moved(
        movement.pk,
        movement.stock_code,
        movement.store,
        movement.quantity or Decimal(0),
        movement.moved_on,
        movement.journal,
        movement.reference,
        movement.pk in set(ours),
    )


def _made(tenant_id: int, ids: Sequence[int]) -> _Made:
    ties = FlowMade.objects.filter(
        item__flow__tenant=tenant_id, item__flow__name=NAME, item__record_id__in=ids, entity=ENTITY
    )
    rows = list(ties.values_list("item__record_id", "role", "record_id", "is_new"))
    movements = StockMovement.objects.in_bulk([pk for _, _, pk, _ in rows])
    found = _Made(ours={pk for _, _, pk, is_new in rows if is_new})
    for owner, role, pk, _ in rows:
        if (movement := movements.get(pk)) is not None and movement.adjustment_id == owner:
            found.roles[owner, role] = movement
    linked = Link.objects.filter(
        source__tenant=tenant_id, source__system="syspro", entity=ENTITY, record_id__in=movements
    )
    found.there = {pk for pk in linked.values_list("record_id", flat=True) if pk is not None}
    found.sent = set(posted_once.sent(tenant_id, ENTITY, list(movements)))
    return found


def settled_of(tenant_id: int, flow: str, ids: Sequence[int]) -> dict[int, Mapping[str, object]]:
    """What a person has said to be settled of these subjects of a flow."""
    rows = FlowMade.objects.filter(
        item__flow__tenant=tenant_id, item__flow__name=flow, item__record_id__in=list(ids), role=SETTLED
    )
    return dict(rows.values_list("item__record_id", "written"))


def read_at(tenant_id: int, entity: str) -> datetime | None:
    """When the last reading of an entity of accounting's began that came to its end."""
    runs = Run.objects.filter(
        rule__connection__tenant=tenant_id, rule__connection__system="syspro", rule__entity=entity,
        state=Run.State.COMPLETED,
    )  # fmt: skip
    return runs.order_by("-pk").values_list("started_at", flat=True).first()


def _recognised(tenant_id: int, found: Mapping[int, Adjusted], *, by_day: bool) -> Mapping[int, Adjusted]:
    """Each with the movements of accounting's own that its lines may be the entering of; no movement is told twice."""
    taken: set[int] = set()
    named = _named(tenant_id, found.values())
    beside = _same_items(tenant_id, found.values()) if by_day else []
    told = {}
    for pk, one in found.items():
        words = set(_WORD.findall(one.memo))
        mine = [moved for moved in named if words & {moved.journal, moved.reference}]
        lines = [_known(one, line, mine, beside, taken) for line in one.lines]
        met = {known.record_id for line in lines for known in line.known}
        posted = {moved.record_id for moved in one.posted}
        told[pk] = replace(
            one,
            lines=tuple(lines),
            misnamed=tuple(moved for moved in mine if moved.record_id not in met | posted),
        )
    return told


def _known(one: Adjusted, line: Line, named: list[Moved], beside: list[Moved], taken: set[int]) -> Line:
    if line.posted is not None or not line.counts or not line.quantity:
        return line
    place = (stock_code_of(one, line), store_of(one), line.quantity)
    fit = [m for m in named if (m.stock_code, m.store, m.quantity) == place and m.record_id not in taken][:1]
    fit = fit or [
        m
        for m in beside
        if (m.stock_code, m.store, m.quantity) == place and m.moved_on == one.day and m.record_id not in taken
    ]
    if len(fit) == 1:
        taken.add(fit[0].record_id)
    return replace(line, known=tuple(fit))


def _own(tenant_id: int, which: Q) -> list[Moved]:
    """Accounting's own adjustments that are those of no adjustment here."""
    rows = StockMovement.objects.filter(
        which, tenant=tenant_id, kind="A", adjustment=None, active=True
    ).exclude(journal="")
    return [moved_of(row) for row in rows.order_by("pk")]


def _named(tenant_id: int, adjusted: Iterable[Adjusted]) -> list[Moved]:
    words = {word for one in adjusted for word in _WORD.findall(one.memo)}
    if not words:
        return []
    return _own(tenant_id, Q(journal__in=words) | Q(reference__in=words))


def _same_items(tenant_id: int, adjusted: Iterable[Adjusted]) -> list[Moved]:
    codes = {code for one in adjusted for line in one.lines if (code := stock_code_of(one, line))}
    return _own(tenant_id, Q(stock_code__in=codes)) if codes else []
