"""Purchase orders as they stand: found by number, what is still to come, and how they are completed."""

from decimal import Decimal

from integrations.sandbox.syspro.columns import Row
from integrations.sandbox.syspro.company import Company
from integrations.sandbox.syspro.errors import MISSING, RULE
from integrations.sandbox.syspro.reading import Reading

IN_PROCESS, READY, PRINTED, COMPLETE, CANCELLED = "0", "1", "4", "9", "*"
STOCKED, FREIGHT, MISC, COMMENT, NON_STOCKED = "1", "4", "5", "6", "7"
"""Line types, of which only the first is confirmed."""
NO_WAREHOUSE = "**"


def order_of(company: Company, item: Reading) -> Row | None:
    """The order that an element names, which must be open."""
    number = item.text("PurchaseOrder", 20, required=True)
    found = company.store["PorMasterHdr"].get(company.padded(number)) if number else None
    if number and found is None:
        item.wrong("PurchaseOrder", number, MISSING, f"Purchase order '{number}' not found")
    elif found and found["OrderStatus"] in {COMPLETE, CANCELLED}:
        state = "complete" if found["OrderStatus"] == COMPLETE else "cancelled"
        item.wrong("PurchaseOrder", number, RULE, f"Purchase order '{number}' is {state}")
    return found


def lines_of(company: Company, number: str) -> list[Row]:
    return [row for row in company.store["PorMasterDetail"].all() if row["PurchaseOrder"] == number]


def outstanding(line: Row) -> Decimal:
    if line["LineType"] not in {STOCKED, NON_STOCKED} or line["MCompleteFlag"] == "Y":
        return Decimal(0)
    return max(line["MOrderQty"] - line["MReceivedQty"], Decimal(0))


def put_line(company: Company, line: Row) -> None:
    """Write a line, and with it what its warehouse has on order."""
    before = company.store["PorMasterDetail"].get(line["PurchaseOrder"], line["Line"])
    expect(company, line, outstanding(line) - (outstanding(before) if before else 0))
    company.put("PorMasterDetail", **line)


def remove_line(company: Company, line: Row) -> None:
    expect(company, line, -outstanding(line))
    company.store["PorMasterDetail"].delete(line["PurchaseOrder"], line["Line"])


def expect(company: Company, line: Row, quantity: Decimal) -> None:
    """So much more is on order in the warehouse of a stocked line."""
    held = company.store["InvWarehouse"].get(line["MStockCode"], line["MWarehouse"])
    if line["LineType"] == STOCKED and held and quantity:
        company.put("InvWarehouse", StockCode=line["MStockCode"], Warehouse=line["MWarehouse"],
                    QtyOnOrder=held["QtyOnOrder"] + quantity)  # fmt: skip


def complete_if_done(company: Company, number: str, day: str) -> None:
    """An order is complete once nothing of its goods is to come."""
    goods = [line for line in lines_of(company, number) if line["LineType"] in {STOCKED, NON_STOCKED}]
    if goods and not any(map(outstanding, goods)):
        company.put("PorMasterHdr", PurchaseOrder=number, OrderStatus=COMPLETE, DatePoCompleted=day)
