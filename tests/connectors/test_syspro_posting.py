"""AP invoices posted once: looked for before, never repeated blindly after, and judged by what SYSPRO says."""

from datetime import UTC, datetime

import pytest

from integrations.connectors.base import TriesCreates
from integrations.connectors.errors import Who
from integrations.sandbox.syspro import enet
from tests.connectors.syspro_company import INVOICE, VENDOR, bill, refusal

POSTS = "/Rest/Transaction"


def found(connector, body, entity=INVOICE):
    return connector.find(entity, body, key="k", parent="", since=datetime.now(UTC))


def posted(syspro):
    return [one.key for one in syspro.control.company.attempts if one.outcome == "posted"]


@pytest.mark.parametrize(
    ("changed", "who", "named"),
    [
        ({"Supplier": "99"}, Who.FIX_RECORD, "no supplier “99”"),
        ({"Invoice": ""}, Who.FIX_RECORD, "invoice number"),
        ({"Branch": "99"}, Who.FIX_CONFIGURATION, "Branch"),
        ({"TaxCode": "Z"}, Who.FIX_CONFIGURATION, "TaxCode"),
        (
            {"LedgerDistribution": [{"LedgerCode": "00-9999", "LedgerValue": "100"}]},
            Who.FIX_CONFIGURATION,
            "LedgerCode “00-9999”",
        ),
    ],
)
def test_what_syspro_refuses_says_who_must_act_on_which_element(syspro, changed, who, named):
    error = refusal(syspro.connect().create, INVOICE, bill(**changed), key="k")
    assert (error.who, error.unknown) == (who, False)
    assert named in error.message
    assert posted(syspro) == []


def test_a_closed_period_is_finances_to_open(syspro):
    syspro.control.close_period("C")
    error = refusal(syspro.connect().create, INVOICE, bill(), key="k")
    assert (error.who, error.reason) == (Who.FIX_CONFIGURATION, "period_closed")


def test_the_period_is_the_connections_choice(syspro):
    syspro.control.close_period("C")
    assert syspro.connect(posting_period="P").create(INVOICE, bill(), key="k") == "1/INV-10234"


@pytest.mark.parametrize(
    "fault", ["lost_reply", "cut_body", "truncated_body", "garbage", "empty_body", "late_error"]
)
@pytest.mark.parametrize("large", ["yes", "no"])
def test_a_posting_without_an_answer_is_unknown_sent_once_and_found_again(syspro, fault, large):
    connector = syspro.connect(post_large=large)
    syspro.spoil(fault, POSTS)
    assert refusal(connector.create, INVOICE, bill(), key="k").unknown
    assert len(posted(syspro)) == 1
    assert found(connector, bill())[0]["id"] == "1/INV-10234"


@pytest.mark.parametrize("fault", ["html_500", "html_503", "reset"])
def test_a_posting_that_broke_off_before_it_ran_is_unknown_too_and_not_found(syspro, fault):
    connector = syspro.connect()
    syspro.spoil(fault, POSTS)
    assert refusal(connector.create, INVOICE, bill(), key="k").unknown
    assert found(connector, bill()) == []


def test_what_is_there_with_another_value_is_for_a_person_and_posts_nothing(syspro):
    connector = syspro.connect()
    connector.create(INVOICE, bill(), key="k")
    other = bill(TransactionValue="120", LedgerDistribution=[{"LedgerCode": "30-4500", "LedgerValue": "110"}])
    for act in (lambda: found(connector, other), lambda: connector.create(INVOICE, other, key="k")):
        error = refusal(act)
        assert (error.who, error.reason) == (Who.FIX_RECORD, "already_posted")
        assert "already posted with 110.00 in journal" in error.message
        assert "not with 120" in error.message
    assert len(posted(syspro)) == 1


def test_what_is_there_with_the_same_value_is_the_same_however_its_key_is_spelt(syspro):
    connector = syspro.connect()
    connector.create(INVOICE, bill(), key="k")
    for code in ("1", "0000001", "000000000000001"):
        assert found(connector, bill(Supplier=code))[0]["id"] == "1/INV-10234"
    assert connector.create(INVOICE, bill(), key="k") == "1/INV-10234"
    assert len(posted(syspro)) == 1


def test_a_suppliers_code_goes_out_as_syspro_spells_it(syspro):
    connector = syspro.connect()
    connector.create(INVOICE, bill(Supplier="0000001"), key="k")
    assert "<Supplier>000000000000001</Supplier>" in connector.exchange(INVOICE, "1/INV-10234")["document"]


def test_a_correction_is_left_to_finance(syspro):
    syspro.connect().create(INVOICE, bill(), key="k")
    error = refusal(found, syspro.connect(), bill(TransactionCode="C"))
    assert (error.who, error.reason) == (Who.FIX_RECORD, "correction")


def test_a_ledger_error_behind_a_posting_is_kept_as_a_warning(syspro):
    connector = syspro.connect()
    syspro.spoil("ledger_error", POSTS)
    external_id = connector.create(INVOICE, bill(), key="k")
    assert "do not post it again" in connector.exchange(INVOICE, external_id)["warnings"][0]
    assert connector.read(INVOICE, external_id)["OrigInvValue"] == 110


