"""`sobjects/…`: describes, and the create, read, update, upsert and delete of single rows."""

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from werkzeug.http import parse_date
from werkzeug.wrappers import Response

from integrations.sandbox.salesforce import describe, feeds, moments
from integrations.sandbox.salesforce.calls import Call
from integrations.sandbox.salesforce.errors import Refused, RowRefused, missing
from integrations.sandbox.salesforce.ids import long_id
from integrations.sandbox.salesforce.replies import as_json, nothing, object_of, problem
from integrations.sandbox.salesforce.schema import Field, SObject
from integrations.sandbox.salesforce.soql.paths import value_in
from integrations.sandbox.salesforce.store import Row

QUIET_UPSERT = 46.0
"""The first version whose upserts tell of an update in a body."""
NOT_THERE = {"ENTITY_IS_DELETED": 404, "INVALID_CROSS_REFERENCE_KEY": 404, "MALFORMED_ID": 404}


def answer(call: Call, parts: list[str]) -> Response:
    """`parts` follow `sobjects`. Raises Refused."""
    if not parts:
        call.allow("GET")
        objects = [describe.brief(sobject, call.base) for sobject in call.org.schema.objects.values()]
        return as_json({"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": objects})
    sobject = call.sobject(parts[0])
    try:
        return _of_object(call, sobject, parts[1:])
    except RowRefused as refused:
        return problem(refused.problem, 400)


def _of_object(call: Call, sobject: SObject, parts: list[str]) -> Response:
    if not parts or parts == ["Id"]:
        return _collection(call, sobject)
    if parts[0] == "describe":
        return _describe(call, sobject, parts[1:])
    if parts[0] in {"updated", "deleted"}:
        return feeds.answer(call, sobject, parts[0])
    key = sobject.find(parts[0])
    if len(parts) > 1 and key is not None:
        return _by_key(call, sobject, key, "/".join(map(unquote, parts[1:])))
    if len(parts) == 2:
        if call.method != "GET":
            raise missing(f"Provided external ID field does not exist or is not accessible: {parts[0]}")
        return _relationship(call, sobject, *parts)
    if len(parts) > 2:
        raise missing()
    return _by_id(call, sobject, parts[0])


def _describe(call: Call, sobject: SObject, parts: list[str]) -> Response:
    call.allow("GET")
    if parts and parts[0] != "layouts":
        raise missing()
    kinds = [
        dict(row) for row in call.org.store["RecordType"].live() if row.get("SobjectType") == sobject.name
    ]
    told = describe.full(call.org.schema, sobject, call.base, kinds)
    if parts:
        return as_json(
            {"layouts": [], "recordTypeMappings": told["recordTypeInfos"], "recordTypeSelectorRequired": []}
        )
    return as_json(told)


def _collection(call: Call, sobject: SObject) -> Response:
    call.allow("GET", "POST")
    if call.method == "POST":
        row_id = call.saver().create(sobject, object_of(call.request))
        return _made(call, sobject, row_id, {})
    recent = sorted(call.org.store[sobject.name].live(), key=lambda row: row["SystemModstamp"], reverse=True)[
        :5
    ]
    items = [
        {"attributes": {"type": sobject.name, "url": call.url_of(sobject, row["Id"])}, "Id": row["Id"],
         "Name": row.get("Name")}
        for row in recent
    ]  # fmt: skip
    return as_json({"objectDescribe": describe.brief(sobject, call.base), "recentItems": items})


def _made(call: Call, sobject: SObject, row_id: str, more: dict[str, Any]) -> Response:
    response = as_json({"id": row_id, "success": True, "errors": [], **more}, 201)
    response.headers["Location"] = call.url_of(sobject, row_id)
    return response


def _by_id(call: Call, sobject: SObject, row_id: str) -> Response:
    call.allow("GET", "PATCH", "DELETE")
    row = existing(call, sobject, row_id)
    if call.method == "GET":
        return _shown(call, sobject, row)
    _unmodified_since(call, row)
    saver = call.saver()
    if call.method == "DELETE":
        saver.delete(sobject, row["Id"])
    else:
        saver.update(sobject, row["Id"], object_of(call.request))
    return nothing()


