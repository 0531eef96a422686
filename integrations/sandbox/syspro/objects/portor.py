"""PORTOR: receives what a purchase order asked for, into its warehouse, under a goods received note. No inspection."""

from decimal import Decimal

from integrations.sandbox.syspro.columns import Row
from integrations.sandbox.syspro.company import RECEIVED_ACCOUNT, Company, Period
from integrations.sandbox.syspro.elements import build, built, child
from integrations.sandbox.syspro.errors import CHOICE, MISSING, RULE, Rejected
from integrations.sandbox.syspro.objects.distribution import account_of
from integrations.sandbox.syspro.objects.ledger import post_to_ledger
from integrations.sandbox.syspro.objects.movements import RECEIPT, Place, average, journal_key, move
from integrations.sandbox.syspro.objects.orders import (
    IN_PROCESS,
    STOCKED,
    complete_if_done,
    lines_of,
    order_of,
    outstanding,
    put_line,
)
from integrations.sandbox.syspro.posting import Batch, Posted, Transaction
from integrations.sandbox.syspro.reading import Reading
from integrations.sandbox.syspro.schemas import Schema

SCHEMA = Schema(
    "Item(Receipt(Journal PurchaseOrder PurchaseOrderLine Warehouse StockCode Quantity UnitOfMeasure Units Pieces "
    "DeliveryNote Cost CostBasis SwitchOnGRNMatching GRNNumber Reference GRNSource Lot LotExpiryDate "
    "Bins(BinLocation BinQuantity) Serials(SerialNumber SerialQuantity) PurchaseOrderLineComplete "
    "IncreaseSalesOrderQuantity ChangeSalesOrderStatus Notation LedgerCode DebitLedgerCode AnalysisEntry eSignature))",
    "TransactionDate PostingPeriod IgnoreWarnings NonStockedWhToUse GRNMatchingAction AllowBlankSupplier "
    "ApplyIfEntireDocumentValid ValidateOnly ManualSerialTransfersAllowed IgnoreAnalysis IncludeDimensionAnalysis",
)
CURRENT_COST, TOTAL, UNIT = "C", "T", "M"
BASES = "CTMPX"
FIRST_NOTE = 100_000_000


def post(batch: Batch, item: Reading) -> Posted:
    """Raises Rejected."""
    company = batch.call.company
    if child(item.node, "Receipt") is None:
        item.wrong("Receipt", "", RULE, "XML element 'Receipt' is missing; inspection is not set up")
    part = item.part("Receipt")
    order = order_of(company, part)
    if order and order["OrderStatus"] == IN_PROCESS:
        number = part.text("PurchaseOrder")
        part.wrong("PurchaseOrder", number, RULE, f"Purchase order '{number}' is still in process")
    line = _line(company, part, order) if order else None
    quantity = _quantity(part, line)
    cost = _cost(company, part, line, quantity)
    account = account_of(batch, part, "DebitLedgerCode", required=False)
    period = batch.open_period(part)
    item.settle(batch.parameters["IgnoreWarnings"])
    if order is None or line is None:
        raise Rejected
    note = str(FIRST_NOTE + company.store.next_number("goods received note"))
    _stock(batch, part, line, quantity, cost, account, period)
    _write(batch, part, order, line, quantity, cost, note)
    told = built(
        GRN=note,
        LotNumber="",
        PurchaseOrder=order["PurchaseOrder"],
        PurchaseOrderLine=f"{int(line['Line']):04d}",
    )
    return Posted([build("Receipt", told)], key_of(item))


def key_of(item: Reading) -> str:
    part = item.part("Receipt")
    where = part.text("PurchaseOrderLine").lstrip("0") or f"{part.text('Warehouse')} {part.text('StockCode')}"
    return f"{part.text('PurchaseOrder').lstrip('0')}/{where}/{part.text('Reference')}"


def _line(company: Company, part: Reading, order: Row) -> Row | None:
    """By its number, or by warehouse and stock code."""
    lines = lines_of(company, order["PurchaseOrder"])
    number = part.text("PurchaseOrderLine")
    if number:
        fits = [line for line in lines if number.isdecimal() and line["Line"] == int(number)]
    else:
        stock, warehouse = part.text("StockCode", required=True), part.text("Warehouse", required=True)
        fits = [line for line in lines if (line["MStockCode"], line["MWarehouse"]) == (stock, warehouse)]
    open_ones = [line for line in fits if outstanding(line)]
    if not open_ones and not part.is_wrong("StockCode") and not part.is_wrong("Warehouse"):
        what = "is complete" if fits else "not found"
        part.wrong("PurchaseOrderLine", number, MISSING, f"Purchase order line '{number}' {what}")
    return open_ones[0] if open_ones else None


