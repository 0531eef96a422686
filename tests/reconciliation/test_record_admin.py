import csv
import io
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from portal.models import AuditEntry, Role, RoleGrant
from reconciliation import links
from reconciliation.admin import shown
from reconciliation.models import Change, Conflict, Customer, Link
from tests.reconciliation import shop


def listing(model, **query):
    return reverse(f"admin:reconciliation_{model}_changelist", query=query or None)


def page(record):
    return reverse(f"admin:reconciliation_{record._meta.model_name}_change", args=[record.pk])


def export_address(model, form="csv", **query):
    return reverse(f"admin:reconciliation_{model}_export_{form}", query=query or None)


def body(response):
    if getattr(response, "streaming", False):
        return b"".join(response.streaming_content).decode("utf-8-sig")
    return response.content.decode()


def rows_of(response):
    return list(csv.DictReader(io.StringIO(body(response), newline="")))


# --- who sees what ------------------------------------------------------------------------------------------------


def test_an_outsider_gets_404_for_a_record_and_never_its_name(outsider, client_for, tenant):
    ana = shop.customer(tenant, "Ana")
    browser = client_for(outsider)
    assert browser.get(page(ana)).status_code == 404
    assert "Ana" not in body(browser.get(listing("customer")))
    assert "Ana" not in body(browser.get(listing("customer", q="ana")))


def test_what_a_search_found_stands_in_the_lists_order_page_by_page(viewer, client_for, tenant):
    for number in range(101):
        shop.customer(tenant, f"Ana {100 - number:03}")
    browser = client_for(viewer)
    first, second = (
        [row.name for row in browser.get(listing("customer", q="ana", p=page)).context["cl"].result_list]
        for page in (1, 2)
    )
    assert [*first, *second] == [f"Ana {number:03}" for number in range(101)]
    assert len(second) == 1


def test_an_outsiders_export_holds_none_of_our_records(outsider, client_for, tenant, other_tenant):
    shop.customer(tenant, "Ours")
    shop.customer(other_tenant, "Theirs")
    response = client_for(outsider).get(export_address("customer"))
    assert [row["name"] for row in rows_of(response)] == ["Theirs"]


@pytest.mark.parametrize("form", ["csv", "xlsx", "json"])
def test_those_who_may_only_look_take_nothing_out(viewer, colleague, client_for, tenant, form):
    shop.customer(tenant, "Ana")
    for person in (viewer, colleague):
        browser = client_for(person)
        assert browser.get(export_address("customer", form)).status_code == 403
        assert "Export" not in body(browser.get(listing("customer")))
    assert not AuditEntry.objects.filter(action="records.exported").exists()


def test_a_person_exports_only_from_tenants_where_that_is_allowed(viewer, client_for, tenant, other_tenant):
    RoleGrant.objects.create(user=viewer, role=Role.FINANCE, tenant=other_tenant)
    shop.customer(tenant, "Only to look at")
    shop.customer(other_tenant, "To take along")
    response = client_for(viewer).get(export_address("customer"))
    assert [row["name"] for row in rows_of(response)] == ["To take along"]


def test_records_are_not_edited_added_or_removed_here(owner, client_for, tenant):
    ana = shop.customer(tenant, "Ana")
    browser = client_for(owner)
    assert browser.post(page(ana), {"name": "Bob"}).status_code == 405
    assert browser.get(reverse("admin:reconciliation_customer_add")).status_code == 403
    assert (
        browser.post(
            reverse("admin:reconciliation_customer_delete", args=[ana.pk]), {"post": "yes"}
        ).status_code
        == 403
    )
    assert Customer.objects.get().name == "Ana"


# --- exports ------------------------------------------------------------------------------------------------------


def test_a_filter_that_is_no_filter_is_refused_kindly(finance, client_for, tenant):
    response = client_for(finance).get(export_address("customer", nonsense="1"))
    assert response.status_code == 302
    assert response.url == listing("customer")


def test_finance_exports_the_list_as_it_is_searched_and_filtered(finance, client_for, tenant):
    ana = shop.customer(tenant, "Ana")
    shop.job(tenant, ana, number="1", status="Completed")
    shop.job(tenant, ana, number="2", status="Scheduled")
    shop.job(tenant, shop.customer(tenant, "Bob"), number="3", status="Completed")
    response = client_for(finance).get(export_address("job", q="ana", status="Completed"))
    assert [row["number"] for row in rows_of(response)] == ["1"]
    assert "attachment" in response["Content-Disposition"]
    assert "hartwell-job-" in response["Content-Disposition"]


