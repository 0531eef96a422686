"""The lines of a purchase order's document: stock, comments, freight, other charges -> rows of PorMasterDetail."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from integrations.sandbox.syspro.columns import Row
from integrations.sandbox.syspro.elements import name_of
from integrations.sandbox.syspro.errors import LENGTH, MISSING, NOT_STOCKED, ON_HOLD, RULE, STOCK_CODE
from integrations.sandbox.syspro.objects.distribution import account_of
from integrations.sandbox.syspro.objects.orders import (
    COMMENT,
    FREIGHT,
    MISC,
    NO_WAREHOUSE,
    NON_STOCKED,
    STOCKED,
)
from integrations.sandbox.syspro.posting import Batch
from integrations.sandbox.syspro.reading import Reading

ADD, CHANGE, DELETE = "A", "C", "D"
MANUAL = "M"
METHODS = ("M", "CC", "LC", "LP", "LPP", "S", "F")
LONGEST_COMMENT = 990
Line = tuple[str, Row]
"""What is done, and the row as it is to be."""


def lines_in(batch: Batch, item: Reading, header: Row, before: list[Row], action: str) -> Iterator[Line]:
    """Every line of a document. Lines of a new order are all added; new ones are numbered from the last on."""
    details = item.part("OrderDetails")
    number = int(max((line["Line"] for line in before), default=Decimal(0)))
    for node in details.node:
        name = name_of(node)
        if name not in READ:
            continue
        part = Reading(node, f"{{OrderDetails}}{{{name}}}", item.problems, item.warnings)
        what = ADD if action == ADD else part.choice("LineActionType", "ACD", ADD)
        old = _old(part, before) if what != ADD else None
        if what == DELETE:
            if old and _may_go(part, old):
                yield DELETE, old
            continue
        if what == ADD:
            number += 1
        blank = batch.call.company.store["PorMasterDetail"].table.blank()
        row = (
            dict(old) if old else {**blank, "PurchaseOrder": header["PurchaseOrder"], "Line": Decimal(number)}
        )
        row.update(READ[name](batch, part, header, old))
        if old and row["MOrderQty"] < old["MReceivedQty"]:
            sentence = "Order quantity cannot be less than what was received"
            part.wrong("OrderQty", str(row["MOrderQty"]), RULE, sentence)
        yield what, row


def _old(part: Reading, before: list[Row]) -> Row | None:
    text = part.text("PurchaseOrderLine", required=True)
    found = next((line for line in before if text.isdecimal() and line["Line"] == int(text)), None)
    if text and found is None:
        part.wrong("PurchaseOrderLine", text, MISSING, f"Purchase order line '{text}' not found")
    return found


def _may_go(part: Reading, old: Row) -> bool:
    if old["MReceivedQty"]:
        sentence = "Purchase order line cannot be deleted once it has receipts"
        part.wrong("PurchaseOrderLine", part.text("PurchaseOrderLine"), RULE, sentence)
        return False
    return True


def _stock(batch: Batch, part: Reading, header: Row, old: Row | None) -> dict[str, Any]:
    company, code = batch.call.company, part.text("StockCode", 30, default=old["MStockCode"] if old else "")
    if not code:
        part.text("StockCode", required=True)
    stock = company.store["InvMaster"].get(code)
    apart = part.text("NonStockedLine") == "Y" or (old is not None and old["LineType"] == NON_STOCKED)
    quantity = part.number("OrderQty", 6) if part.text("OrderQty") or not old else old["MOrderQty"]
    if quantity <= 0 and not part.is_wrong("OrderQty"):
        part.wrong("OrderQty", str(quantity), RULE, "Order quantity must be greater than zero")
    due = part.day("LatestDueDate", old["MLatestDueDate"] if old else header["OrderDueDate"])
    tax = part.text("TaxCode", default=old["MTaxCode"] if old else "")
    if tax and company.store["AdmTax"].get(tax) is None:
        part.wrong("TaxCode", tax, MISSING, f"Tax code '{tax}' not found")
    place = _apart(batch, part, code) if apart else _in_store(batch, part, header, old, code, stock)
    price = _price(batch, part, old, code, place["MWarehouse"])
    unit = part.text(
        "OrderUom", default=(old["MOrderUom"] if old else "") or (stock["StockUom"] if stock else "EA")
    )
    if stock and not apart and unit not in {stock["StockUom"], stock["AlternateUom"]}:
        sentence = f"Unit of measure '{unit}' is invalid for stock code '{code}'"
        part.wrong("OrderUom", unit, RULE, sentence)
    described = part.text("StockDescription") or (old["MStockDes"] if old else "")
    described = described or (stock["Description"] if stock else "")
    return {
        **place, "MStockCode": code, "MStockDes": described, "MOrderQty": quantity, "MOrderUom": unit, "MPrice": price,
        "MForeignPrice": price, "MPriceUom": part.text("PriceUom", default=unit), "MTaxCode": tax, "MLatestDueDate": due,
        "MOrigDueDate": old["MOrigDueDate"] if old else due, "MJob": part.text("Job"),
        "MGlCode": account_of(batch, part, "LedgerCode", required=False) or (old["MGlCode"] if old else ""),
    }  # fmt: skip


def _in_store(
    batch: Batch, part: Reading, header: Row, old: Row | None, code: str, stock: Row | None
) -> dict[str, Any]:
    company = batch.call.company
    usual = (old["MWarehouse"] if old else header["Warehouse"]) or (stock["WarehouseToUse"] if stock else "")
    warehouse = part.text("Warehouse", default=usual)
    if code and stock is None:
        part.wrong("StockCode", code, STOCK_CODE, f"Stock code '{code}' not found")
    elif stock and stock["PurchOnHold"] == "Y":
        part.wrong("StockCode", code, ON_HOLD, f"Stock code '{code}' is on hold for purchasing")
    elif company.store["InvWhControl"].get(warehouse) is None:
        part.wrong("Warehouse", warehouse, MISSING, f"Warehouse '{warehouse}' not found")
    elif stock and company.store["InvWarehouse"].get(code, warehouse) is None:
        part.wrong(
            "StockCode", code, NOT_STOCKED, f"Stock code '{code}' not stocked in warehouse {warehouse}"
        )
    product_class = part.text("ProductClass") or (stock["ProductClass"] if stock else "")
    return {"LineType": STOCKED, "MWarehouse": warehouse, "MProductClass": product_class}


def _apart(batch: Batch, part: Reading, code: str) -> dict[str, Any]:
    """A line that is not kept in stock: it needs leave, a product class and, as a rule, an account."""
    if batch.parameters["AllowNonStockItems"] not in {"Y", "S"}:
        part.wrong("StockCode", code, STOCK_CODE, f"Stock code '{code}' not found")
    if part.text("Warehouse") not in {"", NO_WAREHOUSE}:
        sentence = f"Warehouse must be '{NO_WAREHOUSE}' for a non-stocked line"
        part.wrong("Warehouse", part.text("Warehouse"), RULE, sentence)
    if batch.parameters["AllowBlankLedgerCode"] == "N":
        part.text("LedgerCode", required=True)
    product_class = part.text("ProductClass", 20, required=True)
    return {"LineType": NON_STOCKED, "MWarehouse": NO_WAREHOUSE, "MProductClass": product_class}


def _price(batch: Batch, part: Reading, old: Row | None, code: str, warehouse: str) -> Decimal:
    """As given with the manual method; else the warehouse's cost."""
    method = part.text("PriceMethod", default=MANUAL if part.text("Price") else "")
    if method and method not in METHODS:
        sentence = f"XML element 'PriceMethod' must be one of {', '.join(METHODS)}, not '{method}'"
        part.wrong("PriceMethod", method, RULE, sentence)
    held = batch.call.company.store["InvWarehouse"].get(code, warehouse)
    if method == MANUAL:
        price = part.number("Price", 5)
    elif old and not method:
        price = old["MPrice"]
    else:
        price = held["UnitCost"] if held else Decimal(0)
    if price <= 0 and batch.parameters["AllowZeroPrice"] != "Y" and not part.is_wrong("Price"):
        part.wrong("Price", str(price), RULE, "Price cannot be zero")
    return price


def _comment(batch: Batch, part: Reading, header: Row, old: Row | None) -> dict[str, Any]:
    text = part.text("Comment", required=True)
    if len(text) > LONGEST_COMMENT:
        part.wrong(
            "Comment", text, LENGTH, f"XML element 'Comment' is longer than {LONGEST_COMMENT} characters"
        )
    return {"LineType": COMMENT, "NComment": text}


def _freight(batch: Batch, part: Reading, header: Row, old: Row | None) -> dict[str, Any]:
    return {"LineType": FREIGHT, "MPrice": part.number("FreightValue", required=True), "MStockDes": "Freight"}


def _misc(batch: Batch, part: Reading, header: Row, old: Row | None) -> dict[str, Any]:
    value = part.number("MiscChargeValue", required=True)
    return {"LineType": MISC, "MPrice": value, "MStockDes": part.text("MiscDescription", 45)}


READ: dict[str, Callable[[Batch, Reading, Row, Row | None], dict[str, Any]]] = {
    "StockLine": _stock,
    "CommentLine": _comment,
    "FreightLine": _freight,
    "MiscChargeLine": _misc,
}
