"""ServiceTitan's client for one tenant: lists, export feeds, single rows, and the connection test.

The route of a call: a token from the store -> sent with the app key -> on 401 one renewal and one replay -> on
403 it is found out whether one scope is missing or the whole app is shut out.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from integrations.connectors.base import (
    Check,
    Limiter,
    Page,
    RemoteField,
    Token,
    TokenStore,
    Usage,
    Window,
    Writing,
)
from integrations.connectors.entity import Entity, Row
from integrations.connectors.errors import RemoteError, Who
from integrations.connectors.hosts import Hosts
from integrations.connectors.http import Answer, HttpClient, Policy
from integrations.connectors.servicetitan import capacity, scopes
from integrations.connectors.servicetitan.describing import described
from integrations.connectors.servicetitan.entities import ENTITIES
from integrations.connectors.servicetitan.errors import classify
from integrations.connectors.servicetitan.inside import shaped
from integrations.connectors.servicetitan.writing import Writes
from integrations.connectors.tokens import fetch_by_client_credentials
from integrations.connectors.transport import Call, Limits

SYSTEM = "servicetitan"
IDS_PER_CALL = 50
SAMPLE = 50
_NO_PARAMS: Mapping[str, str] = {}


class ServiceTitanConnector:
    """Implements `Connector`. Safe to use from many threads."""

    system = SYSTEM
    entities: Mapping[str, Entity] = ENTITIES

    def __init__(
        self,
        *,
        tenant_id: str,
        client_id: str,
        client_secret: str,
        app_key: str,
        application_guid: str = "",
        hosts: Hosts,
        token_store: TokenStore,
        limiter: Limiter,
        policy: Policy | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.tenant_id = tenant_id
        self._client_id = client_id
        self._client_secret = client_secret
        self._app_key = app_key
        self._writes = Writes(self, application_guid)
        self._hosts = hosts
        self._tokens = token_store
        self._http = HttpClient(classify, limiter=limiter, policy=policy, limits=limits)

    def list_page(
        self,
        entity: Entity,
        page: int,
        page_size: int,
        *,
        modified_since: datetime | None = None,
        with_total: bool = False,
    ) -> Page:
        """Page `page` (from 1) of the entity's list; rows modified at or after `modified_since` where given."""
        if entity.path is None:
            raise ValueError(f"{entity.name} has no list, only a feed.")
        params = {**entity.params, "page": str(page), "pageSize": str(min(page_size, entity.max_page_size))}
        if entity.sort is not None:
            params["sort"] = entity.sort
        if with_total:
            params["includeTotal"] = "true"
        if modified_since is not None and entity.modified_filter:
            params["modifiedOnOrAfter"] = wire_time(modified_since)
        answer = self.get(entity, entity.path, params)
        return page_of(entity, answer)

    def feed_page(self, entity: Entity, position: str | None, *, recent: bool = False) -> Page:
        """The next batch of the entity's export feed; `position` as in `Connector.feed_page`."""
        if entity.feed is None:
            raise ValueError(f"{entity.name} has no feed, only a list.")
        params = dict(entity.feed_params)
        if position is not None:
            params["from"] = position
        if recent:
            params["includeRecentChanges"] = "true"
        answer = self.get(entity, entity.feed, params)
        page = page_of(entity, answer)
        if page.has_more and (not page.continue_from or page.continue_from == position):
            raise _unexpected(entity, "the feed says that there is more, but not from where")
        return page

    def fetch(self, entity: Entity, external_ids: Sequence[str]) -> list[Row]:
        """Single rows again, active or not, in any order; those that are gone are left out."""
        if entity.path is None or entity.ids is None:
            raise ValueError(f"{entity.name} cannot be read by id.")
        rows: list[Row] = []
        for start in range(0, len(external_ids), IDS_PER_CALL):
            some = external_ids[start : start + IDS_PER_CALL]
            params = {**entity.params, entity.ids: ",".join(some), "pageSize": str(IDS_PER_CALL)}
            rows.extend(page_of(entity, self.get(entity, entity.path, params)).rows)
        return rows

    def read(self, entity: Entity, external_id: str, parent: str = "") -> Row | None:
        """See `Connector.read`."""
        return self._writes.read(entity, external_id, parent)

    def create(self, entity: Entity, body: Row, *, key: str, parent: str = "") -> str:
        """See `Connector.create`."""
        return self._writes.create(entity, body, key, parent)

    def update(self, entity: Entity, external_id: str, body: Row, *, parent: str = "") -> Row | None:
        """See `Connector.update`."""
        return self._writes.update(entity, external_id, body, parent)

    def remove(self, entity: Entity, row: Row, *, parent: str = "") -> None:
        """See `Connector.remove`."""
        self._writes.remove(entity, row, parent)

    def below(self, entity: Entity, reference: str, parent: str) -> list[Row]:
        """See `Connector.below`."""
        return self._writes.below(entity, reference, parent)

    def find(self, entity: Entity, body: Row, *, key: str, parent: str, since: datetime) -> list[Row]:
        """See `Connector.find`."""
        return self._writes.find(entity, body, key, parent, since)

    def write_many(self, entity: Entity, rows: Sequence[Writing]) -> "list[str | RemoteError]":
        """No entity of ServiceTitan declares a batch: its API writes row by row."""
        raise ValueError(f"{entity.name} is written row by row.")

    def find_many(self, entity: Entity, keys: Sequence[str]) -> dict[str, Row]:
        raise ValueError(f"{entity.name} is written row by row.")

    def begin_bulk(self, entity: Entity, rows: Sequence[Writing]) -> str:
        raise ValueError(f"{entity.name} is written row by row.")

    def end_bulk(self, entity: Entity, job: str, rows: Sequence[Writing]) -> "list[str | RemoteError] | None":
        raise ValueError(f"{entity.name} is written row by row.")

    @property
    def usage(self) -> Usage | None:
        """ServiceTitan counts calls a second, none a day."""
        return None

    def describe(self, entity: Entity) -> list[RemoteField]:
        """There is no describe: what is declared, and what the newest rows show beyond it."""
        return described(entity, self._sample(entity))

    def _sample(self, entity: Entity) -> list[Row]:
        if entity.path is not None:
            return self.list_page(entity, 1, SAMPLE).rows
        return self.feed_page(entity, None).rows[:SAMPLE]

    def windows(self, start: datetime, end: datetime, *, business_unit: str, job_type: str) -> list[Window]:
        """See `TellsWindows.windows`. ServiceTitan looks about two weeks ahead."""
        return capacity.read(self._ask, wire_time(start), wire_time(end), business_unit, job_type)

    def check(self, own: Sequence[Entity] = ()) -> Check:
        """Get a token, then try what it grants with one small read a module. Raises RemoteError if nothing works."""
        token = self._tokens.current(self._fetch_token)
        found = scopes.check(self.entities.values(), token.scopes, self._probe)
        if not any(scope.granted for scope in found):
            raise self._shut_out(None)
        return Check(f"ServiceTitan tenant {self.tenant_id}", found)

    def close(self) -> None:
        self._http.close()

    def _probe(self, entity: Entity) -> RemoteError | None:
        """One small read of the entity: None if it may be read, else the refusal. Other failures are raised."""
        try:
            self._send(scopes.small_read(entity, self._url))
        except RemoteError as error:
            if error.reason != "forbidden":
                raise
            return error
        return None

    def get(self, entity: Entity, path: str, params: Mapping[str, str]) -> Answer:
        """One read; a refusal is explained. Raises RemoteError."""
        try:
            return self._send(Call("GET", self._url(path), params=params, repeatable=True))
        except RemoteError as error:
            if error.reason == "forbidden":
                raise self._explain_refusal(entity, error) from None
            raise

    def send(self, method: str, path: str, body: Row | None) -> Answer:
        """One write, never repeated unless it surely had no effect. Raises RemoteError."""
        return self._send(Call(method, self._url(path), json=body, empty_ok=True))

    def _ask(self, path: str, body: Row) -> Answer:
        """A POST that reads, and so may be repeated."""
        return self._send(Call("POST", self._url(path), json=body, repeatable=True))

    def _send(self, call: Call) -> Answer:
        headers = _Credentials(self._tokens, self._fetch_token, self._app_key)
        try:
            return self._http.send(call, headers)
        except RemoteError as error:
            if error.reason != "unauthorized":
                raise
        headers.renew()
        try:
            return self._http.send(call, headers)
        except RemoteError as error:
            error.relink = error.relink or error.reason == "unauthorized"
            raise

    def _fetch_token(self) -> Token:
        return fetch_by_client_credentials(
            self._http, self._hosts.token_url, self._client_id, self._client_secret, "ServiceTitan"
        )

    def _url(self, path: str) -> str:
        return self._hosts.api_url + path.replace("{tenant}", self.tenant_id)

    def _explain_refusal(self, entity: Entity, error: RemoteError) -> RemoteError:
        """Is this one scope missing, or the whole app shut out? Another module's answer tells."""
        others = [
            other for other in scopes.one_per_scope(self.entities.values()) if other.scope != entity.scope
        ]
        granted = set(self._tokens.current(self._fetch_token).scopes)
        others.sort(key=lambda other: other.scope not in granted)
        if all(self._probe(other) is not None for other in others[:2]):
            return self._shut_out(error)
        message = f"The scope {entity.scope} is missing. {scopes.how_to_grant(entity.scope)}"
        return RemoteError(
            Who.FIX_CONFIGURATION,
            "missing_scope",
            message,
            details=error.details,
            status=403,
            trace_id=error.trace_id,
        )

    def _shut_out(self, error: RemoteError | None) -> RemoteError:
        return RemoteError(
            Who.FIX_CONFIGURATION,
            "shut_out",
            f"ServiceTitan refuses every call for tenant {self.tenant_id}: the app is not connected to this "
            "tenant, was disabled there, or has none of the scopes it needs. The merchant's admin enables it in "
            f"{scopes.WHERE}; then test the connection here.",
            details=error.details if error else "",
            status=403,
            trace_id=error.trace_id if error else None,
            relink=True,
        )


