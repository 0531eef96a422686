"""`composite/sobjects`: up to 200 rows in one call, each with a result of its own, in the order they were sent.

Rows are written in one transaction: what the API's parser refuses, and a failure under `allOrNone`, takes all back.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from itertools import groupby
from typing import Any

from werkzeug.wrappers import Response

from integrations.sandbox.salesforce.calls import Call
from integrations.sandbox.salesforce.errors import Problem, Refused, RowRefused, missing
from integrations.sandbox.salesforce.ids import long_id
from integrations.sandbox.salesforce.records import known_field, shown
from integrations.sandbox.salesforce.replies import as_json, object_of
from integrations.sandbox.salesforce.saving import Saver
from integrations.sandbox.salesforce.schema import Field, SObject
from integrations.sandbox.salesforce.store import RolledBack, folded

MOST_ROWS, MOST_CHUNKS, MOST_READ = 200, 10, 2000
HALTED = Problem(
    "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    "Record rolled back because not all records were valid and the request was using AllOrNone header",
)
Result = dict[str, Any]
Write = Callable[[], Result]


def answer(call: Call, parts: list[str]) -> Response:
    """`parts` follow `composite/sobjects`. Raises Refused."""
    if not parts:
        call.allow("POST", "PATCH", "DELETE")
        return {"POST": _create, "PATCH": _update, "DELETE": _delete}[call.method](call)
    sobject = call.sobject(parts[0])
    if len(parts) == 1:
        call.allow("GET", "POST")
        return _read(call, sobject)
    call.allow("PATCH")
    key = sobject.find(parts[1])
    if len(parts) > 2 or key is None or not key.is_key:
        raise missing("Provided external ID field does not exist or is not accessible: " + parts[1])
    return _upsert(call, sobject, key)


def _sent(call: Call) -> tuple[list[dict[str, Any]], bool]:
    """The rows of a body and whether all must go well. Raises Refused."""
    body = object_of(call.request)
    records = body.get("records")
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise Refused("JSON_PARSER_ERROR", "records must be an array of objects at [line:1, column:1]")
    _not_too_many(records)
    return records, bool(body.get("allOrNone"))


def _not_too_many(rows: list[Any]) -> None:
    if len(rows) > MOST_ROWS:
        sentence = f"record limit reached. cannot submit more than {MOST_ROWS} records into this call"
        raise Refused("EXCEEDED_ID_LIMIT", sentence)


def _kinds(call: Call, records: list[dict[str, Any]]) -> list[SObject]:
    """The object of each row. Raises Refused."""
    names = [(record.get("attributes") or {}).get("type") for record in records]
    if None in names:
        raise Refused("INVALID_INPUT", "Each record needs attributes with a type.")
    if sum(1 for _ in groupby(names)) > MOST_CHUNKS:
        sentence = (
            f"Cannot have more than {MOST_CHUNKS} chunks in a single operation. Please rearrange the data to reduce "
            "chunking."
        )
        raise Refused("LIMIT_EXCEEDED", sentence)
    found = {name: call.org.schema.find(str(name)) for name in names}
    for name, sobject in found.items():
        if sobject is None:
            raise Refused("INVALID_TYPE", f"sObject type '{name}' is not supported.")
    return [sobject for name in names if (sobject := found[name])]


def _create(call: Call) -> Response:
    records, strict = _sent(call)
    saver = call.saver()

    def write(sobject: SObject, record: dict[str, Any]) -> Write:
        return lambda: _good(saver.create(sobject, record))

    kinds = _kinds(call, records)
    return _written(call, [write(*pair) for pair in zip(kinds, records, strict=True)], strict)


def _update(call: Call) -> Response:
    records, strict = _sent(call)
    saver = call.saver()

    def write(sobject: SObject, record: dict[str, Any]) -> Write:
        return lambda: _updated(saver, sobject, record)

    kinds = _kinds(call, records)
    return _written(call, [write(*pair) for pair in zip(kinds, records, strict=True)], strict)


def _updated(saver: Saver, sobject: SObject, record: dict[str, Any]) -> Result:
    values = {name: value for name, value in record.items() if name.lower() != "id"}
    row_id = record.get("id", record.get("Id"))
    if not row_id:
        raise RowRefused("MISSING_ARGUMENT", "Id not specified in an update call", ["Id"])
    return _good(saver.update(sobject, row_id, values))


def _upsert(call: Call, sobject: SObject, key: Field) -> Response:
    records, strict = _sent(call)
    _kinds(call, records)
    seen = Counter(folded(record[key.name]) for record in records if record.get(key.name) is not None)
    twice = {value for value, count in seen.items() if count > 1}
    saver = call.saver()

    def write(record: dict[str, Any]) -> Write:
        return lambda: _upserted(saver, sobject, key, record, twice)

    return _written(call, [write(record) for record in records], strict)


def _upserted(saver: Saver, sobject: SObject, key: Field, record: dict[str, Any], twice: set[str]) -> Result:
    value = record.get(key.name)
    if value is None or value == "":
        raise RowRefused("MISSING_ARGUMENT", f"{key.name} not specified", [key.name])
    if folded(value) in twice:
        raise RowRefused("DUPLICATE_VALUE", f"Duplicate external id specified: {value}", [key.name])
    values = record if key.name != "Id" else {name: kept for name, kept in record.items() if name != "Id"}
    row_id, created = saver.upsert(sobject, key, value, values)
    return _good(row_id, created=created)


def _delete(call: Call) -> Response:
    ids = _ids(call)
    _not_too_many(ids)
    saver = call.saver()

    def write(row_id: str) -> Write:
        return lambda: _deleted(call, saver, row_id)

    strict = call.request.args.get("allOrNone", "").lower() == "true"
    return _written(call, [write(row_id) for row_id in ids], strict)


def _deleted(call: Call, saver: Saver, row_id: str) -> Result:
    sobject = call.org.schema.by_prefix.get(row_id[:3])
    if sobject is None:
        raise RowRefused("MALFORMED_ID", f"malformed id {row_id}")
    saver.delete(sobject, long_id(row_id))
    return _good(long_id(row_id))


def _ids(call: Call) -> list[str]:
    return [row_id for row_id in call.request.args.get("ids", "").split(",") if row_id]


def _good(row_id: str, **more: Any) -> Result:
    return {"id": row_id, "success": True, "errors": [], **more}


def bad(problem: Problem) -> Result:
    return {"success": False, "errors": [problem.of_row()]}


def _written(call: Call, writes: Iterable[Write], strict: bool) -> Response:
    results: list[Result] = []
    with call.org.store.transaction():
        for write in writes:
            try:
                results.append(write())
            except RowRefused as refused:
                results.append(bad(refused.problem))
        if strict and any(not result["success"] for result in results):
            results = [bad(HALTED) if result["success"] else result for result in results]
            raise RolledBack
    return as_json(results)


def _read(call: Call, sobject: SObject) -> Response:
    if call.method == "POST":
        body = object_of(call.request)
        ids, names = body.get("ids", []), body.get("fields", [])
    else:
        ids, names = _ids(call), call.request.args.get("fields", "").split(",")
    if len(ids) > MOST_READ:
        raise Refused("EXCEEDED_ID_LIMIT", f"cannot read more than {MOST_READ} records in this call")
    fields = [known_field(sobject, name.strip()) for name in names if name.strip()]
    rows = call.org.store[sobject.name].rows
    found = [rows.get(long_id(str(row_id))) for row_id in ids]
    return as_json(
        [shown(call, sobject, row, fields) if row and not row["IsDeleted"] else None for row in found]
    )
