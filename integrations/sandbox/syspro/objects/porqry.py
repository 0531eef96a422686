"""PORQRY: one purchase order with its lines. A kind of line is left out by its option at N (that the rest is shown is
inferred)."""

from collections.abc import Mapping

from integrations.sandbox.syspro.calls import Call
from integrations.sandbox.syspro.columns import Row
from integrations.sandbox.syspro.elements import Node, Reply, build, built, child, text_of
from integrations.sandbox.syspro.errors import EnetError
from integrations.sandbox.syspro.objects.orders import (
    CANCELLED,
    COMMENT,
    COMPLETE,
    FREIGHT,
    IN_PROCESS,
    MISC,
    NON_STOCKED,
    PRINTED,
    READY,
    STOCKED,
    lines_of,
    outstanding,
)
from integrations.sandbox.syspro.objects.system import system_information
from integrations.sandbox.syspro.posting import root_of
from integrations.sandbox.syspro.schemas import Schema

KINDS: Mapping[str, tuple[str, str, str]] = {
    STOCKED: ("IncludeStockedLines", "Merchandise", "Stocked"),
    NON_STOCKED: ("IncludeNonStockedLines", "Merchandise", "Non-stocked"),
    FREIGHT: ("IncludeFreightLines", "Freight", "Freight"),
    MISC: ("IncludeMiscellaneousLines", "MiscellaneousCharge", "Miscellaneous"),
    COMMENT: ("IncludeCommentLines", "Comment", "Comment"),
}
"""Of each type of line: its option, its element and its description."""
STATES: Mapping[str, str] = {
    IN_PROCESS: "In process", READY: "Ready to print", PRINTED: "Printed", COMPLETE: "Complete", CANCELLED: "Cancelled",
}  # fmt: skip
SCHEMA = Schema(
    f"Key(PurchaseOrder) Option({' '.join(option for option, _, _ in KINDS.values())} IncludeCompletedLines IncludeGrns "
    "IncludeHistory)"
)
OF_ORDER = ("PurchaseOrder", "Supplier", "Currency", "OrderStatus", "OrderEntryDate", "OrderDueDate", "Buyer",
            "Warehouse", "CustomerPoNumber", "TaxStatus", "DeliveryName")  # fmt: skip
OF_LINE = ("MStockCode", "MStockDes", "MWarehouse", "MOrderUom", "MCompleteFlag", "MPriceUom", "MLatestDueDate",
           "MOrigDueDate", "MGlCode", "MTaxCode", "NComment")  # fmt: skip


def answer(call: Call) -> Reply:
    """Raises EnetError for an order that there is not."""
    query = root_of(call.document, "Query", "XmlIn")
    number = text_of(query, "Key", "PurchaseOrder")
    order = call.company.store["PorMasterHdr"].get(call.company.padded(number))
    if order is None:
        raise EnetError(f"Purchase order '{number}' not found")
    supplier = call.company.supplier(order["Supplier"])
    option = child(query, "Option")
    nodes = built(**{name: order[name] for name in OF_ORDER})
    nodes += built(
        SupplierName=supplier["SupplierName"] if supplier else "", CompletedDate=order["DatePoCompleted"],
        OrderStatusDescription=STATES[order["OrderStatus"]],
        LocalSupplier="Local" if order["Currency"] == call.company.currency else "Foreign",
    )  # fmt: skip
    for line in lines_of(call.company, order["PurchaseOrder"]):
        wanted, name, _ = KINDS[line["LineType"]]
        done = line["MCompleteFlag"] == "Y" and text_of(option, "IncludeCompletedLines") == "N"
        if text_of(option, wanted) != "N" and not done:
            nodes.append(build("PurchaseOrderLine", [build(name, _line(line))]))
    return Reply("PorDetail", [system_information(call), *nodes])


def _line(line: Row) -> list[Node]:
    numbers = {
        "MOutstandingQty": outstanding(line), "MOrderQty": line["MOrderQty"], "MReceivedQty": line["MReceivedQty"],
        "MPrice": line["MPrice"],
    }  # fmt: skip
    nodes = built(Line=f"{int(line['Line']):04d}", LineType=line["LineType"],
                  LineTypeDescription=KINDS[line["LineType"]][2], **{name: line[name] for name in OF_LINE})  # fmt: skip
    for name, value in numbers.items():
        nodes += built(**{name: f"{value:>18,.3f}", f"Unedited_{name}": value})
    return nodes
