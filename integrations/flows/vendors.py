"""A vendor of ServiceTitan and the supplier of its code in SYSPRO become one record, which both follow and fill.

The route: a vendor that ServiceTitan has -> its code, by the mapping table of vendors, else its own -> the record of
SYSPRO's supplier of that code -> the vendor is merged into it, so that both systems lead to one record. What is posted
and chosen for the supplier stays where it is. From then on a change on one side is written to the other, field by field
as the mappings of their rules say. Who has nobody on the other side is made there, where the settings say so.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db.models import F, Q, QuerySet

from integrations.connectors.entity import FieldMap
from integrations.flows.base import FlowSpec, Line, Need, NeededRule, Plan, Settings
from integrations.flows.vendor_plans import (
    ACCOUNT,
    ALIKE,
    ALL,
    AS_SUPPLIER,
    CHANGES,
    NO_SUPPLIER,
    NOTHING,
    SETTINGS,
    TAKEN,
    UNDONE,
    Known,
    plan,
)
from integrations.flows.vendors_read import ACCOUNTING, SHOP, linked, read
from integrations.models import Flow, FlowItem
from integrations.tables.catalogue import SUPPLIER
from portal.models import Tenant
from reconciliation.entities import ENTITIES
from reconciliation.forms import ADDRESS
from reconciliation.merging import merge
from reconciliation.models import Vendor

NAME = "vendors"
VENDOR = ENTITIES["vendor"]
_EMPTY: tuple[Any, ...] = (None, "", False)
_PLACE = ADDRESS.keys() - {"country"}
"""What goes together: halves of two addresses make none."""


def subjects(tenant_id: int, since: datetime | None) -> "QuerySet[Any]":
    """All vendors of ServiceTitan, however long it has had them, and the suppliers that are new since then."""
    new = linked(ACCOUNTING) & Q(created_at__gte=since) if since else linked(ACCOUNTING)
    return Vendor.objects.filter(linked(SHOP) | new, tenant=tenant_id, merged_into=None)


def of_vendors(tenant_id: int, record_ids: Collection[int]) -> Iterable[int]:
    """They themselves, and those that wait for a supplier or are to be made one: one of these may be it."""
    items = FlowItem.objects.filter(flow__tenant=tenant_id, flow__name=NAME)
    waits = Q(state=FlowItem.State.WAITING, reason__in=(NO_SUPPLIER, TAKEN, ALIKE))
    asked = Q(made__role=AS_SUPPLIER, made__record_id=F("record_id"))
    return {*record_ids, *items.filter(waits | asked).values_list("record_id", flat=True)}


def unsettled(flow: Flow) -> "QuerySet[FlowItem]":
    """Those for whom another code may be the answer."""
    waiting = FlowItem.objects.filter(flow=flow, state=FlowItem.State.WAITING)
    return waiting.filter(reason__in=(NO_SUPPLIER, TAKEN, UNDONE))


def needs(tenant: Tenant, settings: Settings) -> Sequence[Need]:
    """What SYSPRO wants of a new supplier is chosen, where there are to be any."""
    if settings["accounting"] != ALL:
        return []
    missing = [name for name in ACCOUNT if not settings[name]]
    words = "What a new supplier gets in SYSPRO is chosen: branch, terms, bank and currency"
    return [Need(words, not missing, f"Fill in {', '.join(missing)} under Settings" if missing else "")]


def join(tenant_id: int, planned: Sequence[tuple[Known, Plan]]) -> None:
    """Merge each with its supplier, which takes from ServiceTitan what accounting does not know."""
    for known, _ in planned:
        if known.joins is not None:
            _join(known, known.joins)


def _join(known: Known, supplier_id: int) -> None:
    rows = Vendor.objects.select_for_update().filter(pk__in=(known.id, supplier_id)).order_by("pk")
    both = {row.pk: row for row in rows}
    ours, theirs = both[known.id], both[supplier_id]
    has_address = any(getattr(theirs, name) for name in _PLACE)
    values = {
        name: getattr(ours, name)
        for name in VENDOR.fields
        if getattr(theirs, name) in _EMPTY and getattr(ours, name) not in _EMPTY
        if not (has_address and name in _PLACE)
    }
    values["code"] = known.code  # as people write it: SYSPRO fills it up with zeros
    merge(VENDOR, supplier_id, [known.id], values, note=f"{FLOW.title}: supplier {known.code}")


FLOW = FlowSpec(
    name=NAME,
    title="Vendor = supplier",
    does="Makes each vendor of ServiceTitan one record with the supplier of its code in SYSPRO, and keeps the two in "
    "step, field by field. A vendor without a code waits for one.",
    systems=(SHOP, ACCOUNTING),
    subject="vendor",
    triggers={"vendor": of_vendors},
    subjects=subjects,
    read=read,
    plan=plan,
    rules=(
        NeededRule(SHOP, "vendor", only=("shop", NOTHING)),
        NeededRule(SHOP, "vendor", pushes=True, only=("shop", CHANGES, ALL)),
        NeededRule(ACCOUNTING, "vendor", only=("accounting", NOTHING)),
        NeededRule(ACCOUNTING, "vendor", pushes=True, only=("accounting", CHANGES, ALL)),
    ),
    lines=(Line(ACCOUNTING, "vendor", FieldMap("Bank", "bank")),),
    settings=SETTINGS,
    needs=needs,
    also=join,
    tables=(SUPPLIER,),
    unsettled=unsettled,
)
