"""Record ids: 15 characters that mind their case, and 18 with a checksum for programs that do not."""

from functools import lru_cache

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
SUFFIXES = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
POD = "Dn0"
"""The instance's part of each id, after the key prefix."""


@lru_cache(maxsize=65_536)
def _suffix(five: str) -> str:
    return SUFFIXES[sum(1 << place for place, char in enumerate(five) if "A" <= char <= "Z")]


def checksum(short: str) -> str:
    return _suffix(short[:5]) + _suffix(short[5:10]) + _suffix(short[10:15])


def long_id(text: str) -> str:
    """The 18-character form; anything that is no id comes back as it was."""
    return text + checksum(text) if len(text) == 15 and text.isalnum() else text


def is_id(text: object) -> bool:
    """Whether a text has the form of an id, with a good checksum if it has one."""
    if not isinstance(text, str) or len(text) not in {15, 18} or not (text.isascii() and text.isalnum()):
        return False
    return len(text) == 15 or checksum(text) == text[15:].upper()


def make_id(prefix: str, number: int) -> str:
    """The id of the `number`th row of an object with this key prefix."""
    digits = ""
    while number:
        number, place = divmod(number, 62)
        digits = DIGITS[place] + digits
    short = f"{prefix}{POD}{digits:0>9}"
    return short + checksum(short)
