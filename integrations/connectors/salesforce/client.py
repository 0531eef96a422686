"""Salesforce's client for one org: what changed, single rows, describes, and the connection test.

The route of a call: a token with its instance from the store -> sent there -> on 401 one renewal and one replay at
the instance that the new token names. Every reply tells how many of the day's calls are used (`usage`).
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from threading import Lock
from typing import Any

from integrations.connectors.base import (
    Check,
    Forgetful,
    Limiter,
    Memory,
    Page,
    RemoteField,
    Token,
    TokenStore,
    Usage,
    Writing,
)
from integrations.connectors.entity import Entity, Row
from integrations.connectors.errors import RemoteError, Who
from integrations.connectors.http import Answer, HttpClient, Policy
from integrations.connectors.salesforce import changes, checking, describing, grants, keys
from integrations.connectors.salesforce.entities import ENTITIES
from integrations.connectors.salesforce.errors import classify
from integrations.connectors.salesforce.writing import Writes
from integrations.connectors.spec import Addresses
from integrations.connectors.transport import Call, Limits, Reply

SYSTEM = "salesforce"
IDS_PER_CALL = 200
KEEP_DESCRIBE = 3600.0
_USAGE = re.compile(r"api-usage=(\d+)/(\d+)")
_QUERY_OPTIONS = {"Sforce-Query-Options": f"batchSize={changes.PAGE}"}


class SalesforceConnector:
    """Implements `Connector`. Safe to use from many threads."""

    system = SYSTEM
    entities: Mapping[str, Entity] = ENTITIES

    def __init__(
        self,
        credentials: Mapping[str, str],
        addresses: Addresses,
        *,
        token_store: TokenStore,
        limiter: Limiter,
        memory: Memory | None = None,
        policy: Policy | None = None,
        limits: Limits | None = None,
    ) -> None:
        self._credentials, self._addresses = credentials, addresses
        self._tokens = token_store
        self._memory = memory or Forgetful()
        self._usage: Usage | None = None
        self._facts: dict[str, describing.Facts] = {}
        self._describing = Lock()
        self._http = HttpClient(classify, limiter=limiter, policy=policy, limits=limits, note=self._note)
        self._version = credentials.get("api_version") or "62.0"
        self._writes = Writes(self, credentials.get("external_id_field", ""))

    @property
    def usage(self) -> Usage | None:
        return self._usage

    def list_page(
        self,
        entity: Entity,
        page: int,
        page_size: int,
        *,
        modified_since: datetime | None = None,
        with_total: bool = False,
    ) -> Page:
        raise ValueError(f"{entity.name} has no numbered pages, only what changed.")

    def feed_page(self, entity: Entity, position: str | None, *, recent: bool = False) -> Page:
        """The next rows in the order of their last change; `position` is one that `Page.continue_from` gave."""
        at = changes.begun(changes.Position.of(position), datetime.now(UTC))
        columns = changes.columns_of(entity, self._paths(entity))
        rows, size, done = self.query(changes.question(entity, columns, at))
        more = bool(rows) and (not done or len(rows) >= changes.PAGE)
        following = changes.after(at, rows, more=more)
        return Page(changes.fresh(at, rows), size, more, continue_from=following.text())

    def fetch(self, entity: Entity, external_ids: Sequence[str]) -> list[Row]:
        """Single rows again, deleted ones too; ids that are none are left out."""
        columns = ", ".join(changes.columns_of(entity, self._paths(entity)))
        rows: list[Row] = []
        ids = [external_id for external_id in external_ids if external_id.isalnum()]
        for start in range(0, len(ids), IDS_PER_CALL):
            some = ", ".join(changes.quoted(one) for one in ids[start : start + IDS_PER_CALL])
            rows += self.query(f"SELECT {columns} FROM {entity.feed} WHERE Id IN ({some})")[0]  # noqa: S608
        return rows

    def read(self, entity: Entity, external_id: str, parent: str = "") -> Row | None:
        """See `Connector.read`. A row in the recycle bin is gone."""
        rows = self.fetch(entity, [external_id])
        return next((row for row in rows if not row.get(entity.deleted or "")), None)

    def create(self, entity: Entity, body: Row, *, key: str, parent: str = "") -> str:
        """See `Connector.create`: an upsert, so the same key twice is one row."""
        return self._writes.create(entity, body, key)

    def update(self, entity: Entity, external_id: str, body: Row, *, parent: str = "") -> Row | None:
        """See `Connector.update`."""
        self._writes.update(entity, external_id, body)
        return None

    def write_many(self, entity: Entity, rows: Sequence[Writing]) -> "list[str | RemoteError]":
        """See `Connector.write_many`."""
        return self._writes.write_many(entity, rows)

    def find_many(self, entity: Entity, keys: Sequence[str]) -> dict[str, Row]:
        """See `Connector.find_many`."""
        name = self._writes.key_of(entity)
        columns = ", ".join(dict.fromkeys([*changes.columns_of(entity, self._paths(entity)), name]))
        found: dict[str, Row] = {}
        for start in range(0, len(keys), IDS_PER_CALL):
            some = ", ".join(changes.quoted(key) for key in keys[start : start + IDS_PER_CALL])
            alive = f" AND {entity.deleted} = false" if entity.deleted else ""
            rows = self.query(f"SELECT {columns} FROM {entity.feed} WHERE {name} IN ({some}){alive}")[0]  # noqa: S608
            found.update((str(row[name]), row) for row in rows)
        return found

    def begin_bulk(self, entity: Entity, rows: Sequence[Writing]) -> str:
        """See `Connector.begin_bulk`."""
        return self._writes.begin_bulk(entity, rows)

    def end_bulk(self, entity: Entity, job: str, rows: Sequence[Writing]) -> "list[str | RemoteError] | None":
        """See `Connector.end_bulk`."""
        return self._writes.end_bulk(entity, job, rows)

    def remove(self, entity: Entity, row: Row, *, parent: str = "") -> None:
        """See `Connector.remove`. What was deleted lies in Salesforce's recycle bin for a while."""
        self._writes.remove(entity, row)

    def below(self, entity: Entity, reference: str, parent: str) -> list[Row]:
        """See `Connector.below`."""
        return self._where(entity, f"{entity.references[reference].remote} = {changes.quoted(parent)}")

    def find(self, entity: Entity, body: Row, *, key: str, parent: str, since: datetime) -> list[Row]:
        """The row under this key, or the one that joins the same two."""
        condition = self._writes.telling(entity, body, key)
        return self._where(entity, condition) if condition else []

    def describe(self, entity: Entity) -> list[RemoteField]:
        """See `Connector.describe`. Asked anew: somebody may just have made a field there."""
        return describing.remote_fields(self.facts(entity.feed or "", anew=True))

    def objects(self) -> list[tuple[str, str]]:
        """See `TellsObjects`: those that the user can read."""
        found = self.get("sobjects").data["sobjects"]
        return [
            (item["name"], item["label"]) for item in found if item.get("queryable") and item.get("custom")
        ]

    def check(self, own: Sequence[Entity] = ()) -> Check:
        """Who we are there, then each object with its fields. Raises RemoteError if nothing works."""
        token = self._tokens.current(self._fetch_token)
        self.get("")
        return checking.check(self, token, self._writes.key_of, own)

    def make_keys(self, own: Sequence[Entity] = ()) -> "list[tuple[str, RemoteError | None]]":
        """See `MakesKeys`: the external-id field, on each object that is written and lacks it."""
        return keys.make(self, (*ENTITIES.values(), *own), self._writes.key_of)

    def close(self) -> None:
        self._http.close()

    def facts(self, name: str, *, anew: bool = False) -> describing.Facts:
        """What there is to know of an object: asked once an hour, however many workers want it."""
        with self._describing:
            if name not in self._facts or anew:
                kept = None if anew else self._memory.get(f"describe:{name}")
                if kept is None:
                    kept = describing.facts_of(self.get(f"sobjects/{name}/describe").data)
                    self._memory.keep(f"describe:{name}", kept, KEEP_DESCRIBE)
                self._facts[name] = kept
            return self._facts[name]

    def query(self, soql: str) -> tuple[list[Row], int, bool]:
        """One page of an answer, deleted rows with it: rows, bytes, and whether that is all of it."""
        answer = self.get("queryAll", {"q": soql}, _QUERY_OPTIONS)
        found = answer.data
        rows = found.get("records") if isinstance(found, dict) else None
        if not isinstance(rows, list):
            message = "Salesforce's reply to a query has an unexpected shape. Tell support."
            raise RemoteError(Who.OUR_BUG, "unexpected_reply", message, details="no list of records")
        return [_plain(row) for row in rows], answer.size, found.get("done") is not False

    def get(
        self, path: str, params: Mapping[str, str] | None = None, extra: Mapping[str, str] | None = None
    ) -> Answer:
        """One read below the API's address. Raises RemoteError."""
        return self.call(
            lambda base: Call("GET", base + path, params=params or {}, extra=extra or {}, repeatable=True)
        )

    def call(self, build: Callable[[str], Call]) -> Answer:
        """Send what `build` makes of the API's address; on 401 once more, with a new token at its instance."""
        token = self._tokens.current(self._fetch_token)
        try:
            return self._send(build, token)
        except RemoteError as error:
            if error.reason != "unauthorized":
                raise
        token = self._tokens.current(self._fetch_token, stale=token.value)
        try:
            return self._send(build, token)
        except RemoteError as error:
            error.relink = error.relink or error.reason == "unauthorized"
            raise

    def _send(self, build: Callable[[str], Call], token: Token) -> Answer:
        headers = {"Authorization": f"Bearer {token.value}", "Sforce-Call-Options": "client=Trunkline/1"}
        return self._http.send(build(f"{token.address}/services/data/v{self._version}/"), lambda: headers)

    def _fetch_token(self) -> Token:
        return grants.fetch(self._http, self._credentials, self._addresses, self._tokens.grant())

    def _where(self, entity: Entity, condition: str) -> list[Row]:
        columns = ", ".join(changes.columns_of(entity, self._paths(entity)))
        alive = f" AND {entity.deleted} = false" if entity.deleted else ""
        return self.query(f"SELECT {columns} FROM {entity.feed} WHERE {condition}{alive}")[0]  # noqa: S608

    def _paths(self, entity: Entity) -> dict[str, str]:
        return describing.known_paths(self.facts(entity.feed or ""))

    def _note(self, reply: Reply) -> None:
        found = _USAGE.search(reply.headers.get("Sforce-Limit-Info", ""))
        if found:
            self._usage = Usage(int(found[1]), int(found[2]))


def _plain(row: Mapping[str, Any]) -> Row:
    """A row without Salesforce's own wrapping (`attributes`), parents' rows too."""
    return dict(_members(row))


def _members(row: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in row.items():
        if name != "attributes":
            yield name, _plain(value) if isinstance(value, dict) and "attributes" in value else value
