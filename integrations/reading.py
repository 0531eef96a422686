"""How far a pull has come, and what it reads next. Knows connectors and cursors, no database.

The route: a rule's cursor -> `steps` -> (page of rows, prepared in the thread that fetched it; cursor to save with
it), until the source has no more. Preparing there means that the next pages are mapped while the database writes.

A cursor is one of
  {"phase": "list", "page": n, "size": rows a page, "since": time or null, "began": time,
       "latest": …, "seen": […], "drop": […]}
      in the middle of a paged list (everything, or what changed since);
  {"phase": "feed", "position": token, date or null}       following an export feed;
  {"phase": "poll", "since": time, "seen": [[id, time]…]}  between two looks at a list without a feed;
  {"phase": "again"}                                       a list that can only be read whole.

A list is read in the order of ids, so that a row modified meanwhile neither skips nor moves others; what the
reading misses is modified after it began, and the next look starts before that. `seen` are the rows from that
start on, which the next look, being inclusive, would give again: it drops them.
"""

import math
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, wait
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar

from integrations.connectors.base import CLOCK_SKEW, Connector, Page
from integrations.connectors.entity import Entity, Row
from portal.threads import Pool

Cursor = dict[str, Any]

FEED_LAG = timedelta(minutes=20)
MOST_IN_FLIGHT = 40
BYTES_IN_FLIGHT = 6_000_000
SIGN_OF_LIFE = 15.0
MOST_SEEN = 5000
LONG_CALL = 0.1


Prepared = TypeVar("Prepared")
Prepare = Callable[[list[Row]], Prepared]


@dataclass(frozen=True, slots=True)
class Step(Generic[Prepared]):
    """One page's rows, prepared, with the cursor that stands for having them.

    `rows` is None for a mere sign of life: the reader still waits.
    """

    rows: Prepared | None
    cursor: Cursor
    has_more: bool = True
    expected: int | None = None


@dataclass(frozen=True, slots=True)
class Fetched(Generic[Prepared]):
    """A page that has come: its envelope, its rows prepared, and the seconds that the call took."""

    page: Page
    rows: Prepared
    took: float


def start(entity: Entity, cursor: Cursor, now: datetime, *, full: bool) -> Cursor:
    """Where a new run begins: at everything for the first or a full one, else at what changed."""
    phase = cursor.get("phase")
    if full or not phase or phase == "again":
        if entity.path is None:
            return {"phase": "feed", "position": None}
        return _list(None, now, [])
    if phase == "poll":
        return _list(cursor["since"], now, cursor["seen"])
    return cursor


def _list(since: str | None, now: datetime, drop: list[list[str]]) -> Cursor:
    return {
        "phase": "list",
        "page": 1,
        "since": since,
        "began": now.isoformat(),
        "latest": since,
        "seen": [],
        "drop": drop,
    }


def steps(
    connector: Connector,
    entity: Entity,
    cursor: Cursor,
    prepare: Prepare[Prepared],
    *,
    page_size: int,
    recent: bool = False,
) -> Generator[Step[Prepared], None, None]:
    """Read on from `cursor` to the end of what the source has now. Raises RemoteError.

    `prepare` gets each page's raw rows; it must be safe to call from several threads.
    """
    if cursor["phase"] == "feed":
        yield from _feed(connector, entity, cursor, prepare, recent=recent)
    else:
        if cursor["page"] == 1:  # later pages are of this size too: a page's number means nothing without it
            cursor = {**cursor, "size": min(page_size, entity.max_page_size)}
        yield from _pages(connector, entity, cursor, prepare)


def _feed(
    connector: Connector, entity: Entity, cursor: Cursor, prepare: Prepare[Prepared], *, recent: bool
) -> Iterator[Step[Prepared]]:
    """A feed gives the next position with each page: one call after the other, the next while this one is written."""

    def read(position: str | None) -> tuple[Prepared, Page]:
        page = connector.feed_page(entity, position, recent=recent)
        return prepare(page.rows), page

    position = cursor["position"]
    rows, page = read(position)
    with Pool(1, thread_name_prefix="feed") as pool:
        while True:
            position = page.continue_from or position
            following = pool.submit(read, position) if page.has_more else None
            yield Step(rows, {"phase": "feed", "position": position}, page.has_more)
            if following is None:
                return
            for _ in _signs_of_life(following):
                yield Step(None, {"phase": "feed", "position": position})
            rows, page = following.result()


def _signs_of_life(awaited: Future[Any]) -> Iterator[None]:
    """One each time that it has not come for a while, until it has."""
    while not wait([awaited], timeout=SIGN_OF_LIFE).done:
        yield None


def _pages(
    connector: Connector, entity: Entity, cursor: Cursor, prepare: Prepare[Prepared]
) -> Iterator[Step[Prepared]]:
    """A list whose length is known is read several pages at a time, and handed on in order."""
    size = cursor["size"]
    since = datetime.fromisoformat(cursor["since"]) if cursor["since"] else None
    drop = cursor["drop"]

    def fresh(rows: list[Row]) -> Prepared:
        return prepare(_without(drop, entity, rows))

    with _Ahead(connector, entity, size, since, fresh) as ahead:
        fetched = ahead.first(cursor["page"])
        total = fetched.page.total
        expected = None if total is None else max(0, total - (cursor["page"] - 1) * size)
        while True:
            cursor = _after(entity, cursor, fetched.page)
            yield Step(fetched.rows, cursor, fetched.page.has_more, expected)
            if not fetched.page.has_more:
                return
            waiting = ahead.get(cursor["page"])
            while (found := next(waiting)) is None:
                yield Step(None, cursor)
            fetched = found