def existing(call: Call, sobject: SObject, row_id: str) -> Row:
    """Raises Refused 404 for a row that is not there or in the recycle bin."""
    row = call.org.store[sobject.name].rows.get(long_id(row_id))
    if row is None:
        raise missing()
    if row["IsDeleted"]:
        raise Refused("ENTITY_IS_DELETED", "entity is deleted", 404, ())
    return row


def _shown(call: Call, sobject: SObject, row: Row) -> Response:
    since = call.request.headers.get("If-Modified-Since")
    modified = parse_date(moments.http_date(row["SystemModstamp"]))
    asked = parse_date(since) if since else None
    if asked and modified and modified <= asked:
        return nothing(304)
    response = as_json(shown(call, sobject, row, _asked_fields(call, sobject)))
    response.headers["Last-Modified"] = moments.http_date(row["SystemModstamp"])
    return response


def _unmodified_since(call: Call, row: Row) -> None:
    since = parse_date(call.request.headers.get("If-Unmodified-Since"))
    modified = parse_date(moments.http_date(row["SystemModstamp"]))
    if since and modified and modified > since:
        raise Refused("PRECONDITION_FAILED", "The requested resource has been modified", 412)


def _asked_fields(call: Call, sobject: SObject) -> list[Field]:
    names = call.request.args.get("fields")
    if not names:
        return list(sobject.fields.values())
    return [known_field(sobject, name.strip()) for name in names.split(",")]


def known_field(sobject: SObject, name: str) -> Field:
    """Raises Refused INVALID_FIELD."""
    field = sobject.find(name)
    if field is None:
        raise Refused("INVALID_FIELD", f"No such column '{name}' on sobject of type {sobject.name}")
    return field


def shown(call: Call, sobject: SObject, row: Row, fields: list[Field]) -> dict[str, Any]:
    attributes = {"type": sobject.name, "url": call.url_of(sobject, row["Id"])}
    return {"attributes": attributes, **{field.name: value_in(row, field) for field in fields}}


def _relationship(call: Call, sobject: SObject, row_id: str, name: str) -> Response:
    row = existing(call, sobject, row_id)
    lookup = sobject.parent_field(name)
    if lookup is not None:
        parent = call.org.store.row(row.get(lookup.name) or "")
        kind = call.org.schema.by_prefix[parent["Id"][:3]] if parent else None
        if parent is None or kind is None:
            raise missing()
        return as_json(shown(call, kind, parent, list(kind.fields.values())))
    for found, child, field in call.org.schema.children(sobject.name):
        if found.lower() == name.lower():
            rows = call.org.store[child.name].where(field.name, row["Id"])
            records = [shown(call, child, one, list(child.fields.values())) for one in rows]
            return as_json({"totalSize": len(records), "done": True, "records": records})
    raise missing()


# --- by external id ---


def _by_key(call: Call, sobject: SObject, key: Field, value: str) -> Response:
    if not key.is_key:
        raise missing(f"Provided external ID field does not exist or is not accessible: {key.name}")
    call.allow("GET", "PATCH", "DELETE")
    found = call.org.store[sobject.name].by_key(key.name, long_id(value) if key.name == "Id" else value)
    if len(found) > 1:
        return as_json([call.url_of(sobject, row_id) for row_id in found], 300)
    if call.method == "PATCH":
        return _upsert(call, sobject, key, value, found)
    if not found:
        raise missing()
    handle: Callable[[], Response] = (
        (lambda: _shown(call, sobject, call.org.store[sobject.name].rows[found[0]]))
        if call.method == "GET"
        else (lambda: _deleted(call, sobject, found[0]))
    )
    return handle()


def _deleted(call: Call, sobject: SObject, row_id: str) -> Response:
    call.saver().delete(sobject, row_id)
    return nothing()


def _upsert(call: Call, sobject: SObject, key: Field, value: str, found: list[str]) -> Response:
    values = object_of(call.request)
    if any(name.lower() == key.name.lower() for name in values):
        raise Refused("INVALID_FIELD", f"The {key.name} field should not be specified in the sobject data")
    if not found and call.request.args.get("updateOnly", "").lower() == "true":
        raise missing()
    row_id, created = call.saver().upsert(sobject, key, value, values)
    told = float(call.version) >= QUIET_UPSERT
    if created:
        return _made(call, sobject, row_id, {"created": True} if told else {})
    if not told:
        return nothing()
    return as_json({"id": row_id, "success": True, "errors": [], "created": False})
