"""A failed delivery, edited and retried; and a job acted on from its page: as a support agent does it."""

import os
from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from integrations.models import Delivery, LeadSource
from integrations.work import work
from reconciliation.models import Assignment, Cancellation, Customer, Job, ReferenceItem
from tests.integrations.pages import at
from tests.integrations.pushes import both_ways, change, push

pytestmark = pytest.mark.django_db(transaction=True)
SHOTS = os.environ.get("SCREENSHOTS")
LISTS = ("business_unit", "technician", "tag_type", "job_type", "campaign", "cancel_reason")


@pytest.fixture
def merchant(tenant, sandbox, connect_to):
    connection = connect_to(tenant, sandbox)
    both_ways(connection, "customer")
    for entity in (*LISTS, "customer", "location", "job", "cancellation", "appointment", "assignment"):
        work(connection.rules.get(entity=entity).pk)
    return connection


def test_a_delivery_that_was_refused_is_corrected_and_goes_through(visit, colleague, merchant, sandbox):
    customer = Customer.objects.filter(active=True, merged_into=None).order_by("pk").first()
    change("customer", customer.pk, kind="Castle")
    push(merchant)
    page = visit(colleague)
    page.goto(at("delivery_changelist"))
    row = page.get_by_role("row").filter(has_text="Needs a person")
    expect(row).to_contain_text("Type")
    row.get_by_role("link").first.click()
    expect(page.get_by_text("ServiceTitan refused the record")).to_be_visible()
    shoot(page, "delivery-refused")
    field = page.get_by_label("Kind")
    expect(field).to_have_value("Castle")
    field.fill("Commercial")
    page.get_by_role("button", name="Save and retry").click()
    expect(page.get_by_text("Needs a person")).to_have_count(0)
    push(merchant)
    page.goto(at("delivery_change", Delivery.objects.get().pk))
    expect(page.get_by_text("Delivered", exact=True)).to_be_visible()
    assert sandbox.control.row("customers", int(customer.external_id))["type"] == "Commercial"


def a_job_to_come() -> Job:
    return (
        Job.objects.filter(status__in=("Scheduled", "Dispatched"), appointments__isnull=False)
        .order_by("pk")
        .first()
    )


def test_a_job_gets_a_technician_and_is_called_off_from_its_page(visit, colleague, merchant, sandbox):
    job = a_job_to_come()
    page = visit(colleague)
    address = reverse("admin:reconciliation_job_change", args=[job.pk])
    before = Assignment.objects.filter(job=job).count()
    taken = Assignment.objects.filter(job=job).values("technician_id")
    free = (
        ReferenceItem.objects.filter(kind="technician", active=True)
        .exclude(pk__in=taken)
        .order_by("pk")
        .last()
    )
    page.goto(address)
    page.get_by_role("link", name="Send a technician").click()
    visits = page.get_by_label("Visit")
    visits.select_option(str(job.appointments.order_by("pk").first().pk))
    page.get_by_label("Technician").select_option(str(free.pk))
    shoot(page, "job-assign")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("is sent.")).to_be_visible()
    assert Assignment.objects.filter(job=job).count() == before + 1
    page.get_by_role("link", name="Call it off").click()
    page.get_by_label("Reason").select_option(label="No access")
    page.get_by_label("In words").fill("Gate was locked")
    page.get_by_role("button", name="Call the job off").click()
    expect(page.get_by_text("The job is called off.")).to_be_visible()
    assert Cancellation.objects.get(job=job).memo == "Gate was locked"
    push(merchant)
    assert sandbox.control.row("jobs", int(job.external_id))["jobStatus"] == "Canceled"


@pytest.mark.parametrize(
    ("width", "scheme"), [(390, "light"), (390, "dark"), (1280, "light"), (1280, "dark")]
)
def test_no_page_scrolls_sideways(visit, owner, merchant, width, scheme):
    job = a_job_to_come()
    Job.objects.filter(pk=job.pk).update(lead_source="Yard sign on Elm Street near the school")
    campaign = ReferenceItem.objects.filter(kind="campaign").order_by("pk").first()
    LeadSource.objects.create(connection=merchant, name="Radio", campaign=campaign)

    def of_job(name: str) -> str:
        return reverse(f"admin:reconciliation_job_{name}", args=[job.pk])

    pages = {name: of_job(name) for name in ("change", "cancel", "reschedule", "assign", "unassign", "tags")}
    pages["lead_sources"] = at("connection_lead_sources", merchant.pk)
    pages["capture"] = reverse("admin:reconciliation_lead_capture")
    pages["lead_rule"] = at("syncrule_change", merchant.rules.get(entity="lead").pk)
    page = visit(owner, width=width)
    page.emulate_media(color_scheme=scheme)
    wide = {}
    for title, address in pages.items():
        page.goto(address)
        wide[title] = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        shoot(page, f"{title}-{width}-{scheme}")
    assert {title: by for title, by in wide.items() if by > 0} == {}


def shoot(page, title: str) -> None:
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"{title}.png", full_page=True)
