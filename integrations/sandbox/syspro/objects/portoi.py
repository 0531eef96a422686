"""PORTOI: adds, changes and cancels purchase orders. Mind that it only validates unless it is told otherwise.

Numbers are given by SYSPRO; who wants to find an order again looks for its CustomerPoNumber.
"""

from typing import Any

from integrations.sandbox.syspro.columns import Row
from integrations.sandbox.syspro.company import Company
from integrations.sandbox.syspro.elements import build, built
from integrations.sandbox.syspro.errors import MISSING, ON_HOLD, RULE
from integrations.sandbox.syspro.objects.order_lines import ADD, CHANGE, DELETE, Line, lines_in
from integrations.sandbox.syspro.objects.orders import (
    CANCELLED,
    IN_PROCESS,
    lines_of,
    order_of,
    outstanding,
    put_line,
    remove_line,
)
from integrations.sandbox.syspro.posting import Batch, Posted, Transaction
from integrations.sandbox.syspro.reading import Reading
from integrations.sandbox.syspro.schemas import Schema

ADDRESS = "DeliveryName DeliveryAddr1 DeliveryAddr2 DeliveryAddr3 DeliveryAddr4 DeliveryAddr5 PostalCode"
SCHEMA = Schema(
    "Orders("
    "OrderHeader(OrderActionType Supplier OrderType TaxStatus PaymentTerms InvoiceTerms CustomerPoNumber ShippingInstrs "
    f"OrderDate DueDate MemoDate Buyer {ADDRESS} Warehouse PurchaseOrder eSignature) "
    "OrderDetails("
    "StockLine(PurchaseOrderLine LineActionType StockCode StockDescription Warehouse OrderQty OrderUom PriceMethod Price "
    "PriceUom Taxable TaxCode Job LatestDueDate LedgerCode ProductClass NonStockedLine) "
    "CommentLine(PurchaseOrderLine LineActionType Comment AttachedToStkLineNumber) "
    "MiscChargeLine(PurchaseOrderLine LineActionType MiscChargeValue MiscChargeTax MiscTaxable MiscDescription) "
    "FreightLine(PurchaseOrderLine LineActionType FreightValue FreightTaxCode FreightTaxable FreightFLoc)))",
    "ValidateOnly IgnoreWarnings AllowNonStockItems AllowZeroPrice ValidateWorkingDays AllowPoWhenBlanketPo "
    "DefaultMemoCode FixedExchangeRate DefaultMemoDays AllowBlankLedgerCode DefaultDeliveryAddress CalcDueDate "
    "InsertDangerousGoodsText InsertAdditionalPOText OutputItemforDetailLines Status StatusInProcess",
)
DEFAULTS = {
    "ValidateOnly": "Y", "ApplyIfEntireDocumentValid": "N", "AllowNonStockItems": "N", "AllowZeroPrice": "N",
    "AllowBlankLedgerCode": "Y", "Status": "1", "StatusInProcess": "N",
}  # fmt: skip
COLUMNS = ("TaxStatus", "PaymentTerms", "InvoiceTerms", "CustomerPoNumber", "ShippingInstrs", "Buyer", "Warehouse",
           *ADDRESS.split())  # fmt: skip


def post(batch: Batch, item: Reading) -> Posted:
    """Raises Rejected."""
    company, head = batch.call.company, item.part("OrderHeader")
    action = head.choice("OrderActionType", "ACD", ADD)
    before = None if action == ADD else order_of(company, head)
    supplier = _supplier(company, head, before)
    header = _header(batch, head, supplier, before)
    lines: list[Line] = []
    if action == DELETE:
        lines = [(DELETE, line) for line in lines_of(company, header["PurchaseOrder"])]
        _refuse_received(head, lines)
    elif action == ADD or before:
        old = lines_of(company, header["PurchaseOrder"]) if before else []
        lines = list(lines_in(batch, item, header, old, action))
    if action == ADD and not lines:
        item.wrong("OrderDetails", "", RULE, "A purchase order needs at least one line")
    item.settle(batch.parameters["IgnoreWarnings"])
    if action == ADD:
        header["PurchaseOrder"] = company.padded(str(company.store.next_number("purchase order")))
    _write(company, action, header, lines)
    said = built(OrderActionType=action, Supplier=header["Supplier"])
    return Posted([build("Key", built(PurchaseOrder=header["PurchaseOrder"])), *said], key_of(item))


