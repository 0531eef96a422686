"""What all workers of one connection share: its token, its limit, its end, and what a connector remembers of it.

The route: a connector about to call, in whatever thread -> the connection's `Gate`, token and budget, all rows -> the
call. Rows are asked for through `ask`: the connection of a question's own, or a `Clerk`'s.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any

from django.core.cache import cache
from django.db import connection as database
from django.db.models import F, Q

from integrations.clerk import on_own_connection
from integrations.connectors.base import Token
from integrations.connectors.errors import RemoteError, Who
from integrations.connectors.tokens import renew_at
from integrations.models import AccessToken, CallBudget, Connection
from portal.keyring import SecretMisplaced
from portal.secrets import placed
from reconciliation.bulk import is_postgres

Ask = Callable[[Callable[[], Any]], Any]
"""Puts a question to the database from whatever thread."""

FETCH_SECONDS = 60.0
_MICRO = 1_000_000
ROOM = 1.03


class Disconnected(Exception):
    """The connection was disconnected since the caller read it: no call may follow."""

    def __init__(self) -> None:
        super().__init__("The connection was disconnected. Enter credentials to connect it again.")


class Gate:
    """Asked before every call: is the connection still as it was when its credentials were read?"""

    def __init__(self, connection: Connection, ask: Ask = on_own_connection) -> None:
        self._ask = ask
        self.open = Connection.objects.filter(pk=connection.pk, disconnects=connection.disconnects).exclude(
            status=Connection.Status.DISCONNECTED
        )

    def check(self) -> None:
        """Raises Disconnected."""
        if not self._ask(self.open.all().exists):
            raise Disconnected


class SharedBudget:
    """A `Budget` that every process shares: one row, moved on by one atomic statement a block of calls.

    The row keeps wall time. Callers keep the monotonic clock and get its answer: their `now` is turned into wall
    time, because opening a database connection takes longer than a slot lasts. While other processes take slots
    too, each takes `ROOM` more time for its own: their late calls and ours may fall into the same second.
    """

    def __init__(self, key: str, rate: float, ask: Ask = on_own_connection) -> None:
        self.key, self.rate, self._ask = key, rate, ask
        self._left_at = 0
        self._is_shared = False

    def reserve(self, slots: int, now: float) -> float:
        wall = now - time.monotonic() + time.time()
        earliest = int(wall * _MICRO)
        taken = int(slots * _MICRO / self.rate * (ROOM if self._is_shared else 1.0))
        next_free = self._ask(lambda: self._move(earliest, taken, slots))
        start = next_free - taken
        self._is_shared = start > max(earliest, self._left_at)  # somebody has moved it since
        self._left_at = next_free
        return now + max(0.0, start / _MICRO - wall)

    def hold(self, seconds: float, now: float) -> None:
        until = int((now - time.monotonic() + time.time() + seconds) * _MICRO)
        self._ask(lambda: self._move(until, 0, 0))

    def _move(self, at_least: int, taken: int, slots: int) -> int:
        minute = int(time.time()) // 60
        table = CallBudget._meta.db_table
        greatest = "GREATEST" if is_postgres() else "MAX"
        # fmt: off
        sql = (
            f"INSERT INTO {table} (key, next_free, minute, minute_calls, last_minute_calls)"  # noqa: S608
            " VALUES (%s, %s, %s, %s, 0) ON CONFLICT (key) DO UPDATE SET"
            f" next_free = {greatest}({table}.next_free, %s) + %s,"
            f" last_minute_calls = CASE WHEN {table}.minute = %s THEN {table}.last_minute_calls"
            f" WHEN {table}.minute = %s - 1 THEN {table}.minute_calls ELSE 0 END,"
            f" minute_calls = CASE WHEN {table}.minute = %s THEN {table}.minute_calls + %s ELSE %s END,"
            " minute = %s RETURNING next_free"
        )
        # fmt: on
        values: list[str | int] = [self.key, at_least + taken, minute, slots, at_least, taken]
        values += [minute, minute, minute, slots, slots, minute]
        with database.cursor() as cursor:
            cursor.execute(sql, values)
            return int(cursor.fetchone()[0])


class SharedTokenStore:
    """A `TokenStore` for all workers: one encrypted row; one worker fetches while the others wait for the row."""

    def __init__(self, connection_id: int, gate: Gate | None = None) -> None:
        self.connection_id, self.gate = connection_id, gate
        self._lock = Lock()
        self._held: tuple[Token, datetime] | None = None
        self._failures = 0
        self._failure: RemoteError | None = None

    def current(self, fetch: Callable[[], Token], *, stale: str | None = None) -> Token:
        failures = self._failures
        with self._lock:
            if self._held is None or self._held[0].value == stale or datetime.now(UTC) >= self._held[1]:
                if self._failure is not None and self._failures != failures:
                    raise self._failure  # the fetch that this caller waited for failed: it failed for all
                self._held = self._renewed(fetch, stale)
            return self._held[0]

    def grant(self) -> str:
        row = on_own_connection(AccessToken.objects.filter(connection_id=self.connection_id).first)
        return row.grant.reveal() if row and row.grant else ""

    def _renewed(self, fetch: Callable[[], Token], stale: str | None) -> tuple[Token, datetime]:
        try:
            return on_own_connection(lambda: self._shared(fetch, stale))
        except RemoteError as error:
            self._failures, self._failure = self._failures + 1, error
            raise

    def _shared(self, fetch: Callable[[], Token], stale: str | None) -> tuple[Token, datetime]:
        """Read the row, or win the right to fetch, or wait for who won it."""
        give_up = time.monotonic() + FETCH_SECONDS
        while time.monotonic() < give_up:
            if self.gate is not None:
                self.gate.check()
            row, _ = AccessToken.objects.get_or_create(connection_id=self.connection_id)
            stored = _stored(row)
            if stored is not None and stored[0].value != stale and datetime.now(UTC) < stored[1]:
                return stored
            if self._win(row):
                return self._fetch(row, fetch)
            time.sleep(0.1)
        message = (
            "Another worker has been fetching an access token for a minute. Trunkline tries again by itself."
        )
        raise RemoteError(Who.RETRY_LATER, "token_fetch_stuck", message)

    def _win(self, row: AccessToken) -> bool:
        now = datetime.now(UTC)
        free = Q(fetching_until=None) | Q(fetching_until__lt=now)
        until = now + timedelta(seconds=FETCH_SECONDS)
        return bool(
            AccessToken.objects.filter(free, pk=row.pk, version=row.version).update(fetching_until=until)
        )

    def _fetch(self, row: AccessToken, fetch: Callable[[], Token]) -> tuple[Token, datetime]:
        mine = AccessToken.objects.filter(pk=row.pk)
        try:
            token = fetch()
        except BaseException:
            mine.update(fetching_until=None)
            raise
        renew = renew_at(token, datetime.now(UTC))
        if self.gate is not None:
            mine = mine.filter(connection__in=self.gate.open)  # a token that comes too late is not kept
        mine.update(**placed(row, token_columns(token, renew)), version=F("version") + 1, fetching_until=None)
        return token, renew


def token_columns(token: Token, renew: datetime) -> dict[str, Any]:
    """What a row keeps of a token; its grant only where it brought one, since the last one then still holds."""
    grant = {"grant": token.grant} if token.grant else {}
    return {
        "value": token.value,
        "expires_at": renew,
        "scopes": list(token.scopes),
        "address": token.address,
        **grant,
    }


def _stored(row: AccessToken) -> tuple[Token, datetime] | None:
    """The row's token, with the time at which to renew it (which is what the row keeps). One that was moved is none."""
    if not row.value or row.expires_at is None:
        return None
    try:
        token = Token(row.value.reveal(), row.expires_at, tuple(row.scopes), address=row.address)
    except SecretMisplaced:  # told already; another is fetched in its place
        return None
    return token, row.expires_at


class SharedMemory:
    """A `Memory` of one connection, in the cache that all workers share. Each test of it begins a new one."""

    def __init__(self, connection: Connection) -> None:
        tested = connection.tested_at.timestamp() if connection.tested_at else 0
        self._prefix = f"connector:{connection.pk}:{connection.disconnects}:{tested}"

    def get(self, name: str) -> Any:
        return on_own_connection(lambda: cache.get(f"{self._prefix}:{name}"))

    def keep(self, name: str, value: Any, seconds: float) -> None:
        on_own_connection(lambda: cache.set(f"{self._prefix}:{name}", value, seconds))


def forget_token(connection: Connection) -> None:
    """New credentials: the old token must not be used again."""
    AccessToken.objects.filter(connection=connection).update(
        value="", expires_at=None, fetching_until=None, version=F("version") + 1
    )
