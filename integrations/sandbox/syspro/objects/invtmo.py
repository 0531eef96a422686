"""INVTMO: transfers stock out of a warehouse, at once into another or into transit to it."""

from integrations.sandbox.syspro.company import INVENTORY_ACCOUNT
from integrations.sandbox.syspro.errors import RULE
from integrations.sandbox.syspro.objects.movements import (
    PARAMETERS,
    SHARED,
    TRANSFER,
    average,
    contra_of,
    key_of,
    move,
    movement,
    place_of,
    quantity_of,
    refuse_shortage,
    settled,
)
from integrations.sandbox.syspro.posting import Batch, Posted
from integrations.sandbox.syspro.reading import Reading
from integrations.sandbox.syspro.schemas import Schema

SCHEMA = Schema(
    f"Item({SHARED} Immediate NoDestination FromLpn FromWarehouse FromBin ToWarehouse ToBin ToWhJournal)",
    f"{PARAMETERS} CreateDestinationWarehouse TransferCostIfReceivingWhCostZero",
)


def post(batch: Batch, item: Reading) -> Posted:
    """Raises Rejected."""
    source = place_of(batch, item, "FromWarehouse")
    opens = batch.parameters["CreateDestinationWarehouse"] == "Y"
    aim = place_of(batch, item, "ToWarehouse", opens=opens) if source else None
    quantity = quantity_of(item, source)
    refuse_shortage(item, source, quantity)
    if source and aim and source.warehouse["Warehouse"] == aim.warehouse["Warehouse"]:
        item.wrong("ToWarehouse", item.text("ToWarehouse"), RULE, "The warehouses of a transfer must differ")
    at_once = item.choice("Immediate", "YN", "N") == "Y"
    contra, period = contra_of(batch, item, INVENTORY_ACCOUNT), batch.open_period(item)
    source, aim = settled(batch, item, source), settled(batch, item, aim)
    cost = source.warehouse["UnitCost"]
    target = aim.warehouse["Warehouse"]
    move(batch, item, source, TRANSFER, -quantity, contra, period, NewWarehouse=target)
    if at_once:
        stocked = {"UnitCost": average(aim, quantity, cost)}
        move(batch, item, aim, TRANSFER, quantity, contra, period, cost=cost, stocked=stocked,
             NewWarehouse=source.warehouse["Warehouse"])  # fmt: skip
    else:
        row = aim.warehouse
        batch.call.company.put("InvWarehouse", StockCode=row["StockCode"], Warehouse=target,
                               QtyInTransit=row["QtyInTransit"] + quantity)  # fmt: skip
    return Posted([], _key(item))


def _key(item: Reading) -> str:
    return key_of(item, "FromWarehouse")


OBJECT = movement("PostInvWhTransferOut", post, _key, CreateDestinationWarehouse="N")
