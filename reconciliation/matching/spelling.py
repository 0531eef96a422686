"""Spellings of names: how a surname sounds, and a given name with its slip put right."""

from functools import cache, lru_cache

from rapidfuzz.distance import OSA
from rapidfuzz.process import extract

from reconciliation.matching.words import given_names


@lru_cache(maxsize=200_000)
def sound(word: str) -> str:
    """How a surname sounds, roughly: same for spellings that are heard alike (Meyer, Maier; Philips, Phillips)."""
    if not word:
        return ""
    text = word
    for written, heard in _HEARD:
        text = text.replace(written, heard)
    first, rest = text[0], text[1:].translate(_VOWELS)
    squeezed = [first]
    squeezed += [
        char for before, char in zip(text[:1] + rest, rest, strict=False) if char not in {before, "*"}
    ]
    return "".join(squeezed)[:6]


@lru_cache(maxsize=100_000)
def known_given(word: str) -> str:
    """A given name with a slip of the keys put right: the one known name that is a single slip away, else itself."""
    names = given_names()
    if len(word) < 5 or word in names:
        return word
    near = extract(word, _long_names(), scorer=OSA.distance, score_cutoff=1, limit=2)
    return str(near[0][0]) if len(near) == 1 else word


@cache
def _long_names() -> list[str]:
    return sorted(name for name in given_names() if len(name) > 4)


_HEARD = (
    ("sch", "s"), ("ph", "f"), ("gh", "g"), ("kn", "n"), ("wr", "r"), ("ck", "k"), ("q", "k"), ("c", "k"), ("z", "s"),
    ("x", "ks"), ("dt", "t"), ("th", "t"), ("v", "f"), ("j", "g"), ("mac", "mk"), ("mc", "mk"),
)  # fmt: skip
_VOWELS = str.maketrans(dict.fromkeys("aeiouyhw", "*"))
