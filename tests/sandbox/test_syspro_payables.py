"""APSTIN of the SYSPRO sandbox: what it refuses and in which words, what a posting leaves behind, and dry runs."""

from decimal import Decimal

import pytest

from integrations.sandbox.syspro import ENET
from tests.sandbox.syspro_caller import errors, invoice, line, said, xml

KEY = "000000000000001"
FIRST = 2
"""The journal that is next: somebody in the office has posted another this month."""


def nothing_happened(company) -> bool:
    return company.control.row("ApInvoice", "1", "INV-1") is None and not company.control.rows("ApJnlSummary")


@pytest.mark.parametrize(
    ("changed", "element", "sentence"),
    [
        ({"Supplier": "404"}, "Supplier", "Supplier '404' not found"),
        ({"Supplier": None}, "Supplier", "XML element '{Item}{Supplier}' cannot be spaces"),
        ({"Invoice": ""}, "Invoice", "XML element '{Item}{Invoice}' cannot be spaces"),
        ({"Invoice": "X" * 21}, "Invoice", "XML element 'Invoice' is longer than 20 characters"),
        ({"InvoiceDate": "04095999"}, "InvoiceDate",
         "Date '0409-59-99' is invalid for XML element 'InvoiceDate' it must be CCYY-MM-DD format"),
        ({"DueDate": "2026-09-01"}, "DueDate", "Due date '2026-09-01' is before the invoice date"),
        ({"TransactionValue": "1,110.00"}, "TransactionValue",
         "'1,110.00' is no number with up to 2 decimals for XML element 'TransactionValue'"),
        ({"TransactionValue": "110.005"}, "TransactionValue",
         "'110.005' is no number with up to 2 decimals for XML element 'TransactionValue'"),
        ({"TransactionValue": "1" + "0" * 12}, "TransactionValue",
         f"'1{'0' * 12}' is no number with up to 2 decimals for XML element 'TransactionValue'"),
        ({"TransactionValue": "0", "TaxValue": "0", "lines": line("30-4500", "0")}, "TransactionValue",
         "Transaction value cannot be zero"),
        ({"TransactionCode": "X"}, "TransactionCode", "XML element 'TransactionCode' must be one of I, A, C, D, not 'X'"),
        ({"TransactionCode": "C"}, "Invoice", "Invoice 'INV-1' not found for supplier '1'"),
        ({"Branch": "99"}, "Branch", "Branch '99' not found"),
        ({"TaxCode": "Z"}, "TaxCode", "Tax code 'Z' not found"),
        ({"ExchRateAtEntry": "1.2"}, "ExchRateAtEntry",
         "An exchange rate is not allowed for a supplier in local currency"),
        ({"lines": line("00-9999", "100.00")}, "LedgerCode", "Ledger code '00-9999' not found"),
        ({"lines": line("00-2100", "100.00")}, "LedgerCode", "Ledger code '00-2100' is a control account"),
        ({"lines": ""}, "LedgerCode", "XML element '{Item}{LedgerCode}' cannot be spaces"),
        ({"lines": line("30-4500", "99.99")}, "LedgerValue",
         "Distribution total does not equal transaction value (99.99 of 100.00)"),
        ({"TaxBasis": "I"}, "LedgerValue", "Distribution total does not equal transaction value (100.00 of 110.00)"),
    ],
)  # fmt: skip
def test_what_is_wrong_stands_beside_its_element_and_nothing_is_posted(company, changed, element, sentence):
    reply = company.post_invoice(**changed)
    assert errors(reply) == {element: sentence}
    assert (said(reply, "ItemsProcessed"), said(reply, "ItemsInvalid")) == ("", "1")
    assert reply.find("Item/Transaction") is None and reply.find(".//GlJournal") is None
    assert nothing_happened(company)


def test_an_error_has_the_value_and_a_number_of_six_digits(company):
    reply = company.post_invoice(InvoiceDate="never")
    assert [(one.tag, one.text) for one in reply.find("Item/InvoiceDate")][:2] == [
        ("Value", "never"),
        ("ErrorNumber", "100028"),
    ]
    assert reply.findtext("Item/ItemNumber") == "000001"


def test_an_account_on_hold_is_refused(company):
    company.control.add_account("40-1000", on_hold=True)
    assert errors(company.post_invoice(lines=line("40-1000", "100.00"))) == {
        "LedgerCode": "Ledger code '40-1000' is on hold"
    }


