"""SYSPRO's keys. A numeric code is stored with as many leading zeros as the installation has; people leave them out."""

from collections.abc import Mapping, Sequence

from integrations.connectors.entity import Row

WIDTHS: Mapping[str, tuple[int, ...]] = {
    "Supplier": (7, 15),
    "Invoice": (8, 12, 20),
    "StockCode": (30,),
    "PurchaseOrder": (6, 15, 20),
}
"""The lengths of the columns whose numeric keys are filled up with zeros, of the releases that are about."""
NUMBERS = frozenset({"TrnYear", "TrnMonth", "Journal", "JournalEntry", "EntryNumber", "Line"})
"""Key columns that are numbers to the database, and are asked for as such."""
SEPARATOR = "/"


def normal(code: object) -> str:
    """`0000001` -> `1`, ` inv-7 ` -> `INV-7`: one form for each key, as SYSPRO compares them."""
    text = str(code if code is not None else "").strip().upper()
    return (text.lstrip("0") or "0") if text.isascii() and text.isdigit() else text


def id_of(row: Row, columns: Sequence[str]) -> str:
    """The row's id: its key's parts in normal form, joined; empty where one is missing."""
    parts = [part(row, name) for name in columns]
    return SEPARATOR.join(parts) if all(parts) else ""


def part(row: Row, name: str) -> str:
    """One part of a row's id."""
    code = row.get(name)
    if name in NUMBERS:
        return whole(code)
    return normal(code) if name in WIDTHS else plain(code)


def whole(code: object) -> str:
    """A number, however it is written: `00017`, 17.0 -> `17`."""
    text = plain(code).partition(".")[0]
    return normal(text)


def plain(code: object) -> str:
    """Codes that are no numbers, even where they look like them: ledger codes, warehouses."""
    return str(code if code is not None else "").strip()


def parts_of(external_id: str, columns: Sequence[str]) -> list[str]:
    """The parts of an id. The last may contain the separator."""
    return external_id.split(SEPARATOR, len(columns) - 1)


def literal(code: str, column: str) -> str | int:
    """A code as the column is compared with."""
    return int(whole(code)) if column in NUMBERS else code


def spellings(code: object, column: str) -> "list[str | int]":
    """What the column may hold for this code: as it is written, without zeros, and filled up with them."""
    if column in NUMBERS:
        return [literal(plain(code), column)]
    written, bare = plain(code), normal(code)
    found = [written, bare]
    if bare.isascii() and bare.isdigit():
        found += [bare.zfill(width) for width in WIDTHS.get(column, ())]
    return list(dict.fromkeys(found if column in WIDTHS else [written]))
