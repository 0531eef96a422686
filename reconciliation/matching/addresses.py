"""Postal addresses, read into the parts and the words that USPS uses."""

import re
from functools import lru_cache
from typing import NamedTuple

from rapidfuzz.distance import OSA
from rapidfuzz.process import extractOne

from reconciliation.matching.names import folded
from reconciliation.matching.words import address_words


class Place(NamedTuple):
    """The parts of an address; empty where it does not say. `house` is a box's number for a post-office box."""

    house: str = ""
    street: str = ""
    kind: str = ""
    direction: str = ""
    unit: str = ""
    city: str = ""
    state: str = ""
    zip: str = ""


_BOX = re.compile(r"\b(?:p\W*o\W*|post office )box\W*(\w+)")
_SPLIT = re.compile(r"[^a-z0-9#]+")
_HOUSE = re.compile(r"\d+[a-z]?")
_GLUED = re.compile(r"(\w{3,}?)(street|avenue|drive|place|court|crescent|circuit|terrace|boulevard|parkway)")
_ORDINALS = {
    word: f"{number}{ending}"
    for word, number, ending in (
        ("first", 1, "st"), ("second", 2, "nd"), ("third", 3, "rd"), ("fourth", 4, "th"), ("fifth", 5, "th"),
        ("sixth", 6, "th"), ("seventh", 7, "th"), ("eighth", 8, "th"), ("ninth", 9, "th"), ("tenth", 10, "th"),
        ("eleventh", 11, "th"), ("twelfth", 12, "th"),
    )
}  # fmt: skip
_TOWN_WORDS = {"st": "saint", "ste": "sainte", "mt": "mount", "ft": "fort", "n": "north", "s": "south", "e": "east",
               "w": "west", "hts": "heights", "spgs": "springs", "pt": "point", "pk": "park"}  # fmt: skip


def read_place(street: str, unit: str, city: str, state: str, postal_code: str) -> Place:
    """Read one address. A unit may stand in its own column or behind the street."""
    text = folded(street)
    town, region, digits = _town(city), _state(state), _zip(postal_code)
    if "box" in text and (box := _BOX.search(text)):
        return Place(box[1], "po box", "", "", "", town, region, digits)
    tokens = [
        token for token in _SPLIT.split(text.replace("'", "").replace(".", "").replace("#", " # ")) if token
    ]
    tokens, found = _without_unit(tokens)
    own = _unit_value(folded(unit)) if unit else ""
    house = ""
    if tokens and _HOUSE.fullmatch(tokens[0]) and len(tokens) > 1:
        house = tokens.pop(0).lstrip("0")
    name, kind, direction = _street(tuple(tokens))
    return Place(house, name, kind, direction, own or found, town, region, digits)


def _without_unit(tokens: list[str]) -> tuple[list[str], str]:
    """The tokens before the unit's designator, and the unit."""
    units = address_words("unit")
    for position, word in enumerate(tokens):
        if position > 1 and (word == "#" or (word in units and (word != "fl" or position + 1 < len(tokens)))):
            return tokens[:position], _unit_value(" ".join(tokens[position:]))
    return tokens, ""


def _unit_value(text: str) -> str:
    """ "Apt. 4-B", "#4b" and "unit 4 B" are all "4b"."""
    units = address_words("unit")
    tokens = [token for token in _SPLIT.split(text.replace("#", " ")) if token]
    kept = [token for token in tokens if token not in units]
    return "".join(kept or tokens).lstrip("0")


@lru_cache(maxsize=100_000)
def _street(given: tuple[str, ...]) -> tuple[str, str, str]:
    """(name, kind, direction) of a street's words."""
    directions, suffixes = address_words("direction"), address_words("suffix")
    towards, kind = "", ""
    tokens = [_ORDINALS.get(token, token) for token in given]
    if tokens and (glued := _GLUED.fullmatch(tokens[-1])):
        tokens[-1:] = [glued[1], glued[2]]
    elif len(tokens) > 2 and (torn := "".join(tokens[-2:])) in suffixes and len(torn) > 4:
        tokens[-2:] = [torn]
    if len(tokens) > 1 and tokens[-1] in directions:
        towards = directions[tokens.pop()]
    if len(tokens) > 1 and tokens[0] in directions and (len(tokens) > 2 or tokens[1] not in suffixes):
        towards = directions[tokens.pop(0)] + towards
    if len(tokens) > 1 and (last := _known_kind(tokens[-1])) in suffixes:
        kind = suffixes[last]
        tokens.pop()
    return (
        " ".join(suffixes.get(token, token) if len(tokens) > 1 else token for token in tokens),
        kind,
        towards,
    )


@lru_cache(maxsize=100_000)
def _known_kind(word: str) -> str:
    """A street's kind with a slip of the keys put right ("tsreet"); any other word as it is."""
    suffixes = address_words("suffix")
    if len(word) < 5 or word in suffixes:
        return word
    near = extractOne(word, [name for name in suffixes if len(name) > 3], scorer=OSA.distance, score_cutoff=1)
    return str(near[0]) if near else word


@lru_cache(maxsize=50_000)
def _town(city: str) -> str:
    """A town's name without blanks, so that "Gar Butt" is Garbutt."""
    if not city:
        return ""
    return "".join(
        _TOWN_WORDS.get(token, token) for token in _SPLIT.split(folded(city).replace(".", "")) if token
    )


@lru_cache(maxsize=10_000)
def _state(state: str) -> str:
    text = folded(state).replace(".", "").strip()
    return address_words("state").get(text, text)


@lru_cache(maxsize=50_000)
def _zip(postal_code: str) -> str:
    """Five digits where it is American (a spreadsheet may have eaten its leading zeros), else as it stands."""
    text = postal_code.strip()
    digits = text.partition("-")[0]
    if digits.isdigit():
        return digits[:5].zfill(5) if len(digits) != 9 else digits[:5]
    return "".join(folded(text).split())
