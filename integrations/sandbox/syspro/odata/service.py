"""The OData site: `…/SYSPROOData/{company}/{table}` -> Basic credentials -> filter, order, page -> JSON.

Read-only, at most 5,000 rows a request and no link to the next ones. Shapes follow OData 4: no trace of SYSPRO's own
is public.
"""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import orjson
from werkzeug.wrappers import Request, Response

from integrations.sandbox.syspro.columns import Kind, Row, Table
from integrations.sandbox.syspro.company import Company
from integrations.sandbox.syspro.odata.filters import BadRequest, test_from
from integrations.sandbox.syspro.odata.metadata import metadata
from integrations.sandbox.syspro.tables import TABLES

MOST = 5_000
_PATH = re.compile(r"(.*?/sysproodata)(?:/([^/]+))?(?:/([^/]+))?/?", re.IGNORECASE)
OPTIONS = {"$filter", "$select", "$orderby", "$top", "$skip", "$count"}
JSON = "application/json; odata.metadata=minimal; odata.streaming=true; charset=utf-8"


@dataclass(slots=True)
class Site:
    """`dates`: the type of date columns, `timestamp` or `date`; `most`: rows in one reply."""

    company: Company
    user: str
    password: str = field(repr=False)
    dates: str = "timestamp"
    most: int = MOST

    def answer(self, request: Request) -> Response:
        match = _PATH.fullmatch(request.path)
        if match is None:
            return _error(404, "Not found.")
        if not self._is_known(request):
            reply = _error(401, "Authorization has been denied for this request.")
            reply.headers["WWW-Authenticate"] = 'Basic realm="SYSPRO OData"'
            return reply
        if request.method != "GET":
            return _error(405, "The requested resource does not support this method.")
        base, company, name = match.groups()
        if company and company.upper() != self.company.code.upper():
            return _error(404, f"Company '{company}' not found.")
        return self._found(f"{request.host_url.rstrip('/')}{base}/{company}", name or "", request.args)

    def _is_known(self, request: Request) -> bool:
        given = request.authorization
        if given is None or given.type != "basic":
            return False
        pairs = ((given.username or "", self.user), (given.password or "", self.password))
        return all(hmac.compare_digest(one.encode(), other.encode()) for one, other in pairs)

    def _found(self, base: str, name: str, options: Mapping[str, str]) -> Response:
        if name == "$metadata":
            return Response(metadata(self.dates), content_type="application/xml; charset=utf-8")
        if not name:
            sets = [{"name": one, "kind": "EntitySet", "url": one} for one in TABLES]
            return _json({"@odata.context": f"{base}/$metadata", "value": sets})
        if name not in TABLES:
            return _error(404, f"Resource not found for the segment '{name}'.")
        try:
            return _json(self._rows(base, TABLES[name], options))
        except BadRequest as error:
            return _error(400, f"The query specified in the URI is not valid. {error}")

    def _rows(self, base: str, table: Table, options: Mapping[str, str]) -> dict[str, Any]:
        """Raises BadRequest."""
        if unknown := sorted(name for name in options if name.startswith("$") and name not in OPTIONS):
            raise BadRequest(f"The query option '{unknown[0]}' is not supported.")
        rows = self.company.store[table.name].all()
        if options.get("$filter"):
            test = test_from(options["$filter"], table, self.dates)
            rows = [row for row in rows if test(row)]
        _sort(rows, table, options.get("$orderby", ""))
        names = _names(table, options.get("$select", ""))
        skip, top = _whole(options, "$skip", 0), _whole(options, "$top", self.most)
        page = rows[skip : skip + min(top, self.most)]
        selected = "" if len(names) == len(table.columns) else f"({','.join(names)})"
        counted = {"@odata.count": len(rows)} if options.get("$count") == "true" else {}
        value = [self._shown(table, row, names) for row in page]
        return {"@odata.context": f"{base}/$metadata#{table.name}{selected}", **counted, "value": value}

    def _shown(self, table: Table, row: Row, names: list[str]) -> dict[str, Any]:
        return {name: self._cell(table.columns[name].kind, row[name]) for name in names}

    def _cell(self, kind: Kind, value: str | Decimal) -> Any:
        """Numbers keep their decimals; a date that there is none of is null."""
        if kind is Kind.NUMBER:
            return orjson.Fragment(str(value))
        if kind is Kind.DATE:
            return (f"{value}T00:00:00Z" if self.dates == "timestamp" else value) if value else None
        return value


def _sort(rows: list[Row], table: Table, text: str) -> None:
    """Raises BadRequest."""
    for part in reversed([part.split() for part in text.split(",") if part.strip()]):
        name, way = part[0], part[1] if len(part) > 1 else "asc"
        if len(part) > 2 or way not in {"asc", "desc"}:
            raise BadRequest(f"Syntax error in '$orderby={text}'.")
        _known(table, name)
        rows.sort(key=lambda row: row[name], reverse=way == "desc")


def _names(table: Table, text: str) -> list[str]:
    """Raises BadRequest."""
    wanted = [name.strip() for name in text.split(",") if name.strip()]
    if wanted in ([], ["*"]):
        return list(table.columns)
    for name in wanted:
        _known(table, name)
    return wanted


def _known(table: Table, name: str) -> None:
    if name not in table.columns:
        raise BadRequest(f"Could not find a property named '{name}' on type '{table.name}'.")


def _whole(options: Mapping[str, str], name: str, default: int) -> int:
    text = options.get(name, "")
    if text and not text.isdecimal():
        raise BadRequest(f"Invalid value '{text}' for {name} query option found.")
    return int(text) if text else default


def _json(value: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(value), status, {"OData-Version": "4.0"}, content_type=JSON)


def _error(status: int, message: str) -> Response:
    return _json({"error": {"code": "", "message": message}}, status)
