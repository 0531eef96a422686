"""Connecting Salesforce by its own log-in: there, back, linked, and the first sync at once."""

import base64
import hashlib
from urllib.parse import parse_qs, urlsplit

import pytest
import responses
from django.core.exceptions import ValidationError
from django.urls import reverse

from integrations import connecting, disconnecting, runs, schedule, syncing
from integrations.calls import connector_for
from integrations.connectors.errors import RemoteError
from integrations.models import AccessToken, Connection, Disconnection, Run
from integrations.work import take_turn
from portal.models import AuditEntry
from reconciliation.models import Customer, Link, Opportunity, Person
from tests.salesforce_org import ORG_ID, Org, an_id, stamp

pytestmark = pytest.mark.django_db(transaction=True)

LINKED = "/admin/integrations/connection/linked/"


@pytest.fixture(autouse=True)
def portals_own_app(settings):
    settings.CONNECTOR_APPS = {"salesforce": {"client_id": "portal-key", "client_secret": "portal-secret"}}
    settings.LINK_CALLBACK_URL = ""


@pytest.fixture
def org():
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield Org(mock)


@pytest.fixture
def connection(tenant):
    return connecting.save_credentials(
        tenant, "salesforce", {"way": "log_in"}, environment="production", allowed_hosts=[]
    )


def leave(browser, connection):
    """Press Connect; the query of the log-in page that one is taken to."""
    page = browser.get(reverse("admin:integrations_connection_link", args=[connection.pk]))
    address = page.context["address"]
    assert f'href="{address.replace("&", "&amp;")}"' in page.content.decode()
    assert address.startswith("https://login.salesforce.com/services/oauth2/authorize?")
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def link(browser, connection):
    asked = leave(browser, connection)
    return browser.get(LINKED, {"code": "aPrx==", "state": asked["state"]}, follow=True)


def work_it_off():
    while (turn := schedule.next_turn()) is not None:
        take_turn(turn.lease, seconds=30)


def said(page):
    return " ".join(str(message) for message in page.context["messages"])


class TestTheWayThere:
    def test_the_log_in_page_is_asked_with_pkce_a_state_and_our_callback(self, client_for, owner, connection):
        asked = leave(client_for(owner), connection)
        assert asked["client_id"] == "portal-key"
        assert asked["code_challenge_method"] == "S256"
        assert len(asked["code_challenge"]) == 43
        assert len(asked["state"]) >= 20
        assert asked["redirect_uri"] == f"http://testserver{LINKED}"
        assert set(asked["scope"].split()) == {"api", "refresh_token", "id"}

    def test_the_callback_is_what_the_settings_say(self, client_for, owner, connection, settings):
        settings.LINK_CALLBACK_URL = "https://portal.example/linked/"
        assert leave(client_for(owner), connection)["redirect_uri"] == "https://portal.example/linked/"

    def test_without_any_app_its_key_is_asked_for(self, tenant, settings):
        settings.CONNECTOR_APPS = {}
        with pytest.raises(ValidationError) as caught:
            connecting.save_credentials(
                tenant, "salesforce", {"way": "log_in"}, environment="production", allowed_hosts=[]
            )
        assert {"client_id", "client_secret"} == set(caught.value.message_dict)

    def test_the_portals_own_app_is_not_copied_into_the_connection(self, connection):
        assert "client_secret" not in connection.credentials.reveal()


