"""What an export of an entity holds: its columns, read from the table of entities, and what may narrow it.

Children are exports of their own (`invoice_line`, `payment_split`, …): `id` and `external_id` are the line's,
`active` and `source_modified_at` its invoice's, as a line lives and dies with it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.db.models import Model, QuerySet

from reconciliation.entities import ENTITIES, Entity
from reconciliation.models import Contact, Rating, Record, ReferenceItem

CHILDREN = {
    "invoice_line": "invoice",
    "payment_split": "payment",
    "ap_invoice_line": "ap_invoice",
    "ap_correction_line": "ap_correction",
    "adjustment_line": "adjustment",
}
"""Exports of nested rows, and the entity that each belongs to."""

DATES = {
    "job": "completed_at",
    "appointment": "starts_at",
    "assignment": "assigned_at",
    "invoice": "invoiced_at",
    "invoice_line": "invoice__invoiced_at",
    "payment": "paid_at",
    "payment_split": "payment__paid_at",
    "ap_invoice": "invoiced_on",
    "ap_invoice_line": "ap_invoice__invoiced_on",
    "ap_correction": "posted_on",
    "ap_bill": "billed_at",
    "purchase_bill": "billed_at",
    "ap_correction_line": "ap_correction__posted_on",
    "adjustment": "adjusted_at",
    "adjustment_line": "adjustment__adjusted_at",
    "stock_movement": "moved_on",
    "purchase_order": "ordered_on",
    "purchase_order_line": "purchase_order__ordered_on",
    "membership": "starts_at",
    "review": "published_at",
    "equipment": "installed_at",
}
"""The natural date of each export, by which `--from` and `--to` narrow it; of all others, when its source made it."""

BARE_DAYS = frozenset(
    {
        "ap_invoice",
        "ap_invoice_line",
        "ap_correction",
        "ap_correction_line",
        "purchase_order",
        "purchase_order_line",
        "stock_movement",
    }
)
"""Exports whose natural date is a day as text, YYYY-MM-DD, and no moment."""

_UNITS_ELSEWHERE = {
    "note": "job__business_unit",
    "cancellation": "job__business_unit",
    "appointment": "job__business_unit",
    "assignment": "job__business_unit",
    "technician_rating": "job__business_unit",
    "invoice_line": "invoice__business_unit",
    "payment_split": "payment__business_unit",
    "ap_invoice": "invoice__business_unit",
    "ap_invoice_line": "ap_invoice__invoice__business_unit",
    "ap_correction": "ap_invoice__invoice__business_unit",
    "ap_correction_line": "ap_correction__ap_invoice__invoice__business_unit",
    "adjustment_line": "adjustment__business_unit",
    "stock_movement": "adjustment__business_unit",
    "purchase_order_line": "purchase_order__business_unit",
}
_SUMS_OF_CHILDREN = {
    "invoice_line": ("total", "cost"),
    "payment_split": ("amount",),
    "ap_invoice_line": ("amount",),
    "ap_correction_line": ("amount",),
    "adjustment_line": ("total",),
}
"""Quantities and unit prices add up to nothing."""
_NAMING = {"name", "number"}
_NAMED_BY = {
    **dict.fromkeys(
        ("job", "invoice", "appointment", "payment", "case", "ap_invoice", "adjustment", "purchase_order"),
        "number",
    ),
    "ap_correction": "reference",
    "person": "last_name",
}
"""By which field a record of an entity is named where another refers to it; the rest by `name`."""
_CAME_LATER = (
    *("lead_source", "tag_names", "main_phone", "service_type", "wanted_from", "wanted_until", "place"),
    *("membership_tier", "membership_status", "membership_from", "membership_to"),
)
"""Columns that came after an export was promised stand at its end, so that the others keep their places."""
_REFERENCES_LATER = {"case": ("job",), "opportunity": ("job", "technician")}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its heading, the lookup that fills it, and the kind of its values.

    Kinds: id, text, boolean, timestamp, decimal, number, integer, json.
    """

    name: str
    path: str
    kind: str


