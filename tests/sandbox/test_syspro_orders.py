"""Purchase orders in the SYSPRO sandbox: made, changed, cancelled, received and shown."""

from decimal import Decimal

import pytest

from tests.sandbox.syspro_caller import errors, members, said

POST = {"ValidateOnly": "N"}
FIRST = "1".zfill(15)


@pytest.fixture
def buyer(make_company):
    """Supplier 1, and 100 caps at 2.00 in MAIN that TRK1 does not stock."""
    company = make_company(suppliers=0)
    company.control.add_supplier("1", "Ferguson")
    company.control.add_stock("CAP", "Capacitor", "2", {"MAIN": 100}, ProductClass="20")
    return company


def stock_line(**changed) -> str:
    good = {"LineActionType": "A", "StockCode": "CAP", "Warehouse": "MAIN", "OrderQty": "5", "PriceMethod": "M",
            "Price": "2.50000"}  # fmt: skip
    return members(StockLine=members(**{**good, **changed}))


def order(company, parameters=None, lines=None, **changed):
    good = {"OrderActionType": "A", "Supplier": "1", "CustomerPoNumber": "ST-7781", "OrderDate": "2026-09-10",
            "DueDate": "2026-09-17", "Warehouse": "MAIN"}  # fmt: skip
    header = members(OrderHeader=members(**{**good, **changed}))
    details = members(OrderDetails=stock_line() if lines is None else lines)
    item = members(Orders=header + details)
    return company.post("PORTOI", "PostPurchaseOrders", item, **(POST if parameters is None else parameters))


def change(company, lines="", action="C", **changed):
    given = {
        "PurchaseOrder": "1",
        "OrderDate": None,
        "DueDate": None,
        "Supplier": None,
        "CustomerPoNumber": None,
    }
    return order(company, lines=lines, OrderActionType=action, Warehouse=None, **{**given, **changed})


def receive(company, parameters=None, **changed):
    good = {
        "PurchaseOrder": "1",
        "PurchaseOrderLine": "1",
        "Quantity": "2",
        "CostBasis": "P",
        "Reference": "R-1",
    }
    item = members(Item=members(Receipt=members(**{**good, **changed})))
    return company.post("PORTOR", "PostPurchaseOrderReceipts", item, **(parameters or {}))


def header_of(company, number="1"):
    return company.control.row("PorMasterHdr", number)


def line_of(company, line=1):
    return company.control.row("PorMasterDetail", FIRST, str(line))


def on_order(company):
    return company.control.row("InvWarehouse", "CAP", "MAIN")["QtyOnOrder"]


def test_an_order_is_only_validated_unless_it_is_told_otherwise(buyer):
    reply = order(buyer, {})
    assert (said(reply, "StatusofItems/ItemsProcessed"), reply.find("Order")) == ("000001", None)
    assert buyer.control.rows("PorMasterHdr") == []
    assert list(errors(order(buyer, {}, Supplier="9"))) == ["Supplier"]


def test_an_order_gets_a_number_and_its_lines_are_on_order(buyer):
    comment = members(CommentLine=members(LineActionType="A", Comment="From ServiceTitan PO 7781"))
    freight = members(FreightLine=members(FreightValue="12.50"))
    misc = members(MiscChargeLine=members(MiscChargeValue="3.00", MiscDescription="Pallet"))
    reply = order(buyer, lines=stock_line() + comment + freight + misc)
    assert errors(reply) == {}
    assert [one.tag for one in reply.find("Order")] == ["Key", "ItemNumber", "OrderActionType", "Supplier"]
    assert said(reply, "Key/PurchaseOrder") == FIRST
    row = header_of(buyer)
    assert (row["OrderStatus"], row["CustomerPoNumber"], row["OrderDueDate"]) == (
        "1",
        "ST-7781",
        "2026-09-17",
    )
    kinds = [(one["Line"], one["LineType"], one["MPrice"]) for one in buyer.control.rows("PorMasterDetail")]
    assert kinds == [(1, "1", Decimal("2.5")), (2, "6", 0), (3, "4", Decimal("12.5")), (4, "5", 3)]
    assert (line_of(buyer)["MLatestDueDate"], line_of(buyer)["MStockDes"]) == ("2026-09-17", "Capacitor")
    assert on_order(buyer) == 5
    assert said(order(buyer), "Key/PurchaseOrder") == "2".zfill(15)
    assert buyer.control.posted("PORTOI") == {"A 1/ST-7781": 2}