def test_an_export_is_in_the_audit_trail_with_count_and_filter(finance, client_for, tenant):
    ana = shop.customer(tenant, "Ana")
    shop.job(tenant, ana, status="Completed")
    shop.job(tenant, ana, status="Completed")
    client_for(finance).get(export_address("job", "json", q="ana", status="Completed"))
    entry = AuditEntry.objects.get(action="records.exported")
    assert entry.actor == finance
    assert entry.tenant == tenant
    assert entry.note == "2 jobs as JSON, search “ana”, status Completed"


def test_an_export_of_several_tenants_names_each_and_tells_each_trail(
    platform_admin, client_for, tenant, other_tenant
):
    shop.customer(tenant, "Ours")
    shop.customer(other_tenant, "Theirs")
    rows = rows_of(client_for(platform_admin).get(export_address("customer")))
    assert {row["name"]: row["tenant"] for row in rows} == {"Ours": "hartwell", "Theirs": "elsewhere"}
    assert list(rows[0])[:5] == ["id", "external_id", "active", "source_modified_at", "tenant"]
    taken = AuditEntry.objects.filter(action="records.exported")
    assert set(taken.values_list("tenant", flat=True)) == {tenant.pk, other_tenant.pk}


@pytest.mark.parametrize("form", ["csv", "xlsx", "json"])
def test_every_list_has_its_export(owner, client_for, tenant, form):
    shop.split(shop.payment(tenant))
    browser = client_for(owner)
    for model in ("payment", "contact", "referenceitem", "invoice", "equipment"):
        response = browser.get(export_address(model, form))
        assert response.status_code == 200
        assert b"".join(response.streaming_content)


# --- lists --------------------------------------------------------------------------------------------------------


def fill(tenant, count):
    """So many records of each kind, each with records of its own to refer to."""
    for number in range(count):
        payer = shop.customer(tenant, f"Customer {number}", balance=Decimal(number))
        shop.contact(payer, f"512-555-{number:04}", e164=f"+1512555{number:04}")
        place = shop.location(tenant, payer, street=f"{number} Oak St")
        kind = shop.item(tenant, "job_type", name=f"Type {number}")
        job = shop.job(tenant, payer, location=place, job_type=kind, number=str(number), total=Decimal(9))
        visit = shop.appointment(tenant, job, starts_at=shop.NOON)
        shop.assignment(tenant, visit, technician=kind)
        shop.note(tenant, job, text="n")
        shop.invoice(tenant, payer, job=job, number=str(number), invoiced_at=shop.NOON)
        shop.payment(tenant, customer=payer, payment_type=kind)
        shop.estimate(tenant, customer=payer, job=job)
        shop.membership(tenant, payer, membership_type=kind)
        shop.rating(tenant, job, technician=kind)
        shop.equipment(tenant, place)
        shop.lead(tenant, customer=payer, job_type=kind)
        shop.booking(tenant, job=job, job_type=kind)


LISTS = [
    "customer",
    "location",
    "contact",
    "job",
    "appointment",
    "assignment",
    "note",
    "lead",
    "booking",
    "invoice",
    "payment",
    "estimate",
    "membership",
    "rating",
    "equipment",
    "referenceitem",
]


def test_a_list_costs_the_same_queries_for_ten_rows_and_for_a_hundred(owner, client_for, tenant):
    browser = client_for(owner)
    browser.get(listing("customer"))

    def cost(model):
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(listing(model)).status_code == 200
        return len(queries)

    fill(tenant, 10)
    few = {model: cost(model) for model in LISTS}
    fill(tenant, 95)
    many = {model: cost(model) for model in LISTS}
    assert many == few
    assert max(few.values()) <= 9, few


def test_a_page_holds_a_hundred_rows_and_whole_tables_are_not_counted(owner, client_for, tenant):
    for number in range(105):
        shop.customer(tenant, f"Customer {number:03}")
    with CaptureQueriesContext(connection) as queries:
        html = body(client_for(owner).get(listing("customer")))
    assert html.count('class="field-name_shown"') == 100
    counts = [query["sql"] for query in queries if "COUNT(" in query["sql"] and "customer" in query["sql"]]
    assert counts
    assert all("LIMIT 10001" in sql for sql in counts)


