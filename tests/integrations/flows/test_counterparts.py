"""Which Account a customer is: what an agent would expect."""

from dataclasses import replace

from integrations.flows.counterparts import Met, Same, Several, decide

MAIL, PHONE = "maria@rossi.example", "+15405550188"
ACCOUNT = Met(1, "Rossi household", MAIL, True, has_account=True, in_servicetitan=False, agrees=True)


def by_phone(customer_id=1, name="Rossi household", **more):
    return replace(ACCOUNT, customer_id=customer_id, name=name, by=PHONE, by_email=False, **more)


def asked(found):
    assert isinstance(found, Several)
    return [one.customer_id for one in found.met]


class TestByEmail:
    def test_one_address_is_one_customer_whatever_the_name_says(self):
        assert decide([replace(ACCOUNT, agrees=False)]) == Same(1, MAIL)

    def test_it_goes_before_the_phone(self):
        assert decide([by_phone(2), ACCOUNT]) == Same(1, MAIL)

    def test_of_several_a_person_decides(self):
        assert asked(decide([ACCOUNT, replace(ACCOUNT, customer_id=2)])) == [1, 2]

    def test_an_account_that_another_customer_of_servicetitan_has_is_for_a_person(self):
        found = decide([replace(ACCOUNT, in_servicetitan=True)])
        assert asked(found) == [1]
        assert "a customer of ServiceTitan itself" in found.words

    def test_an_address_that_an_office_gives_for_all_its_tenants_says_nothing(self):
        office = [replace(ACCOUNT, customer_id=n, agrees=False) for n in range(3)]
        assert decide(office) is None


class TestByPhone:
    def test_one_number_under_one_name_is_one_customer(self):
        assert decide([by_phone()]) == Same(1, PHONE)

    def test_a_household_shares_its_phone_so_another_name_is_asked_about(self):
        assert asked(decide([by_phone(agrees=False)])) == [1]

    def test_two_of_a_household_that_are_both_customers_have_an_account_each(self):
        assert decide([by_phone(agrees=False, in_servicetitan=True)]) is None

    def test_a_landlords_number_says_nothing_of_the_tenant(self):
        tenants = [by_phone(n, agrees=False, has_account=False, in_servicetitan=True) for n in (2, 3)]
        assert decide([by_phone(1, "Oak Management", agrees=False), *tenants]) is None

    def test_a_landlords_number_finds_the_landlord(self):
        tenants = [by_phone(n, agrees=False, has_account=False, in_servicetitan=True) for n in (2, 3)]
        assert decide([by_phone(1, "Oak Management"), *tenants]) == Same(1, PHONE)

    def test_the_same_customer_twice_in_salesforce_is_for_a_person(self):
        assert asked(decide([by_phone(1), by_phone(2)])) == [1, 2]


class TestAnswers:
    def test_what_a_person_said_is_another_is_not_asked_again(self):
        assert decide([ACCOUNT], {1}) is None
        assert decide([ACCOUNT, replace(ACCOUNT, customer_id=2)], {1}) == Same(2, MAIL)

    def test_nobody_met_is_nobody(self):
        assert decide([]) is None
        assert decide([replace(ACCOUNT, has_account=False, in_servicetitan=True)]) is None

    def test_the_question_says_who_and_why(self):
        words = decide([ACCOUNT, replace(ACCOUNT, customer_id=2, name="Rossi, M.")]).words
        assert words.startswith(f"May be Rossi household (the same e-mail address {MAIL}) or Rossi, M. (")
        assert "Dedupe" in words
