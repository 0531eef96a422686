"""A page of rows becomes records: what is created, changed, left alone."""

from decimal import Decimal

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from reconciliation.entities import ENTITIES
from reconciliation.ingest import ingest, joinable
from reconciliation.intake import Child, Intake
from reconciliation.models import (
    Change,
    Conflict,
    Customer,
    Invoice,
    InvoiceLine,
    Link,
    Location,
    PaymentSplit,
)
from tests.reconciliation import shop
from tests.reconciliation.pages import NOON, at, counts, link, record, row, take

pytestmark = pytest.mark.django_db


def customers(number):
    return [row(key, name=f"Customer {key}") for key in range(1, number + 1)]


def locations(number, modified=NOON, name="Place"):
    return [row(key, modified, refs={"customer": key}, name=f"{name} {key}") for key in range(1, number + 1)]


def test_a_page_becomes_records_with_links(source):
    result = take(source, "customer", row(7, name="Ana Núñez", street="1420 Maple Ave"))
    assert counts(result) == {"created": 1}
    ana = record(source, "customer", 7)
    assert (ana.name, ana.external_id, ana.tenant, ana.version) == ("Ana Núñez", "7", source.tenant, 1)
    assert (ana.name_key, ana.address_key) == ("ana nunez", "1420 maple ave")
    assert ana.source_modified_at == at(0)
    assert link(source, "customer", 7).payload["fields"]["name"] == "Ana Núñez"


def test_an_empty_page_is_no_trouble(source):
    assert counts(take(source, "customer")) == {}


def test_a_row_seen_again_unchanged_writes_nothing(source):
    page = customers(3)
    take(source, "customer", *page)
    before = [list(model.objects.order_by("pk").values()) for model in (Customer, Link, Change)]
    assert counts(take(source, "customer", *page)) == {"unchanged": 3}
    assert [list(model.objects.order_by("pk").values()) for model in (Customer, Link, Change)] == before


def test_a_changed_row_updates_its_record_and_leaves_a_change(source):
    take(source, "customer", row(7, name="Ana"))
    assert counts(take(source, "customer", row(7, at(5), name="Anna"), run_id=33)) == {"updated": 1}
    anna = record(source, "customer", 7)
    assert (anna.name, anna.name_key, anna.version, anna.source_modified_at) == ("Anna", "anna", 2, at(5))
    change = Change.objects.get()
    assert (change.kind, change.record_id, change.fields) == ("updated", anna.pk, {"name": ["Ana", "Anna"]})
    assert (change.run_id, change.source) == (33, source)


def test_rows_of_a_page_that_change_in_different_fields_each_keep_the_others(source):
    values = {"name": "Ana", "street": "1420 Maple Ave", "city": "Denver"}
    take(source, "customer", row(7, **values), row(8, **values))
    take(
        source,
        "customer",
        row(7, at(5), **{**values, "name": "Anna"}),
        row(8, **{**values, "city": "Aurora"}),
    )
    found = [record(source, "customer", key) for key in (7, 8)]
    kept = [(r.name, r.name_key, r.street, r.city, r.address_key, r.source_modified_at) for r in found]
    assert kept == [
        ("Anna", "anna", "1420 Maple Ave", "Denver", "1420 maple ave denver", at(5)),
        ("Ana", "ana", "1420 Maple Ave", "Aurora", "1420 maple ave aurora", at(0)),
    ]


def test_a_row_whose_payload_changed_but_no_field_did_writes_the_link_alone(source):
    take(source, "customer", row(7, name="Ana"))
    take(source, "customer", row(7, at(0), name=" Ana ", active=True))
    ana = record(source, "customer", 7)
    assert (ana.version, Change.objects.count()) == (1, 0)
    assert link(source, "customer", 7).payload["fields"]["name"] == " Ana "


def test_an_older_row_is_left_aside(source):
    take(source, "customer", row(7, at(5), name="new"))
    assert counts(take(source, "customer", row(7, at(0), name="old"))) == {"unchanged": 1}
    assert record(source, "customer", 7).name == "new"


