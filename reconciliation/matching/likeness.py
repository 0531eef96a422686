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
        codes = _nickname_codes(self.words, np.unique(np.concatenate((one, other))))
        return np.isin(one.astype(np.int64) * len(self.words) + other, codes)

    def _scored(self, one: Ints, other: Ints, scorer: Scorer, missing: float, **options: Any) -> Floats:
        """`scorer` of each pair; `missing` where a word is empty. Equal words are scored too."""
        found = np.full(len(one), missing, dtype=np.float32)
        both = np.flatnonzero((one > 0) & (other > 0))
        if not len(both):
            return found
        low, high = np.minimum(one[both], other[both]), np.maximum(one[both], other[both])
        codes, inverse = np.unique(low.astype(np.int64) * len(self.words) + high, return_inverse=True)
        lefts, rights = self._array[codes // len(self.words)], self._array[codes % len(self.words)]
        scores = cpdist(lefts.tolist(), rights.tolist(), scorer=scorer, dtype=np.float32, **options)
        found[both] = scores[inverse]
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
    wrong, balance = np.zeros(len(one), dtype=np.int8), np.zeros(len(one), dtype=np.int16)
    for place in range(11):
        mine, theirs = one // 10**place % 10, other // 10**place % 10
        wrong += mine != theirs
        balance += (mine - theirs).astype(np.int16)
    swapped = (wrong == 2) & (balance == 0)
    area = one % 10_000_000 == other % 10_000_000
    near = (wrong == 1) | swapped | area
    for pair in np.flatnonzero(
        (one // _AMERICAN != 1) != (other // _AMERICAN != 1)
    ):  # a digit too many or too few
        near[pair] = OSA.distance(str(one[pair]).removeprefix("1"), str(other[pair]).removeprefix("1")) <= 1
    return np.asarray((one > 0) & (other > 0) & (one != other) & near)


_AMERICAN = 10_000_000_000
