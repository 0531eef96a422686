"""What a tenant's customers say about the weights, without anybody knowing the truth."""

from random import Random

import numpy as np
import pytest

from reconciliation.matching.columns import Columns
from reconciliation.matching.fields import AREA, FIELDS, MIXUP
from reconciliation.matching.fitting import Fitted
from reconciliation.matching.full_pass import compare_all, prepare
from reconciliation.matching.keys import keys
from reconciliation.matching.profile import Raw
from reconciliation.matching.reading import read
from reconciliation.matching.scoring import scores, weights
from tests.bench_dedupe import stock
from tests.bench_dedupe.sets import rows_of
from tests.bench_dedupe.truth import fit, side_by_side, truths

RANDOM = Random(5)
HOMES = [(f"{RANDOM.randrange(100, 9999)} {RANDOM.choice(stock.STREETS)} St".replace("|", " "), f"{10_000 + n % 90}")
         for n in range(800)]  # fmt: skip
GIVEN, SURNAMES = [*stock.WOMEN, *stock.MEN], [*stock.SURNAMES]


def raw(given: str, surname: str, home: tuple[str, str]) -> Raw:
    return Raw(f"{given} {surname}", "Residential", (), (), home[0], "", f"Town {home[1]}", "TX", home[1])


def file_of(pairs: list[tuple[Raw, Raw]]) -> Columns:
    return read([(number, one) for number, one in enumerate([one for pair in pairs for one in pair], 1)])


def households(random: Random) -> list[tuple[Raw, Raw]]:
    """Half written twice, half with somebody else of the same surname."""
    found = []
    for number, home in enumerate(HOMES):
        one, other = random.sample(GIVEN, 2)
        surname = random.choice(SURNAMES)
        found.append((raw(one, surname, home), raw(one if number % 2 else other, surname, home)))
    return found


def garbled(random: Random) -> list[tuple[Raw, Raw]]:
    """All written twice; one in six with another given name, one in six with another surname."""
    found = []
    for number, home in enumerate(HOMES):
        (one, other), (name, wrong) = random.sample(GIVEN, 2), random.sample(SURNAMES, 2)
        again = (other if number % 6 == 0 else one, wrong if number % 6 == 1 else name)
        found.append((raw(one, name, home), raw(*again, home)))
    return found


def fitted(found: Columns) -> Fitted:
    return prepare(found, keys(found)).fitted


def score_of(found: Columns, left: int, right: int) -> float:
    for part in compare_all(found, 0.0):
        both = np.flatnonzero((part.left == left) & (part.right == right))
        if len(both):
            return float(part.score[both[0]])
    raise AssertionError("not compared")


def test_those_who_live_together_are_not_taken_for_mixups():
    found = fitted(file_of(households(Random(1))))
    assert found.given_mixups < 0.1
    assert found.name_mixups == 0


def test_a_file_that_mixes_up_given_names_as_often_as_surnames_is_known_for_it():
    assert fitted(file_of(garbled(Random(2)))).given_mixups > 0.5


def test_another_given_name_at_one_address_weighs_less_where_names_are_mixed_up():
    among_households, among_garbled = file_of(households(Random(1))), file_of(garbled(Random(2)))
    assert score_of(among_households, 0, 1) < 0.2
    assert score_of(among_garbled, 0, 1) > 0.5


def test_nothing_is_fitted_to_a_handful_of_customers():
    found = fitted(file_of(garbled(Random(3))[:3]))
    assert found.given_mixups == 0
    assert all(abs(shift) < 0.5 for shift in found.areas)


def test_no_customers_at_all_can_be_fitted_to():
    assert fitted(read([])).areas == pytest.approx((0.0,) * len(AREA.words))


def test_where_most_pairs_are_duplicates_those_nearby_are_believed_sooner_and_those_far_apart_are_not():
    unknown, same_zip, _, elsewhere = fitted(side_by_side(rows_of("febrl1"))).areas
    assert same_zip > 1
    assert unknown <= 0
    assert elsewhere <= 0


def test_what_was_fitted_moves_the_field_it_belongs_to_and_no_other():
    plain = weights()
    moved = plain.fitted(0.8, 0.0, (0.0, 1.5, 0.0, 0.0))
    changed = [
        field
        for field, one, other in zip(FIELDS, plain.fields, moved.fields, strict=True)
        if (one != other).any()
    ]
    assert changed == [AREA, MIXUP]
    levels = np.zeros((len(FIELDS), 1), dtype=np.uint16)
    levels[FIELDS.index(AREA)] = 1
    assert scores(levels, moved)[0] > scores(levels, plain)[0]


def test_a_benchmark_set_that_nobody_learned_from_is_matched_without_a_setting():
    rows = rows_of("febrl1")
    found, truth = side_by_side(rows), truths(rows)
    parts = list(compare_all(found, 0.5))
    left, right = (np.concatenate([getattr(part, side) for part in parts]) for side in ("left", "right"))
    assert fit(truth, left, right).f1 > 0.95
