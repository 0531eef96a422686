"""A customer's name, as its shop writes it, in the parts that a sales system keeps a person by. Pure.

"Rossi, Maria", "Dr. Maria Rossi", "Maria & Paolo Rossi" and "Maria van der Berg" are people; a business, or a name
that says "family" or "residence", is kept whole as the last name. Capital letters stay as they are written.
"""

import re
from typing import NamedTuple

from reconciliation.matching.names import read_name
from reconciliation.matching.words import nickname_groups

FIRST, LAST = 40, 80
_TITLES = re.compile(r"^(mr|mrs|ms|dr|prof)\.?\s+(?=\S)", re.IGNORECASE)
_KNOWN_TITLES = {"mr": "Mr.", "mrs": "Mrs.", "ms": "Ms.", "dr": "Dr.", "prof": "Prof."}
_TOGETHER = re.compile(r"\b(?:family|household|residence|estate)\b", re.IGNORECASE)
_NOTES = re.compile(r"\s*[(\[*].*$")
_GENERATION = re.compile(r"^(?:jr|sr|ii|iii|iv)\.?$", re.IGNORECASE)
_PARTICLES = frozenset(
    ("de", "la", "del", "los", "van", "von", "der", "den", "di", "da", "dos", "du", "le", "ter")
)


class PersonName(NamedTuple):
    """As Salesforce keeps it: the last name is never empty where there is a name at all."""

    salutation: str = ""
    first: str = ""
    last: str = ""


def person_name(name: str, kind: str) -> PersonName:
    """The person that a customer of this name and kind (Residential, Commercial) is called by."""
    text = " ".join(_NOTES.sub("", name).split()) or " ".join(name.split())
    if read_name(text, commercial(kind)).business or _TOGETHER.search(text):
        return PersonName(last=text[:LAST].rstrip())
    title = _TITLES.match(text)
    salutation = _KNOWN_TITLES[title.group(1).lower()] if title else ""
    text = text[title.end() :] if title else text
    last, comma, first = (part.strip() for part in text.partition(","))
    if comma and first and not _GENERATION.match(first):
        return _cut(salutation, first, last)
    words = text.replace(",", " ").split()
    begin = _surname_at(words)
    return _cut(salutation, " ".join(words[:begin]), " ".join(words[begin:]))


def commercial(kind: str) -> bool | None:
    """What a customer's kind says of it; None where it says nothing."""
    return {"c": True, "r": False}.get(kind[:1].lower())


def _surname_at(words: list[str]) -> int:
    """Where the last name begins: with its particles, and with the generation behind it."""
    begin = len(words) - 1
    if begin > 0 and _GENERATION.match(words[begin]):
        begin -= 1
    while begin > 1 and words[begin - 1].lower() in _PARTICLES:
        begin -= 1
    return max(begin, 0)


def _cut(salutation: str, first: str, last: str) -> PersonName:
    if not last:
        first, last = "", first
    return PersonName(salutation, first[:FIRST].rstrip(), last[:LAST].rstrip())


def are_one(one: str, other: str, commercial: bool | None = None) -> bool:
    """Whether two names can be one person's or one business's: a surname alone is anybody's of that family."""
    left, right = read_name(one, commercial), read_name(other, commercial)
    if left.business or right.business:
        return left.core == right.core != ""
    if not left.surname or left.surname != right.surname:
        return False
    mine, theirs = {left.given, left.partner} - {""}, {right.given, right.partner} - {""}
    return not mine or not theirs or any(_short_for(a, b) for a in mine for b in theirs)


def _short_for(one: str, other: str) -> bool:
    return (
        one == other
        or other in nickname_groups().get(one, ())
        or (1 in (len(one), len(other)) and one[0] == other[0])
    )
