"""A CSV file of customers: its columns found or chosen, its lines read, and taken in page by page.

The route: text -> head -> columns by field -> `Row`s, each a customer or the reason why it is none -> `Importer` ->
told after each page, within that page's transaction, so that progress and records come and go together.
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from django.db import transaction

from portal import audit
from portal.models import Tenant
from reconciliation.bulk import quick_commits
from reconciliation.importing import FIELDS, BadLine, Importer, Line, read_line
from reconciliation.intake import PageResult

PAGE = 1000
audit.register_action("customers.imported", "imported customers: {note}")
_FOREIGN = {
    b"PK\x03\x04": "an Excel workbook (or a ZIP file)",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"%PDF": "a PDF",
    b"\x1f\x8b": "a compressed file",
}
_NAMES = ("name", "first_name", "last_name")


class BadFile(ValueError):
    """A file that cannot be imported at all, and what would do."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a line; `refused` where it was not taken for that."""

    line: int
    key: str
    words: str
    refused: bool = True


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the file by its number: a customer, or a problem, or a customer with one."""

    number: int
    line: Line | None
    problem: Problem | None


def opened(content: bytes) -> io.StringIO:
    """The bytes of a file as text; what is no UTF-8 passes through and is read as Windows would (`read_line`).

    Raises BadFile for what is no CSV at all.
    """
    if not content.strip():
        raise BadFile("The file is empty.")
    kind = next((words for start, words in _FOREIGN.items() if content.startswith(start)), "")
    if kind:
        raise BadFile(f"This is {kind}, no CSV. Open it and save it as “CSV UTF-8 (comma delimited)”.")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or content[:200].count(0) > 20:
        raise BadFile("The file is in UTF-16. Save it as “CSV UTF-8 (comma delimited)” and try again.")
    return io.StringIO(content.decode("utf-8-sig", "surrogateescape"), newline="")


class CustomerFile:
    """Lines of a stream as customers. `columns` may be chosen anew before the rows are read."""

    def __init__(self, stream: Iterable[str], renamed: Mapping[str, str] | None = None) -> None:
        self.reader = csv.reader(stream)
        try:
            head = next(self.reader, [])
        except csv.Error as error:
            raise BadFile(f"The file cannot be read as CSV: {error}.") from error
        self.names = [cell.strip().removeprefix("\ufeff") for cell in head]
        if len(self.names) == 1 and (apart := next((mark for mark in ";\t|" if mark in self.names[0]), "")):
            words = "tabs" if apart == "\t" else f"“{apart}”"
            raise BadFile(f"The columns are separated by {words}. Save the file with commas between them.")
        self.columns = _columns(self.names, renamed or {})

    @property
    def ignored(self) -> list[str]:
        taken = set(self.columns.values())
        return [name for at, name in enumerate(self.names) if at not in taken]

    @property
    def lack(self) -> str:
        """What the file lacks to be imported, in words; "" where nothing."""
        if "id" not in self.columns:
            return "The file needs a column id"
        if not self.columns.keys() & set(_NAMES):
            return "The file needs a column name, or first_name and last_name"
        return ""

    def rows(self) -> Iterator[Row]:
        """Every line but empty ones."""
        seen: dict[str, int] = {}
        while True:
            try:
                cells = next(self.reader)
            except StopIteration:
                return
            except csv.Error as error:
                number = self.reader.line_num
                yield Row(number, None, Problem(number, "", f"cannot be read as CSV ({error})"))
                continue
            if any(cells):
                yield self._row(self.reader.line_num, cells, seen)

    def _row(self, number: int, cells: list[str], seen: dict[str, int]) -> Row:
        try:
            if len(cells) > len(self.names):
                raise BadLine(f"has {len(cells)} cells where the first line has {len(self.names)}")
            line, left_out = read_line(
                {name: cells[at] if at < len(cells) else "" for name, at in self.columns.items()}
            )
            if line.id in seen:
                raise BadLine(f"its id {line.id} stood on line {seen[line.id]:,} already")
        except BadLine as error:
            key = cells[self.columns["id"]] if self.columns["id"] < len(cells) else ""
            return Row(number, None, Problem(number, key, str(error)))
        seen[line.id] = number
        return Row(number, line, Problem(number, line.id, left_out, refused=False) if left_out else None)


def _columns(names: Sequence[str], renamed: Mapping[str, str]) -> dict[str, int]:
    """Where each field stands: by its name, or by what a column was said to be. Raises BadFile for one not there."""
    if missing := sorted(set(renamed) - set(names)):
        raise BadFile(f"The file has no column {', '.join(missing)}. It has: {', '.join(names)}.")
    found: dict[str, int] = {}
    for at, name in enumerate(names):
        field = renamed.get(name) or "_".join(name.casefold().split())
        if field in FIELDS and field not in found and (name in renamed or field not in renamed.values()):
            found[field] = at
    return found


Told = Callable[[PageResult, list[Row], list[Problem]], None]
"""Called with a page's result, its rows, and what is wrong with them."""


def take_all(tenant: Tenant, file: CustomerFile, told: Told, *, after: int = 0) -> None:
    """Take the lines after number `after` in, each page with what `told` writes as one transaction."""
    importer, rows = Importer(tenant), (row for row in file.rows() if row.number > after)
    while page := list(islice(rows, PAGE)):
        with quick_commits(), transaction.atomic():
            result = importer.take([row.line for row in page if row.line])
            told(result, page, [row.problem for row in page if row.problem] + _failed(result, page))


def _failed(result: PageResult, page: Iterable[Row]) -> list[Problem]:
    numbers = {row.line.id: row.number for row in page if row.line}
    return [
        Problem(numbers.get(failure.external_id.partition(":")[0], 0), failure.external_id, failure.message)
        for failure in result.failures
    ]
