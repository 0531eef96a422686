"""What people in the office and the stores do to the company at their desktops: rows written past every check."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from integrations.sandbox.syspro.columns import Row
from integrations.sandbox.syspro.company import Company
from integrations.sandbox.syspro.objects.orders import (
    CANCELLED,
    PRINTED,
    STOCKED,
    complete_if_done,
    lines_of,
    put_line,
)


def add_supplier(company: Company, code: str, name: str, **members: Any) -> None:
    """With its address; what is not given is as most suppliers have it."""
    key = company.padded(code)
    usual = {
        "SupShortName": name[:20], "Branch": "10", "TermsCode": "30", "Bank": "CHASE", "Currency": company.currency,
        "OnHold": "N", "SupplierType": "T", "PurchOrdAllowed": "Y", "GrnMatchReqd": "N",
        "DateSuppAdded": company.today().isoformat(),
    }  # fmt: skip
    columns = company.store["ApSupplierAddr"].table.columns
    address = {column: members.pop(column) for column in list(members) if column in columns}
    company.put("ApSupplier", Supplier=key, SupplierName=name, **{**usual, **members})
    company.put("ApSupplierAddr", Supplier=key, **address)


def add_stock(
    company: Company, code: str, description: str, cost: str, held: Mapping[str, int], **members: Any
) -> None:
    """A stock code, and how much of it each warehouse that stocks it holds."""
    day = company.today().isoformat()
    usual = {
        "StockUom": "EA",
        "CostUom": "EA",
        "PartCategory": "B",
        "WarehouseToUse": "MAIN",
        "DateStkAdded": day,
    }
    company.put(
        "InvMaster", StockCode=code, Description=description, MaterialCost=cost, **{**usual, **members}
    )
    for warehouse, quantity in held.items():
        company.put("InvWarehouse", StockCode=code, Warehouse=warehouse, QtyOnHand=quantity, UnitCost=cost)


def add_invoice(
    company: Company, supplier: str, number: str, total: Decimal, days_ago: int = 0, *, paid: bool = False
) -> None:
    """An invoice that somebody in the office has posted by hand."""
    owner = company.supplier(supplier)
    if owner is None:
        raise ValueError(f"There is no supplier {supplier!r}.")
    day = company.today() - timedelta(days=days_ago)
    journal = company.store.next_number(f"AP journal {day.year}/{day.month}")
    company.put(
        "ApInvoice", Supplier=owner["Supplier"], Invoice=number, JournalDate=day, Journal=journal, EntryNumber=1,
        Branch=owner["Branch"], InvoiceDate=day, DueDate=day + timedelta(days=30), DiscountDate=day,
        OrigInvValue=total, MthInvBal1=0 if paid else total, InvoiceStatus="9" if paid else "0",
        Currency=owner["Currency"], PostCurrency=owner["Currency"], Bank=owner["Bank"], InvoiceYear=day.year,
        InvoiceMonth=day.month, ExchangeRate=1, ConvRate=1, MulDiv="M", CurrencyValue=total,
    )  # fmt: skip
    if not paid:
        company.put("ApSupplier", Supplier=owner["Supplier"], CurrentBalance=owner["CurrentBalance"] + total)


def pay(company: Company, supplier: str, number: str, amount: Decimal | None = None) -> Row:
    """All of what is owed of an invoice, if no amount is given. Raises ValueError for one that is not there."""
    key = {"Supplier": company.padded(supplier), "Invoice": number}
    invoice, owner = company.store["ApInvoice"].get(*key.values()), company.supplier(supplier)
    if invoice is None or owner is None:
        raise ValueError(f"There is no invoice {number!r} of supplier {supplier!r}.")
    paid = invoice["MthInvBal1"] if amount is None else amount
    left, entry = invoice["MthInvBal1"] - paid, int(invoice["NextPaymEntry"]) + 1
    company.put("ApInvoicePay", **key, EntryNumber=entry, PaymentReference=f"CHQ{entry:06d}",
                PostDate=company.today(), PostValue=paid)  # fmt: skip
    company.put("ApSupplier", Supplier=owner["Supplier"], CurrentBalance=owner["CurrentBalance"] - paid)
    return company.put(
        "ApInvoice", **key, MthInvBal1=left, NextPaymEntry=entry, InvoiceStatus="0" if left else "9"
    )


def add_order(
    company: Company,
    supplier: str,
    lines: Mapping[str, tuple[Decimal, Decimal]],
    reference: str = "",
    days_ago: int = 0,
) -> str:
    """Quantity and price by stock code, for the warehouse MAIN; gives the order's number."""
    number = company.padded(str(company.store.next_number("purchase order")))
    day = company.today() - timedelta(days=days_ago)
    due = day + timedelta(days=7)
    company.put("PorMasterHdr", PurchaseOrder=number, Supplier=company.padded(supplier), OrderStatus=PRINTED,
                Currency=company.currency, ExchangeRate=1, OrderType="L", TaxStatus="N", OrderEntryDate=day,
                OrderDueDate=due, Warehouse="MAIN", CustomerPoNumber=reference)  # fmt: skip
    for place, (code, (quantity, price)) in enumerate(lines.items(), 1):
        stock = company.store["InvMaster"].by_key[(code,)]
        line = {"PurchaseOrder": number, "Line": Decimal(place), "LineType": STOCKED, "MStockCode": code,
                "MStockDes": stock["Description"], "MWarehouse": "MAIN", "MOrderQty": quantity, "MPrice": price,
                "MOrderUom": stock["StockUom"], "MPriceUom": stock["StockUom"], "MOrigDueDate": due.isoformat(),
                "MLatestDueDate": due.isoformat(), "MProductClass": stock["ProductClass"]}  # fmt: skip
        put_line(company, {**company.store["PorMasterDetail"].table.blank(), **line})
    return number


