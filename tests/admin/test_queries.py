"""What a list or a page costs in queries: no more for many rows than for a few, and never above a ceiling."""

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from portal.models import Partner, Tenant
from tests.admin.objects import OBJECTS
from tests.admin.test_every_page import WALKED, address

LIST = 30
PAGE = 60
HOME = 60


@pytest.fixture
def tenants(other_tenant) -> list[Tenant]:
    """Merchants of as many partners."""
    made = [Partner.objects.create(name=f"Partner {number}", slug=f"partner-{number}") for number in range(4)]
    return [
        Tenant.objects.create(partner=partner, name=f"Merchant {partner.pk}", slug=f"merchant-{partner.pk}")
        for partner in made
    ]


@pytest.fixture
def browser(client_for, platform_admin):
    return client_for(platform_admin)


def queries(browser, page: str) -> list[str]:
    """What the second visit asks: the first one fills caches of the process."""
    browser.get(page)
    with CaptureQueriesContext(connection) as asked:
        assert browser.get(page, follow=True).status_code == 200
    return [query["sql"] for query in asked.captured_queries]


@pytest.mark.parametrize("label", WALKED)
def test_a_list_costs_the_same_queries_however_many_rows_it_shows(label, tenants, browser):
    page = address(label, "changelist")
    for tenant in tenants[:2]:
        OBJECTS[label](tenant)
    few = queries(browser, page)
    for tenant in tenants[2:]:
        OBJECTS[label](tenant)
    many = queries(browser, page)
    assert len(many) <= len(few), [sql for sql in many if sql not in few]
    assert len(many) <= LIST, many


@pytest.mark.parametrize("label", WALKED)
def test_the_page_of_one_row_stays_under_its_ceiling(label, tenants, browser):
    row = OBJECTS[label](tenants[0])
    asked = queries(browser, address(label, "change", row.pk))
    assert len(asked) <= PAGE, asked


@pytest.mark.skipif(
    not settings.ON_SQLITE, reason="PostgreSQL plans by its statistics, and small tables otherwise"
)
@pytest.mark.parametrize(
    ("model", "query"), [("job", ""), ("job", "p=1"), ("contact", ""), ("customer", ""), ("location", "")]
)
def test_a_merchants_list_is_read_in_the_order_of_an_index(model, query, tenant, viewer, client_for):
    """Sorting the jobs of a merchant with a million took a third of a second."""
    label = f"reconciliation.{model}"
    OBJECTS[label](tenant)
    asked = queries(client_for(viewer), f"{address(label, 'changelist')}?{query}")
    (ids,) = [sql for sql in asked if f"reconciliation_{model}" in sql and "ORDER BY" in sql]
    assert "TEMP B-TREE FOR ORDER BY" not in plan(ids)  # for its last term, among equals, it may be


@pytest.mark.skipif(
    not settings.ON_SQLITE, reason="PostgreSQL plans by its statistics, and small tables otherwise"
)
def test_the_beginning_of_a_number_is_looked_up(tenant, viewer, client_for):
    """Reading a million numbers to find those that begin with some digits took as long."""
    OBJECTS["reconciliation.job"](tenant)
    asked = queries(client_for(viewer), f"{address('reconciliation.job', 'changelist')}?q=1234")
    (found,) = [sql for sql in asked if '"reconciliation_job"."number" >=' in sql]
    assert "job_by_number (tenant_id=? AND number>? AND number<?)" in plan(found)


def plan(sql: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
        return "\n".join(row[3] for row in cursor.fetchall())


def test_home_costs_the_same_queries_however_many_merchants_there_are(tenants, browser):
    for factory in OBJECTS.values():
        factory(tenants[0])
    few = queries(browser, reverse("admin:index"))
    for tenant in tenants[1:]:
        for factory in OBJECTS.values():
            factory(tenant)
    assert len(queries(browser, reverse("admin:index"))) <= min(HOME, len(few))
