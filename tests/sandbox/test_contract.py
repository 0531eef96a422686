"""Every reply of the sandbox is what the published OpenAPI files say."""

import pytest

from integrations.sandbox.servicetitan.resources import ALL
from tests.contract import load, needs_specs

pytestmark = needs_specs
LISTS = {f"{resource.module}/{resource.path}": resource for resource in ALL if resource.path}
FEEDS = {f"{resource.module}/export/{resource.feed}": resource for resource in ALL if resource.feed}
SINGLE = {path: resource for path, resource in LISTS.items() if resource.by_id}


@pytest.fixture(scope="module")
def contract():
    return load()


def full(path: str) -> str:
    module, _, rest = path.partition("/")
    return f"/{module}/v2/tenant/900001/{rest}"


@pytest.mark.parametrize("path", LISTS)
def test_a_list_is_a_page_of_the_published_rows(caller, contract, path):
    query = {"pageSize": "500", "page": "1", "includeTotal": "true"}
    if LISTS[path].one_of:
        query["modifiedOnOrAfter"] = "2020-01-01T00:00:00Z"
    reply = caller.get(path, **query)
    assert reply.json["data"], "a list without rows shows nothing"
    assert contract.problems("GET", full(path), query, None, reply.status_code, reply.json) == []


@pytest.mark.parametrize("path", FEEDS)
def test_a_feed_is_a_page_of_the_published_rows(caller, contract, path):
    reply = caller.get(path, includeRecentChanges="true")
    assert reply.json["data"]
    query = {"includeRecentChanges": "true"}
    assert contract.problems("GET", full(path), query, None, reply.status_code, reply.json) == []


@pytest.mark.parametrize("path", SINGLE)
def test_a_single_read_is_the_published_row(caller, contract, path):
    row_id = min(caller.sandbox.control.store[SINGLE[path].name].rows)
    reply = caller.get(f"{path}/{row_id}")
    assert reply.status_code == 200
    assert contract.problems("GET", full(f"{path}/{row_id}"), {}, None, 200, reply.json) == []


@pytest.mark.parametrize("path", LISTS)
def test_the_scope_asked_for_is_the_published_one(contract, path):
    assert contract.find("GET", full(path)).scopes == [f"{LISTS[path].scope}:r"]


@pytest.mark.parametrize("path", FEEDS)
def test_the_scope_of_a_feed_is_the_published_one(contract, path):
    resource = FEEDS[path]
    assert contract.find("GET", full(path)).scopes == [f"{resource.feed_scope or resource.scope}:r"]


@pytest.mark.parametrize("path", LISTS)
def test_every_filter_of_the_sandbox_is_a_published_one(contract, path):
    resource = LISTS[path]
    known = {*resource.filters, *resource.unsupported} | ({resource.active} if resource.active else set())
    assert known <= set(contract.find("GET", full(path)).parameters)


@pytest.mark.parametrize("path", LISTS)
def test_every_published_filter_is_known_or_said_to_be_unknown(contract, path):
    resource = LISTS[path]
    common = {"page", "pageSize", "includeTotal", "ids", "sort", "orderBy", "orderByDirection", "genPermUrl"}
    common |= {"createdBefore", "createdOnOrAfter", "modifiedBefore", "modifiedOnOrAfter"}
    common |= {"externalDataApplicationGuid", "externalDataKey", "externalDataValues", "customField.Operator"}
    common |= {"excludeAccountingChangesFromModifiedDateRange", "balanceFilter.Comparer"}
    common |= {"includeDurationBilling", "includeDiscounts", "includeRecurringServices", "includeTags"}
    known = {*resource.filters, *resource.unsupported, resource.active}
    assert set(contract.find("GET", full(path)).parameters) - common - known == set()


CHILDREN = ["crm/customers/{}/contacts", "crm/customers/{}/notes", "crm/locations/{}/contacts", "crm/locations/{}/notes",
            "crm/leads/{}/notes", "jpm/jobs/{}/notes", "jpm/jobs/{}/canceled-log"]  # fmt: skip


@pytest.mark.parametrize("template", CHILDREN)
def test_a_list_below_a_record_is_the_published_one(caller, contract, template):
    path = template.format(min(caller.sandbox.control.store[template.split("/")[1]].rows))
    reply = caller.get(path)
    assert contract.problems("GET", full(path), {}, None, reply.status_code, reply.json) == []


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("crm/customers?ids=" + ",".join(map(str, range(60))), 400),
        ("crm/customers?pageSize=9000", 400),
        ("crm/customers/1", 404),
        ("jpm/export/jobs?from=nonsense", 400),
        ("settings/technicians/5", 404),
    ],
)
def test_a_refusal_is_the_published_error_object(caller, contract, path, status):
    reply = caller.call("GET", path)
    assert reply.status_code == status
    assert contract.find("GET", full(path.partition("?")[0])).problems_with_reply(status, reply.json) == []
