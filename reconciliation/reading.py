"""What the text of a search box may mean. Pure: no database."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat

from reconciliation.normalise import search_key

_EXTENSION = re.compile(r"(?<=\d)[\s,;]*(?:x|ext\.?|extension|#)\s*\d{1,6}\s*$", re.IGNORECASE)
_PHONE = re.compile(r"(?:tel:)?[\s\d+()./\-\u2010-\u2015\u00a0]+", re.IGNORECASE)
_FEWEST_DIGITS = 4
_MOST_WORDS = 8


@dataclass(frozen=True, slots=True)
class Asked:
    """A text, read in every way it can be.

    `phones` are the E.164 numbers it may be, `digits` its last digits where it looks like a phone; `email` is an
    address or a part of one; `words` are normal forms of what may be a name or an address; `tokens` are what may
    be a number or an id.
    """

    text: str
    phones: frozenset[str] = frozenset()
    digits: str = ""
    email: str = ""
    words: tuple[str, ...] = ()
    tokens: frozenset[str] = frozenset()


def read(text: str, regions: Iterable[str]) -> Asked:
    """Read a text; `regions` are the countries whose phones may be written without a country code."""
    text = " ".join(text.replace("\u2019", "'").split())
    if "@" in text and " " not in text:
        return Asked(text, email=text.casefold())
    number = _EXTENSION.sub("", text)
    digits = "".join(char for char in number if char.isdecimal() and char.isascii())
    if not _PHONE.fullmatch(number) or len(digits) < _FEWEST_DIGITS:
        return Asked(text, words=_words(text), tokens=_tokens(text))
    return Asked(text, _phones(number, regions), digits[-10:], tokens=_tokens(text) | {digits})


def _words(text: str) -> tuple[str, ...]:
    """Only a text with a letter is a name or an address; a few words are enough to find either."""
    if not any(char.isalpha() for char in text):
        return ()
    return tuple(search_key(text).split())[:_MOST_WORDS]


def _tokens(text: str) -> frozenset[str]:
    """Numbers and ids are one word with a digit, sometimes with a # in front."""
    bare = text.lstrip("#").strip()
    if " " in bare or not any(char.isdecimal() for char in bare):
        return frozenset()
    return frozenset({text, bare})


def _phones(number: str, regions: Iterable[str]) -> frozenset[str]:
    found = set()
    for region in regions:
        try:
            phone = phonenumbers.parse(number, region)
        except NumberParseException:
            continue
        if phonenumbers.is_valid_number(phone):
            found.add(phonenumbers.format_number(phone, PhoneNumberFormat.E164))
    return frozenset(found)
