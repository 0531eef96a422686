"""The commands for people who script: what they print, how they end, and what they say to do."""

import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from integrations import runs
from integrations.models import Connection, Heartbeat, Run
from portal.models import Tenant
from reconciliation.models import Customer
from tests.integrations.truth import differences
from tests.leaks import KeptLog, Search

pytestmark = pytest.mark.django_db(transaction=True)


def run(*arguments, ends=0):
    """What a command writes to standard output and error; it must end with that code."""
    out, err = io.StringIO(), io.StringIO()
    code = 0
    try:
        call_command(*arguments, stdout=out, stderr=err)
    except SystemExit as end:
        code = end.code
    assert code == ends, err.getvalue()
    return out.getvalue(), err.getvalue()


def answer(*arguments, ends=0):
    return json.loads(run(*arguments, "--json", ends=ends)[0])


@pytest.fixture
def options(sandbox):
    return [
        "--tenant-id=900001",
        "--client-id=cid.sandbox",
        "--client-secret=cs1.sandbox",
        "--app-key=ak1.sandbox",
        "--environment=custom",
        f"--api-url={sandbox.url}",
        f"--auth-url={sandbox.url}",
    ]


# --- onboard ---------------------------------------------------------------------------------------------------------


def test_onboard_makes_a_merchant_and_says_what_is_next(partner):
    said, _ = run("onboard", "hart", "--name=Hartwell", "--timezone=America/Denver", "--currency=USD")
    assert "manage.py connect hart" in said
    assert Tenant.objects.get(slug="hart").timezone == "America/Denver"


def test_onboard_twice_changes_nothing(partner):
    first = answer("onboard", "hart", "--name=Hartwell")
    second = answer("onboard", "hart", "--name=Hartwell")
    assert (first.pop("created"), second.pop("created")) == (True, False)
    assert first == second


@pytest.mark.parametrize(
    ("wrong", "words"),
    [("--timezone=Mars", "timezone"), ("--currency=Dollar", "currency"), ("--region=XX", "region")],
)
def test_onboard_refuses_an_impossible_detail_by_name(partner, wrong, words):
    with pytest.raises(CommandError, match=words):
        run("onboard", "hart", "--name=Hartwell", wrong)
    assert not Tenant.objects.filter(slug="hart").exists()


def test_onboard_asks_which_partner_where_there_are_several(partner, other_partner):
    with pytest.raises(CommandError, match="--partner"):
        run("onboard", "hart", "--name=Hartwell")


# --- connect ---------------------------------------------------------------------------------------------------------


def test_connect_lists_the_scopes_and_says_what_is_next(tenant, options):
    said, _ = run("connect", tenant.slug, "servicetitan", *options)
    assert "tn.crm.customers:r" in said
    assert "MISSING" not in said
    assert f"manage.py sync {tenant.slug}" in said


def test_connect_twice_is_one_connection(tenant, options):
    first = answer("connect", tenant.slug, "servicetitan", *options)
    assert answer("connect", tenant.slug, "servicetitan", *options) == first
    assert Connection.objects.count() == 1


def test_a_missing_scope_is_a_warning_that_tells_how_to_grant_it(tenant, sandbox, options):
    sandbox.control.grant([scope for scope in sandbox.access.app_scopes if scope != "tn.crm.leads:r"])
    said, warned = run("connect", tenant.slug, "servicetitan", *options)
    assert "MISSING" in said
    assert "lead switched off" in warned
    assert "Upgrade to New Version" in warned
    found = answer("connect", tenant.slug, "servicetitan", *options)
    assert [entry["scope"] for entry in found["missing"]] == ["tn.crm.leads:r"]
    assert found["switched_off"] == ["lead"]


def test_a_secret_can_come_from_standard_input(tenant, options, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("cs1.sandbox\n"))
    run("connect", tenant.slug, "servicetitan", *options, "--client-secret=-")
    assert Connection.objects.get().credentials.reveal()["client_secret"] == "cs1.sandbox"


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("--client-secret=cs1.wrong", "client secret"),
        ("--tenant-id=abc", "tenant_id"),
        ("--api-url=http://10.0.0.1:80", "CUSTOM_API_HOSTS"),
        ("--environment=moon", "environment"),
    ],
)
def test_connect_fails_in_words(tenant, options, more, words):
    with pytest.raises(CommandError, match=words):
        run("connect", tenant.slug, "servicetitan", *options, more)


def test_connect_without_a_merchant_says_how_to_make_one(partner, options):
    with pytest.raises(CommandError, match=r"manage\.py onboard nobody"):
        run("connect", "nobody", "servicetitan", *options)


# --- sync ------------------------------------------------------------------------------------------------------------


def test_sync_brings_everything_and_its_counts_add_up(connection, sandbox):
    found = answer("sync", connection.tenant.slug)
    assert found["ok"]
    for entity in found["entities"]:
        sums = (
            entity["created"] + entity["updated"] + entity["unchanged"] + entity["waiting"] + entity["failed"]
        )
        assert entity["read"] == sums
        assert entity["seconds"] >= 0
        assert entity["calls"] >= 1
    read = {entity["entity"]: entity["read"] for entity in found["entities"]}
    assert read["customer"] == 12
    assert "note" not in read
    assert differences(connection, sandbox.control, *read) == []


