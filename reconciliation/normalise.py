"""Normal forms: two values that differ only in form are equal here. Pure functions of values."""

import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import orjson


def search_key(text: str) -> str:
    """Case-folded, unaccented, punctuation as blanks, white space collapsed: what searches compare."""
    if not text.isascii():
        decomposed = unicodedata.normalize("NFKD", text)
        text = "".join(char for char in decomposed if not unicodedata.combining(char))
    return " ".join(text.casefold().translate(_PUNCTUATION).split())


_PUNCTUATION = {ord(char): " " for char in ".,;:/\\|()[]{}\"'#-_"}


def dumps(values: Mapping[str, Any]) -> str:
    """Values as JSON text in normal form: aware times in UTC, amounts without trailing zeros."""
    return orjson.dumps(values, default=_plain, option=orjson.OPT_UTC_Z).decode()


def normal_form(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as JSON would hold them, so that they compare equal to a stored base."""
    return collapsed(orjson.loads(dumps(values)))


def collapsed(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Stored JSON values with runs of white space as one blank: the last step of the normal form."""
    return {name: _collapsed(value) for name, value in stored.items()}


def _plain(value: object) -> str:
    if isinstance(value, Decimal):
        return format(value.normalize() if value else Decimal(0), "f")
    raise TypeError(f"{type(value).__name__} has no normal form")


def _collapsed(value: Any) -> Any:
    return " ".join(value.split()) if isinstance(value, str) else value
