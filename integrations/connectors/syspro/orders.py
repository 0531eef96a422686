"""Purchase orders at SYSPRO, and their lines: posted once, changed, cancelled and received.

The route of a create: looked for by our reference -> PORTOI -> the number that SYSPRO gave. The route of a change: the
row as it stands -> PORTOI with the one line. What has come is not set but received: what shall have come in all, less
what the line says by now -> PORTOR; a receipt that was not answered may therefore be asked for again.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from integrations.connectors.entity import Entity, Row
from integrations.connectors.errors import RemoteError, Who
from integrations.connectors.syspro import finding, keys
from integrations.connectors.syspro.documents import Document
from integrations.connectors.syspro.odata import All, Condition, Is, one_of
from integrations.connectors.syspro.posting import Posted, Poster
from integrations.connectors.syspro.purchasing import ADD, CANCEL, CHANGE, ORDER, RECEIPT
from integrations.connectors.syspro.tables import POR_MASTER_DETAIL, POR_MASTER_HDR

LINES = "StockLine"
"""The member of a new order that holds its lines."""
ORDERED, PRICE, RECEIVED = "OrderQty", "Price", "Quantity"
_LINE = ("StockCode", "StockDescription", "Warehouse", ORDERED, PRICE)
Rows = Callable[[Entity, Condition], list[Row]]


def is_one(entity: Entity) -> bool:
    """Whether rows of this entity are orders, or lines of them."""
    return entity.feed in (POR_MASTER_HDR.name, POR_MASTER_DETAIL.name)


class Orders:
    """Writes orders through one poster; `rows` reads an entity's table."""

    def __init__(self, poster: Poster, rows: Rows) -> None:
        self._poster, self._rows = poster, rows

    def create(self, entity: Entity, body: Row, parent: str, *, dry: bool = False) -> tuple[str, Posted]:
        """A new order, or a line more in one. The id, empty for a line: no reply tells it. Raises RemoteError."""
        if _is_line(entity):
            posted = self._post(ORDER, _order({"PurchaseOrder": parent}, CHANGE, [_added(body)]), dry=dry)
            return "", posted
        header = {name: value for name, value in body.items() if name != LINES}
        posted = self._post(
            ORDER, _order(header, ADD, [_added(line) for line in body.get(LINES, ())]), dry=dry
        )
        return keys.normal(posted.outcome.key.get("purchaseorder")), posted

    def update(self, entity: Entity, row: Row, body: Row) -> None:
        """Bring an order, or a line of one, from `row` to what `body` says. Raises RemoteError."""
        if not _is_line(entity):
            self._post(ORDER, _order({**body, "PurchaseOrder": row["PurchaseOrder"]}, CHANGE))
            return
        if {ORDERED, PRICE} & body.keys():
            self._post(ORDER, _order({"PurchaseOrder": row["PurchaseOrder"]}, CHANGE, [_changed(row, body)]))
        if RECEIVED in body:
            self._receive(row, _number(body[RECEIVED]) - _number(row["MReceivedQty"]))

    def cancel(self, row: Row) -> None:
        """Raises RemoteError, as for an order of which something has come."""
        self._post(ORDER, _order({"PurchaseOrder": row["PurchaseOrder"]}, CANCEL))

    def find(self, entity: Entity, body: Row, parent: str) -> list[Row]:
        """The rows that a create of `body` may have made: an order by our reference, a line by what it asks for."""
        if _is_line(entity):
            rows = self._rows(entity, finding.referring(POR_MASTER_DETAIL, "order", parent))
            return [row for row in rows if _asks_for(row, body)]
        reference = str(body.get("CustomerPoNumber") or "")
        if not reference:
            message = (
                "An order goes to SYSPRO under a reference, by which it is found again. Give it one here."
            )
            raise RemoteError(Who.FIX_RECORD, "required_missing", message)
        supplier = one_of("Supplier", keys.spellings(body.get("Supplier"), "Supplier"))
        rows = self._rows(entity, All((Is("CustomerPoNumber", "eq", reference), supplier)))
        return [row for row in rows if row["active"]]

    def _receive(self, row: Row, quantity: Decimal) -> None:
        if quantity < 0:
            message = (
                f"SYSPRO has received {-quantity.normalize():f} more of {row['MStockCode']} than ServiceTitan has. A "
                "receipt is not taken back by itself: correct it on the side that is wrong; then retry."
            )
            raise RemoteError(Who.FIX_RECORD, "received_more", message)
        if quantity:
            receipt = {
                "PurchaseOrder": row["PurchaseOrder"],
                "PurchaseOrderLine": _line_number(row),
                "Quantity": f"{quantity:f}",
                "CostBasis": "P",
                "Reference": "Received in ServiceTitan",
            }
            self._post(RECEIPT, {"Receipt": receipt})

    def _post(self, document: Document, body: Row, *, dry: bool = False) -> Posted:
        return self._poster.post(document, body, dry=dry)


def _is_line(entity: Entity) -> bool:
    return entity.feed == POR_MASTER_DETAIL.name


def _order(header: Row, action: str, lines: Sequence[Row] = ()) -> Row:
    body: Row = {"OrderHeader": {"OrderActionType": action, **header}}
    return {**body, "OrderDetails": {LINES: list(lines)}} if lines else body


def _added(body: Row) -> Row:
    """What has come of it is no part of a new line."""
    priced = {"PriceMethod": "M"} if body.get(PRICE) else {}
    return {"LineActionType": ADD, **{name: body[name] for name in _LINE if name in body}, **priced}


def _changed(row: Row, body: Row) -> Row:
    return {
        "PurchaseOrderLine": _line_number(row),
        "LineActionType": CHANGE,
        "StockCode": row["MStockCode"],
        ORDERED: body.get(ORDERED, row["MOrderQty"]),
        "PriceMethod": "M",
        PRICE: body.get(PRICE, row["MPrice"]),
    }


def _asks_for(row: Row, body: Row) -> bool:
    same = str(row["MStockCode"]).upper() == str(body.get("StockCode", "")).upper()
    return same and _number(row["MOrderQty"]) == _number(body.get(ORDERED))


def _line_number(row: Row) -> str:
    return keys.whole(row["Line"])


def _number(value: Any) -> Decimal:
    return Decimal(str(value or 0))
