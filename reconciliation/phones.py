"""Phone numbers as people write them, read into E.164 and an extension. Pure: mappings read with it too.

`phonenumbers` decides; a fast path answers the plain North American forms, which are nearly all of a shop's
numbers, at a fraction of its cost. Whether an area code and exchange exist is asked of the library once each.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat

_PLAIN_NORTH_AMERICAN = re.compile(
    r"[ ]*(?:\+?1[ .-]?)?(?:\(([2-9]\d\d)\)[ ]?|([2-9]\d\d)[ ./-]?)([2-9]\d\d)[ .-]?(\d{4})"
    r"(?:[ ]?(?:x|ext\.?)[ ]?(\d{1,6}))?[ ]*",
    re.ASCII,
)
_TRAILING_WORDS = re.compile(r"(?<=\d)[\s,;:(\-]+(?!x\b|ext)[^\W\d_]{2,}[^\d]*$", re.IGNORECASE)
_EXTENSION = re.compile(r"(?:x|ext|#).*$", re.IGNORECASE)
_NO_DIGIT = re.compile(r"\D+")
_ANOTHER_NUMBER = re.compile(r"\s*(?:/|,|;|&|\bor\b|\band\b)\s*(?=[+(]?\d[\d\s().-]{6,}$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Phone:
    """What was read: E.164 (empty if unusable), extension, and whether it can be called."""

    e164: str = ""
    extension: str = ""
    usable: bool = False


_UNUSABLE = Phone()


@lru_cache(maxsize=8192)
def read_phone(text: str, region: str) -> Phone:
    """Read one number as it would be dialled in `region` (ISO country code). Never raises for its content.

    Notes behind the number ("cell", "- wife") are left aside; of two numbers the first is taken. The caller
    keeps the text itself.
    """
    if region in {"US", "CA"} and (plain := _PLAIN_NORTH_AMERICAN.fullmatch(text)):
        bracketed, bare, exchange, line, extension = plain.groups()
        area = bracketed or bare
        if not _exchange_exists(area, exchange):
            return _UNUSABLE
        return Phone(f"+1{area}{exchange}{line}", extension or "", True)
    for candidate in _candidates(text):
        phone = read_by_library(candidate, region)
        if phone.usable:
            return phone
    return _UNUSABLE


def read_by_library(text: str, region: str) -> Phone:
    """Read `text` by `phonenumbers` alone; usable means valid by its metadata."""
    try:
        number = phonenumbers.parse(text, region)
    except NumberParseException:
        return _UNUSABLE
    if not phonenumbers.is_valid_number(number):
        return _UNUSABLE
    return Phone(phonenumbers.format_number(number, PhoneNumberFormat.E164), number.extension or "", True)


def phone_key(text: str) -> str:
    """What all spellings of a number have in common, at home and abroad: its last digits. Empty for no number.

    Numbers are looked for by it; whether two are one, their E.164 says.
    """
    for candidate in _candidates(text):
        digits = _NO_DIGIT.sub("", _EXTENSION.sub("", candidate))
        if 7 <= len(digits) <= 15:
            return digits[-9:]
    return ""


def national_form(text: str, region: str) -> str:
    """A number as it is dialled in `region`: `(205) 555-0142`; abroad ones with their country. Empty if unusable."""
    phone = read_phone(text, region)
    if not phone.usable:
        return ""
    number = phonenumbers.parse(phone.e164)
    at_home = phonenumbers.region_code_for_number(number) == region
    form = PhoneNumberFormat.NATIONAL if at_home else PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(number, form)


def _candidates(text: str) -> list[str]:
    """The text itself, then its first number alone, each also without the words behind it."""
    found = [text]
    for shorter in (_ANOTHER_NUMBER.split(text)[0], _TRAILING_WORDS.sub("", text)):
        if shorter and shorter not in found:
            found.append(shorter)
    return found


@lru_cache(maxsize=65536)
def _exchange_exists(area: str, exchange: str) -> bool:
    """Valid numbers are told by area code and exchange; the last four digits decide nothing."""
    return read_by_library(f"+1{area}{exchange}2345", "US").usable


def plausible_email(text: str) -> bool:
    """Whether a text can be an e-mail address."""
    name, at, host = text.strip().rpartition("@")
    return bool(at and name and "." in host.strip(".")) and " " not in text.strip()


def reach(kind: str, value: str, region: str) -> Phone:
    """What a contact of this kind (`email`, or a kind of phone) says: whether it is usable, and its number."""
    if kind == "email":
        return Phone(usable=plausible_email(value))
    return read_phone(value, region)
