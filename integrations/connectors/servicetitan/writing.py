"""ServiceTitan's writes: rows created under our key, changed, and looked for after an answer that never came.

The route of a create: body -> with our key as external data, where the entity keeps it -> POST -> its id. The route
of a look-up: our key (`Find.KEY`), the rows beside it (`Find.SIBLINGS`) or the newest of its feed (`Find.FEED`).
There is no idempotency header and no version to match: whoever writes reads first.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from integrations.connectors.base import CLOCK_SKEW, Page
from integrations.connectors.entity import Entity, Find, Row, Write
from integrations.connectors.errors import RemoteError, Who
from integrations.connectors.http import Answer
from integrations.connectors.servicetitan import inside, scopes

KEY = "trunkline"
"""The external data's key that holds ours."""


class Caller(Protocol):
    """What a write needs of the client."""

    def get(self, entity: Entity, path: str, params: Mapping[str, str]) -> Answer: ...

    def send(self, method: str, path: str, body: Row | None) -> Answer: ...

    def fetch(self, entity: Entity, external_ids: list[str]) -> list[Row]: ...

    def feed_page(self, entity: Entity, position: str | None, *, recent: bool = False) -> Page: ...


class Writes:
    """The writing half of one connector."""

    def __init__(self, caller: Caller, application_guid: str) -> None:
        self._caller = caller
        self._guid = application_guid

    def read(self, entity: Entity, external_id: str, parent: str) -> Row | None:
        """A single row as a pull would give it; None where it is gone."""
        by_id = entity.ids is not None
        rows = self._caller.fetch(entity, [external_id]) if by_id else self._siblings(entity, parent)
        return next((row for row in rows if entity.id_of(row) == external_id), None)

    def create(self, entity: Entity, body: Row, key: str, parent: str) -> str:
        write = declared(entity)
        sent = {**body, **self._marked(key)} if write.find is Find.KEY else body
        answer = self._send(entity, write.create_method, _path(write.create, parent=parent), sent)
        own = write.own_reply and isinstance(answer.data, dict)
        found = answer.data.get(entity.id) if own else None
        return "" if found is None else str(found)

    def update(self, entity: Entity, external_id: str, body: Row, parent: str) -> Row | None:
        write = declared(entity)
        if entity.inside is not None:
            path = _path(write.update, id=external_id, parent=parent)
            owner = self._caller.get(entity, path, {}).data
            inside.change(lambda *call: self._send(entity, *call), path, owner, external_id, body)
            return None
        aside = {name: value for name, value in body.items() if name in write.aside}
        row: Any = None
        if rest := {name: value for name, value in body.items() if name not in aside}:
            rest |= {
                name: self._attached(key, rest[name]) for name, key in write.attached.items() if name in rest
            }
            path = _path(write.update, id=external_id, parent=parent)
            row = self._send(entity, "PATCH", path, rest).data
        for name, value in aside.items():
            change = {"operations": [{"objectId": int(external_id), name: value}]}
            self._send(entity, "PATCH", write.aside[name], change)
        if (
            aside
            or not isinstance(row, dict)
            or row.keys() == {entity.id}
            or entity.id_of(row) != external_id
        ):
            return None
        return self._below(entity, row, parent)

    def remove(self, entity: Entity, row: Row, parent: str) -> None:
        write = declared(entity)
        if write.remove is None:
            raise ValueError(f"A {entity.name} is never taken away.")
        body: Row = {
            member: [row[remote]] if member in write.many else row[remote]
            for member, remote in write.remove.body.items()
        }
        body |= write.remove.always
        path = _path(write.remove.path, id=entity.id_of(row), parent=parent)
        try:
            self._send(entity, write.remove.method, path, body or None)
        except RemoteError as error:
            if error.status != 404:
                raise

    def below(self, entity: Entity, reference: str, parent: str) -> list[Row]:
        """All rows that hang on another: few, by their nature, so one page of them."""
        if declared(entity).siblings is not None:
            return self._siblings(entity, parent)
        params = {**entity.params, entity.references[reference].remote: parent, "pageSize": "500"}
        rows = _rows(entity, self._caller.get(entity, entity.path or "", params))
        return [row for row in rows if str(row.get(entity.references[reference].remote)) == parent]

    def find(self, entity: Entity, body: Row, key: str, parent: str, since: datetime) -> list[Row]:
        match declared(entity).find:
            case Find.KEY:
                return self._by_key(entity, key)
            case Find.SIBLINGS:
                return [
                    row
                    for row in self._siblings(entity, parent)
                    if row.get("active") is not False and _alike(entity, row, body)
                ]
            case Find.FEED:
                return [row for row in self._newest(entity, since) if _alike(entity, row, body, parent)]
            case Find.UPSERT:
                raise ValueError("ServiceTitan knows no upsert.")

    def _marked(self, key: str) -> Row:
        self._need_guid()
        pairs = [{"key": KEY, "value": key}]
        return {"externalData": {"applicationGuid": self._guid, "externalData": pairs}}

    def _attached(self, key: str, value: Any) -> Row:
        """Our application's own data of a row, of which only this key changes; none takes it away."""
        self._need_guid()
        pairs = [{"key": key, "value": value or None}]
        return {"applicationGuid": self._guid, "patchMode": "Merge", "externalData": pairs}

    def _need_guid(self) -> None:
        if not self._guid:
            message = (
                "Trunkline creates nothing in ServiceTitan without the External Data Application GUID, by which it "
                "finds again what it has created. Fill it in with the connection's credentials, then retry."
            )
            raise RemoteError(Who.FIX_CONFIGURATION, "no_application_guid", message)

    def _by_key(self, entity: Entity, key: str) -> list[Row]:
        params = {
            **entity.params,
            "externalDataApplicationGuid": self._guid,
            "externalDataKey": KEY,
            "externalDataValues": key,
        }
        rows = _rows(entity, self._caller.get(entity, entity.path or "", params))
        # A misspelt or unknown filter gives the whole list with 200: only rows that show our key are ours.
        ours = [entity.id_of(row) for row in rows if _holds(row, key)]
        return self._caller.fetch(entity, ours) if ours else []

    def _siblings(self, entity: Entity, parent: str) -> list[Row]:
        write = declared(entity)
        path, params = _path(write.siblings, parent=parent), {"pageSize": "500"}
        if write.siblings_by:
            params |= {**entity.params, write.siblings_by: parent}
        try:
            if entity.inside is not None:
                return inside.shaped(entity, [self._caller.get(entity, path, {}).data])
            rows = _rows(entity, self._caller.get(entity, path, params))
        except RemoteError as error:
            if error.status != 404:
                raise
            return []
        remote = entity.references[write.parent].remote if write.parent else ""
        # A filter that the system does not know gives everything with 200.
        return [self._below(entity, row, parent) for row in rows if str(row.get(remote, parent)) == parent]

    def _below(self, entity: Entity, row: Row, parent: str) -> Row:
        """Rows below another do not name it; those of the feed do, at their end."""
        write = declared(entity)
        if write.parent is None or entity.references[write.parent].remote in row:
            return row
        return {**row, entity.references[write.parent].remote: int(parent), "active": True}

    def _newest(self, entity: Entity, since: datetime) -> list[Row]:
        position = (since - CLOCK_SKEW).isoformat().replace("+00:00", "Z")
        rows: list[Row] = []
        while True:
            page = self._caller.feed_page(entity, position, recent=True)
            rows += page.rows
            if not page.has_more or page.continue_from is None:
                return rows
            position = page.continue_from

    def _send(self, entity: Entity, method: str, path: str, body: Row | None) -> Answer:
        try:
            return self._caller.send(method, path, body)
        except RemoteError as error:
            if error.reason == "forbidden":
                raise _missing_scope(declared(entity), error) from None
            if error.status == 409 and declared(entity).refused:
                raise _refused(declared(entity), error) from None
            raise


