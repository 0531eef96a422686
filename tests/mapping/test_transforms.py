"""Transforms: exact, and clear about what they refuse."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.mapping.binding import Binding
from integrations.mapping.transforms import TRANSFORMS


def apply(name: str, *values):
    return TRANSFORMS[name].bind(Binding("US", tuple(f"m{place}" for place in range(len(values)))))(*values)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("text", {}),
        ("text", [1]),
        ("email", "nobody"),
        ("email", "a@b@c"),
        ("email", 5),
        ("integer", "1.5"),
        ("integer", "x"),
        ("integer", True),
        ("number", "north"),
        ("number", []),
        ("decimal", "12,50"),
        ("decimal", "NaN"),
        ("decimal", "Infinity"),
        ("decimal", float("inf")),
        ("decimal", True),
        ("decimal", ""),
        ("decimal", {}),
        ("cents", "x"),
        ("boolean", "maybe"),
        ("boolean", 2),
        ("boolean", []),
        ("timestamp", "yesterday"),
        ("timestamp", 5),
        ("timestamp", "2026-13-01T00:00:00Z"),
        ("date", "soon"),
        ("date", 5),
        ("id_list", "1,2"),
        ("id_list", [None]),
        ("id_list", [1.5]),
        ("first", "abc"),
        ("count", {}),
        ("contact_kind", 5),
        ("phone_e164", []),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_words(name, value):
    with pytest.raises(ValueError, match=r"^(is|cannot) "):
        apply(name, value)


@pytest.mark.parametrize(
    ("name", "value", "result"),
    [
        ("text", "  as is ", "  as is "),
        ("text", 5, "5"),
        ("text", True, "true"),
        ("trimmed", "  a   b ", "a b"),
        ("upper", " nv ", "NV"),
        ("lower", "NV", "nv"),
        ("email", " Ada@Example.COM ", "ada@example.com"),
        ("integer", "12", 12),
        ("integer", 12.0, 12),
        ("number", 39, 39.0),
        ("number", "39.52", 39.52),
        ("boolean", "Yes", True),
        ("boolean", 0, False),
        ("cents", 1999, Decimal("19.99")),
        ("date", "2026-03-01T23:30:00Z", "2026-03-01"),
        ("id_list", [5, "6"], ["5", "6"]),
        ("first", [], None),
        ("first", ["a", "b"], "a"),
        ("count", [1, 2], 2),
        ("contact_kind", "MobilePhone", "mobile"),
        ("contact_kind", "Phone", "phone"),
        ("contact_kind", "Email", "email"),
        ("contact_kind", "Fax", "fax"),
        ("contact_kind", "Carrier Pigeon", "carrier pigeon"),
    ],
)
def test_a_value_that_fits_is_read(name, value, result):
    assert apply(name, value) == result


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**9), max_value=10**9))
def test_amounts_in_text_are_exact(amount):
    assert apply("decimal", str(amount)) == amount


@given(st.integers(-(10**12), 10**12))
def test_amounts_in_json_numbers_are_what_the_json_says(cents):
    text = f"{cents / 100!r}"
    assert apply("decimal", float(text)) == Decimal(text)


def test_an_amount_is_never_a_binary_value():
    assert apply("decimal", 0.1) == Decimal("0.1")
    assert apply("decimal", "19.90") == Decimal("19.90")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-05T17:02:11.4821193Z", datetime(2026, 1, 5, 17, 2, 11, 482119, UTC)),
        ("2026-02-01T08:00:00.12Z", datetime(2026, 2, 1, 8, 0, 0, 120000, UTC)),
        ("2026-02-01T08:00:00+02:00", datetime(2026, 2, 1, 6, tzinfo=UTC)),
        ("2025-10-13T00:00:00", datetime(2025, 10, 13, tzinfo=UTC)),
        ("2025-10-13", datetime(2025, 10, 13, tzinfo=UTC)),
    ],
)
def test_times_become_aware_and_utc_with_microseconds_cut_off(text, moment):
    found = apply("timestamp", text)
    assert found == moment
    assert found.utcoffset().total_seconds() == 0


@pytest.mark.parametrize(
    ("kind", "value", "e164", "usable"),
    [
        ("Phone", "716-555-0100 x4", "+17165550100", True),
        ("Phone", "call the neighbour", "", False),
        ("Email", "ada@example.com", "", True),
        ("Email", "7165550100", "", False),
        ("Email", "ada at example", "", False),
        (None, "7165550100", "+17165550100", True),
        ("Phone", None, "", False),
    ],
)
def test_a_contact_is_read_by_its_kind(kind, value, e164, usable):
    assert apply("contact_e164", kind, value) == e164
    assert apply("contact_usable", kind, value) is usable


def test_members_are_kept_by_name_without_the_empty_ones():
    assert apply("members", 1, None, {"a": 2}) == {"m0": 1, "m2": {"a": 2}}


def test_every_transform_says_in_one_line_what_it_does():
    assert all(
        transform.description and "\n" not in transform.description for transform in TRANSFORMS.values()
    )
