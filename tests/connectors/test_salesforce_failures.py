"""What goes wrong at Salesforce, classed by who must act, in words, and without a secret."""

import json

import pytest

from integrations.connectors.base import Writing
from integrations.connectors.errors import Who
from integrations.connectors.hosts import AddressRefused
from integrations.connectors.salesforce import describing
from integrations.connectors.salesforce.bulk import as_csv
from integrations.connectors.salesforce.errors import classify, of_cell, of_row
from integrations.connectors.salesforce.hosts import instance, log_in_origin, my_domain
from integrations.connectors.salesforce.refusals import classify as refused
from integrations.connectors.salesforce.spec import SALESFORCE
from integrations.connectors.spec import Addresses
from integrations.connectors.transport import Call, Reply
from tests.salesforce_org import KEY, describe_field

READ, WRITE = Call("GET", "https://x/y", repeatable=True), Call("POST", "https://x/y")


def reply(status, body):
    return Reply(status, {}, body if isinstance(body, bytes) else json.dumps(body).encode())


def of(status, code, message="it says so", **more):
    return classify(READ, reply(status, [{"errorCode": code, "message": message, **more}]))


@pytest.mark.parametrize(
    ("status", "code", "who", "reason"),
    [
        (401, "INVALID_SESSION_ID", Who.FIX_CONFIGURATION, "unauthorized"),
        (403, "REQUEST_LIMIT_EXCEEDED", Who.RETRY_LATER, "daily_limit"),
        (403, "API_DISABLED_FOR_ORG", Who.FIX_CONFIGURATION, "api_disabled"),
        (403, "INSUFFICIENT_ACCESS_OR_READONLY", Who.FIX_CONFIGURATION, "forbidden"),
        (400, "UNABLE_TO_LOCK_ROW", Who.RETRY_LATER, "row_locked"),
        (400, "DUPLICATES_DETECTED", Who.FIX_RECORD, "duplicates"),
        (400, "FIELD_CUSTOM_VALIDATION_EXCEPTION", Who.FIX_RECORD, "validation_rule"),
        (400, "REQUIRED_FIELD_MISSING", Who.FIX_RECORD, "required_missing"),
        (400, "STRING_TOO_LONG", Who.FIX_RECORD, "too_long"),
        (400, "INVALID_EMAIL_ADDRESS", Who.FIX_RECORD, "invalid_email"),
        (400, "INVALID_FIELD", Who.FIX_CONFIGURATION, "invalid_field"),
        (400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", Who.FIX_CONFIGURATION, "automation"),
        (404, "NOT_FOUND", Who.FIX_RECORD, "not_found"),
        (500, "UNKNOWN_EXCEPTION", Who.RETRY_LATER, "server_error"),
        (503, "SERVER_UNAVAILABLE", Who.RETRY_LATER, "server_error"),
        (400, "SOMETHING_NEW", Who.OUR_BUG, "unexpected_error"),
    ],
)
def test_each_error_has_one_who_must_act(status, code, who, reason):
    error = of(status, code)
    assert (error.who, error.reason) == (who, reason)
    assert error.message.endswith((".", ")"))


def test_too_many_long_calls_are_waited_for_in_seconds_and_a_day_that_is_used_up_in_minutes():
    busy = of(403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests (Concurrent API Requests) Limit exceeded.")
    assert (busy.reason, busy.retry_after) == ("rate_limited", None)
    assert of(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.").retry_after == 1800


def test_a_page_of_html_is_a_server_in_trouble_and_a_write_behind_it_is_unknown():
    page = reply(503, b"<html>maintenance</html>")
    assert classify(READ, page).unknown is False
    assert classify(WRITE, page).unknown is True


def test_a_redirect_is_not_followed_and_says_why():
    assert classify(READ, reply(302, b"")).reason == "redirected"


def test_a_duplicate_rule_names_the_record_that_it_found():
    match = {"matchResults": [{"matchRecords": [{"record": {"Id": "003000000000001AAA"}}]}]}
    error = of(400, "DUPLICATES_DETECTED", "Use one of these records?", duplicateResult=match)
    assert "Use one of these records?" in error.message
    assert "003000000000001AAA" in error.details


def test_a_missing_field_is_named():
    error = of_row({"statusCode": "REQUIRED_FIELD_MISSING", "message": "m", "fields": ["LastName"]}, "PATCH")
    assert "needs LastName" in error.message


def test_a_bulk_cell_says_the_same_as_a_row():
    error = of_cell("REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --", "bulk")
    assert (error.who, error.reason) == (Who.FIX_RECORD, "required_missing")
    assert "needs LastName" in error.message
    assert of_cell("nonsense", "bulk").who is Who.OUR_BUG


@pytest.mark.parametrize(
    ("status", "word", "told", "who", "says"),
    [
        (
            400,
            "invalid_grant",
            "expired access/refresh token",
            Who.FIX_CONFIGURATION,
            "Connect with Salesforce",
        ),
        (400, "invalid_grant", "no client credentials user enabled", Who.FIX_CONFIGURATION, "run as"),
        (400, "invalid_grant", "request not supported on this domain", Who.FIX_CONFIGURATION, "My Domain"),
        (400, "invalid_client_id", "client identifier invalid", Who.FIX_CONFIGURATION, "ten minutes"),
        (400, "redirect_uri_mismatch", "", Who.FIX_CONFIGURATION, "callback address"),
        (400, "rate_limit_exceeded", "", Who.RETRY_LATER, "tries again"),
        (503, "", "", Who.RETRY_LATER, "tries again"),
        (400, "something_new", "", Who.OUR_BUG, "support"),
    ],
)
def test_a_refused_token_says_what_to_do(status, word, told, who, says):
    error = refused(
        Call("POST", "https://x/token"), reply(status, {"error": word, "error_description": told})
    )
    assert error.who is who
    assert says in error.message
    assert error.relink == (who is Who.FIX_CONFIGURATION)


class TestAddresses:
    HERE = Addresses("production")

    @pytest.mark.parametrize(
        "url",
        [
            "https://acme.my.salesforce.com",
            "https://acme--uat.sandbox.my.salesforce.com",
            "https://na1.salesforce.com",
        ],
    )
    def test_an_instance_of_salesforces_own_may_be_called(self, url):
        assert instance(url, self.HERE) == url

    @pytest.mark.parametrize(
        "url",
        ["http://acme.my.salesforce.com", "https://salesforce.com.evil.example", "https://evilsalesforce.com",
         "https://127.0.0.1", "https://acme.my.salesforce.com:8443", "https://x@evil.example/.salesforce.com"],
    )  # fmt: skip
    def test_no_other_may(self, url):
        with pytest.raises(AddressRefused):
            instance(url, self.HERE)

    def test_a_custom_environment_keeps_to_the_operators_list(self):
        here = Addresses("custom", "http://localhost:9", allowed_hosts=("localhost:9",))
        assert instance("http://localhost:9", here) == "http://localhost:9"
        with pytest.raises(AddressRefused):
            instance("http://localhost:10", here)

    def test_the_orgs_own_domain_is_where_one_logs_in(self):
        assert (
            log_in_origin({"my_domain": "acme.my.salesforce.com"}, self.HERE)
            == "https://acme.my.salesforce.com"
        )
        assert log_in_origin({}, Addresses("test")) == "https://test.salesforce.com"

    @pytest.mark.parametrize(
        "text", ["acme", "acme.my.salesforce.com.evil.example", "10.0.0.1", "a/b.my.salesforce.com"]
    )
    def test_what_is_no_domain_of_an_org_is_refused(self, text):
        with pytest.raises(ValueError, match=r"acme\.my\.salesforce\.com"):
            my_domain(text)


class TestCredentials:
    def test_each_way_in_wants_its_own(self):
        for way, missing in (
            ("log_in", {"client_id", "client_secret"}),
            ("client_credentials", {"client_id", "client_secret"}),
            ("certificate", {"client_id", "username", "private_key"}),
        ):
            assert set(SALESFORCE.clean({"way": way})[1]) == missing

    def test_a_key_that_lost_its_line_breaks_in_a_form_gets_them_back(self):
        text = "-----BEGIN PRIVATE KEY-----" + " QUJD" * 40 + " -----END PRIVATE KEY-----"
        values, wrong = SALESFORCE.clean(
            {"way": "certificate", "client_id": "k", "username": "u", "private_key": text}
        )
        assert not wrong
        lines = values["private_key"].splitlines()
        assert lines[0] == "-----BEGIN PRIVATE KEY-----"
        assert {len(line) for line in lines[1:-2]} == {64}

    @pytest.mark.parametrize(
        ("name", "text"), [("api_version", "45.0"), ("external_id_field", "Id"), ("api_version", "x")]
    )
    def test_what_cannot_be_right_is_refused(self, name, text):
        assert name in SALESFORCE.clean({"client_id": "k", "client_secret": "s", name: text})[1]


class TestTheExternalIdField:
    def facts(self, **more):
        fields = [describe_field("Name"), describe_field(KEY, **more)]
        return describing.facts_of({"name": "Account", "label": "Account", "fields": fields})

    def test_a_text_that_is_unique_and_an_external_id_will_do(self):
        assert describing.problems_with_key(self.facts(), KEY) == ""

    @pytest.mark.parametrize(
        ("more", "says"),
        [({"externalId": False}, "tick External ID"), ({"unique": False}, "tick Unique"),
         ({"length": 10}, "80 characters"), ({"type": "double"}, "type Text"), ({"updateable": False}, "edit access")],
    )  # fmt: skip
    def test_what_is_wrong_with_it_is_said_with_the_way_to_mend_it(self, more, says):
        problem = describing.problems_with_key(self.facts(**more), KEY)
        assert says in problem
        assert "Object Manager" in problem

    def test_that_it_is_missing_is_said_with_how_to_make_it(self):
        assert "New: type Text, length 80" in describing.problems_with_key(self.facts(), "Other__c")


def test_a_csv_tells_null_from_untouched_and_keeps_commas_quotes_and_line_breaks():
    rows = [
        Writing({"Name": 'Rossi, "Sons"\n2', "Phone": None}, key="1-1"),
        Writing({"Active": True}, key="1-2"),
    ]
    assert as_csv(rows, KEY) == f'{KEY},Active,Name,Phone\n1-1,,"Rossi, ""Sons""\n2",#N/A\n1-2,true,,\n'