@pytest.mark.parametrize(
    ("changed", "element", "sentence"),
    [
        ({"Supplier": "9"}, "Supplier", "Supplier '9' not found"),
        ({"Supplier": ""}, "Supplier", "XML element '{Orders}{OrderHeader}{Supplier}' cannot be spaces"),
        ({"OrderActionType": "X"}, "OrderActionType", "XML element 'OrderActionType' must be one of A, C, D, not 'X'"),
        ({"CustomerPoNumber": "P" * 31}, "CustomerPoNumber",
         "XML element 'CustomerPoNumber' is longer than 30 characters"),
        ({"Warehouse": "ZZ"}, "Warehouse", "Warehouse 'ZZ' not found"),
        ({"DueDate": "2026-09-01"}, "DueDate", "Due date '2026-09-01' is before the order date"),
        ({"lines": ""}, "OrderDetails", "A purchase order needs at least one line"),
        ({"lines": stock_line(StockCode="B100")}, "StockCode", "Stock code 'B100' not found"),
        ({"lines": stock_line(Warehouse="TRK1")}, "StockCode", "Stock code 'CAP' not stocked in warehouse TRK1"),
        ({"lines": stock_line(Warehouse="ZZ")}, "Warehouse", "Warehouse 'ZZ' not found"),
        ({"lines": stock_line(OrderQty="0")}, "OrderQty", "Order quantity must be greater than zero"),
        ({"lines": stock_line(OrderUom="BOX")}, "OrderUom", "Unit of measure 'BOX' is invalid for stock code 'CAP'"),
        ({"lines": stock_line(Price="0")}, "Price", "Price cannot be zero"),
        ({"lines": stock_line(Price="2.1234567")}, "Price",
         "'2.1234567' is no number with up to 5 decimals for XML element 'Price'"),
        ({"lines": stock_line(PriceMethod="ZZ")}, "PriceMethod",
         "XML element 'PriceMethod' must be one of M, CC, LC, LP, LPP, S, F, not 'ZZ'"),
        ({"lines": stock_line(TaxCode="Z")}, "TaxCode", "Tax code 'Z' not found"),
        ({"lines": stock_line(LedgerCode="7")}, "LedgerCode", "Ledger code '7' not found"),
        ({"lines": members(CommentLine=members(Comment="c" * 991))}, "Comment",
         "XML element 'Comment' is longer than 990 characters"),
        ({"lines": members(CommentLine=members(Comment=""))}, "Comment",
         "XML element '{OrderDetails}{CommentLine}{Comment}' cannot be spaces"),
    ],
)  # fmt: skip
def test_an_order_that_cannot_be_is_refused_beside_its_element(buyer, changed, element, sentence):
    reply = order(buyer, **changed)
    assert errors(reply) == {element: sentence}
    assert (said(reply, "ItemsProcessed"), said(reply, "ItemsInvalid")) == ("000000", "000001")
    assert buyer.control.rows("PorMasterHdr") == [] and on_order(buyer) == 0


def test_what_is_not_stocked_needs_leave_a_class_and_an_account(buyer):
    apart = {"StockCode": "SPECIAL", "Warehouse": "**", "NonStockedLine": "Y"}
    assert list(errors(order(buyer, lines=stock_line(**apart, ProductClass="20")))) == ["StockCode"]
    leave = {**POST, "AllowNonStockItems": "Y"}
    assert list(errors(order(buyer, leave, stock_line(**apart)))) == ["ProductClass"]
    strict = {**leave, "AllowBlankLedgerCode": "N"}
    assert list(errors(order(buyer, strict, stock_line(**apart, ProductClass="20")))) == ["LedgerCode"]
    wrong = stock_line(**{**apart, "Warehouse": "MAIN"}, ProductClass="20")
    assert list(errors(order(buyer, leave, wrong))) == ["Warehouse"]
    assert errors(order(buyer, leave, stock_line(**apart, ProductClass="20"))) == {}
    assert (line_of(buyer)["LineType"], line_of(buyer)["MWarehouse"]) == ("7", "**")


def test_a_price_is_that_of_the_warehouse_unless_it_is_given(buyer):
    order(buyer, lines=stock_line(PriceMethod="CC", Price=None))
    assert line_of(buyer)["MPrice"] == 2
    assert errors(order(buyer, {**POST, "AllowZeroPrice": "Y"}, stock_line(Price="0"))) == {}


