"""SYSPRO's tables read over OData: conditions as values, written as `$filter`; HTTP Basic; no session, no seat.

SYSPRO's site gives at most 5,000 rows a call and no link to the next page, so pages go by key: rows behind the last
one's key, in the order of the key.
"""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from integrations.connectors.entity import Row
from integrations.connectors.errors import RemoteError, Who
from integrations.connectors.http import HttpClient
from integrations.connectors.syspro.errors import classify_odata
from integrations.connectors.transport import Call

MOST_ROWS = 5000
TIMESTAMP, DATE = "timestamp", "date"
"""How the site wants dates in its questions: as a time in UTC, or as the day alone."""


@dataclass(frozen=True, slots=True)
class Is:
    """A column compared: `operator` is eq, ne, gt, ge, lt or le."""

    column: str
    operator: str
    value: str | date | int


@dataclass(frozen=True, slots=True)
class All:
    """All of these hold."""

    of: "tuple[Condition, ...]"


@dataclass(frozen=True, slots=True)
class Any_:
    """One of these holds."""

    of: "tuple[Condition, ...]"


Condition = Is | All | Any_


def behind(columns: Sequence[str], key: Sequence[str | int]) -> Condition:
    """The rows whose key comes after this one: `A > a`, or `A = a and B > b`, and so on."""
    steps: list[Condition] = []
    for place, column in enumerate(columns):
        same = tuple(Is(name, "eq", part) for name, part in zip(columns[:place], key[:place], strict=True))
        steps.append(All((*same, Is(column, "gt", key[place]))))
    return Any_(tuple(steps))


def one_of(column: str, values: Sequence[str | int]) -> Condition:
    return Any_(tuple(Is(column, "eq", value) for value in values))


def written(condition: Condition, dates: str = TIMESTAMP) -> str:
    """The condition as OData 4 takes it."""
    if isinstance(condition, Is):
        return f"{condition.column} {condition.operator} {_literal(condition.value, dates)}"
    parts = [written(part, dates) for part in condition.of]
    if len(parts) == 1:
        return parts[0]
    return f"({(' and ' if isinstance(condition, All) else ' or ').join(parts)})"


def _literal(value: str | date | int, dates: str) -> str:
    if isinstance(value, date):
        return value.isoformat() if dates == DATE else f"{value.isoformat()}T00:00:00Z"
    if isinstance(value, int):
        return str(value)
    quoted = value.replace("'", "''")
    return f"'{quoted}'"


class Tables:
    """The tables of one company at its OData site."""

    def __init__(self, http: HttpClient, base: str, user: str, password: str, dates: str = TIMESTAMP) -> None:
        self._http, self._base, self._dates = http, base, dates
        self._headers = {
            "Authorization": "Basic " + b64encode(f"{user}:{password}".encode()).decode(),
            "OData-Version": "4.0",
        }

    def rows(
        self,
        table: str,
        condition: Condition | None = None,
        *,
        columns: Sequence[str] = (),
        order: Sequence[str] = (),
        most: int = MOST_ROWS,
    ) -> tuple[list[Row], int]:
        """Rows of one page, at most `most`, with the reply's size in bytes. Raises RemoteError."""
        params = {"$top": str(min(most, MOST_ROWS))}
        if condition is not None:
            params["$filter"] = written(condition, self._dates)
        if columns:
            params["$select"] = ",".join(columns)
        if order:
            params["$orderby"] = ",".join(order)
        call = Call("GET", f"{self._base}/{table}", params=params, repeatable=True)
        answer = self._http.send(call, lambda: self._headers, classify=classify_odata)
        return _rows(answer.data, call.place), answer.size

    def metadata(self) -> bytes:
        """The site's own description of its tables, in XML. Raises RemoteError."""
        call = Call("GET", f"{self._base}/$metadata", repeatable=True, raw=True)
        found: bytes = self._http.send(call, lambda: self._headers, classify=classify_odata).data
        return found


def _rows(found: Any, place: str) -> list[Row]:
    rows = found.get("value") if isinstance(found, Mapping) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        message = "SYSPRO's OData site answers, but not with rows of a table. Compare its address."
        raise RemoteError(Who.FIX_CONFIGURATION, "unexpected_reply", message, details=place)
    return [{name: _plain(value) for name, value in row.items() if not name.startswith("@")} for row in rows]


def _plain(value: Any) -> Any:
    """Columns are filled up with blanks."""
    return value.strip() if isinstance(value, str) else value
