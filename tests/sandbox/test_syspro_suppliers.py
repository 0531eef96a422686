"""Suppliers, ledger accounts and single rows in the SYSPRO sandbox: kept by APSSSP, shown by the query objects."""

from decimal import Decimal

import pytest

from tests.sandbox.syspro_caller import errors, members, said, xml

KEY = "000000000000042"
GOOD = {
    "SupplierName": "Wren Supply", "Branch": "10", "TermsCode": "30", "Bank": "CHASE", "Currency": "USD",
    "SupAddr1": "9 Hill Rd", "SupPostalCode": "89501", "Email": "orders@wren.example",
}  # fmt: skip


def keep(company, action: str, code: str = "42", parameters: str = "", **values):
    item = members(Key=members(Supplier=code), **values)
    return xml(
        company.text(
            f"Setup/{action}",
            UserId=company.token,
            BusinessObject="APSSSP",
            XmlParameters=f"<SetupApSupplier><Parameters>{parameters}</Parameters></SetupApSupplier>",
            XmlIn=f"<SetupApSupplier><Item>{item}</Item></SetupApSupplier>",
        )
    )


@pytest.mark.parametrize(
    ("changed", "element", "sentence"),
    [
        ({"SupplierName": ""}, "suppliername", "XML element '{Item}{SupplierName}' cannot be spaces"),
        ({"Bank": None}, "bank", "XML element '{Item}{Bank}' cannot be spaces"),
        ({"Branch": "99"}, "branch", "Branch '99' not found"),
        ({"TermsCode": "99"}, "termscode", "Terms code '99' not found"),
        ({"Bank": "WELLS"}, "bank", "Bank 'WELLS' not found"),
        ({"Currency": "XXX"}, "currency", "Currency 'XXX' not found"),
        ({"OnHold": "Q"}, "onhold", "XML element 'OnHold' must be one of Y, N, not 'Q'"),
        ({"MerchGlCode": "77"}, "merchglcode", "Ledger code '77' not found"),
        ({"code": ""}, "supplier", "XML element '{Item}{Key}{Supplier}' cannot be spaces"),
        ({"code": "X" * 16}, "supplier", "XML element 'Supplier' is longer than 15 characters"),
        ({"code": "1"}, "supplier", "Duplicate key '000000000000001' on 'ApSupplier'"),
    ],
)
def test_a_supplier_that_is_not_whole_is_not_added(company, changed, element, sentence):
    reply = keep(company, "Add", **{**GOOD, **changed})
    assert errors(reply) == {element: sentence}
    assert (said(reply, "RecordsRead"), said(reply, "RecordsInvalid")) == ("1", "1")
    assert len(company.control.rows("ApSupplier")) == 3


def test_a_supplier_is_added_with_its_address_under_a_padded_key(company):
    reply = keep(company, "Add", **GOOD)
    assert (reply.tag, reply.findtext("item/key/supplier")) == ("setupapsupplier", KEY)
    assert (said(reply, "RecordsRead"), said(reply, "RecordsInvalid")) == ("1", "0")
    row = company.control.row("ApSupplier", "42")
    assert (row["SupplierName"], row["OnHold"], row["PurchOrdAllowed"]) == ("Wren Supply", "N", "Y")
    assert company.control.row("ApSupplierAddr", "42")["SupAddr1"] == "9 Hill Rd"


def test_a_code_with_letters_stays_as_it_is(company):
    assert keep(company, "Add", code="WREN", **GOOD).findtext("item/key/supplier") == "WREN"
    assert company.control.row("ApSupplier", "WREN")["SupplierName"] == "Wren Supply"


def test_an_update_touches_what_came_and_empties_what_came_empty(company):
    keep(company, "Add", **GOOD, Contact="Ann")
    assert errors(keep(company, "Update", SupplierName="Wren & Sons".replace("&", "&amp;"), Email="")) == {}
    row = company.control.row("ApSupplier", "42")
    assert (row["SupplierName"], row["Email"], row["Contact"]) == ("Wren & Sons", "", "Ann")
    assert company.control.row("ApSupplierAddr", "42")["SupAddr1"] == "9 Hill Rd"
    assert errors(keep(company, "Update", SupplierName="")) == {
        "suppliername": "XML element '{Item}{SupplierName}' cannot be spaces"
    }


def test_what_is_not_there_cannot_be_updated_or_deleted(company):
    for action in ("Update", "Delete"):
        assert errors(keep(company, action, Email="x")) == {"supplier": "Supplier '42' not found"}


def test_a_supplier_goes_only_while_nothing_hangs_on_it(company):
    keep(company, "Add", **GOOD)
    company.post_invoice(Supplier="42")
    [sentence] = errors(keep(company, "Delete")).values()
    assert sentence.startswith("Supplier cannot be deleted")
    keep(company, "Add", code="43", **GOOD)
    assert errors(keep(company, "Delete", code="43")) == {}
    assert company.control.row("ApSupplier", "43") is None
    assert company.control.row("ApSupplierAddr", "43") is None
    last = company.control.journal()[-2]
    assert (last["kind"], last["table"], last["by"]) == ("removed", "ApSupplier", "api")