def test_a_supplier_may_be_closed_to_orders_or_on_hold(buyer):
    buyer.control.hold_supplier("1")
    assert errors(order(buyer)) == {"Supplier": "Supplier '1' is on hold"}
    assert (
        said(order(buyer, {**POST, "IgnoreWarnings": "W"}), "WarningDescription") == "Supplier '1' is on hold"
    )
    buyer.control.put("ApSupplier", {"Supplier": FIRST, "PurchOrdAllowed": "N"})
    assert errors(order(buyer)) == {"Supplier": "Purchase orders are not allowed for supplier '1'"}


def test_one_bad_order_of_a_document_leaves_the_others(buyer):
    good = members(OrderHeader=members(Supplier="1", DueDate="2026-12-01")) + members(
        OrderDetails=stock_line()
    )
    items = members(Orders=good) + members(Orders=good.replace(">1<", ">9<"))
    reply = buyer.post("PORTOI", "PostPurchaseOrders", items, **POST)
    assert (said(reply, "ItemsProcessed"), said(reply, "ItemsInvalid")) == ("000001", "000001")
    assert len(buyer.control.rows("PorMasterHdr")) == 1


def test_an_order_is_changed_line_by_line(buyer):
    order(buyer, lines=stock_line() + stock_line(OrderQty="3"))
    lines = stock_line(
        LineActionType="C",
        PurchaseOrderLine="0001",
        OrderQty="8",
        Price=None,
        PriceMethod=None,
        LatestDueDate="2026-09-30",
    )
    lines += stock_line(LineActionType="D", PurchaseOrderLine="2") + stock_line(OrderQty="1")
    reply = change(buyer, lines, DueDate="2026-10-01", CustomerPoNumber="ST-7781-B")
    assert (errors(reply), said(reply, "OrderActionType"), said(reply, "PurchaseOrder")) == ({}, "C", FIRST)
    assert [(one["Line"], one["MOrderQty"]) for one in buyer.control.rows("PorMasterDetail")] == [
        (1, 8),
        (3, 1),
    ]
    line = line_of(buyer)
    assert (line["MPrice"], line["MOrigDueDate"], line["MLatestDueDate"]) == (
        Decimal("2.5"), "2026-09-17", "2026-09-30",
    )  # fmt: skip
    assert (header_of(buyer)["OrderDueDate"], header_of(buyer)["CustomerPoNumber"]) == (
        "2026-10-01",
        "ST-7781-B",
    )
    assert on_order(buyer) == 9


@pytest.mark.parametrize(
    ("lines", "changed", "element", "sentence"),
    [
        ("", {"PurchaseOrder": "77"}, "PurchaseOrder", "Purchase order '77' not found"),
        ("", {"PurchaseOrder": ""}, "PurchaseOrder",
         "XML element '{Orders}{OrderHeader}{PurchaseOrder}' cannot be spaces"),
        ("", {"Supplier": "2"}, "Supplier", "The supplier of a purchase order cannot be changed"),
        (stock_line(LineActionType="C", PurchaseOrderLine="9"), {}, "PurchaseOrderLine",
         "Purchase order line '9' not found"),
        (stock_line(LineActionType="C", PurchaseOrderLine="1", OrderQty="1"), {}, "OrderQty",
         "Order quantity cannot be less than what was received"),
        (stock_line(LineActionType="D", PurchaseOrderLine="1"), {}, "PurchaseOrderLine",
         "Purchase order line cannot be deleted once it has receipts"),
    ],
)  # fmt: skip
def test_a_change_that_cannot_be_is_refused(buyer, lines, changed, element, sentence):
    buyer.control.add_supplier("2", "Winsupply")
    order(buyer)
    receive(buyer)
    assert errors(change(buyer, lines, **changed)) == {element: sentence}
    assert (line_of(buyer)["MOrderQty"], on_order(buyer)) == (5, 3)


def test_an_order_is_cancelled_while_nothing_was_received(buyer):
    order(buyer)
    reply = change(buyer, action="D")
    assert (errors(reply), said(reply, "OrderActionType")) == ({}, "D")
    assert (header_of(buyer)["OrderStatus"], header_of(buyer)["CancelledFlag"], on_order(buyer)) == (
        "*",
        "Y",
        0,
    )
    assert errors(change(buyer, action="D")) == {"PurchaseOrder": "Purchase order '1' is cancelled"}
    assert errors(receive(buyer))["PurchaseOrder"] == "Purchase order '1' is cancelled"