def key_of(item: Reading) -> str:
    """`A 1/ST-7781` of a new order, `C 547` of one that is changed."""
    head = item.part("OrderHeader")
    action = head.text("OrderActionType", default=ADD)
    if action == ADD:
        return f"A {head.text('Supplier').lstrip('0')}/{head.text('CustomerPoNumber')}"
    return f"{action} {head.text('PurchaseOrder').lstrip('0')}"


def _supplier(company: Company, head: Reading, before: Row | None) -> Row:
    code = head.text("Supplier", default=before["Supplier"] if before else "")
    if not code and head.text("OrderActionType", default=ADD) == ADD:
        head.text("Supplier", required=True)
    found = company.supplier(code) if code else None
    if code and found is None:
        head.wrong("Supplier", code, MISSING, f"Supplier '{code}' not found")
    elif found and before and found["Supplier"] != before["Supplier"]:
        head.wrong("Supplier", code, RULE, "The supplier of a purchase order cannot be changed")
    elif found and found["PurchOrdAllowed"] == "N":
        head.wrong("Supplier", code, RULE, f"Purchase orders are not allowed for supplier '{code}'")
    elif found and found["OnHold"] == "Y":
        head.warn("Supplier", code, ON_HOLD, f"Supplier '{code}' is on hold")
    return found or company.store["ApSupplier"].table.blank()


def _header(batch: Batch, head: Reading, supplier: Row, before: Row | None) -> Row:
    """A change touches the elements that came with a value."""
    company, sizes = batch.call.company, batch.call.company.store["PorMasterHdr"].table.columns
    given: dict[str, Any] = {}
    for name in COLUMNS:
        if value := head.text(name, sizes[name].size):
            given[name] = value
    warehouse = given.get("Warehouse", "")
    if warehouse and company.store["InvWhControl"].get(warehouse) is None:
        head.wrong("Warehouse", warehouse, MISSING, f"Warehouse '{warehouse}' not found")
    ordered = head.day("OrderDate", before["OrderEntryDate"] if before else batch.call.today)
    due = head.day("DueDate", before["OrderDueDate"] if before else ordered)
    if due < ordered:
        head.wrong("DueDate", due, RULE, f"Due date '{due}' is before the order date")
    dates = {"OrderEntryDate": ordered, "OrderDueDate": due}
    if before:
        return {**before, **given, **dates}
    status = IN_PROCESS if batch.parameters["StatusInProcess"] == "Y" else batch.parameters["Status"]
    fresh = {"Supplier": supplier["Supplier"], "OrderStatus": status, "Currency": supplier["Currency"], "ExchangeRate": 1,
             "OrderType": head.text("OrderType", default="L"), "TaxStatus": "N"}  # fmt: skip
    return {**company.store["PorMasterHdr"].table.blank(), **fresh, **given, **dates}


def _refuse_received(head: Reading, lines: list[Line]) -> None:
    if any(line["MReceivedQty"] for _, line in lines):
        sentence = "A purchase order cannot be cancelled once it has receipts"
        head.wrong("PurchaseOrder", head.text("PurchaseOrder"), RULE, sentence)


def _write(company: Company, action: str, header: Row, lines: list[Line]) -> None:
    number = header["PurchaseOrder"]
    if action == DELETE:
        for _, line in lines:
            put_line(company, {**line, "MCompleteFlag": "Y"})
        company.put(
            "PorMasterHdr", PurchaseOrder=number, OrderStatus=CANCELLED, CancelledFlag="Y", ActiveFlag="N"
        )
        return
    company.put("PorMasterHdr", **header)
    for what, line in lines:
        if what == DELETE:
            remove_line(company, line)
        else:
            done = what == CHANGE and not outstanding({**line, "MCompleteFlag": ""})
            put_line(
                company,
                {**line, "PurchaseOrder": number, "MCompleteFlag": "Y" if done and line["MOrderQty"] else ""},
            )


OBJECT = Transaction(
    "PostPurchaseOrders", post, key_of, item="Orders", item_out="Order", defaults=DEFAULTS, totals="StatusofItems",
    number_at=1,
)  # fmt: skip
