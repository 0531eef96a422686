"""SYSPRO's tables read over OData: whole, by key, and what is new by dates."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from lxml.etree import fromstring

from integrations.connectors.entity import FieldMap
from integrations.connectors.errors import Who
from integrations.connectors.hosts import AddressRefused
from integrations.connectors.syspro import hosts, keys, odata, positions
from integrations.connectors.syspro.entities import ENTITIES
from integrations.connectors.syspro.finding import query, under
from integrations.connectors.syspro.positions import Position, Rhythm
from integrations.connectors.syspro.tables import AP_INVOICE
from integrations.sandbox.syspro.odata import service
from tests.connectors.syspro_company import INVOICE, VENDOR, bill, company, refusal, whole

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
DATED = Rhythm(("Supplier", "Invoice"), dates=("InvoiceDate", "JournalDate"))


@pytest.fixture
def syspro():
    with company(suppliers=7) as found:
        yield found


def test_a_wrong_odata_password_says_what_to_correct(syspro):
    error = refusal(whole, syspro.connect(odata_password="wrong-one"), INVOICE)
    assert (error.who, error.reason, error.relink) == (Who.FIX_CONFIGURATION, "unauthorized", True)
    assert "wrong-one" not in f"{error.message} {error.details}"


def test_a_company_that_the_site_does_not_have_is_named_as_the_address():
    with company() as syspro:
        error = refusal(whole, syspro.connect(company="NONE"), INVOICE)
    assert (error.who, error.reason) == (Who.FIX_CONFIGURATION, "invalid_type")


def test_a_site_in_trouble_is_asked_again(syspro):
    syspro.spoil("html_503", "/SYSPRO8Odata", count=1)
    rows, _, _ = whole(syspro.connect(), VENDOR)
    assert len(rows) == 7


def test_dates_in_the_wrong_style_say_which_setting_to_change():
    with company(odata_dates="date") as syspro:
        connector = syspro.connect(odata_dates="timestamp")
        _, position, _ = whole(connector, INVOICE)
        error = refusal(connector.feed_page, INVOICE, position)
        assert "Dates in OData questions" in error.message
        assert whole(syspro.connect(odata_dates="date"), INVOICE, position)


def test_a_site_that_gives_few_rows_at_a_time_is_read_to_its_end_in_the_order_of_keys():
    with company(suppliers=7, odata_most=3) as syspro:
        syspro.control.add_supplier("0", "Zero Parts")
        rows, _, pages = whole(syspro.connect(), VENDOR)
    assert [row["id"] for row in rows] == ["0", "1", "2", "3", "4", "5", "6", "7"]
    assert pages == 4


def test_a_row_that_comes_while_the_table_is_read_moves_no_other():
    with company(suppliers=7, odata_most=3) as syspro:
        connector = syspro.connect()
        first = connector.feed_page(VENDOR, None)
        syspro.control.add_supplier("0", "Zero Parts")
        rest, _, _ = whole(connector, VENDOR, first.continue_from)
    assert [row["id"] for row in first.rows + rest] == ["1", "2", "3", "4", "5", "6", "7"]


def test_new_invoices_and_old_ones_posted_late_come_with_the_next_look(syspro):
    connector = syspro.connect()
    _, position, _ = whole(connector, INVOICE)
    connector.create(INVOICE, bill("OLD", InvoiceDate="2020-01-02"), key="k")
    rows, _, _ = whole(connector, INVOICE, position)
    assert "1/OLD" in {row["id"] for row in rows}


def test_rows_carry_ids_without_zeros_and_references_in_the_same_form(syspro):
    connector = syspro.connect()
    connector.create(INVOICE, bill(), key="k")
    row = connector.read(INVOICE, "1/INV-10234")
    assert (row["id"], row["vendor"], row["Supplier"]) == ("1/INV-10234", "1", "000000000000001")
    assert connector.read(VENDOR, row["vendor"])["id"] == "1"
    year, month, *_ = row["PostedIn"].split("/")
    assert (int(year), int(month)) == (row["InvoiceYear"], row["InvoiceMonth"])
    assert connector.below(INVOICE, "vendor", "1")
    assert connector.fetch(INVOICE, ["1/INV-10234", "1/GONE"]) == [row]


def test_a_suppliers_address_comes_from_the_table_beside_it(syspro):
    connector = syspro.connect()
    kept = syspro.control.company.store["ApSupplierAddr"].get("000000000000003")
    rows, _, _ = whole(connector, VENDOR)
    assert [row["SupAddr1"] for row in rows if row["id"] == "3"] == [kept["SupAddr1"]]
    assert connector.read(VENDOR, "3")["SupPostalCode"] == kept["SupPostalCode"]
    without = replace(VENDOR, mapping=VENDOR.mapping[:2])
    assert "SupAddr1" not in connector.read(without, "3")


def test_only_what_the_mapping_reads_is_asked_for(syspro):
    rows, _, _ = whole(syspro.connect(), VENDOR)
    assert "SupplierClass" not in rows[0]
    assert rows[0]["OnHold"] is False


def test_a_field_of_the_mapping_that_the_table_lacks_is_the_mappings_to_correct(syspro):
    entity = replace(VENDOR, mapping=(FieldMap("NoSuchColumn", "memo"),))
    error = refusal(whole, syspro.connect(), entity)
    assert (error.who, error.reason) == (Who.FIX_CONFIGURATION, "invalid_field")
    assert "NoSuchColumn" in error.message


def test_the_test_of_the_connection_says_whom_and_what_it_may_read(syspro):
    check = syspro.connect().check()
    assert check.account == "Company HPA (Hartwell Plumbing & Air), operator TRUNKLN"
    assert {scope.scope for scope in check.scopes} == {entity.scope for entity in ENTITIES.values()}
    assert {"ApInvoice", "ApSupplier", "GenMaster"} <= {s.scope for s in check.scopes if s.granted}


def test_a_table_that_is_closed_to_us_is_named_and_stops_nothing_else(syspro, monkeypatch):
    monkeypatch.setattr(service, "TABLES", {**service.TABLES})
    monkeypatch.delitem(service.TABLES, "InvMaster")
    check = syspro.connect().check()
    assert [scope.entities for scope in check.missing] == [("stock_code",)]
    assert "InvMaster" in check.missing[0].how


def test_fields_are_described_by_the_table_and_the_document(syspro):
    found = {field.path: field for field in syspro.connect().describe(INVOICE)}
    assert (found["Invoice"].length, found["Invoice"].required, found["Invoice"].writable) == (20, True, True)
    assert (found["MthInvBal1"].type, found["MthInvBal1"].writable) == ("decimal", False)
    assert found["InvoiceDate"].type == "date"
    assert found["TransactionCode"].choices[0] == ("I", "I")
    assert found["JournalNotation"].writable
    assert "PostDate" not in found


# --- without a server ---


def test_the_first_reading_is_of_everything_and_the_next_of_some_weeks():
    first = positions.begun(Position(), DATED, NOW)
    assert positions.condition(first, DATED) is None
    behind = positions.beyond(first, ("0001", "B"))
    text = odata.written(positions.condition(behind, DATED))
    assert text == "(Supplier gt '0001' or (Supplier eq '0001' and Invoice gt 'B'))"
    later = positions.begun(Position.of(positions.ended(behind).text()), DATED, NOW + timedelta(hours=2))
    since = (NOW - DATED.overlap).date()
    assert odata.written(positions.condition(later, DATED)) == (
        f"(InvoiceDate ge {since}T00:00:00Z or JournalDate ge {since}T00:00:00Z)"
    )


def test_a_day_later_it_reads_everything_again():
    ended = positions.ended(positions.begun(Position(), DATED, NOW))
    partly = positions.ended(positions.begun(ended, DATED, NOW + timedelta(hours=23)))
    assert positions.begun(partly, DATED, NOW + timedelta(hours=24)).since == ""
    assert positions.begun(partly, DATED, NOW + timedelta(hours=23, minutes=59)).since


def test_a_list_without_dates_rests_until_it_is_read_whole_again():
    hourly = Rhythm(("GlCode",), whole_every=timedelta(hours=1))
    ended = positions.ended(positions.begun(Position(), hourly, NOW))
    assert positions.begun(ended, hourly, NOW + timedelta(minutes=59)) is None
    assert positions.begun(ended, hourly, NOW + timedelta(minutes=60)) is not None


@pytest.mark.parametrize(
    ("condition", "style", "text"),
    [
        (odata.Is("Name", "eq", "O'Neil"), "timestamp", "Name eq 'O''Neil'"),
        (odata.Is("Day", "ge", date(2025, 3, 1)), "timestamp", "Day ge 2025-03-01T00:00:00Z"),
        (odata.Is("Day", "ge", date(2025, 3, 1)), "date", "Day ge 2025-03-01"),
        (odata.Is("Year", "eq", 2025), "date", "Year eq 2025"),
        (under(AP_INVOICE, "7/A/B"), "date",
         "((Supplier eq '7' or Supplier eq '0000007' or Supplier eq '000000000000007') and Invoice eq 'A/B')"),
    ],
)  # fmt: skip
def test_conditions_are_written_as_odata_takes_them(condition, style, text):
    assert odata.written(condition, style) == text


def test_the_same_condition_is_written_for_comfnd_with_its_brackets():
    text = query("ApInvoice", under(AP_INVOICE, "7/B"), ["Invoice"], ["Invoice"], 10)
    shown = [
        "".join(
            part.text or ""
            for part in expression
            if part.tag in {"AndOr", "OpenBracket", "Value", "CloseBracket"}
        )
        for expression in fromstring(text).iter("Expression")
    ]
    assert shown == ["((7", "Or(0000007)", "Or000000000000007)", "And" + "B)"]


@pytest.mark.parametrize(
    ("code", "form"),
    [
        ("0000001", "1"),
        (" 17 ", "17"),
        ("000", "0"),
        ("inv-007", "INV-007"),
        ("", ""),
        (None, ""),
    ],
)
def test_keys_have_one_form_however_many_zeros_are_written(code, form):
    assert keys.normal(code) == form


def test_a_row_without_a_part_of_its_key_has_no_id():
    assert AP_INVOICE.row({"Supplier": "0001", "Invoice": " "})["id"] == ""


def test_what_stands_for_no_date_is_none():
    row = AP_INVOICE.row(
        {"Supplier": "1", "Invoice": "A", "DueDate": "1900-01-01T00:00:00Z", "Amount": Decimal(1)}
    )
    assert row["DueDate"] is None


@pytest.mark.parametrize(
    "url",
    ["http://user:x@127.0.0.1:9/Rest", "http://127.0.0.1:9/../Rest", "http://127.0.0.1:9/Rest?x=1", "ftp://127.0.0.1:9",
     "http://127.0.0.1:10/Rest", ""],
)  # fmt: skip
def test_an_address_that_is_not_plain_or_not_allowed_is_refused(url):
    with pytest.raises(AddressRefused):
        hosts.check_address("custom", api_url=url, allowed=["127.0.0.1:9"])


def test_a_host_alone_gets_the_usual_paths_and_another_path_is_kept():
    found = hosts.check_address(
        "custom",
        api_url="http://127.0.0.1:9",
        auth_url="http://127.0.0.1:9/own/OData/",
        allowed=["127.0.0.1:9"],
    )
    assert found.api_url == "http://127.0.0.1:9/SYSPROWCFService/Rest"
    assert found.token_url == "http://127.0.0.1:9/own/OData"