@dataclass(frozen=True)
class Plan:
    """One export: `where` picks its rows among those of its model.

    `date`, `unit` and `active` are the lookups that narrow it ("" where there is no such thing; `bare_days` where the
    date is a day as text), `sums` the columns that a totals row adds up. `read` makes rows of ids where lookups cannot
    say it all.
    """

    name: str
    model: type[Model]
    columns: tuple[Column, ...]
    tenant_path: str = "tenant"
    where: Mapping[str, Any] = field(default_factory=dict)
    date: str = ""
    bare_days: bool = False
    unit: str = ""
    active: str = ""
    sums: tuple[str, ...] = ()
    read: Callable[[Sequence[int]], list[tuple[Any, ...]]] | None = None

    def narrow(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """`rows` without those of other entities that share the model."""
        return rows.filter(**self.where)

    def naming_tenants(self) -> "Plan":
        """The same with a column `tenant` behind the first four, for rows of several tenants."""
        tenant = Column("tenant", f"{self.tenant_path}__slug", "text")
        return replace(self, columns=(*self.columns[:4], tenant, *self.columns[4:]))


def plan_of_entity(entity: Entity) -> Plan:
    """The export of one entity's records."""
    where = dict(entity.constants)
    if entity.model is Contact:
        where = {f"{reference}__isnull": False for reference in entity.references}
    unit = "business_unit" if "business_unit" in entity.references else _UNITS_ELSEWHERE.get(entity.name, "")
    return Plan(
        entity.name,
        entity.model,
        tuple(_columns(entity)),
        where=where,
        date=DATES.get(entity.name, "source_created_at"),
        bare_days=entity.name in BARE_DAYS,
        unit=unit,
        active="active",
        sums=entity.currency_fields,
    )


def plan_of_model(model: type[Record]) -> Plan:
    """The export of all entities that share a model, as a list page shows them: their columns together."""
    entities = [entity for entity in ENTITIES.values() if entity.model is model]
    columns = {column.name: column for entity in entities for column in _columns(entity)}
    name = {Contact: "contact", Rating: "rating", ReferenceItem: "reference_item"}.get(
        model, entities[0].name
    )
    return Plan(name, model, tuple(columns.values()))


def _columns(entity: Entity) -> Iterable[Column]:
    yield from (
        Column("id", "pk", "id"),
        Column("external_id", "external_id", "id"),
        Column("active", "active", "boolean"),
        Column("source_modified_at", "source_modified_at", "timestamp"),
    )
    yield from (Column(name, name, "text") for name in entity.constants)
    later = {name: entity.references[name] for name in _REFERENCES_LATER.get(entity.name, ())}
    yield from _reference_columns({n: to for n, to in entity.references.items() if n not in later})
    names_first = sorted(entity.fields, key=lambda name: name not in _NAMING)
    yield from (Column(name, name, entity.fields[name]) for name in names_first if name not in _CAME_LATER)
    if entity.currency_fields and "currency" not in entity.fields:
        yield Column("currency", "tenant__currency", "text")
    if entity.merges:
        yield Column("merged_into_external_id", "merged_into__external_id", "id")
    yield Column("source_created_at", "source_created_at", "timestamp")
    yield from (Column(name, name, entity.fields[name]) for name in _CAME_LATER if name in entity.fields)
    yield from _reference_columns(later)


def _reference_columns(references: Mapping[str, str]) -> Iterable[Column]:
    for name, target in references.items():
        yield Column(f"{name}_external_id", f"{name}__external_id", "id")
        yield Column(name, f"{name}__{_NAMED_BY.get(target, 'name')}", "text")


def _currency_of(entity: Entity) -> str:
    """What an entity's amounts are in: what its records say themselves, else the merchant's."""
    return "currency" if "currency" in entity.fields else "tenant__currency"


def plan_of_children(name: str, entity: Entity) -> Plan:
    """The export of the rows that live and die with an entity's records."""
    children = entity.children
    assert children is not None, entity.name  # noqa: S101  # CHILDREN names only entities that have them
    parent = children.parent
    columns = (
        Column("id", "pk", "id"),
        Column("external_id", "external_id", "id"),
        Column("active", f"{parent}__active", "boolean"),
        Column("source_modified_at", f"{parent}__source_modified_at", "timestamp"),
        *_reference_columns({parent: entity.name, **children.references}),
        *(Column(field_name, field_name, kind) for field_name, kind in children.fields.items()),
        Column("currency", f"{parent}__{_currency_of(entity)}", "text"),
    )
    return Plan(
        name,
        children.model,
        columns,
        tenant_path=f"{parent}__tenant",
        date=DATES[name],
        bare_days=name in BARE_DAYS,
        unit=_UNITS_ELSEWHERE[name],
        active=f"{parent}__active",
        sums=_SUMS_OF_CHILDREN[name],
    )
