"""Normal forms: two values that differ only in form are equal here. Pure functions of values."""

import unicodedata
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

import orjson


class Unwritable(ValueError):
    """A value that a record cannot hold: an amount without room, half a character."""


def search_key(text: str) -> str:
    """Case-folded, unaccented, punctuation as blanks, white space collapsed: what searches compare."""
    if not text.isascii():
        decomposed = unicodedata.normalize("NFKD", text)
        text = "".join(char for char in decomposed if not unicodedata.combining(char))
    return " ".join(text.casefold().translate(_PUNCTUATION).split())


_PUNCTUATION = {ord(char): " " for char in ".,;:/\\|()[]{}\"'\u2019#-_"}


def dumps(values: Mapping[str, Any]) -> str:
    """Values (their times in UTC) as JSON text in normal form: amounts as kept, without trailing zeros.

    Raises Unwritable.
    """
    try:
        return orjson.dumps(values, default=_plain, option=orjson.OPT_UTC_Z).decode()
    except orjson.JSONEncodeError as error:
        raise Unwritable(str(error)) from error


def normal_form(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as JSON would hold them, so that they compare equal to a stored base."""
    return collapsed(orjson.loads(dumps(values)))


def collapsed(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Stored JSON values with runs of white space as one blank: the last step of the normal form."""
    return {name: _collapsed(value) for name, value in stored.items()}


def kept_amount(value: Decimal) -> Decimal:
    """An amount as a record keeps it: four places, a half rounded up. Raises Unwritable where it has no room."""
    try:
        kept = value.quantize(_SMALLEST, ROUND_HALF_UP)
    except InvalidOperation:
        raise Unwritable("An amount has too many digits.") from None
    if abs(kept) >= _NO_ROOM:
        raise Unwritable("An amount has too many digits.")
    return kept


_SMALLEST = Decimal("0.0001")
_PLACES, _ROOM = 4, 10
_NO_ROOM = Decimal(10) ** 10


def _plain(value: object) -> str:
    if isinstance(value, Decimal):
        text = str(value)
        whole, _, places = text.partition(".")
        if len(places) <= _PLACES and len(whole) <= _ROOM and whole.isdigit():
            return _without_trailing_zeros(text) if places else text  # as nearly all are: ten times quicker
        kept = kept_amount(value)
        return format(kept.normalize() if kept else Decimal(0), "f")
    raise TypeError(f"{type(value).__name__} has no normal form")


def _without_trailing_zeros(text: str) -> str:
    return text.rstrip("0").rstrip(".")


def _collapsed(value: Any) -> Any:
    return " ".join(value.split()) if isinstance(value, str) else value