def _quantity(part: Reading, line: Row | None) -> Decimal:
    quantity = part.number("Quantity", 6, required=True)
    if part.text("Quantity") and quantity <= 0 and not part.is_wrong("Quantity"):
        part.wrong("Quantity", str(quantity), RULE, "Quantity must be greater than zero")
    if line and quantity > outstanding(line):
        sentence = f"Quantity exceeds what is outstanding ({outstanding(line).normalize():f})"
        part.warn("Quantity", str(quantity), RULE, sentence)
    return quantity


def _cost(company: Company, part: Reading, line: Row | None, quantity: Decimal) -> Decimal:
    """Of one unit."""
    basis = part.text("CostBasis", required=True)
    if basis and basis not in BASES:
        sentence = f"XML element 'CostBasis' must be one of {', '.join(BASES)}, not '{basis}'"
        part.wrong("CostBasis", basis, CHOICE, sentence)
    given = part.number("Cost", 5, required=basis in {TOTAL, UNIT})
    if line is None or not quantity:
        return Decimal(0)
    held = company.store["InvWarehouse"].get(line["MStockCode"], line["MWarehouse"])
    if basis in {TOTAL, UNIT}:
        return given / quantity if basis == TOTAL else given
    price: Decimal = held["UnitCost"] if held and basis == CURRENT_COST else line["MPrice"]
    return price


def _stock(
    batch: Batch, part: Reading, line: Row, quantity: Decimal, cost: Decimal, account: str, period: Period
) -> None:
    """Into the warehouse; what is not stocked goes to its account at once."""
    store = batch.call.company.store
    if line["LineType"] != STOCKED:
        batch.begin_entry("IN", period)
        value = (quantity * cost).quantize(Decimal("0.01"))
        post_to_ledger(
            batch, [(account or line["MGlCode"] or RECEIVED_ACCOUNT, value)], RECEIVED_ACCOUNT, "PO"
        )
        return
    place = Place(
        store["InvMaster"].by_key[(line["MStockCode"],)],
        store["InvWarehouse"].by_key[line["MStockCode"], line["MWarehouse"]],
    )
    stocked = {
        "UnitCost": average(place, quantity, cost),
        "LastCostEntered": cost,
        "DateLastPurchase": batch.call.today,
    }
    move(batch, part, place, RECEIPT, quantity, RECEIVED_ACCOUNT, period, cost=cost, stocked=stocked,
         PurchaseOrder=line["PurchaseOrder"])  # fmt: skip


def _write(
    batch: Batch, part: Reading, order: Row, line: Row, quantity: Decimal, cost: Decimal, note: str
) -> None:
    company, day = batch.call.company, batch.parameters["TransactionDate"] or batch.call.today
    received = line["MReceivedQty"] + quantity
    done = received >= line["MOrderQty"] or part.text("PurchaseOrderLineComplete") == "Y"
    changed = {"MReceivedQty": received, "MLastReceiptDat": day, "MCompleteFlag": "Y" if done else ""}
    put_line(company, {**line, **changed})
    complete_if_done(company, order["PurchaseOrder"], day)
    number = order["PurchaseOrder"]
    entry = company.store.next_number(f"receipts of {number}")
    company.put("PorHistReceipt", PurchaseOrder=number, Line=line["Line"], ReceiptEntry=entry, DateReceived=day,
                QtyReceived=quantity, PriceReceived=cost, Currency=order["Currency"], ExchangeRate=1,
                PoDate=order["OrderEntryDate"], Grn=note, Reference=part.text("Reference"))  # fmt: skip
    company.put("GrnDetails", Supplier=order["Supplier"], Grn=note, PurchaseOrder=number, PurchaseOrderLin=line["Line"],
                StockCode=line["MStockCode"], Warehouse=line["MWarehouse"], QtyReceived=quantity,
                OrigGrnValue=quantity * cost, DeliveryNote=part.text("DeliveryNote"), GrnReceiptDate=day)  # fmt: skip


OBJECT = Transaction(
    "PostPurchaseOrderReceipts", post, key_of, defaults={"PostingPeriod": "C", "TransactionDate": ""},
    after_items=journal_key,
)  # fmt: skip