def test_an_invoice_is_posted_once_for_its_supplier(company):
    company.post_invoice()
    again = company.post_invoice()
    assert errors(again) == {"Invoice": "Invoice 'INV-1' already exists for supplier '1'"}
    assert errors(company.post_invoice(Supplier="2")) == {}
    assert company.control.posted() == {"1/INV-1": 1, "2/INV-1": 1}
    assert [one["outcome"] for one in company.control.attempts()] == ["posted", "rejected", "posted"]


def test_a_company_that_checks_no_numbers_posts_one_twice(make_company):
    company = make_company(checks_numbers=False)
    company.post_invoice()
    assert errors(company.post_invoice()) == {}
    assert company.control.posted() == {"1/INV-1": 2}
    assert len(company.control.rows("ApJnlSummary")) == 2


def test_the_reply_names_the_journals(company):
    reply = company.post_invoice()
    assert reply.tag == "postapinvoice"
    assert {one.tag: one.text for one in reply.find("Item/Transaction/Key")} == {
        "TrnYear": "2026", "TrnMonth": "09", "Journal": f"{FIRST:05d}", "EntryNumber": "001",
    }  # fmt: skip
    assert (said(reply, "Supplier"), said(reply, "Invoice")) == (KEY, "INV-1")
    assert (said(reply, "ItemsProcessed"), said(reply, "ItemsInvalid")) == ("1", "")
    assert said(reply, "GlJournal/GlJournal") == "00001"
    second = company.post_invoice(Invoice="INV-2")
    assert (said(second, "Key/Journal"), said(second, "GlJournal/GlJournal")) == (f"{FIRST + 1:05d}", "00002")


def test_a_posting_is_an_invoice_a_journal_and_a_ledger_journal_that_balances(company):
    company.control.put(
        "ApSupplier", {"Supplier": KEY, "TermsCode": "30", "Branch": "20", "CurrentBalance": 0}
    )
    lines = line("20-5100", "60.00") + line("30-4500", "40.00")
    company.post_invoice(lines=lines, TransactionReference="ST-55012")
    row = company.control.row("ApInvoice", "1", "INV-1")
    assert (row["Supplier"], row["OrigInvValue"], row["MthInvBal1"]) == (
        KEY,
        Decimal("110.00"),
        Decimal("110.00"),
    )
    assert (row["InvoiceDate"], row["DueDate"], row["Branch"], row["Reference"]) == (
        "2026-09-14", "2026-10-14", "20", "ST-55012",
    )  # fmt: skip
    assert [one["DistrValue"] for one in company.control.rows("ApJnlDistrib")] == [60, 40]
    ledger = {one["GlCode"]: one["EntryValue"] for one in company.control.rows("GenJournalDetail")}
    assert ledger == {"20-5100": 60, "30-4500": 40, "00-1450": 10, "00-2100": -110}
    assert company.control.row("ApSupplier", "1")["CurrentBalance"] == 110


def test_tax_is_computed_only_where_it_is_asked_for(company):
    automatic = {"AutomaticTaxCalculation": "Y", "PermissibleTaxVariance": "0.05"}
    reply = company.post_invoice(
        automatic, TransactionValue="108.25", TaxValue="", lines=line("30-4500", "100.00")
    )
    assert errors(reply) == {}
    assert company.control.rows("ApJnlSummary")[0]["TaxValue"] == Decimal("8.25")
    far = company.post_invoice(automatic, Invoice="INV-2", TransactionValue="110.00", TaxValue="10.00")
    assert errors(far) == {"TaxValue": "Tax value '10.00' differs from the computed 8.38"}
    none = company.post_invoice(Invoice="INV-3", TransactionValue="100.00", TaxValue="")
    assert errors(none) == {}


def test_notes_and_adjustments_change_what_is_owed_of_an_invoice(company):
    company.post_invoice()
    owed = []
    for code, value in (("C", "10.00"), ("D", "4.00"), ("A", "-1.50")):
        change = {"TransactionCode": code, "TransactionValue": value, "TaxValue": "0"}
        assert errors(company.post_invoice(**change, lines=line("30-4500", value))) == {}
        owed.append(company.control.row("ApInvoice", "1", "INV-1")["MthInvBal1"])
    assert owed == [Decimal("100.00"), Decimal("104.00"), Decimal("102.50")]
    row = company.control.row("ApInvoice", "1", "INV-1")
    assert (row["OrigInvValue"], row["Journal"]) == (Decimal("110.00"), FIRST)
    assert [one["TrnType"] for one in company.control.rows("ApJnlSummary")] == ["I", "C", "D", "A"]
    totals = {one["GlCode"]: one["CurrentBalance"] for one in company.control.rows("GenMaster")}
    assert (totals["00-2100"], totals["30-4500"]) == (Decimal("-102.50"), Decimal("92.50"))


