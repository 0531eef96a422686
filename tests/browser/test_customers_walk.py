"""Partner staff bring customers in from a file, have everybody compared, and let certain duplicates merge."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from reconciliation import customer_imports, full_passes
from reconciliation.merging_by_itself import merge_certain
from reconciliation.models import Customer, CustomerImport, MatchPass, MatchSettings, Merge, Unmatched
from tests.reconciliation import shop
from tests.reconciliation.waiting import pair

pytestmark = pytest.mark.django_db(transaction=True)
DEDUPE = reverse("admin:reconciliation_matchcandidate_changelist")
FILE = """Customer No,type,first_name,last_name,email,phone,phone2,street,unit,city,state,zip,Notes
1001,Residential,Robert,Thornwick,bob.thornwick@example.com,(214) 322-7781,,412 Juniper Lane,,Riverton,TX,75007,gate
1002,Residential,Bob,Thornwick,bob.thornwick@example.com,214-322-7781,,412 Juniper Ln.,,Riverton,TX,75007,
1003,Commercial,,Acme Plumbing LLC,office@acme.example,469-871-2290,call the office,9 Elm St,Ste 4,Riverton,TX,75007,
1003,Residential,Twice,Here,,,,,,,,,
1004,Private,Ana,Núñez,,(775) 853-1199 x12,,18 Sage Rd,Apt 3,Reno,NV,89501,
,Residential,No,Number,,,,,,,,,
"""


def fits(page) -> bool:
    return page.evaluate("document.querySelector('#content').scrollWidth - innerWidth") <= 0


def test_a_file_is_looked_at_imported_and_its_duplicates_found(visit, owner, tenant, tmp_path):
    file = tmp_path / "customers.csv"
    file.write_text(FILE, encoding="utf-8")
    page = visit(owner)
    page.goto(reverse("admin:portal_tenant_change", args=[tenant.pk]))
    page.get_by_role("link", name="Import customers from a file").click()
    page.get_by_label("CSV file").set_input_files(file)
    page.get_by_role("button", name="Go on: look at the columns").click()

    expect(page.get_by_role("alert")).to_contain_text("needs a column id")
    page.get_by_label("Customer No").select_option("id")
    page.get_by_role("button", name="Show with these columns").click()
    expect(page.get_by_text("its id 1003 stood on line 4 already")).to_be_visible()
    expect(page.get_by_text("cannot be read")).to_be_visible()
    expect(page.get_by_text("Ignored: Notes.")).to_be_visible()
    assert not Customer.objects.exists()
    page.get_by_role("button", name="Import 6 lines").click()

    expect(page.get_by_text("Waiting for a worker", exact=False)).to_be_visible()
    customer_imports.work(CustomerImport.objects.get().pk)
    expect(page.get_by_text("4 created")).to_be_visible()
    expect(page.get_by_text("2 lines refused")).to_be_visible()
    page.locator("#content-main").get_by_role("link", name="Duplicates").click()
    page.get_by_role("button", name="Compare everybody").click()
    expect(page.get_by_text("Waiting for a worker")).to_be_visible()
    full_passes.work(MatchPass.objects.get().pk)
    expect(page.get_by_text("4 customers compared")).to_be_visible()
    page.get_by_role("link", name="To the duplicates").click()
    expect(page.get_by_text("Robert Thornwick = Bob Thornwick")).to_be_visible()


def test_merging_by_itself_is_switched_on_after_a_look_at_the_numbers_and_undone_by_one_press(
    visit, owner, tenant
):
    MatchSettings.objects.create(tenant=tenant)
    pair(shop.customer(tenant, "Ana Nunez"), shop.customer(tenant, "Anna Nunez"), 0.9999)
    page = visit(owner)
    page.goto(DEDUPE)
    page.get_by_role("link", name="How sure to be").click()
    expect(page.get_by_text("1 pair found so far: 2 customers become 1")).to_be_visible()
    page.get_by_label("Merge certain duplicates by itself").check()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Nobody will be asked about pairs of 99.95 % and more")).to_be_visible()
    assert not MatchSettings.objects.get().merges_by_itself
    page.get_by_label("Yes, merge these without asking").check()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was changed successfully")).to_be_visible()

    Unmatched.objects.all().delete()
    assert merge_certain(tenant) == 1
    page.goto(reverse("admin:reconciliation_merge_change", args=[Merge.objects.get().pk]))
    expect(page.get_by_text("Merged by itself: 99.99 %")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("went back")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_none_of_these_pages_scrolls_sideways_on_a_telephone(visit, owner, tenant, scheme):
    row = customer_imports.upload(tenant, owner, "customers.csv", FILE.replace("Customer No", "id").encode())
    over = customer_imports.upload(
        tenant, owner, f"{'long' * 30}.csv", FILE.replace("Customer No", "id").encode()
    )
    customer_imports.start(over)
    customer_imports.work(over.pk)
    limits = MatchSettings.objects.create(tenant=tenant)
    pair(shop.customer(tenant, "Ana " * 20), shop.customer(tenant, "Anna" * 20), 0.9999)
    passed = full_passes.start(tenant, owner)
    page = visit(owner, width=375)
    page.emulate_media(color_scheme=scheme)
    for address in (
        DEDUPE,
        f"{reverse('admin:reconciliation_matchcandidate_full_pass')}?id={passed.pk}",
        reverse("admin:reconciliation_matchsettings_change", args=[limits.pk]),
        reverse("admin:reconciliation_customerimport_changelist"),
        reverse("admin:reconciliation_customerimport_new"),
        reverse("admin:reconciliation_customerimport_columns", args=[row.pk]),
        reverse("admin:reconciliation_customerimport_change", args=[over.pk]),
        reverse("admin:portal_tenant_change", args=[tenant.pk]),
    ):
        page.goto(address)
        assert fits(page), f"{address} is too wide"
