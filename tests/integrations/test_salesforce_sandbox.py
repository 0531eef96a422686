"""The connector against the sandbox: each way in, every object, batches and bulk jobs, the day's calls."""

from collections import Counter
from contextlib import ExitStack
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.urls import reverse
from django.utils import timezone

from integrations import connecting, disconnecting, linking, quota, runs, schedule, syncing
from integrations.calls import connector_for
from integrations.connectors.entity import Entity
from integrations.connectors.salesforce.own import declare
from integrations.models import CallBudget, Connection, Delivery, Disconnection, Run, SyncRule
from integrations.push import planning
from integrations.sandbox.salesforce import create_app, credentials
from integrations.sandbox.server import running
from reconciliation.adding import add
from reconciliation.entities import ENTITIES
from reconciliation.models import (
    CampaignMember,
    Case,
    Customer,
    Link,
    Opportunity,
    OpportunityRole,
    Person,
    ReferenceItem,
    Source,
    Task,
)
from tests.integrations.pushes import change, push, states, time_passes
from tests.integrations.test_salesforce_linking import work_it_off

pytestmark = pytest.mark.django_db(transaction=True)

KEY = "ServiceTitan_Id__c"


@pytest.fixture
def serve(settings):
    """`serve(**options)`: a sandbox with `url` and `control`, allowed by the settings."""
    with ExitStack() as stack:

        def start(**options):
            app = create_app(**{"accounts": 3, "seed": 5, **options})
            url = stack.enter_context(running(app))
            settings.CUSTOM_API_HOSTS = [*settings.CUSTOM_API_HOSTS, urlsplit(url).netloc]
            return SimpleNamespace(app=app, control=app.control, url=url)

        yield start


def connect(tenant, sandbox, settings, way="client_credentials", **more) -> Connection:
    known = credentials(sandbox.app)
    given = {"way": way, "client_id": known["client_id"], "client_secret": known["client_secret"], **more}
    return connecting.save_credentials(
        tenant,
        "salesforce",
        given,
        environment="custom",
        api_url=sandbox.url,
        allowed_hosts=settings.CUSTOM_API_HOSTS,
    )


@pytest.fixture
def sandbox(serve):
    return serve()


@pytest.fixture
def linked(tenant, sandbox, settings, impatient):
    """Connected by client credentials and read once; customers go both ways."""
    connection = connect(tenant, sandbox, settings)
    linking.test_and_start(connection, user=None)
    work_it_off()
    connection.rules.filter(entity="customer").update(direction=SyncRule.Direction.BOTH)
    connection.refresh_from_db()
    sandbox.control.reset()
    return connection


def calls(sandbox) -> int:
    return sandbox.control.stats()["calls"]


class TestWaysIn:
    def test_by_a_persons_log_in_with_everything_on_the_way(
        self, tenant, sandbox, settings, client_for, owner
    ):
        connection, browser = connect(tenant, sandbox, settings, way="log_in"), client_for(owner)
        page = browser.get(reverse("admin:integrations_connection_link", args=[connection.pk]))
        asked = requests.Request("GET", page.context["address"]).prepare()
        query = dict(requests.compat.urlparse(asked.url)._asdict())["query"]
        form = dict(pair.split("=", 1) for pair in query.split("&"))
        form = {name: requests.utils.unquote(value.replace("+", " ")) for name, value in form.items()}
        known = credentials(sandbox.app)
        agreed = requests.post(
            f"{sandbox.url}/services/oauth2/authorize",
            data={**form, "answer": "allow", "username": known["username"], "password": known["password"]},
            allow_redirects=False,
            timeout=10,
        )
        back = urlsplit(agreed.headers["Location"])
        browser.get(f"{back.path}?{back.query}")
        connection.refresh_from_db()
        assert (connection.status, connection.remote_account) == ("connected", known["org_id"])
        work_it_off()
        assert Customer.objects.count() == 3
        disconnecting.disconnect(connection, Disconnection.Mode.KEEP, name=tenant.name, user=owner)
        assert not sandbox.control.access.grants

    def test_by_a_certificate(self, tenant, serve, settings):
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()
        public = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        sandbox = serve(certificate=public)
        more = {"username": credentials(sandbox.app)["username"], "private_key": pem.replace("\n", " ")}
        connection = connect(tenant, sandbox, settings, way="certificate", **more)
        assert connecting.test(connection).check.account == "Hartwell Plumbing & Air (sandbox)"

    def test_wrong_client_credentials_say_what_to_compare(self, tenant, sandbox, settings):
        connection = connect(tenant, sandbox, settings, client_secret="another")
        with pytest.raises(connecting.ConnectingFailed, match="External Client App Manager"):
            connecting.test(connection)
        assert Connection.objects.get().status == "relink"

    def test_tokens_that_end_are_renewed_without_a_word(self, linked, sandbox):
        sandbox.control.advance(100_000)
        syncing.start(linked, user=None)
        work_it_off()
        assert set(Run.objects.values_list("state", flat=True)) == {"completed"}


