"""Transforms read backwards: from a record's value to the remote members it came from. Pure.

A reverse takes the value and what the members hold now (None where that is not known), and gives what they shall hold.
What they hold now matters where a line reads only a part of it, or where several remote values mean the same.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from integrations.mapping.adjusted import factor, parts_of, pattern, separator, split_at, value_pairs
from integrations.mapping.contacts import remote_kind
from integrations.mapping.transforms import day, decimal, text

Back = Callable[[Any, Sequence[Any]], Sequence[Any]]


def plain(value: Any) -> Any:
    """A value as a body can hold it: amounts are numbers, times end in Z, never in an offset."""
    if isinstance(value, Decimal):  # four places are kept here, which a float holds exactly enough
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else value


def digits(value: Any) -> str | None:
    """An amount as text, with all its digits and no trailing zeros."""
    return None if value is None else format(decimal(value).normalize(), "f")


def _amount(value: Any) -> float:
    return float(Decimal(str(value)))


def _ids(value: Any) -> list[int]:
    return [int(item) for item in value]


def _of_kind(value: Any) -> bool:
    if value not in {"Residential", "Commercial"}:
        raise ValueError("is neither Residential nor Commercial")
    return bool(value == "Residential")


_SIMPLE: Mapping[str, Callable[[Any], Any]] = {
    **dict.fromkeys(
        ("text", "trimmed", "upper", "lower", "email", "integer", "number", "boolean", "date", "phone_e164"),
        lambda value: value,
    ),
    "phone_national": lambda value: value,
    "decimal": _amount,
    "cents": lambda value: int(decimal(value).scaleb(2)),
    "timestamp": plain,
    "id_list": _ids,
    "contact_kind": remote_kind,
    "customer_kind": _of_kind,
}


def _one(function: Callable[[Any], Any], empty: Any = None) -> Back:
    return lambda value, now: [empty if value is None else function(value)]


def _value_map(argument: str) -> Back:
    pairs = value_pairs(argument)
    ours = {left.casefold(): right for left, right in pairs}

    def back(value: Any, now: Sequence[Any]) -> list[Any]:
        wanted = "" if value is None else text(value).strip()
        held = now[0] if now else None
        if held is not None and ours.get(text(held).strip().casefold(), "").casefold() == wanted.casefold():
            return [held]  # several of theirs mean the same: the one that is there stays
        for left, right in pairs:
            if left != "*" and right.casefold() == wanted.casefold():
                return [left]
        if ours.get("*") != "*":
            raise ValueError("is not among the values of this line")
        return [value]

    return back


def _scaled(argument: str) -> Back:
    by = factor(argument)
    return _one(lambda value: plain(decimal(value) / by))


def _date_written(argument: str) -> Back:
    written = pattern(argument)
    return _one(lambda value: datetime.strptime(value, written).date().isoformat())  # a day has no zone


def _date_read(argument: str) -> Back:
    written = pattern(argument)
    return _one(lambda value: date.fromisoformat(day(value)).strftime(written))


def _combine(argument: str) -> Back:
    between = separator(argument)

    def back(value: Any, now: Sequence[Any]) -> list[Any]:
        parts = (value or "").split(between, len(now) - 1)
        return [part.strip() for part in parts] + [""] * (len(now) - len(parts))

    return back


def _split(argument: str) -> Back:
    number, between = split_at(argument)
    index = number - 1 if number > 0 else number

    def back(value: Any, now: Sequence[Any]) -> list[Any]:
        parts = parts_of(text(now[0]), between) if now and now[0] else []
        missing = (index + 1 if index >= 0 else -index) - len(parts)
        parts = parts + [""] * missing if index >= 0 else [""] * missing + parts
        parts[index] = value or ""
        glue = between if between == " " else f"{between.strip()} "
        return [glue.join(filter(None, parts)) if between == " " else glue.join(parts).strip()]

    return back


def _named(argument: str) -> Back:
    name = argument.strip()
    return lambda value, now: [[{"name": name, "value": "" if value is None else text(value)}]]


_ADJUSTED: Mapping[str, Callable[[str], Back]] = {
    "value_map": _value_map,
    "scaled": _scaled,
    "date_written": _date_written,
    "date_read": _date_read,
    "combine": _combine,
    "split": _split,
    "named": _named,
}
ADDING = frozenset({"named"})
"""Those that give a list of some of the things that a member holds: lines of one member go together."""
LOOKING = frozenset({"value_map", "combine", "split"})
"""Those of them that look at what the members hold now."""
_MEMBERS = "members"
BACKWARDS = frozenset({*_SIMPLE, *_ADJUSTED, _MEMBERS})
"""Transforms that can be read backwards; a line of both directions with another one is only pulled."""


def backwards(transform: str, argument: str, names: Sequence[str] = ()) -> Back:
    """The reverse of one of `BACKWARDS`; `names` are the members it fills. Raises ValueError for a wrong argument."""
    if transform == _MEMBERS:
        return lambda value, now: [(value or {}).get(name) for name in names]
    if transform in _ADJUSTED:
        return _ADJUSTED[transform](argument)
    return _one(_SIMPLE[transform], [] if transform == "id_list" else None)