def test_customers_are_listed_by_name_with_phone_and_balance(owner, client_for, tenant):
    zoe = shop.customer(tenant, "Zoe", balance=Decimal("-1234.5"))
    shop.contact(zoe, "(512) 555-0143", e164="+15125550143")
    shop.contact(zoe, "call me", usable=False)
    shop.customer(tenant, "ana")
    html = body(client_for(owner).get(listing("customer")))
    assert html.index(">ana</a>") < html.index(">Zoe</a>")
    assert "(512) 555-0143" in html
    assert "\u2212$1,234.50" in html
    assert "cannot be read" in html


def test_a_customer_is_found_by_phone_from_the_list(viewer, client_for, tenant):
    shop.contact(shop.customer(tenant, "Ana"), "512-555-0143", e164="+15125550143")
    shop.customer(tenant, "Bob")
    html = body(client_for(viewer).get(listing("customer", q="(512) 555.0143 x9")))
    assert ">Ana</a>" in html
    assert ">Bob</a>" not in html


@pytest.mark.parametrize(
    ("model", "text"),
    [
        ("location", "12 oak"),
        ("location", "Ana"),
        ("contact", "512 555 0143"),
        ("contact", "ana"),
        ("job", "J-7"),
        ("job", "512 555 0143"),
        ("job", "80007"),
        ("invoice", "1676"),
        ("invoice", "167"),
        ("invoice", "80009"),
        ("invoice", "Ana"),
        ("payment", "1676"),
        ("payment", "P-1"),
        ("estimate", "J-7"),
        ("appointment", "J-7"),
        ("assignment", "J-7"),
        ("note", "ladder"),
        ("note", "J-7"),
        ("membership", "Ana"),
        ("rating", "J-7"),
        ("equipment", "SN-55"),
        ("lead", "Ana"),
        ("booking", "J-7"),
        ("referenceitem", "plumb"),
    ],
)
def test_every_list_is_searched_by_what_people_know(viewer, client_for, tenant, model, text):
    ana = shop.customer(tenant, "Ana")
    shop.contact(ana, "512-555-0143", e164="+15125550143")
    place = shop.location(tenant, ana, street="12 Oak St")
    job = shop.job(tenant, ana, location=place, number="J-7", external_id="80007")
    shop.link(job, "job")
    visit = shop.appointment(tenant, job)
    shop.assignment(tenant, visit)
    shop.note(tenant, job, text="bring the ladder")
    bill = shop.invoice(tenant, ana, number="1676", external_id="80009")
    shop.link(bill, "invoice")
    shop.split(shop.payment(tenant, customer=ana, number="P-1"), invoice=bill)
    shop.estimate(tenant, customer=ana, job=job)
    shop.membership(tenant, ana)
    shop.rating(tenant, job)
    shop.equipment(tenant, place, customer=ana, serial_number="SN-55")
    shop.lead(tenant, name="Ana", customer=ana)
    shop.booking(tenant, job=job)
    shop.item(tenant, name="Plumbing")
    browser = client_for(viewer)
    assert browser.get(listing(model, q=text)).context["cl"].result_count == 1
    assert browser.get(listing(model, q="nothing has this")).context["cl"].result_count == 0


def test_a_tenant_is_named_only_to_those_who_see_several(
    owner, platform_admin, client_for, tenant, other_tenant
):
    shop.customer(tenant, "Ana")
    assert "column-tenant" not in body(client_for(owner).get(listing("customer")))
    html = body(client_for(platform_admin).get(listing("customer")))
    assert "column-tenant" in html
    assert "?tenant__id__exact=" in html


# --- pages --------------------------------------------------------------------------------------------------------


def test_a_customers_page_costs_the_same_however_much_hangs_on_it(owner, client_for, tenant):
    ana = shop.customer(tenant, "Ana")

    browser = client_for(owner)
    browser.get(listing("customer"))

    def cost():
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(page(ana)).status_code == 200
        return len(queries)

    def hang(count):
        for number in range(count):
            place = shop.location(tenant, ana)
            shop.invoice(tenant, ana, number=str(number))
            shop.job(tenant, ana, location=place, number=str(number))

    hang(11)
    few = cost()
    hang(30)
    assert cost() == few <= 31


