"""Blocking keys: two customers are compared when they share one that is not too frequent.

A key is a 64-bit hash of its kind and of parts of the customer; 0 is no key. The same parts give the same key in a
full pass and for one customer, and it is what the table of keys holds.
"""

from dataclasses import dataclass

import numpy as np

from reconciliation.matching.columns import Bools, Columns, Hashes, Longs
from reconciliation.matching.profile import EMAILS, PHONES


@dataclass(frozen=True)
class Kind:
    """One kind of key. More customers than `cap` under one key are not compared through it."""

    name: str
    cap: int
    count: int = 1


KINDS = (
    Kind("phone", 50, PHONES),
    Kind("email", 50, EMAILS),
    Kind("place", 50),
    Kind("local", 30),
    Kind("domain", 30),
    Kind("line", 50, 2),
    Kind("place and name", 50),
    Kind("name and area", 60),
    Kind("whole name", 40),
    Kind("name by sound", 30),
    Kind("house and area", 30),
    Kind("given and house", 40),
    Kind("given and area", 8),
    Kind("house and street by sound", 8),
    Kind("street by sound and city", 8),
    Kind("house and city", 8),
    Kind("start of the name and city", 8),
    Kind("start of the name and street by sound", 8),
)
CAPS = tuple(kind.cap for kind in KINDS for _ in range(kind.count))
FIRST = {kind.name: sum(before.count for before in KINDS[:position]) for position, kind in enumerate(KINDS)}
_STARTS = tuple(FIRST.values())
_A, _B, _C = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_29, _32 = np.uint64(29), np.uint64(32)


def keys(found: Columns) -> Longs:
    """The keys of each customer: one row a key (`CAPS` gives their order), one column a customer."""
    hashes = found.hashes

    def part(name: str) -> Hashes:
        return hashes[found.text(name)]

    label, house, street, city = part("label"), part("house"), part("street"), part("city")
    heard, start, area = part("heard"), part("start"), _area(found)
    region = np.where(part("zip3") == 0, part("state"), part("zip3"))
    lines = found.phones[:2].astype(np.uint64) % np.uint64(10_000_000)
    made = [
        *_shared(found),
        _key(2, part("local")),
        _key(3, part("domain")),
        *(_key(4, line, label) for line in lines),
        _key(6, house, street, label),
        _with(_key(7, label, area), part("initial")),
        _key(8, part("core_sorted")),
        _key(9, label, part("root")),
        _key(10, house, area),
        _key(11, part("root"), house, region),
        _key(12, part("root"), area),
        _key(13, house, heard),
        _key(14, heard, city),
        _key(15, house, city),
        _key(16, start, city),
        _key(17, start, heard),
    ]
    return np.stack(made).view(np.int64)


def shared_keys(found: Columns) -> Longs:
    """The first rows of the same: phones, e-mails and the place."""
    return np.stack(_shared(found)).view(np.int64)


def _shared(found: Columns) -> list[Hashes]:
    hashes = found.hashes
    return [
        *(_key(0, phone) for phone in found.phones.astype(np.uint64)),
        _key(1, hashes[found.text("email0")]),
        _key(1, hashes[found.text("email1")]),
        _key(5, hashes[found.text("house")], hashes[found.text("street")], _area(found)),
    ]


def _area(found: Columns) -> Hashes:
    """The ZIP, or the city where there is none."""
    area = found.hashes[found.text("zip")]
    return np.where(area == 0, found.hashes[found.text("city")], area)


def _key(kind: int, *parts: Hashes) -> Hashes:
    """One key of each customer; none where one of its parts is missing."""
    mixed = np.full(len(parts[0]), (kind + 1) * 0x1000193, dtype=np.uint64)
    missing: Bools = np.zeros(len(parts[0]), dtype=np.bool_)
    for one in parts:
        missing |= one == 0
        mixed = _mix(mixed, one)
    mixed[missing] = 0
    return mixed


def _with(key: Hashes, part: Hashes) -> Hashes:
    """A key refined by a part that may be missing."""
    return np.where(key == 0, key, _mix(key, part))


def _mix(state: Hashes, part: Hashes) -> Hashes:
    """Splitmix64's steps: every bit of both decides every bit of the result."""
    mixed = (state ^ part) + _A
    mixed = (mixed ^ (mixed >> _29)) * _B
    mixed = (mixed ^ (mixed >> _32)) * _C
    return np.asarray(mixed ^ (mixed >> _29), dtype=np.uint64)


def pairs_of(made: Longs, *, batch_of: int = 4_000_000) -> tuple[Longs, Longs]:
    """Every two customers (their positions, the smaller first) that share a key within its cap, each pair once."""
    size = made.shape[1]
    found: list[Longs] = []
    for start, kind in zip(_STARTS, KINDS, strict=True):
        one = pairs_of_kind(made[start : start + kind.count], kind.cap)
        found.append(one[0] * size + one[1])
        if sum(map(len, found)) > batch_of:
            found = [_unique(found)]
    coded = _unique(found)
    return coded // max(size, 1), coded % max(size, 1)


def _unique(parts: list[Longs]) -> Longs:
    """Sorted, each once. (By sorting: `np.unique` hashes, which is slower for tens of millions.)"""
    found = np.concatenate(parts)
    found.sort()
    return found[np.r_[True, found[1:] != found[:-1]]] if len(found) else found


def pairs_of_kind(made: Longs, cap: int) -> tuple[Longs, Longs]:
    """The same for keys of one kind; a pair that shares several comes several times."""
    flat = made.ravel()
    kept = np.flatnonzero(flat)
    order = kept[np.argsort(flat[kept], kind="stable")]
    values, rows = flat[order], order % made.shape[1]
    starts = (
        np.flatnonzero(np.r_[True, values[1:] != values[:-1]]) if len(values) else np.zeros(0, dtype=np.int64)
    )
    sizes = np.diff(np.r_[starts, len(values)])
    left, right = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    for size in range(2, cap + 1):
        groups = starts[sizes == size]
        if len(groups):
            members = rows[groups[:, None] + np.arange(size)]
            first, second = np.triu_indices(size, 1)
            left.append(members[:, first].ravel())
            right.append(members[:, second].ravel())
    one, other = np.concatenate(left), np.concatenate(right)
    different = one != other
    return np.minimum(one, other)[different], np.maximum(one, other)[different]
