"""Salesforce's writes: collections of 200 with an answer for each row, and a bulk job where there are thousands.

The route of a batch: new rows -> upsert on our external id, changed ones -> update by id -> the answers in the order of
the rows -> an id or an error for each: one bad row fails itself alone. A key that is sent twice is one row, so a batch
whose answer never came is sent again.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from integrations.connectors.base import Entity, Find, Row, Writing
from integrations.connectors.errors import RemoteError, Who
from integrations.connectors.http import Answer
from integrations.connectors.salesforce import bulk, describing
from integrations.connectors.salesforce.changes import quoted
from integrations.connectors.salesforce.errors import of_row
from integrations.connectors.transport import Call

COLLECTION = 200
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

    def write_many(self, entity: Entity, rows: Sequence[Writing]) -> "list[str | RemoteError]":
        """An id or an error for each row, in their order: one call for the new ones, one for the changes."""
        found: dict[int, str | RemoteError] = {}
        new = [(place, row) for place, row in enumerate(rows) if not row.external_id]
        changed = [(place, row) for place, row in enumerate(rows) if row.external_id]
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
        names = frozenset() if new else self._named_persons(entity, rows)
        sent = [Writing(_as_person(row, names), row.key, row.external_id) for row in rows]
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
        key = self._key_field
        records = [{"attributes": {"type": entity.feed}, **row.body, key: row.key} for row in rows]
        return self._send(entity, f"composite/sobjects/{entity.feed}/{key}", records)

    def _update(self, entity: Entity, rows: Sequence[Writing]) -> "list[str | RemoteError]":
        names = self._named_persons(entity, rows)
        records = [
            {"attributes": {"type": entity.feed}, **_as_person(row, names), "id": row.external_id}
            for row in rows
        ]
        return self._send(entity, "composite/sobjects", records)

    def _send(self, entity: Entity, path: str, records: list[Row]) -> "list[str | RemoteError]":
        body = {"allOrNone": False, "records": records}
        try:
            answer = self._caller.call(lambda base: Call("PATCH", base + path, json=body, repeatable=True))
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

    def _named_persons(self, entity: Entity, rows: Sequence[Writing]) -> frozenset[str]:
        """Which of the accounts that get a new name are persons: their name is written in its two parts."""
        named = [row.external_id for row in rows if "Name" in row.body]
        if entity.feed != "Account" or not named:
            return frozenset()
        if describing.field_of(self._caller.facts("Account"), "IsPersonAccount") is None:
            return frozenset()
        persons: set[str] = set()
        for start in range(0, len(named), COLLECTION):
            ids = ", ".join(quoted(one) for one in named[start : start + COLLECTION])
            soql = f"SELECT Id FROM Account WHERE IsPersonAccount = true AND Id IN ({ids})"  # noqa: S608 (SOQL)
            persons.update(str(row["Id"]) for row in self._caller.query(soql)[0])
        return frozenset(persons)


def _as_person(row: Writing, persons: frozenset[str]) -> Row:
    if row.external_id not in persons:
        return row.body
    first, _, last = str(row.body["Name"]).strip().rpartition(" ")
    return {
        **{n: v for n, v in row.body.items() if n != "Name"},
        "FirstName": first or None,
        "LastName": last,
    }


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
