"""Purchase orders read for their flow: many at once, as plain values, in a number of queries that their number does not
change.

The route: orders with their lines -> which side has each -> the merchant's mapping tables, read forwards for what the
shop ordered and backwards for what accounting did -> what ServiceTitan lacks of the orders that it has frozen.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from integrations.connectors.syspro.keys import normal
from integrations.flows.purchase_orders_plans import EXPORTED, Back, Line, Ordered
from integrations.tables.base import Key, Rows, item_key, record_key
from integrations.tables.catalogue import STOCK_CODE, SUPPLIER, WAREHOUSE
from integrations.tables.looking import rows_of
from reconciliation.models import Link, PurchaseOrder, PurchaseOrderLine, ReferenceItem, Vendor
from reconciliation.normalise import collapsed, normal_form

SHOP, ACCOUNTING = "servicetitan", "syspro"
TABLES_READ = (STOCK_CODE, WAREHOUSE, SUPPLIER)
_ADDRESS = {"street": "street", "unit": "unit", "city": "city", "state": "state", "zip": "postal_code",
            "country": "country"}  # fmt: skip
_AGREED: Mapping[str, tuple[str, ...]] = {
    "purchase_order": ("required_on",),
    "purchase_order_line": ("ordered", "received", "cost"),
}
"""What ServiceTitan takes of an order that is there."""
_LABELS = {"required_on": "required on"}
Bases = Mapping[int, Mapping[str, Any]]
"""What was last agreed with a system, by record."""


@dataclass(slots=True)
class _Shop:
    """What is read once for all of the orders."""

    lines: dict[int, list[PurchaseOrderLine]]
    orders_there: dict[str, Bases]
    lines_there: dict[str, Bases]
    tables: Mapping[str, Rows]
    vendors: dict[str, int]
    warehouses: dict[str, ReferenceItem]
    items: dict[str, tuple[str, int]]


def read(tenant_id: int, ids: Sequence[int]) -> Mapping[int, Ordered]:
    """Each order that is still there."""
    rows = PurchaseOrder.objects.filter(tenant=tenant_id, pk__in=list(ids))
    orders = list(rows.select_related("vendor", "warehouse"))
    if not orders:
        return {}
    shop = _shop(tenant_id, orders)
    return {order.pk: _ordered(order, shop) for order in orders}


def _shop(tenant_id: int, orders: Sequence[PurchaseOrder]) -> _Shop:
    lines: dict[int, list[PurchaseOrderLine]] = {order.pk: [] for order in orders}
    for line in PurchaseOrderLine.objects.filter(purchase_order__in=orders, active=True).order_by("pk"):
        if line.purchase_order_id is not None:
            lines[line.purchase_order_id].append(line)
    line_ids = [line.pk for rows in lines.values() for line in rows]
    tables = rows_of(tenant_id, TABLES_READ)
    return _Shop(
        lines,
        _there(tenant_id, "purchase_order", list(lines)),
        _there(tenant_id, "purchase_order_line", line_ids),
        tables,
        _vendors(tenant_id, {normal(order.supplier) for order in orders if order.supplier}, tables[SUPPLIER]),
        _warehouses(tenant_id, tables[WAREHOUSE]),
        _items(tenant_id, tables[STOCK_CODE]),
    )


def _there(tenant_id: int, entity: str, ids: Collection[int]) -> dict[str, Bases]:
    """By system, what was last agreed of each record that it has."""
    links = Link.objects.filter(
        source__tenant=tenant_id, source__system__in=(SHOP, ACCOUNTING), entity=entity, record_id__in=list(ids),
        state=Link.State.LIVE,
    )  # fmt: skip
    found: dict[str, dict[int, Mapping[str, Any]]] = {SHOP: {}, ACCOUNTING: {}}
    for system, record_id, base in links.values_list("source__system", "record_id", "base"):
        if record_id is not None:
            found[system][record_id] = collapsed(base)
    return dict(found)


def _vendors(tenant_id: int, codes: Collection[str], table: Rows) -> dict[str, int]:
    """The vendors of ServiceTitan by the supplier's code that each has, its own or by the table."""
    ours = Link.objects.filter(
        source__tenant=tenant_id, source__system=SHOP, entity="vendor", state=Link.State.LIVE
    )
    rows = Vendor.objects.filter(tenant=tenant_id, pk__in=ours.values("record_id"), merged_into=None)
    found: dict[str, int] = {}
    for pk, external_id, code in rows.order_by("pk").values_list("pk", "external_id", "code"):
        known = normal(table.get(record_key(external_id, pk)) or code)
        if known in codes:
            found.setdefault(known, pk)
    return found


