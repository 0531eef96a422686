"""Whom a phone number or an e-mail address reaches."""

import pytest

from reconciliation.editing import edit
from reconciliation.entities import ENTITIES
from reconciliation.reaching import Reached, reached_by
from tests.reconciliation import shop

pytestmark = pytest.mark.django_db
MARIA = "maria@rossi.example"
PHONE = "+15405550188"


def test_nobody_is_reached_by_nothing(tenant, django_assert_num_queries):
    shop.person(tenant, email="", phone="")
    assert reached_by(tenant, [], []) == []


def test_nobody_elses_customer_is_reached(tenant, other_tenant):
    shop.contact(shop.customer(other_tenant), PHONE, e164=PHONE)
    shop.person(other_tenant, email=MARIA, phone=PHONE)
    assert reached_by(tenant, [MARIA], [PHONE]) == []


def test_whoever_is_gone_or_merged_is_not_reached(tenant):
    into = shop.customer(tenant)
    for values in ({"active": False}, {"merged_into": into}):
        shop.contact(shop.customer(tenant, **values), PHONE, e164=PHONE)
    shop.person(tenant, email=MARIA, active=False)
    shop.contact(into, PHONE, e164=PHONE, kind="fax")
    assert reached_by(tenant, [MARIA], [PHONE]) == []


def test_another_number_that_ends_the_same_is_not_it(tenant):
    shop.person(tenant, phone="(640) 555-0188")
    assert reached_by(tenant, [], ["+15405550188"]) == []


def test_contacts_people_and_main_phones_are_found_in_any_spelling(tenant):
    by_contact = shop.contact(shop.customer(tenant), "540.555.0188 cell", e164=PHONE).customer
    by_phone = shop.person(tenant, phone="540/555-0188 x3")
    by_mobile = shop.person(tenant, mobile="+1 540 555 0188")
    by_main = shop.customer(tenant, main_phone="(540) 555-0188")
    by_email = shop.person(tenant, email=" Maria@Rossi.example ")
    assert reached_by(tenant, [MARIA], [PHONE]) == sorted(
        [
            Reached(PHONE, by_contact.pk),
            Reached(PHONE, by_phone.customer_id, by_phone.pk),
            Reached(PHONE, by_mobile.customer_id, by_mobile.pk),
            Reached(PHONE, by_main.pk),
            Reached(MARIA, by_email.customer_id, by_email.pk),
        ],
        key=lambda found: found.customer_id,
    )


def test_somebody_whose_number_is_changed_is_reached_by_the_new_one(tenant):
    person = shop.person(tenant, phone="(540) 555-0111", email="old@rossi.example")
    edit(ENTITIES["person"], person.pk, {"phone": "(540) 555-0188", "email": MARIA})
    assert [
        found.by for found in reached_by(tenant, [MARIA, "old@rossi.example"], [PHONE, "+15405550111"])
    ] == [
        PHONE,
        MARIA,
    ]


def test_hundreds_are_found_with_as_many_queries_as_one(tenant, django_assert_num_queries):
    for number in range(30):
        shop.person(tenant, email=f"p{number}@example.com", phone=f"(540) 555-01{number:02d}")
    emails = [f"p{number}@example.com" for number in range(30)]
    phones = [f"+154055501{number:02d}" for number in range(30)]
    with django_assert_num_queries(7):
        assert len(reached_by(tenant, emails, phones)) == 60
