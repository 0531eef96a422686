"""Documents that SYSPRO's business objects take, declared as data and checked before they are sent.

The route: a body of element names -> checked against the declaration (name, order, length, decimals, need) -> XML.
SYSPRO passes over an element that it does not know and may cut a value that is too long, both in silence: so whatever
is not declared here is refused. Elements go out in the order of their schema; empty ones are left out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from lxml import etree

from integrations.connectors.entity import Row
from integrations.connectors.errors import RemoteError, Who
from integrations.connectors.syspro.characters import held


class Kind(StrEnum):
    """What an element holds."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    GROUP = "group"


@dataclass(frozen=True, slots=True)
class Element:
    """One element of a document. `length` is in characters, or in digits before the point of a number.

    `decimals` are the most of a number. `choices` are all that it takes. `needed` elements must have a value. A
    `group` has elements of its own and may come many times.
    """

    name: str
    kind: Kind = Kind.TEXT
    length: int = 0
    decimals: int = 0
    needed: bool = False
    choices: tuple[str, ...] = ()
    elements: "tuple[Element, ...]" = ()
    label: str = ""

    @property
    def words(self) -> str:
        """`InvoiceDate` -> `invoice date (InvoiceDate)`."""
        spaced = "".join(f" {char.lower()}" if char.isupper() else char for char in self.name).strip()
        return f"{self.label or spaced} ({self.name})"


def text(name: str, length: int, *, needed: bool = False, label: str = "") -> Element:
    return Element(name, length=length, needed=needed, label=label)


def choice(name: str, *choices: str, needed: bool = False) -> Element:
    return Element(name, length=max(map(len, choices)), choices=choices, needed=needed)


def number(name: str, digits: int, decimals: int, *, needed: bool = False) -> Element:
    return Element(name, Kind.NUMBER, length=digits, decimals=decimals, needed=needed)


def amount(name: str, *, needed: bool = False) -> Element:
    """Money: at most 12 digits and 2 decimals."""
    return number(name, 12, 2, needed=needed)


def day(name: str) -> Element:
    return Element(name, Kind.DATE, length=10)


def group(name: str, *elements: Element) -> Element:
    return Element(name, Kind.GROUP, elements=elements)


@dataclass(frozen=True, slots=True)
class Document:
    """One business object as it is called: verb, root, parameters with what is always sent, and its item.

    `key` are the item's elements that stand in a `Key` of their own. `answers` are the elements, in small letters, that
    a reply to a posting must have: without them nothing was posted. `gives` are the columns of the row's key that SYSPRO
    chooses itself, each with the element of the reply that tells it. `item` is the element that holds the item's.
    """

    business_object: str
    verb: str
    root: str
    parameters: Mapping[str, str]
    elements: tuple[Element, ...]
    key: tuple[Element, ...] = ()
    answers: tuple[str, ...] = ()
    gives: Mapping[str, str] = field(default_factory=dict)
    item: str = "Item"

    @property
    def takes_dry_run(self) -> bool:
        """Whether SYSPRO checks it without posting it."""
        return "ValidateOnly" in self.parameters

    def element(self, name: str) -> Element | None:
        """The element of this name in any case, also in a group."""
        return next((found for found in self._all() if found.name.lower() == name.lower()), None)

    def _all(self) -> Iterable[Element]:
        waiting = [*self.key, *self.elements]
        for found in waiting:
            yield found
            waiting += found.elements

    def xml(self, body: Row, *, whole: bool = True) -> "Built":
        """The document of one item; without `whole`, of what changes in one that is there. Raises RemoteError."""
        built = Built("")
        root = etree.Element(self.root)
        item = etree.SubElement(root, self.item)
        _check_names(self, "", (*self.key, *self.elements), body)
        if self.key:
            _fill(etree.SubElement(item, "Key"), self.key, body, built.notes, whole=True)
        _fill(item, self.elements, body, built.notes, whole=whole)
        built.text = _written(root)
        return built

    def parameter_xml(self, **changed: str) -> str:
        """The parameters: each is sent, since what stands for a missing one differs from object to object."""
        root = etree.Element(self.root)
        under = etree.SubElement(root, "Parameters")
        for name, value in {**self.parameters, **changed}.items():
            etree.SubElement(under, name).text = value or None
        return _written(root)


