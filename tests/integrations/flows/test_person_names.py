"""A customer's name as a sales system keeps a person."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.flows.person_names import FIRST, LAST, are_one, person_name


@pytest.mark.parametrize(
    ("name", "kind", "read"),
    [
        ("Maria Rossi", "Residential", ("", "Maria", "Rossi")),
        ("Rossi, Maria", "Residential", ("", "Maria", "Rossi")),
        ("Dr. Maria Rossi", "Residential", ("Dr.", "Maria", "Rossi")),
        ("Maria & Paolo Rossi", "Residential", ("", "Maria & Paolo", "Rossi")),
        ("Maria van der Berg", "Residential", ("", "Maria", "van der Berg")),
        ("John Smith Jr.", "Residential", ("", "John", "Smith Jr.")),
        ("John Smith, Jr.", "Residential", ("", "John", "Smith Jr.")),
        ("Maria Rossi (do not call)", "Residential", ("", "Maria", "Rossi")),
        ("Rossi", "Residential", ("", "", "Rossi")),
        ("The Rossi Family", "Residential", ("", "", "The Rossi Family")),
        ("Hartwell Plumbing LLC", "Commercial", ("", "", "Hartwell Plumbing LLC")),
        ("Hartwell Plumbing LLC", "", ("", "", "Hartwell Plumbing LLC")),
        ("(none)", "", ("", "", "(none)")),
        ("", "", ("", "", "")),
    ],
)
def test_a_name_is_read_as_its_shop_writes_it(name, kind, read):
    assert tuple(person_name(name, kind)) == read


@given(st.text(max_size=200), st.sampled_from(["Residential", "Commercial", ""]))
def test_whatever_is_written_it_fits_and_is_never_without_a_last_name(name, kind):
    _, first, last = person_name(name, kind)
    assert len(first) <= FIRST and len(last) <= LAST
    assert bool(last) == bool(name.strip())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Maria Rossi", "ROSSI, MARIA"),
        ("Robert Thornwick", "Bob Thornwick"),
        ("Maria Rossi", "M. Rossi"),
        ("Maria & Paolo Rossi", "Paolo Rossi"),
        ("Maria Rossi", "Rossi"),
        ("Oak Dental LLC", "Oak Dental"),
    ],
)
def test_these_can_be_one(one, other):
    assert are_one(one, other)
    assert are_one(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Maria Rossi", "Paolo Rossi"),
        ("Maria Rossi", "Maria Bianchi"),
        ("Oak Dental", "Oak Realty"),
        ("", ""),
    ],
)
def test_these_cannot(one, other):
    assert not are_one(one, other)
