"""What is read from a customer as it was typed: names, addresses, phones, e-mail addresses."""

import pytest

from reconciliation.matching.addresses import read_place
from reconciliation.matching.names import read_name
from reconciliation.matching.profile import Raw, profile
from reconciliation.matching.reach import is_role, own_domain, read_email, read_number
from reconciliation.matching.spelling import known_given, sound


@pytest.mark.parametrize(
    "text", ["", "   ", ".", "()", "&", ", ,", "***", "Mr.", "Jr", "\x00", "😀", "(see notes)"]
)
def test_a_name_that_says_nothing_is_read_as_no_name(text):
    name = read_name(text, None)
    assert (name.given, name.surname if name.surname not in {"jr", "mr"} else "") == ("", "")


@pytest.mark.parametrize(
    "text", ["555-555-5555", "(000) 000-0000", "9999999999", "123-456-7890", "214-555-5555", "n/a", "12"]
)
def test_a_number_typed_to_fill_the_box_is_no_number(text):
    assert read_number(text) == 0


@pytest.mark.parametrize(
    "text", ["none@none.com", "noemail@noemail.com", "n/a", "@", "a@b", "bob@", "no@no.com", "test@gmail.com"]
)
def test_an_address_typed_to_fill_the_box_is_no_address(text):
    assert read_email(text) == ""


@pytest.mark.parametrize("street", ["", "   ", "#", "Apt", "PO", "1", "123", "St", "N"])
def test_a_street_that_says_little_is_read_without_complaint(street):
    assert read_place(street, "", "", "", "").unit in {"", "apt"}


@pytest.mark.parametrize(
    "text",
    [
        "John Smith",
        "Smith, John",
        "SMITH,JOHN",
        "Mr. John Smith",
        "john smith",
        "Jöhn  Smith",
        "Smith, Mr. John",
    ],
)
def test_a_person_is_read_alike_however_the_name_is_written(text):
    name = read_name(text, commercial=False)
    assert (name.given, name.surname, name.business) == ("john", "smith", False)


def test_a_couple_in_one_name_gives_both_given_names():
    name = read_name("John & Mary Smith", commercial=False)
    assert (name.given, name.partner, name.surname) == ("john", "mary", "smith")
    assert read_name("Mr. and Mrs. John Smith", commercial=False).given == "john"


@pytest.mark.parametrize(
    ("text", "suffix"), [("John Smith Jr.", "jr"), ("Smith Sr, John", "sr"), ("John Smith III", "iii")]
)
def test_a_generation_is_kept_apart_from_the_surname(text, suffix):
    name = read_name(text, commercial=False)
    assert (name.surname, name.suffix) == ("smith", suffix)


@pytest.mark.parametrize(
    ("text", "surname"),
    [
        ("José de la Cruz", "delacruz"),
        ("Ian Mc Donald", "mcdonald"),
        ("Ian McDonald", "mcdonald"),
        ("Sean O'Brien", "obrien"),
        ("Sean O Brien", "obrien"),
    ],
)
def test_spaces_and_apostrophes_in_a_surname_decide_nothing(text, surname):
    assert read_name(text, commercial=False).surname == surname


@pytest.mark.parametrize(
    "text", ["Acme Plumbing LLC", "ACME PLUMBING, L.L.C.", "The Acme Plumbing Co.", "Acme Plumbing Inc"]
)
def test_a_business_is_read_without_the_words_of_its_form(text):
    name = read_name(text, commercial=None)
    assert (name.business, name.core) == (True, "acme plumbing")


def test_a_store_number_is_kept_apart_from_the_brand():
    assert read_name("Quick Stop #0112", commercial=True)[-2:] == ("quick stop", "112")


def test_a_person_on_a_commercial_account_stays_a_person():
    assert not read_name("Kathryn Beckstein", commercial=True).business
    assert read_name("Beckstein Roofing", commercial=True).business


def test_columns_filled_the_wrong_way_about_are_turned():
    assert read_name("Haddmann Natalie", commercial=False)[1:2] == ("natalie",)


def test_a_slip_in_a_given_name_is_put_right_only_where_one_name_is_meant():
    assert known_given("samanhta") == "samantha"
    assert known_given("xqzwv") == "xqzwv"


def test_surnames_heard_alike_sound_alike():
    assert sound("meyer") == sound("maier")
    assert sound("philips") == sound("phillips")
    assert sound("smith") != sound("jones")


@pytest.mark.parametrize(
    "text",
    [
        "123 N. Main Street Apt. 4-B",
        "123 north main st #4b",
        "0123 N Main St., Unit 4B",
        "123 Main St N apt 4 b",
    ],
)
def test_one_address_is_read_alike_however_it_is_written(text):
    place = read_place(text, "", "St. Paul", "Minnesota", "55101-1234")
    assert place[:5] == ("123", "main", "st", "n", "4b")
    assert place[5:] == ("saintpaul", "mn", "55101")


def test_a_unit_in_its_own_column_is_the_one_behind_the_street():
    assert (
        read_place("9 Elm St", "Apt. 4", "", "", "").unit
        == read_place("9 Elm St #4", "", "", "", "").unit
        == "4"
    )


def test_a_post_office_box_is_an_address_of_its_kind():
    assert read_place("P.O. Box 12", "", "", "", "")[:2] == ("12", "po box")


def test_a_zip_that_a_spreadsheet_has_shortened_is_whole_again():
    assert read_place("", "", "", "", "2134").zip == "02134"


@pytest.mark.parametrize(
    "text", ["(214) 322-1234", "+1 214 322 1234", "1-214-322-1234", "2143221234", "214.322.1234 x12"]
)
def test_one_number_is_read_alike_however_it_is_written(text):
    assert read_number(text) == 12143221234


def test_tags_dots_and_case_of_a_gmail_address_decide_nothing():
    assert read_email("John.Smith+plumber@Googlemail.com") == read_email("johnsmith@gmail.com")
    assert read_email("John.Smith@yahoo.com") != read_email("johnsmith@yahoo.com")


def test_an_offices_mailbox_and_a_companys_domain_are_known_as_such():
    assert is_role("front.desk@acme.com")
    assert not is_role("joan@acme.com")
    assert (own_domain("joan@acme.com"), own_domain("joan@gmail.com")) == ("acme.com", "")


def test_a_customer_keeps_each_number_once():
    found = profile(
        Raw("A B", "Residential", ("214-322-1234", "(214) 322-1234", "555-555-5555", "214-322-9999"))
    )
    assert found.phones == (12143221234, 12143229999)
