"""What points at a record that can be merged: an explicit list, so that a merge never forgets a relation."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import models

from reconciliation import models as records
from reconciliation.entities import Entity


@dataclass(frozen=True)
class Relation:
    """A column that a merge moves; where `unite` is set, rows that the survivor has already stay behind."""

    model: type[models.Model]
    field: str
    label: str
    unite: bool = False

    def all(self, losers: list[int]) -> list[tuple[int, int]]:
        """(row, its present holder) of everything that points at the losers."""
        rows = self.model._default_manager.filter(**{f"{self.field}__in": losers})
        return list(rows.order_by("pk").values_list("pk", self.field))

    def moving(self, survivor: int, losers: list[int]) -> list[tuple[int, int]]:
        """(row, its present holder) of what goes to the survivor."""
        found = self.all(losers)
        if not self.unite or not found:
            return found
        has = {_same(row) for row in self.model._default_manager.filter(**{self.field: survivor})}
        rows = self.model._default_manager.in_bulk([pk for pk, _ in found])
        kept = []
        for pk, holder in found:
            key = _same(rows[pk])
            if key not in has:
                has.add(key)
                kept.append((pk, holder))
        return kept


def _same(contact: Any) -> tuple[str, str]:
    """Two contacts are one if they reach the same phone or mailbox."""
    if contact.e164:
        return contact.e164, contact.extension
    return contact.email or contact.value.strip().casefold(), ""


_CUSTOMER = (
    Relation(records.Location, "customer_id", "locations"),
    Relation(records.Contact, "customer_id", "contacts", unite=True),
    Relation(records.Lead, "customer_id", "leads"),
    Relation(records.Job, "customer_id", "jobs"),
    Relation(records.Invoice, "customer_id", "invoices"),
    Relation(records.Payment, "customer_id", "payments"),
    Relation(records.Estimate, "customer_id", "estimates"),
    Relation(records.Membership, "customer_id", "memberships"),
    Relation(records.Rating, "customer_id", "ratings"),
    Relation(records.Equipment, "customer_id", "equipment"),
    Relation(records.Person, "customer_id", "people"),
    Relation(records.Opportunity, "customer_id", "opportunities"),
    Relation(records.Case, "customer_id", "cases"),
    Relation(records.Task, "customer_id", "tasks"),
    Relation(records.CustomRecord, "customer_id", "custom records"),
    Relation(records.Customer, "merged_into_id", "customers merged earlier"),
)
_LOCATION = (
    Relation(records.Contact, "location_id", "contacts", unite=True),
    Relation(records.Lead, "location_id", "leads"),
    Relation(records.Job, "location_id", "jobs"),
    Relation(records.Invoice, "location_id", "invoices"),
    Relation(records.Estimate, "location_id", "estimates"),
    Relation(records.Membership, "location_id", "memberships"),
    Relation(records.Equipment, "location_id", "equipment"),
    Relation(records.Location, "merged_into_id", "locations merged earlier"),
)
_VENDOR = (
    Relation(records.ApInvoice, "vendor_id", "AP invoices"),
    Relation(records.PurchaseOrder, "vendor_id", "purchase orders"),
    Relation(records.ApBill, "vendor_id", "bills"),
    Relation(records.Vendor, "merged_into_id", "vendors merged earlier"),
)
RELATIONS: Mapping[str, tuple[Relation, ...]] = {
    "customer": _CUSTOMER,
    "location": _LOCATION,
    "vendor": _VENDOR,
}


def of(entity: Entity) -> tuple[Relation, ...]:
    return RELATIONS[entity.name]


def undeclared(entity: Entity) -> list[tuple[type[models.Model], str]]:
    """Columns anywhere that point at this entity's records and that no merge would move."""
    declared = {(relation.model, relation.field) for relation in of(entity)}
    return [
        (model, field.attname)
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.concrete_fields
        if isinstance(field, models.ForeignKey)
        and field.related_model is entity.model
        and (model, field.attname) not in declared
    ]


def blocking(entity: Entity, losers: list[int]) -> list[str]:
    """Undeclared relations that have rows: a merge would leave those behind."""
    return [
        str(model._meta.verbose_name_plural)
        for model, name in undeclared(entity)
        if model._default_manager.filter(**{f"{name}__in": losers}).exists()
    ]


def counts(entity: Entity, survivor: int, losers: list[int]) -> dict[str, int]:
    """Exactly what a merge would move, by label."""
    found = {relation.label: len(relation.moving(survivor, losers)) for relation in of(entity)}
    found["links"] = records.Link.objects.filter(entity=entity.name, record_id__in=losers).count()
    return {label: number for label, number in found.items() if number}


def model_of(label: str) -> type[models.Model]:
    """The model of a `MergeMove.model`."""
    return apps.get_model(label)