class TestReading:
    def test_every_object_arrives_with_what_it_belongs_to(self, linked, sandbox):
        control = sandbox.control
        account = control.rows("Account")[0]
        person = control.add("Contact", {"LastName": "Rossi", "AccountId": account["Id"]})
        deal = control.add("Opportunity", {"Name": "Boiler", "StageName": "Closed Won", "Amount": 1999.99,
                                           "CloseDate": "2026-11-02", "AccountId": account["Id"]})  # fmt: skip
        control.add(
            "OpportunityContactRole",
            {"OpportunityId": deal["Id"], "ContactId": person["Id"], "Role": "Evaluator"},
        )
        case = control.add("Case", {"Subject": "Leak", "Priority": "High", "AccountId": account["Id"],
                                    "ContactId": person["Id"]})  # fmt: skip
        campaign = control.add("Campaign", {"Name": "Gold members"})
        control.add(
            "CampaignMember", {"CampaignId": campaign["Id"], "ContactId": person["Id"], "Status": "Sent"}
        )
        control.add("Task", {"Subject": "Call back", "WhoId": person["Id"], "WhatId": case["Id"]})
        syncing.start(linked, user=None)
        work_it_off()
        customer = Customer.objects.get(external_id=account["Id"])
        assert Person.objects.get(last_name="Rossi").customer == customer
        boiler = Opportunity.objects.get(name="Boiler")
        assert (boiler.customer, str(boiler.amount), boiler.is_won) == (customer, "1999.9900", True)
        assert OpportunityRole.objects.get(person__last_name="Rossi").opportunity == boiler
        leak = Case.objects.get(subject="Leak")
        assert (leak.priority, leak.customer) == ("High", customer)
        assert CampaignMember.objects.get(person__last_name="Rossi").campaign.name == "Gold members"
        assert Task.objects.get(subject="Call back").case == leak
        owners = ReferenceItem.objects.filter(kind="owner")
        assert owners.filter(name="Sam Rivera", active=True).exists()
        assert owners.filter(name="Fay Former", active=False).exists()
        assert not Run.objects.exclude(state="completed").exists()

    def test_a_merge_there_merges_the_customers_here(self, linked, sandbox):
        master, loser = sandbox.control.rows("Account")[:2]
        with connector_for(linked) as (connector, _):
            assert connector.read(connector.entities["customer"], loser["Id"])
        row = sandbox.control.org.store["Account"].rows[loser["Id"]]
        row.update(IsDeleted=True, MasterRecordId=master["Id"], SystemModstamp=sandbox.control.org.stamp())
        syncing.start(linked, user=None)
        work_it_off()
        gone = Customer.objects.get(external_id=loser["Id"])
        assert gone.merged_into == Customer.objects.get(external_id=master["Id"])

    def test_an_account_that_is_deleted_there_leaves_a_customer_alone_that_another_system_still_has(
        self, linked, sandbox, tenant
    ):
        alone, shared = Customer.objects.order_by("pk")[:2]
        other = Source.objects.create(tenant=tenant, system="servicetitan", name="ServiceTitan")
        now = timezone.now()
        Link.objects.create(source=other, entity="customer", external_id="7", record_id=shared.pk, state="live",
                            fingerprint=0, created_at=now, updated_at=now, base={}, payload={})  # fmt: skip
        for customer in (alone, shared):
            row = sandbox.control.org.store["Account"].rows[customer.external_id]
            row.update(IsDeleted=True, SystemModstamp=sandbox.control.org.stamp())
        syncing.start(linked, user=None)
        work_it_off()
        alone.refresh_from_db()
        shared.refresh_from_db()
        assert (alone.active, shared.active) == (False, True)

    def test_a_look_without_changes_costs_one_call_an_object(self, linked, sandbox):
        syncing.start(linked, user=None)
        work_it_off()
        assert calls(sandbox) == linked.rules.count()

    def test_any_object_can_be_described_and_read(self, linked):
        with connector_for(linked) as (connector, _):
            assert "ST_Invoice__c" in dict(connector.objects())
            bare = Entity(name="custom_record", scope="", feed="ST_Invoice__c", mapping=())
            entity = declare("custom_record", "ST_Invoice__c", connector.describe(bare))
            assert connector.feed_page(entity, None).rows == []
            fields = {field.path: field for field in connector.describe(connector.entities["opportunity"])}
        assert fields["StageName"].required
        assert ("Closed Won", "Closed Won") in fields["StageName"].choices
        assert fields["Amount"].type == "decimal"
        assert fields["Name"].length == 120
        assert fields[KEY].key