def test_of_a_row_that_comes_twice_in_a_page_the_last_modified_stands(source):
    result = take(source, "customer", row(7, at(5), name="new"), row(7, at(0), name="old"), row(8, name="x"))
    assert counts(result) == {"created": 2}
    assert record(source, "customer", 7).name == "new"


def test_of_a_row_that_comes_twice_with_one_time_the_later_one_stands(source):
    take(source, "customer", row(7, name="first"), row(7, name="second"))
    assert record(source, "customer", 7).name == "second"


def test_a_null_becomes_the_fields_default(source):
    take(source, "customer", row(7, name=None, tax_exempt=None, tag_ids=None, balance=None))
    seven = record(source, "customer", 7)
    assert (seven.name, seven.tax_exempt, seven.tag_ids, seven.balance) == ("", False, [], None)


def test_a_value_that_turns_null_empties_the_field(source):
    take(source, "customer", row(7, name="Ana", balance=Decimal("5"), tag_ids=["1"]))
    take(source, "customer", row(7, at(1), name=None, balance=None, tag_ids=None))
    seven = record(source, "customer", 7)
    assert (seven.name, seven.balance, seven.tag_ids) == ("", None, [])


def test_two_sources_of_one_tenant_do_not_share_external_ids(source, tenant):
    other = shop.source(tenant, "salesforce")
    take(source, "customer", row(7, name="one"))
    take(other, "customer", row(7, name="two"))
    assert record(source, "customer", 7).name == "one"
    assert record(other, "customer", 7).name == "two"


def test_a_deletion_at_the_source_makes_a_record_inactive_and_an_undeletion_active(source):
    take(source, "customer", row(7, name="Ana"))
    take(source, "customer", row(7, at(1), name="Ana", active=False))
    assert record(source, "customer", 7).active is False
    assert Change.objects.get().fields == {"active": [True, False]}
    take(source, "customer", row(7, at(2), name="Ana", active=True))
    assert record(source, "customer", 7).active is True


# --- Queries ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["create", "update", "unchanged", "wait", "frozen"])
def test_a_page_takes_the_same_number_of_queries_whatever_its_size(source, other_tenant, kind):
    """So that a page of 500 costs a database on another host no more round trips than one of 5.

    (SQLite, which has none, gets some dozens of rows a statement, and what is left of them one by one.)
    """
    numbers, few = [], 100 if settings.ON_SQLITE else 5
    for number, place in ((few, source), (500, shop.source(other_tenant))):
        if kind != "wait":
            take(place, "customer", *customers(number))
        if kind not in {"create", "wait"}:
            take(place, "location", *locations(number))
        page = locations(number, at(1), "New") if kind in {"update", "frozen"} else locations(number)
        options = {"admits": lambda *values: False} if kind == "frozen" else {}
        with CaptureQueriesContext(connection) as captured:
            take(place, "location", *page, **options)
        numbers.append(len(captured))
    assert numbers[0] == numbers[1] <= 20


def test_the_largest_page_there_is_can_be_taken(source):
    """5,000 rows with five references each: more values than some databases take in one statement."""
    names = ("customer", "location", "campaign", "job_type", "business_unit")
    jobs = [
        row(key, refs={name: key * 10 + place for place, name in enumerate(names)}) for key in range(1, 5001)
    ]
    assert counts(take(source, "job", *jobs)) == {"waiting": 5000}


# --- Children --------------------------------------------------------------------------------------------------------


def lines(*totals):
    return [
        Child(str(place), {"description": f"line {place}", "total": Decimal(total), "position": place})
        for place, total in enumerate(totals, start=1)
    ]


