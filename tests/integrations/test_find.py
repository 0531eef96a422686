"""One search: whatever a person pastes leads to the record, and says where it stands in every connected system."""

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations.connecting import ensure_rules
from integrations.models import Connection, Delivery, Run, RunFailure
from reconciliation.models import Conflict, Customer, Link, Source
from tests.integrations.pages import at, words
from tests.reconciliation import shop

pytestmark = pytest.mark.django_db


def connect(tenant, system="servicetitan", status=Connection.Status.CONNECTED):
    source = Source.objects.create(tenant=tenant, system=system, name="ServiceTitan")
    found = Connection.objects.create(tenant=tenant, system=system, source=source, status=status)
    ensure_rules(found)
    return found


def link(connection, entity, external_id, record=None, **values):
    now = timezone.now()
    values = {"state": Link.State.LIVE, **values}
    return Link.objects.create(
        source=connection.source, entity=entity, external_id=external_id, record_id=record and record.pk,
        fingerprint=1, created_at=now, updated_at=now, base={}, payload={}, **values,
    )  # fmt: skip


@pytest.fixture
def titan(tenant):
    return connect(tenant)


@pytest.fixture
def ana(tenant, titan):
    """Ana, linked, reached by phone and e-mail, with a job."""
    ana = shop.customer(tenant, "Ana Núñez", street="1420 Maple Ave", city="Austin")
    shop.contact(ana, "(512) 555-0143", e164="+15125550143")
    shop.contact(ana, "ana@example.com", "email")
    link(titan, "customer", "4242", ana)
    return ana


@pytest.fixture
def browser(colleague, client_for):
    return client_for(colleague)


def search(browser, text, **more):
    return browser.get(at("connection_find"), {"q": text, **more})


def page_of(record):
    name = record._meta.model_name
    return f"/admin/reconciliation/{name}/{record.pk}/change/"


@pytest.mark.parametrize("text", ["", "   ", "\x00", "zebra", "%", "' OR 1=1 --", "99999", "x" * 500, "🦓"])
def test_what_means_nothing_finds_nothing_and_says_what_to_do(ana, browser, text):
    reply = search(browser, text)
    assert reply.status_code == 200
    assert "Nothing was found" in words(reply) or "Paste an id" in words(reply)


def test_another_merchants_records_are_not_found_by_anything(browser, titan, other_tenant):
    theirs = connect(other_tenant)
    secret = shop.customer(other_tenant, "Secret Sam")
    shop.contact(secret, "(512) 555-0199", e164="+15125550199")
    link(theirs, "customer", "777", secret)
    rule = theirs.rules.get(entity="customer")
    run = Run.objects.create(rule=rule)
    RunFailure.objects.create(
        rule=rule, run=run, external_id="778", reason="mapping", message="Secret", created_at=timezone.now()
    )
    for text in ("777", "778", "Secret Sam", "5125550199"):
        assert "Nothing was found" in words(search(browser, text)), text


@pytest.mark.parametrize(
    "text", ["4242", "#4242", "512-555-0143", "+1 512 555 0143", "ANA@example.com", "ana nunez"]
)
def test_a_text_that_means_one_record_opens_it(ana, browser, text):
    assert search(browser, text).headers["Location"] == page_of(ana)


def test_a_job_number_opens_the_job_and_not_its_customer(ana, tenant, browser):
    job = shop.job(tenant, ana, number="J-1001")
    assert search(browser, "J-1001").headers["Location"] == page_of(job)


def test_a_number_of_a_job_and_an_invoice_shows_both_by_entity(ana, tenant, browser):
    shop.job(tenant, ana, number="5001")
    shop.invoice(tenant, ana, number="5001")
    reply = search(browser, "5001")
    assert [group["label"] for group in reply.context["groups"]] == ["jobs", "invoices"]