class TestWriting:
    def test_250_customers_are_two_calls(self, linked, sandbox, tenant):
        _made(tenant, 250)
        push(linked, "customer")
        assert Counter(states()) == {"done": 250}
        assert calls(sandbox) == 2
        assert len([row for row in sandbox.control.rows("Account") if row.get(KEY)]) == 250

    def test_what_salesforce_fills_in_by_itself_overwrites_nothing_here(self, linked, tenant):
        known = {"name": "Rosa Rossi", "kind": "Residential", "latitude": 37.41, "longitude": -79.14}
        rosa = add(ENTITIES["customer"], tenant.pk, known)
        push(linked, "customer")
        syncing.start(linked, user=None)
        work_it_off()
        rosa.refresh_from_db()
        assert {name: getattr(rosa, name) for name in known} == known
        assert set(states()) == {"done"}

    def test_locked_rows_wait_alone_and_all_arrive_once(self, linked, sandbox, tenant):
        sandbox.control.faults("locked_row:0.3")
        _made(tenant, 20)
        push(linked, "customer")
        assert "needs_person" not in states()
        sandbox.control.faults()
        time_passes()
        push(linked, "customer")
        assert Counter(states()) == {"done": 20}
        keys = [row[KEY] for row in sandbox.control.rows("Account") if row.get(KEY)]
        assert len(keys) == len(set(keys)) == 20

    def test_answers_that_are_lost_after_the_commit_make_nothing_twice(self, linked, sandbox, tenant):
        sandbox.control.faults("lost_reply:1.0")
        _made(tenant, 5)
        push(linked, "customer")
        assert set(states()) == {"unknown"}
        sandbox.control.faults()
        time_passes()
        push(linked, "customer")
        assert Counter(states()) == {"done": 5}
        keys = [row[KEY] for row in sandbox.control.rows("Account") if row.get(KEY)]
        assert len(keys) == len(set(keys)) == 5

    def test_thousands_go_as_a_job_whose_answers_are_told_apart(self, linked, sandbox, tenant, settings):
        settings.WRITE_IN_BULK_ABOVE = 20
        _made(tenant, 30)
        bad = add(ENTITIES["customer"], tenant.pk, {"name": "x" * 300})
        push(linked, "customer")
        assert set(states()) == {"sending"}
        time_passes()
        push(linked, "customer")
        assert Counter(states()) == {"done": 30, "needs_person": 1}
        refused = Delivery.objects.get(state="needs_person")
        assert (refused.record_id, refused.reason) == (bad.pk, "too_long")
        assert len([row for row in sandbox.control.rows("Account") if row.get(KEY)]) == 30

    def test_a_job_that_is_not_over_is_asked_again_later_and_edits_meanwhile_are_sent_after_it(
        self, linked, sandbox, tenant, settings
    ):
        settings.WRITE_IN_BULK_ABOVE = 3
        sandbox.control.slow_jobs(3600)
        customers = _made(tenant, 5)
        push(linked, "customer")
        time_passes()
        push(linked, "customer")
        assert set(states()) == {"sending"}
        change("customer", customers[0].pk, name="Edited meanwhile")
        sandbox.control.advance(7200)
        time_passes()
        push(linked, "customer")
        time_passes()
        push(linked, "customer")
        assert set(states()) == {"done"}
        names = Counter(row["Name"] for row in sandbox.control.rows("Account"))
        assert names["Edited meanwhile"] == 1


