"""Transforms by name: pure functions from a remote value to a record's value.

Each takes values that are not null (null stays null) and raises ValueError with a text that completes the
sentence "…, which <text>". `takes_as_is` names the types that a transform returns unchanged, so that a whole
group of fields can be checked and taken in one go.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from integrations.mapping.binding import Bind, Binding, Paths
from integrations.mapping.contacts import CONTACT_KINDS, contact_kind, reads_contact, reads_phone

Convert = Callable[..., Any]
_NOTHING: frozenset[type] = frozenset()
_ANY_NUMBER = 0


@dataclass(frozen=True, slots=True)
class Transform:
    """A named conversion.

    `kind` is the kind of field it fills, empty where it can fill any. `bind` gives the function for one line.
    `inputs` is the number of paths it takes; 0 is any number. `argument` says what it takes beside values, with an
    example in `example`; empty where it takes nothing. `reads` gives the paths that the argument names, for those that
    take none from the line. `takes_null` means that it is asked about null as well. `one_way` says why it cannot
    be written back.
    """

    name: str
    kind: str
    description: str
    bind: Bind
    takes_as_is: frozenset[type] = _NOTHING
    inputs: int = 1
    argument: str = ""
    example: str = ""
    reads: Paths | None = None
    takes_null: bool = False
    one_way: str = ""


def text(value: Any) -> str:
    if type(value) is str:
        return value
    if type(value) in {int, float}:
        return repr(value)
    if type(value) is bool:
        return "true" if value else "false"
    if isinstance(value, Decimal):  # from a record, on its way out
        return f"{value.normalize():f}"
    if isinstance(value, date):
        return value.isoformat()
    raise ValueError("is not a text")


def trimmed(value: Any) -> str:
    return " ".join(text(value).split())


def upper(value: Any) -> str:
    return text(value).strip().upper()


def lower(value: Any) -> str:
    return text(value).strip().lower()


def email(value: Any) -> str:
    found = text(value).strip().casefold()
    if found.count("@") != 1 or found.startswith("@") or found.endswith("@") or " " in found:
        raise ValueError("is not an e-mail address")
    return found


def integer(value: Any) -> int:
    if type(value) is int:
        return value
    number_ = decimal(value)
    if number_ != number_.to_integral_value():
        raise ValueError("is not a whole number")
    return int(number_)


def number(value: Any) -> float:
    if type(value) is float or type(value) is int:
        return float(value)
    return float(decimal(value))


def decimal(value: Any) -> Decimal:
    """Exact: a JSON number is read by its shortest text, never by its binary value."""
    kind = type(value)
    if kind is str or kind is int:
        found = _parsed(value)
    elif kind is float:
        found = _parsed(repr(value))
    elif kind is Decimal:
        found = value
    else:
        raise ValueError("is not an amount")
    if not found.is_finite():
        raise ValueError("is not an amount")
    return found


def _parsed(value: str | int) -> Decimal:
    try:
        return Decimal(value)
    except InvalidOperation:
        raise ValueError("is not an amount") from None


def cents(value: Any) -> Decimal:
    return decimal(value).scaleb(-2)


_BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def boolean(value: Any) -> bool:
    if type(value) is bool:
        return value
    found = _BOOLEANS.get(str(value).strip().lower()) if type(value) in {str, int} else None
    if found is None:
        raise ValueError("is neither true nor false")
    return found


def customer_kind(value: Any) -> str:
    return "Residential" if boolean(value) else "Commercial"


def timestamp(value: Any) -> datetime:
    """ISO 8601 to an aware UTC time. Fractions beyond microseconds are cut off; no zone means UTC."""
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise ValueError("is not a date and time") from None
    if moment.tzinfo is UTC:
        return moment
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("is before or after all time") from None


def day(value: Any) -> str:
    """The date of an ISO date or time, as text; the source's own day, whatever the zone."""
    try:
        text_ = value.isoformat() if isinstance(value, date) else value
        return date.fromisoformat(text_[:10]).isoformat()
    except (TypeError, ValueError):
        raise ValueError("is not a date") from None


