"""INVQRY: one stock code with what each warehouse holds of it. A filter on the warehouse is ignored, as it really is."""

from collections.abc import Iterator
from decimal import Decimal

from integrations.sandbox.syspro.calls import Call
from integrations.sandbox.syspro.columns import Row
from integrations.sandbox.syspro.elements import Node, Reply, build, built, child, text_of
from integrations.sandbox.syspro.errors import EnetError
from integrations.sandbox.syspro.objects.system import system_information
from integrations.sandbox.syspro.posting import root_of
from integrations.sandbox.syspro.schemas import Schema

SCHEMA = Schema(
    "Key(StockCode) Option(IncludeHistory IncludeBins IncludeLots IncludeSerials IncludeMovements MultiMediaImageType "
    "WarehouseFilterType WarehouseFilterValue XslStylesheet)"
)
OF_STOCK = ("StockCode", "Description", "LongDesc", "AlternateKey1", "StockUom", "AlternateUom", "Supplier",
            "ProductClass", "TaxCode", "WarehouseToUse", "StockOnHold")  # fmt: skip
QUANTITIES = ("QtyOnHand", "QtyOnOrder", "QtyInInspection", "MinimumQty", "MaximumQty", "QtyOnBackOrder", "QtyAllocated",
              "QtyInTransit", "QtyAllocatedWip")  # fmt: skip
OF_MOVEMENT = ("EntryDate", "TrnType", "TrnQty", "TrnValue", "Reference", "Journal")


def answer(call: Call) -> Reply:
    """Raises EnetError for a stock code that there is not."""
    query = root_of(call.document, "Query", "XmlIn")
    code = text_of(query, "Key", "StockCode")
    stock = call.company.store["InvMaster"].get(code)
    if stock is None:
        raise EnetError(f"Stock code '{code}' not found")
    rows = [row for row in call.company.store["InvWarehouse"].all() if row["StockCode"] == code]
    total = sum((row["QtyOnHand"] for row in rows), Decimal(0))
    nodes = built(**{name: stock[name] for name in OF_STOCK})
    nodes += [build("WarehouseItem", _warehouse(call, row)) for row in rows]
    nodes.append(build("WarehouseTotals", _number("TotalQtyOnHand", total)))
    if text_of(child(query, "Option"), "IncludeMovements") == "Y":
        nodes += _movements(call, code)
    return Reply("InvQuery", [system_information(call), *nodes])


def _warehouse(call: Call, row: Row) -> list[Node]:
    control = call.company.store["InvWhControl"].get(row["Warehouse"])
    free = row["QtyOnHand"] - row["QtyAllocated"]
    nodes = built(Warehouse=row["Warehouse"], Description=control["Description"] if control else "")
    for name, value in {**{name: row[name] for name in QUANTITIES}, "AvailableQty": free}.items():
        nodes += _number(name, value)
    return [*nodes, *built(DefaultBin=row["DefaultBin"], UnitCost=f"{row['UnitCost']:>16}")]


def _number(name: str, value: Decimal) -> list[Node]:
    """With separators and padded; its twin is raw."""
    return [build(name, f"{value:>18,.3f}"), build(f"Unedited_{name}", value)]


def _movements(call: Call, code: str) -> Iterator[Node]:
    for row in call.company.store["InvMovements"].all():
        if row["StockCode"] == code:
            yield build(
                "Movement", built(Warehouse=row["Warehouse"], **{name: row[name] for name in OF_MOVEMENT})
            )
