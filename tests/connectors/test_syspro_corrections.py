"""Corrections posted to the sandbox's SYSPRO: once, found again by their own number; and whose accounts are read."""

from datetime import UTC, datetime

import pytest

from integrations.connectors.errors import RemoteError
from integrations.connectors.syspro.entities import AP_CORRECTION, AP_INVOICE, GL_ACCOUNT
from tests.connectors.syspro_company import whole

BODY = {
    "Supplier": "1",
    "Invoice": "C-100",
    "TransactionCode": "C",
    "TransactionValue": "10",
    "TransactionReference": "COR1 C-100",
    "LedgerDistribution": [{"LedgerCode": "20-5100", "LedgerValue": "10"}],
}


def find(connector, **changed):
    body = {**BODY, **changed}
    return connector.find(AP_CORRECTION, body, key="k", parent="", since=datetime.now(UTC))


def test_one_of_an_invoice_that_is_not_there_is_refused(syspro):
    with pytest.raises(RemoteError, match="not found"):
        syspro.connect().create(AP_CORRECTION, BODY, key="k")


def test_an_invoice_is_still_never_posted_as_a_correction(syspro):
    with pytest.raises(RemoteError, match="with a number of its own"):
        syspro.connect().find(AP_INVOICE, BODY, key="k", parent="", since=datetime.now(UTC))


@pytest.mark.parametrize("odata", [True, False], ids=["odata", "comfnd"])
def test_what_is_posted_is_found_by_its_own_number_and_read_by_its_id(syspro, odata):
    syspro.control.add_invoice("1", "C-100", "100.00")
    connector = syspro.connect(odata=odata)
    assert find(connector) == []
    external_id = connector.create(AP_CORRECTION, BODY, key="k")
    [row] = find(connector)
    assert AP_CORRECTION.id_of(row) == external_id
    assert find(connector, TransactionReference="COR2 C-100") == []
    read = connector.read(AP_CORRECTION, external_id)
    assert (read["TrnType"], read["Reference"], read["PostedIn"]) == ("C", "COR1 C-100", external_id)


def test_another_amount_under_the_same_number_is_for_a_person(syspro):
    syspro.control.add_invoice("1", "C-100", "100.00")
    connector = syspro.connect()
    connector.create(AP_CORRECTION, BODY, key="k")
    with pytest.raises(RemoteError, match="already posted with"):
        find(connector, TransactionValue="11")


@pytest.mark.parametrize("odata", [True, False], ids=["odata", "comfnd"])
def test_of_a_shared_ledger_only_the_companys_own_accounts_are_read(syspro, odata):
    syspro.control.put("GenMaster", {"Company": "OTHR", "GlCode": "77-7777", "Description": "Another's"})
    own = syspro.control.company.code
    codes = {row["GlCode"] for row in whole(syspro.connect(odata=odata), GL_ACCOUNT)[0]}
    assert {"77-7777", "20-5100"} <= codes, "where nobody says whose, all are read"
    some = {row["GlCode"] for row in whole(syspro.connect(odata=odata, ledger_company=own), GL_ACCOUNT)[0]}
    assert some == codes - {"77-7777"}