@dataclass(slots=True)
class Built:
    """A document as text of ASCII alone, and what had to be changed in its values, in words."""

    text: str
    notes: list[str] = field(default_factory=list)


def _written(root: Any) -> str:
    """ASCII, other characters as references: no reader can take it for another encoding."""
    return etree.tostring(root, encoding="us-ascii", xml_declaration=False).decode("ascii")


def _check_names(document: Document, path: str, elements: Sequence[Element], body: Row) -> None:
    known = {element.name for element in elements}
    for name in body:
        if name not in known:
            message = (
                f"{document.business_object} has no element {path}{name}: SYSPRO would pass over it in silence. Take the "
                "line out of the field mapping, or correct its name; then retry."
            )
            raise RemoteError(Who.FIX_CONFIGURATION, "unknown_element", message)
    for element in elements:
        if element.elements:
            for row in _rows(element, body.get(element.name)):
                _check_names(document, f"{element.name}/", element.elements, row)


def _fill(parent: Any, elements: Sequence[Element], body: Row, notes: list[str], *, whole: bool) -> None:
    for element in elements:
        value = body.get(element.name)
        if element.elements:
            for row in _rows(element, value):
                _fill(etree.SubElement(parent, element.name), element.elements, row, notes, whole=True)
            continue
        written = _value(element, value, notes)
        if written:
            etree.SubElement(parent, element.name).text = written
        elif element.needed and whole:
            message = f"SYSPRO needs its {element.words}. Fill it in here, or map it; then retry."
            raise RemoteError(Who.FIX_RECORD, "required_missing", message)
        elif element.name in body and not whole:
            etree.SubElement(parent, element.name)  # a change to nothing


def _rows(element: Element, value: Any) -> list[Row]:
    if value in (None, "", [], {}):
        return []
    rows = value if isinstance(value, list) else [value]
    if not all(isinstance(row, dict) for row in rows):
        message = f"The {element.words} must be rows of elements. Tell support."
        raise RemoteError(Who.OUR_BUG, "not_rows", message)
    return rows


def _value(element: Element, value: Any, notes: list[str]) -> str:
    if value is None or value == "":
        return ""
    if element.kind is Kind.NUMBER:
        return _number(element, value)
    if element.kind is Kind.DATE:
        return _day(element, value)
    given = " ".join(str(value).split())
    written = held(given)
    if written != given:
        notes.append(f"The {element.words} “{given}” was written as “{written}”, which SYSPRO can hold.")
    if len(written) > element.length:
        raise _refused(element, given, f"at most {element.length} characters", "too_long")
    if element.choices and written not in element.choices:
        raise _refused(element, given, f"one of {', '.join(element.choices)}", "not_a_choice")
    return written


def _number(element: Element, value: Any) -> str:
    try:
        exact = Decimal(str(value))
    except InvalidOperation:
        raise _refused(element, value, "a number", "not_a_number") from None
    if not exact.is_finite():
        raise _refused(element, value, "a number", "not_a_number")
    rounded = exact.quantize(Decimal(1).scaleb(-element.decimals))
    if rounded != exact:
        raise _refused(element, value, f"at most {element.decimals} decimals", "too_many_decimals")
    if abs(exact) >= Decimal(10) ** element.length:
        raise _refused(element, value, f"at most {element.length} digits before the point", "too_large")
    return f"{rounded:f}"


def _day(element: Element, value: Any) -> str:
    try:
        return date.fromisoformat(str(value)[:10]).isoformat()
    except ValueError:
        raise _refused(element, value, "a date such as 2025-03-14", "not_a_date") from None


def _refused(element: Element, value: Any, takes: str, reason: str) -> RemoteError:
    shown = str(value)
    shown = f"{shown[:60]}…" if len(shown) > 60 else shown
    message = f"SYSPRO's {element.words} takes {takes}, not “{shown}”. Correct it here, then retry."
    return RemoteError(Who.FIX_RECORD, reason, message)