def test_what_was_sent_and_came_back_is_kept_for_who_posted_it(syspro):
    connector = syspro.connect()
    external_id = connector.create(INVOICE, bill(Notation="Řezník"), key="k")
    exchange = connector.exchange(INVOICE, external_id)
    assert "<Notation>Rezn&#237;k</Notation>" in exchange["document"]
    assert "<postapinvoice" in exchange["reply"]
    assert exchange["reference"] == connector.read(INVOICE, external_id)["PostedIn"]
    assert "Řezník" in exchange["warnings"][0]
    assert connector.exchange(INVOICE, external_id) is None


def test_a_refusal_keeps_what_was_sent_and_what_came_back(syspro):
    error = refusal(syspro.connect().create, INVOICE, bill(Branch="99"), key="k")
    assert "<Branch>99</Branch>" in error.exchange["document"]
    assert "<ErrorDescription>" in error.exchange["reply"]


def test_a_warning_refuses_or_is_kept_as_the_connection_says(syspro):
    syspro.control.company.put("ApSupplier", Supplier="000000000000001", OnHold="Y")
    assert refusal(syspro.connect().create, INVOICE, bill(), key="k").who is Who.FIX_RECORD
    connector = syspro.connect(ignore_warnings="W")
    exchange = connector.exchange(INVOICE, connector.create(INVOICE, bill(), key="k"))
    assert any("hold" in warning for warning in exchange["warnings"])


def test_a_dry_run_says_what_would_be_refused_and_posts_nothing(syspro):
    connector = syspro.connect()
    assert isinstance(connector, TriesCreates)
    assert connector.try_create(INVOICE, bill()) == []
    assert "Branch “99”" in refusal(connector.try_create, INVOICE, bill(Branch="99")).message
    assert posted(syspro) == []


def test_a_service_too_old_for_large_posts_gets_a_get(syspro, monkeypatch):
    monkeypatch.delitem(enet.VERBS, "transaction/postld")
    connector = syspro.connect()
    assert connector.create(INVOICE, bill("A"), key="k") == "1/A"
    assert connector.create(INVOICE, bill("B"), key="k") == "1/B"


def test_a_document_too_long_for_a_get_is_not_sent(syspro):
    lines = [{"LedgerCode": "30-4500", "LedgerValue": "1"} for _ in range(100)]
    error = refusal(syspro.connect(post_large="no").create, INVOICE, bill(LedgerDistribution=lines), key="k")
    assert (error.who, error.reason, error.unknown) == (Who.FIX_CONFIGURATION, "too_long", False)
    assert syspro.connect().create(INVOICE, bill(LedgerDistribution=lines), key="k")


def test_without_odata_everything_is_found_and_read_through_e_net(syspro):
    connector = syspro.connect(odata=False)
    assert found(connector, bill()) == []
    external_id = connector.create(INVOICE, bill(), key="k")
    assert found(connector, bill())[0]["id"] == external_id
    assert connector.read(INVOICE, external_id)["vendor"] == "1"
    assert not connector.check().missing or all(s.scope.startswith("Inv") for s in connector.check().missing)


# --- suppliers ---

SUPPLIER = {
    "Supplier": "77", "SupplierName": "Řeznik Parts", "Branch": "10", "TermsCode": "30", "Bank": "CHASE",
    "Currency": "USD", "SupAddr1": "1 Main St",
}  # fmt: skip


def test_a_supplier_is_never_written_unless_somebody_says_so():
    assert VENDOR.write is not None
    assert not VENDOR.write.two_way


def test_a_supplier_without_what_the_company_demands_is_refused_with_its_elements(syspro):
    error = refusal(syspro.connect().create, VENDOR, {**SUPPLIER, "Branch": "99", "Bank": None}, key="k")
    assert (error.who, error.unknown) == (Who.FIX_CONFIGURATION, False)
    assert "Branch “99”" in error.message
    assert "Bank" in error.message


def test_a_supplier_is_made_once_and_what_was_made_without_an_answer_is_found(syspro):
    connector = syspro.connect()
    assert found(connector, SUPPLIER, VENDOR) == []
    syspro.spoil("lost_reply", "/Rest/Setup")
    assert refusal(connector.create, VENDOR, SUPPLIER, key="k").unknown
    assert [row["SupplierName"] for row in found(connector, SUPPLIER, VENDOR)] == ["Reznik Parts"]
    syspro.spoil("", "")
    assert connector.create(VENDOR, SUPPLIER, key="k") == "77", "it is there already"


def test_a_change_of_a_supplier_touches_nothing_else(syspro):
    connector = syspro.connect()
    connector.create(VENDOR, SUPPLIER, key="k")
    before = connector.read(VENDOR, "77")
    connector.update(VENDOR, "77", {"Contact": "Ada", "SupAddr1": ""})
    after = connector.read(VENDOR, "77")
    assert {name for name in after if after[name] != before[name]} == {"Contact", "SupAddr1"}
    assert refusal(connector.update, VENDOR, "78", {"Contact": "Ada"}).reason == "not_found"


def test_a_warning_of_a_set_up_can_only_be_passed_over(syspro):
    assert syspro.connect(ignore_warnings="W").create(VENDOR, SUPPLIER, key="k") == "77"
