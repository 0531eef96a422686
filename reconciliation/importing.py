"""Customers from a file: one line becomes one customer, its location, its phones and its e-mail address.

The route: a line's cells -> `Line` (`read_line`, no database) -> rows for `ingest`, as a pull would hand them over ->
records and links under a source of the system "file". The same id in a later file brings the same records up to date.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import orjson

from portal.models import Tenant
from reconciliation.entities import ENTITIES
from reconciliation.ingest import ingest
from reconciliation.intake import Incoming, Intake, PageResult
from reconciliation.lookup import known_links
from reconciliation.models import Source
from reconciliation.phones import read_phone

FIELDS = (
    "id",
    "type",
    "first_name",
    "last_name",
    "name",
    "email",
    "phone",
    "phone2",
    "street",
    "unit",
    "city",
    "state",
    "zip",
)
LONGEST_ID = 56
SYSTEM = "file"
_CONTACTS = {"phone": "phone", "phone2": "phone", "email": "email"}
_TYPES = {"residential": "Residential", "commercial": "Commercial", "": ""}
_ABOUT_A_CUSTOMER = frozenset({"customer"})


class BadLine(Exception):
    """A line that cannot become a customer, and why, in words for a person."""


@dataclass(frozen=True, slots=True)
class Line:
    """One customer as its line has it."""

    cells: Mapping[str, str]

    @property
    def id(self) -> str:
        return self.cells["id"]

    @property
    def name(self) -> str:
        """A business's name; a person's from its two columns where both are filled, else the one column."""
        first, last, whole = (self.cells[name] for name in ("first_name", "last_name", "name"))
        apart = f"{first} {last}".strip()
        if self.cells["type"] == "Commercial":
            return whole or apart
        return apart if first and last else whole or apart


def read_line(cells: Mapping[str, str | None]) -> tuple[Line, str]:
    """A line's cells by field, as a customer, and what had to be left out of it (or ""). Raises `BadLine`."""
    found = {name: " ".join(_text(cells.get(name)).split()) for name in FIELDS}
    if not found["id"]:
        raise BadLine("has no id")
    if len(found["id"]) > LONGEST_ID:
        raise BadLine(f"its id is longer than {LONGEST_ID} characters")
    if not any(value for name, value in found.items() if name not in {"id", "type"}):
        raise BadLine("says nothing but an id")
    kind = _TYPES.get(found["type"].casefold())
    left_out = (
        ""
        if kind is not None
        else f"its type “{found['type']}” is neither Residential nor Commercial: left empty"
    )
    found["type"] = kind or ""
    return Line(found), left_out


def _text(cell: str | None) -> str:
    """Text that every database takes; what is no UTF-8 is read as Windows would."""
    text = (cell or "").replace("\x00", "")
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogateescape").decode("cp1252", "replace")
    return text


class Importer:
    """Takes lines in, a page at a time."""

    def __init__(self, tenant: Tenant) -> None:
        self.region = tenant.phone_region
        self.source, _ = Source.objects.get_or_create(
            tenant=tenant, system=SYSTEM, defaults={"name": "Imported customers"}
        )
        self.customers = Intake(self.source, ENTITIES["customer"])
        self.locations = Intake(self.source, ENTITIES["location"], required=_ABOUT_A_CUSTOMER)
        self.contacts = Intake(self.source, ENTITIES["customer_contact"], required=_ABOUT_A_CUSTOMER)

    def take(self, lines: Sequence[Line]) -> PageResult:
        """Write a page of lines; the result counts customers. Must run inside a transaction."""
        result = ingest(self.customers, map(_customer, lines))
        for part in (
            ingest(self.locations, (_location(line) for line in lines if line.cells["street"])),
            ingest(self.contacts, [*self._contacts(lines), *self._emptied(lines)]),
        ):
            result.failures.extend(part.failures)
        return result

    def _contacts(self, lines: Iterable[Line]) -> Iterable[Incoming]:
        for line in lines:
            for column, kind in _CONTACTS.items():
                if value := line.cells[column]:
                    fields: dict[str, Any] = {"kind": kind, "value": value}
                    if kind == "phone":
                        number = read_phone(value, self.region)
                        fields |= {
                            "e164": number.e164,
                            "extension": number.extension,
                            "usable": number.usable,
                        }
                    yield _row(f"{line.id}:{column}", fields, {"customer": line.id})

    def _emptied(self, lines: Iterable[Line]) -> list[Incoming]:
        """Contacts that an earlier file had and this one has not any more."""
        missing = {
            f"{line.id}:{column}": line.id for line in lines for column in _CONTACTS if not line.cells[column]
        }
        known = known_links(self.source, "customer_contact", list(missing)) if missing else {}
        empty = {"value": "", "e164": "", "extension": "", "usable": False}
        return [_row(key, empty, {"customer": missing[key]}, active=False) for key in known]


def _customer(line: Line) -> Incoming:
    return _row(
        line.id, {"name": line.name, "kind": line.cells["type"], **_address(line)}, {}, payload=line.cells
    )


def _location(line: Line) -> Incoming:
    return _row(line.id, {"name": line.name, **_address(line)}, {"customer": line.id})


def _address(line: Line) -> dict[str, str]:
    cells = line.cells
    return {
        **{name: cells[name] for name in ("street", "unit", "city", "state")},
        "postal_code": cells["zip"],
    }


def _row(
    external_id: str,
    fields: dict[str, Any],
    references: dict[str, str],
    *,
    payload: Mapping[str, str] | None = None,
    active: bool = True,
) -> Incoming:
    """One row for `ingest`; its fingerprint follows from all that it says."""
    body = orjson.dumps({"fields": fields, "from": payload, "active": active})
    mark = int.from_bytes(blake2b(body, digest_size=8).digest(), "big", signed=True)
    kept = orjson.dumps(payload).decode() if payload else "{}"
    return Incoming(external_id, fields, references, kept, mark, active=active)