class _Credentials:
    """The headers of one call, built anew for every attempt; remembers the token it used last."""

    def __init__(self, store: TokenStore, fetch: Any, app_key: str) -> None:
        self._store = store
        self._fetch = fetch
        self._app_key = app_key
        self._used: str | None = None

    def __call__(self) -> Mapping[str, str]:
        self._used = self._store.current(self._fetch).value
        return {"Authorization": f"Bearer {self._used}", "ST-App-Key": self._app_key}

    def renew(self) -> None:
        """The token used last was refused: have the store hold another."""
        self._store.current(self._fetch, stale=self._used)


def wire_time(moment: datetime) -> str:
    """An aware time as ServiceTitan takes it: UTC with a Z."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


NO_ROW = ""
"""Under this name stands what came in the place of a row: it has no id, and fails alone and visibly."""


def page_of(entity: Entity, answer: Answer) -> Page:
    data = answer.data
    rows = data.get("data") if isinstance(data, dict) else None
    if not isinstance(rows, list):
        raise _unexpected(entity, "the reply holds no list of rows")
    rows = [row if type(row) is dict else {NO_ROW: row} for row in rows]
    has_more = data.get("hasMore")
    if type(has_more) is not bool:
        raise _unexpected(entity, "the reply does not say whether there is more")
    total = data.get("totalCount")
    return Page(
        rows=shaped(entity, rows),
        size=answer.size,
        has_more=has_more,
        total=total if isinstance(total, int) else None,
        continue_from=data.get("continueFrom"),
    )


def _unexpected(entity: Entity, why: str) -> RemoteError:
    message = f"ServiceTitan's reply for {entity.name} has an unexpected shape: {why}. Tell support."
    return RemoteError(Who.OUR_BUG, "unexpected_reply", message, details=why)
