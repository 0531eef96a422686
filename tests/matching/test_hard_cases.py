"""Who is whom, in the cases that shops meet: each as a sentence."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciliation.matching.profile import Raw
from reconciliation.matching.scoring import score_of, weights

SURE, MAYBE = 0.9, 0.5
HOME = {"street": "412 Juniper Lane", "city": "Riverton", "state": "TX", "postal_code": "75007"}
ELSEWHERE = {"street": "9071 Falcon Dr", "city": "Salem", "state": "TX", "postal_code": "75031"}
PHONE, OTHER_PHONE = ("214-322-7781",), ("469-871-2290",)
MAIL = ("robert.thornwick@yahoo.com",)


def person(name: str, phones=(), emails=(), **address: str) -> Raw:
    return Raw(name, "Residential", phones, emails, **address)


def firm(name: str, phones=(), emails=(), **address: str) -> Raw:
    return Raw(name, "Commercial", phones, emails, **address)


# --- not the same


def test_a_household_number_alone_does_not_make_a_match(compared):
    assert (
        compared(person("Robert Thornwick", PHONE, **HOME), person("Linda Thornwick", PHONE, **HOME)).score
        < MAYBE
    )


def test_a_shared_phone_and_mailbox_of_a_couple_do_not_make_a_match(compared):
    one, other = (
        person("Robert Thornwick", PHONE, MAIL, **HOME),
        person("Linda Thornwick", PHONE, MAIL, **HOME),
    )
    assert compared(one, other).score < MAYBE


def test_an_adult_child_on_the_parents_line_is_somebody_else(compared):
    one, other = person("Robert Thornwick", PHONE, **HOME), person("Kyle Thornwick", PHONE, **ELSEWHERE)
    assert compared(one, other).score < MAYBE


def test_jr_and_sr_under_one_roof_are_two_people(compared):
    one, other = person("Robert Thornwick Sr", PHONE, **HOME), person("Robert Thornwick, Jr.", PHONE, **HOME)
    found = compared(one, other)
    assert found.score < MAYBE
    assert "Jr against Sr" in found.words


def test_a_tenant_with_the_landlords_number_is_not_the_landlord(compared):
    landlord, tenant = person("Robert Thornwick", PHONE, **HOME), person("Keisha Moreno", PHONE, **ELSEWHERE)
    assert compared(landlord, tenant).score < MAYBE


def test_two_tenants_with_the_managers_number_and_mailbox_are_two_people(compared):
    building = {**HOME, "street": "1200 Oak Blvd"}
    mail = ("leasing@thornwickrentals.com",)
    one, other = (
        person("Ana Moreno", PHONE, mail, **building, unit="12"),
        person("Wei Haddad", PHONE, mail, **building, unit="14"),
    )
    manager = firm("Thornwick Rentals LLC", PHONE, mail, **ELSEWHERE)
    assert compared(one, other, manager).score < 0.1


def test_the_previous_and_the_next_occupants_are_two_people(compared):
    assert (
        compared(person("Ana Moreno", PHONE, **HOME), person("Wei Haddad", OTHER_PHONE, **HOME)).score < 0.1
    )


def test_an_owner_at_home_is_not_the_firm(compared):
    one, other = (
        person("Robert Thornwick", PHONE, MAIL, **HOME),
        firm("Thornwick Roofing LLC", PHONE, MAIL, **ELSEWHERE),
    )
    assert compared(one, other).score < MAYBE


def test_two_stores_of_a_chain_with_the_head_office_number_are_two_customers(compared):
    stores = [
        firm(f"Quick Stop #{number}", PHONE, **{**HOME, "street": f"{number} Main St"})
        for number in (112, 118, 305)
    ]
    assert compared(*stores).score < MAYBE


def test_namesakes_in_one_city_with_nothing_else_in_common_are_not_certain(compared):
    one, other = person("John Smith", PHONE, **HOME), person("John Smith", OTHER_PHONE, **ELSEWHERE)
    assert compared(one, other).score < MAYBE


def test_a_placeholder_number_in_common_says_nothing(compared):
    filler = ("555-555-5555",)
    shared = compared(person("Ana Moreno", filler, **HOME), person("Ann Morley", filler, **ELSEWHERE))
    without = compared(person("Ana Moreno", **HOME), person("Ann Morley", **ELSEWHERE))
    assert shared.score == without.score < 0.1


# --- the same


@pytest.mark.parametrize(
    "name",
    [
        "Bob Thornwick", "R. Thornwick", "ROBERT THORNWICK", "Thornwick, Robert", "Robert Thornwcik",
        "Robbert Thornwick", "Thornwick Robert", "Robert & Linda Thornwick", "Mr. Robert J Thornwick",
    ],
)  # fmt: skip
def test_one_person_written_otherwise_is_still_one(compared, name):
    found = compared(person("Robert Thornwick", PHONE, MAIL, **HOME), person(name, PHONE, **HOME))
    assert found.meet
    assert found.score > MAYBE


def test_a_mover_is_known_by_name_phone_and_mailbox(compared):
    found = compared(
        person("Robert Thornwick", PHONE, MAIL, **HOME), person("Bob Thornwick", PHONE, MAIL, **ELSEWHERE)
    )
    assert found.score > SURE


def test_a_new_number_at_the_same_address_is_the_same_person(compared):
    found = compared(
        person("Robert Thornwick", PHONE, MAIL, **HOME), person("Robert Thornwick", OTHER_PHONE, MAIL, **HOME)
    )
    assert found.score > SURE


def test_a_slip_in_the_phone_and_in_the_street_does_not_hide_a_duplicate(compared):
    wrong = {**HOME, "street": "412 Junpier Ln."}
    found = compared(
        person("Robert Thornwick", PHONE, **HOME), person("Rob Thornwick", ("214-322-7718",), **wrong)
    )
    assert found.meet
    assert found.score > MAYBE


def test_a_business_with_and_without_its_form_is_one(compared):
    one = firm("Thornwick & Sons Roofing, LLC", PHONE, ("info@thornwickroofing.com",), **HOME)
    other = firm("The Thornwick and Sons Roofing Co.", PHONE, **HOME)
    assert compared(one, other).score > SURE


def test_a_rare_name_says_more_than_a_common_one(compared):
    rare = compared(person("Percival Thornwick", **HOME), person("Percival Thornwick", OTHER_PHONE, **HOME))
    crowded = [
        person("James Smith", **{**ELSEWHERE, "street": f"{number} Elm St"}) for number in range(200, 500)
    ]
    common = compared(person("James Smith", **HOME), person("James Smith", OTHER_PHONE, **HOME), *crowded)
    assert rare.score > common.score


# --- properties

TEXT = st.text(alphabet="abcJSo '-&,.#1259@é", max_size=18)
RAWS = st.builds(
    Raw,
    st.one_of(
        TEXT, st.sampled_from(["John Smith", "Smith, John Jr", "Bob Smith", "Acme LLC", "J & M Smith"])
    ),
    st.sampled_from(["Residential", "Commercial", ""]),
    st.lists(st.one_of(TEXT, st.sampled_from(["214-322-7781", "555-555-5555", "2143227718"])), max_size=5),
    st.lists(
        st.one_of(TEXT, st.sampled_from(["js@gmail.com", "info@acme.com", "j.s@gmail.com"])), max_size=3
    ),
    st.one_of(TEXT, st.sampled_from(["1 Main St", "1 Main Street Apt 2", "PO Box 9"])),
    st.one_of(TEXT, st.just("Apt 2")),
    TEXT,
    st.sampled_from(["TX", "Texas", ""]),
    st.one_of(TEXT, st.just("75007")),
)


@settings(max_examples=60, deadline=None)
@given(RAWS, RAWS)
def test_whatever_is_typed_a_score_is_symmetric_and_its_reasons_add_up_to_it(one, other):
    from tests.matching.conftest import Compared

    there, back = Compared(one, other), Compared(other, one)
    assert there.score == back.score
    assert there.reasons == back.reasons
    assert 0.0 <= there.score <= 1.0
    assert math.isclose(score_of(there.reasons), there.score, rel_tol=1e-9, abs_tol=1e-12)
    assert there.meet == back.meet


def test_every_reason_has_words(compared):
    found = compared(
        person("Robert Thornwick", PHONE, MAIL, **HOME), person("Bob Thornwick", PHONE, **ELSEWHERE)
    )
    assert all(reason.words for reason in found.reasons)
    assert [r.field for r in found.reasons][-1] == "start"
    assert found.reasons[-1].weight == weights().start