class _Ahead(Generic[Prepared]):
    """Fetches pages ahead of the reader: many where calls take long, bounded by bytes."""

    def __init__(
        self,
        connector: Connector,
        entity: Entity,
        size: int,
        since: datetime | None,
        prepare: Prepare[Prepared],
    ) -> None:
        self._connector, self._entity, self._size, self._since = connector, entity, size, since
        self._prepare = prepare
        self._pool = Pool(MOST_IN_FLIGHT, thread_name_prefix="pull")
        self._flying: deque[Future[Fetched[Prepared]]] = deque()
        self._next = self._last = 0
        self._width = 2

    def __enter__(self) -> "_Ahead[Prepared]":
        return self

    def __exit__(self, *args: object) -> None:
        for future in self._flying:
            future.cancel()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def first(self, number: int) -> Fetched[Prepared]:
        """The page to start with: it tells how many more there are, and whether calls take long."""
        fetched = self._fetch(number, with_total=True)
        page = fetched.page
        self._next = number + 1
        self._last = number
        if page.total is not None and page.has_more:
            self._last = math.ceil(page.total / self._size)
        self._widen(fetched)
        self._fill()
        return fetched

    def get(self, number: int) -> Iterator[Fetched[Prepared] | None]:
        """The page of this number; None each time that it has not come for a while."""
        self._last = max(self._last, number)
        self._fill()
        future = self._flying.popleft()
        yield from _signs_of_life(future)
        fetched = future.result()
        self._widen(fetched)
        self._fill()
        yield fetched

    def _widen(self, fetched: Fetched[Prepared]) -> None:
        """Where calls take long, as many as memory allows: one that comes late must not keep the others waiting.

        Where they do not, two: more would fight the writer for the processor.
        """
        wanted = MOST_IN_FLIGHT if fetched.took >= LONG_CALL else 2
        self._width = min(wanted, max(2, BYTES_IN_FLIGHT // max(fetched.page.size, 1)))

    def _fill(self) -> None:
        while self._next <= self._last and len(self._flying) < self._width:
            self._flying.append(self._pool.submit(self._fetch, self._next))
            self._next += 1

    def _fetch(self, number: int, *, with_total: bool = False) -> Fetched[Prepared]:
        began = time.monotonic()
        page = self._connector.list_page(
            self._entity, number, self._size, modified_since=self._since, with_total=with_total
        )
        took = time.monotonic() - began
        rows = self._prepare(page.rows)
        if self._entity.feed:  # only a look at changes needs the raw rows again, for its boundary
            page = replace(page, rows=[])
        return Fetched(page, rows, took)


def _after(entity: Entity, cursor: Cursor, page: Page) -> Cursor:
    """The cursor that stands for having this page."""
    began = datetime.fromisoformat(cursor["began"])
    if entity.feed:
        if page.has_more:
            return {**cursor, "page": cursor["page"] + 1}
        return {"phase": "feed", "position": (began - FEED_LAG).isoformat().replace("+00:00", "Z")}
    if not entity.modified_filter or entity.modified is None:
        return {**cursor, "page": cursor["page"] + 1} if page.has_more else {"phase": "again"}
    since, seen = _boundary(entity, cursor, page.rows, began - CLOCK_SKEW)
    if page.has_more:
        return {**cursor, "page": cursor["page"] + 1, "latest": since, "seen": seen}
    nothing_yet = (
        began - CLOCK_SKEW
    ).isoformat()  # the first row may be given a time before that of our look
    return {"phase": "poll", "since": since or cursor["since"] or nothing_yet, "seen": seen}


def _boundary(
    entity: Entity, cursor: Cursor, rows: list[Row], safe: datetime
) -> tuple[str | None, list[list[str]]]:
    """Where the next look starts (the latest change seen, but no later than `safe`), and the rows seen from there on."""
    seen = {(row_id, at): datetime.fromisoformat(at) for row_id, at in cursor["seen"]}
    for row in rows:
        at = row.get(entity.modified or "")
        moment = _moment(at)
        if moment is not None:
            seen[entity.id_of(row), moment.isoformat()] = moment
    known = [datetime.fromisoformat(cursor["latest"])] if cursor["latest"] else []
    latest = max([*seen.values(), *known], default=None)
    if latest is None:
        return None, []
    since = min(latest, safe)
    kept = sorted(list(pair) for pair, at in seen.items() if at >= since)
    return since.isoformat(), kept[:MOST_SEEN]


def _moment(text: Any) -> datetime | None:
    """A row's time, or None for what is none: the row itself fails where it is mapped, the reading goes on."""
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None


def _without(drop: list[list[str]], entity: Entity, rows: list[Row]) -> list[Row]:
    """The rows that the last look did not see already."""
    if not drop or entity.modified is None:
        return rows
    seen = {(row_id, datetime.fromisoformat(at)) for row_id, at in drop}
    return [row for row in rows if (entity.id_of(row), _moment(row.get(entity.modified))) not in seen]
