"""A customer as the Account and Contact that it shall be: without a database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from integrations.flows.base import Made, Skip, Wait
from integrations.flows.counterparts import Met
from integrations.flows.new_customer_plans import Client, Number, Someone, plan

PHONE, MOBILE = Number("(540) 555-0188", "+15405550188"), Number("(540) 555-0177", "+15405550177")
HOME = {
    "street": "9 Hill Rd",
    "unit": "",
    "city": "Lynchburg",
    "state": "VA",
    "postal_code": "24501",
    "country": "USA",
}
MARIA = Client(
    id=5, name="Maria Rossi", kind="Residential", emails=("Maria@Rossi.example",), phones=(PHONE,), mobiles=(MOBILE,),
    address=HOME, now=datetime(2026, 11, 21, tzinfo=UTC),
)  # fmt: skip
MET = Met(9, "Rossi household", "maria@rossi.example", True, True, False, True)
THERE = Someone(
    70, 9, "Maria Rossi", "maria@rossi.example", frozenset({PHONE.e164}), {"phone": "540.555.0100"}
)


def made(client):
    found = plan(client, {})
    assert isinstance(found, Made), found
    account, person = found.records
    assert (account.entity, account.record_id, person.entity) == ("customer", client.id, "person")
    return account, person


def test_whoever_is_inactive_is_left_out():
    assert isinstance(plan(replace(MARIA, active=False), {}), Skip)


def test_nothing_is_made_before_salesforce_has_been_read_again():
    found = plan(replace(MARIA, is_fresh=False), {})
    assert isinstance(found, Wait)
    assert found.until - MARIA.now == timedelta(minutes=1)


def test_whoever_has_an_account_waits_for_no_reading_and_is_not_looked_for():
    client = replace(MARIA, has_account=True, is_fresh=False, met=(MET, replace(MET, customer_id=8)))
    assert client.verdict is None
    made(client)


def test_several_that_may_be_meant_wait_for_a_person():
    found = plan(replace(MARIA, met=(MET, replace(MET, customer_id=8))), {})
    assert isinstance(found, Wait)
    assert found.reason == "several"


def test_somebody_new_is_an_account_and_a_contact():
    account, person = made(MARIA)
    assert account.values == {"main_phone": "(540) 555-0188"}
    assert (person.record_id, person.at_first) == (None, {"customer": 5})
    assert person.values == {
        "salutation": "", "first_name": "Maria", "last_name": "Rossi", "email": "Maria@Rossi.example",
        "phone": "(540) 555-0188", "mobile": "(540) 555-0177", **HOME,
    }  # fmt: skip


def test_somebody_who_is_there_keeps_their_name_and_gets_what_the_shop_knows():
    _, person = made(replace(MARIA, met=(MET,), people=(THERE,)))
    assert person.record_id == 70
    assert person.values["phone"] == "(540) 555-0188"
    assert "last_name" not in person.values


def test_at_a_business_only_what_is_empty_is_filled_in():
    client = replace(MARIA, name="Oak Dental LLC", kind="Commercial", met=(MET,), people=(THERE,))
    _, person = made(client)
    assert person.record_id == 70
    assert "phone" not in person.values
    assert person.values["mobile"] == "(540) 555-0177"


def test_somebody_else_of_the_household_is_not_overwritten():
    paolo = replace(THERE, name="Paolo Rossi", email_key="paolo@rossi.example")
    _, person = made(replace(MARIA, met=(MET,), people=(paolo,)))
    assert (person.record_id, person.values["first_name"]) == (None, "Maria")


def test_of_two_with_one_address_the_one_of_that_name():
    paolo = replace(THERE, id=69, name="Paolo Rossi")
    _, person = made(replace(MARIA, met=(MET,), people=(paolo, THERE)))
    assert person.record_id == 70


def test_the_person_of_before_stays_the_person_and_is_called_as_the_customer_is():
    before = replace(THERE, id=71, customer_id=5, name="Maria Russo", email_key="", numbers=frozenset())
    client = replace(MARIA, has_account=True, people=(THERE, before), tied_id=71)
    _, person = made(client)
    assert (person.record_id, person.values["last_name"]) == (71, "Rossi")
    _, found = made(replace(client, is_own=False))
    assert "last_name" not in found.values, "somebody who was there before is called as they are"


def test_what_the_shop_does_not_know_is_not_emptied():
    account, person = made(replace(MARIA, emails=(), phones=(), mobiles=(), address={}))
    assert account.values == {}
    assert person.values.keys() == {"salutation", "first_name", "last_name"}
