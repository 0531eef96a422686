"""SYSPRO's keys. A numeric code is stored with as many leading zeros as the installation has; people leave them out."""

from collections.abc import Mapping, Sequence

from integrations.connectors.base import Row

WIDTHS: Mapping[str, tuple[int, ...]] = {
    "Supplier": (7, 15),
    "Invoice": (8, 12, 20),
    "StockCode": (30,),
    "PurchaseOrder": (6, 15, 20),
}
"""The lengths of the columns whose numeric keys are filled up with zeros, of the releases that are about."""
SEPARATOR = "/"


def normal(code: object) -> str:
    """`0000001` -> `1`, ` inv-7 ` -> `INV-7`: one form for each key, as SYSPRO compares them."""
    text = str(code if code is not None else "").strip().upper()
    return (text.lstrip("0") or "0") if text.isascii() and text.isdigit() else text


def id_of(row: Row, columns: Sequence[str]) -> str:
    """The row's id: its key's parts in normal form, joined; empty where one is missing."""
    parts = [normal(row.get(name)) if name in WIDTHS else plain(row.get(name)) for name in columns]
    return SEPARATOR.join(parts) if all(parts) else ""


def plain(code: object) -> str:
    """Codes that are no numbers, even where they look like them: ledger codes, warehouses."""
    return str(code if code is not None else "").strip()


def parts_of(external_id: str, columns: Sequence[str]) -> list[str]:
    """The parts of an id. The last may contain the separator."""
    return external_id.split(SEPARATOR, len(columns) - 1)


def spellings(code: object, column: str) -> list[str]:
    """What the column may hold for this code: as it is written, without zeros, and filled up with them."""
    written, bare = plain(code), normal(code)
    found = [written, bare]
    if bare.isascii() and bare.isdigit():
        found += [bare.zfill(width) for width in WIDTHS.get(column, ())]
    return list(dict.fromkeys(found if column in WIDTHS else [written]))