def test_a_customers_page_shows_the_newest_and_leads_to_all(owner, client_for, tenant):
    ana = shop.customer(tenant, "Ana")
    for number in range(12):
        shop.invoice(
            tenant, ana, number=f"INV-{number:02}", invoiced_at=datetime(2026, 1, 1 + number, 15, tzinfo=UTC)
        )
    html = body(client_for(owner).get(page(ana)))
    assert "INV-11" in html
    assert "INV-01" not in html
    address = listing("invoice", customer__id__exact=ana.pk)
    assert f'href="{address}"' in html
    assert body(client_for(owner).get(address)).count('class="field-number_shown"') == 12


def test_an_invoice_shows_its_number_its_api_id_its_lines_and_exact_amounts(owner, client_for, tenant):
    bill = shop.invoice(tenant, number="1676", external_id="99000011", total=Decimal("1234.5"))
    shop.line(
        bill,
        description="Capacitor 35/5",
        quantity=Decimal(2),
        unit_price=Decimal("12.345"),
        total=Decimal("24.69"),
    )
    html = body(client_for(owner).get(page(bill)))
    for words in ("1676", "99000011", "API id", "$1,234.50", "Capacitor 35/5", "$12.345", "$24.69"):
        assert words in html


def test_a_payment_shows_which_invoices_it_paid(owner, client_for, tenant):
    bill = shop.invoice(tenant, number="1676")
    paid = shop.payment(tenant, total=Decimal(10))
    shop.split(paid, invoice=bill, amount=Decimal(10))
    html = body(client_for(owner).get(page(paid)))
    assert page(bill) in html
    assert "$10.00" in html


def test_a_merged_customer_leads_to_the_one_that_was_kept(owner, client_for, tenant):
    kept = shop.customer(tenant, "Kept")
    gone = shop.customer(tenant, "Gone", active=False, merged_into=kept)
    html = body(client_for(owner).get(page(gone)))
    assert f'was merged into <a href="{page(kept)}">Kept</a>' in html


def test_a_record_shows_its_link_its_payload_and_where_to_open_it(owner, client_for, tenant, monkeypatch):
    monkeypatch.setattr(links, "_deep_links", {})
    ana = shop.customer(tenant, "Ana", external_id="4242")
    shop.link(ana, "customer", payload={"id": 4242, "note": "<script>alert(1)</script>"})
    links.register_deep_link("servicetitan", lambda entity, pk: f"https://go.example/{entity}/{pk}")
    html = body(client_for(owner).get(page(ana)))
    assert 'href="https://go.example/customer/4242"' in html
    assert "&lt;script&gt;" in html
    assert "<script>alert" not in html


@pytest.mark.parametrize("address", ["javascript:alert(1)", "http://plain.example", "", None])
def test_a_deep_link_that_is_not_https_is_not_shown(monkeypatch, address):
    monkeypatch.setattr(links, "_deep_links", {})
    links.register_deep_link("servicetitan", lambda entity, pk: address)
    assert links.deep_link("servicetitan", "customer", "1") == ""
    assert links.deep_link("unheard-of", "customer", "1") == ""


def test_the_history_reads_as_what_happened(owner, client_for, tenant):
    ana = shop.customer(tenant, "Ana")
    old, new = shop.customer(tenant, "Old Landlord"), shop.customer(tenant, "New Landlord")
    place = shop.location(tenant, new)
    link = shop.link(place, "location")
    Change.objects.create(
        tenant=tenant,
        entity="location",
        record_id=place.pk,
        at=shop.NOON,
        kind=Change.Kind.UPDATED,
        source=link.source,
        fields={"customer_id": [old.pk, new.pk], "street": ["", "9 Elm"]},
    )
    html = body(client_for(owner).get(page(place)))
    assert "<del>Old Landlord</del> → <ins>New Landlord</ins>" in html
    assert "<del>empty</del> → <ins>9 Elm</ins>" in html
    assert "ServiceTitan" in html
    assert "Old Landlord" not in body(client_for(owner).get(page(ana)))


def test_money_and_times_in_the_history_read_as_on_the_page(owner, client_for, tenant):
    ana = shop.customer(tenant, "Ana")
    Change.objects.create(
        tenant=tenant,
        entity="customer",
        record_id=ana.pk,
        at=shop.NOON,
        kind="updated",
        fields={"balance": ["12.5", "0"]},
    )
    html = body(client_for(owner).get(page(ana)))
    assert "<del>$12.50</del> → <ins>$0.00</ins>" in html
    assert "1 Mar 2026, 07:00" in html