def test_an_invoices_lines_come_with_it_and_are_replaced_when_it_changes(source):
    take(source, "customer", row(1, name="Ana"))
    take(source, "invoice", row(9, refs={"customer": 1}, children=lines("10.10", "20.20", "30.30")))
    take(source, "invoice", row(9, at(1), refs={"customer": 1}, children=lines("10.10", "99.99")))
    invoice = record(source, "invoice", 9)
    assert [str(line.total) for line in invoice.lines.all()] == ["10.1000", "99.9900"]
    assert InvoiceLine.objects.count() == 2


def test_an_invoice_that_loses_all_its_lines_has_none(source):
    take(source, "customer", row(1, name="Ana"))
    take(source, "invoice", row(9, refs={"customer": 1}, children=lines("10.10")))
    take(source, "invoice", row(9, at(1), refs={"customer": 1}))
    assert not InvoiceLine.objects.exists()


def test_a_system_that_tells_no_lines_takes_none_away(source):
    take(source, "ap_invoice", row(9, number="B-1", children=[Child("1", {"amount": Decimal("5")})]))
    read_back = Intake(source, ENTITIES["ap_invoice"], tells_children=False)
    ingest(read_back, [row(9, at(1), number="B-1", balance=Decimal("5"))])
    bill = record(source, "ap_invoice", 9)
    assert (bill.balance, [line.amount for line in bill.lines.all()]) == (Decimal("5"), [Decimal("5")])


def test_a_split_finds_its_invoice_when_that_comes_later(source):
    split = Child("1", {"amount": Decimal("5")}, {"invoice": "9"})
    page = row(3, children=[split], number="P3")
    assert counts(take(source, "payment", page)) == {"created": 1}
    assert PaymentSplit.objects.get().invoice is None
    take(source, "customer", row(1, name="Ana"))
    take(source, "invoice", row(9, refs={"customer": 1}))
    assert counts(take(source, "payment", page)) == {"updated": 1}
    assert PaymentSplit.objects.get().invoice == record(source, "invoice", 9)
    assert counts(take(source, "payment", page)) == {"unchanged": 1}


# --- Money -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("amount", ["0.01", "0.1", "19.99", "-123456.78", "9999999999.9999", "0"])
def test_an_amount_arrives_to_the_cent(source, amount):
    take(source, "customer", row(1, name="Ana"))
    take(source, "invoice", row(9, refs={"customer": 1}, total=Decimal(amount), children=lines(amount)))
    invoice = Invoice.objects.get()
    assert invoice.total == Decimal(amount)
    assert invoice.lines.get().total == Decimal(amount)


def test_more_places_than_a_record_keeps_are_no_change_and_no_conflict(source):
    take(source, "customer", row(1, name="Ana"))
    noisy = Decimal("129.99000000000001")
    take(source, "invoice", row(9, refs={"customer": 1}, total=noisy, summary="a"))
    take(source, "invoice", row(9, at(1), refs={"customer": 1}, total=Decimal("130.5"), summary="b"))
    assert Invoice.objects.get().total == Decimal("130.5")
    assert not Conflict.objects.exists()


# --- Rows that wait for others ---------------------------------------------------------------------------------------


def test_a_row_waits_for_a_record_it_cannot_do_without(source):
    assert counts(take(source, "location", row(5, refs={"customer": 1}, name="Home"))) == {"waiting": 1}
    assert not Location.objects.exists()
    waiting = link(source, "location", 5)
    assert (waiting.state, waiting.waiting_for_entity, waiting.waiting_for_id) == ("waiting", "customer", "1")
    assert waiting.payload["fields"] == {"name": "Home"}


def test_a_row_that_waits_and_comes_again_unchanged_is_still_waiting_and_writes_nothing(source):
    page = row(5, refs={"customer": 1}, name="Home")
    take(source, "location", page)
    before = Link.objects.values().get()
    assert counts(take(source, "location", page)) == {"waiting": 1}
    assert Link.objects.values().get() == before


