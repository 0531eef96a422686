"""Which record's value a merge proposes."""

from hypothesis import given
from hypothesis import strategies as st

from reconciliation.entities import ENTITIES
from reconciliation.survivorship_defaults import (
    Choice,
    Prefer,
    Side,
    best,
    best_survivor,
    choices,
    differs,
    prefer,
    united,
)
from tests.reconciliation.pages import at

NAME = Choice("name", ("name",))
PLACE = Choice("address", ("street", "city"))


def side(pk, modified_at=None, in_record=False, work=0, **values):
    return Side(pk, {"name": "", "street": "", "city": "", **values}, modified_at, in_record, work)


SIDES = st.lists(
    st.builds(
        lambda pk, name, city, minutes, live: side(pk, at(minutes), live, name=name, city=city),
        st.integers(1, 9),
        st.sampled_from(["", "Ana", "Ana Nunez"]),
        st.sampled_from(["", "Reno"]),
        st.integers(0, 5),
        st.booleans(),
    ),
    min_size=2,
    max_size=5,
    unique_by=lambda one: one.id,
)


@given(SIDES, st.sampled_from(list(Prefer)), st.sampled_from([NAME, PLACE]))
def test_an_empty_value_never_beats_one_that_says_something(sides, rule, choice):
    chosen = next(one for one in sides if one.id == best(choice, rule, sides))
    said = any(one.values[name] for one in sides for name in choice.fields)
    assert any(chosen.values[name] for name in choice.fields) == said


@given(SIDES, st.sampled_from(list(Prefer)), st.randoms())
def test_the_order_of_the_records_is_irrelevant(sides, rule, random):
    shuffled = random.sample(sides, len(sides))
    assert best(NAME, rule, shuffled) == best(NAME, rule, sides)
    assert best_survivor(shuffled) == best_survivor(sides)


def test_each_rule_goes_by_what_it_says():
    old = side(1, at(0), True, name="Ana Maria Nunez", city="Reno")
    new = side(2, at(9), False, name="Ana", street="1 Elm St", city="Reno")
    assert best(NAME, Prefer.SYSTEM_OF_RECORD, [old, new]) == 1
    assert best(NAME, Prefer.NEWEST, [old, new]) == 2
    assert best(NAME, Prefer.LONGEST, [old, new]) == 1
    assert best(PLACE, Prefer.MOST_COMPLETE, [old, new]) == 2


def test_the_record_on_which_most_hangs_stays():
    assert best_survivor([side(1, work=2, in_record=True), side(2, work=7, in_record=True)]) == 2
    assert best_survivor([side(1, in_record=True), side(2, work=7)]) == 1


def test_an_address_is_chosen_as_one_and_tags_are_united():
    found = {choice.name: choice for choice in choices(ENTITIES["customer"])}
    assert {"street", "city", "postal_code", "latitude"} <= set(found["address"].fields)
    assert "street" not in found
    assert found["tag_ids"].united
    assert united([[3, 1], [1, 2], None]) == [3, 1, 2]


def test_every_field_of_a_customer_is_in_exactly_one_choice():
    named = [name for choice in choices(ENTITIES["customer"]) for name in choice.fields]
    assert sorted(named) == sorted(ENTITIES["customer"].fields)


def test_a_rule_that_no_longer_exists_counts_as_none():
    assert prefer({"name": "loudest"}, "name") == Prefer.LONGEST
    assert prefer({"name": "newest"}, "name") == Prefer.NEWEST
    assert prefer({}, "balance") == Prefer.SYSTEM_OF_RECORD


def test_a_choice_without_a_difference_is_none():
    assert not differs(NAME, [side(1, name="Ana"), side(2, name="Ana")])
    assert differs(PLACE, [side(1, city="Reno"), side(2)])


def test_among_equals_of_the_system_of_record_the_survivors_own_value_stands():
    sides = [side(1, at(0), True, name="One"), side(2, at(9), True, name="Two")]
    assert best(NAME, Prefer.SYSTEM_OF_RECORD, sides, survivor=1) == 1
    assert best(NAME, Prefer.SYSTEM_OF_RECORD, sides, survivor=2) == 2


def test_of_two_spellings_the_one_as_people_write_it_is_proposed():
    for shouted in ("ANA NUNEZ", "ana nunez", "Nunez, Ana"):
        assert best(NAME, Prefer.LONGEST, [side(1, name="Ana Nunez"), side(2, at(9), name=shouted)]) == 1
