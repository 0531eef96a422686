"""A difference of form only is no difference."""

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciliation.normalise import Unwritable, collapsed, dumps, kept_amount, normal_form, search_key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Decimal("12.5000"), Decimal("12.5")),
        (Decimal("0E+2"), Decimal("0.0000")),
        (Decimal("-0.00"), Decimal("0")),
        (Decimal("1E+3"), Decimal("1000")),
        (datetime(2026, 3, 1, 12, tzinfo=UTC), datetime(2026, 3, 1, 12, tzinfo=ZoneInfo("UTC"))),
        ("Ana  Núñez ", " Ana Núñez"),
        ("two\r\nlines", "two lines"),
    ],
)
def test_values_that_differ_in_form_alone_are_equal(one, other):
    assert normal_form({"value": one}) == normal_form({"value": other})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Decimal("12.51"), Decimal("12.5")),
        ("Ana", "ana"),
        ("", None),
        (Decimal("0.0001"), Decimal(0)),
    ],
)
def test_values_that_differ_in_substance_are_not(one, other):
    assert normal_form({"value": one}) != normal_form({"value": other})


def test_an_amount_is_compared_at_the_four_places_that_a_record_keeps():
    """A source's 129.99000000000001 is what its floating point made of 129.99, and no edit of anybody's."""
    assert normal_form({"total": Decimal("129.99000000000001")}) == normal_form(
        {"total": Decimal("129.9900")}
    )


@pytest.mark.parametrize("amount", ["10000000000", "-1E+10", "9999999999.99995", "1E+40"])
def test_an_amount_that_no_record_has_room_for_is_refused(amount):
    with pytest.raises(Unwritable):
        kept_amount(Decimal(amount))


@pytest.mark.parametrize(
    ("amount", "kept"), [("0.00005", "0.0001"), ("-0.00005", "-0.0001"), ("1.23454", "1.2345")]
)
def test_a_half_of_the_smallest_place_is_rounded_up_as_postgresql_does(amount, kept):
    assert kept_amount(Decimal(amount)) == Decimal(kept)


@given(
    st.dictionaries(
        st.text(max_size=4),
        st.none()
        | st.booleans()
        | st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
        | st.decimals(-(10**9), 10**9, places=4)
        | st.datetimes(timezones=st.just(UTC))
        | st.lists(st.text(st.characters(exclude_categories=("Cs",)), max_size=3), max_size=3),
        max_size=4,
    )
)
def test_the_normal_form_is_its_own_normal_form_and_survives_storage(values):
    import orjson

    once = normal_form(values)
    assert normal_form(once) == once
    assert collapsed(orjson.loads(dumps(values))) == once


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("  Núñez,  ANA ", "nunez ana"),
        ("O'Brien & Sons (HVAC)", "o brien & sons hvac"),
        ("Straße 5-b", "strasse 5 b"),
        ("", ""),
    ],
)
def test_a_search_key_forgets_case_accents_and_punctuation(text, key):
    assert search_key(text) == key


@given(st.text(max_size=30))
def test_a_search_key_is_its_own_key(text):
    assert search_key(search_key(text)) == search_key(text)