def test_a_note_cannot_be_negative_and_nought_only_as_an_adjustment_that_may(company):
    company.post_invoice()
    negative = {
        "TransactionCode": "C",
        "TransactionValue": "-5.00",
        "TaxValue": "0",
        "lines": line("30-4500", "-5.00"),
    }
    assert errors(company.post_invoice(**negative)) == {
        "TransactionValue": "The value of a credit or debit note cannot be negative"
    }
    zero = {
        "TransactionCode": "A",
        "TransactionValue": "0.00",
        "TaxValue": "0",
        "lines": line("30-4500", "0.00"),
    }
    assert list(errors(company.post_invoice(**zero))) == ["TransactionValue"]
    assert errors(company.post_invoice({"PostZeroAdjustments": "Y"}, **zero)) == {}


@pytest.mark.parametrize(
    ("ignore", "posted", "warned", "failed"),
    [("N", 0, False, True), ("Y", 1, False, False), ("W", 1, True, False)],
)
def test_a_supplier_on_hold_is_a_warning(company, ignore, posted, warned, failed):
    company.control.hold_supplier("1")
    reply = company.post_invoice({"IgnoreWarnings": ignore})
    assert sum(company.control.posted().values()) == posted
    assert errors(reply) == ({"Supplier": "Supplier '1' is on hold"} if failed else {})
    assert said(reply, "WarningDescription") == ("Supplier '1' is on hold" if warned else "")


def test_a_closed_period_refuses_every_item_and_another_takes_it(company):
    company.control.close_period("C")
    assert errors(company.post_invoice()) == {"PostingPeriod": "Posting period 2026/09 is closed"}
    reply = company.post_invoice({"PostingPeriod": "P"})
    assert (said(reply, "TrnYear"), said(reply, "TrnMonth")) == ("2026", "08")
    row = company.control.row("ApInvoice", "1", "INV-1")
    assert (row["MthInvBal1"], row["MthInvBal2"], row["MthInvBal3"]) == (110, 110, 0)
    assert list(errors(company.post_invoice({"PostingPeriod": "B"}, Invoice="INV-2"))) == ["PostingPeriod"]
    company.control.open_period("C")
    assert errors(company.post_invoice(Invoice="INV-3")) == {}


def test_the_end_of_a_month_moves_the_current_period(company):
    company.post_invoice()
    company.control.end_month()
    assert said(company.post_invoice(Invoice="INV-2"), "Key/TrnMonth") == "10"
    company.control.pay("1", "INV-1", "10")
    company.control.end_month()
    row = company.control.row("ApInvoice", "1", "INV-1")
    assert (row["MthInvBal1"], row["MthInvBal2"], row["MthInvBal3"]) == (100, 100, 110)


def test_a_dry_run_tells_the_errors_and_has_no_effect(company):
    before = company.control.journal()
    good = company.post_invoice({"ValidateOnly": "Y"})
    assert (said(good, "ItemsProcessed"), errors(good), good.find("Item")) == ("1", {}, None)
    assert good.find(".//GlJournal") is None
    assert list(errors(company.post_invoice({"ValidateOnly": "Y"}, Supplier="404"))) == ["Supplier"]
    assert nothing_happened(company) and company.control.journal() == before
    assert [one["outcome"] for one in company.control.attempts()] == ["validated", "rejected"]
    assert said(company.post_invoice(), "Key/Journal") == f"{FIRST:05d}"


def two(company, whole: str):
    items = invoice() + invoice(Invoice="INV-2", Supplier="404") + invoice(Invoice="INV-3")
    return company.post("APSTIN", "PostApInvoice", items, ApplyIfEntireDocumentValid=whole)


def test_a_document_that_is_applied_whole_posts_nothing_for_one_bad_item(company):
    reply = two(company, "Y")
    assert (said(reply, "ItemsProcessed"), said(reply, "ItemsInvalid")) == ("", "1")
    assert [one.findtext("ItemNumber") for one in reply.findall("Item")] == ["000002"]
    assert nothing_happened(company)