def test_sync_prints_a_table_with_a_total(connection):
    said, _ = run("sync", connection.tenant.slug, "--entity", "customer", "technician")
    lines = said.splitlines()
    columns = lines[0].split()
    assert columns[:2] == ["entity", "state"]
    assert {
        "pages",
        "calls",
        "read",
        "created",
        "updated",
        "unchanged",
        "waiting",
        "failed",
        "seconds",
    } <= set(columns)
    assert lines[-1].startswith("total")
    assert len(lines) == 5


def test_sync_full_reads_everything_again(connection):
    run("sync", connection.tenant.slug, "--entity", "customer")
    (found,) = answer("sync", connection.tenant.slug, "--entity", "customer", "--full")["entities"]
    assert (found["read"], found["unchanged"]) == (12, 12)


def test_sync_full_is_full_although_a_run_had_already_begun(connection):
    run("sync", connection.tenant.slug, "--entity", "customer")
    begun = runs.ask(connection.rules.get(entity="customer"), Run.Trigger.SCHEDULE)
    Run.objects.filter(pk=begun.pk).update(state="running", started_at=timezone.now())
    (found,) = answer("sync", connection.tenant.slug, "--entity", "customer", "--full")["entities"]
    assert found["read"] >= 12
    assert Run.objects.get(pk=found["run"]).full


def test_sync_ends_with_2_when_records_failed_and_says_where_to_look(connection, sandbox):
    sandbox.control.change("customers", sandbox.control.rows("customers")[0]["id"], balance="much")
    _, warned = run("sync", connection.tenant.slug, "--entity", "customer", ends=2)
    assert "1 record(s) failed" in warned


def test_sync_ends_with_1_when_a_run_fails_and_says_why_and_goes_on_with_the_rest(
    connection, sandbox, impatient
):
    sandbox.control.faults("server_error:1.0,path=/jobs")
    said, warned = run("sync", connection.tenant.slug, ends=1)
    assert "job: ServiceTitan has a problem of its own" in warned
    assert Customer.objects.count() == 12
    assert "Failed" in said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nobody"], "manage.py onboard nobody"),
        (["hartwell", "--connection", "salesforce"], "manage.py connect hartwell salesforce"),
        (["hartwell", "--entity", "unicorn"], "There is no rule for unicorn"),
        (["hartwell", "--entity", "note"], "Switch the sync rule on first"),
    ],
)
def test_sync_says_what_to_do_about_what_it_cannot_do(connection, arguments, words):
    with pytest.raises(CommandError, match=words):
        run("sync", *arguments)


def test_sync_of_a_connection_that_needs_a_new_link_says_so(connection):
    connection.status, connection.problem = "relink", "Ask the admin."
    connection.save()
    with pytest.raises(CommandError, match="linked again: Ask the admin"):
        run("sync", connection.tenant.slug)


# --- status ----------------------------------------------------------------------------------------------------------


def test_status_shows_every_merchant_and_one_merchants_rules(connection):
    run("sync", connection.tenant.slug, "--entity", "customer")
    said, _ = run("status")
    assert connection.tenant.slug in said
    assert "healthy" in said
    found = answer("status", connection.tenant.slug)
    rules = {rule["entity"]: rule for rule in found["tenants"][0]["connections"][0]["rules"]}
    assert (rules["customer"]["state"], rules["customer"]["records"]) == ("completed", 12)
    assert rules["note"]["state"] == "off: off unless wanted"


def test_status_ends_with_1_when_something_needs_a_person(connection, sandbox):
    sandbox.control.disable_app()
    run("sync", connection.tenant.slug, "--entity", "customer", ends=1)
    said, warned = run("status", ends=1)
    assert "relink" in said
    assert "API Application Access" in warned


def test_status_ends_with_1_when_no_worker_gives_a_sign_of_life(connection):
    Heartbeat.objects.create(name="tick", at=timezone.now() - timezone.timedelta(minutes=10))
    _, warned = run("status", ends=1)
    assert "manage.py worker" in warned


# --- Secrets ---------------------------------------------------------------------------------------------------------


def test_no_secret_shows_anywhere_after_connecting_syncing_and_failing(tenant, sandbox, options, impatient):
    search = Search(lambda person: None, tenant)
    secret, key = search.plant("client secret"), search.plant("app key")
    wrong = search.plant("wrong secret")
    sandbox.access.clients["cid.sandbox"].secrets = [secret]
    sandbox.access.app_key = key
    given = [*options, f"--client-secret={secret}", f"--app-key={key}"]
    with KeptLog() as log:
        said = "".join(run("connect", tenant.slug, "servicetitan", *given))
        said += "".join(run("sync", tenant.slug))
        search.planted["access token"] = next(iter(sandbox.access._tokens))
        sandbox.control.faults("server_error:0.5", "html_502:1.0")
        said += "".join(run("sync", tenant.slug, "--entity", "customer", ends=1))
        sandbox.control.faults()
        with pytest.raises(CommandError) as caught:
            run(
                "connect",
                tenant.slug,
                "servicetitan",
                *options,
                f"--client-secret={wrong}",
                f"--app-key={key}",
            )
        said += str(caught.value) + "".join(run("status", tenant.slug, ends=1))
    search.read("what commands said", said)
    search.read("log", log.getvalue())
    assert search.found() == []
