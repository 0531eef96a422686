"""SYSPRO's client for one company: tables read over OData, documents posted through e.net.

The route of a read: condition -> OData, or COMFND where the company has no OData -> rows with their ids. The route of a
write: looked for by key -> document -> session under the operator's seat -> posted -> read back. Nothing is logged on
before the first call that needs it; `close` logs off.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from integrations.connectors.base import Check, Limiter, Page, RemoteField, Seat, Usage, Writing
from integrations.connectors.entity import Entity, Row
from integrations.connectors.errors import RemoteError
from integrations.connectors.hosts import Hosts
from integrations.connectors.http import HttpClient, Policy
from integrations.connectors.syspro import checking, describing, finding, keys, orders, positions
from integrations.connectors.syspro.entities import DOCUMENTS, ENTITIES
from integrations.connectors.syspro.errors import classify
from integrations.connectors.syspro.finding import Finder
from integrations.connectors.syspro.odata import MOST_ROWS, All, Condition, Is, Tables
from integrations.connectors.syspro.orders import Orders
from integrations.connectors.syspro.posting import Options, Posted, Poster
from integrations.connectors.syspro.session import LogOn, Session
from integrations.connectors.syspro.tables import AP_SUPPLIER, TABLES, Table
from integrations.connectors.transport import Limits

SYSTEM = "syspro"
LIMITS = Limits(connect=10.0, read=110.0)
FAREWELL = Policy(attempts=1, budget=10.0)
"""Logging off is tried once: a session that stays open is ended by the next log-on."""


class Reading(Protocol):
    """Rows of tables, from wherever they can be had."""

    def rows(
        self, table: str, condition: Condition | None = None, *, columns: Sequence[str] = (), order: Sequence[str] = (),
        most: int = MOST_ROWS,
    ) -> tuple[list[Row], int]: ...  # fmt: skip


@dataclass(frozen=True, slots=True)
class Settings:
    """How one company's SYSPRO is used: who logs on, who reads, and how documents are posted."""

    log_on: LogOn
    odata_user: str
    odata_password: str
    odata_dates: str
    options: Options
    ledger_company: str = ""


