"""Reading and comparing many customers at once."""

import numpy as np
import pytest

from reconciliation.matching import full_pass
from reconciliation.matching.full_pass import compare_all
from reconciliation.matching.keys import keys, pairs_of
from reconciliation.matching.reading import read, read_all
from tests.bench_dedupe.generate import customers
from tests.bench_dedupe.truth import raw


@pytest.fixture(scope="module")
def shop():
    return [(int(row["id"]), raw(row)) for row in customers(600, seed=31)]


@pytest.mark.parametrize("size", [1, 50, 150, 200, 600, 1000])
def test_no_customer_is_lost_or_moved_however_the_blocks_are_cut(shop, size):
    cut = shop if size > 1 else shop[:5]
    found = read_all(iter([cut[start : start + size] for start in range(0, len(cut), size)]))
    assert found.ids.tolist() == [number for number, _ in cut]


def test_blocks_read_in_other_processes_give_the_same_pairs_as_one(shop):
    whole, cut = read(shop), read_all(iter([shop[start : start + 100] for start in range(0, 600, 100)]))
    assert keys(whole).tolist() == keys(cut).tolist()
    for one, other in zip(compare_all(whole, 0.1), compare_all(cut, 0.1), strict=True):
        assert one.score.tolist() == other.score.tolist()
        assert one.left.tolist() == other.left.tolist()


def test_comparing_on_all_cores_gives_the_same_pairs_in_the_same_order(shop, monkeypatch):
    found = read(shop)
    (alone,) = compare_all(found, 0.1)
    monkeypatch.setattr(full_pass, "BATCH", 100)
    parts = list(compare_all(found, 0.1))
    assert len(parts) >= full_pass.WORTH_PROCESSES
    for name in ("left", "right", "score"):
        assert (
            np.concatenate([getattr(part, name) for part in parts]).tolist() == getattr(alone, name).tolist()
        )


def test_nobody_is_compared_with_nobody():
    empty = read_all(iter([]))
    assert len(empty) == 0
    assert list(compare_all(empty, 0.5)) == []


def test_a_pair_is_compared_once_and_never_with_itself(shop):
    left, right = pairs_of(keys(read(shop)))
    assert np.all(left < right)
    assert len({*zip(left.tolist(), right.tolist(), strict=True)}) == len(left)


def test_a_key_that_too_many_share_brings_nobody_together():
    from reconciliation.matching.profile import Raw

    crowd = read([(number, Raw(phones=("214-322-7781",))) for number in range(1, 60)])
    few = read([(number, Raw(phones=("214-322-7781",))) for number in range(1, 11)])
    assert len(pairs_of(keys(crowd))[0]) == 0
    assert len(pairs_of(keys(few))[0]) == 45
