"""Whether a value fits its field, and the form in which it is kept. Pure; references are looked up in saving.py.

A checker takes what JSON or a CSV cell gave and returns the value to keep (None clears the field), or raises
RowRefused with the code and the sentence of the API. Refused is raised for what its JSON parser would not read.
"""

import math
import re
from collections.abc import Callable
from typing import Any

from integrations.sandbox.salesforce import moments
from integrations.sandbox.salesforce.errors import Refused, RowRefused
from integrations.sandbox.salesforce.ids import is_id, long_id
from integrations.sandbox.salesforce.schema import NUMBERS, Field

Checker = Callable[[Any], Any]
EMAIL = re.compile(r"[^@\s,;]+@[^@\s,;]+\.[^@\s,;.]{2,}")


def checker_of(field: Field) -> Checker:
    if field.type in NUMBERS:
        return _number(field)
    special: dict[str, Callable[[Field], Checker]] = {
        "boolean": _boolean, "date": _date, "datetime": _datetime, "reference": _reference, "email": _email,
    }  # fmt: skip
    if field.type in special:
        return special[field.type](field)
    return _restricted(field) if field.restricted else _text(field)


def _text(field: Field) -> Checker:
    length, name, label = field.length, field.name, field.label

    def check(value: Any) -> Any:
        if type(value) is not str:
            if value is None:
                return None
            if isinstance(value, dict | list):
                raise _unreadable(field, value)
            value = str(value).lower() if isinstance(value, bool) else str(value)
        value = value.strip()
        if len(value) > length:
            sentence = f"{label}: data value too large: {value} (max length={length})"
            raise RowRefused("STRING_TOO_LONG", sentence, [name])
        return value or None

    return check


def _email(field: Field) -> Checker:
    text = _text(field)

    def check(value: Any) -> Any:
        value = text(value)
        if value is not None and not EMAIL.fullmatch(value):
            sentence = f"{field.label}: invalid email address: {value}"
            raise RowRefused("INVALID_EMAIL_ADDRESS", sentence, [field.name])
        return value

    return check


def _restricted(field: Field) -> Checker:
    text, allowed = _text(field), frozenset(field.values)

    def check(value: Any) -> Any:
        value = text(value)
        chosen = (value or "").split(";") if field.type == "multipicklist" else [value]
        for one in chosen:
            if one and one not in allowed:
                sentence = f"{field.label}: bad value for restricted picklist field: {one}"
                raise RowRefused("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", sentence, [field.name])
        return value

    return check


def _number(field: Field) -> Checker:
    most = 10.0 ** (field.precision - field.scale) if field.precision else math.inf
    whole = field.type == "int"

    def check(value: Any) -> Any:
        if value is None or value == "":
            return None
        try:
            if isinstance(value, bool):
                raise ValueError
            number = float(value)
        except (TypeError, ValueError):
            raise _unreadable(field, value) from None
        if not abs(number) < most:
            sentence = f"{field.label}: value outside of valid range on numeric field: {value}"
            raise RowRefused("NUMBER_OUTSIDE_VALID_RANGE", sentence, [field.name])
        return int(number) if whole else round(number, field.scale)

    return check


def _boolean(field: Field) -> Checker:
    words = {"true": True, "1": True, "false": False, "0": False}

    def check(value: Any) -> Any:
        if isinstance(value, bool):
            return value
        if value is None or value == "":
            return field.default or False
        if isinstance(value, str) and value.lower() in words:
            return words[value.lower()]
        raise _unreadable(field, value)

    return check


def _date(field: Field) -> Checker:
    return _moment(field, moments.date_text)


def _datetime(field: Field) -> Checker:
    return _moment(field, moments.datetime_text)


def _moment(field: Field, read: Callable[[str], str]) -> Checker:
    def check(value: Any) -> Any:
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            raise _unreadable(field, value)
        try:
            return read(value)
        except ValueError:
            raise _unreadable(field, value) from None

    return check


def _reference(field: Field) -> Checker:
    def check(value: Any) -> Any:
        if value is None or value == "":
            return None
        if not is_id(value):
            sentence = f"{field.label}: id value of incorrect type: {value}"
            raise RowRefused("MALFORMED_ID", sentence, [field.name])
        return long_id(value)

    return check


def _unreadable(field: Field, value: Any) -> Refused:
    kind = "VALUE_STRING" if isinstance(value, str) else type(value).__name__
    shown = value if isinstance(value, str) else ""
    return Refused(
        "JSON_PARSER_ERROR",
        f"Cannot deserialize instance of {field.type} from {kind} value {shown} at [{field.name}]",
    )