def declared(entity: Entity) -> Write:
    """The entity's write. Raises ValueError where it is never written."""
    if entity.write is None:
        raise ValueError(f"{entity.name} is never written.")
    return entity.write


def _path(path: str | None, **ids: str) -> str:
    if path is None:
        raise ValueError("This write does not exist.")
    for name, value in ids.items():
        path = path.replace(f"{{{name}}}", value)
    return path


def _rows(entity: Entity, answer: Answer) -> list[Row]:
    rows = answer.data.get("data") if isinstance(answer.data, dict) else None
    if not isinstance(rows, list):
        message = f"ServiceTitan's reply for {entity.name} has an unexpected shape. Tell support."
        raise RemoteError(Who.OUR_BUG, "unexpected_reply", message, details="no list of rows")
    return inside.shaped(entity, rows)


def _holds(row: Row, key: str) -> bool:
    pairs: Any = row.get("externalData") or ()
    return any(pair.get("key") == KEY and pair.get("value") == key for pair in pairs)


def _alike(entity: Entity, row: Row, body: Row, parent: str = "") -> bool:
    write = declared(entity)
    if parent and write.parent and str(row.get(entity.references[write.parent].remote)) != parent:
        return False
    return all(
        _same(row.get(name), body.get(write.rename.get(name, name)), write, name) for name in write.alike
    )


def _same(theirs: Any, sent: Any, write: Write, name: str) -> bool:
    return sent == ([theirs] if write.rename.get(name, name) in write.many else theirs)


def _refused(write: Write, error: RemoteError) -> RemoteError:
    """A 409 in words that say what to do. Nothing is gained by asking again."""
    problem = error.message.partition(": ")[2] or error.message
    return RemoteError(
        Who.FIX_RECORD,
        "refused",
        write.refused.format(problem=problem),
        details=error.details,
        status=409,
        trace_id=error.trace_id,
    )


def _missing_scope(write: Write, error: RemoteError) -> RemoteError:
    message = f"The scope {write.scope} is missing. {scopes.how_to_grant(write.scope)} Then retry."
    return RemoteError(
        Who.FIX_CONFIGURATION,
        "missing_scope",
        message,
        details=error.details,
        status=403,
        trace_id=error.trace_id,
    )