def test_each_hit_says_where_it_stands_and_when_it_was_pulled(ana, titan, browser):
    rule = titan.rules.get(entity="customer")
    run = Run.objects.create(rule=rule, state=Run.State.COMPLETED)
    rule.synced_at = timezone.now()
    rule.save()
    Conflict.objects.create(
        tenant=titan.tenant, link=Link.objects.get(external_id="4242"), entity="customer", record_id=ana.pk,
        field="name", policy="ask", created_at=timezone.now(),
    )  # fmt: skip
    text = words(search(browser, "4242", all=1))
    for said in ("ServiceTitan 4242 in step", "last pull now", f"run {run.pk}", "1 conflict pending"):
        assert said in text, said


def test_a_record_that_a_system_does_not_know_says_so(titan, tenant, browser):
    shop.customer(tenant, "Nobody There")
    assert "ServiceTitan not there" in words(search(browser, "Nobody There", all=1))


def test_a_row_that_waits_says_for_what_and_why(titan, browser):
    link(titan, "job", "9001", state=Link.State.WAITING, waiting_for_entity="location", waiting_for_id="55")
    text = words(search(browser, "9001"))
    assert "Waits for location 55" in text and "has not come from ServiceTitan yet" in text


def test_a_row_that_failed_says_why_and_leads_to_its_failure(titan, browser):
    rule = titan.rules.get(entity="invoice")
    run = Run.objects.create(rule=rule)
    failure = RunFailure.objects.create(
        rule=rule,
        run=run,
        external_id="31",
        reason="mapping",
        message="Total is no amount",
        created_at=timezone.now(),
    )
    reply = search(browser, "31")
    assert "Failed: Total is no amount" in words(reply)
    assert at("runfailure_change", failure.pk) in reply.content.decode()


def test_a_record_of_a_disconnected_system_is_said_to_be_no_longer_synced(ana, titan, browser):
    Connection.objects.update(status=Connection.Status.DISCONNECTED)
    Link.objects.update(state=Link.State.FROZEN)
    assert "No longer synced: ServiceTitan was disconnected" in words(search(browser, "4242", all=1))


def test_the_box_stands_on_every_page_and_keeps_the_text(ana, browser):
    for address in ("/admin/", at("connection_changelist"), at("connection_find")):
        assert 'id="find-everywhere"' in browser.get(address).content.decode(), address
    assert 'value="zebra"' in search(browser, "zebra").content.decode()


def test_the_box_does_not_stand_where_nobody_is_logged_in(client, db):
    assert 'id="find-everywhere"' not in client.get("/admin/login/").content.decode()


def queries(browser, text):
    with CaptureQueriesContext(database) as seen:
        assert search(browser, text, all=1).status_code == 200
    return len(seen)


def test_many_hits_cost_no_more_queries_than_one(titan, tenant, browser):
    for number in range(9):
        link(titan, "customer", str(number), shop.customer(tenant, "Same Name"))
    search(browser, "warm up")
    one = queries(browser, "3")
    many = queries(browser, "same name")
    assert len(search(browser, "same name").context["groups"][0]["hits"]) == 9
    assert max(one, many) <= 24
    assert many <= one


def test_more_than_are_shown_lead_to_the_whole_list(titan, tenant, browser):
    for _ in range(12):
        shop.customer(tenant, "Same Name")
    reply = search(browser, "same name")
    assert len(reply.context["groups"][0]["hits"]) == 10
    assert "All customers that match" in words(reply)
    assert Customer.objects.count() == 12


def test_a_write_that_needs_a_person_says_so_with_its_reason(ana, titan, browser):
    Delivery.objects.create(
        connection=titan, rule=titan.rules.get(entity="customer"), entity="customer", record_id=ana.pk,
        state=Delivery.State.NEEDS_PERSON, message="The name is too long.", created_at=timezone.now(),
    )  # fmt: skip
    text = words(search(browser, "4242", all=1))
    assert "A write to it needs a person: The name is too long." in text
    assert "last push needs a person now" in text