def test_a_received_order_is_not_cancelled(buyer):
    order(buyer)
    receive(buyer)
    sentence = "A purchase order cannot be cancelled once it has receipts"
    assert errors(change(buyer, action="D")) == {"PurchaseOrder": sentence}


def test_receipts_lower_what_is_outstanding_until_the_order_is_complete(buyer):
    order(buyer)
    reply = receive(buyer)
    assert (said(reply, "Receipt/GRN"), said(reply, "Receipt/PurchaseOrderLine")) == ("100000001", "0001")
    assert (said(reply, "Key/Journal"), said(reply, "ItemsProcessed")) == ("00001", "000001")
    assert (line_of(buyer)["MReceivedQty"], line_of(buyer)["MCompleteFlag"], on_order(buyer)) == (2, "", 3)
    receive(buyer, {"TransactionDate": "2026-09-20"}, Quantity="3")
    assert (line_of(buyer)["MCompleteFlag"], line_of(buyer)["MLastReceiptDat"]) == ("Y", "2026-09-20")
    assert (header_of(buyer)["OrderStatus"], header_of(buyer)["DatePoCompleted"]) == ("9", "2026-09-20")
    assert (buyer.control.on_hand("CAP"), on_order(buyer)) == (105, 0)
    assert [row["QtyReceived"] for row in buyer.control.rows("PorHistReceipt")] == [2, 3]
    assert [row["Grn"] for row in buyer.control.rows("GrnDetails")] == ["100000001", "100000002"]
    assert {row["PurchaseOrder"] for row in buyer.control.rows("InvMovements")} == {FIRST}
    assert errors(receive(buyer))["PurchaseOrder"] == "Purchase order '1' is complete"
    assert errors(change(buyer))["PurchaseOrder"] == "Purchase order '1' is complete"


@pytest.mark.parametrize(
    ("changed", "element", "sentence"),
    [
        ({"PurchaseOrder": "9"}, "PurchaseOrder", "Purchase order '9' not found"),
        ({"PurchaseOrder": ""}, "PurchaseOrder", "XML element '{Item}{Receipt}{PurchaseOrder}' cannot be spaces"),
        ({"PurchaseOrderLine": "4"}, "PurchaseOrderLine", "Purchase order line '4' not found"),
        ({"Quantity": "0"}, "Quantity", "Quantity must be greater than zero"),
        ({"Quantity": "6"}, "Quantity", "Quantity exceeds what is outstanding (5)"),
        ({"CostBasis": ""}, "CostBasis", "XML element '{Item}{Receipt}{CostBasis}' cannot be spaces"),
        ({"CostBasis": "Q"}, "CostBasis", "XML element 'CostBasis' must be one of C, T, M, P, X, not 'Q'"),
        ({"CostBasis": "M"}, "Cost", "XML element '{Item}{Receipt}{Cost}' cannot be spaces"),
        ({"PurchaseOrderLine": "", "StockCode": "CAP"}, "Warehouse",
         "XML element '{Item}{Receipt}{Warehouse}' cannot be spaces"),
    ],
)  # fmt: skip
def test_a_receipt_that_cannot_be_is_refused(buyer, changed, element, sentence):
    order(buyer)
    assert errors(receive(buyer, **changed)) == {element: sentence}
    assert (buyer.control.on_hand("CAP"), buyer.control.rows("GrnDetails")) == (100, [])


def test_more_than_was_ordered_comes_in_only_past_the_warning(buyer):
    order(buyer)
    assert errors(receive(buyer, {"IgnoreWarnings": "Y"}, Quantity="6")) == {}
    assert (buyer.control.on_hand("CAP"), on_order(buyer), header_of(buyer)["OrderStatus"]) == (106, 0, "9")


def test_a_line_is_found_by_stock_code_and_closed_before_all_has_come(buyer):
    order(buyer)
    values = {
        "PurchaseOrderLine": "",
        "StockCode": "CAP",
        "Warehouse": "MAIN",
        "PurchaseOrderLineComplete": "Y",
    }
    assert errors(receive(buyer, **values)) == {}
    assert (header_of(buyer)["OrderStatus"], on_order(buyer), buyer.control.on_hand("CAP")) == ("9", 0, 102)


@pytest.mark.parametrize(
    ("basis", "cost", "unit"), [("P", None, "2.5"), ("C", None, "2"), ("M", "4", "4"), ("T", "6", "3")]
)
def test_the_cost_of_a_receipt_follows_its_basis(buyer, basis, cost, unit):
    order(buyer)
    receive(buyer, CostBasis=basis, Cost=cost)
    assert buyer.control.rows("InvMovements")[0]["UnitCost"] == Decimal(unit)


