"""A vendor of ServiceTitan and the supplier of its code in SYSPRO become one record.

The route: a vendor that ServiceTitan has -> its code, by the mapping table of vendors, else its own -> the record of
SYSPRO's supplier of that code -> the vendor is merged into it, so that both systems lead to one record. What is posted
and chosen for the supplier stays where it is. Which of the two a field follows from then on, their sync rules say.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from integrations.connectors.syspro.keys import normal
from integrations.flows.base import FlowSpec, Made, NeededRule, Plan, Settings, Skip, Wait, Wanted
from integrations.models import Flow, FlowItem
from integrations.tables.base import Key, Missing, record_key
from integrations.tables.catalogue import SUPPLIER, TABLES
from integrations.tables.looking import rows_of
from reconciliation.entities import ENTITIES
from reconciliation.merging import merge
from reconciliation.models import Link, Merge, Vendor

NAME = "vendors"
SHOP, ACCOUNTING = "servicetitan", "syspro"
NO_CODE, NO_SUPPLIER, TAKEN, UNDONE = "no_code", "no_supplier", "taken", "undone"
VENDOR = ENTITIES["vendor"]
_EMPTY: tuple[Any, ...] = (None, "", False)


@dataclass(frozen=True, slots=True)
class Known:
    """A vendor as it is known here.

    `supplier_id` is the record of the supplier of its code, None where SYSPRO has none; `taken_by` names the other vendor
    that is that supplier already. `is_tied` is whether it is one with a supplier; `undone`, whether a person has taken
    the two apart.
    """

    id: int
    key: Key
    active: bool
    code: str
    is_tied: bool = False
    supplier_id: int | None = None
    taken_by: str = ""
    undone: bool = False

    @property
    def joins(self) -> int | None:
        """The record that it shall become one with."""
        free = not (self.is_tied or self.taken_by or self.undone)
        return self.supplier_id if free else None


def _linked(system: str) -> Exists:
    rows = Link.objects.filter(source__system=system, entity=VENDOR.name, record_id=OuterRef("pk"))
    return Exists(rows.filter(state=Link.State.LIVE))


def subjects(tenant_id: int, since: datetime | None) -> "QuerySet[Any]":
    """All vendors of ServiceTitan, however long it has had them."""
    return Vendor.objects.filter(_linked(SHOP), tenant=tenant_id, merged_into=None)


def of_vendors(tenant_id: int, record_ids: Collection[int]) -> Iterable[int]:
    """They themselves, and those that wait for a supplier: one of these may be it."""
    waiting = FlowItem.objects.filter(flow__tenant=tenant_id, flow__name=NAME, state=FlowItem.State.WAITING)
    held = waiting.filter(reason__in=(NO_SUPPLIER, TAKEN)).values_list("record_id", flat=True)
    return {*record_ids, *held}


def unsettled(flow: Flow) -> "QuerySet[FlowItem]":
    """Those for whom another code may be the answer."""
    waiting = FlowItem.objects.filter(flow=flow, state=FlowItem.State.WAITING)
    return waiting.filter(reason__in=(NO_SUPPLIER, TAKEN, UNDONE))


def read(tenant_id: int, ids: Sequence[int], settings: Settings) -> Mapping[int, Known]:
    """Each with its supplier. Of several that have the same code the first one is the supplier's."""
    table = rows_of(tenant_id, (SUPPLIER,))[SUPPLIER]
    rows = subjects(tenant_id, None).filter(pk__in=list(ids)).annotate(is_tied=_linked(ACCOUNTING))
    vendors = list(rows.order_by("pk"))
    keys = {one.pk: Key(record_key(one.external_id, one.pk), str(one)) for one in vendors}
    codes = {one.pk: table.get(keys[one.pk].key) or one.code for one in vendors}
    suppliers = _suppliers(tenant_id, codes.values())
    owners = _owners(suppliers.values())
    apart = _taken_apart(tenant_id, ids)
    found = {}
    for one in vendors:
        supplier = suppliers.get(normal(codes[one.pk])) if codes[one.pk] else None
        known = Known(
            one.pk,
            keys[one.pk],
            one.active,
            codes[one.pk],
            is_tied=one.is_tied,
            supplier_id=supplier,
            taken_by=owners.get(supplier or 0, ""),
            undone=(supplier, one.pk) in apart,
        )
        if known.joins is not None:
            owners[known.joins] = known.key.label
        found[one.pk] = known
    return found


