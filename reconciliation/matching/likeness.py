"""How alike two texts are, for many pairs at once: every two different texts are compared once."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import OSA, JaroWinkler
from rapidfuzz.fuzz import token_set_ratio, token_sort_ratio
from rapidfuzz.process import cpdist

from reconciliation.matching.columns import Bools, Ints, Longs
from reconciliation.matching.words import nickname_groups

Floats = npt.NDArray[np.float32]
Scorer = Callable[..., Any]
_BEYOND = 9.0
_WORTH_SORTING = 500
"""Fewer pairs are compared quicker than equal ones are found among them."""


class Likeness:
    """Compares words by their numbers."""

    def __init__(self, words: list[str], lengths: Ints) -> None:
        self.words, self.lengths = words, lengths
        self._array = np.array(words, dtype=object)

    def slips(self, one: Ints, other: Ints) -> Floats:
        """Letters to change, add, drop or swap to make one the other; `_BEYOND` for more than two, or no word."""
        return self._scored(one, other, OSA.distance, _BEYOND, score_cutoff=2)

    def ratio(self, one: Ints, other: Ints) -> Floats:
        """Jaro-Winkler likeness, 0 to 1."""
        return self._scored(one, other, JaroWinkler.similarity, 0.0)

    def words_sorted(self, one: Ints, other: Ints) -> Floats:
        """Likeness of two names whatever their words' order, 0 to 100."""
        return self._scored(one, other, token_sort_ratio, 0.0)

    def words_within(self, one: Ints, other: Ints) -> Floats:
        """Likeness of the words of the shorter name to the same words of the longer, 0 to 100."""
        return self._scored(one, other, token_set_ratio, 0.0)

    def is_slip(self, one: Ints, other: Ints) -> Bools:
        """Whether two different words are one but for a slip of the keys: one letter, two in a long word."""
        slips = self.slips(one, other)
        shorter = np.minimum(self.lengths[one], self.lengths[other])
        return np.asarray(((slips == 1) & (shorter >= 3)) | ((slips == 2) & (shorter >= 6)))

    def is_nickname(self, one: Ints, other: Ints) -> Bools:
        """Whether one name is short for the other, or both for a third that starts their group."""
        if len(one) < _WORTH_SORTING:
            groups, words = nickname_groups(), self.words
            pairs = zip(one.tolist(), other.tolist(), strict=True)
            short = (words[right] in groups.get(words[left], ()) for left, right in pairs)
            return np.fromiter(short, dtype=np.bool_, count=len(one))
        codes = _nickname_codes(self.words, np.unique(np.concatenate((one, other))))
        return np.isin(one.astype(np.int64) * len(self.words) + other, codes)

    def _scored(self, one: Ints, other: Ints, scorer: Scorer, missing: float, **options: Any) -> Floats:
        """`scorer` of each pair; `missing` where a word is empty. Equal words are scored too."""
        found = np.full(len(one), missing, dtype=np.float32)
        both = np.flatnonzero((one > 0) & (other > 0))
        if not len(both):
            return found
        low, high = np.minimum(one[both], other[both]), np.maximum(one[both], other[both])
        codes = low.astype(np.int64) * len(self.words) + high
        inverse: Longs | None = None
        if len(codes) >= _WORTH_SORTING:
            codes, inverse = np.unique(codes, return_inverse=True)
        lefts, rights = self._array[codes // len(self.words)], self._array[codes % len(self.words)]
        scores = cpdist(lefts.tolist(), rights.tolist(), scorer=scorer, dtype=np.float32, **options)
        found[both] = scores if inverse is None else scores[inverse]
        return found


def _nickname_codes(words: list[str], used: Ints) -> Longs:
    groups = nickname_groups()
    numbers = {words[number]: int(number) for number in used}
    codes = [
        number * len(words) + numbers[other]
        for name, number in numbers.items()
        for other in groups.get(name, ())
        if other in numbers
    ]
    return np.array(sorted(codes), dtype=np.int64)


def digits_apart(one: Longs, other: Longs) -> Bools:
    """Whether two phone numbers are one but for a slip: one digit, two neighbours swapped, another area code."""
    asked = np.flatnonzero((one > 0) & (other > 0) & (one != other))
    apart = np.zeros(len(one), dtype=np.bool_)
    if len(asked):
        apart[asked] = _is_near_number(one[asked], other[asked])
    return apart


def _is_near_number(one: Longs, other: Longs) -> Bools:
    wrong, balance = np.zeros(len(one), dtype=np.int8), np.zeros(len(one), dtype=np.int16)
    for place in range(11):
        mine, theirs = one // 10**place % 10, other // 10**place % 10
        wrong += mine != theirs
        balance += (mine - theirs).astype(np.int16)
    swapped = (wrong == 2) & (balance == 0)
    area = one % 10_000_000 == other % 10_000_000
    near = (wrong == 1) | swapped | area
    foreign = np.flatnonzero((one // _AMERICAN != 1) != (other // _AMERICAN != 1))
    if len(foreign):
        bare, their_bare = _without_country(one[foreign]), _without_country(other[foreign])
        near[foreign] = _is_digit_short(bare, their_bare) | _is_digit_short(their_bare, bare)
    return np.asarray(near)


_AMERICAN = 10_000_000_000
_TENS = 10 ** np.arange(16, dtype=np.int64)


def _without_country(numbers: Longs) -> Longs:
    """Numbers without a leading 1."""
    first = _TENS[np.maximum(np.searchsorted(_TENS, numbers, side="right") - 1, 0)]
    return np.asarray(np.where(numbers // first == 1, numbers - first, numbers))


def _is_digit_short(shorter: Longs, longer: Longs) -> Bools:
    """Whether one digit dropped from the longer number gives the shorter."""
    short = np.zeros(len(shorter), dtype=np.bool_)
    for ten in _TENS[:15]:
        short |= (longer // (10 * ten) * ten + longer % ten == shorter) & (longer >= ten)
    return short
