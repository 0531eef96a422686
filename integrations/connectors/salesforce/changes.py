"""What changed in an object since a position: the question in SOQL, and where the next one begins. Pure.

A position is a text that the engine keeps and does not read. In the middle of a reading it is the last row's time and
id (`at`, `id`), so that paging needs no locator that dies with its session; between two readings it is where the next
begins (`since`), five minutes before the latest row: a transaction may commit late under an earlier time. `seen` are
the rows read from there on, which the next reading, being inclusive, gives again and drops: but for those of the last
minute, since times are whole seconds and a row may have changed once more in the second in which it was read.

`whole` marks a reading of everything: it leaves out what is in the recycle bin; a reading of changes wants it. The
first look at changes goes back to when the reading of everything `began`, for what was deleted meanwhile.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from integrations.connectors.entity import Entity, Row

STAMP = "SystemModstamp"
OVERLAP = timedelta(minutes=5)
STILL = timedelta(minutes=1)
"""Older than this, by our clock, a row's second is over by Salesforce's."""
PAGE = 2000
MOST_SEEN = 1000
Seen = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Position:
    """How far the reading of one object has come. Times are UTC texts as SOQL takes them."""

    whole: bool = True
    began: str = ""
    looked: str = ""
    since: str = ""
    at: str = ""
    id: str = ""
    seen: Seen = ()
    drop: Seen = ()

    @classmethod
    def of(cls, text: str | None) -> "Position":
        """From the engine's text; None is the beginning of everything."""
        if text is None:
            return cls()
        found = orjson.loads(text)
        pairs = {name: tuple(tuple(pair) for pair in found.get(name, ())) for name in ("seen", "drop")}
        return cls(**{**found, **pairs})

    def text(self) -> str:
        members = {
            "whole": self.whole,
            "began": self.began,
            "looked": self.looked,
            "since": self.since,
            "at": self.at,
            "id": self.id,
        }
        return orjson.dumps({**members, "seen": self.seen, "drop": self.drop}).decode()


def question(entity: Entity, columns: Sequence[str], position: Position) -> str:
    """The SOQL of the next page."""
    conditions = [*entity.feed_params.values()]
    if position.whole and entity.deleted:
        conditions.append(f"{entity.deleted} = false")
    if position.at:
        conditions.append(f"({STAMP} > {position.at} OR ({STAMP} = {position.at} AND Id > '{position.id}'))")
    elif position.since:
        conditions.append(f"{STAMP} >= {position.since}")
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return f"SELECT {', '.join(columns)} FROM {entity.feed}{where} ORDER BY {STAMP}, Id LIMIT {PAGE}"  # noqa: S608 (SOQL, of our own words)


def after(position: Position, rows: Sequence[Row], *, more: bool) -> Position:
    """The position behind these rows."""
    seen = _recent([*position.seen, *((str(row["Id"]), _utc(row[STAMP])) for row in rows)])
    if more:
        last = rows[-1]
        return replace(position, at=_utc(last[STAMP]), id=str(last["Id"]), seen=seen)
    since = _earlier(min(seen[-1][1], position.began or seen[-1][1])) if seen else position.since
    still = _earlier(position.looked, STILL) if position.looked else ""
    return Position(whole=not since, since=since, drop=tuple(pair for pair in seen if pair[1] < still))


def fresh(position: Position, rows: Iterable[Row]) -> list[Row]:
    """The rows that the reading before did not give already."""
    known = frozenset(position.drop)
    return [row for row in rows if (str(row["Id"]), _utc(row[STAMP])) not in known]


def begun(position: Position, now: datetime) -> Position:
    """A reading that begins drops what the last one has seen, and has itself seen those still in the window."""
    if position.at:
        return position
    looked = soql_time(now)
    return replace(position, seen=position.drop, looked=looked, began=looked if position.whole else "")


def _recent(seen: Sequence[tuple[str, str]]) -> Seen:
    """Those of the last five minutes, oldest first, once each; too many are read again, which changes nothing."""
    if not seen:
        return ()
    edge = _earlier(max(stamp for _, stamp in seen))
    kept = sorted({pair for pair in seen if pair[1] >= edge}, key=lambda pair: (pair[1], pair[0]))
    return tuple(kept[-MOST_SEEN:])


def _earlier(stamp: str, by: timedelta = OVERLAP) -> str:
    return soql_time(datetime.fromisoformat(stamp) - by)


def _utc(text: Any) -> str:
    """`2024-03-17T16:21:26.000+0000` -> `2024-03-17T16:21:26.000Z`: one form, which also sorts as text."""
    return soql_time(datetime.fromisoformat(str(text)))


def soql_time(moment: datetime) -> str:
    """An aware time as SOQL takes it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def columns_of(entity: Entity, known: Mapping[str, Any]) -> list[str]:
    """What to ask of an object: what the entity's mapping and declaration name, as far as the org has it.

    `known` are the paths that the object's describe allows: field names, and `Relation` for parents' fields.
    """
    wanted = [
        entity.id,
        STAMP,
        entity.created,
        entity.modified,
        entity.active,
        entity.deleted,
        entity.merged_to,
    ]
    wanted += [reference.remote for reference in entity.references.values()]
    wanted += [path.strip() for line in entity.mapping for path in line.remote.split(",")]
    found: dict[str, None] = {}
    for path in filter(None, wanted):
        first, _, rest = path.partition(".")
        if known.get(first) == "parent" and rest:
            found[path] = None
        elif first in known and known[first] != "parent":
            found[first] = None
    return list(found)


def quoted(text: str) -> str:
    """A text literal."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
