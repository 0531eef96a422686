"""SYSPRO's tables, as far as they are read: key, dates, and what a raw row gets so that the portal can work with it.

A row keeps SYSPRO's own columns and spelling. Added are `id`, which is the same however many zeros an installation
writes before a number, such ids of rows that it refers to, and what else is named here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from integrations.connectors.entity import Row
from integrations.connectors.syspro import keys
from integrations.connectors.syspro.positions import Rhythm

HOURLY = timedelta(hours=1)
ALWAYS = timedelta(0)
_NO_DATE = ("0000-00-00", "0001-01-01", "1753-01-01", "1899-12-30", "1900-01-01")


@dataclass(frozen=True, slots=True)
class Join:
    """A second table with one row for each of the first, under the same key, and what it adds."""

    name: str
    columns: frozenset[str]


@dataclass(frozen=True, slots=True)
class Table:
    """One table. `flags` are columns of Y or blank that become true or false, `codes` those whose normal form is
    added under another name, `off` a flag of rows that are not to be used, `added` gives further members of the columns
    in `reads`. `join` is read beside it where the mapping wants one of its columns. `found_by` are the columns by which
    what a document makes is found again, where SYSPRO itself gives the key, each with the document's element for it.
    `only` are the values that rows have which are taken, `company` is the column that tells the companies apart which
    may share it.
    """

    name: str
    rhythm: Rhythm
    flags: tuple[str, ...] = ()
    codes: Mapping[str, str] = field(default_factory=dict)
    off: str = ""
    added: Callable[[Row], Row] | None = None
    adds: frozenset[str] = frozenset({"id", "active"})
    reads: tuple[str, ...] = ()
    join: Join | None = None
    found_by: Mapping[str, str] = field(default_factory=dict)
    only: Mapping[str, frozenset[str]] = field(default_factory=dict)
    company: str = ""

    @property
    def key(self) -> tuple[str, ...]:
        return self.rhythm.key

    def takes(self, raw: Row) -> bool:
        """Whether this row is one of those that are meant."""
        return all(keys.plain(raw.get(name)) in values for name, values in self.only.items())

    def row(self, raw: Row) -> Row:
        """A raw row as the connector hands it on."""
        row: Row = {name: _value(value) for name, value in raw.items()}
        for name in self.flags:
            if name in row:
                row[name] = str(row[name] or "").strip().upper() in {"Y", "YES", "TRUE"}
        for column, name in self.codes.items():
            row[name] = keys.normal(row.get(column)) or None
        if self.off:
            row["active"] = not row.get(self.off, False)
        if self.added is not None:
            row |= self.added(row)
        return {"id": keys.id_of(raw, self.key), **row}

    def key_of(self, raw: Row) -> tuple[str, ...]:
        """The key as the table writes it."""
        return tuple(str(raw.get(name) or "") for name in self.key)


def _value(value: Any) -> Any:
    """Texts without the blanks that fill a column up; what stands for "no date" is none."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    return None if text.startswith(_NO_DATE) else text


_JOURNAL = ("InvoiceYear", "InvoiceMonth", "Journal", "EntryNumber")
_MOVED = ("TrnYear", "TrnMonth", "Journal", "JournalEntry")
_ENTERED = ("TrnYear", "TrnMonth", "Journal", "EntryNumber")


def _posted_in(columns: tuple[str, ...]) -> Callable[[Row], Row]:
    """Adds where a row was posted: `2025/3/17/1`."""

    def added(row: Row) -> Row:
        parts = [keys.whole(row.get(name)) for name in columns]
        return {"PostedIn": "/".join(parts) if all(parts) else ""}

    return added


AP_INVOICE = Table(
    "ApInvoice",
    Rhythm(("Supplier", "Invoice"), dates=("InvoiceDate", "JournalDate")),
    codes={"Supplier": "vendor"},
    added=_posted_in(_JOURNAL),
    adds=frozenset({"id", "vendor", "PostedIn"}),
    reads=_JOURNAL,
)
AP_ENTRIES = Table(
    "ApJnlSummary",
    Rhythm(_ENTERED, dates=("JournalDate",), overlap=timedelta(days=7), reach=timedelta(days=35)),
    added=_posted_in(_ENTERED),
    adds=frozenset({"id", "PostedIn"}),
    found_by={"Supplier": "Supplier", "Invoice": "Invoice", "Reference": "TransactionReference"},
)
"""What was entered in accounts payable, each document with a row of its own."""
AP_SUPPLIER = Table(
    "ApSupplier",
    Rhythm(("Supplier",), whole_every=ALWAYS),
    flags=("OnHold",),
    join=Join(
        "ApSupplierAddr",
        frozenset({*(f"SupAddr{line}" for line in range(1, 6)), "SupPostalCode", "RemitName"}),
    ),
)
GEN_MASTER = Table(
    "GenMaster",
    Rhythm(("GlCode",), whole_every=HOURLY),
    flags=("AccOnHldFlag",),
    off="AccOnHldFlag",
    company="Company",
)
INV_MASTER = Table(
    "InvMaster", Rhythm(("StockCode",), whole_every=HOURLY), flags=("StockOnHold",), off="StockOnHold"
)
INV_WAREHOUSE = Table(
    "InvWarehouse",
    Rhythm(
        ("Warehouse", "StockCode"),
        dates=("DateLastStockMove", "DateLastSale", "DateLastPurchase"),
        overlap=timedelta(days=2),
    ),
)
INV_MOVEMENTS = Table(
    "InvMovements",
    Rhythm(
        (*_MOVED, "Warehouse", "StockCode"),
        dates=("EntryDate",),
        overlap=timedelta(days=7),
        reach=timedelta(days=35),
    ),
    added=_posted_in(_MOVED),
    adds=frozenset({"id", "PostedIn"}),
    found_by={"StockCode": "StockCode", "Warehouse": "Warehouse", "Reference": "Reference"},
)
"""The stock code comes last in both keys: it alone may hold what separates the parts of an id."""
INV_WH_CONTROL = Table("InvWhControl", Rhythm(("Warehouse",), whole_every=HOURLY))
POR_MASTER_HDR = Table(
    "PorMasterHdr",
    Rhythm(("PurchaseOrder",), dates=("OrderEntryDate", "OrderDueDate", "DatePoCompleted")),
    flags=("CancelledFlag",),
    codes={"PurchaseOrder": "number", "Supplier": "vendor"},
    off="CancelledFlag",
    adds=frozenset({"id", "active", "number", "vendor"}),
    reads=("Supplier",),
)
_GOODS = frozenset({"1", "7"})
"""Kinds of lines: stocked and not stocked. The others are freight, charges and words."""
POR_MASTER_DETAIL = Table(
    "PorMasterDetail",
    Rhythm(("PurchaseOrder", "Line"), dates=("MLatestDueDate", "MLastReceiptDat")),
    flags=("MCompleteFlag",),
    codes={"PurchaseOrder": "order"},
    adds=frozenset({"id", "order"}),
    reads=("LineType", "MStockCode", "MOrderQty", "MReceivedQty", "MPrice"),
    only={"LineType": _GOODS},
)

TABLES: Mapping[str, Table] = {
    table.name: table
    for table in (
        AP_ENTRIES,
        AP_INVOICE,
        AP_SUPPLIER,
        GEN_MASTER,
        INV_MASTER,
        INV_WH_CONTROL,
        INV_WAREHOUSE,
        INV_MOVEMENTS,
        POR_MASTER_HDR,
        POR_MASTER_DETAIL,
    )
}
