"""A mapping table as a CSV file: written out whole, and read back line by line; all of it fits, or none is taken.

The route in: bytes -> text -> lines -> each line's key found (by key or name) and target checked -> `Reading`: the rows
that would change, and what is wrong with which line. Nothing is stored here.
"""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass, field

from integrations.models import TableRow
from integrations.tables.base import DEFAULT, Key, MappingTable
from integrations.tables.storing import BadTarget, Checker, Row
from portal.models import Tenant
from reconciliation.exports.formats import guarded
from reconciliation.import_files import BadFile, opened

COLUMNS = ("key", "name", "target")
DEFAULT_KEY = "*"
"""What stands in a file for the default."""
LARGEST = 2_000_000
MOST_PROBLEMS = 200


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a line of the file, and what would do."""

    line: int
    words: str


@dataclass(slots=True)
class Reading:
    """What a file holds: rows that are new or different, as (row, target until now), and what is wrong."""

    changes: list[tuple[Row, str]] = field(default_factory=list)
    same: int = 0
    empty: int = 0
    problems: list[Problem] = field(default_factory=list)


def written(tenant: Tenant, table: MappingTable) -> str:
    """All that there is to map, with its targets; those without one are left to be filled in."""
    held = {row.key: row for row in TableRow.objects.filter(tenant=tenant, table=table.name)}
    known = {key.key: key for key in table.keys(tenant)}
    for key, row in held.items():
        if key != DEFAULT:
            known.setdefault(key, Key(key, row.label))
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    if table.default:
        writer.writerow((DEFAULT_KEY, "all else", guarded(held[DEFAULT].target if DEFAULT in held else "")))
    for one in sorted(known.values(), key=lambda one: (one.label.casefold(), one.key)):
        target = held[one.key].target if one.key in held else ""
        writer.writerow((guarded(one.key), guarded(one.label), guarded(target)))
    return out.getvalue()


def read(content: bytes, tenant: Tenant, table: MappingTable) -> Reading:
    """Raises BadFile for what is no such file at all."""
    if len(content) > LARGEST:
        raise BadFile(f"The file is larger than {LARGEST // 1_000_000} MB. Divide it.")
    lines = csv.reader(opened(content))
    try:
        head = [cell.strip().removeprefix("\ufeff").casefold() for cell in next(lines, [])]
        if "target" not in head or not {"key", "name"} & set(head):
            raise BadFile(
                "Its first line must name the columns “key” or “name”, and “target”. Export the table to begin."
            )
        places = {name: head.index(name) for name in COLUMNS if name in head}
        cells = [
            (lines.line_num, _cells(line, places)) for line in lines if any(cell.strip() for cell in line)
        ]
    except csv.Error as error:
        raise BadFile(f"The file cannot be read as CSV: {error}.") from error
    return _judged(cells, tenant, table)


def _cells(line: list[str], places: dict[str, int]) -> dict[str, str]:
    found = {name: line[at].strip() if at < len(line) else "" for name, at in places.items()}
    return {
        name: cell[1:] if cell[:1] == "'" and guarded(cell[1:]) == cell else cell
        for name, cell in found.items()
    }


def _judged(lines: Iterable[tuple[int, dict[str, str]]], tenant: Tenant, table: MappingTable) -> Reading:
    held = {row.key: row for row in TableRow.objects.filter(tenant=tenant, table=table.name)}
    finder, checker, found = _Finder(tenant, table, held.values()), Checker(tenant, table), Reading()
    first: dict[str, int] = {}
    for number, cells in lines:
        try:
            key = finder.find(cells.get("key", ""), cells.get("name", ""))
            if not cells["target"]:
                found.empty += 1
                continue
            row = Row(key, checker.clean(cells["target"]))
            if key.key in first:
                raise BadTarget(
                    f"It maps “{key.label or 'all else'}” again, as line {first[key.key]} does. Keep one of them."
                )
            first[key.key] = number
        except BadTarget as error:
            found.problems.append(Problem(number, str(error)))
            continue
        before = held[key.key].target if key.key in held else ""
        if before == row.target:
            found.same += 1
        else:
            found.changes.append((row, before))
    return found


class _Finder:
    """Which key a line means: by the key itself, or by a name that only one has."""

    def __init__(self, tenant: Tenant, table: MappingTable, rows: Iterable[TableRow]) -> None:
        self.table = table
        self.by_key = {row.key: Key(row.key, row.label) for row in rows} | {
            k.key: k for k in table.keys(tenant)
        }
        self.by_name: dict[str, list[Key]] = {}
        for key in self.by_key.values():
            self.by_name.setdefault(key.label.casefold(), []).append(key)

    def find(self, key: str, name: str) -> Key:
        """Raises BadTarget."""
        if key == DEFAULT_KEY:
            if not self.table.default:
                raise BadTarget(
                    f"This table takes no default: every {self.table.what} needs a row of its own."
                )
            return Key(DEFAULT, "")
        found = self.by_key.get(key) or self.by_key.get(key.casefold()) if key else None
        if found is not None:
            return found
        if self.table.named is not None and (key or name):
            return self.table.named(key or name)
        named = self.by_name.get(name.casefold(), []) if name and not key else []
        if len(named) == 1:
            return named[0]
        if named:
            keys = ", ".join(one.key for one in named)
            raise BadTarget(f"Several {self.table.many} are called “{name}”: {keys}. Name one by its key.")
        raise BadTarget(
            f"There is no {self.table.what} “{key or name}” here. Sync the list again, or correct the line."
        )
