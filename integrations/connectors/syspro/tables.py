"""SYSPRO's tables, as far as they are read: key, dates, and what a raw row gets so that the portal can work with it.

A row keeps SYSPRO's own columns and spelling. Added are `id`, which is the same however many zeros an installation
writes before a number, such ids of rows that it refers to, and what else is named here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from integrations.connectors.base import Row
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
    in `reads`. `join` is read beside it where the mapping wants one of its columns.
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

    @property
    def key(self) -> tuple[str, ...]:
        return self.rhythm.key

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


def _journal(row: Row) -> Row:
    """Where it was posted: `2025/3/17/1`."""
    parts = [keys.normal(_whole(row.get(name))) for name in _JOURNAL]
    return {"PostedIn": "/".join(parts) if all(parts) else ""}


def _whole(value: Any) -> Any:
    """Decimal columns may come as 17.0."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


AP_INVOICE = Table(
    "ApInvoice",
    Rhythm(("Supplier", "Invoice"), dates=("InvoiceDate", "JournalDate")),
    codes={"Supplier": "vendor"},
    added=_journal,
    adds=frozenset({"id", "vendor", "PostedIn"}),
    reads=_JOURNAL,
)
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
    "GenMaster", Rhythm(("GlCode",), whole_every=HOURLY), flags=("AccOnHldFlag",), off="AccOnHldFlag"
)
INV_MASTER = Table(
    "InvMaster", Rhythm(("StockCode",), whole_every=HOURLY), flags=("StockOnHold",), off="StockOnHold"
)
INV_WH_CONTROL = Table("InvWhControl", Rhythm(("Warehouse",), whole_every=HOURLY))

TABLES: Mapping[str, Table] = {
    table.name: table for table in (AP_INVOICE, AP_SUPPLIER, GEN_MASTER, INV_MASTER, INV_WH_CONTROL)
}
