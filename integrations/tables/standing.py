"""How a mapping table stands: its rows, what is in none of them, and how many records wait for each."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Count, QuerySet

from integrations.models import FlowItem, TableRow, Unmapped
from integrations.tables.base import DEFAULT, Key, MappingTable
from portal.models import Tenant


@dataclass(frozen=True, slots=True)
class Open:
    """A key without a row, and how many records wait for one."""

    key: Key
    waiting: int


@dataclass(frozen=True, slots=True)
class Standing:
    """One table of one merchant. What is unmapped comes in the order of what waits for it."""

    table: MappingTable
    rows: list[TableRow]
    default: TableRow | None
    unmapped: list[Open]
    waiting: int
    """Records that wait for any row of it."""


def standing_of(tenant: Tenant, table: MappingTable) -> Standing:
    rows = list(TableRow.objects.filter(tenant=tenant, table=table.name))
    default = next((row for row in rows if row.key == DEFAULT), None)
    waiting = waiting_for(tenant, table.name)
    mapped = {row.key for row in rows}
    keys = {key.key: key for key in table.keys(tenant)}
    for key, (label, _) in waiting.items():
        if key != DEFAULT:
            keys.setdefault(key, Key(key, label))
    left = [Open(key, waiting.get(key.key, ("", 0))[1]) for key in keys.values() if key.key not in mapped]
    left.sort(key=lambda one: (-one.waiting, one.key.label.casefold(), one.key.key))
    items = _waiting(tenant).filter(table=table.name)
    return Standing(
        table,
        [row for row in rows if row.key != DEFAULT],
        default,
        left,
        items.aggregate(number=Count("item", distinct=True))["number"],
    )


def waiting_for(tenant: Tenant, table: str) -> Mapping[str, tuple[str, int]]:
    """(label, records that wait) by key."""
    rows = _waiting(tenant).filter(table=table).order_by().values("key", "label")
    found: dict[str, tuple[str, int]] = {}
    for row in rows.annotate(number=Count("item", distinct=True)):
        before = found.get(row["key"], ("", 0))[1]
        found[row["key"]] = (row["label"], before + row["number"])
    return found


def waiting_by_table(tenant: Tenant) -> Mapping[str, int]:
    """How many records wait for a row of each table."""
    rows = _waiting(tenant).order_by().values("table").annotate(number=Count("item", distinct=True))
    return {row["table"]: row["number"] for row in rows}


def _waiting(tenant: Tenant) -> "QuerySet[Unmapped]":
    return Unmapped.objects.filter(item__flow__tenant=tenant, item__state=FlowItem.State.WAITING)