class TestTheWayBack:
    def test_a_state_that_this_session_never_sent_is_refused(self, client_for, owner, connection, org):
        page = client_for(owner).get(LINKED, {"code": "aPrx==", "state": "guessed"}, follow=True)
        assert "did not begin here" in said(page)
        assert not org.asked

    def test_a_state_of_somebody_elses_session_is_refused(
        self, client_for, owner, platform_admin, connection, org
    ):
        asked = leave(client_for(owner), connection)
        client_for(platform_admin).get(LINKED, {"code": "aPrx==", "state": asked["state"]})
        assert not org.asked

    def test_a_state_is_taken_once(self, client_for, owner, connection, org):
        browser = client_for(owner)
        asked = leave(browser, connection)
        browser.get(LINKED, {"code": "aPrx==", "state": asked["state"]})
        count = len(org.asked)
        assert "used already" in said(
            browser.get(LINKED, {"code": "x", "state": asked["state"]}, follow=True)
        )
        assert len(org.asked) == count

    def test_whoever_declines_reads_so_and_nothing_is_asked(self, client_for, owner, connection, org):
        browser = client_for(owner)
        asked = leave(browser, connection)
        denied = {"error": "access_denied", "error_description": "end-user denied authorization"}
        page = browser.get(LINKED, {**denied, "state": asked["state"]}, follow=True)
        assert "end-user denied authorization" in said(page)
        assert not org.asked

    def test_the_code_is_exchanged_with_the_verifier_of_its_challenge(
        self, client_for, owner, connection, org
    ):
        browser = client_for(owner)
        asked = leave(browser, connection)
        browser.get(LINKED, {"code": "aPrx==", "state": asked["state"]})
        form = parse_qs(org.calls("oauth2/token")[0][2])
        made = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"][0].encode()).digest())
        assert made.rstrip(b"=").decode() == asked["code_challenge"]
        assert form["code"] == ["aPrx=="]
        assert form["redirect_uri"] == [asked["redirect_uri"]]

    def test_it_is_connected_its_rows_arrive_and_nobody_pressed_sync(
        self, client_for, owner, connection, org
    ):
        org.account(1, "Rossi Heating", BillingCity="Austin")
        org.add("Contact", an_id("003", 1), FirstName="Mia", LastName="Rossi", AccountId=an_id("001", 1))
        page = link(client_for(owner), connection)
        assert "Connected" in said(page)
        connection.refresh_from_db()
        assert (connection.status, connection.remote_account) == (Connection.Status.CONNECTED, ORG_ID)
        work_it_off()
        assert Customer.objects.get().city == "Austin"
        assert Person.objects.get().customer == Customer.objects.get()
        assert not Run.objects.exclude(state=Run.State.COMPLETED).exists()
        assert AuditEntry.objects.filter(action="connection.linked").exists()

    def test_the_grant_is_kept_encrypted_and_no_page_shows_it(self, client_for, owner, connection, org):
        link(client_for(owner), connection)
        row = AccessToken.objects.get(connection=connection)
        assert row.grant.reveal() == "grant-1"
        assert row.address == "https://acme.my.salesforce.com"
        page = client_for(owner).get(reverse("admin:integrations_connection_change", args=[connection.pk]))
        assert "grant-1" not in page.content.decode()

    def test_a_refused_code_leaves_it_unconnected_with_the_reason(self, client_for, owner, connection, org):
        org.grant_error = {"error": "redirect_uri_mismatch", "error_description": "redirect_uri must match"}
        page = link(client_for(owner), connection)
        assert "callback address" in said(page)
        connection.refresh_from_db()
        assert connection.status == Connection.Status.RELINK

    def test_a_colleague_who_may_not_configure_may_not_link(self, client_for, colleague, connection):
        browser = client_for(colleague)
        page = browser.get(reverse("admin:integrations_connection_link", args=[connection.pk]))
        assert page.status_code == 403
        assert browser.get(LINKED).status_code == 403


@pytest.fixture
def linked(client_for, owner, connection, org):
    link(client_for(owner), connection)
    work_it_off()
    connection.refresh_from_db()
    return connection