def test_an_order_in_process_cannot_be_received(buyer):
    order(buyer, {**POST, "StatusInProcess": "Y"})
    assert header_of(buyer)["OrderStatus"] == "0"
    assert errors(receive(buyer)) == {"PurchaseOrder": "Purchase order '1' is still in process"}


def test_inspection_is_not_set_up(buyer):
    item = members(Item=members(ReceiptIntoInspection=members(PurchaseOrder="1")))
    assert "Receipt" in errors(buyer.post("PORTOR", "PostPurchaseOrderReceipts", item))


def test_what_is_not_stocked_is_received_into_its_account(buyer):
    line = stock_line(
        StockCode="X", Warehouse="**", NonStockedLine="Y", ProductClass="20", LedgerCode="30-4500"
    )
    order(buyer, {**POST, "AllowNonStockItems": "Y"}, line)
    assert errors(receive(buyer)) == {}
    ledger = {one["GlCode"]: one["EntryValue"] for one in buyer.control.rows("GenJournalDetail")}
    assert ledger == {"30-4500": 5, "00-2150": -5}
    assert buyer.control.rows("InvMovements") == []


def show(company, number="1", **options):
    document = members(Key=members(PurchaseOrder=number), Option=members(**options))
    return company.query("PORQRY", f"<Query>{document}</Query>")


def test_a_query_shows_an_order_with_its_lines(buyer):
    order(
        buyer,
        lines=stock_line(OrderQty="4000") + members(CommentLine=members(Comment="quick")) + stock_line(),
    )
    receive(buyer, PurchaseOrderLine="3", Quantity="5")
    reply = show(buyer)
    assert (reply.tag, said(reply, "SupplierName"), said(reply, "LocalSupplier")) == (
        "PorDetail",
        "Ferguson",
        "Local",
    )
    assert (said(reply, "OrderStatus"), said(reply, "OrderStatusDescription")) == ("1", "Ready to print")
    [first, comment, third] = [one[0] for one in reply.findall("PurchaseOrderLine")]
    assert (first.tag, first.findtext("Line"), first.findtext("MOutstandingQty")) == (
        "Merchandise", "0001", "4,000.000".rjust(18),
    )  # fmt: skip
    assert Decimal(first.findtext("Unedited_MOutstandingQty")) == 4000
    assert (comment.findtext("NComment"), third.findtext("MCompleteFlag")) == ("quick", "Y")
    few = show(buyer, IncludeCommentLines="N", IncludeCompletedLines="N")
    assert [one.text for one in few.iter("Line")] == ["0001"]
    refused = buyer.text("Query/Query", UserId=buyer.token, BusinessObject="PORQRY",
                         XmlIn="<Query><Key><PurchaseOrder>9</PurchaseOrder></Key></Query>")  # fmt: skip
    assert refused == "ERROR: Purchase order '9' not found"


def test_an_order_can_be_found_again_by_the_buyer_s_own_number(buyer):
    order(buyer)
    [row] = buyer.rows(
        "PorMasterHdr", filter="CustomerPoNumber eq 'ST-7781'", select="PurchaseOrder,OrderEntryDate"
    )
    assert row == {"PurchaseOrder": FIRST, "OrderEntryDate": "2026-09-10T00:00:00Z"}


def test_the_office_orders_receives_cancels_and_adjusts(buyer):
    control = buyer.control
    number = control.add_order("1", {"CAP": ("5", "2.50")}, "CASE-1")
    assert on_order(buyer) == 5
    control.receive_order(number, 1, 2)
    assert (on_order(buyer), control.on_hand("CAP"), line_of(buyer)["MReceivedQty"]) == (3, 102, 2)
    control.adjust_stock("CAP", "-4", reference="breakage")
    assert control.on_hand("CAP") == 98
    assert [(row["TrnType"], row["TrnQty"]) for row in control.rows("InvMovements")] == [("R", 2), ("A", -4)]
    control.cancel_order(number)
    assert (header_of(buyer)["OrderStatus"], on_order(buyer)) == ("*", 0)
    assert {one["by"] for one in control.journal()} == {"office"}


def test_the_company_begins_with_orders_open_and_complete(make_company):
    rows = make_company(suppliers=12).control.rows("PorMasterHdr")
    assert {row["OrderStatus"] for row in rows} == {"4", "9"}
