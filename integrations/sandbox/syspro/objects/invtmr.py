"""INVTMR: receives stock that no purchase order asked for, at a unit cost or a total."""

from decimal import Decimal

from integrations.sandbox.syspro.company import RECEIVED_ACCOUNT
from integrations.sandbox.syspro.elements import build, built
from integrations.sandbox.syspro.errors import RULE
from integrations.sandbox.syspro.objects.movements import (
    PARAMETERS,
    RECEIPT,
    SHARED,
    Place,
    average,
    contra_of,
    key_of,
    move,
    movement,
    place_of,
    quantity_of,
    settled,
)
from integrations.sandbox.syspro.posting import Batch, Posted
from integrations.sandbox.syspro.reading import Reading
from integrations.sandbox.syspro.schemas import Schema

SCHEMA = Schema(
    f"Item({SHARED} UnitCost TotalCost LotExpiryDate Bins(BinLocation BinQuantity))",
    f"{PARAMETERS} ManualSerialTransfersAllowed ReturnDetailedReceipt",
)


def post(batch: Batch, item: Reading) -> Posted:
    """Raises Rejected."""
    place = place_of(batch, item)
    quantity = quantity_of(item, place)
    cost = _unit_cost(item, place, quantity)
    contra, period = contra_of(batch, item, RECEIVED_ACCOUNT), batch.open_period(item)
    place = settled(batch, item, place)
    stocked = {"UnitCost": average(place, quantity, cost), "LastCostEntered": cost}
    move(batch, item, place, RECEIPT, quantity, contra, period, cost=cost, stocked=stocked)
    nodes = []
    if batch.parameters["ReturnDetailedReceipt"] == "Y":
        told = built(StockCode=place.stock["StockCode"], Warehouse=place.warehouse["Warehouse"], LotNumber="",
                     Journal=f"{batch.journal:05d}", EntryNumber=f"{batch.entries:05d}")  # fmt: skip
        nodes = [build("ReceiptItem", told)]
    return Posted(nodes, key_of(item))


def _unit_cost(item: Reading, place: Place | None, quantity: Decimal) -> Decimal:
    unit, total = item.number("UnitCost", 5), item.number("TotalCost", 2)
    if item.text("UnitCost") and item.text("TotalCost"):
        item.wrong("TotalCost", item.text("TotalCost"), RULE, "Unit cost and total cost cannot both be given")
    if item.text("TotalCost") and quantity:
        return total / quantity
    if item.text("UnitCost"):
        return unit
    return place.warehouse["UnitCost"] if place else Decimal(0)


OBJECT = movement("PostInvReceipts", post, ReturnDetailedReceipt="N")
