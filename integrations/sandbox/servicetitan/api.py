"""API calls: `/{module}/v2/tenant/{tenant}/{path}` -> who may, and which list, feed, single row or write it is."""

import re
from dataclasses import dataclass

from werkzeug.wrappers import Request, Response

from integrations.sandbox.servicetitan import feeds, queries, views, writes
from integrations.sandbox.servicetitan.access import Access
from integrations.sandbox.servicetitan.control import Control
from integrations.sandbox.servicetitan.replies import Refused, raw_json
from integrations.sandbox.servicetitan.resources import (
    ALL,
    BY_NAME,
    CANCELLATIONS,
    CONTACTS,
    NOTES,
    Resource,
)

URL = re.compile(r"/([a-z-]+)/v2/tenant/(\d+)/(.+?)/?")
CHILDREN = re.compile(r"(\w+)/(\d+)/(notes|contacts|canceled-log)")
KINDS = {"notes": NOTES, "contacts": CONTACTS, "canceled-log": CANCELLATIONS}
LISTS = {(resource.module, resource.path): resource for resource in ALL if resource.path}
FEEDS = {(resource.module, f"export/{resource.feed}"): resource for resource in ALL if resource.feed}


@dataclass(frozen=True, slots=True)
class Call:
    module: str
    tenant: int
    path: str


def parse(request: Request) -> Call:
    """Raises Refused 404 for a path that is none of the API's."""
    match = URL.fullmatch(request.path)
    if match is None:
        raise Refused(404)
    return Call(match[1], int(match[2]), match[3])


def answer(control: Control, access: Access, request: Request, call: Call) -> Response:
    """Raises Refused."""
    where = (call.module, call.path)

    def check(scope: str) -> None:
        authorization, app_key = (
            request.headers.get("Authorization", ""),
            request.headers.get("ST-App-Key", ""),
        )
        access.check(authorization, app_key, call.tenant, scope)

    if request.method != "GET":
        with control.store.journal.of_api():
            return writes.answer(control, request, f"{call.module}/{call.path}", check)
    if resource := FEEDS.get(where):
        check(f"{resource.feed_scope or resource.scope}:r")
        return feeds.answer(
            control.store,
            resource,
            request.args,
            now=control.present(),
            lag=control.lag,
            size=control.feed_page,
        )
    if resource := LISTS.get(where):
        check(f"{resource.scope}:r")
        return queries.answer(control.store, resource, request.args, page_cap=control.page_cap)
    match = CHILDREN.fullmatch(call.path)
    if match and (found := KINDS[match[3]].get((call.module, match[1]))):
        check(f"{BY_NAME[found[0]].scope}:r")
        return _children(control, request, *found, int(match[2]))
    parent, _, row_id = call.path.rpartition("/")
    resource = LISTS.get((call.module, parent))
    if resource is None or not resource.by_id or not row_id.isdigit():
        raise Refused(404)
    check(f"{resource.scope}:r")
    return _single(control, request, resource, int(row_id))


def _single(control: Control, request: Request, resource: Resource, row_id: int) -> Response:
    table = control.store[resource.name]
    if row_id not in table.rows:
        raise Refused(404)
    return raw_json(views.single(table, resource, row_id, request.args))


def _children(control: Control, request: Request, name: str, parent: str, parent_id: int) -> Response:
    if parent_id not in control.store[parent].rows:
        raise Refused(404)
    table = control.store[name]
    found = [row_id for row_id in table.children(parent_id) if table.rows[row_id].active]
    return queries.page_of(found, request.args, control.page_cap, lambda row_id: table.rows[row_id].body)
