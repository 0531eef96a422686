"""How sure a merchant wants to be: limits in their order, and no merging by itself without a look at the numbers."""

import pytest
from django.urls import reverse

from portal.models import AuditEntry
from reconciliation.models import MatchSettings
from tests.reconciliation import shop
from tests.reconciliation.waiting import pair

pytestmark = pytest.mark.django_db
OF = reverse("admin:reconciliation_matchsettings_of")


def address(row):
    return reverse("admin:reconciliation_matchsettings_change", args=[row.pk])


@pytest.fixture
def limits(tenant) -> MatchSettings:
    return MatchSettings.objects.create(tenant=tenant)


@pytest.fixture
def staff(client_for, owner):
    return client_for(owner)


def save(client, row, **values):
    reply = client.post(address(row), {"review_from": "50", "merge_from": "99.95", **values})
    row.refresh_from_db()
    return reply


@pytest.mark.parametrize(
    ("review", "merge", "words"),
    [
        ("0", "99", "Above 0"),
        ("99", "99", "Above the limit from which a person is asked"),
        ("99.5", "99", "Above the limit from which a person is asked"),
        ("50", "100", "below 100 %"),
        ("50", "140", "less than or equal to 100"),
        ("-1", "90", "greater than or equal to 0"),
        ("", "90", "required"),
        ("half", "90", "Enter a number"),
    ],
)
def test_limits_out_of_order_are_refused_with_what_would_do(staff, limits, review, merge, words):
    reply = save(staff, limits, review_from=review, merge_from=merge)
    assert words in reply.content.decode()
    assert (limits.review_from, limits.merge_from) == (0.5, 0.9995)


def test_switching_it_on_asks_first_with_the_number_of_pairs(staff, limits, tenant):
    pair(shop.customer(tenant, "Ana"), shop.customer(tenant, "Anna"), 0.9999)
    pair(shop.customer(tenant, "Bea"), shop.customer(tenant, "Bee"), 0.9)
    page = save(staff, limits, merges_by_itself="on").content.decode()
    assert "1 pair found so far: 2 customers become 1." in page
    assert "Nobody will be asked about pairs of 99.95 % and more" in page
    assert not limits.merges_by_itself
    assert not AuditEntry.objects.filter(action="match_settings.changed").exists()


def test_a_lower_limit_while_it_is_on_asks_again(staff, limits, tenant):
    MatchSettings.objects.update(merges_by_itself=True)
    pair(shop.customer(tenant, "Ana"), shop.customer(tenant, "Anna"), 0.95)
    page = save(staff, limits, merges_by_itself="on", merge_from="90").content.decode()
    assert "1 pair" in page
    assert limits.merge_from == 0.9995
    assert (
        save(staff, limits, merges_by_itself="on", merge_from="99.97").status_code == 302
    )  # narrower: no question


def test_who_only_resolves_sees_the_limits_and_cannot_change_them(client_for, colleague, limits):
    client = client_for(colleague)
    page = client.get(address(limits)).content.decode()
    assert "99.95 %" in page
    assert save(client, limits, review_from="60").status_code == 403
    assert limits.review_from == 0.5


def test_the_way_to_another_tenants_settings_is_not_there(client_for, outsider, limits, tenant):
    client = client_for(outsider)
    assert client.get(OF, {"tenant": tenant.pk}).status_code == 404
    assert client.get(OF, {"tenant": "x"}).status_code == 404


def test_confirmed_it_is_on_and_the_trail_says_who_and_what(staff, limits, owner):
    assert save(staff, limits, review_from="62.5", merges_by_itself="on", confirmed="on").status_code == 302
    assert (limits.merges_by_itself, limits.review_from) == (True, 0.625)
    entry = AuditEntry.objects.get(action="match_settings.changed")
    assert entry.actor == owner
    assert entry.diff["merges_by_itself"] == [False, True]
    assert entry.diff["review_from"] == [0.5, 0.625]
    assert "merge_from" not in entry.diff


def test_its_page_says_what_would_merge_now_by_name(staff, limits, tenant):
    ana, anna = shop.customer(tenant, "Ana Nunez"), shop.customer(tenant, "Anna Nunez")
    pair(ana, anna, 0.9999)
    page = staff.get(address(limits)).content.decode()
    assert "1 pair found so far: 2 customers become 1" in page
    assert "Asks a person" in page
    assert "Anna Nunez" in page


def test_a_tenants_page_leads_there_whether_it_has_settings_or_not(staff, tenant):
    page = staff.get(reverse("admin:portal_tenant_change", args=[tenant.pk])).content.decode()
    assert f"{OF}?tenant={tenant.pk}" in page
    added = staff.get(OF, {"tenant": tenant.pk})
    assert added["Location"].endswith(f"/add/?tenant={tenant.pk}")
    assert staff.get(added["Location"]).status_code == 200
    row = MatchSettings.objects.create(tenant=tenant)
    assert staff.get(OF, {"tenant": tenant.pk})["Location"] == address(row)
