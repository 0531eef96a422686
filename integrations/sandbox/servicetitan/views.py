"""How a stored row looks in each view: list, feed and single read differ in a few members at the end."""

from collections.abc import Mapping

import orjson

from integrations.sandbox.servicetitan.resources import Resource
from integrations.sandbox.servicetitan.store import Row, Table

GUID = "externalDataApplicationGuid"
SHAPING = frozenset({"page", "pageSize", "includeTotal", "genPermUrl"})
"""Query parameters that shape a page without changing which rows are in the list."""

PARENTS = frozenset({"customerId", "locationId", "jobId"})


def list_row(table: Table, resource: Resource, row_id: int, args: Mapping[str, str]) -> bytes:
    body = _with_external(table, resource, row_id, args.get(GUID, ""))
    if resource.on_request:
        hidden = [
            member for name, member in resource.on_request.items() if args.get(name, "").lower() != "true"
        ]
        return orjson.dumps({**orjson.loads(body), **dict.fromkeys(hidden)})
    return body[:-1] + _extra(table.rows[row_id], resource.list_extra) if resource.list_extra else body


def feed_row(table: Table, resource: Resource, row_id: int) -> bytes:
    body = table.rows[row_id].body
    return body[:-1] + _extra(table.rows[row_id], resource.feed_extra) if resource.feed_extra else body


def single(table: Table, resource: Resource, row_id: int, args: Mapping[str, str]) -> bytes:
    body = _with_external(table, resource, row_id, args.get(GUID, ""))
    if resource.name == "installed-equipment":
        return body[:-1] + b',"customFields":[],"attachments":[]}'
    return body


def _with_external(table: Table, resource: Resource, row_id: int, guid: str) -> bytes:
    """External data shows only to those who name their application's guid."""
    body = table.rows[row_id].body
    pairs = table.external.get(row_id, {}).get(guid.lower(), {}) if guid and resource.external else {}
    if not pairs:
        return body
    shown = [{"key": key, "value": value} for key, value in pairs.items()]
    return orjson.dumps({**orjson.loads(body), "externalData": shown})


def _extra(row: Row, members: tuple[str, ...]) -> bytes:
    values = {"id": row.id, "active": row.active, **dict.fromkeys(PARENTS, row.parent)}
    return b"," + orjson.dumps({member: values[member] for member in members})[1:]
