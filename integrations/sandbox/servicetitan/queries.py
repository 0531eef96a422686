"""Paged lists: query parameters -> the ids that match -> one page of their bytes.

Unknown parameters are ignored with 200, as the real API does; known ones of a wrong kind are a 400 that names
them. Lower bounds of dates are inclusive, upper bounds exclusive.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from integrations.sandbox import times
from integrations.sandbox.servicetitan import views
from integrations.sandbox.servicetitan.replies import Refused, invalid, list_page
from integrations.sandbox.servicetitan.resources import Filter, Resource
from integrations.sandbox.servicetitan.store import Body, Row, Store, Table

Args = MultiDict[str, str]
Test = Callable[[Row, Body], bool]

PAGE_SIZE = 50
MOST_IDS = 50


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
        _test(store, name, narrow, args.getlist(name))
        for name, narrow in resource.filters.items()
        if any(args.getlist(name))
    ]
    if resource.external and args.get("externalDataKey"):
        tests.append(_external_test(store[resource.name], args))
    return tests


def _test(store: Store, name: str, narrow: Filter, values: list[str]) -> Test:
    if narrow.kind == "phone":
        return _phone_test(store, values[0])
    if narrow.kind == "any" and narrow.member == "parent":
        parents = set(id_list(values[0], name))
        return lambda row, _: row.parent in parents
    check = KINDS[narrow.kind](name, values)
    path = narrow.member.split(".")
    return lambda _, body: any(check(value) for value in _reach(body, path))


def _reach(body: Any, path: list[str]) -> list[Any]:
    """All values at a dotted path; a list on the way stands for each of its entries."""
    values = [body]
    for part in path:
        values = [value[part] for value in values if isinstance(value, dict)]
        values = [entry for value in values for entry in (value if isinstance(value, list) else [value])]
    return [value for value in values if value is not None]


def _any_check(name: str, values: list[str]) -> Callable[[Any], bool]:
    wanted = {part.strip().lower() for value in values for part in value.split(",")}
    return lambda value: str(value).lower() in wanted


def _number_check(name: str, values: list[str]) -> Callable[[Any], bool]:
    wanted = _integer(name, values[0])
    return lambda value: value == wanted


def _time_check(name: str, values: list[str]) -> int:
    return _moment(name, values[0])


def _amount(name: str, values: list[str]) -> Decimal:
    try:
        return Decimal(values[0])
    except InvalidOperation:
        raise invalid(**{name: f"The value '{values[0]}' is not valid."}) from None


def _holds(needle: str) -> Callable[[Any], bool]:
    return lambda value: needle.lower() in str(value).lower()


def _from(bound: int) -> Callable[[Any], bool]:
    return lambda value: times.from_text(value) >= bound


def _before(bound: int) -> Callable[[Any], bool]:
    return lambda value: times.from_text(value) < bound


def _over(bound: Decimal) -> Callable[[Any], bool]:
    return lambda value: Decimal(str(value)) >= bound


def _under(bound: Decimal) -> Callable[[Any], bool]:
    return lambda value: Decimal(str(value)) <= bound


KINDS: Mapping[str, Callable[[str, list[str]], Callable[[Any], bool]]] = {
    "same": lambda name, values: lambda value: str(value).lower() == values[0].lower(),
    "number": _number_check,
    "any": _any_check,
    "holds": lambda name, values: _holds(values[0]),
    "flag": lambda name, values: lambda value: value is (values[0].lower() == "true"),
    "from": lambda name, values: _from(_time_check(name, values)),
    "before": lambda name, values: _before(_time_check(name, values)),
    "over": lambda name, values: _over(_amount(name, values)),
    "under": lambda name, values: _under(_amount(name, values)),
}


def _phone_test(store: Store, phone: str) -> Test:
    digits = "".join(filter(str.isdigit, phone))
    owners = {
        row.parent
        for row, body in store["customer-contacts"].bodies()
        if digits and row.active and digits in "".join(filter(str.isdigit, body["value"]))
    }
    return lambda row, _: row.id in owners


def _external_test(table: Table, args: Args) -> Test:
    guid, key = args.get("externalDataApplicationGuid", ""), args["externalDataKey"]
    values = [value.strip() for value in args.get("externalDataValues", "").split(",")]
    if len(values) > MOST_IDS:
        raise invalid(externalDataValues=f"At most {MOST_IDS} values can be looked up at once.")
    return lambda row, _: table.external.get(row.id, {}).get(guid, {}).get(key) in values


def _sorted(table: Table, found: list[int], resource: Resource, args: Args) -> list[int]:
    """Ordered by `sort=+Field`; a plus sign that was not escaped arrives as a space."""
    text = args.get("sort", "").strip()
    if not text or not resource.sort:
        return found
    name, down = text.lstrip("+-"), text.startswith("-")
    known = {field.lower(): field for field in resource.sort}
    if name.lower() not in known:
        raise invalid(sort=f"Sorting by '{name}' is not supported.")
    keys: dict[str, Callable[[int], Any]] = {
        "Id": lambda row_id: row_id,
        "ModifiedOn": lambda row_id: (table.rows[row_id].modified, row_id),
        "CreatedOn": lambda row_id: (table.rows[row_id].created, row_id),
        "Name": lambda row_id: (table.read(row_id)["name"], row_id),
        "Priority": lambda row_id: (table.read(row_id)["priority"], row_id),
    }
    return sorted(found, key=keys[known[name.lower()]], reverse=down)


def id_list(text: str, name: str) -> list[int]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if len(parts) > MOST_IDS:
        raise invalid(**{name: f"The number of ids must not exceed {MOST_IDS}."})
    return [_integer(name, part) for part in parts]


def _integer(name: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise invalid(**{name: f"The value '{text}' is not valid."}) from None


def whole(args: Args, name: str, default: int) -> int:
    return _integer(name, args[name]) if args.get(name) else default


def flag(args: Args, name: str) -> bool:
    text = args.get(name, "false").lower()
    if text not in {"true", "false"}:
        raise invalid(**{name: f"The value '{text}' is not valid."})
    return text == "true"


def moment(args: Args, name: str) -> int:
    return _moment(name, args[name])


def _moment(name: str, text: str) -> int:
    try:
        # A plus sign of an offset that was not escaped arrives as a space.
        return times.from_text(text.replace(" ", "+") if "T" in text else text)
    except ValueError:
        raise invalid(**{name: f"The value '{text}' is not valid."}) from None