def json(value: Any) -> Any:
    return value


def id_list(value: Any) -> list[str]:
    if type(value) is not list or any(type(item) not in {int, str} for item in value):
        raise ValueError("is not a list of ids")
    return [str(item) for item in value]


def first(value: Any) -> str | None:
    if type(value) is not list:
        raise ValueError("is not a list")
    return text(value[0]) if value and value[0] is not None else None


def count(value: Any) -> int:
    if type(value) is not list:
        raise ValueError("is not a list")
    return len(value)


def joined(*values: Any) -> str:
    return " ".join(trimmed(value) for value in values if value is not None).strip()


def _members(binding: Binding) -> Convert:
    def members(*values: Any) -> dict[str, Any]:
        return {name: value for name, value in zip(binding.names, values, strict=True) if value is not None}

    return members


def _plain(function: Convert) -> Bind:
    return lambda binding: function


_SIMPLE: tuple[tuple[str, str, str, Convert, frozenset[type], int], ...] = (
    ("text", "text", "Text, letter for letter", text, frozenset({str}), 1),
    ("trimmed", "text", "Text without blanks around it or doubled inside", trimmed, _NOTHING, 1),
    ("upper", "text", "Text in capitals", upper, _NOTHING, 1),
    ("lower", "text", "Text in small letters", lower, _NOTHING, 1),
    ("joined", "text", "Several texts with a blank between them", joined, _NOTHING, _ANY_NUMBER),
    ("first", "text", "The first item of a list, as text", first, _NOTHING, 1),
    ("email", "text", "An e-mail address in small letters; anything else is refused", email, _NOTHING, 1),
    ("date", "text", "The date of a time, as YYYY-MM-DD", day, _NOTHING, 1),
    ("integer", "integer", "A whole number", integer, frozenset({int}), 1),
    ("count", "integer", "How many items a list has", count, _NOTHING, 1),
    ("number", "number", "A number, such as a coordinate", number, frozenset({float}), 1),
    ("decimal", "decimal", "An exact amount, from a number or from text", decimal, _NOTHING, 1),
    ("cents", "decimal", "An exact amount, from a whole number of cents", cents, _NOTHING, 1),
    ("boolean", "boolean", "Yes or no", boolean, frozenset({bool}), 1),
    ("customer_kind", "text", "Residential for yes, Commercial for no", customer_kind, _NOTHING, 1),
    ("timestamp", "timestamp", "A date and time; without a zone it is UTC", timestamp, _NOTHING, 1),
    ("json", "json", "Anything, as it comes", json, _NOTHING, 1),
    ("id_list", "json", "A list of ids", id_list, _NOTHING, 1),
    ("contact_kind", "text", f"The kind of a contact: {', '.join(CONTACT_KINDS)}", contact_kind, _NOTHING, 1),
)

TRANSFORMS: Mapping[str, Transform] = {
    transform.name: transform
    for transform in (
        *(
            Transform(name, kind, description, _plain(function), as_is, inputs)
            for name, kind, description, function, as_is, inputs in _SIMPLE
        ),
        Transform("members", "json", "Several members, kept by their names", _members, inputs=_ANY_NUMBER),
        Transform("phone_e164", "text", "A phone number in E.164 form", reads_phone("e164")),
        Transform("phone_extension", "text", "A phone number's extension", reads_phone("extension")),
        Transform("phone_usable", "boolean", "Whether a phone number can be called", reads_phone("usable")),
        Transform(
            "contact_e164",
            "text",
            "A contact's phone number in E.164 form; takes its type and value",
            reads_contact("e164"),
            inputs=2,
        ),
        Transform(
            "contact_extension",
            "text",
            "A contact's extension; takes its type and value",
            reads_contact("extension"),
            inputs=2,
        ),
        Transform(
            "contact_usable",
            "boolean",
            "Whether a contact can be reached by its value; takes its type and value",
            reads_contact("usable"),
            inputs=2,
        ),
    )
}