def _suppliers(tenant_id: int, codes: Iterable[str]) -> dict[str, int]:
    """The records of SYSPRO's suppliers, by code in its one form."""
    links = Link.objects.filter(
        source__tenant=tenant_id, source__system=ACCOUNTING, entity=VENDOR.name, state=Link.State.LIVE,
        external_id__in={normal(code) for code in codes if code}, record_id__isnull=False,
    )  # fmt: skip
    return {code: pk for code, pk in links.values_list("external_id", "record_id") if pk is not None}


def _owners(suppliers: Iterable[int]) -> dict[int, str]:
    """How those are called that are a vendor of ServiceTitan's already."""
    rows = Vendor.objects.filter(_linked(SHOP), pk__in=list(suppliers))
    return {one.pk: str(one) for one in rows}


def _taken_apart(tenant_id: int, ids: Collection[int]) -> set[tuple[int, int]]:
    """(survivor, loser) of the merges of these that a person has undone."""
    merges = Merge.objects.filter(tenant=tenant_id, entity=VENDOR.name, undone_at__isnull=False)
    pairs = {
        (survivor, int(pk))
        for survivor, before in merges.values_list("survivor_id", "before")
        for pk in before
    }
    return {pair for pair in pairs if pair[1] in set(ids)}


def plan(known: Known, settings: Settings) -> Plan:
    if known.is_tied:
        return Made(())
    if known.code:
        return _by_code(known)
    if not known.active:
        return Skip("inactive", "It is inactive in ServiceTitan and has no supplier code.")
    words = f"The {TABLES[SUPPLIER].lacks(known.key)}. Choose it in the table, or fill the custom field in ServiceTitan."
    return Wait(NO_CODE, words, missing=(Missing(SUPPLIER, known.key.key, known.key.label),))


def _by_code(known: Known) -> Plan:
    if known.supplier_id is None:
        words = f"SYSPRO has no supplier {known.code}. Make it there, or give the vendor another code."
        return Wait(NO_SUPPLIER, words)
    if known.undone:
        words = f"Somebody has taken it and supplier {known.code} apart. Give it another code."
        return Wait(UNDONE, words)
    if known.taken_by:
        words = f"Supplier {known.code} is “{known.taken_by}” of ServiceTitan already. Give one of the two another code."
        return Wait(TAKEN, words)
    return Made((Wanted("vendor", record_id=known.supplier_id, role="supplier"),))


def join(tenant_id: int, planned: Sequence[tuple[Known, Plan]]) -> None:
    """Merge each with its supplier, which takes from ServiceTitan what accounting does not know."""
    for known, _ in planned:
        if known.joins is not None:
            _join(known, known.joins)


def _join(known: Known, supplier_id: int) -> None:
    rows = Vendor.objects.select_for_update().filter(pk__in=(known.id, supplier_id)).order_by("pk")
    both = {row.pk: row for row in rows}
    ours, theirs = both[known.id], both[supplier_id]
    values = {
        name: getattr(ours, name)
        for name in VENDOR.fields
        if getattr(theirs, name) in _EMPTY and getattr(ours, name) not in _EMPTY
    }
    merge(VENDOR, supplier_id, [known.id], values, note=f"{FLOW.title}: supplier {known.code}")


FLOW = FlowSpec(
    name=NAME,
    title="Vendor = supplier",
    does="Makes each vendor of ServiceTitan one record with the supplier of its code in SYSPRO, so that both lead to the "
    "same place. A vendor without a code waits for one.",
    systems=(SHOP, ACCOUNTING),
    subject="vendor",
    triggers={"vendor": of_vendors},
    subjects=subjects,
    read=read,
    plan=plan,
    rules=(NeededRule(SHOP, "vendor"), NeededRule(ACCOUNTING, "vendor")),
    also=join,
    tables=(SUPPLIER,),
    unsettled=unsettled,
)