def test_the_currency_stays_while_there_is_a_balance(company):
    company.post_invoice()
    assert list(errors(keep(company, "Update", code="1", Currency="CAD"))) == ["currency"]


def test_a_dry_run_keeps_nothing(company):
    reply = keep(company, "Add", parameters="<ValidateOnly>Y</ValidateOnly>", **GOOD)
    assert said(reply, "RecordsInvalid") == "0"
    assert company.control.row("ApSupplier", "42") is None


def test_a_query_shows_a_supplier_and_the_invoices_that_are_open(company):
    keep(company, "Add", **GOOD)
    for number in ("A", "B"):
        company.post_invoice(Supplier="42", Invoice=number)
    company.control.pay("42", "A")
    company.control.pay("42", "B", "10")
    option = "<IncludeInvoices>Y</IncludeInvoices><IncludeInvoicePayments>Y</IncludeInvoicePayments>"
    reply = company.query(
        "APSQRY", f"<Query><Key><Supplier>42</Supplier></Key><Option>{option}</Option></Query>"
    )
    assert reply.tag == "ApQuery"
    assert said(reply, "SystemInformation/CompanyId") == "HPA"
    assert [said(reply, f"Supplier/{name}") for name in ("Supplier", "SupAddr1", "TBLAPT_Description")] == [
        KEY, "9 Hill Rd", "30 days net",
    ]  # fmt: skip
    [detail] = reply.findall(".//InvoiceDetail")
    assert (detail.findtext("Invoice"), detail.findtext("Unedited_MthInvBal")) == (
        "B",
        "100.00",
    )
    assert detail.findtext("MthInvBal") == "100.00".rjust(16)
    assert Decimal(detail.findtext("Payments/Payment/PostValue")) == 10
    bare = company.query("APSQRY", "<Query><Key><Supplier>42</Supplier></Key></Query>")
    assert bare.find(".//Invoices") is None


def ask(company, name, document, verb="Query/Query"):
    return company.text(verb, UserId=company.token, BusinessObject=name, XmlIn=document)


@pytest.mark.parametrize(
    ("name", "document", "sentence"),
    [
        ("APSQRY", "<Query><Key><Supplier>9</Supplier></Key></Query>", "ERROR: Supplier '9' not found"),
        (
            "GENQRY",
            "<Query><Key><LedgerCode>9</LedgerCode></Key></Query>",
            "ERROR: Ledger code '9' not found",
        ),
        (
            "GENQGL",
            "<Query><key><LedgerCode>9</LedgerCode></key></Query>",
            "ERROR: Ledger code '9' not found",
        ),
    ],
)
def test_a_query_for_what_is_not_there_is_an_error(company, name, document, sentence):
    assert ask(company, name, document) == sentence


def test_an_account_is_shown_and_validated(company):
    company.post_invoice()
    shown = company.query("GENQRY", "<Query><Key><LedgerCode>30-4500</LedgerCode></Key></Query>")
    assert (shown.tag, said(shown, "Description"), said(shown, "AccountType")) == (
        "LedgerQuery",
        "Job expenses",
        "E",
    )
    assert said(shown, "Unedited_CurrentBalance") == "100.00"
    key = "<Query><key><LedgerCode>30-4500</LedgerCode><ValidateFlags>{}</ValidateFlags></key></Query>"
    good = company.query("GENQGL", key.format("Y"))
    assert (good.tag, said(good, "LedgerDetails/LedgerCode")) == ("GLStructureQuery", "30-4500")
    company.control.add_account("30-4500", on_hold=True)
    assert ask(company, "GENQGL", key.format("Y")) == "ERROR: Ledger code '30-4500' is on hold"
    assert not ask(company, "GENQGL", key.format("N")).startswith("ERROR")


def test_one_row_is_fetched_by_its_whole_key(company):
    fetch = "<Fetch><TableName>GenMaster</TableName><Key>HPA</Key><OptionalKey1>{}</OptionalKey1></Fetch>"
    row = xml(company.text("Query/Fetch", UserId=company.token, XmlIn=fetch.format("30-4500")))
    assert (row.tag, row.findtext("Description")) == ("GenMaster", "Job expenses")
    assert len(row) > 10
    missing = company.text("Query/Fetch", UserId=company.token, XmlIn=fetch.format("9"))
    assert missing == "ERROR: Key 'HPA 9' not found on 'GenMaster'"


def test_who_is_logged_on_can_be_asked(company):
    company.control.evict("APCLERK")
    reply = company.query("COMQUS", "<Query/>")
    assert sorted(one.text for one in reply.findall("User/Operator")) == ["APCLERK", "TRUNKLN"]
