"""The portal's entities: which record each one is, what it refers to, and what is derived on each write.

Adding an entity is one row here and its model. Everything that writes, searches or exports records reads
this table.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast

from django.db import models

from reconciliation import double_booking, forms, payables, stock
from reconciliation import models as records
from reconciliation.forms import Form
from reconciliation.normalise import search_key
from reconciliation.phones import phone_key, reach

Values = dict[str, Any]

_HOUSEKEEPING = frozenset(
    (
        "id",
        "tenant",
        "external_id",
        "active",
        "source_created_at",
        "source_modified_at",
        "created_at",
        "updated_at",
        "edited_at",
        "version",
    )
)
_KINDS: "tuple[tuple[type[models.Field[Any, Any]], str], ...]" = (
    (models.DecimalField, "decimal"),
    (models.DateTimeField, "timestamp"),
    (models.BooleanField, "boolean"),
    (models.FloatField, "number"),
    (models.IntegerField, "integer"),
    (models.JSONField, "json"),
    (models.TextField, "text"),
)


_PLURALS = {"equipment": "equipment", "person": "people"}
_SPELT_OUT = {"ap": "AP", "gl": "GL"}


def in_words(name: str) -> str:
    """The name of an entity, or of an object, as people read it: ap_invoice -> AP invoice."""
    return " ".join(_SPELT_OUT.get(word, word) for word in name.split("_"))


@dataclass(frozen=True)
class ChildRows:
    """Rows that live and die with their record: an invoice's lines, a payment's splits."""

    name: str
    model: type[models.Model]
    parent: str
    references: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def fields(self) -> Mapping[str, str]:
        """The fields a mapping may fill, each with its kind."""
        skip = {"id", self.parent, "external_id", *self.references}
        return {f.name: _kind(f) for f in self.model._meta.concrete_fields if f.name not in skip}

    @cached_property
    def defaults(self) -> Values:
        """What a field holds where the source says nothing."""
        return _defaults(self.model, self.fields)


@dataclass(frozen=True)
class Entity:
    """One entity: its record's model, fixed values, references (record field -> entity) and derived values.

    `objection` says in words why a record must not be written anywhere as it is; empty where nothing speaks against it.
    """

    name: str
    model: type[records.Record]
    references: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, Any] = field(default_factory=dict)
    derive: Callable[[Values], Values] | None = None
    derived: tuple[str, ...] = ()
    follows: Callable[[Values, str], Values] | None = None
    """Fields that a source sends beside the one they are read from: (values, phone region) -> what follows from them."""
    leads: tuple[str, ...] = ()
    """The fields that those follow from."""
    children: ChildRows | None = None
    forms: Mapping[str, Form] = field(default_factory=dict)
    currency_fields: tuple[str, ...] = ()
    objection: Callable[[Any], str] | None = None

    @property
    def objects(self) -> Any:
        """The model's manager, for code that works on any entity."""
        return self.model._default_manager

    @property
    def label(self) -> str:
        return in_words(self.name)

    @property
    def plural(self) -> str:
        if self.label.endswith("y"):
            return f"{self.label[:-1]}ies"
        return _PLURALS.get(self.name, f"{self.label}s")

    @cached_property
    def fields(self) -> Mapping[str, str]:
        """The fields a mapping may fill, each with its kind (text, decimal, timestamp, …)."""
        skip = {*_HOUSEKEEPING, *self.references, *self.constants, *self.derived, "merged_into"}
        return {
            f.name: _kind(f)
            for f in self.model._meta.concrete_fields
            if f.name not in skip and not f.is_relation
        }

    @cached_property
    def defaults(self) -> Values:
        """What a field holds where the source says nothing."""
        return _defaults(self.model, self.fields)

    @cached_property
    def merges(self) -> bool:
        """Whether records of this entity can be merged into one another."""
        return any(f.name == "merged_into" for f in self.model._meta.concrete_fields)


def _defaults(model: type[models.Model], names: Iterable[str]) -> Values:
    found = {}
    for name in names:
        model_field = cast("models.Field[Any, Any]", model._meta.get_field(name))
        found[name] = None if model_field.null else model_field.get_default()
    return found


def _kind(model_field: "models.Field[Any, Any]") -> str:
    for kind, name in _KINDS:
        if isinstance(model_field, kind):
            return name
    raise TypeError(f"{model_field} has no kind that a mapping can fill")


