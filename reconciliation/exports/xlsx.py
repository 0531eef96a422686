"""Rows as an Excel workbook, written row by row.

openpyxl's write-only mode keeps the sheet in a temporary file, so memory does not grow with it. A workbook is a
zip with its directory at the end: the first byte leaves when the last row is in.
"""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font

ROWS_PER_SHEET = 1_000_000
"""Excel's own limit is 1,048,576; further rows go to further sheets, each with the headings."""
_PART = 64 * 1024
_TEXT = {"id", "text", "timestamp", "json"}


def xlsx(
    names: Sequence[str], kinds: Sequence[str], chunks: Iterable[Sequence[Sequence[Any]]]
) -> Iterator[bytes]:
    """The bytes of a workbook. Ids and texts are cells of type text, amounts are numbers shown with cents."""
    book = Workbook(write_only=True)
    sheet = _new_sheet(book, names)
    written = 0
    for rows in chunks:
        for row in rows:
            if written == ROWS_PER_SHEET:
                sheet, written = _new_sheet(book, names), 0
            sheet.append([_cell(sheet, kind, value) for kind, value in zip(kinds, row, strict=True)])
            written += 1
    with tempfile.TemporaryFile() as file:
        book.save(file)
        file.seek(0)
        while part := file.read(_PART):
            yield part


def _new_sheet(book: Workbook, names: Sequence[str]) -> Any:
    sheet: Any = book.create_sheet()
    sheet.freeze_panes = "A2"
    heading = []
    for name in names:
        cell = WriteOnlyCell(sheet, name)
        cell.font = Font(bold=True)
        heading.append(cell)
    sheet.append(heading)
    return sheet


def _cell(sheet: Any, kind: str, value: Any) -> Any:
    if value is None or value == "":
        return None
    if kind in _TEXT:
        cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", value))
        cell.data_type = "s"  # "=1+1" is otherwise written as a formula
        cell.number_format = "@"
        return cell
    if kind == "decimal":
        cell = WriteOnlyCell(sheet, value)
        cell.number_format = "0.00##"
        return cell
    return value
