import pytest

from reconciliation.models import Customer, Link
from reconciliation.reading import read
from reconciliation.search import search_customers
from tests.reconciliation import shop


def found(text, tenant):
    rows = search_customers(Customer.objects.filter(tenant=tenant), text, [tenant])
    return {customer.name for customer in rows}


@pytest.fixture
def ana(tenant):
    ana = shop.customer(
        tenant, "Ana Núñez-O'Hara", street="1420 Maple Ave", unit="Apt 3", city="Austin", postal_code="78701"
    )
    shop.contact(ana, "(512) 555-0143", e164="+15125550143", extension="12")
    shop.contact(ana, "Ana.Nunez@Example.com", "email")
    shop.customer(tenant, "Bob Marsh", street="9 Oak St", city="Waco")
    return ana


ANA = {"Ana Núñez-O'Hara"}


@pytest.mark.parametrize(
    "text",
    [
        "zebra",
        "(512) 555-0199",
        "ana@nowhere.example",
        "1420 Oak",
        "99999999",
        "%",
        "_",
        "' OR 1=1 --",
        "\\",
        "#",
        "+",
        "()",
    ],
)
def test_what_means_nobody_finds_nobody(ana, tenant, text):
    assert found(text, tenant) == set()


def test_an_empty_text_leaves_the_list_as_it_is(ana, tenant):
    assert len(found("  ", tenant)) == 2


def test_another_tenants_customers_are_never_found(ana, tenant, other_tenant):
    twin = shop.customer(other_tenant, "Ana Twin", street="1420 Maple Ave")
    shop.contact(twin, "512-555-0143", e164="+15125550143")
    shop.link(twin, "customer", external_id="4242")
    for text in ("Ana", "512-555-0143", "0143", "1420 maple", "4242"):
        assert "Ana Twin" not in found(text, tenant)
        mine = Customer.objects.filter(tenant=tenant)
        assert twin not in search_customers(mine, text), "not even when no tenants are named"


@pytest.mark.parametrize(
    "spelling",
    [
        "(512) 555-0143",
        "512-555-0143",
        "512.555.0143",
        "512 555 0143",
        "5125550143",
        "15125550143",
        "+15125550143",
        "+1 512 555 0143",
        "1-512-555-0143",
        "+1 (512) 555-0143",
        "512/555-0143",
        "512.555.0143 x12",
        "512-555-0143 ext. 12",
        "(512)5550143",
        "tel:+1-512-555-0143",
        "  512  555  0143 ",
        "512–555–0143",  # noqa: RUF001
        "555-0143",
        "5550143",
        "0143",
    ],
)
def test_a_phone_is_found_however_it_is_written(ana, tenant, spelling):
    assert found(spelling, tenant) == ANA


def test_a_phone_of_a_location_finds_its_customer(ana, tenant):
    shop.location_contact(shop.location(tenant, ana), "512-555-0177", e164="+15125550177")
    assert found("512 555 0177", tenant) == ANA


def test_a_phone_that_could_not_be_read_is_found_by_its_digits(tenant):
    shop.contact(shop.customer(tenant, "Carl"), "call 55-501 43", usable=False)
    assert found("555-0143", tenant) == {"Carl"}


def test_a_phone_is_read_in_the_tenants_country(tenant):
    tenant.phone_region = "GB"
    tenant.save()
    shop.contact(shop.customer(tenant, "Dee"), "020 7946 0018", e164="+442079460018")
    assert found("020 7946 0018", tenant) == {"Dee"}
    assert found("+44 20 7946 0018", tenant) == {"Dee"}


@pytest.mark.parametrize(
    "text", ["ana.nunez@example.com", "ANA.NUNEZ@EXAMPLE.COM", "ana.nunez@", "@example.com"]
)
def test_an_email_is_found_in_any_case_and_by_its_beginning(ana, tenant, text):
    assert found(text, tenant) == ANA


@pytest.mark.parametrize("text", ["ana", "NÚÑEZ", "nunez ana", "Ana nun", "o'hara", "O\u2019Hara", "hara"])
def test_a_name_is_found_by_its_words_in_any_order_case_and_accent(ana, tenant, text):
    assert found(text, tenant) == ANA


def test_the_middle_of_a_word_is_not_a_name(ana, tenant):
    assert found("arsh", tenant) == set()


@pytest.mark.parametrize(
    "text", ["1420 maple", "Maple Ave", "1420 Maple Ave Apt 3, Austin", "maple 78701", "nunez maple"]
)
def test_an_address_is_found_by_its_words(ana, tenant, text):
    assert found(text, tenant) == ANA


def test_the_address_of_a_location_finds_the_landlord(ana, tenant):
    shop.location(tenant, ana, street="77 Elm Court", city="Buda")
    assert found("elm court", tenant) == ANA


@pytest.mark.parametrize("text", ["4242", "#4242"])
def test_an_id_of_the_source_finds_the_customer(ana, tenant, text):
    shop.link(ana, "customer", external_id="4242")
    assert found(text, tenant) == ANA


def test_the_id_of_a_merged_customer_finds_the_one_that_was_kept(ana, tenant):
    shop.link(ana, "customer", external_id="4243", state=Link.State.MERGED)
    assert found("4243", tenant) == ANA


@pytest.mark.parametrize("text", ["1676", "#1676", "J-9001", "80001"])
def test_numbers_and_ids_of_invoices_and_jobs_find_their_customer(ana, tenant, text):
    bill = shop.invoice(tenant, ana, number="1676", external_id="80001")
    shop.link(bill, "invoice")
    shop.job(tenant, ana, number="J-9001")
    assert found(text, tenant) == ANA


@pytest.mark.parametrize("text", ["ana", "512-555-0143", "ana.nunez@example.com", "#1676"])
def test_a_search_costs_two_queries(ana, tenant, text, django_assert_num_queries):
    shop.invoice(tenant, ana, number="1676")
    with django_assert_num_queries(2):
        assert found(text, tenant) == ANA


def test_more_than_fit_in_one_go_are_all_found(tenant, monkeypatch):
    monkeypatch.setattr("reconciliation.search.AT_ONCE", 3)
    for number in range(8):
        shop.customer(tenant, f"Smith {number}")
    assert len(found("smith", tenant)) == 8


def test_a_text_is_read_without_a_database():
    asked = read("512.555.0143 x12", {"US"})
    assert asked.phones == {"+15125550143"}
    assert not asked.words
    assert read("1420 Maple", {"US"}).words == ("1420", "maple")
    assert not read("1420 Maple", {"US"}).digits
