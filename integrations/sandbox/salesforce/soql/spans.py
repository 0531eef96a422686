"""Date literals: the days from and to which TODAY, LAST_N_DAYS:7 and the like stand for, the end not included."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta

DAY = timedelta(days=1)
NEAR: Mapping[str, Callable[[int], tuple[int, int]]] = {
    "today": lambda n: (0, 1),
    "yesterday": lambda n: (-1, 0),
    "tomorrow": lambda n: (1, 2),
    "last_n_days": lambda n: (-n, 1),
    "last_90_days": lambda n: (-90, 1),
    "next_n_days": lambda n: (1, n + 1),
    "next_90_days": lambda n: (1, 91),
    "n_days_ago": lambda n: (-n, 1 - n),
}
"""First day and the day after the last, counted from today, of the spans that a number of days makes."""


def span(name: str, count: int, today: date) -> tuple[date, date]:
    """`name` in lower case, `count` the number behind its colon."""
    if name in NEAR:
        low, high = NEAR[name](count or 90)
        return today + low * DAY, today + high * DAY
    which, _, unit = name.partition("_")
    if unit == "n_months":
        first = today.replace(day=1)
        return (
            (_months(first, -count), first)
            if which == "last"
            else (_months(first, 1), _months(first, count + 1))
        )
    offset = {"last": -1, "this": 0, "next": 1}[which]
    if unit == "week":
        start = today - ((today.weekday() + 1) % 7) * DAY + offset * 7 * DAY
        return start, start + 7 * DAY
    length = {"month": 1, "quarter": 3, "year": 12}[unit]
    start = _months(date(today.year, (today.month - 1) // length * length + 1, 1), offset * length)
    return start, _months(start, length)


def _months(day: date, count: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + count, 12)
    return date(year, month + 1, 1)
