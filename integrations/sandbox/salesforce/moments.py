"""Salesforce's wire times: `2024-03-17T16:21:26.000+0000`, always UTC, so that texts compare as moments do."""

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

_DATETIME = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(?::(\d\d))?(?:\.\d+)?(Z|[+-]\d\d:?\d\d)?", re.IGNORECASE
)
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


@lru_cache(maxsize=4096)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def to_text(seconds: float) -> str:
    """A Unix time as the wire writes it; fractions of a second are cut off, as Salesforce does."""
    return _second(int(seconds))


def datetime_text(text: str) -> str:
    """Any ISO 8601 date-time in the wire's own form. Raises ValueError."""
    match = _DATETIME.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no date-time")
    day, minute, second, zone = match.groups()
    zone = "+00:00" if zone in {None, "Z", "z"} else zone
    return to_text(datetime.fromisoformat(f"{day}T{minute}:{second or '00'}{zone}").timestamp())


def date_text(text: str) -> str:
    """A date, or the date of a date-time. Raises ValueError."""
    text = text.strip()
    if _DATE.fullmatch(text):
        return date.fromisoformat(text).isoformat()
    return datetime_text(text)[:10]


def to_seconds(text: str) -> float:
    """Raises ValueError."""
    return datetime.strptime(datetime_text(text), "%Y-%m-%dT%H:%M:%S.000%z").timestamp()


def http_date(text: str) -> str:
    """A wire time as HTTP headers write it."""
    moment = datetime.fromtimestamp(to_seconds(text), UTC)
    return moment.strftime("%a, %d %b %Y %H:%M:%S GMT")


def day_of(seconds: float) -> date:
    return datetime.fromtimestamp(seconds, UTC).date()


def days_from(day: date, count: int) -> date:
    return day + timedelta(days=count)