def test_an_open_conflict_is_shown_on_its_record(owner, client_for, tenant):
    ana = shop.customer(tenant, "Ana")
    link = shop.link(ana, "customer")
    Conflict.objects.create(
        tenant=tenant,
        link=link,
        entity="customer",
        record_id=ana.pk,
        field="name",
        base="Anna",
        portal_value="Ana",
        remote_value="Annah",
        policy="ask",
        created_at=shop.NOON,
    )
    html = body(client_for(owner).get(page(ana)))
    assert "Waiting for a decision" in html
    assert "Annah" in html


def test_tags_are_shown_by_name(owner, client_for, tenant):
    shop.item(tenant, "tag_type", name="VIP", external_id="900")
    ana = shop.customer(tenant, "Ana", tag_ids=[900, 901])
    html = body(client_for(owner).get(page(ana)))
    assert "VIP" in html
    assert "tag 901" in html


def test_a_link_that_waits_says_for_what(owner, client_for, tenant):
    job = shop.job(tenant)
    shop.link(job, "job", state=Link.State.WAITING, waiting_for_entity="campaign", waiting_for_id="77")
    assert "for campaign 77" in body(client_for(owner).get(page(job)))


@pytest.mark.parametrize("model", LISTS)
def test_every_record_has_a_page(owner, client_for, tenant, model):
    from tests.admin.objects import OBJECTS

    record = OBJECTS[f"reconciliation.{model}"](tenant)
    response = client_for(owner).get(page(record))
    assert response.status_code == 200
    assert "style=" not in body(response).split("<main", 1)[-1]


# --- words --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "currency", "words"),
    [
        (None, "USD", "—"),
        ("0", "USD", "$0.00"),
        ("-5", "USD", "\u2212$5.00"),
        ("1234567.1", "CAD", "CA$1,234,567.10"),
        ("0.0375", "USD", "$0.0375"),
        ("100", "SEK", "100.00 SEK"),
    ],
)
def test_money_is_written_with_its_currency(amount, currency, words):
    assert shown.money(None if amount is None else Decimal(amount), currency) == words


def test_times_are_shown_in_the_tenants_zone_and_dates_stay_dates():
    chicago = ZoneInfo("America/Chicago")
    assert "28 Feb 2026, 23:30" in shown.moment(datetime(2026, 3, 1, 5, 30, tzinfo=UTC), chicago)
    assert ">1 Mar 2026<" in shown.day(datetime(2026, 3, 1, tzinfo=UTC), chicago)
    assert ">28 Feb 2026<" in shown.day(datetime(2026, 3, 1, 5, 30, tzinfo=UTC), chicago)


# --- from the list to a merge -------------------------------------------------------------------------------------


def select(browser, model, *records):
    ids = [record.pk for record in records]
    return browser.post(listing(model), {"action": "merge_selected", "_selected_action": ids}, follow=True)


def test_one_or_six_selected_customers_are_no_merge(colleague, client_for, tenant):
    browser, people = client_for(colleague), [shop.customer(tenant, f"Ana {number}") for number in range(6)]
    for chosen in (people[:1], people):
        assert "Select two to 5 customers" in body(select(browser, "customer", *chosen))


def test_merging_is_not_offered_to_those_who_may_not(viewer, client_for, tenant):
    browser = client_for(viewer)
    one, other = shop.customer(tenant, "Ana"), shop.customer(tenant, "Anna")
    assert "Merge the selected" not in body(browser.get(listing("customer")))
    assert "this one stays" not in body(select(browser, "customer", one, other))


def test_selected_customers_of_two_merchants_are_refused_in_words(
    platform_admin, client_for, tenant, other_tenant
):
    browser = client_for(platform_admin)
    told = body(select(browser, "customer", shop.customer(tenant, "Ana"), shop.customer(other_tenant, "Ana")))
    assert "different merchants cannot be merged" in told


@pytest.mark.parametrize("model", ["customer", "location"])
def test_selected_records_stand_side_by_side_with_one_press(colleague, client_for, tenant, model):
    browser, make = client_for(colleague), getattr(shop, model)
    one, other = (make(tenant, name=name) for name in ("Ana Nunez", "Anna Nunez"))
    assert "Merge the selected" in body(browser.get(listing(model)))
    told = body(select(browser, model, one, other))
    assert "this one stays" in told
    assert "Anna Nunez" in told
    one.refresh_from_db()
    assert one.merged_into_id is None
