"""Wire times of the sandboxes: a moment is an integer of 100 ns ticks since 1970, UTC.

ServiceTitan writes up to seven fractional digits with trailing zeros trimmed, which `datetime` cannot hold.
"""

import re
import time
from datetime import UTC, datetime
from functools import lru_cache

SECOND = 10_000_000
DAY = 86_400 * SECOND

_ISO = re.compile(r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:?\d\d)?")


def from_seconds(seconds: float) -> int:
    return int(seconds * SECOND)


@lru_cache(maxsize=4096)  # the rows of one visit share their moments
def to_text(ticks: int) -> str:
    seconds, fraction = divmod(ticks, SECOND)
    year, month, day, hour, minute, second, *_ = time.gmtime(seconds)
    text = f"{year:04d}-{month:02d}-{day:02d}T{hour:02d}:{minute:02d}:{second:02d}"
    return f"{text}.{f'{fraction:07d}'.rstrip('0')}Z" if fraction else f"{text}Z"


def from_text(text: str) -> int:
    """Read a date or date-time; without a zone it is UTC. Raises ValueError for anything else."""
    match = _ISO.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not an ISO 8601 date or time")
    day, clock, fraction, zone = match.groups()
    zone = "+00:00" if zone in {None, "Z"} else zone
    whole = datetime.fromisoformat(f"{day}T{clock or '00:00'}{zone}")
    return int(whole.timestamp()) * SECOND + int((fraction or "0")[:7].ljust(7, "0"))


def midnight(ticks: int) -> int:
    return ticks - ticks % DAY


def from_datetime(moment: datetime) -> int:
    return from_seconds(moment.astimezone(UTC).timestamp())
