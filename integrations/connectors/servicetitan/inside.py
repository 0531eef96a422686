"""Rows that stand inside another entity's rows: an order's lines. ServiceTitan gives and takes them with their order.

The route of a read: rows of orders -> their lines, each with what it needs of its order. The route of a change: the order
read again -> all its lines as they stand with the change in them, since nobody says what becomes of one that is left
out -> PATCH. What has come is not set but received: what shall have come in all, less what the order says by now -> POST.
A change that was not answered may therefore be sent again: what has arrived of it is not there to be sent.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from integrations.connectors.entity import Entity, Row
from integrations.connectors.errors import RemoteError, Who

RECEIPTS = "/inventory/v2/tenant/{tenant}/receipts"
ORDERED, RECEIVED, COST = "quantity", "quantityReceived", "cost"
_KEPT = ("id", "skuId", "description", "vendorPartNumber", ORDERED, COST)
_TEXTS = ("description", "vendorPartNumber")
Send = Callable[[str, str, Row], Any]


def shaped(entity: Entity, rows: Iterable[Row]) -> list[Row]:
    """The entity's rows among what a list or a feed gave: lines out of their orders, and a flag where words stand."""
    found = [line for row in rows for line in _lines(entity, row)] if entity.inside else list(rows)
    return [_flagged(entity, row) for row in found] if entity.inactive else found


def _lines(entity: Entity, owner: Row) -> Iterable[Row]:
    inside = entity.inside
    if inside is None:
        return ()
    around = {name: owner.get(member) for name, member in inside.carries.items()}
    return ({**line, **around} for line in owner.get(inside.member) or ())


def _flagged(entity: Entity, row: Row) -> Row:
    active = all(row.get(member) not in values for member, values in entity.inactive.items())
    return {**row, entity.active or "active": active}


def change(send: Send, order_path: str, order: Row, line_id: str, body: Row) -> None:
    """Bring a line of this order, read just now, to these members. Raises RemoteError, also where it is gone."""
    items = order.get("items") or []
    line = next((item for item in items if str(item.get("id")) == line_id), None)
    if line is None:
        raise RemoteError(Who.FIX_RECORD, "not_found", "ServiceTitan's order no longer has this line.")
    if changed := {name: value for name, value in body.items() if name in (ORDERED, COST)}:
        rows = [_as_sent({**item, **changed} if item is line else item) for item in items]
        send("PATCH", order_path, {"items": rows})
        line = {**line, **changed}
    if RECEIVED in body:
        _receive(send, order, line, _amount(body[RECEIVED]) - _amount(line.get(RECEIVED)))


def _as_sent(item: Mapping[str, Any]) -> Row:
    return {name: item.get(name) or "" if name in _TEXTS else item.get(name) for name in _KEPT}


def _receive(send: Send, order: Row, line: Row, quantity: Decimal) -> None:
    if quantity < 0:
        words = (
            f"ServiceTitan has received {-quantity.normalize():f} more of {line.get('skuCode') or 'this line'} than "
            "accounting has. A receipt is not taken back by itself: correct it on the side that is wrong; then retry."
        )
        raise RemoteError(Who.FIX_RECORD, "received_more", words)
    if not quantity:
        return
    send(
        "POST",
        RECEIPTS,
        {
            "purchaseOrderId": order["id"],
            "dateReceived": datetime.now(UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z"),
            "tax": 0,
            "shipping": 0,
            "memo": "Received in accounting",
            "items": [
                {
                    "purchaseOrderItemId": line["id"],
                    "skuId": line["skuId"],
                    "description": line.get("description") or "",
                    "vendorPartNumber": line.get("vendorPartNumber") or "",
                    "quantity": float(quantity),
                    "cost": line.get(COST) or 0,
                }
            ],
        },
    )


def _amount(value: Any) -> Decimal:
    return Decimal(str(value or 0))