def _customer_keys(values: Values) -> Values:
    return {
        "name_key": search_key(values["name"]),
        "address_key": _address_key(values),
        "phone_key": phone_key(values["main_phone"]) if values["main_phone"] else "",
    }


def _location_keys(values: Values) -> Values:
    return {"address_key": _address_key(values)}


def _address_key(values: Values) -> str:
    return search_key(f"{values['street']} {values['unit']} {values['city']} {values['postal_code']}")


def _person_keys(values: Values) -> Values:
    keys = {f"{name}_key": phone_key(values[name]) for name in ("phone", "mobile")}
    return {**keys, "email_key": values["email"].strip().casefold()}


def _contact_keys(values: Values) -> Values:
    is_email = values["kind"] == records.Contact.Kind.EMAIL
    return {"email": values["value"].strip().casefold() if is_email else ""}


def _contact_reach(values: Values, region: str) -> Values:
    read = reach(values["kind"], values["value"], region)
    return {"e164": read.e164, "extension": read.extension, "usable": read.usable}


def _list(kind: str) -> Entity:
    return Entity(kind, records.ReferenceItem, constants={"kind": kind})


_SHOP = {"business_unit": "business_unit", "job_type": "job_type", "campaign": "campaign"}

ENTITIES: Mapping[str, Entity] = {
    entity.name: entity
    for entity in (
        *(_list(kind) for kind in records.ReferenceItem.Kind.values),
        Entity(
            "customer",
            records.Customer,
            forms={"name": forms.text, **forms.ADDRESS},
            derive=_customer_keys,
            derived=("name_key", "address_key", "phone_key"),
            currency_fields=("balance", "credit_limit"),
        ),
        Entity(
            "location",
            records.Location,
            references={"customer": "customer"},
            forms={"name": forms.text, **forms.ADDRESS},
            derive=_location_keys,
            derived=("address_key",),
        ),
        Entity(
            "customer_contact",
            records.Contact,
            references={"customer": "customer"},
            forms={"value": forms.contact, "email": forms.email},
            derive=_contact_keys,
            derived=("email",),
            follows=_contact_reach,
            leads=("kind", "value"),
        ),
        Entity(
            "location_contact",
            records.Contact,
            references={"location": "location"},
            forms={"value": forms.contact, "email": forms.email},
            derive=_contact_keys,
            derived=("email",),
            follows=_contact_reach,
            leads=("kind", "value"),
        ),
        Entity("lead", records.Lead, references={"customer": "customer", "location": "location", **_SHOP}),
        Entity(
            "job",
            records.Job,
            references={"customer": "customer", "location": "location", **_SHOP},
            currency_fields=("total",),
        ),
        Entity("booking", records.Booking, references={"job": "job", **_SHOP}),
        Entity("note", records.Note, references={"job": "job"}),
        Entity("cancellation", records.Cancellation, references={"job": "job", "reason": "cancel_reason"}),
        Entity(
            "appointment",
            records.Appointment,
            references={"job": "job"},
            objection=double_booking.of_appointment,
        ),
        Entity(
            "assignment",
            records.Assignment,
            references={"appointment": "appointment", "job": "job", "technician": "technician"},
            objection=double_booking.of_assignment,
        ),
        Entity(
            "invoice",
            records.Invoice,
            references={
                "customer": "customer",
                "location": "location",
                "job": "job",
                "business_unit": "business_unit",
            },
            children=ChildRows("lines", records.InvoiceLine, "invoice"),
            currency_fields=("subtotal", "tax", "total", "balance"),
        ),
        Entity(
            "payment",
            records.Payment,
            references={
                "customer": "customer",
                "payment_type": "payment_type",
                "business_unit": "business_unit",
            },
            children=ChildRows("splits", records.PaymentSplit, "payment", {"invoice": "invoice"}),
            currency_fields=("total", "unapplied"),
        ),
        Entity(
            "vendor",
            records.Vendor,
            forms={"name": forms.text, "email": forms.email, "phone": forms.phone, **forms.ADDRESS},
        ),
        Entity(
            "ap_invoice",
            records.ApInvoice,
            references={"vendor": "vendor", "invoice": "invoice"},
            children=ChildRows("lines", records.ApInvoiceLine, "ap_invoice"),
            currency_fields=("total", "tax", "balance"),
            objection=payables.objection,
        ),
        *(
            Entity(
                name,
                records.ApBill,
                references={"vendor": "vendor", "job": "job", "business_unit": "business_unit"},
                constants={"kind": kind},
                currency_fields=("total", "tax", "shipping"),
            )
            for name, kind in (("ap_bill", "standalone"), ("purchase_bill", "purchase"))
        ),
        Entity(
            "ap_correction",
            records.ApCorrection,
            references={"ap_invoice": "ap_invoice"},
            children=ChildRows("lines", records.ApCorrectionLine, "ap_correction"),
            currency_fields=("total", "tax"),
            objection=payables.objection_to_correction,
        ),
        Entity(
            "adjustment",
            records.Adjustment,
            references={"warehouse": "warehouse", "business_unit": "business_unit"},
            children=ChildRows("lines", records.AdjustmentLine, "adjustment"),
        ),
        Entity(
            "stock_movement",
            records.StockMovement,
            references={"adjustment": "adjustment"},
            currency_fields=("value",),
            objection=stock.objection,
        ),
        Entity("stock_level", records.StockLevel),
        Entity(
            "purchase_order",
            records.PurchaseOrder,
            references={
                "vendor": "vendor",
                "job": "job",
                "business_unit": "business_unit",
                "warehouse": "warehouse",
                "order_type": "purchase_order_type",
            },
            forms={**forms.ADDRESS},
            currency_fields=("total", "tax", "shipping"),
        ),
        Entity(
            "purchase_order_line",
            records.PurchaseOrderLine,
            references={"purchase_order": "purchase_order"},
        ),
        Entity(
            "estimate",
            records.Estimate,
            references={
                "job": "job",
                "customer": "customer",
                "location": "location",
                "business_unit": "business_unit",
            },
            currency_fields=("subtotal", "tax"),
        ),
        Entity(
            "membership",
            records.Membership,
            references={
                "customer": "customer",
                "location": "location",
                "membership_type": "membership_type",
                "business_unit": "business_unit",
            },
        ),
        Entity(
            "technician_rating",
            records.Rating,
            references={"job": "job", "technician": "technician"},
            constants={"kind": "technician"},
        ),
        Entity(
            "review",
            records.Rating,
            references={
                "customer": "customer",
                "job": "job",
                "technician": "technician",
                "business_unit": "business_unit",
            },
            constants={"kind": "review"},
        ),
        Entity(
            "equipment",
            records.Equipment,
            references={"location": "location", "customer": "customer"},
            currency_fields=("cost",),
        ),
        Entity(
            "person",
            records.Person,
            references={"customer": "customer", "owner": "owner"},
            forms={"email": forms.email, **forms.ADDRESS},
            derive=_person_keys,
            derived=("email_key", "phone_key", "mobile_key"),
        ),
        Entity(
            "opportunity",
            records.Opportunity,
            references={
                "customer": "customer",
                "job": "job",
                "technician": "technician",
                "campaign": "campaign",
                "owner": "owner",
            },
            currency_fields=("amount",),
        ),
        Entity(
            "opportunity_role",
            records.OpportunityRole,
            references={"opportunity": "opportunity", "person": "person"},
        ),
        Entity(
            "case",
            records.Case,
            references={"customer": "customer", "job": "job", "person": "person", "owner": "owner"},
        ),
        Entity(
            "campaign_member",
            records.CampaignMember,
            references={"campaign": "campaign", "person": "person"},
        ),
        Entity(
            "custom_record",
            records.CustomRecord,
            references={
                "customer": "customer",
                "person": "person",
                "opportunity": "opportunity",
                "case": "case",
                "owner": "owner",
            },
            currency_fields=("amount",),
        ),
        Entity(
            "task",
            records.Task,
            references={
                "customer": "customer",
                "person": "person",
                "opportunity": "opportunity",
                "case": "case",
                "owner": "owner",
            },
        ),
    )
}


def entity(name: str) -> Entity:
    """The entity of this name; KeyError with the known names otherwise."""
    try:
        return ENTITIES[name]
    except KeyError:
        raise KeyError(f"There is no entity {name!r}; the portal has {', '.join(ENTITIES)}.") from None
