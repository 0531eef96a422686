"""Names of customers, read into parts: a person's given name, surname and suffix, or a business's own name."""

import re
import unicodedata
from typing import NamedTuple

from reconciliation.matching.spelling import known_given
from reconciliation.matching.words import business_words, given_names


class Name(NamedTuple):
    """The parts of a name. `core` is the whole name in normal form; `number` tells a chain's stores apart."""

    business: bool = False
    given: str = ""
    partner: str = ""
    middle: str = ""
    surname: str = ""
    suffix: str = ""
    core: str = ""
    number: str = ""


_NOTES = re.compile(r"\([^)]*\)|\[[^\]]*\]|\*+[^*]*\*+|\b(?:c/o|attn:?|do not use|duplicate|inactive)\b.*")
_NOTE = re.compile(r"[(\[*/:]|do not|dupl|inact|attn")
_APOSTROPHES = str.maketrans("", "", "'\u2019`.")
_DIGIT = re.compile(r"\d")
_SPLIT = re.compile(r"[^a-z0-9&,+]+")
_HONORIFICS = frozenset(
    [
        "mr",
        "mrs",
        "ms",
        "miss",
        "mister",
        "dr",
        "doctor",
        "prof",
        "rev",
        "sir",
        "madam",
        "mx",
        "sra",
        "sr.",
        "srta",
        "capt",
        "sgt",
    ]
)
_SUFFIXES = {
    "jr": "jr", "junior": "jr", "sr": "sr", "senior": "sr", "ii": "ii", "2nd": "ii", "iii": "iii", "3rd": "iii",
    "iv": "iv", "4th": "iv",
}  # fmt: skip
_TITLES_BEHIND = frozenset(("md", "dds", "phd", "esq", "cpa", "rn", "dvm"))
_PARTICLES = frozenset(
    [
        "de",
        "la",
        "del",
        "los",
        "las",
        "van",
        "von",
        "der",
        "den",
        "di",
        "da",
        "dos",
        "du",
        "le",
        "st",
        "san",
        "santa",
        "mc",
        "mac",
        "o",
        "al",
        "el",
        "bin",
        "ter",
        "ten",
    ]
)
_JOINTS = frozenset(("&", "and", "+"))


def folded(text: str) -> str:
    """Lower case without accents."""
    if not text.isascii():
        text = "".join(
            char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char)
        )
    return text.lower()


def read_name(text: str, commercial: bool | None) -> Name:
    """Read one name. `commercial` is what the record's type says; None where it says nothing.

    "Smith, John", "John Smith", "Mr. & Mrs. John Smith" and "John and Mary Smith" are all read as people.
    """
    text = folded(text).translate(_APOSTROPHES)
    if _NOTE.search(text):
        text = _NOTES.sub(" ", text)
    tokens = [token for token in _SPLIT.split(text.replace(",", " , ").replace("&", " & ")) if token]
    words = [word for word in tokens if word != ","]
    if not words:
        return Name()
    if _is_business(words, commercial) and not _is_turned(tokens):
        return _business(words)
    return _person(tokens)


def _is_business(words: list[str], commercial: bool | None) -> bool:
    forms, trades = business_words()
    if not forms.isdisjoint(words[1:]) or _has_number(words):
        return True
    looks_like_a_person = _looks_like_a_person(words)
    if commercial:
        return not looks_like_a_person or words[-1] in trades
    if looks_like_a_person and len(words) == 2:
        return False
    return not trades.isdisjoint(words)


def _has_number(words: list[str]) -> bool:
    """Whether a word has a digit, other than the generation behind a name."""
    return _DIGIT.search(" ".join(words)) is not None and any(
        _DIGIT.search(word) for word in words if word not in _SUFFIXES
    )


def _looks_like_a_person(words: list[str]) -> bool:
    """Two words of which one is a given name, or three with an initial between. Businesses bear surnames, too."""
    if words[0] in _HONORIFICS or words[-1] in _SUFFIXES:
        return True
    initial_between = len(words) == 3 and len(words[1]) == 1
    return (len(words) == 2 or initial_between) and bool({words[0], words[-1]} & given_names())


def _is_turned(tokens: list[str]) -> bool:
    """ "Park, Jane": a surname, a comma and a given name."""
    return tokens[1:2] == [","] and len(tokens) > 2 and tokens[2] in given_names()


def _business(words: list[str]) -> Name:
    forms, _ = business_words()
    kept = [word for word in words if word not in forms and word not in _JOINTS] or words
    number = next((word for word in reversed(kept[1:]) if word.isdigit()), "").lstrip("0")
    letters = [word for word in kept if not (word.isdigit() and word.lstrip("0") == number)] or kept
    return Name(business=True, core=" ".join(letters), number=number)


def _person(tokens: list[str]) -> Name:
    tokens, suffix = _without_titles(tokens)
    tokens = _surname_last(tokens)
    partner = ""
    joint = next((i for i, token in enumerate(tokens) if token in _JOINTS), None)
    if joint is not None:
        first, second = tokens[:joint], [t for t in tokens[joint + 1 :] if t not in _JOINTS]
        partner = second[0] if len(second) > 1 or (second and len(first) > 1) else ""
        tokens = first if len(first) > 1 or not second else [*first, *second[1 if partner else 0 :]]
    tokens = _join_particles(tokens)
    if not tokens:
        return Name(suffix=suffix)
    core = " ".join(tokens)
    if len(tokens) == 1:
        word = tokens[0]
        return (
            Name(given=word, suffix=suffix, core=core)
            if word in given_names()
            else Name(surname=word, suffix=suffix, core=core)
        )
    given, surname = tokens[0], tokens[-1]
    if surname in given_names() and len(given) > 1 and known_given(given) not in given_names():
        given, surname = surname, given  # columns filled the wrong way about
    return Name(False, given, partner, " ".join(tokens[1:-1]), surname, suffix, core)


def _without_titles(tokens: list[str]) -> tuple[list[str], str]:
    """Without honorifics, degrees and generation; the generation apart."""
    suffix = ""
    kept = []
    for position, token in enumerate(tokens):
        if token in _SUFFIXES and position:
            suffix = _SUFFIXES[token]
        elif token not in _HONORIFICS and token not in _TITLES_BEHIND:
            kept.append(token)
    while kept and kept[0] in {*_JOINTS, ","}:
        del kept[0]
    return kept, suffix


def _surname_last(tokens: list[str]) -> list[str]:
    """ "Smith, John" the other way about; any other comma is dropped."""
    if "," not in tokens:
        return tokens
    comma = tokens.index(",")
    before, after = tokens[:comma], [word for word in tokens[comma + 1 :] if word != ","]
    if not after:
        return before
    return [*after, *_join_particles(before)]


def _join_particles(tokens: list[str]) -> list[str]:
    """ "de la cruz" -> "delacruz", "mc donald" -> "mcdonald": so that spaces decide nothing. Never the first word."""
    found: list[str] = []
    carried = ""
    for position, token in enumerate(tokens):
        if token in _PARTICLES and 0 < position < len(tokens) - 1:
            carried += token
        else:
            found.append(carried + token)
            carried = ""
    return found
