"""What each kind of filter does: a query parameter's text -> a test of rows.

A text that is not of its kind is a 400 that names the parameter.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from werkzeug.datastructures import MultiDict

from integrations.sandbox import times
from integrations.sandbox.servicetitan.replies import invalid
from integrations.sandbox.servicetitan.resources import Filter
from integrations.sandbox.servicetitan.store import Body, Row, Store, Table

Args = MultiDict[str, str]
Test = Callable[[Row, Body], bool]

MOST_IDS = 50


def row_test(store: Store, name: str, narrow: Filter, values: list[str]) -> Test:
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


def external_test(table: Table, args: Args) -> Test:
    guid, key = args.get("externalDataApplicationGuid", ""), args["externalDataKey"]
    values = [value.strip() for value in args.get("externalDataValues", "").split(",")]
    if len(values) > MOST_IDS:
        raise invalid(externalDataValues=f"At most {MOST_IDS} values can be looked up at once.")
    return lambda row, _: table.external.get(row.id, {}).get(guid, {}).get(key) in values


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