class SysproConnector:
    """Implements `Connector`, `TriesCreates`, `TellsExchanges`. Safe for many threads: e.net's calls go in turn."""

    system = SYSTEM
    entities: Mapping[str, Entity] = ENTITIES
    usage: Usage | None = None

    def __init__(
        self,
        settings: Settings,
        hosts: Hosts,
        *,
        seat: Seat,
        limiter: Limiter,
        policy: Policy | None = None,
        limits: Limits | None = None,
    ) -> None:
        limits = limits or LIMITS
        self._http = HttpClient(classify, limiter=limiter, policy=policy, limits=limits)
        self._farewell = HttpClient(classify, policy=FAREWELL, limits=limits)
        self.settings = settings
        self.session = Session(self._http, self._farewell, hosts.api_url, settings.log_on, seat)
        self.odata = self._tables(hosts) if hosts.token_url else None
        self._reading: Reading = self.odata or Finder(self.session)
        self._poster = Poster(self.session, settings.options)
        self._orders = Orders(self._poster, self._found)
        self._posted: dict[str, Posted] = {}
        self._suppliers: dict[str, str] = {}

    def _tables(self, hosts: Hosts) -> Tables:
        settings = self.settings
        base = f"{hosts.token_url}/{settings.log_on.company}"
        return Tables(self._http, base, settings.odata_user, settings.odata_password, settings.odata_dates)

    def list_page(
        self,
        entity: Entity,
        page: int,
        page_size: int,
        *,
        modified_since: datetime | None = None,
        with_total: bool = False,
    ) -> Page:
        raise ValueError(f"{entity.name} has no numbered pages, only its table in the order of its key.")

    def feed_page(self, entity: Entity, position: str | None, *, recent: bool = False) -> Page:
        """The next rows in the order of their key; `position` is one that `Page.continue_from` gave."""
        table = TABLES[entity.feed or ""]
        held = positions.Position.of(position)
        at = positions.begun(held, table.rhythm, datetime.now(UTC))
        if at is None:
            return Page([], 0, has_more=False, continue_from=held.text())
        condition = positions.condition(at, table.rhythm)
        raw, size = self._raw(entity, table, condition)
        if not raw:  # a site may give fewer rows than were asked for: only an empty page is the end
            return Page([], size, has_more=False, continue_from=positions.ended(at).text())
        following = positions.beyond(at, table.key_of(raw[-1]))
        rows = [table.row(row) for row in raw if table.takes(row)]
        return Page(rows, size, has_more=True, continue_from=following.text())

    def fetch(self, entity: Entity, external_ids: Sequence[str]) -> list[Row]:
        """See `Connector.fetch`."""
        return [row for external_id in external_ids if (row := self.read(entity, external_id)) is not None]

    def read(self, entity: Entity, external_id: str, parent: str = "") -> Row | None:
        """See `Connector.read`."""
        return self._row(entity, TABLES[entity.feed or ""], external_id)

    def create(self, entity: Entity, body: Row, *, key: str, parent: str = "") -> str:
        """Post a document. What SYSPRO says is there already is looked at, and is ours where it is the same."""
        if orders.is_one(entity):
            external_id, posted = self._orders.create(entity, self._spelt(entity, body), parent)
            self._posted[f"{entity.name} {external_id}"] = posted
            return external_id
        document = DOCUMENTS[entity.name]
        try:
            posted = self._poster.post(document, self._spelt(entity, body))
        except RemoteError as error:
            if error.reason in {"already_posted", "already_there"} and (
                there := self.find(entity, body, key=key, parent=parent, since=datetime.now(UTC))
            ):
                return entity.id_of(there[0])
            raise
        external_id = finding.id_made(body, document, posted.outcome.key, TABLES[entity.feed or ""])
        self._posted[f"{entity.name} {external_id}"] = posted
        return external_id

    def exchange(self, entity: Entity, external_id: str) -> Row | None:
        """See `TellsExchanges`. Told once."""
        posted = self._posted.pop(f"{entity.name} {external_id}", None)
        return posted.exchange() if posted is not None else None

    def try_create(self, entity: Entity, body: Row) -> list[str]:
        """See `TriesCreates`."""
        if orders.is_one(entity):
            _, posted = self._orders.create(entity, self._spelt(entity, body), "", dry=True)
            return [*posted.outcome.warnings, *posted.notes]
        posted = self._poster.post(DOCUMENTS[entity.name], self._spelt(entity, body), dry=True)
        return [*posted.outcome.warnings, *posted.notes]

    def update(self, entity: Entity, external_id: str, body: Row, *, parent: str = "") -> Row | None:
        """Send changed elements under the row's own key, as SYSPRO spells it."""
        table = TABLES[entity.feed or ""]
        row = self._row(entity, table, external_id)
        if row is None:
            raise finding.gone(entity)
        if orders.is_one(entity):
            self._orders.update(entity, row, body)
            return None
        document = DOCUMENTS[entity.name]
        key = {element.name: row[element.name] for element in document.key}
        self._poster.post(
            document, {**body, **key}, verb=entity.write.update or "" if entity.write else "", whole=False
        )
        return None

    def remove(self, entity: Entity, row: Row, *, parent: str = "") -> None:
        if not orders.is_one(entity):
            raise ValueError(f"{entity.name} is not taken away at SYSPRO.")
        self._orders.cancel(row)

    def write_many(self, entity: Entity, rows: Sequence[Writing]) -> "list[str | RemoteError]":
        raise ValueError("SYSPRO takes one document a call.")

    def find_many(self, entity: Entity, keys: Sequence[str]) -> dict[str, Row]:
        raise ValueError("SYSPRO keeps no keys of ours.")

    def begin_bulk(self, entity: Entity, rows: Sequence[Writing]) -> str:
        raise ValueError("SYSPRO has no bulk jobs.")

    def end_bulk(self, entity: Entity, job: str, rows: Sequence[Writing]) -> "list[str | RemoteError] | None":
        raise ValueError("SYSPRO has no bulk jobs.")

    def below(self, entity: Entity, reference: str, parent: str) -> list[Row]:
        """See `Connector.below`."""
        table = TABLES[entity.feed or ""]
        condition = finding.referring(table, entity.references[reference].remote, parent)
        return self._rows(entity, table, condition)

    def find(self, entity: Entity, body: Row, *, key: str, parent: str, since: datetime) -> list[Row]:
        """The rows under the body's key, if they say the same; raises RemoteError where they do not."""
        if orders.is_one(entity):
            return self._orders.find(entity, self._spelt(entity, body), parent)
        table = TABLES[entity.feed or ""]
        finding.check_kind(body, table)
        self._spelt(entity, body)  # asked here, so that a posting need not wait for it
        if table.found_by:
            there = self._rows(entity, table, finding.made_of(table, body))
            rows = [row for row in there if finding.is_made_of(table, body, row)]
        else:
            row = self._row(entity, table, finding.id_in(body, table))
            rows = [] if row is None else [row]
        finding.check_same(body, rows)
        return rows

    def describe(self, entity: Entity) -> list[RemoteField]:
        """See `Connector.describe`."""
        return describing.remote_fields(entity, TABLES[entity.feed or ""], self._reading)

    def check(self, own: Sequence[Entity] = ()) -> Check:
        """Logs on, asks whom it is logged on as, then for a row of each table. Raises RemoteError if nothing works."""
        return checking.check(self)

    def close(self) -> None:
        """Log off, whatever happened."""
        try:
            self.session.close()
        finally:
            self._farewell.close()
            self._http.close()

    def first_row(self, entity: Entity) -> None:
        """Ask for one row of the entity's table. Raises RemoteError."""
        table = TABLES[entity.feed or ""]
        self._reading.rows(table.name, columns=describing.columns_of(entity, table), order=table.key, most=1)

    def _spelt(self, entity: Entity, body: Row) -> Row:
        """The body with its supplier's code as SYSPRO spells it: people leave the zeros out. Raises RemoteError."""
        code = keys.normal(body.get("Supplier"))
        if entity.feed == AP_SUPPLIER.name or not code:
            return body
        if code not in self._suppliers:
            rows, _ = self._reading.rows(
                AP_SUPPLIER.name,
                finding.under(AP_SUPPLIER, code),
                columns=AP_SUPPLIER.key,
                order=AP_SUPPLIER.key,
            )
            found = next((row["Supplier"] for row in rows if keys.normal(row["Supplier"]) == code), None)
            if found is None:
                raise finding.no_supplier(body["Supplier"])
            self._suppliers[code] = found
        return {**body, "Supplier": self._suppliers[code]}

    def _row(self, entity: Entity, table: Table, external_id: str) -> Row | None:
        rows = self._rows(entity, table, finding.under(table, external_id))
        return next((row for row in rows if row["id"] == external_id), None)

    def _rows(self, entity: Entity, table: Table, condition: Condition) -> list[Row]:
        raw, _ = self._raw(entity, table, condition)
        return [table.row(row) for row in raw if table.takes(row)]

    def _found(self, entity: Entity, condition: Condition) -> list[Row]:
        return self._rows(entity, TABLES[entity.feed or ""], condition)

    def _raw(self, entity: Entity, table: Table, condition: Condition | None) -> tuple[list[Row], int]:
        """One page in the order of the key, with what the table beside it has for its rows."""
        if table.company and self.settings.ledger_company:
            own = Is(table.company, "eq", self.settings.ledger_company)
            condition = own if condition is None else All((condition, own))
        columns, beside = describing.columns_of(entity, table), describing.joined_columns(entity, table)
        raw, size = self._reading.rows(table.name, condition, columns=columns, order=table.key)
        if not raw or not beside or table.join is None:
            return raw, size
        span = finding.between(table, raw[0], raw[-1])
        more, more_size = self._reading.rows(table.join.name, span, columns=beside, order=table.key)
        known = {table.key_of(row): row for row in more}
        return [{**known.get(table.key_of(row), {}), **row} for row in raw], size + more_size


def settings_of(credentials: Mapping[str, Any]) -> Settings:
    """A connection's credentials, sorted."""
    return Settings(
        LogOn(
            credentials["operator"],
            credentials["operator_password"],
            credentials["company"],
            credentials.get("company_password", ""),
        ),
        credentials.get("odata_user", ""),
        credentials.get("odata_password", ""),
        credentials.get("odata_dates", "timestamp"),
        Options(
            large=credentials.get("post_large", "yes") == "yes",
            period=credentials.get("posting_period", "C"),
            warnings=credentials.get("ignore_warnings", "N"),
        ),
        credentials.get("ledger_company", ""),
    )
