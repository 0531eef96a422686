"""CSV of Bulk API 2.0: cells to values, rows to results, answers of queries to lines."""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from integrations.sandbox.salesforce.errors import Problem, Refused, RowRefused
from integrations.sandbox.salesforce.org import Org
from integrations.sandbox.salesforce.schema import SObject
from integrations.sandbox.salesforce.soql.parse import parse
from integrations.sandbox.salesforce.soql.paths import resolve
from integrations.sandbox.salesforce.soql.run import answer as run
from integrations.sandbox.salesforce.soql.tree import Path

DELIMITERS: Mapping[str, str] = {
    "COMMA": ",", "TAB": "\t", "PIPE": "|", "SEMICOLON": ";", "BACKQUOTE": "`", "CARET": "^",
}  # fmt: skip
NULL = "#N/A"
ROW_ERRORS = (RowRefused, Refused)


@dataclass(frozen=True, slots=True)
class Column:
    """A field, or (with `key`) a relationship whose parent is named by an external id of `kind`."""

    name: str
    key: str = ""
    kind: str = ""


@dataclass(slots=True)
class Outcome:
    """What came of the rows of a job: (id, created, cells), (id, error, cells) and those never looked at."""

    names: list[str] = field(default_factory=list)
    good: list[tuple[str, bool, list[str]]] = field(default_factory=list)
    bad: list[tuple[str, str, list[str]]] = field(default_factory=list)
    left: list[list[str]] = field(default_factory=list)

    @property
    def processed(self) -> int:
        return len(self.good) + len(self.bad)

    def csv(self, which: str, asked: Mapping[str, Any]) -> str:
        delimiter = DELIMITERS[asked.get("columnDelimiter", "COMMA")]
        heads = {"good": ["sf__Id", "sf__Created"], "bad": ["sf__Id", "sf__Error"], "left": []}
        rows: Iterable[list[str]] = self.left
        if which == "good":
            rows = ([row_id, _word(created), *cells] for row_id, created, cells in self.good)
        elif which == "bad":
            rows = ([row_id, error, *cells] for row_id, error, cells in self.bad)
        return _text([[*heads[which], *self.names], *rows], delimiter)


def _text(rows: Iterable[list[Any]], delimiter: str) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    return out.getvalue()


def _word(value: bool) -> str:
    return "true" if value else "false"


def read(data: bytes, delimiter: str, ending: str) -> tuple[list[str], list[list[str]]]:
    """Header and rows. Raises ValueError with the sentence that the job fails with."""
    text = data.decode("utf-8-sig")
    head = text.partition("\n")[0]
    if text and head.endswith("\r") != (ending == "CRLF"):
        raise ValueError(
            f"ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is {ending}"
        )
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    if not rows:
        raise ValueError("InvalidBatch : The file has no header row")
    names, body = rows[0], [row for row in rows[1:] if row]
    if any(len(row) != len(names) for row in body):
        raise ValueError("InvalidBatch : A row has another number of columns than the header")
    return names, body


def columns_of(sobject: SObject, names: list[str]) -> list[Column]:
    """Raises ValueError for a column that the object has not."""
    return [_column(sobject, name) for name in names]


def _column(sobject: SObject, name: str) -> Column:
    path, _, key = name.partition(".")
    if key:
        kind, _, relationship = path.rpartition(":")
        if sobject.parent_field(relationship):
            return Column(relationship, key, kind)
    found = sobject.find(name)
    if found is None or key:
        raise ValueError(f"InvalidBatch : Field name not found : {name}")
    return Column(found.name)


def values_of(columns: list[Column], cells: list[str]) -> dict[str, Any]:
    """Empty cells say nothing, `#N/A` clears."""
    values: dict[str, Any] = {}
    for column, cell in zip(columns, cells, strict=True):
        if cell == "":
            continue
        if column.key:
            named: dict[str, Any] = {column.key: cell}
            values[column.name] = {**named, "attributes": {"type": column.kind}} if column.kind else named
        else:
            values[column.name] = None if cell == NULL else cell
    return values


def key_of(values: dict[str, Any], name: str) -> Any:
    """Takes the key's value out of a row. Raises RowRefused where it is missing."""
    value = values.pop(name, None)
    if value is None:
        raise RowRefused("MISSING_ARGUMENT", f"{name} not specified", [name])
    return value


def id_in(columns: list[Column], cells: list[str]) -> str:
    return next((cell for column, cell in zip(columns, cells, strict=True) if column.name == "Id"), "")


def problem_of(error: BaseException) -> Problem:
    problem: Problem = error.problem  # type: ignore[attr-defined]  # both kinds of ROW_ERRORS have one
    if problem.code != "JSON_PARSER_ERROR":
        return problem
    name = problem.message.rpartition("[")[2].rstrip("]")
    return Problem("INVALID_TYPE_ON_FIELD_IN_RECORD", f"{name}: value not of required type", [name])


# --- queries ---


def answer(org: Org, query: str, delimiter: str, *, deleted: bool) -> tuple[str, list[str], str]:
    """Header, lines and the object's name. Raises Refused for what a bulk query may not hold."""
    select = parse(query)
    if select.offset or select.group or not all(isinstance(item, Path) for item in select.items):
        raise Refused("INVALIDJOB", "A bulk query takes no OFFSET, no aggregates and no subqueries")
    found = run(org, select, deleted=deleted)
    columns = [resolve(org, select, found.sobject, item) for item in select.items]
    header = [".".join([*(str(r.relationship) for r in one.relations), one.field.name]) for one in columns]
    mark = DELIMITERS[delimiter]
    lines = [_text([[_cell(one.get(row)) for one in columns]], mark).rstrip("\n") for row in found.rows]
    return _text([header], mark).rstrip("\n"), lines, found.sobject.name


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return _word(value)
    text = str(value)
    return text.replace("+0000", "Z") if text.endswith(".000+0000") else text
