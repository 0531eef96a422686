"""Paged lists: query parameters -> the ids that match -> one page of their bytes.

Unknown parameters are ignored with 200, as the real API does; known ones of a wrong kind are a 400 that names
them. Lower bounds of dates are inclusive, upper bounds exclusive.
"""

from collections.abc import Callable, Mapping
from typing import Any

from werkzeug.wrappers import Response

from integrations.sandbox.servicetitan import views
from integrations.sandbox.servicetitan.filters import (
    Args,
    Test,
    external_test,
    flag,
    id_list,
    moment,
    row_test,
    whole,
)
from integrations.sandbox.servicetitan.replies import Refused, invalid, list_page
from integrations.sandbox.servicetitan.resources import Resource
from integrations.sandbox.servicetitan.store import Row, Store, Table

PAGE_SIZE = 50


def answer(store: Store, resource: Resource, args: Args, *, page_cap: int) -> Response:
    """One page of a resource's list. Raises Refused."""
    if unsupported := [name for name in resource.unsupported if name in args]:
        raise Refused(501, f"The sandbox does not know the filter {unsupported[0]} of {resource.name}.")
    if resource.one_of and not any(name in args for name in resource.one_of):
        raise Refused(400, f"One of {', '.join(resource.one_of)} is required.")
    table = store[resource.name]
    found = _select(store, table, resource, args)
    return page_of(found, args, page_cap, lambda row_id: views.list_row(table, resource, row_id, args))


def page_of(found: list[int], args: Args, page_cap: int, encode: Callable[[int], bytes]) -> Response:
    page, size = whole(args, "page", 1), whole(args, "pageSize", PAGE_SIZE)
    if page < 1:
        raise invalid(page="The page must be 1 or greater.")
    if not 1 <= size <= page_cap:
        raise invalid(pageSize=f"The page size must be between 1 and {page_cap}.")
    start = (page - 1) * size
    rows = [encode(row_id) for row_id in found[start : start + size]]
    total = len(found) if flag(args, "includeTotal") else None
    return list_page(rows, page, size, start + size < len(found), total)


def _select(store: Store, table: Table, resource: Resource, args: Args) -> list[int]:
    key = tuple(sorted((name, value) for name, value in args.items(multi=True) if name not in views.SHAPING))
    return table.derived(
        ("list", key), lambda: _sorted(table, _find(store, table, resource, args), resource, args)
    )


def _find(store: Store, table: Table, resource: Resource, args: Args) -> list[int]:
    rows = _narrow_by_ids(table, resource, args)
    wanted = _wanted_active(resource, args)
    if wanted is not None:
        rows = [row for row in rows if row.active is wanted]
    for test in _time_tests(resource, args):
        rows = [row for row in rows if test(row)]
    if tests := _tests(store, resource, args):
        rows = [row for row in rows if _passes(table, row, tests)]
    return [row.id for row in rows]


def _passes(table: Table, row: Row, tests: list[Test]) -> bool:
    body = table.read(row.id)
    return all(test(row, body) for test in tests)


def _narrow_by_ids(table: Table, resource: Resource, args: Args) -> list[Row]:
    if not resource.ids or not args.get("ids"):
        return list(table.rows.values())
    wanted = id_list(args["ids"], "ids")
    table.journal.read(table.name, wanted)
    return [table.rows[row_id] for row_id in sorted(set(wanted)) if row_id in table.rows]


def _wanted_active(resource: Resource, args: Args) -> bool | None:
    """Which rows are wanted: True, False, or None for both."""
    words = {"true": True, "any": None, "false": False}
    default = resource.active_default
    if resource.active is None:
        # A deleted contact or note is gone from its list; leads, bookings and jobs cannot be deleted.
        return True
    if resource.active == "activeState":
        words, default = {"activeonly": True, "all": None, "inactiveonly": False}, "ActiveOnly"
    value = args.get(resource.active, default)
    if value.lower() not in words:
        raise invalid(**{resource.active: f"The value '{value}' is not valid."})
    return words[value.lower()]


def _time_tests(resource: Resource, args: Args) -> list[Callable[[Row], bool]]:
    bounds = {name: moment(args, name) for name in TIME_BOUNDS if args.get(name)}
    if not resource.modified_filter:
        bounds = {name: value for name, value in bounds.items() if name.startswith("created")}
    return [TIME_BOUNDS[name](bound) for name, bound in bounds.items()]


TIME_BOUNDS: Mapping[str, Callable[[int], Callable[[Row], bool]]] = {
    "createdOnOrAfter": lambda bound: lambda row: row.created >= bound,
    "createdBefore": lambda bound: lambda row: row.created < bound,
    "modifiedOnOrAfter": lambda bound: lambda row: row.modified >= bound,
    "modifiedBefore": lambda bound: lambda row: row.modified < bound,
}


def _tests(store: Store, resource: Resource, args: Args) -> list[Test]:
    tests = [
        row_test(store, name, narrow, values)
        for name, narrow in resource.filters.items()
        if any(values := args.getlist(name) or [narrow.default])
    ]
    if resource.external and args.get("externalDataKey"):
        tests.append(external_test(store[resource.name], args))
    return tests


def _sorted(table: Table, found: list[int], resource: Resource, args: Args) -> list[int]:
    """Ordered by `sort=+Field` or by `orderBy` and `orderByDirection`; otherwise by id."""
    # A plus sign that was not escaped arrives as a space.
    text = args.get("sort", "").strip()
    name, down, known = text.lstrip("+-"), text.startswith("-"), resource.sort
    if not text and resource.order_by:
        name, known = args.get("orderBy", ""), ("Id", "ModifiedOn", "CreatedOn")
        down = args.get("orderByDirection", "").lower().startswith("desc")
    if not name or not known:
        return found
    field = {field.lower(): field for field in known}.get(name.lower())
    if field is None:
        raise invalid(sort=f"Sorting by '{name}' is not supported.")
    keys: dict[str, Callable[[int], Any]] = {
        "Id": lambda row_id: row_id,
        "ModifiedOn": lambda row_id: (table.rows[row_id].modified, row_id),
        "CreatedOn": lambda row_id: (table.rows[row_id].created, row_id),
        "Name": lambda row_id: (table.read(row_id)["name"], row_id),
        "Priority": lambda row_id: (table.read(row_id)["priority"], row_id),
    }
    return sorted(found, key=keys[field], reverse=down)
