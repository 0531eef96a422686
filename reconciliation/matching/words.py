"""Word lists that come with the package: nicknames, words of business names, USPS words of addresses."""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

_DATA = Path(__file__).parent / "data"


def _lines(name: str) -> Iterator[str]:
    for line in (_DATA / name).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            yield line


@cache
def nickname_groups() -> Mapping[str, frozenset[str]]:
    """Each given name with every name that may stand for the same person, itself included."""
    found: dict[str, set[str]] = {}
    for line in _lines("nicknames.txt"):
        group = line.split()
        for name in group:
            found.setdefault(name, {name}).update(group)
    return {name: frozenset(others) for name, others in found.items()}


@cache
def first_of_group() -> Mapping[str, str]:
    """Each given name with the full name of the first group that has it: Bob and Rob are both robert."""
    found: dict[str, str] = {}
    for line in _lines("nicknames.txt"):
        group = line.split()
        for name in group:
            found.setdefault(name, group[0])
    return found


@cache
def given_names() -> frozenset[str]:
    """Given names known as such; a name outside may well be one too."""
    return frozenset(nickname_groups()) | frozenset(
        word for line in _lines("given_names.txt") for word in line.split()
    )


@cache
def business_words() -> tuple[frozenset[str], frozenset[str]]:
    """(words that say only what form a business has, words that make a name a business's)."""
    lines = list(_lines("business_words.txt"))
    middle = lines.index("--")
    forms, words = (
        frozenset(word for line in part for word in line.split())
        for part in (lines[:middle], lines[middle + 1 :])
    )
    return forms, words


@cache
def address_words(section: str) -> Mapping[str, str]:
    """Spelling -> USPS form, of one section: suffix, direction, unit or state."""
    found: dict[str, str] = {}
    current = ""
    for line in _lines("address_words.txt"):
        if line.startswith("["):
            current = line.strip("[]")
        elif current == section:
            short, _, others = line.partition(" ")
            found[short] = short
            found.update(dict.fromkeys(others.split("|") if section == "state" else others.split(), short))
    return {spelling: short for spelling, short in found.items() if spelling}


def words_of(name: str, section: str) -> frozenset[str]:
    """The words of one section of a list."""
    found: set[str] = set()
    current = ""
    for line in _lines(name):
        if line.startswith("["):
            current = line.strip("[]")
        elif current == section:
            found.update(line.split())
    return frozenset(found)