def test_a_row_that_waited_is_created_once_its_record_has_come(source):
    page = row(5, refs={"customer": 1}, name="Home")
    take(source, "location", page)
    take(source, "customer", row(1, name="Ana"))
    assert counts(take(source, "location", page)) == {"created": 1}
    assert record(source, "location", 5).customer.name == "Ana"
    assert link(source, "location", 5).waiting_for_entity == ""


def test_a_chain_of_waiting_rows_is_joined_link_by_link(source):
    job = row(9, refs={"customer": 1, "location": 5}, number="J9")
    place = row(5, refs={"customer": 1}, name="Home")
    assert counts(take(source, "job", job)) == {"waiting": 1}
    assert counts(take(source, "location", place)) == {"waiting": 1}
    assert joinable(source, "job", 10) == joinable(source, "location", 10) == []
    take(source, "customer", row(1, name="Ana"))
    assert [found for found, _ in joinable(source, "location", 10)] == ["5"]
    assert counts(take(source, "job", job)) == {"waiting": 1}
    assert joinable(source, "job", 10) == []
    take(source, "location", place)
    assert [found for found, _ in joinable(source, "job", 10)] == ["9"]
    assert counts(take(source, "job", job)) == {"created": 1}


def test_a_record_without_an_optional_reference_is_taken_and_joined_later(source):
    take(source, "customer", row(1, name="Ana"))
    take(source, "location", row(5, refs={"customer": 1}))
    job = row(9, refs={"customer": 1, "location": 5, "campaign": 77})
    assert counts(take(source, "job", job)) == {"created": 1}
    assert record(source, "job", 9).campaign is None
    take(source, "campaign", row(77, name="Radio"))
    assert [found for found, _ in joinable(source, "job", 10)] == ["9"]
    assert counts(take(source, "job", job)) == {"updated": 1}
    assert record(source, "job", 9).campaign.name == "Radio"
    assert joinable(source, "job", 10) == []


def test_a_record_with_two_optional_references_missing_gets_both(source):
    take(source, "customer", row(1, name="Ana"))
    take(source, "location", row(5, refs={"customer": 1}))
    job = row(9, refs={"customer": 1, "location": 5, "campaign": 77, "job_type": 88})
    take(source, "job", job)
    take(source, "campaign", row(77, name="Radio"))
    take(source, "job", job)
    take(source, "job_type", row(88, name="Repair"))
    take(source, "job", job)
    done = record(source, "job", 9)
    assert (done.campaign.name, done.job_type.name) == ("Radio", "Repair")
    assert counts(take(source, "job", job)) == {"unchanged": 1}


def test_a_reference_that_the_source_takes_away_is_emptied(source):
    take(source, "customer", row(1, name="Ana"))
    take(source, "location", row(5, refs={"customer": 1}))
    take(source, "campaign", row(77, name="Radio"))
    take(source, "job", row(9, refs={"customer": 1, "location": 5, "campaign": 77}))
    take(source, "job", row(9, at(1), refs={"customer": 1, "location": 5}))
    assert record(source, "job", 9).campaign is None


def test_a_reference_that_the_source_knows_nothing_of_stays(source):
    take(source, "customer", row(1, name="Ana"))
    take(source, "campaign", row(77, name="Radio"))
    take(source, "opportunity", row(3, refs={"customer": 1, "campaign": 77}, name="Boiler"))
    told = Intake(source, ENTITIES["opportunity"], told=frozenset({"customer"}))
    ingest(told, [row(3, at(1), refs={"customer": 1}, name="Boiler")])
    assert record(source, "opportunity", 3).campaign.name == "Radio"


def test_a_reference_that_moves_is_followed_and_noted(source):
    take(source, "customer", *customers(2))
    take(source, "location", row(5, refs={"customer": 1}, name="Home"))
    take(source, "location", row(5, at(1), refs={"customer": 2}, name="Home"))
    home = record(source, "location", 5)
    assert home.customer == record(source, "customer", 2)
    first = record(source, "customer", 1)
    assert Change.objects.get().fields == {"customer_id": [first.pk, home.customer_id]}
