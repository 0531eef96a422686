"""How far the reading of a table has come. Pure.

SYSPRO's tables tell nobody when a row was changed. So a table with business dates is read from some weeks back each
time, where most of what still changes lies, and whole once a day; a table without is read whole each time, or once in a
while. A row that is as it was costs nothing further on.

A position is a text that the engine keeps and does not read. In the middle of a reading it has the last row's key
(`after`); between two readings, when the last of the whole began (`whole_at`) and when the last one did (`read_at`).
"""

from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta

import orjson

from integrations.connectors.syspro import keys
from integrations.connectors.syspro.odata import All, Any_, Condition, Is, behind


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How a table is read: its key; its dates, if it has any; how far back, and how often whole.

    `reach` is how far back a whole reading goes, where a table keeps everything that ever happened; None is to the
    beginning.
    """

    key: tuple[str, ...]
    dates: tuple[str, ...] = ()
    overlap: timedelta = timedelta(days=35)
    whole_every: timedelta = timedelta(days=1)
    reach: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Position:
    """Times are aware UTC in ISO form; `since` is a day, empty where there is no first one. `whole`: a whole reading is
    under way."""

    since: str = ""
    began: str = ""
    after: tuple[str, ...] = ()
    whole_at: str = ""
    read_at: str = ""
    whole: bool = False

    @classmethod
    def of(cls, text: str | None) -> "Position":
        """From the engine's text; None is the beginning of everything."""
        found = orjson.loads(text) if text else {}
        return cls(**{**found, "after": tuple(found.get("after", ()))})

    def text(self) -> str:
        return orjson.dumps(asdict(self)).decode()


def begun(position: Position, rhythm: Rhythm, now: datetime) -> Position | None:
    """The position of a reading under way; None where it is not time to read the table again."""
    if position.began:
        return position
    is_whole = not position.whole_at or now - datetime.fromisoformat(position.whole_at) >= rhythm.whole_every
    if is_whole:
        since = (now - rhythm.reach).date().isoformat() if rhythm.reach else ""
        return replace(position, began=now.isoformat(), since=since, whole=True)
    if not rhythm.dates:
        return None
    back = datetime.fromisoformat(position.read_at).date() - rhythm.overlap
    return replace(position, began=now.isoformat(), since=back.isoformat(), whole=False)


def condition(position: Position, rhythm: Rhythm) -> Condition | None:
    """The rows of the next page."""
    parts: list[Condition] = []
    if position.since:
        since = date.fromisoformat(position.since)
        parts.append(Any_(tuple(Is(name, "ge", since) for name in rhythm.dates)))
    if position.after:
        after = [keys.literal(part, name) for name, part in zip(rhythm.key, position.after, strict=True)]
        parts.append(behind(rhythm.key, after))
    return All(tuple(parts)) if parts else None


def beyond(position: Position, key: tuple[str, ...]) -> Position:
    """Behind a page whose last row has this key."""
    return replace(position, after=key)


def ended(position: Position) -> Position:
    """Behind a reading: the next begins with what is dated from some weeks before this one began."""
    whole_at = position.began if position.whole else position.whole_at
    return Position(whole_at=whole_at, read_at=position.began)
