"""Stock in the SYSPRO sandbox: adjusted, counted, received, transferred and used up, with what each leaves behind."""

from decimal import Decimal

import pytest

from tests.sandbox.syspro_caller import errors, members, said

ROOTS = {
    "INVTMA": "PostInvAdjustments",
    "INVTMR": "PostInvReceipts",
    "INVTMO": "PostInvWhTransferOut",
    "INVTME": "PostInvExpenseIssues",
}


@pytest.fixture
def store(make_company):
    """100 caps at 2.00 in MAIN, 4 in TRK1; cables that come in rolls of 50 metres."""
    company = make_company(suppliers=0)
    company.control.add_stock("CAP", "Capacitor", "2", {"MAIN": 100, "TRK1": 4})
    company.control.add_stock(
        "CABLE", "Cable", "1", {"MAIN": 10}, StockUom="M", AlternateUom="ROLL", ConvFactAltUom=50, ConvMulDiv="M",
        Decimals=2,
    )  # fmt: skip
    company.control.put("InvMaster", {"StockCode": "TOI-STD", "StockOnHold": "F"})
    company.control.deny_warehouse("TRK2")
    return company


def post(company, name, parameters=None, **values):
    good = {"Warehouse": "MAIN", "StockCode": "CAP", "Quantity": "5", "Reference": "ADJ-1"}
    item = members(Item=members(**{**good, **values}))
    return company.post(name, ROOTS[name], item, **(parameters or {}))


def transfer(company, parameters=None, **values):
    good = {"Warehouse": None, "FromWarehouse": "MAIN", "ToWarehouse": "TRK1", "Immediate": "Y"}
    return post(company, "INVTMO", parameters, **{**good, **values})


def movements(company):
    rows = company.control.rows("InvMovements")
    return [(row["Warehouse"], row["TrnType"], row["TrnQty"], row["TrnValue"]) for row in rows]


@pytest.mark.parametrize(
    ("changed", "element", "sentence"),
    [
        ({"StockCode": "1004"}, "StockCode", "Stock code '1004' not found"),
        ({"StockCode": ""}, "StockCode", "XML element '{Item}{StockCode}' cannot be spaces"),
        ({"StockCode": "TOI-STD"}, "StockCode", "Stock code 'TOI-STD' is on hold"),
        (
            {"StockCode": "CABLE", "Warehouse": "TRK1"},
            "StockCode",
            "Stock code 'CABLE' not stocked in warehouse TRK1",
        ),
        ({"Warehouse": "ZZ"}, "Warehouse", "Warehouse 'ZZ' not found"),
        ({"Warehouse": "TRK2"}, "Warehouse", "Access to warehouse 'TRK2' denied"),
        ({"Quantity": ""}, "Quantity", "XML element '{Item}{Quantity}' cannot be spaces"),
        ({"Quantity": "1.5"}, "Quantity", "Quantity has more than 0 decimals"),
        ({"UnitOfMeasure": "BOX"}, "UnitOfMeasure", "Unit of measure 'BOX' is invalid for stock code 'CAP'"),
        ({"LedgerCode": "77"}, "LedgerCode", "Ledger code '77' not found"),
        ({"Quantity": "-101"}, "Quantity", "Insufficient stock of 'CAP' in warehouse 'MAIN' (100 free)"),
    ],
)
def test_a_movement_that_cannot_be_is_refused_beside_its_element(store, changed, element, sentence):
    reply = post(store, "INVTMA", **changed)
    assert errors(reply) == {element: sentence}
    assert said(reply, "ItemsInvalid") == "000001"
    assert movements(store) == [] and reply.find("Key") is None


@pytest.mark.parametrize("name", ["INVTMR", "INVTMO", "INVTME"])
def test_only_an_adjustment_may_be_negative(store, name):
    values = {"Quantity": "-1", "LedgerCode": "30-4500", "FromWarehouse": "MAIN", "ToWarehouse": "TRK1"}
    assert errors(post(store, name, **values)) == {"Quantity": "Quantity must be greater than zero"}


def test_a_closed_period_takes_no_movement(store):
    store.control.close_period("C")
    assert errors(post(store, "INVTMA")) == {"PostingPeriod": "Posting period 2026/09 is closed"}


