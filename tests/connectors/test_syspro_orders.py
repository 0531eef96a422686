"""Purchase orders at SYSPRO: posted once and found again, changed line by line, received, cancelled."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from integrations.connectors.errors import Who
from integrations.connectors.syspro.documents import Document
from integrations.connectors.syspro.entities import ENTITIES
from integrations.connectors.syspro.purchasing import ORDER as PORTOI
from integrations.connectors.syspro.purchasing import RECEIPT as PORTOR
from integrations.sandbox.syspro.objects import portoi, portor
from integrations.sandbox.syspro.schemas import tree
from tests.connectors.syspro_company import refusal, whole

ORDER, LINE = ENTITIES["purchase_order"], ENTITIES["purchase_order_line"]
BODY = {
    "Supplier": "1",
    "CustomerPoNumber": "ST-4001",
    "OrderDate": "2026-03-10",
    "DueDate": "2026-03-17",
    "Warehouse": "MAIN",
    "StockLine": [
        {"StockCode": "VLV-34", "OrderQty": "12", "Price": "12.49", "Warehouse": "MAIN"},
        {"StockCode": "CAP-45-5", "OrderQty": "4", "Price": "21.30", "Warehouse": "MAIN"},
    ],
}


def find(connector, body=BODY):
    return connector.find(ORDER, body, key="k", parent="", since=datetime.now(UTC))


@pytest.fixture
def placed(syspro):
    """A connector, and the id of an order that it has posted."""
    connector = syspro.connect()
    return connector, connector.create(ORDER, BODY, key="k")


def names(document: Document) -> dict:
    def below(elements):
        return {element.name: below(element.elements) for element in elements}

    return below(document.elements)


@pytest.mark.parametrize(
    ("document", "schema", "item"), [(PORTOI, portoi.SCHEMA, "Orders"), (PORTOR, portor.SCHEMA, "Item")]
)
def test_every_element_and_parameter_is_one_that_the_object_knows(document, schema, item):
    def unknown(ours, theirs, path=""):
        for name, inner in ours.items():
            if name not in theirs:
                yield f"{path}{name}"
            else:
                yield from unknown(inner, theirs[name], f"{path}{name}/")

    assert list(unknown(names(document), tree(schema.document)[item])) == []
    assert set(document.parameters) <= set(tree(schema.parameters))
    assert document.parameters["ValidateOnly"] == "N", "PORTOI's own default is Y"


@pytest.mark.parametrize("odata", [True, False], ids=["odata", "comfnd"])
def test_an_order_that_was_posted_is_found_by_its_reference_with_its_lines(syspro, odata):
    connector = syspro.connect(odata=odata)
    assert find(connector) == []
    number = connector.create(ORDER, BODY, key="k")
    [row] = find(connector)
    assert (row["id"], row["number"], row["active"]) == (number, number, True)
    lines = connector.below(LINE, "purchase_order", number)
    assert [(line["id"], line["MStockCode"]) for line in lines] == [
        (f"{number}/1", "VLV-34"),
        (f"{number}/2", "CAP-45-5"),
    ]
    assert connector.read(LINE, f"{number}/2")["order"] == number


def test_an_order_of_another_supplier_or_that_was_cancelled_is_not_ours(syspro, placed):
    connector, number = placed
    assert find(connector, {**BODY, "Supplier": "2"}) == []
    connector.remove(ORDER, connector.read(ORDER, number))
    assert find(connector) == []
    assert connector.read(ORDER, number)["active"] is False


def test_an_order_without_a_reference_is_not_posted(syspro):
    refused = refusal(find, syspro.connect(), {**BODY, "CustomerPoNumber": ""})
    assert (refused.who, refused.reason) == (Who.FIX_RECORD, "required_missing")


def test_an_unknown_stock_code_is_refused_in_syspros_words(syspro):
    line = {**BODY["StockLine"][0], "StockCode": "NOPE"}
    refused = refusal(syspro.connect().create, ORDER, {**BODY, "StockLine": [line]}, key="k")
    assert "Stock code 'NOPE' not found" in refused.message


def test_a_lost_reply_leaves_the_outcome_open(syspro):
    connector = syspro.connect()
    syspro.control.faults("lost_reply:1,count=1,path=PORTOI")
    assert refusal(connector.create, ORDER, BODY, key="k").unknown
    assert len(find(connector)) == 1


def test_one_line_is_changed_and_the_other_stays(placed, syspro):
    connector, number = placed
    connector.update(LINE, f"{number}/1", {"OrderQty": "15"}, parent=number)
    lines = connector.below(LINE, "purchase_order", number)
    assert [Decimal(str(line["MOrderQty"])) for line in lines] == [15, 4]
    assert Decimal(str(lines[0]["MPrice"])) == Decimal("12.49")


def test_a_line_more_is_added_and_found_by_what_it_asks_for(placed):
    connector, number = placed
    body = {"StockCode": "BRK-20A", "OrderQty": "7", "Price": "11.05", "Warehouse": "MAIN"}
    assert connector.create(LINE, body, key="k", parent=number) == ""
    [row] = connector.find(LINE, body, key="k", parent=number, since=datetime.now(UTC))
    assert row["id"] == f"{number}/3"


def test_only_what_has_not_come_yet_is_received(placed, syspro):
    connector, number = placed
    syspro.control.receive_order(number, 1, 5)
    for _ in range(2):
        connector.update(LINE, f"{number}/1", {"Quantity": "8"}, parent=number)
    assert Decimal(str(connector.read(LINE, f"{number}/1")["MReceivedQty"])) == 8
    assert sum(syspro.control.posted("PORTOR").values()) == 1


def test_less_than_has_come_is_for_a_person(placed, syspro):
    connector, number = placed
    syspro.control.receive_order(number, 1, 5)
    refused = refusal(connector.update, LINE, f"{number}/1", {"Quantity": "3"}, parent=number)
    assert (refused.who, refused.reason) == (Who.FIX_RECORD, "received_more")


def test_an_order_of_which_something_has_come_is_not_cancelled(placed, syspro):
    connector, number = placed
    syspro.control.receive_order(number, 1, 5)
    refused = refusal(connector.remove, ORDER, connector.read(ORDER, number))
    assert "receipts" in refused.message


def test_lines_are_read_page_by_page_in_the_order_of_their_numbers(syspro, monkeypatch):
    monkeypatch.setattr("integrations.connectors.syspro.odata.MOST_ROWS", 3)
    number = syspro.control.add_order("1", {"VLV-34": (1, 1), "CAP-45-5": (2, 1)})
    for quantity in range(3, 13):
        line = {
            "PurchaseOrder": number,
            "Line": quantity,
            "LineType": "1",
            "MStockCode": "VLV-34",
            "MOrderQty": quantity,
        }
        syspro.control.put("PorMasterDetail", line)
    rows, _, _ = whole(syspro.connect(), LINE)
    ours = [row["id"] for row in rows if row["order"] == number.lstrip("0")]
    assert ours == [f"{number.lstrip('0')}/{line}" for line in range(1, 13)]
