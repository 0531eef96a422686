"""When two values differ in form only: the same phone, e-mail or address written another way. Pure.

Used where both sides of a field moved: a difference of form is never a conflict.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from reconciliation.normalise import search_key

Form = Callable[[Any], Any]

_USPS = {
    "avenue": "ave",
    "boulevard": "blvd",
    "circle": "cir",
    "court": "ct",
    "drive": "dr",
    "expressway": "expy",
    "highway": "hwy",
    "lane": "ln",
    "parkway": "pkwy",
    "place": "pl",
    "plaza": "plz",
    "road": "rd",
    "square": "sq",
    "street": "st",
    "terrace": "ter",
    "trail": "trl",
    "turnpike": "tpke",
    "apartment": "apt",
    "building": "bldg",
    "floor": "fl",
    "suite": "ste",
    "north": "n",
    "south": "s",
    "east": "e",
    "west": "w",
    "northeast": "ne",
    "northwest": "nw",
    "southeast": "se",
    "southwest": "sw",
}
"""USPS Publication 28, appendices B and C: the words that addresses are most often written with."""

_EXTENSION = re.compile(r"(?:ext|extension|x|#)\D*(\d+)\s*$", re.IGNORECASE)


def text(value: Any) -> Any:
    """Case, accents, punctuation and white space aside."""
    return search_key(value) if isinstance(value, str) else value


def exact(value: Any) -> Any:
    return value


def address(value: Any) -> Any:
    """In USPS words: `12 North Main Street, Apt. 4` and `12 N MAIN ST APT 4` are the same."""
    if not isinstance(value, str):
        return value
    return " ".join(_USPS.get(word, word) for word in search_key(value).split())


def email(value: Any) -> Any:
    return value.strip().casefold() if isinstance(value, str) else value


def phone(value: Any) -> Any:
    """Digits without a leading 1 of North America, then the extension."""
    if not isinstance(value, str):
        return value
    found = _EXTENSION.search(value)
    digits = re.sub(r"\D", "", value[: found.start()] if found else value)
    return (digits[1:] if len(digits) == 11 and digits[0] == "1" else digits), found[1] if found else ""


def contact(value: Any) -> Any:
    """A contact's value is an e-mail address if it holds an @, else a phone number."""
    return email(value) if isinstance(value, str) and "@" in value else phone(value)


def same(forms: Mapping[str, Form], name: str, one: Any, other: Any) -> bool:
    """Whether two values of a field are one value in two forms."""
    form = forms.get(name, exact)
    return bool(form(one) == form(other))


ADDRESS: Mapping[str, Form] = {
    "street": address,
    "unit": address,
    "city": text,
    "state": text,
    "postal_code": text,
    "country": text,
}
