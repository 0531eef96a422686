"""What becomes of a purchase order on the side that does not have it yet, or what keeps it from going there. Pure.

The route: an order as it was read -> is it frozen, cancelled, or whole on both sides? -> codes of the other side looked
up, line by line -> the order and its lines with these codes, or all that is missing for it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.text import capfirst

from integrations.flows.base import Made, Plan, Settings, Skip, Wait, Wanted
from integrations.tables.base import Key, Missing, Rows, item
from integrations.tables.catalogue import STOCK_CODE, SUPPLIER, TABLES, WAREHOUSE
from integrations.tables.looking import target_of

FROZEN, UNMAPPED = "frozen", "unmapped"
EXPORTED = "Exported"
"""What ServiceTitan says of an order that it keeps as it is from then on."""
_REFERENCE = 30
"""Characters that SYSPRO keeps of a reference."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line, the side that has it, and what it is called on each."""

    id: int
    words: str
    sku: str
    stock_code: str
    item_id: int | None
    in_shop: bool
    in_accounting: bool


@dataclass(frozen=True, slots=True)
class Back:
    """What accounting's codes lead to in ServiceTitan: records, as far as there are any."""

    vendor_id: int | None = None
    warehouse_id: int | None = None
    address: Mapping[str, str] = field(default_factory=dict)
    items: Mapping[int, tuple[str, int]] = field(default_factory=dict)
    """By the id of the line: the item's code and its number."""


@dataclass(frozen=True, slots=True)
class Ordered:
    """A purchase order as it stands. `differing` is what ServiceTitan lacks of what it holds, in words."""

    id: int
    number: str
    accounting_number: str
    active: bool
    status: str
    in_shop: bool
    in_accounting: bool
    vendor: Key | None
    code: str
    supplier: str
    warehouse: Key | None
    warehouse_code: str
    line_count: int | None
    lines: tuple[Line, ...]
    tables: Mapping[str, Rows]
    back: Back = field(default_factory=Back)
    differing: tuple[str, ...] = ()


class _Search:
    """What is looked up for one order, and all that is missing for it."""

    def __init__(self, tables: Mapping[str, Rows]) -> None:
        self.tables = tables
        self.missing: list[Missing] = []
        self.words: list[str] = []

    def find(self, table: str, key: Key | None, lacking: str) -> str:
        """The key's target; without a key, `lacking` says what it means that there is none."""
        found = target_of(self.tables.get(table, {}), key.key) if key else ""
        if not found:
            self.lacks(table, key, TABLES[table].lacks(key) if key else lacking)
        return found

    def lacks(self, table: str, key: Key | None, words: str) -> None:
        if key is not None and (missing := Missing(table, key.key, key.label)) not in self.missing:
            self.missing.append(missing)
        if words not in self.words:
            self.words.append(words)

    def wait(self) -> Wait | None:
        """All of it at once, if anything is missing."""
        if not self.words:
            return None
        return Wait(UNMAPPED, capfirst(f"{'; '.join(self.words)}."), None, tuple(self.missing))


def plan(order: Ordered, settings: Settings) -> Plan:
    if order.status == EXPORTED and order.in_shop:
        return _frozen(order)
    both = order.in_shop and order.in_accounting
    if not order.active and not both:
        return Skip("cancelled", "It was cancelled before it went to the other side.")
    if both:
        return _on_both_sides(order)
    if order.in_shop:
        return _to_accounting(order, settings)
    if order.in_accounting:
        return _to_shop(order, settings)
    return Skip("nowhere", "Neither side has it.")


def _frozen(order: Ordered) -> Plan:
    """What is exported is ServiceTitan's and nobody else's any more."""
    if not order.in_accounting:
        words = "ServiceTitan exported it before it came to SYSPRO: it is left alone on both sides."
        return Skip(FROZEN, words)
    if not order.differing:
        return Made(())
    words = (
        f"ServiceTitan has exported it and keeps it as it is: it is left alone there. Different since: "
        f"{'; '.join(order.differing)}. Put it right by hand, there or in SYSPRO."
    )
    return Skip(FROZEN, words)


