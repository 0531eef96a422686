"""What all movements of stock share: where it lies, how much of it, and the rows that a movement leaves.

Quantities of InvMovements are signed as they change the stock, whatever the type of the movement (inferred).
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from integrations.sandbox.syspro.columns import Row
from integrations.sandbox.syspro.company import INVENTORY_ACCOUNT, Period
from integrations.sandbox.syspro.elements import Node, build, built
from integrations.sandbox.syspro.errors import (
    MISSING,
    NOT_STOCKED,
    ON_HOLD,
    RULE,
    STOCK_CODE,
    WAREHOUSE_DENIED,
    Rejected,
)
from integrations.sandbox.syspro.objects.distribution import account_of
from integrations.sandbox.syspro.objects.ledger import post_to_ledger, said_of_ledger
from integrations.sandbox.syspro.posting import Batch, Post, Transaction
from integrations.sandbox.syspro.reading import Reading

ADJUSTMENT, ISSUE, RECEIPT, TRANSFER = "A", "I", "R", "T"
SHARED = (
    "Journal Warehouse StockCode Version Release Quantity UnitOfMeasure Units Pieces Lot Reference Notation LedgerCode "
    "PasswordForLedgerCode Serials(SerialNumber SerialQuantity) AnalysisEntry eSignature"
)
PARAMETERS = (
    "TransactionDate PostingPeriod IgnoreWarnings ApplyIfEntireDocumentValid ValidateOnly IgnoreAnalysis"
)
PLACES = 6


@dataclass(frozen=True, slots=True)
class Place:
    """A stock code in a warehouse that stocks it: rows of InvMaster and InvWarehouse."""

    stock: Row
    warehouse: Row

    @property
    def free(self) -> Decimal:
        return self.warehouse["QtyOnHand"] - self.warehouse["QtyAllocated"]


def stock_of(batch: Batch, item: Reading, name: str = "StockCode") -> Row | None:
    code = item.text(name, required=True)
    found = batch.call.company.store["InvMaster"].get(code) if code else None
    if code and found is None:
        item.wrong(name, code, STOCK_CODE, f"Stock code '{code}' not found")
    elif found and found["StockOnHold"] == "F":
        item.wrong(name, code, ON_HOLD, f"Stock code '{code}' is on hold")
    unit = item.text("UnitOfMeasure")
    if found and unit and unit not in {found["StockUom"], found["AlternateUom"]}:
        item.wrong(
            "UnitOfMeasure", unit, RULE, f"Unit of measure '{unit}' is invalid for stock code '{code}'"
        )
    return found


def warehouse_of(batch: Batch, item: Reading, name: str = "Warehouse") -> str:
    company, code = batch.call.company, item.text(name, required=True)
    if code and company.store["InvWhControl"].get(code) is None:
        item.wrong(name, code, MISSING, f"Warehouse '{code}' not found")
    elif code in company.denied_warehouses:
        item.wrong(name, code, WAREHOUSE_DENIED, f"Access to warehouse '{code}' denied")
    return code


def place_of(batch: Batch, item: Reading, name: str = "Warehouse", *, opens: bool = False) -> Place | None:
    """`opens`: a warehouse that does not stock it yet begins to. None where something is wrong with it."""
    stock, warehouse = stock_of(batch, item), warehouse_of(batch, item, name)
    if stock is None or not warehouse or item.is_wrong(name):
        return None
    rows = batch.call.company.store["InvWarehouse"]
    found = rows.get(stock["StockCode"], warehouse)
    if found is None and opens:
        found = {**rows.table.blank(), "StockCode": stock["StockCode"], "Warehouse": warehouse}
    if found is None:
        sentence = f"Stock code '{stock['StockCode']}' not stocked in warehouse {warehouse}"
        item.wrong("StockCode", stock["StockCode"], NOT_STOCKED, sentence)
        return None
    return Place(stock, found)


def quantity_of(item: Reading, place: Place | None, *, positive: bool = True) -> Decimal:
    """In the stocking unit; an alternate unit is converted."""
    quantity = item.number("Quantity", PLACES, required=True)
    if positive and not item.is_wrong("Quantity") and quantity <= 0:
        item.wrong("Quantity", str(quantity), RULE, "Quantity must be greater than zero")
    if place and place.stock["AlternateUom"] and item.text("UnitOfMeasure") == place.stock["AlternateUom"]:
        factor = place.stock["ConvFactAltUom"] or Decimal(1)
        quantity = quantity * factor if place.stock["ConvMulDiv"] == "M" else quantity / factor
    if place and quantity != round(quantity, int(place.stock["Decimals"])):
        sentence = f"Quantity has more than {place.stock['Decimals']} decimals"
        item.wrong("Quantity", str(quantity), RULE, sentence)
    return quantity


def refuse_shortage(item: Reading, place: Place | None, wanted: Decimal) -> None:
    if place and wanted > place.free:
        stock, warehouse = place.stock["StockCode"], place.warehouse["Warehouse"]
        sentence = (
            f"Insufficient stock of '{stock}' in warehouse '{warehouse}' ({place.free.normalize():f} free)"
        )
        item.wrong("Quantity", str(wanted), RULE, sentence)


def settled(batch: Batch, item: Reading, place: Place | None) -> Place:
    """End of the checks: the place, which is there if nothing was wrong. Raises Rejected."""
    item.settle(batch.parameters["IgnoreWarnings"])
    if place is None:
        raise Rejected
    return place


def contra_of(batch: Batch, item: Reading, default: str, *, required: bool = False) -> str:
    """The account on the other side of the stock."""
    return account_of(batch, item, "LedgerCode", required=required) or default


def average(place: Place, quantity: Decimal, cost: Decimal) -> Decimal:
    """The unit cost once so much has come at a cost."""
    held = max(place.warehouse["QtyOnHand"], Decimal(0))
    together = held + quantity
    return (held * place.warehouse["UnitCost"] + quantity * cost) / together if together else cost


def move(
    batch: Batch, item: Reading, place: Place, kind: str, quantity: Decimal, contra: str, period: Period, *,
    cost: Decimal | None = None, stocked: dict[str, Any] | None = None, **more: Any,
) -> None:  # fmt: skip
    """Change what a warehouse holds, and leave a movement and a ledger journal. `quantity` is signed; `cost`: a unit,
    if not that of the warehouse; `stocked`, `more`: other columns of the warehouse and of the movement."""
    company, unit = batch.call.company, place.warehouse["UnitCost"] if cost is None else cost
    day = batch.parameters.get("TransactionDate") or batch.call.today
    batch.begin_entry("IN", period)
    value = (quantity * unit).quantize(Decimal("0.01"))
    key = {"StockCode": place.stock["StockCode"], "Warehouse": place.warehouse["Warehouse"]}
    held = {"QtyOnHand": place.warehouse["QtyOnHand"] + quantity, "DateLastStockMove": day, **(stocked or {})}
    company.put("InvWarehouse", **key, **held)
    company.put(
        "InvMovements", **key, TrnYear=period.year, TrnMonth=period.month, Journal=batch.journal,
        JournalEntry=batch.entries, EntryDate=day, TrnTime=batch.entries, MovementType="I", TrnType=kind, TrnQty=quantity,
        TrnValue=value, UnitCost=unit, Reference=item.text("Reference"), AddReference=item.text("Notation"),
        GlCode=contra, **more,
    )  # fmt: skip
    post_to_ledger(batch, [(INVENTORY_ACCOUNT, value)], contra, "IN")


def key_of(item: Reading, warehouse: str = "Warehouse") -> str:
    return f"{item.text('StockCode')}/{item.text(warehouse)}/{item.text('Reference')}"


def journal_key(batch: Batch) -> list[Node]:
    period = batch.call.company.period(batch.parameters["PostingPeriod"])
    nodes = built(JnlYear=period.year, JnlMonth=f"{period.month:02d}", Journal=f"{batch.journal:05d}",
                  EntryNumber=f"{batch.entries:05d}", Warehouse="")  # fmt: skip
    return [build("Key", [*nodes, said_of_ledger(batch)])]


def movement(root: str, post: Post, key: Callable[[Reading], str] = key_of, **defaults: str) -> Transaction:
    """The object that posts such movements."""
    given = {"PostingPeriod": "C", "TransactionDate": "", **defaults}
    return Transaction(root, post, key, defaults=given, after_items=journal_key)
