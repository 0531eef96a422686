"""Stock adjustments posted to the sandbox's SYSPRO: once, found again by their reference, and read in their order."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from integrations.connectors.errors import RemoteError, Who
from integrations.connectors.syspro.entities import STOCK_LEVEL, STOCK_MOVEMENT
from tests.connectors.syspro_company import whole

BODY = {
    "StockCode": "CAP-45-5",
    "Warehouse": "MAIN",
    "Quantity": "-2",
    "Reference": "ST-1-2",
    "Notation": "Count",
}


def find(connector, body=BODY):
    return connector.find(STOCK_MOVEMENT, body, key="k", parent="", since=datetime.now(UTC))


@pytest.mark.parametrize("odata", [True, False], ids=["odata", "comfnd"])
def test_what_is_posted_is_found_by_its_reference_and_read_by_its_id(syspro, odata):
    connector = syspro.connect(odata=odata)
    before = syspro.control.on_hand("CAP-45-5")
    assert find(connector) == []
    external_id = connector.create(STOCK_MOVEMENT, BODY, key="k")
    assert syspro.control.on_hand("CAP-45-5") == before - 2
    [row] = find(connector)
    assert STOCK_MOVEMENT.id_of(row) == external_id
    read = connector.read(STOCK_MOVEMENT, external_id)
    assert (read["Reference"], read["PostedIn"]) == ("ST-1-2", "/".join(external_id.split("/")[:4]))
    assert connector.exchange(STOCK_MOVEMENT, external_id)["reference"] == read["PostedIn"]


def test_another_quantity_under_the_same_reference_is_for_a_person(syspro):
    connector = syspro.connect()
    syspro.control.adjust_stock("CAP-45-5", "3", reference="ST-1-2")
    with pytest.raises(RemoteError) as caught:
        find(connector)
    assert (caught.value.who, caught.value.reason) == (Who.FIX_RECORD, "already_posted")
    assert "already moved 3" in caught.value.message


def test_the_same_reference_in_another_warehouse_is_another_movement(syspro):
    syspro.control.adjust_stock("CAP-45-5", "1", warehouse="TRK1", reference="ST-1-2")
    assert find(syspro.connect()) == []


def test_a_shortage_is_refused_in_syspros_words(syspro):
    with pytest.raises(RemoteError, match="Insufficient stock"):
        syspro.connect().create(STOCK_MOVEMENT, {**BODY, "Quantity": "-5000"}, key="k")
    assert [row for row in syspro.control.rows("InvMovements") if row["Reference"] == "ST-1-2"] == []


def test_movements_and_levels_are_read_page_by_page_in_the_order_of_their_keys(syspro, monkeypatch):
    monkeypatch.setattr("integrations.connectors.syspro.odata.MOST_ROWS", 3)
    for number in range(7):
        syspro.control.adjust_stock("THR-T6", "1", reference=f"N{number}")
    connector = syspro.connect()
    moved, _, pages = whole(connector, STOCK_MOVEMENT)
    assert len(moved) == len({row["id"] for row in moved}) == len(syspro.control.rows("InvMovements"))
    assert pages > 2
    levels, _, _ = whole(connector, STOCK_LEVEL)
    held = {(row["StockCode"], row["Warehouse"]): Decimal(str(row["QtyOnHand"])) for row in levels}
    assert held == {
        (row["StockCode"], row["Warehouse"]): row["QtyOnHand"] for row in syspro.control.rows("InvWarehouse")
    }
