"""A row that the database refuses fails alone, with a reason, while the page's others are written."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import connection

from reconciliation.intake import Child
from reconciliation.models import Customer, Invoice, InvoiceLine, Link
from tests.reconciliation.pages import at, counts, record, row, take

pytestmark = pytest.mark.django_db

LONE_SURROGATE = "broken \ud83d emoji"


def invoice(key, modified=None, **values):
    values = {"total": Decimal("1.50"), **values}
    return row(key, modified or at(0), refs={"customer": 1}, **values)


@pytest.fixture
def ana(source):
    take(source, "customer", row(1, name="Ana"))


@pytest.mark.parametrize(
    "bad",
    [
        {"total": Decimal("10000000000")},
        {"total": Decimal("1E+40")},
        {"total": Decimal("-99999999999999.99")},
        {"children": [Child("1", {"total": Decimal("12345678901.5")})]},
        {"children": [Child("1", {"position": 2**63})]},
        {"summary": LONE_SURROGATE},
    ],
    ids=["eleven digits", "exponent", "negative", "a line's amount", "a line's position", "lone surrogate"],
)
def test_a_value_without_room_fails_its_row_alone(source, ana, bad):
    page = [invoice(2), invoice(3), row(4, refs={"customer": 1}), invoice(5)]
    page[2].fields.update({name: value for name, value in bad.items() if name != "children"})
    page[2].children = bad.get("children", ())
    result = take(source, "invoice", *page)
    assert counts(result) == {"created": 3, "failed": 1}
    assert [failure.external_id for failure in result.failures] == ["4"]
    assert result.failures[0].reason == "refused_by_database"
    assert "refused" in result.failures[0].message
    assert set(Invoice.objects.values_list("external_id", flat=True)) == {"2", "3", "5"}
    assert not InvoiceLine.objects.exists()


@pytest.mark.parametrize("bad", ["total", "summary"])
def test_a_change_that_cannot_be_written_leaves_the_record_as_it_was(source, ana, bad):
    take(source, "invoice", invoice(2), invoice(3))
    page = [invoice(2, at(1), total=Decimal("2.50")), invoice(3, at(1), total=Decimal("3.50"))]
    page[1].fields[bad] = {"total": Decimal("1E+11"), "summary": LONE_SURROGATE}[bad]
    result = take(source, "invoice", *page)
    assert counts(result) == {"updated": 1, "failed": 1}
    assert [str(record(source, "invoice", key).total) for key in (2, 3)] == ["2.5000", "1.5000"]


def test_many_bad_rows_among_many_are_each_found(source, ana):
    page = [invoice(key, total=Decimal("1E+11") if key % 7 == 0 else Decimal(key)) for key in range(2, 102)]
    result = take(source, "invoice", *page)
    bad = {key for key in range(2, 102) if key % 7 == 0}
    assert {int(failure.external_id) for failure in result.failures} == bad
    assert result.created == 100 - len(bad) == Invoice.objects.count()


@pytest.mark.skipif(
    "connection.vendor != 'postgresql'", reason="SQLite stores a NUL like any other character"
)
@pytest.mark.parametrize("bad", [{"name": "nul \x00 byte"}, {"tag_ids": ["\x00"]}])
def test_a_nul_byte_fails_its_row_alone(source, bad):
    result = take(source, "customer", row(1, name="Ana"), row(2, **bad), row(3, name="Bo"))
    assert counts(result) == {"created": 2, "failed": 1}


@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite knows no lengths")
def test_an_id_too_long_to_be_one_fails_its_row_alone(source):
    result = take(source, "customer", row(1, name="Ana"), row("9" * 65, name="x"))
    assert counts(result) == {"created": 1, "failed": 1}


@pytest.mark.parametrize(
    "moment", [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)]
)
def test_the_first_and_the_last_date_there_are_come_through(source, ana, moment):
    """ServiceTitan writes 0001-01-01 where others write null."""
    take(source, "invoice", invoice(2, due_at=moment))
    assert record(source, "invoice", 2).due_at == moment
    take(source, "invoice", invoice(2, at(1), due_at=moment, summary="changed"))
    assert record(source, "invoice", 2).summary == "changed"


def test_a_failed_row_succeeds_when_it_comes_mended(source, ana):
    take(source, "invoice", invoice(2, total=Decimal("1E+11")))
    assert counts(take(source, "invoice", invoice(2, at(1), total=Decimal("5")))) == {"created": 1}


def test_a_failing_page_leaves_no_trace_of_its_first_try(source, ana):
    take(source, "invoice", invoice(2), invoice(3, total=Decimal("1E+11")))
    assert Link.objects.filter(entity="invoice").count() == 1
    assert Customer.objects.count() == 1
    assert connection.in_atomic_block


def test_hostile_text_arrives_letter_for_letter(source):
    texts = [
        "'; DROP TABLE x; --",
        "\\N",
        "\\.",
        "a\tb\nc\\d",
        '"quoted", comma',
        "{}",
        "%s %(x)s",
        "☃️ 水道 \u202e",
        "\x7f",
    ]
    take(source, "customer", *[row(key, name=text) for key, text in enumerate(texts, start=1)])
    assert [record(source, "customer", key).name for key in range(1, len(texts) + 1)] == texts
    take(
        source, "customer", *[row(key, at(1), name=text, kind="x") for key, text in enumerate(texts, start=1)]
    )
    assert [record(source, "customer", key).name for key in range(1, len(texts) + 1)] == texts