def _warehouses(tenant_id: int, table: Rows) -> dict[str, ReferenceItem]:
    """The warehouses of ServiceTitan by accounting's code for each; the first of several."""
    rows = ReferenceItem.objects.filter(tenant=tenant_id, kind="warehouse", active=True).order_by("pk")
    found: dict[str, ReferenceItem] = {}
    for row in rows:
        if target := table.get(record_key(row.external_id, row.pk)):
            found.setdefault(target, row)
    return found


def _items(tenant_id: int, table: Rows) -> dict[str, tuple[str, int]]:
    """Materials of the price book by their stock code: (code, number). Of several, the first in the price book."""
    rows = ReferenceItem.objects.filter(tenant=tenant_id, kind="material", active=True).order_by("pk")
    found: dict[str, tuple[str, int]] = {}
    for name, external_id in rows.values_list("name", "external_id"):
        target = table.get(item_key(name))
        if target and external_id.isdigit():
            found.setdefault(normal(target), (name, int(external_id)))
    return found


def _ordered(order: PurchaseOrder, shop: _Shop) -> Ordered:
    rows, vendor, warehouse = shop.lines[order.pk], order.vendor, order.warehouse
    in_shop = order.pk in shop.orders_there[SHOP]
    return Ordered(
        id=order.pk,
        number=order.number,
        accounting_number=order.accounting_number,
        active=order.active,
        status=order.status,
        in_shop=in_shop,
        in_accounting=order.pk in shop.orders_there[ACCOUNTING],
        vendor=Key(record_key(vendor.external_id, vendor.pk), str(vendor)) if vendor else None,
        code=vendor.code if vendor else "",
        supplier=order.supplier,
        warehouse=Key(order.place, str(warehouse or f"no. {order.place}")) if order.place else None,
        warehouse_code=order.warehouse_code,
        line_count=order.line_count,
        lines=tuple(_line(line, shop) for line in rows),
        tables=shop.tables,
        back=Back() if in_shop else _back(order, rows, shop),
        differing=tuple(_differing(order, rows, shop)) if in_shop and order.status == EXPORTED else (),
    )


def _line(line: PurchaseOrderLine, shop: _Shop) -> Line:
    return Line(
        line.pk,
        str(line),
        line.sku,
        line.stock_code,
        line.item_id,
        line.pk in shop.lines_there[SHOP],
        line.pk in shop.lines_there[ACCOUNTING],
    )


def _back(order: PurchaseOrder, rows: Sequence[PurchaseOrderLine], shop: _Shop) -> Back:
    warehouse = shop.warehouses.get(order.warehouse_code)
    kept = (warehouse.details.get("address") or {}) if warehouse else {}
    items = {line.pk: shop.items[code] for line in rows if (code := normal(line.stock_code)) in shop.items}
    return Back(
        shop.vendors.get(normal(order.supplier)),
        warehouse.pk if warehouse else None,
        {field: kept.get(name) or "" for name, field in _ADDRESS.items()} if warehouse else {},
        items,
    )


def _differing(order: PurchaseOrder, rows: Sequence[PurchaseOrderLine], shop: _Shop) -> list[str]:
    """What the order holds that ServiceTitan does not, in words: `Ball valve: ordered 7, there 6`."""
    agreed = shop.orders_there[SHOP][order.pk]
    found = [] if order.active == agreed.get("active", True) else ["it was cancelled"]
    found += _unlike("purchase_order", order, agreed, "")
    for line in rows:
        found += _unlike("purchase_order_line", line, shop.lines_there[SHOP].get(line.pk, {}), f"{line}: ")
    return found


def _unlike(entity: str, record: Any, agreed: Mapping[str, Any], head: str) -> list[str]:
    held = normal_form({name: getattr(record, name) for name in _AGREED[entity]})
    return [
        f"{head}{_LABELS.get(name, name)} {value or 'nothing'}, there {agreed[name] or 'nothing'}"
        for name, value in held.items()
        if name in agreed and agreed[name] != value
    ]
