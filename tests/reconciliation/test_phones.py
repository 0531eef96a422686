"""Phone numbers as people write them: the fast path says what the library says."""

import phonenumbers
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reconciliation.phones import _PLAIN_NORTH_AMERICAN, phone_key, read_by_library, read_phone

AREAS = ("716", "415", "212", "800", "555", "200", "900", "911", "340", "416", "809", "983", "710", "500")
digits = st.text("0123456789", min_size=3, max_size=3)
plain = st.builds(
    lambda lead, area, mid, exchange, sep, line, ext: (
        f"{lead}{area[0]}{area[1]}{mid}{exchange}{sep}{line}{ext}"
    ),
    st.sampled_from(["", "1", "+1", "1-", "+1 ", "1 ", "1.", " "]),
    st.tuples(st.sampled_from(["", "("]), st.one_of(st.sampled_from(AREAS), digits)),
    st.sampled_from(["", ")", ") ", "-", ".", " ", "/"]),
    digits,
    st.sampled_from(["", "-", ".", " "]),
    st.text("0123456789", min_size=4, max_size=4),
    st.sampled_from(["", " x12", "x7", " ext. 1234", " ext 5", " x 123456", " "]),
)


@pytest.mark.parametrize(
    "text", ["", "none", "n/a", "911", "0000000000", "1234567890", "716-555-010", "716-111-0100", "x"]
)
def test_what_cannot_be_dialled_is_unusable_and_gives_no_number(text):
    phone = read_phone(text, "US")
    assert (phone.usable, phone.e164) == (False, "")


@pytest.mark.parametrize(
    ("text", "e164", "extension"),
    [
        ("(716) 555-0100", "+17165550100", ""),
        ("716/555-0100", "+17165550100", ""),
        ("716-555-0100 #12", "+17165550100", "12"),
        ("716-555-0100 EXT 12", "+17165550100", "12"),
        ("716-555-0100 cell", "+17165550100", ""),
        ("(716) 555-0100 (cell)", "+17165550100", ""),
        ("716-555-0100 - wife", "+17165550100", ""),
        ("c: 716-555-0100", "+17165550100", ""),
        ("716-555-0100 or 716-555-0199", "+17165550100", ""),
        ("(716) 555-0100 / 716-555-0199", "+17165550100", ""),
        ("716-555-HEAT", "+17165554328", ""),
        ("\u202a(716) 555-0100\u202c", "+17165550100", ""),
        ("716\u2011555\u20110100", "+17165550100", ""),
        ("+44 20 7946 0958", "+442079460958", ""),
    ],
)
def test_what_people_write_is_read(text, e164, extension):
    phone = read_phone(text, "US")
    assert (phone.e164, phone.extension, phone.usable) == (e164, extension, True)


def test_a_number_is_read_as_it_is_dialled_in_the_tenant_s_region():
    assert read_phone("020 7946 0958", "GB").e164 == "+442079460958"
    assert read_phone("020 7946 0958", "US").usable is False


@settings(max_examples=400, deadline=None)
@example("1 (716) 555-0100 x12")
@given(plain)
def test_the_fast_path_says_what_the_library_says(text):
    if _PLAIN_NORTH_AMERICAN.fullmatch(text):
        assert read_phone(text, "US") == read_by_library(text, "US")


def test_the_last_four_digits_never_decide_whether_a_number_is_valid():
    for area in range(200, 1000, 5):
        for exchange in (200, 211, 555, 911, 976, 999):
            verdicts = {
                phonenumbers.is_valid_number(phonenumbers.parse(f"+1{area}{exchange}{line}", "US"))
                for line in ("0000", "0100", "1212", "2345", "9999")
            }
            assert len(verdicts) == 1, (area, exchange)


def test_ordinary_writing_takes_the_fast_path():
    for text in ("(716) 555-0100", "716-555-0100", "7165550100", "+17165550100", "716.555.0100 x12"):
        assert _PLAIN_NORTH_AMERICAN.fullmatch(text)


@pytest.mark.parametrize("text", ["", "none", "555", "x12", "716-555-0100716-555-0100"])
def test_what_is_no_number_has_no_key(text):
    assert phone_key(text) == ""


@pytest.mark.parametrize(
    "text",
    [
        "+17165550100", "(716) 555-0100", "716.555.0100 x12", "1 716 555 0100 #12", "716-555-0100 cell",
        "716-555-0100 or 716-555-0199", "c: 716-555-0100 - wife",
    ],
)  # fmt: skip
def test_all_spellings_of_a_number_have_one_key(text):
    assert phone_key(text) == phone_key("7165550100") != ""


def test_a_number_has_the_same_key_at_home_and_abroad():
    assert phone_key("020 7946 0958") == phone_key("+44 20 7946 0958")


@given(plain)
def test_whatever_is_read_as_a_number_is_found_by_its_key(text):
    phone = read_phone(text, "US")
    if phone.usable:
        assert phone_key(text) == phone_key(phone.e164)