def test_item_by_item_the_good_ones_are_posted_into_one_journal(company):
    reply = two(company, "N")
    assert (said(reply, "ItemsProcessed"), said(reply, "ItemsInvalid")) == ("2", "1")
    assert [one.text for one in reply.iter("EntryNumber")] == ["001", "002"]
    assert company.control.posted() == {"1/INV-1": 1, "1/INV-3": 1}


def test_one_document_cannot_hold_an_invoice_twice(company):
    reply = company.post("APSTIN", "PostApInvoice", invoice() + invoice(), ApplyIfEntireDocumentValid="N")
    assert errors(reply) == {"Invoice": "Invoice 'INV-1' already exists for supplier '1'"}
    assert company.control.posted() == {"1/INV-1": 1}


def test_an_unknown_element_is_ignored_without_a_word_unless_the_sandbox_is_strict(make_company):
    typo = {"TransactionReferense": "ST-1"}
    loose = make_company()
    assert errors(loose.post_invoice(**typo)) == {}
    assert loose.control.row("ApInvoice", "1", "INV-1")["Reference"] == ""
    strict = make_company(strict=True)
    assert "knows no element 'Item/TransactionReferense' in XmlIn" in strict.post_text(
        "APSTIN", "PostApInvoice", invoice(**typo)
    )
    assert "'Parameters/Periode'" in strict.post_text("APSTIN", "PostApInvoice", invoice(), Periode="C")
    assert errors(strict.post_invoice()) == {}


def test_an_over_long_reference_is_cut_in_silence(company):
    assert errors(company.post_invoice(TransactionReference="R" * 40)) == {}
    assert company.control.row("ApInvoice", "1", "INV-1")["Reference"] == "R" * 30


def test_what_windows_1252_cannot_hold_becomes_a_question_mark(company):
    company.post_invoice(TransactionReference="Łódź… Café")
    assert company.control.row("ApInvoice", "1", "INV-1")["Reference"] == "?ód?… Café"


def test_today_is_the_client_date_of_the_logon(company):
    company.token = company.log_on(XmlIn="<Logon><ClientDate>2026-09-10</ClientDate></Logon>")
    company.post_invoice(InvoiceDate="")
    row = company.control.row("ApInvoice", "1", "INV-1")
    assert (row["InvoiceDate"], row["JournalDate"]) == ("2026-09-10", "2026-09-10")


def test_large_documents_are_posted_in_a_body(company):
    document = f"<PostApInvoice>{invoice(Notation='é' * 20)}</PostApInvoice>"
    body = (
        '<?xml version="1.0" encoding="Windows-1252"?><TransactionPostLD xmlns="http://SYSPROWcfService">'
        f"<UserId>{company.token}</UserId><BusinessObject>APSTIN</BusinessObject><XmlParameters></XmlParameters>"
        f"<XmlIn><![CDATA[{document}]]></XmlIn></TransactionPostLD>"
    )
    send = lambda text: company.browser.post(  # noqa: E731
        f"{ENET}/Transaction/PostLD", data=text.encode("cp1252"), content_type="application/xml"
    )
    assert errors(xml(send(body).get_data().decode("cp1252"))) == {}
    assert company.control.rows("ApJnlSummary")[0]["Notation"] == "é" * 20
    assert send(body.replace("SYSPROWcfService", "other")).status_code == 400
    assert send("<broken").status_code == 400


def test_a_ledger_that_fails_leaves_the_invoice_posted(company):
    company.control.faults("ledger_error:1,count=1")
    reply = company.post_invoice()
    assert said(reply, "GlJournalError") == "100000"
    assert said(reply, "GlJournalMessage").startswith("GL journal could not be created")
    assert (said(reply, "ItemsProcessed"), said(reply, "GlJournal/GlJournal")) == ("1", "")
    assert company.control.row("ApInvoice", "1", "INV-1")["OrigInvValue"] == 110
    assert company.control.rows("GenJournalDetail") == []


def test_a_payment_lowers_what_is_owed(company):
    company.control.put("ApSupplier", {"Supplier": KEY, "CurrentBalance": 0})
    company.post_invoice()
    assert company.control.pay("1", "INV-1", "10")["MthInvBal1"] == 100
    assert company.control.row("ApSupplier", "1")["CurrentBalance"] == 100
    assert company.control.pay("1", "INV-1")["MthInvBal1"] == 0
    assert len(company.control.rows("ApInvoicePay")) == 2
    with pytest.raises(ValueError, match="no invoice 'INV-9'"):
        company.control.pay("1", "INV-9")
