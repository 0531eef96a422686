"""Salesforce's writes: collections of 200 with an answer for each row, and a bulk job where there are thousands.

The route of a batch: new rows -> upsert on our external id, changed ones -> update by id -> the answers in the order of
the rows -> an id or an error for each: one bad row fails itself alone. A key that is sent twice is one row, so a batch
whose answer never came is sent again.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from integrations.connectors.base import Writing
from integrations.connectors.entity import Entity, Find, Row
from integrations.connectors.errors import RemoteError, Who
from integrations.connectors.http import Answer
from integrations.connectors.salesforce import bulk, describing
from integrations.connectors.salesforce.changes import quoted
from integrations.connectors.salesforce.errors import of_row
from integrations.connectors.salesforce.persons import Persons
from integrations.connectors.transport import Call

COLLECTION = 200
_BY_ID = "composite/sobjects"
_ACCOUNT, _CONTACT = "Account", "Contact"
_RACE = "duplicate_value"
_MAY_HAVE_TAKEN_EFFECT = frozenset({"timeout", "connection_lost", "unreadable_reply", "server_error"})
"""A batch may be sent again after these, but its new rows may be there: no reading may meet them first."""


class Caller(Protocol):
    """What a write needs of the client."""

    def call(self, build: Callable[[str], Call]) -> Answer: ...

    def facts(self, name: str, *, anew: bool = False) -> describing.Facts: ...

    def query(self, soql: str) -> tuple[list[Row], int, bool]: ...


class Writes:
    """The writing half of one connector."""

    def __init__(self, caller: Caller, key_field: str) -> None:
        self._caller = caller
        self._key_field = key_field
        self._persons = Persons(caller)

    def key_of(self, entity: Entity) -> str:
        """The external id field that the entity's rows are upserted on; empty for those that have none."""
        upserted = entity.write is not None and entity.write.find is Find.UPSERT
        return self._key_field if upserted else ""

    def create(self, entity: Entity, body: Row, key: str) -> str:
        if not self.key_of(entity):
            return self._insert(entity, body)
        return _or_raise(self.write_many(entity, [Writing(body, key=key)])[0])

    def update(self, entity: Entity, external_id: str, body: Row) -> None:
        _or_raise(self.write_many(entity, [Writing(body, external_id=external_id)])[0])

    def remove(self, entity: Entity, row: Row) -> None:
        if entity.write is None or entity.write.remove is None:
            raise ValueError(f"A {entity.name} is never taken away.")
        removal, external_id = entity.write.remove, entity.id_of(row)
        try:
            path = removal.path.replace("{id}", external_id)
            self._caller.call(lambda base: Call(removal.method, base + path, empty_ok=True))
        except RemoteError as error:
            if error.reason != "not_found":  # gone already
                raise

    def write_many(self, entity: Entity, rows: Sequence[Writing]) -> "list[str | RemoteError]":
        """An id or an error for each row, in their order: one call for the new ones, one for the changes."""
        found = self._through_accounts(entity, rows)
        left = [(place, row) for place, row in enumerate(rows) if place not in found]
        new = [(place, row) for place, row in left if not row.external_id]
        changed = [(place, row) for place, row in left if row.external_id]
        if new:
            self._check_key(entity)
        for group, send in ((new, self._upsert), (changed, self._update)):
            for start in range(0, len(group), COLLECTION):
                portion = group[start : start + COLLECTION]
                answers = send(entity, [row for _, row in portion])
                found.update(zip((place for place, _ in portion), answers, strict=True))
        return [found[place] for place in range(len(rows))]

    def begin_bulk(self, entity: Entity, rows: Sequence[Writing]) -> str:
        new = not rows[0].external_id
        if new:
            self._check_key(entity)
        sent = self._settled(entity, rows, new=new)
        return bulk.begin(self._caller.call, entity.feed or "", self._key_field if new else "", sent)

    def end_bulk(self, entity: Entity, job: str, rows: Sequence[Writing]) -> "list[str | RemoteError] | None":
        return bulk.end(self._caller.call, job, "Id" if rows[0].external_id else self._key_field, rows)

    def telling(self, entity: Entity, body: Row, key: str) -> str:
        """The condition that a row made of `body` under `key` alone fulfils; empty where nothing tells it."""
        if name := self.key_of(entity):
            return f"{name} = {quoted(key)}"
        alike = entity.write.alike if entity.write else ()
        if not alike or not all(body.get(name) for name in alike):
            return ""
        return " AND ".join(f"{name} = {quoted(str(body[name]))}" for name in alike)

    def _upsert(self, entity: Entity, rows: Sequence[Writing]) -> "list[str | RemoteError]":
        """Two that try to insert the same new key race for it: the loser's second try finds the winner's row."""
        answers = self._upserted(entity, rows)
        again = [place for place, answer in enumerate(answers) if _lost_a_race(answer, self._key_field)]
        if again:
            second = self._upserted(entity, [rows[place] for place in again])
            for place, answer in zip(again, second, strict=True):
                answers[place] = answer
        return answers

    def _upserted(self, entity: Entity, rows: Sequence[Writing]) -> "list[str | RemoteError]":
        key, attributes = self._key_field, {"type": entity.feed}
        records = [
            {"attributes": attributes, **row.body, key: row.key}
            for row in self._settled(entity, rows, new=True)
        ]
        return self._send(entity, f"composite/sobjects/{entity.feed}/{key}", records)

    def _update(self, entity: Entity, rows: Sequence[Writing]) -> "list[str | RemoteError]":
        records = [
            {"attributes": {"type": entity.feed}, **row.body, "id": row.external_id}
            for row in self._settled(entity, rows, new=False)
        ]
        return self._send(entity, _BY_ID, records)

    def _settled(self, entity: Entity, rows: Sequence[Writing], *, new: bool) -> Sequence[Writing]:
        """Rows as their object takes them: an account may be a person."""
        if entity.feed != _ACCOUNT:
            return rows
        return self._persons.new_accounts(rows) if new else self._persons.changed_accounts(rows)

    def _through_accounts(self, entity: Entity, rows: Sequence[Writing]) -> "dict[int, str | RemoteError]":
        """Contacts of person accounts are written on their account: by place, the contact's id or why not."""
        if entity.feed != _CONTACT:
            return {}
        found = self._persons.behind(rows)
        answers: dict[int, str | RemoteError] = {}
        places = list(found)
        for start in range(0, len(places), COLLECTION):
            some = places[start : start + COLLECTION]
            records = [
                {"attributes": {"type": _ACCOUNT}, **found[place][0].body, "id": found[place][0].external_id}
                for place in some
            ]
            for place, answer in zip(some, self._send(entity, _BY_ID, records), strict=True):
                answers[place] = found[place][1] if isinstance(answer, str) else answer
        return answers

    def _send(self, entity: Entity, path: str, records: list[Row]) -> "list[str | RemoteError]":
        body = {"allOrNone": False, "records": records}
        try:
            answer = self._caller.call(lambda base: Call("PATCH", base + path, json=body))
        except RemoteError as error:
            error.unknown = error.unknown or error.reason in _MAY_HAVE_TAKEN_EFFECT
            raise
        found = answer.data
        if not isinstance(found, list) or len(found) != len(records):
            message = "Salesforce's reply to a batch has an unexpected shape. Tell support."
            raise RemoteError(
                Who.OUR_BUG, "unexpected_reply", message, details=f"{entity.feed}: not one answer a row"
            )
        return [_answer(item, f"PATCH {entity.feed}") for item in found]

    def _insert(self, entity: Entity, body: Row) -> str:
        """For objects without an external id: a plain create, which is never repeated."""
        path = f"sobjects/{entity.feed}"
        return str(self._caller.call(lambda base: Call("POST", base + path, json=body)).data["id"])

    def _check_key(self, entity: Entity) -> None:
        """Nothing is created that could not be found again."""
        facts = self._caller.facts(entity.feed or "")
        if not describing.problems_with_key(facts, self._key_field):
            return
        problem = describing.problems_with_key(
            self._caller.facts(entity.feed or "", anew=True), self._key_field
        )
        if problem:
            raise RemoteError(Who.FIX_CONFIGURATION, "no_external_id", problem)


def _answer(item: Mapping[str, Any], place: str) -> "str | RemoteError":
    if item.get("success"):
        return str(item["id"])
    errors = item.get("errors") or [{}]
    return of_row(errors[0], place)


def _lost_a_race(answer: "str | RemoteError", key: str) -> bool:
    return (
        isinstance(answer, RemoteError) and answer.reason == _RACE and key.lower() in answer.details.lower()
    )


def _or_raise(answer: "str | RemoteError") -> str:
    if isinstance(answer, RemoteError):
        raise answer
    return answer
