"""SYSPRO's replies: HTTP says 200 to everything, so what they say decides."""

import json

import pytest

from integrations.connectors.errors import RemoteError, Who
from integrations.connectors.syspro import errors
from integrations.connectors.syspro.payables import INVOICE, SUPPLIER
from integrations.connectors.syspro.replies import judged
from integrations.connectors.syspro.wire import Unreadable, failure_in, parsed, unwrapped

ROOT = "<postapinvoice Language='05' Role='01' Version='8.0.021' OperatorPrimaryRole='   '>{}</postapinvoice>"
POSTED = ROOT.format(
    "<Item><Transaction><Key><TrnYear>2025</TrnYear><TrnMonth>03</TrnMonth><Journal>00017</Journal>"
    "<EntryNumber>001</EntryNumber></Key><Supplier>0000001</Supplier></Transaction></Item><StatusOfItems>"
    "<GlJournal><GlYear>2025</GlYear><GlJournal>00268</GlJournal><GlJournalError/><GlJournalMessage/></GlJournal>"
    "<ItemsProcessed>1</ItemsProcessed><ItemsInvalid/></StatusOfItems>"
)


def refused(*fields, invalid="000001"):
    """A reply with these errors: (element, value, number, description)."""
    shown = "".join(
        f"<{name}><Value>{value}</Value><ErrorNumber>{number}</ErrorNumber>"
        f"<ErrorDescription>{told}</ErrorDescription></{name}>"
        for name, value, number, told in fields
    )
    return ROOT.format(
        f"<Item>{shown}<ItemNumber>000001</ItemNumber></Item><StatusOfItems><ItemsProcessed>000000</ItemsProcessed>"
        f"<ItemsInvalid>{invalid}</ItemsInvalid></StatusOfItems>"
    )


def refusal(text, document=INVOICE, **how):
    with pytest.raises(RemoteError) as caught:
        judged(text, document, **how)
    return caught.value


@pytest.mark.parametrize(
    ("element", "told", "who", "reason"),
    [
        ("Supplier", "Supplier 'X' not found", Who.FIX_RECORD, "bad_reference"),
        ("Invoice", "Invoice 'N' already exists for supplier 'X'", Who.FIX_RECORD, "already_posted"),
        ("LedgerCode", "Ledger code '00-9999' not found", Who.FIX_CONFIGURATION, "bad_reference"),
        ("LedgerCode", "Ledger code '00-9999' is on hold", Who.FIX_CONFIGURATION, "bad_reference"),
        ("Branch", "Branch '99' not found", Who.FIX_CONFIGURATION, "bad_reference"),
        ("TransactionValue", "Distribution total does not equal transaction value", Who.FIX_RECORD, "unbalanced"),
        ("PostingPeriod", "AP period 03 is closed", Who.FIX_CONFIGURATION, "period_closed"),
        ("Supplier", "Supplier 'X' is on hold", Who.FIX_RECORD, "on_hold"),
        ("Supplier", "Supplier 'X' is in use by operator ADMIN", Who.RETRY_LATER, "row_locked"),
        ("InvoiceDate", "Date '04' is invalid for XML element 'InvoiceDate' it must be CCYY-MM-DD format", Who.OUR_BUG,
         "bad_date"),
        ("Invoice", "XML element '{Item}{Invoice}' cannot be spaces", Who.FIX_RECORD, "required_missing"),
        ("Notation", "Something that nobody has seen before", Who.FIX_RECORD, "refused"),
        ("Warehouse", "Access to warehouse 'BB' denied", Who.FIX_CONFIGURATION, "forbidden"),
    ],
)  # fmt: skip
def test_an_error_beside_an_element_says_who_must_act_and_names_the_element(element, told, who, reason):
    error = refusal(refused((element, "X", "240004", told)))
    assert (error.who, error.reason) == (who, reason)
    assert f"{element} “X”: {told}." in error.message
    assert not error.unknown


def test_several_errors_are_all_told_and_the_gravest_decides_who_acts():
    error = refusal(
        refused(("Supplier", "X", "1", "Supplier not found"), ("LedgerCode", "00", "2", "Not found"))
    )
    assert error.who is Who.FIX_CONFIGURATION
    assert "Supplier “X”: Supplier not found." in error.message
    assert "LedgerCode “00”: Not found." in error.message
    assert error.details == "APSTIN: Supplier 1, LedgerCode 2"


def test_an_error_without_value_and_number_is_one_all_the_same():
    text = ROOT.format(
        "<Item><Invoice><Value/><ErrorDescription>Is blank</ErrorDescription></Invoice></Item>"
    )
    assert "Invoice: Is blank." in refusal(text).message


@pytest.mark.parametrize("count", ["1", "000001", "00003", " 1 "])
def test_invalid_items_without_an_error_are_a_refusal_however_the_count_is_written(count):
    text = POSTED.replace("<ItemsInvalid/>", f"<ItemsInvalid>{count}</ItemsInvalid>")
    assert refusal(text).reason == "refused"