class TestWhatComesAfter:
    def test_a_dead_grant_makes_it_need_a_new_link_and_says_where_to_click(
        self, client_for, owner, linked, org
    ):
        org.tokens.append("revoked all others")
        org.grant_error = {"error": "invalid_grant", "error_description": "expired access/refresh token"}
        rule = linked.rules.get(entity="customer")
        runs.ask(rule, Run.Trigger.PERSON)
        work_it_off()
        linked.refresh_from_db()
        assert linked.status == Connection.Status.RELINK
        home = client_for(owner).get("/admin/").content.decode()
        assert "press “Connect with Salesforce”" in home
        page = client_for(owner).get(reverse("admin:integrations_connection_test", args=[linked.pk]))
        assert reverse("admin:integrations_connection_link", args=[linked.pk]) in page.content.decode()

    def test_a_grant_that_is_replaced_is_the_one_that_is_used_next(self, linked, org):
        org.rotates = True
        for _ in range(2):
            org.tokens.append("others end ours")
            with connector_for(linked) as (connector, _):
                connector.fetch(connector.entities["customer"], [an_id("001", 1)])
        assert AccessToken.objects.get(connection=linked).grant.reveal() == "grant-1++"

    def test_disconnecting_ends_the_grant_there(self, owner, linked, org):
        disconnecting.disconnect(linked, Disconnection.Mode.KEEP, name=linked.tenant.name, user=owner)
        assert org.revoked == ["grant-1"]
        assert not AccessToken.objects.filter(connection=linked).exists()

    def test_a_salesforce_that_does_not_answer_keeps_no_connection_alive(self, owner, linked, org):
        for _ in range(2):
            org.refuse("oauth2/revoke", 503, "<html>")
        ended = disconnecting.disconnect(linked, Disconnection.Mode.KEEP, name=linked.tenant.name, user=owner)
        assert "was not told" in ended.not_told
        linked.refresh_from_db()
        assert linked.status == Connection.Status.DISCONNECTED

    def test_changes_deletions_and_deals_arrive_with_the_next_look(self, linked, org):
        row = org.account(1, "Rossi Heating", minutes=1)
        org.add("Opportunity", an_id("006", 1), 1, Name="Boiler", StageName="Closed Won", Amount=1999.5,
                CloseDate="2026-11-02", IsClosed=True, IsWon=True, AccountId=row["Id"])  # fmt: skip
        syncing.start(linked, user=None)
        work_it_off()
        deal = Opportunity.objects.get()
        assert (deal.customer.name, str(deal.amount), deal.closes_on, deal.is_won) == (
            "Rossi Heating", "1999.5000", "2026-11-02", True,
        )  # fmt: skip
        row.update(Name="Rossi & Sons", SystemModstamp=stamp(30))
        syncing.start(linked, user=None)
        work_it_off()
        assert Customer.objects.get().name == "Rossi & Sons"
        row.update(IsDeleted=True, SystemModstamp=stamp(60))
        syncing.start(linked, user=None)
        work_it_off()
        assert not Customer.objects.get().active
        assert Link.objects.filter(entity="customer").count() == 1

    def test_a_missing_external_id_field_is_said_with_the_steps_and_reading_goes_on(self, linked, org):
        org.fields["Account"].remove("ServiceTitan_Id__c")
        tested = connecting.test(linked)
        (missing,) = tested.check.missing
        assert missing.scope == "Account.ServiceTitan_Id__c"
        assert "Object Manager" in missing.how
        assert linked.rules.get(entity="customer").enabled

    def test_an_object_that_is_hidden_switches_its_rule_off_and_nothing_else(self, linked, org):
        del org.fields["Case"]
        connecting.test(linked)
        assert list(linked.rules.filter(enabled=False).values_list("entity", flat=True)) == ["case"]

    def test_a_token_endpoint_that_is_down_is_waited_for_and_needs_no_new_link(self, linked, org, impatient):
        org.tokens.append("gone")
        for _ in range(20):
            org.refuse("oauth2/token", 503, "<html>maintenance</html>")
        with pytest.raises(RemoteError) as caught, connector_for(linked) as (connector, _):
            connector.fetch(connector.entities["customer"], [an_id("001", 1)])
        assert not caught.value.relink
