"""An agent's day in a real browser, by keyboard: conflicts approved, rejected, merged, lost to a colleague; a merge
of three, and the way back."""

import os

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from reconciliation import bulk_review
from reconciliation.editing import edit
from reconciliation.models import BulkReview, Conflict, Customer, Job, Merge, Source
from tests.reconciliation import shop
from tests.reconciliation.pages import at, record, row, take
from tests.reconciliation.test_three_sides import differ_on_three_sides, in_both
from tests.reconciliation.waiting import CUSTOMER, differ, of, pair

pytestmark = pytest.mark.django_db(transaction=True)
INBOX = reverse("admin:reconciliation_conflict_changelist")
DEDUPE = reverse("admin:reconciliation_matchcandidate_changelist")


@pytest.fixture
def source(tenant):
    return shop.source(tenant)


def name_of(source, key):
    return record(source, "customer", key).name


@pytest.mark.parametrize("width", [1280, 390])
def test_a_field_with_three_sides_is_settled_by_one_key(visit, colleague, tenant, source, width):
    sales = Source.objects.create(tenant=tenant, system="salesforce", name="Salesforce")
    customer = in_both(source, sales)
    differ_on_three_sides(source, sales, customer)
    page = visit(colleague, width=width)
    page.goto(INBOX)
    expect(page.locator("[data-row]")).to_have_count(1)
    page.get_by_role("link", name="Start with the first").click()
    expect(page.locator(".sides label")).to_have_count(3)
    if folder := os.environ.get("SHOTS"):
        page.screenshot(path=f"{folder}/three-sides-{width}.png", full_page=True)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".sides label").nth(2).locator("input")).to_be_checked()
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Settled: name.")).to_be_visible()
    assert Customer.objects.get(pk=customer.pk).name == "Anne"
    assert not Conflict.objects.filter(state=Conflict.State.PENDING).exists()


def test_an_agent_settles_a_mornings_conflicts_without_touching_the_mouse(visit, colleague, owner, source):
    for key in (1, 2, 4):
        differ(source, key, here={"name": f"Here {key}"}, there={"name": f"There {key}"})
    differ(
        source,
        3,
        here={"name": "Here 3", "city": "Elko"},
        there={"name": "There 3", "city": "Sparks"},
    )
    page = visit(colleague)
    page.goto(INBOX)
    page.keyboard.press("j")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="Here 1")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Nothing was chosen yet")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("n")
    page.keyboard.type("rang her")
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="Here 2")).to_be_visible()
    assert name_of(source, 1) == "There 1"
    page.keyboard.press("Shift+R")

    expect(page.get_by_role("heading", name="Here 4")).to_be_visible()
    assert name_of(source, 2) == "Here 2"
    edit(CUSTOMER, record(source, "customer", 4).pk, {"name": "Olive was here"}, actor=owner)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("was changed while you looked at it")
    expect(page.get_by_role("alert")).to_contain_text("Olive Owner")
    assert name_of(source, 4) == "Olive was here"
    page.keyboard.press("j")

    expect(page.get_by_role("heading", name="Here 3")).to_be_visible()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("e")
    page.keyboard.type("Reno Valley")
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    expect(page.get_by_text("That was the last one")).to_have_count(0)
    expect(page.get_by_text("1 record wait")).to_be_visible()
    third = record(source, "customer", 3)
    assert (third.name, third.city) == ("Here 3", "Reno Valley")
    assert of(source, 1).get().note == "rang her"


def test_what_is_marked_is_settled_at_once_and_many_with_progress(visit, colleague, source, monkeypatch):
    for key in range(1, 5):
        differ(source, key)
    page = visit(colleague, width=375)
    page.goto(INBOX)
    page.get_by_label("Select Anna Nunez").first.check()
    expect(page.locator("[data-marked]")).to_have_text("1")
    page.get_by_role("button", name="Take the source").click()
    expect(page.get_by_text("1 field settled.")).to_be_visible()
    assert name_of(source, 1) == "Anne Nunez"

    monkeypatch.setattr(bulk_review, "AT_ONCE", 1)
    monkeypatch.setattr(bulk_review, "call_worker", lambda pk: None)
    page.get_by_label("all 3 fields that match").check()
    page.get_by_role("button", name="Keep the portal").click()
    expect(page.get_by_text("0 of 3")).to_be_visible()
    bulk_review.work(BulkReview.objects.latest("pk").pk)
    expect(page.get_by_text("3 of 3")).to_be_visible()
    expect(page.get_by_role("link", name="Back to what waits")).to_be_visible()
    assert not Conflict.objects.filter(state=Conflict.State.PENDING).exists()


