"""Being logged on to the SYSPRO sandbox: the exact texts of its refusals, one session per operator, and the framings."""

import json
import re

import pytest
from lxml import etree

from integrations.sandbox.syspro import ENET, create_app
from integrations.sandbox.syspro.errors import BASE_DIRECTORY, EXPIRED
from tests.sandbox.syspro_caller import xml

LOST = f"ERROR: {EXPIRED}"


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"Operator": "NOBODY"}, "ERROR: Invalid operator"),
        ({"OperatorPassword": "wrong"}, "ERROR: Invalid operator password"),
        ({"CompanyId": "X"}, "ERROR: Invalid company"),
        ({"CompanyPassword": ""}, "ERROR: Invalid company password"),
    ],
)
def test_a_refused_logon_is_a_text_under_status_200(company, changed, sentence):
    assert company.log_on(**changed) == sentence


def test_a_locked_operator_is_not_let_in(company):
    company.control.lock_operator()
    assert company.log_on() == "ERROR: Operator is locked out"


def test_a_token_is_34_digits_and_two_blanks_and_good_with_or_without_them(company):
    token = company.log_on()
    assert re.fullmatch(r"[0-9A-F]{32}00  ", token)
    for form in (token, token.strip()):
        assert company.text("GetLogonProfile", UserId=form).startswith("<?xml")


def test_a_client_date_that_is_none_is_refused(company):
    said = company.log_on(XmlIn="<Logon><ClientDate>yesterday</ClientDate></Logon>")
    assert said.startswith("ERROR: Date 'yesterday' is invalid for XML element 'ClientDate'")


def test_tokens_of_syspro_8_are_longer(make_company):
    token = make_company(long_tokens=True).token
    assert 34 < len(token) <= 128


def test_a_second_logon_of_the_operator_removes_the_first(company):
    first = company.token
    second = company.log_on(Operator="trunkln")
    assert company.text("GetLogonProfile", UserId=first) == LOST
    assert xml(company.text("GetLogonProfile", UserId=second)).findtext("Operator") == "TRUNKLN"
    assert company.control.stats()["evictions"] == 1


def test_a_logon_that_yields_fails_instead(company):
    settings = "<Logon><FailWhenAlreadyLoggedIn>Y</FailWhenAlreadyLoggedIn></Logon>"
    assert company.log_on(XmlIn=settings) == "ERROR: Operator 'TRUNKLN' is already logged in"
    assert company.text("Logoff", UserId=company.token) == "0"
    assert not company.log_on(XmlIn=settings).startswith("ERROR")


def test_a_person_at_a_desktop_removes_the_service_and_is_removed_by_it(company):
    company.control.evict()
    assert company.text("Query/Query", UserId=company.token) == LOST
    assert company.control.stats()["logged_on"] == ["TRUNKLN"]
    company.log_on()
    assert company.control.stats()["evictions"] == 2


def test_an_idle_session_ends_and_a_used_one_goes_on(make_company):
    company = make_company(idle=60.0)
    for _ in range(3):
        company.control.advance(50)
        assert company.text("GetLogonProfile", UserId=company.token) != LOST
    company.control.advance(61)
    assert company.text("GetLogonProfile", UserId=company.token) == LOST


def test_seats_run_out_and_come_back(make_company):
    company = make_company(seats=1)
    clerk = {"Operator": "APCLERK", "OperatorPassword": "sandbox-apclerk"}
    assert company.log_on(**clerk) == "ERROR: No e.net licenses available"
    company.text("Logoff", UserId=company.token)
    assert not company.log_on(**clerk).startswith("ERROR")


def test_logging_off_ends_the_session_and_a_made_up_token_has_a_text_of_its_own(company):
    assert company.text("Logoff", UserId=company.token) == "0"
    assert company.text("Logoff", UserId=company.token) == LOST
    assert company.text("Logoff", UserId=f"{company.token[:-2]}80") == f"ERROR: {BASE_DIRECTORY}"


def test_an_unknown_or_unlicensed_object_is_a_number(company):
    query = {"UserId": company.token, "XmlIn": "<Query><TableName>ApInvoice</TableName></Query>"}
    refused = "ERROR: e.net exception raised: 100000"
    assert company.text("Query/Query", BusinessObject="APSSPP", **query) == refused
    assert company.text("Transaction/Post", BusinessObject="COMFND", **query) == refused
    company.control.license("COMFND", False)
    assert company.text("Query/Query", BusinessObject="COMFND", **query) == refused


def test_paths_are_known_in_any_case(company):
    reply = company.browser.get("/sysprowcfservice/REST/getVERSION")
    assert (reply.status_code, reply.get_data()) == (200, b"8.0.021")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "Query/Everything", 404), ("POST", "Transaction/Post", 405), ("GET", "Transaction/PostLD", 405)],
)
def test_only_the_web_server_answers_with_another_status(company, method, path, status):
    reply = company.browser.open(f"{ENET}/{path}", method=method)
    assert (reply.status_code, reply.mimetype) == (status, "text/html")


def test_an_address_that_is_too_long_does_not_reach_e_net(company):
    assert company.call("Query/Query", XmlIn="x" * 16_400).status_code == 400


def test_a_body_is_windows_1252_bytes_with_a_newline_and_a_blank_behind(company):
    company.control.add_supplier("77", "Café Müller & Söhne €")
    query = "<Query><TableName>ApSupplier</TableName><Where><Expression><Column>Supplier</Column>"
    query += f"<Condition>EQ</Condition><Value>{'77'.zfill(15)}</Value></Expression></Where></Query>"
    reply = company.call("Query/Query", UserId=company.token, BusinessObject="COMFND", XmlIn=query)
    body = reply.get_data()
    assert reply.content_type == "application/octet-stream"
    assert reply.headers["Server"] == "Microsoft-HTTPAPI/2.0"
    assert body.endswith(b">\n ")
    assert "Café Müller &amp; Söhne €".encode("cp1252") in body
    assert b"<ApSupplier Language='05' Language2='EN' CssStyle='' DecFormat='1'" in body
    assert etree.fromstring(body.strip()).findtext("Row/SupplierName") == "Café Müller & Söhne €"


def test_some_builds_quote_the_body_as_json(make_company):
    company = make_company(framing="json")
    reply = company.call("GetLogonProfile", UserId=json.loads(company.token))
    assert reply.mimetype == "application/json"
    assert json.loads(reply.get_data()).endswith("</UserProfile>\n ")
    assert json.loads(company.log_on(Operator="X")) == "ERROR: Invalid operator"


def test_some_builds_wrap_the_body_in_an_element(make_company):
    company = make_company(framing="string")
    root = etree.fromstring(company.token)
    assert root.tag == "{http://schemas.microsoft.com/2003/10/Serialization/}string"
    inside = etree.fromstring(company.call("GetLogonProfile", UserId=root.text).get_data()).text
    assert inside.endswith("</UserProfile>\n ")


def test_an_unknown_framing_is_refused():
    with pytest.raises(ValueError, match="parchment"):
        create_app(framing="parchment")


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ("<Query>", "Premature end"),
        (
            '<!DOCTYPE Query [<!ENTITY x "ApInvoice">]><Query><TableName>&x;</TableName></Query>',
            "document type",
        ),
        ("<Fetch/>", "is 'Fetch', not 'Query'"),
        ("", "XML parse error in parameter 'XmlIn'"),
    ],
)
def test_what_is_no_document_of_the_object_is_refused(company, document, reason):
    said = company.text("Query/Query", UserId=company.token, BusinessObject="COMFND", XmlIn=document)
    assert said.startswith("ERROR: ") and reason in said