def test_an_adjustment_changes_the_stock_and_leaves_a_movement_and_a_ledger_journal(store):
    reply = post(store, "INVTMA", {"TransactionDate": "2026-09-20"}, Quantity="-3", Notation="damaged")
    assert {one.tag: one.text for one in reply.find("Key") if one.tag.startswith("J")} == {
        "JnlYear": "2026", "JnlMonth": "09", "Journal": "00001",
    }  # fmt: skip
    assert (said(reply, "Key/EntryNumber"), said(reply, "Key/GlJournal/GlJournal")) == ("00001", "00001")
    assert (said(reply, "ItemsProcessed"), said(reply, "ItemsInvalid")) == ("000001", "000000")
    assert store.control.on_hand("CAP") == 97
    assert movements(store) == [("MAIN", "A", -3, -6)]
    [row] = store.control.rows("InvMovements")
    assert (row["EntryDate"], row["Reference"], row["AddReference"]) == ("2026-09-20", "ADJ-1", "damaged")
    ledger = {one["GlCode"]: one["EntryValue"] for one in store.control.rows("GenJournalDetail")}
    assert ledger == {"00-1300": -6, "00-5900": 6}
    assert store.control.posted("INVTMA") == {"CAP/MAIN/ADJ-1": 1}


def test_a_count_moves_the_difference_and_nothing_where_there_is_none(store):
    post(store, "INVTMA", {"PhysicalCount": "Y"}, Quantity="88")
    reply = post(store, "INVTMA", {"PhysicalCount": "Y"}, Quantity="88")
    assert store.control.on_hand("CAP") == 88
    assert movements(store) == [("MAIN", "A", -12, -24)]
    assert (errors(reply), reply.find("Key"), said(reply, "ItemsProcessed")) == ({}, None, "000001")


def test_the_same_adjustment_sent_twice_counts_twice(store):
    for _ in range(2):
        post(store, "INVTMA")
    assert store.control.on_hand("CAP") == 110
    assert store.control.posted("INVTMA") == {"CAP/MAIN/ADJ-1": 2}
    assert [row["Journal"] for row in store.control.rows("InvMovements")] == [1, 2]


def test_a_dry_run_moves_nothing(store):
    reply = post(store, "INVTMA", {"ValidateOnly": "Y"})
    assert (said(reply, "ItemsProcessed"), movements(store), store.control.on_hand("CAP")) == (
        "000001",
        [],
        100,
    )


def test_an_alternate_unit_is_converted(store):
    post(store, "INVTMA", StockCode="CABLE", Quantity="2", UnitOfMeasure="ROLL")
    assert store.control.on_hand("CABLE") == 110


def test_a_receipt_averages_the_cost(store):
    post(store, "INVTMR", Quantity="100", UnitCost="3.00000")
    row = store.control.row("InvWarehouse", "CAP", "MAIN")
    assert (row["QtyOnHand"], row["UnitCost"], row["LastCostEntered"]) == (200, Decimal("2.5"), 3)
    post(store, "INVTMR", Warehouse="TRK1", Quantity="4", TotalCost="24.00")
    assert store.control.row("InvWarehouse", "CAP", "TRK1")["UnitCost"] == 4
    assert movements(store) == [("MAIN", "R", 100, 300), ("TRK1", "R", 4, 24)]


def test_a_receipt_has_one_cost_and_may_be_told_in_detail(store):
    both = post(store, "INVTMR", UnitCost="1", TotalCost="5")
    assert errors(both) == {"TotalCost": "Unit cost and total cost cannot both be given"}
    told = post(store, "INVTMR", {"ReturnDetailedReceipt": "Y"}, UnitCost="2")
    assert [said(told, f"ReceiptItem/{name}") for name in ("StockCode", "Warehouse", "Journal", "EntryNumber")] == [
        "CAP", "MAIN", "00001", "00001",
    ]  # fmt: skip
    assert post(store, "INVTMR").find("Item/ReceiptItem") is None


def test_an_immediate_transfer_is_two_movements_at_one_cost(store):
    reply = transfer(store)
    assert errors(reply) == {}
    assert (store.control.on_hand("CAP"), store.control.on_hand("CAP", "TRK1")) == (95, 9)
    assert movements(store) == [("MAIN", "T", -5, -10), ("TRK1", "T", 5, 10)]
    assert {row["NewWarehouse"] for row in store.control.rows("InvMovements")} == {"MAIN", "TRK1"}
    assert store.control.posted("INVTMO") == {"CAP/MAIN/ADJ-1": 1}


