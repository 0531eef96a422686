"""Booking a job by hand: who may, whom it is for, when there is time, and what the job's page then tells."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from integrations.models import Delivery
from portal.models import AuditEntry
from reconciliation.models import Contact, Customer, Job, Link, Location, ReferenceItem
from tests.integrations.bookings import HOME
from tests.integrations.pages import words
from tests.integrations.pushes import push, time_passes
from tests.integrations.syncs import bad, sync_all, sync_work
from tests.reconciliation import shop

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("impatient")]
BOOK = "admin:integrations_connection_book"


@pytest.fixture
def synced(connection):
    assert bad(sync_work(connection)) == {}
    return connection


@pytest.fixture
def lists(tenant):
    for kind in ("job_type", "business_unit", "campaign"):
        shop.item(tenant, kind, name=f"A {kind}")


def address(**query) -> str:
    return reverse(BOOK, query=query)


def workday(tenant) -> str:
    day = datetime.now(UTC).astimezone(tenant.zone).date() + timedelta(days=2)
    return str(day + timedelta(days=1) if day.weekday() == 6 else day)


def filled(browser, tenant, page: str, **changed) -> dict:
    """The form of a page with what an agent fills in."""
    key = re.search(r'name="key" value="([^"]+)"', browser.get(page).content.decode())[1]
    chosen = {
        kind: ReferenceItem.objects.filter(tenant=tenant, kind=kind, active=True).order_by("pk")[0].pk
        for kind in ("job_type", "business_unit", "campaign")
    }
    return {
        "key": key, "place": "new", **HOME, **chosen, "priority": "High", "summary": "No heat upstairs",
        "day": workday(tenant), "start": "09:00", "end": "12:00", "book": "1", **changed,
    }  # fmt: skip


NEW = {"name": "Wanda Waits", "kind": "Residential", "phone": "(540) 555-0188"}


def test_a_viewer_books_nothing_and_sees_no_way_to(client_for, viewer, tenant):
    browser = client_for(viewer)
    assert browser.get(address()).status_code == 403
    for page in (
        "admin:index",
        "admin:reconciliation_job_changelist",
        "admin:reconciliation_customer_changelist",
    ):
        assert "Book a job" not in browser.get(reverse(page)).content.decode()


def test_an_agent_finds_the_way_on_the_home_page_the_jobs_and_a_customer(client_for, colleague, tenant):
    browser = client_for(colleague)
    person = shop.customer(tenant)
    pages = [
        reverse("admin:index"),
        reverse("admin:reconciliation_job_changelist"),
        reverse("admin:reconciliation_customer_change", args=[person.pk]),
    ]
    for page in pages:
        assert "Book a job" in browser.get(page).content.decode()
    assert address(customer=person.pk) in browser.get(pages[-1]).content.decode()


def test_another_tenants_customer_is_not_found(client_for, colleague, outsider, tenant, other_tenant):
    theirs = shop.customer(other_tenant, "Not yours")
    browser = client_for(colleague)
    for query in ({"customer": theirs.pk}, {"tenant": other_tenant.pk, "q": "Not"}, {"customer": 10**30}):
        assert browser.get(address(**query)).status_code == 404
    assert f"customer={theirs.pk}" not in browser.get(address(q="Not yours")).content.decode()


def test_an_external_customers_location_cannot_be_chosen(client_for, colleague, tenant, other_tenant, lists):
    person, theirs = shop.customer(tenant), shop.location(other_tenant)
    browser, page = client_for(colleague), address(customer=person.pk)
    reply = browser.post(page, filled(browser, tenant, page, place=theirs.pk))
    assert "Select a valid choice" in reply.content.decode()
    assert not Job.objects.filter(tenant=tenant).exists()


@pytest.mark.parametrize(
    "written", ["(205) 555-0142", "205.555.0142", "+1 205 555 0142", "0142", "Núñez", "ana@"]
)
def test_a_customer_is_found_by_phone_in_any_spelling_by_name_and_by_e_mail(
    client_for, colleague, tenant, written
):
    person = shop.customer(tenant, "Ana Núñez")
    shop.contact(person, "205-555-0142", e164="+12055550142")
    shop.contact(person, "ana@nunez.example", kind="email")
    reply = client_for(colleague).get(address(q=written)).content.decode()
    assert address(tenant=tenant.pk, customer=person.pk).replace("&", "&amp;") in reply


def test_what_found_nobody_is_filled_into_the_form_for_somebody_new(client_for, colleague, tenant):
    browser = client_for(colleague)
    for text, name in (("540-555-0188", "phone"), ("w@w.example", "email"), ("Wanda", "name")):
        assert "Nobody is known" in browser.get(address(q=text)).content.decode()
        page = browser.get(address(tenant=tenant.pk, customer="new", q=text)).content.decode()
        assert re.search(rf'name="{name}" value="{text}"', page)


def test_a_booking_for_somebody_new_is_sent_and_the_jobs_page_tells_the_story(
    client_for, colleague, tenant, synced, sandbox
):
    browser, page = client_for(colleague), address(tenant=tenant.pk, customer="new")
    reply = browser.post(page, filled(browser, tenant, page, **NEW), follow=True)
    job = Job.objects.get(summary="No heat upstairs")
    assert reply.redirect_chain[-1][0] == reverse("admin:reconciliation_job_change", args=[job.pk])
    shown = words(reply)
    assert "Waiting to be sent to ServiceTitan" in shown
    assert "Carl Colleague booked it" in shown
    visit = job.appointments.get()
    assert f"{visit.starts_at.astimezone(tenant.zone):%Y-%m-%d %H:%M}" == f"{workday(tenant)} 09:00"

    while push(synced):
        pass
    [row] = [one for one in sandbox.control.rows("jobs") if one["summary"] == "No heat upstairs"]
    sandbox.control.change("jobs", row["id"], jobStatus="InProgress")
    sync_all(synced)
    shown = words(browser.get(reverse("admin:reconciliation_job_change", args=[job.pk])))
    assert "Waiting to be sent" not in shown
    assert f"sent it to ServiceTitan, which knows it as {row['id']}" in shown
    assert "ServiceTitan changed it" in shown
    assert "InProgress" in shown.replace(" ", "")
    entry = AuditEntry.objects.get(action="record.created", target_type="reconciliation.job")
    assert (entry.actor, entry.tenant, entry.note) == (colleague, tenant, "Booked by hand")


def test_what_cannot_be_sent_says_so_on_the_jobs_page_with_the_way_to_mend_it(
    client_for, colleague, tenant, synced, sandbox
):
    browser, page = client_for(colleague), address(tenant=tenant.pk, customer="new")
    browser.post(page, filled(browser, tenant, page, **NEW))
    job = Job.objects.get(summary="No heat upstairs")
    Link.objects.filter(entity="campaign", record_id=job.campaign_id).delete()
    push(synced)
    time_passes()
    while push(synced):
        pass
    delivery = Delivery.objects.get(entity="job", record_id=job.pk)
    assert delivery.state == "needs_person"
    reply = browser.get(reverse("admin:reconciliation_job_change", args=[job.pk]))
    assert "Not sent to ServiceTitan" in words(reply)
    assert reverse("admin:integrations_delivery_change", args=[delivery.pk]) in reply.content.decode()


def test_a_form_sent_twice_books_once(client_for, colleague, tenant, lists):
    browser, page = client_for(colleague), address(tenant=tenant.pk, customer="new")
    form = filled(browser, tenant, page, **NEW)
    first, second = (browser.post(page, form) for _ in range(2))
    assert first["Location"] == second["Location"]
    assert Job.objects.count() == 1


def test_somebody_new_who_is_known_is_asked_about_first(client_for, colleague, tenant, lists):
    known = shop.customer(tenant, "Ana Núñez")
    shop.contact(known, "540 555 0188", e164="+15405550188")
    browser, page = client_for(colleague), address(tenant=tenant.pk, customer="new")
    form = filled(browser, tenant, page, **NEW)
    assert "This phone or e-mail belongs to Ana Núñez" in words(browser.post(page, form))
    assert not Job.objects.exists()
    assert browser.post(page, {**form, "again": "on"}).status_code == 302
    assert Customer.objects.count() == 2


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"phone": "not one"}, "cannot be read as a phone number"),
        ({"phone": ""}, "Give the customer's id, phone or e-mail"),
        ({"city": ""}, "An address needs this"),
        ({"start": "", "end": ""}, "Choose one of the free times"),
        ({"start": "12:00", "end": "09:00"}, "must end after it starts"),
        ({"day": "2020-01-01"}, "over already"),
        ({"job_type": ""}, "This field is required"),
    ],
)
def test_what_cannot_be_booked_is_said_beside_its_field_and_nothing_is_made(
    client_for, colleague, tenant, lists, changed, sentence
):
    browser, page = client_for(colleague), address(tenant=tenant.pk, customer="new")
    reply = browser.post(page, filled(browser, tenant, page, **{**NEW, **changed}))
    assert sentence in reply.content.decode().replace("&#x27;", "'")
    assert not Customer.objects.exists()


def test_free_times_come_from_servicetitan_and_one_of_them_is_booked(client_for, colleague, tenant, synced):
    browser = client_for(colleague)
    home = Location.objects.filter(active=True, customer__active=True, customer__merged_into=None).first()
    page = address(customer=home.customer_id)
    form = filled(browser, tenant, page, place=home.pk, start="", end="", show="1")
    del form["book"]
    reply = browser.post(page, form).content.decode()
    assert "Free at ServiceTitan" in reply
    assert "errorlist" not in reply
    windows = re.findall(r'name="window" value="([^"]+)"', reply)
    assert browser.post(page, {**form, "book": "1", "window": windows[-1]}).status_code == 302
    job = Job.objects.get(summary="No heat upstairs")
    assert (job.location, job.customer) == (home, home.customer)
    assert job.appointments.get().starts_at == datetime.fromisoformat(windows[-1].split("/")[0])


@pytest.mark.parametrize("fault", ["forbidden", "server_error", "reset"])
def test_where_capacity_does_not_answer_any_time_can_be_chosen_and_the_page_says_so(
    client_for, colleague, tenant, synced, sandbox, fault
):
    sandbox.control.faults(f"{fault}:1,path=/capacity")
    browser, page = client_for(colleague), address(tenant=tenant.pk, customer="new")
    form = filled(browser, tenant, page, **NEW)
    shown = words(browser.post(page, {k: v for k, v in form.items() if k != "book"}))
    assert "ServiceTitan does not tell its free times now" in shown
    assert "Choose any date and times" in shown
    assert ("tn.dis.capacity:w" in shown) == (fault == "forbidden")
    assert browser.post(page, form).status_code == 302


def test_without_a_connection_any_time_can_be_chosen(client_for, colleague, tenant, lists):
    browser, page = client_for(colleague), address(tenant=tenant.pk, customer="new")
    form = filled(browser, tenant, page, **NEW)
    shown = words(browser.post(page, {k: v for k, v in form.items() if k != "book"}))
    assert "No connected system tells free times" in shown


def test_the_number_of_queries_of_a_search_does_not_grow_with_what_is_found(
    client_for, colleague, tenant, django_assert_max_num_queries
):
    for number in range(12):
        person = shop.customer(tenant, f"Ana {number}")
        shop.contact(person, f"205-555-01{number:02}", e164=f"+120555501{number:02}")
    browser = client_for(colleague)
    with django_assert_max_num_queries(14):
        assert "205-555-0111" in browser.get(address(q="ana")).content.decode()
    assert Contact.objects.count() == 12