def receive_order(company: Company, number: str, line: int, quantity: Decimal) -> None:
    """Raises KeyError for a line that is not there."""
    number, day = company.padded(number), company.today().isoformat()
    row = company.store["PorMasterDetail"].by_key[number, str(line)]
    received = row["MReceivedQty"] + quantity
    done = "Y" if received >= row["MOrderQty"] else ""
    put_line(company, {**row, "MReceivedQty": received, "MLastReceiptDat": day, "MCompleteFlag": done})
    complete_if_done(company, number, day)
    held = company.store["InvWarehouse"].by_key[row["MStockCode"], row["MWarehouse"]]
    _move(company, held, "R", quantity, row["MPrice"], f"PO {number.lstrip('0')}")


def cancel_order(company: Company, number: str) -> None:
    number = company.padded(number)
    for line in lines_of(company, number):
        put_line(company, {**line, "MCompleteFlag": "Y"})
    company.put(
        "PorMasterHdr", PurchaseOrder=number, OrderStatus=CANCELLED, CancelledFlag="Y", ActiveFlag="N"
    )


def adjust_stock(company: Company, code: str, warehouse: str, quantity: Decimal, reference: str = "") -> None:
    """Raises KeyError where the warehouse does not stock it."""
    held = company.store["InvWarehouse"].by_key[code, warehouse]
    _move(company, held, "A", quantity, held["UnitCost"], reference)


def _move(company: Company, held: Row, kind: str, quantity: Decimal, cost: Decimal, reference: str) -> None:
    key = {"StockCode": held["StockCode"], "Warehouse": held["Warehouse"]}
    journal = company.store.next_number(f"IN journal {company.year}/{company.month}")
    company.put(
        "InvWarehouse", **key, QtyOnHand=held["QtyOnHand"] + quantity, DateLastStockMove=company.today()
    )
    company.put("InvMovements", **key, TrnYear=company.year, TrnMonth=company.month, Journal=journal, JournalEntry=1,
                EntryDate=company.today(), MovementType="I", TrnType=kind, TrnQty=quantity,
                TrnValue=quantity * cost, UnitCost=cost, Reference=reference)  # fmt: skip
