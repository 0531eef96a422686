"""Documents for SYSPRO: what it would ignore or cut in silence is refused before it is sent, in words that name it."""

import pytest
from lxml import etree

from integrations.connectors.errors import RemoteError, Who
from integrations.connectors.syspro.characters import held
from integrations.connectors.syspro.payables import INVOICE, SUPPLIER
from integrations.connectors.syspro.posting import checked

BODY = {
    "Supplier": "0000001",
    "TransactionCode": "I",
    "Invoice": "INV-10234",
    "TransactionValue": "110",
    "TaxValue": 10,
    "InvoiceDate": "2025-03-14",
    "LedgerDistribution": [
        {"LedgerCode": "30-4500", "LedgerValue": "99.9"},
        {"LedgerCode": "30-4600", "LedgerValue": "0.10"},
    ],
}


def refusal(body, document=INVOICE, **how):
    with pytest.raises(RemoteError) as caught:
        checked(document, body, **how)
    return caught.value


def paths(text):
    root = etree.fromstring(text)
    return [root.getroottree().getpath(found).removeprefix("/PostApInvoice/Item/") for found in root.iter()][
        2:
    ]


@pytest.mark.parametrize(
    ("changed", "named", "who", "reason"),
    [
        ({"Invoise": "1"}, "Invoise", Who.FIX_CONFIGURATION, "unknown_element"),
        ({"Currency": "USD"}, "Currency", Who.FIX_CONFIGURATION, "unknown_element"),
        ({"GrnDetails": {"Grn": "1"}}, "GrnDetails/Grn", Who.FIX_CONFIGURATION, "unknown_element"),
        ({"Invoice": "X" * 21}, "invoice number (Invoice) takes at most 20", Who.FIX_RECORD, "too_long"),
        ({"Invoice": "  "}, "invoice number (Invoice)", Who.FIX_RECORD, "required_missing"),
        ({"Supplier": None}, "supplier (Supplier)", Who.FIX_RECORD, "required_missing"),
        ({"TransactionCode": "X"}, "one of I, A, C, D", Who.FIX_RECORD, "not_a_choice"),
        ({"InvoiceDate": "14.03.2025"}, "invoice date (InvoiceDate)", Who.FIX_RECORD, "not_a_date"),
        ({"TransactionValue": "ten", "LedgerDistribution": []}, "a number", Who.FIX_RECORD, "not_a_number"),
        ({"TransactionValue": "1.005", "LedgerDistribution": []}, "2 decimals", Who.FIX_RECORD, "too_many_decimals"),
        ({"TransactionValue": "1E12", "LedgerDistribution": []}, "12 digits", Who.FIX_RECORD, "too_large"),
        ({"TransactionValue": "NaN", "LedgerDistribution": []}, "a number", Who.FIX_RECORD, "not_a_number"),
        ({"TransactionValue": "110.01"}, "add up to 100.00, but the total", Who.FIX_RECORD, "unbalanced"),
        ({"LedgerDistribution": ["30-4500"]}, "rows of elements", Who.OUR_BUG, "not_rows"),
    ],
)  # fmt: skip
def test_what_syspro_would_not_take_is_refused_and_named(changed, named, who, reason):
    error = refusal({**BODY, **changed})
    assert named in error.message
    assert (error.who, error.reason, error.unknown) == (who, reason, False)


def test_a_line_without_its_ledger_code_is_refused():
    error = refusal(
        {**BODY, "TransactionValue": "10", "TaxValue": 0, "LedgerDistribution": [{"LedgerValue": "10"}]}
    )
    assert "ledger code of a line (LedgerCode)" in error.message


def test_passwords_of_ledger_codes_go_into_no_document():
    line = {"LedgerCode": "30-4500", "LedgerValue": "100", "PasswordForLedgerCode": "hidden"}
    error = refusal({**BODY, "LedgerDistribution": [line]})
    assert error.reason == "unknown_element"
    assert "hidden" not in error.message


def test_elements_go_out_in_the_order_of_their_schema_whatever_the_bodys():
    sent = INVOICE.xml(dict(reversed(BODY.items()))).text
    assert paths(sent) == [
        "Supplier", "TransactionCode", "Invoice", "TransactionValue", "InvoiceDate", "TaxValue",
        "LedgerDistribution[1]", "LedgerDistribution[1]/LedgerCode", "LedgerDistribution[1]/LedgerValue",
        "LedgerDistribution[2]", "LedgerDistribution[2]/LedgerCode", "LedgerDistribution[2]/LedgerValue",
    ]  # fmt: skip


def test_amounts_have_two_decimals_and_a_point_and_empty_elements_stay_away():
    sent = etree.fromstring(INVOICE.xml({**BODY, "TransactionValue": "1234567.5", "Branch": ""}).text)
    assert sent.findtext("Item/TransactionValue") == "1234567.50"
    assert sent.find("Item/Branch") is None


def test_lines_of_an_inclusive_basis_make_up_the_whole_total():
    assert checked(INVOICE, {**BODY, "TaxBasis": "I", "TransactionValue": "100.00"})


def test_a_change_of_a_supplier_sends_what_changes_and_an_empty_value_as_an_empty_element():
    sent = etree.fromstring(SUPPLIER.xml({"Supplier": "1", "Contact": "", "OnHold": "Y"}, whole=False).text)
    assert [found.tag for found in sent.iter()] == [
        "SetupApSupplier",
        "Item",
        "Key",
        "Supplier",
        "Contact",
        "OnHold",
    ]


def test_flags_go_out_as_y_and_n():
    sent = etree.fromstring(
        checked(SUPPLIER, {"Supplier": "1", "OnHold": True, "GrnMatchReqd": False}, whole=False).text
    )
    assert [(found.tag, found.text) for found in sent[0][1:]] == [("OnHold", "Y"), ("GrnMatchReqd", "N")]


def test_every_parameter_is_sent_since_what_stands_for_a_missing_one_differs():
    sent = etree.fromstring(INVOICE.parameter_xml(ValidateOnly="Y"))
    assert [found.tag for found in sent[0]] == list(INVOICE.parameters)
    assert sent.findtext("Parameters/ValidateOnly") == "Y"


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("Dvořák & Søn — “Zürich” €5", "Dvorák & Søn — “Zürich” €5"),
        ("Łódź №7 ≤ 3 ☂", "Lódz No.7 <= 3 ?"),
        ("two\nlines\tand   blanks", "two lines and blanks"),
        ("Zu\u0308rich", "Zürich"),
        ("\x01\x9d", "??"),
        ("ﬁlter", "filter"),
    ],
)
def test_what_windows_1252_cannot_hold_is_written_in_the_nearest_letters(given, written):
    assert held(given) == written
    assert held(given).encode("cp1252").decode("cp1252") == written


def test_what_was_changed_is_said_and_the_document_is_ascii():
    built = INVOICE.xml({**BODY, "Notation": "Řezník"})
    assert built.notes == ["The notation (Notation) “Řezník” was written as “Rezník”, which SYSPRO can hold."]
    assert built.text.isascii()
    assert etree.fromstring(built.text).findtext("Item/Notation") == "Rezník"


def test_a_value_cannot_break_out_of_its_element():
    built = INVOICE.xml({**BODY, "Notation": "]]></Notation><Supplier>2"})
    assert etree.fromstring(built.text).findtext("Item/Notation") == "]]></Notation><Supplier>2"
    assert "]]>" not in built.text