def test_three_entries_of_one_customer_become_one_and_three_again(visit, colleague, source):
    for key, name in enumerate(("Ana Nunez", "NUNEZ, ANA", "A. Nunez"), start=1):
        take(source, "customer", row(key, at(key), name=name, city="Reno"))
        take(source, "location", row(100 + key, refs={"customer": key}, street=f"{key} Elm St"))
        take(source, "job", row(200 + key, refs={"customer": key, "location": 100 + key}, number=f"J{key}"))
    ana, shouted, short = (record(source, "customer", key) for key in (1, 2, 3))
    pair(ana, shouted, 0.97), pair(shouted, short, 0.95)
    page = visit(colleague)
    page.goto(DEDUPE)
    expect(page.get_by_text("3 records")).to_be_visible()
    page.get_by_role("link", name="Start with the first").click()
    expect(page.get_by_text("same phone").first).to_be_visible()
    page.keyboard.press("2")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="Merge into NUNEZ, ANA?")).to_be_visible()
    for words in ("2 locations", "2 jobs", "2 links"):
        expect(page.get_by_text(words)).to_be_visible()
    assert not Merge.objects.exists()
    page.keyboard.press("Enter")

    expect(page.get_by_text("Merged: 6 rows moved.")).to_be_visible()
    assert set(Job.objects.values_list("customer", flat=True)) == {shouted.pk}
    assert name_of(source, 2) == "A. Nunez"
    page.goto(reverse("admin:reconciliation_customer_change", args=[ana.pk]))
    page.get_by_role("link", name="A. Nunez").click()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("6 rows went back")).to_be_visible()
    assert sorted(Job.objects.values_list("customer", flat=True)) == sorted([ana.pk, shouted.pk, short.pk])
    assert list(Customer.objects.order_by("pk").values_list("name", flat=True)) == [
        "Ana Nunez",
        "NUNEZ, ANA",
        "A. Nunez",
    ]
    page.goto(DEDUPE)
    expect(page.get_by_text("3 records")).to_be_visible()


def test_not_a_duplicate_is_one_key(visit, colleague, tenant):
    ana, anna = shop.customer(tenant, "Ana Nunez"), shop.customer(tenant, "Anna Nunez")
    candidate = pair(ana, anna)
    page = visit(colleague)
    page.goto(reverse("admin:reconciliation_matchcandidate_change", args=[candidate.pk]))
    page.keyboard.press("Shift+D")
    expect(page.get_by_text("No duplicates wait.")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_of_the_agents_scrolls_sideways_on_a_telephone(visit, colleague, source, scheme):
    (conflict,) = differ(
        source,
        agreed={"name": "Ana", "street": "1 Elm St"},
        here={"name": "Anastasia-Konstantina Papadopoulou-Hatzigeorgiou of the Greater Reno Area"},
        there={"name": "x" * 120},
    )
    candidate = pair(shop.customer(source.tenant, "Ana " * 20), shop.customer(source.tenant, "Anna" * 20))
    page = visit(colleague, width=375)
    page.emulate_media(color_scheme=scheme)
    for address in (
        INBOX,
        reverse("admin:reconciliation_conflict_change", args=[conflict.pk]),
        DEDUPE,
        reverse("admin:reconciliation_matchcandidate_change", args=[candidate.pk]),
        reverse("admin:reconciliation_merge_there"),
    ):
        page.goto(address)
        wide = page.evaluate("document.querySelector('#content').scrollWidth - innerWidth")
        assert wide <= 0, f"{address} is {wide} pixels too wide"
