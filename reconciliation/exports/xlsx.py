"""Rows as an Excel workbook that leaves while it is being written.

The route: rows -> the sheet's XML -> a zip whose entries carry their sizes behind them -> parts for the stream.
Written here because openpyxl hands out the first byte only after the last row, and takes eight times as long:
too long for a download of 100,000 records.
"""

import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import IO, Any, cast
from xml.sax.saxutils import escape

ROWS_PER_SHEET = 500_000
"""Further rows go to further sheets, each with the headings. Excel's limit is 1,048,576, a zip entry's 2 GB."""
CHARACTERS_PER_CELL = 32_767
"""Excel's limit; it calls a file with a longer text broken."""

_NAMESPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_TEXT, _AMOUNT, _HEADING = 1, 2, 3
_PLAIN = 'fontId="0" fillId="0" borderId="0"'
_STYLES = (
    f'<styleSheet xmlns="{_NAMESPACE}"><numFmts count="1"><numFmt numFmtId="164" formatCode="0.00##"/></numFmts>'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    f'<cellStyleXfs count="1"><xf numFmtId="0" {_PLAIN}/></cellStyleXfs>'
    f'<cellXfs count="4"><xf numFmtId="0" {_PLAIN} xfId="0"/>'
    f'<xf numFmtId="49" {_PLAIN} xfId="0" applyNumberFormat="1"/>'
    f'<xf numFmtId="164" {_PLAIN} xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="49" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)
_SHEET_BEGINS = (
    f'<worksheet xmlns="{_NAMESPACE}"><sheetViews><sheetView workbookViewId="0">'
    '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><sheetData>'
)
_NOT_IN_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_LOOKS_ESCAPED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")

Cell = Callable[[str, Any], str]
"""(address, value) -> the XML of a cell."""


class _Outgoing:
    """What the zip has written and nobody has taken yet."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []

    def write(self, part: Any) -> int:
        self.parts.append(bytes(part))
        return len(part)

    def flush(self) -> None:
        """Nothing is held back: the zip asks for it all the same."""

    def take(self) -> bytes:
        taken, self.parts = b"".join(self.parts), []
        return taken


def xlsx(
    names: Sequence[str], kinds: Sequence[str], chunks: Iterable[Sequence[Sequence[Any]]]
) -> Iterator[bytes]:
    """The bytes of a workbook. Ids and texts are cells of type text, amounts are numbers shown with cents."""
    out = _Outgoing()
    columns = [_letters(number) for number in range(len(names))]
    heading = _row([_cell_of(_HEADING)] * len(names), columns, 1, names)
    cells = [_CELLS[kind] for kind in kinds]
    waiting = iter(chunks)
    chunk = next(waiting, None)
    sheets = 0
    with zipfile.ZipFile(cast("IO[bytes]", out), "w", zipfile.ZIP_DEFLATED, compresslevel=4) as book:
        while chunk is not None or not sheets:
            sheets += 1
            with book.open(f"xl/worksheets/sheet{sheets}.xml", "w") as sheet:
                sheet.write(f"{_XML}{_SHEET_BEGINS}{heading}".encode())
                filled = 1
                while chunk is not None and filled < ROWS_PER_SHEET:
                    lines = (_row(cells, columns, filled + at, row) for at, row in enumerate(chunk, 1))
                    sheet.write("".join(lines).encode())
                    yield out.take()
                    filled += len(chunk)
                    chunk = next(waiting, None)
                sheet.write(b"</sheetData></worksheet>")
        for name, text in _frame(sheets):
            book.writestr(name, _XML + text)
    yield out.take()


def _row(cells: Sequence[Cell], columns: Sequence[str], number: int, values: Sequence[Any]) -> str:
    """Empty cells are left out."""
    found = "".join(
        cell(f"{column}{number}", value)
        for cell, column, value in zip(cells, columns, values, strict=True)
        if value is not None and value != ""
    )
    return f'<row r="{number}">{found}</row>'


def _cell_of(style: int) -> Cell:
    """A cell of type text: whatever it begins with, it is no formula, and zeros in front stay."""

    def cell(address: str, value: str) -> str:
        text = value[:CHARACTERS_PER_CELL]
        if not text.isascii() or not text.isprintable() or "_x" in text:
            text = _LOOKS_ESCAPED.sub("_x005F_", _NOT_IN_XML.sub("", text))
        return f'<c r="{address}" s="{style}" t="inlineStr"><is><t xml:space="preserve">{escape(text)}</t></is></c>'

    return cell


def _amount(address: str, value: Any) -> str:
    return f'<c r="{address}" s="{_AMOUNT}"><v>{value:f}</v></c>'


def _number(address: str, value: Any) -> str:
    return f'<c r="{address}"><v>{value}</v></c>'


def _boolean(address: str, value: Any) -> str:
    return f'<c r="{address}" t="b"><v>{int(value)}</v></c>'


_CELLS: dict[str, Cell] = {
    **dict.fromkeys(("id", "text", "timestamp", "json"), _cell_of(_TEXT)),
    "decimal": _amount,
    "number": _number,
    "integer": _number,
    "boolean": _boolean,
}


def _letters(number: int) -> str:
    """0 is A, 25 is Z, 26 is AA."""
    before, last = divmod(number, 26)
    return (_letters(before - 1) if before else "") + chr(ord("A") + last)


def _frame(sheets: int) -> Iterator[tuple[str, str]]:
    """The entries that make a workbook of its sheets."""
    numbers = range(1, sheets + 1)
    yield (
        "[Content_Types].xml",
        f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="xml" ContentType="application/xml"/>'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPES}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_TYPES}.styles+xml"/>'
        + "".join(
            f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{_TYPES}.worksheet+xml"/>'
            for n in numbers
        )
        + "</Types>",
    )
    yield "_rels/.rels", _relations([("officeDocument", "xl/workbook.xml")])
    listed = "".join(f'<sheet name="Records {n}" sheetId="{n}" r:id="rId{n}"/>' for n in numbers)
    yield (
        "xl/workbook.xml",
        f'<workbook xmlns="{_NAMESPACE}" xmlns:r="{_RELATIONS}"><sheets>{listed}</sheets></workbook>',
    )
    targets = [*(("worksheet", f"worksheets/sheet{n}.xml") for n in numbers), ("styles", "styles.xml")]
    yield "xl/_rels/workbook.xml.rels", _relations(targets)
    yield "xl/styles.xml", _STYLES


def _relations(targets: Sequence[tuple[str, str]]) -> str:
    rows = "".join(
        f'<Relationship Id="rId{n}" Type="{_RELATIONS}/{kind}" Target="{target}"/>'
        for n, (kind, target) in enumerate(targets, 1)
    )
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{rows}</Relationships>'