@pytest.mark.parametrize(
    "text",
    [
        POSTED.replace("<Journal>00017</Journal>", "<Journal/>"),
        "<html><body>Service Unavailable</body></html>",
        POSTED[: len(POSTED) // 2],
        "",
        "\x00\x01 no XML",
        "<!DOCTYPE x [<!ENTITY e 'x'>]>" + POSTED,
        "<!DOCTYPE postapinvoice>" + POSTED,
    ],
)
def test_a_reply_that_does_not_say_that_it_was_posted_leaves_the_outcome_open(text):
    error = refusal(text)
    assert (error.who, error.reason, error.unknown) == (Who.RETRY_LATER, "unreadable_reply", True)


def test_an_unlisted_failure_of_a_posting_leaves_the_outcome_open_and_one_of_a_dry_run_does_not():
    assert refusal("ERROR: Subscript out of range").unknown
    assert refusal("ERROR: Subscript out of range").who is Who.OUR_BUG
    assert not refusal("ERROR: Subscript out of range", dry=True).unknown


def test_a_business_object_without_a_licence_did_not_run():
    error = refusal("ERROR: e.net exception raised: 100000")
    assert (error.who, error.reason, error.unknown) == (Who.FIX_CONFIGURATION, "forbidden", False)
    assert "License Apportionment" in error.message


def test_a_posting_gives_its_journal_and_empty_counts_are_none():
    found = judged(POSTED, INVOICE)
    assert found.key["journal"] == "00017"
    assert found.warnings == []


def test_a_ledger_error_behind_a_posting_is_a_warning_and_no_reason_to_post_again():
    text = POSTED.replace("<GlJournalError/>", "<GlJournalError>25</GlJournalError>").replace(
        "<GlJournalMessage/>", "<GlJournalMessage>GL period closed</GlJournalMessage>"
    )
    found = judged(text, INVOICE)
    assert found.key["journal"] == "00017"
    assert "00268 has an error: GL period closed" in found.warnings[0]
    assert "do not post it again" in found.warnings[0]


def test_warnings_are_kept():
    warning = "<WarningMessages><WarningDescription>Supplier on hold</WarningDescription></WarningMessages>"
    assert judged(POSTED.replace("</Item>", f"{warning}</Item>"), INVOICE).warnings == ["Supplier on hold"]


def test_a_set_up_answers_with_its_own_root_and_counts():
    text = (
        "<setupapsupplier><item><key><supplier>0000001</supplier></key></item><StatusOfItems><RecordsRead>1"
        "</RecordsRead><RecordsInvalid>0</RecordsInvalid></StatusOfItems></setupapsupplier>"
    )
    assert judged(text, SUPPLIER).key == {"supplier": "0000001"}
    assert refusal(text.replace("Invalid>0", "Invalid>1"), SUPPLIER).reason == "refused"


@pytest.mark.parametrize(
    ("told", "who", "reason", "relink"),
    [
        ("Invalid operator password", Who.FIX_CONFIGURATION, "invalid_client", True),
        ("Invalid operator", Who.FIX_CONFIGURATION, "invalid_client", True),
        ("Invalid company password", Who.FIX_CONFIGURATION, "invalid_client", True),
        ("Invalid company", Who.FIX_CONFIGURATION, "invalid_client", True),
        ("Operator is locked out", Who.FIX_CONFIGURATION, "inactive_user", True),
        ("No e.net licenses available", Who.RETRY_LATER, "rate_limited", False),
        ("Unable to read the SYSPRO base directory registry string BaseDir8", Who.RETRY_LATER, "lost_session", False),
        ("Something new", Who.OUR_BUG, "unexpected_error", False),
    ],
)  # fmt: skip
def test_each_failure_text_has_one_who_must_act(told, who, reason, relink):
    error = errors.of_text(told, "GET /Rest/Logon")
    assert (error.who, error.reason, error.relink) == (who, reason, relink)


@pytest.mark.parametrize(
    "body",
    [
        "ERROR: Größe falsch\n ".encode("cp1252"),
        json.dumps("ERROR: Größe falsch\n ", ensure_ascii=False).encode(),
        json.dumps("ERROR: Größe falsch\n ").encode(),
        '<string xmlns="http://schemas.microsoft.com/2003/10/Serialization/">error: Größe falsch\n </string>'.encode(),
    ],
)
def test_every_framing_says_the_same(body):
    assert failure_in(unwrapped(body)) == "Größe falsch"


def test_escaped_xml_in_a_string_element_is_the_reply_itself():
    body = b'<string xmlns="x">&lt;ApQuery&gt;&lt;Supplier/&gt;&lt;/ApQuery&gt;</string>'
    assert parsed(unwrapped(body)).tag == "ApQuery"


def test_a_reply_that_names_its_encoding_is_read():
    text = unwrapped("<?xml version='1.0' encoding='Windows-1252'?><a>é</a>\n ".encode("cp1252"))
    assert parsed(text).text == "é"


def test_a_quoted_text_that_does_not_end_is_unreadable():
    with pytest.raises(Unreadable, match="does not end"):
        unwrapped(b'"3EA6A9')