def _on_both_sides(order: Ordered) -> Plan:
    """What changes goes by itself; a line that came later may still have to be added."""
    if theirs := [line.words for line in order.lines if not line.in_shop]:
        words = (
            f"SYSPRO has more lines than ServiceTitan, which adds none to an order that is there: {', '.join(theirs)}. "
            "Add them in ServiceTitan by hand, or order them apart."
        )
        return Wait("lines_there", words)
    if order.line_count is not None and order.line_count < len(order.lines):
        words = (
            f"ServiceTitan has {order.line_count} lines, and {len(order.lines)} went to SYSPRO. Take out there what is "
            "not wanted any more."
        )
        return Wait("lines_gone", words)
    new = [line for line in order.lines if not line.in_accounting]
    search = _Search(order.tables)
    rows = _coded(new, search, order.warehouse_code)
    return search.wait() or Made((Wanted("purchase_order", record_id=order.id), *rows))


def _to_accounting(order: Ordered, settings: Settings) -> Plan:
    if not order.lines or order.line_count != len(order.lines):
        return Wait("lines", "Its lines are still being read.")
    search = _Search(order.tables)
    supplier = order.tables.get(SUPPLIER, {}).get(order.vendor.key) if order.vendor else ""
    supplier = supplier or order.code
    if not supplier:
        search.lacks(
            SUPPLIER, order.vendor, TABLES[SUPPLIER].lacks(order.vendor) if order.vendor else _NO_VENDOR
        )
    warehouse = search.find(
        WAREHOUSE, order.warehouse, "it is for no warehouse that ServiceTitan tells us of"
    )
    rows = _coded(order.lines, search, warehouse)
    reference = f"{settings['prefix'] or ''}{order.number}".strip()
    if len(reference) > _REFERENCE:
        search.words.append(
            f"its reference “{reference}” is longer than the {_REFERENCE} characters that SYSPRO keeps"
        )
    values = {"supplier": supplier, "warehouse_code": warehouse, "reference": reference}
    return search.wait() or Made((Wanted("purchase_order", values, record_id=order.id), *rows))


_NO_VENDOR = "it is of no vendor that ServiceTitan tells us of"


def _coded(lines: Sequence[Line], search: _Search, warehouse: str) -> list[Wanted]:
    """Lines with their stock codes."""
    found = []
    for line in lines:
        code = search.find(
            STOCK_CODE, item(line.sku) if line.sku else None, f"line “{line.words}” names no item"
        )
        found.append(_line(line, {"stock_code": code, "warehouse_code": warehouse}))
    return found


def _line(line: Line, values: Mapping[str, Any]) -> Wanted:
    return Wanted("purchase_order_line", values, role=f"line {line.id}", record_id=line.id)


def _to_shop(order: Ordered, settings: Settings) -> Plan:
    if not settings["to_shop"]:
        return Skip(
            "stays", "Orders made in SYSPRO are not taken to ServiceTitan: so it was chosen under Settings."
        )
    if not order.lines:
        return Wait("lines", "Its lines are still being read.")
    search, back = _Search(order.tables), order.back
    if back.vendor_id is None:
        search.words.append(f"no vendor of ServiceTitan is supplier {order.supplier}: give one that code")
    if back.warehouse_id is None:
        search.words.append(_unknown(WAREHOUSE, order.warehouse_code or "without a name"))
    for line in order.lines:
        if line.id not in back.items:
            search.words.append(_unknown(STOCK_CODE, line.stock_code))
    for name, words in (("business_unit", "business unit"), ("order_type", "kind of order")):
        if settings[name] is None:
            search.words.append(f"no {words} is chosen under Settings")
    rows = [
        _line(line, {"sku": code, "item_id": number})
        for line, (code, number) in _known(order, back.items.get)
    ]
    return search.wait() or Made((_in_shop(order, settings), *rows))


def _unknown(table: str, code: str) -> str:
    declared = TABLES[table]
    return f"no {declared.what} of ServiceTitan is {declared.target} {code}: give one that {declared.target}"


def _known(order: Ordered, look_up: Callable[[int], Any]) -> list[tuple[Line, Any]]:
    return [(line, found) for line in order.lines if (found := look_up(line.id)) is not None]


def _in_shop(order: Ordered, settings: Settings) -> Wanted:
    references = {
        "vendor": order.back.vendor_id,
        "warehouse": order.back.warehouse_id,
        "business_unit": settings["business_unit"],
        "order_type": settings["order_type"],
    }
    values = {"summary": f"SYSPRO order {order.accounting_number}", **order.back.address}
    return Wanted("purchase_order", values, references, record_id=order.id)