def test_a_transfer_in_two_steps_is_in_transit_first(store):
    transfer(store, Immediate="N")
    assert (store.control.on_hand("CAP"), store.control.on_hand("CAP", "TRK1")) == (95, 4)
    assert store.control.row("InvWarehouse", "CAP", "TRK1")["QtyInTransit"] == 5


@pytest.mark.parametrize(
    ("changed", "element", "sentence"),
    [
        ({"ToWarehouse": "MAIN"}, "ToWarehouse", "The warehouses of a transfer must differ"),
        ({"ToWarehouse": ""}, "ToWarehouse", "XML element '{Item}{ToWarehouse}' cannot be spaces"),
        ({"Quantity": "101"}, "Quantity", "Insufficient stock of 'CAP' in warehouse 'MAIN' (100 free)"),
        ({"StockCode": "CABLE"}, "StockCode", "Stock code 'CABLE' not stocked in warehouse TRK1"),
    ],
)
def test_a_transfer_that_cannot_be_is_refused(store, changed, element, sentence):
    assert errors(transfer(store, **changed)) == {element: sentence}
    assert movements(store) == []


def test_a_transfer_may_open_the_warehouse_it_goes_to(store):
    assert errors(transfer(store, {"CreateDestinationWarehouse": "Y"}, StockCode="CABLE")) == {}
    assert store.control.on_hand("CABLE", "TRK1") == 5


def test_material_used_up_goes_to_the_expense_account_that_is_named(store):
    assert list(errors(post(store, "INVTME"))) == ["LedgerCode"]
    post(store, "INVTME", LedgerCode="20-5100")
    assert store.control.on_hand("CAP") == 95
    assert movements(store) == [("MAIN", "I", -5, -10)]
    ledger = {one["GlCode"]: one["EntryValue"] for one in store.control.rows("GenJournalDetail")}
    assert ledger == {"00-1300": -10, "20-5100": 10}


def test_what_is_allocated_is_not_free(store):
    store.control.put("InvWarehouse", {"StockCode": "CAP", "Warehouse": "MAIN", "QtyAllocated": 98})
    assert "(2 free)" in errors(post(store, "INVTME", LedgerCode="20-5100"))["Quantity"]


def test_a_query_shows_every_warehouse_whatever_the_filter(store):
    post(store, "INVTMA", Quantity="1900")
    option = "<WarehouseFilterValue>TRK1</WarehouseFilterValue><IncludeMovements>Y</IncludeMovements>"
    document = f"<Query><Key><StockCode>CAP</StockCode></Key><Option>{option}</Option></Query>"
    reply = store.query("INVQRY", document)
    assert (reply.tag, said(reply, "Description")) == ("InvQuery", "Capacitor")
    assert [one.findtext("Warehouse") for one in reply.findall("WarehouseItem")] == ["MAIN", "TRK1"]
    main = reply.find("WarehouseItem")
    assert main.findtext("QtyOnHand") == "2,000.000".rjust(18)
    assert Decimal(main.findtext("Unedited_AvailableQty")) == 2000
    assert main.findtext("Description") == "Reno main store"
    assert Decimal(said(reply, "Unedited_TotalQtyOnHand")) == 2004
    assert said(reply, "Movement/TrnType") == "A"
    missing = document.replace("CAP", "NONE")
    refused = store.text("Query/Query", UserId=store.token, BusinessObject="INVQRY", XmlIn=missing)
    assert refused == "ERROR: Stock code 'NONE' not found"


def test_stock_can_be_read_by_odata(store):
    post(store, "INVTMA")
    [row] = store.rows("InvWarehouse", filter="StockCode eq 'CAP' and Warehouse eq 'MAIN'")
    assert row["QtyOnHand"] == 105
    [moved] = store.rows("InvMovements", filter="Reference eq 'ADJ-1'", select="TrnQty,EntryDate")
    assert moved == {"TrnQty": 5, "EntryDate": "2026-09-21T00:00:00Z"}
    assert {one["Warehouse"] for one in store.rows("InvWhControl")} == {"MAIN", "TRK1", "TRK2"}


@pytest.mark.parametrize(
    "wrong", [{"TransactionDate": "today"}, {"IgnoreWarnings": "maybe"}, {"PostingPeriod": "X"}]
)
def test_a_parameter_that_is_none_of_its_choices_refuses_the_document(store, wrong):
    text = store.post_text("INVTMA", "PostInvAdjustments", "<Item/>", **wrong)
    assert text.startswith("ERROR: ") and next(iter(wrong)) in text