class TestRowsThatJoinTwoOthers:
    """Campaign members and parts in deals carry no id of ours: the same two joined are one row."""

    @pytest.fixture
    def member(self, linked, tenant):
        """Somebody in a campaign, all made here; what they belong to is in Salesforce already."""
        rules = linked.rules.filter(entity__in=["campaign", "person", "campaign_member"])
        rules.update(direction=SyncRule.Direction.BOTH)
        customer = _made(tenant, 1)[0]
        campaign = add(ENTITIES["campaign"], tenant.pk, {"name": "Gold members"})
        person = add(ENTITIES["person"], tenant.pk, {"last_name": "Rossi"}, {"customer": customer})
        push(linked, "campaign", "customer")
        time_passes()
        push(linked, "person")
        return add(
            ENTITIES["campaign_member"],
            tenant.pk,
            {"status": "Sent"},
            {"campaign": campaign, "person": person},
        )

    def ours(self, sandbox):
        return [
            row for row in sandbox.control.rows("CampaignMember") if row.get("ContactId") == _rossi(sandbox)
        ]

    def test_one_is_made_and_comes_back_as_itself(self, linked, sandbox, member):
        push(linked, "campaign_member")
        assert [row["Status"] for row in self.ours(sandbox)] == ["Sent"]
        syncing.start(linked, user=None)
        work_it_off()
        assert CampaignMember.objects.filter(person__last_name="Rossi").count() == 1

    def test_one_that_somebody_has_made_there_meanwhile_is_taken_for_it(self, linked, sandbox, member):
        campaign = next(row for row in sandbox.control.rows("Campaign") if row["Name"] == "Gold members")
        made = {"CampaignId": campaign["Id"], "ContactId": _rossi(sandbox), "Status": "Responded"}
        sandbox.control.add("CampaignMember", made)
        push(linked, "campaign_member")
        assert len(self.ours(sandbox)) == 1
        assert Delivery.objects.get(entity="campaign_member").state == "done"

    def test_one_whose_answer_was_lost_is_found_again(self, linked, sandbox, member):
        sandbox.control.faults("lost_reply:1.0,path=sobjects/CampaignMember,method=POST")
        push(linked, "campaign_member")
        assert Delivery.objects.get(entity="campaign_member").state == "unknown"
        sandbox.control.faults()
        time_passes()
        push(linked, "campaign_member")
        assert Delivery.objects.get(entity="campaign_member").state == "done"
        assert len(self.ours(sandbox)) == 1


class TestDryRun:
    def test_it_tells_what_would_be_written_and_writes_nothing(self, linked, sandbox, tenant):
        _made(tenant, 1)
        (planned,) = planning.plan(linked.rules.get(entity="customer"))
        assert (planned.plan.operation, planned.plan.body["Name"]) == ("create", "Customer 000")
        assert len(sandbox.control.rows("Account")) == 3


class TestTheDaysCalls:
    def test_they_are_known_after_a_call(self, linked):
        budget = CallBudget.objects.get(key=linked.budget_key)
        assert budget.day_allowed == 100_000
        assert 0 < budget.day_used < 100

    def test_with_three_quarters_gone_first_loads_wait_and_new_work_goes_on(self, linked, sandbox, tenant):
        _say_used(linked, sandbox, 80_000)
        linked.rules.filter(entity="task").update(synced_at=None, cursor={})
        runs.ask(linked.rules.get(entity="task"), Run.Trigger.PERSON)
        runs.ask(linked.rules.get(entity="customer"), Run.Trigger.PERSON)
        _made(tenant, 1)
        work_it_off()
        assert Run.objects.filter(rule__entity="task").first().state == "queued"
        assert Run.objects.filter(rule__entity="customer").first().state == "completed"
        assert states() == ["done"]

    def test_with_three_quarters_gone_what_failed_before_waits(self, linked, sandbox, tenant):
        sandbox.control.faults("locked_row:1.0")
        _made(tenant, 1)
        push(linked, "customer")
        sandbox.control.faults()
        time_passes()
        _say_used(linked, sandbox, 80_000)
        assert push(linked, "customer") == 0
        assert schedule.next_turn() is None, "what waits must not keep workers busy"
        _say_used(linked, sandbox, 10_000)
        assert push(linked, "customer") == 1
        assert states() == ["done"]

    def test_an_allowance_that_is_gone_pauses_the_writes_and_blames_nobody(self, linked, sandbox, tenant):
        sandbox.control.faults("request_limit:1.0")
        _made(tenant, 3)
        push(linked, "customer")
        assert set(Delivery.objects.values_list("state", "reason", "who", "silences")) == {
            ("owed", "daily_limit", "retry_later", 0)
        }

    def test_the_home_page_and_the_connections_page_show_them(self, linked, sandbox, client_for, owner):
        _say_used(linked, sandbox, 80_000)
        page = client_for(owner).get(reverse("admin:integrations_connection_change", args=[linked.pk]))
        assert "80,000 of 100,000" in page.content.decode()
        assert "80,000" in client_for(owner).get(reverse("admin:index")).content.decode()


def _made(tenant, count):
    return [add(ENTITIES["customer"], tenant.pk, {"name": f"Customer {n:03d}"}) for n in range(count)]


def _rossi(sandbox):
    return next(row["Id"] for row in sandbox.control.rows("Contact") if row["LastName"] == "Rossi")


def _say_used(connection, sandbox, used):
    sandbox.control.allow_calls(100_000, used)
    CallBudget.objects.filter(key=connection.budget_key).update(day_used=used, day_at=timezone.now())
    assert quota.is_short(connection.budget_key, timezone.now()) == (used >= 75_000)
