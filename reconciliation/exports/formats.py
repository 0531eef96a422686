"""Chunks of rows as the bytes of a file: CSV, JSON, and (in `xlsx`) Excel's own format."""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson

from reconciliation.exports.plans import Column
from reconciliation.exports.xlsx import xlsx

Rows = Iterable[Sequence[tuple[Any, ...]]]
Convert = Callable[[Any], Any]

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_UNSEEN = r"\s\x00-\x1f\x7f\xad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
"""What spreadsheets drop or do not show in front of a text."""
_FORMULA = re.compile(rf"[{_UNSEEN}]*[=+\-@\x00\t\r\n\uff1d\uff0b\uff0d\uff20]")
_HARMLESS = re.compile(r"\+[0-9]{4,15}|[+-]?[0-9]+(\.[0-9]+)?")


class UnknownFormat(LookupError):
    """There is no such format; the text names those there are."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no format “{name}”. Those there are: {', '.join(FORMATS)}.")


@dataclass(frozen=True)
class Format:
    """How rows become a file."""

    name: str
    label: str
    content_type: str
    encode: Callable[[Sequence[Column], Rows], Iterator[bytes]]


def guarded(text: str) -> str:
    """A text that a spreadsheet would take for a formula, with an apostrophe in front of it.

    A telephone number in E.164 and a plain number begin with + or - too; they can do no harm and stay as they
    are, so that a dialler or a script can use them.
    """
    if _FORMULA.match(text) and not _HARMLESS.fullmatch(text):
        return f"'{text}"
    return text


def amount(value: Decimal) -> str:
    """An amount with all its places, and at least two: 12.5 is 12.50, 0.0375 stays."""
    text = format(value, "f")
    whole, _, places = text.partition(".")
    return f"{whole}.{places.rstrip('0').ljust(2, '0')}"


def moment(value: datetime) -> str:
    """A time in UTC: 2026-03-01T14:05:09Z, with fractions of a second where there are any."""
    return value.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def _csv(columns: Sequence[Column], chunks: Rows) -> Iterator[bytes]:
    yield _BYTE_ORDER_MARK + _csv_lines([[column.name for column in columns]])
    for rows in _converted(columns, chunks, _FOR_CSV):
        yield _csv_lines(rows)


def _csv_lines(rows: Iterable[Iterable[Any]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode("utf-8", "replace")


def _json(columns: Sequence[Column], chunks: Rows) -> Iterator[bytes]:
    names = [column.name for column in columns]
    between = b"[\n"
    for rows in _converted(columns, chunks, _FOR_JSON):
        yield between + b",\n".join(orjson.dumps(dict(zip(names, row, strict=True))) for row in rows)
        between = b",\n"
    yield b"[]\n" if between == b"[\n" else b"\n]\n"


def _xlsx(columns: Sequence[Column], chunks: Rows) -> Iterator[bytes]:
    kinds = [column.kind for column in columns]
    return xlsx([column.name for column in columns], kinds, _converted(columns, chunks, _FOR_XLSX))


def _converted(
    columns: Sequence[Column], chunks: Rows, converts: dict[str, Convert]
) -> Iterator[list[list[Any]]]:
    plan = [converts[column.kind] for column in columns]
    for chunk in chunks:
        yield [
            [None if value is None else convert(value) for convert, value in zip(plan, row, strict=True)]
            for row in chunk
        ]


def _json_text(value: Any) -> str:
    return orjson.dumps(value).decode()


def _same(value: Any) -> Any:
    return value


_FOR_CSV: dict[str, Convert] = {
    "id": lambda value: guarded(str(value)),  # some systems' ids are texts that people chose
    "text": guarded,
    "boolean": lambda value: "true" if value else "false",
    "timestamp": moment,
    "decimal": amount,
    "number": str,
    "integer": str,
    "json": lambda value: guarded(_json_text(value)),
}
_FOR_JSON: dict[str, Convert] = {
    "id": str,
    "text": _same,
    "boolean": bool,
    "timestamp": moment,
    "decimal": amount,
    "number": _same,
    "integer": _same,
    "json": _same,
}
_FOR_XLSX = {**_FOR_JSON, "decimal": _same, "json": _json_text}

FORMATS = {
    form.name: form
    for form in (
        Format("csv", "CSV", "text/csv; charset=utf-8", _csv),
        Format("xlsx", "Excel", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", _xlsx),
        Format("json", "JSON", "application/json", _json),
    )
}


def format_named(name: str) -> Format:
    """The format of this name; UnknownFormat otherwise."""
    try:
        return FORMATS[name]
    except KeyError:
        raise UnknownFormat(name) from None
