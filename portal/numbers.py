"""Ids that come with an address or a form: whatever was typed there, a number that every database can hold. Pure."""

from collections.abc import Iterable

LONGEST = 18
"""Digits that every database's integers have room for."""


def number(text: str) -> int:
    """A number that a person's address or form holds; 0, which no row has, where it is none."""
    return int(text) if text.isdecimal() and len(text) <= LONGEST else 0


def numbers(texts: Iterable[str]) -> list[int]:
    """Those that are numbers, each once, in order."""
    return [found for found in dict.fromkeys(map(number, texts)) if found]
