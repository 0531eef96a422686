"""A merchant's records, made one by one: each maker fills in what a record cannot do without."""

from datetime import UTC, datetime
from itertools import count
from typing import Any

from portal.models import Tenant
from reconciliation.entities import ENTITIES
from reconciliation.models import (
    ApInvoice,
    ApInvoiceLine,
    Appointment,
    Assignment,
    Booking,
    Cancellation,
    Contact,
    Customer,
    Equipment,
    Estimate,
    Invoice,
    InvoiceLine,
    Job,
    Lead,
    Link,
    Location,
    Membership,
    Note,
    Payment,
    PaymentSplit,
    PurchaseOrder,
    Rating,
    ReferenceItem,
    Source,
    Vendor,
)

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
_ids = count(70_000_001)


def make(entity: str, tenant: Tenant, **values: Any) -> Any:
    """One record of an entity with derived values as a pull would derive them."""
    kind = ENTITIES[entity]
    values = {
        "tenant": tenant,
        "external_id": str(next(_ids)),
        "created_at": NOON,
        "updated_at": NOON,
        "source_created_at": NOON,
        "source_modified_at": NOON,
        **kind.constants,
        **values,
    }
    if kind.derive:
        values.update(kind.derive({**kind.defaults, **values}))
    return kind.model.objects.create(**values)


def customer(tenant: Tenant, name: str = "Ana Núñez", **values: Any) -> Customer:
    return make("customer", tenant, name=name, **values)


def location(tenant: Tenant, of: Customer | None = None, **values: Any) -> Location:
    return make("location", tenant, customer=of or customer(tenant), **values)


def contact(of: Customer, value: str, kind: str = "phone", **values: Any) -> Contact:
    return make("customer_contact", of.tenant, customer=of, kind=kind, value=value, **values)


def location_contact(of: Location, value: str, kind: str = "phone", **values: Any) -> Contact:
    return make("location_contact", of.tenant, location=of, kind=kind, value=value, **values)


def job(tenant: Tenant, of: Customer | None = None, **values: Any) -> Job:
    payer = of or customer(tenant)
    values.setdefault("location", None)
    values["location"] = values["location"] or location(tenant, payer)
    return make("job", tenant, customer=payer, **values)


def invoice(tenant: Tenant, of: Customer | None = None, **values: Any) -> Invoice:
    return make("invoice", tenant, customer=of or customer(tenant), **values)


def line(of: Invoice, **values: Any) -> InvoiceLine:
    return InvoiceLine.objects.create(invoice=of, external_id=str(next(_ids)), **values)


def payment(tenant: Tenant, **values: Any) -> Payment:
    return make("payment", tenant, **values)


def split(of: Payment, **values: Any) -> PaymentSplit:
    return PaymentSplit.objects.create(payment=of, external_id=str(next(_ids)), **values)


def vendor(tenant: Tenant, **values: Any) -> Vendor:
    return make("vendor", tenant, **values)


def purchase_order(tenant: Tenant, **values: Any) -> PurchaseOrder:
    return make("purchase_order", tenant, vendor=vendor(tenant, name="Ferguson Supply"), **values)


def ap_invoice(tenant: Tenant, **values: Any) -> ApInvoice:
    return make("ap_invoice", tenant, **values)


def ap_line(of: ApInvoice, **values: Any) -> ApInvoiceLine:
    return ApInvoiceLine.objects.create(ap_invoice=of, **values)


def estimate(tenant: Tenant, **values: Any) -> Estimate:
    return make("estimate", tenant, **values)


def membership(tenant: Tenant, of: Customer | None = None, **values: Any) -> Membership:
    return make("membership", tenant, customer=of or customer(tenant), **values)


def rating(tenant: Tenant, of: Job | None = None, **values: Any) -> Rating:
    return make("technician_rating", tenant, job=of or job(tenant), **values)


def review(tenant: Tenant, of: Customer | None = None, **values: Any) -> Rating:
    return make("review", tenant, customer=of or customer(tenant), **values)


def equipment(tenant: Tenant, of: Location | None = None, **values: Any) -> Equipment:
    return make("equipment", tenant, location=of or location(tenant), **values)


def cancellation(tenant: Tenant, of: Job | None = None, **values: Any) -> Cancellation:
    return make("cancellation", tenant, job=of or job(tenant), **values)


def note(tenant: Tenant, of: Job | None = None, **values: Any) -> Note:
    return make("note", tenant, job=of or job(tenant), **values)


def appointment(tenant: Tenant, of: Job | None = None, **values: Any) -> Appointment:
    return make("appointment", tenant, job=of or job(tenant), **values)


def assignment(tenant: Tenant, of: Appointment | None = None, **values: Any) -> Assignment:
    return make("assignment", tenant, appointment=of or appointment(tenant), **values)


def lead(tenant: Tenant, **values: Any) -> Lead:
    return make("lead", tenant, **values)


def booking(tenant: Tenant, **values: Any) -> Booking:
    return make("booking", tenant, **values)


def item(tenant: Tenant, kind: str = "business_unit", **values: Any) -> ReferenceItem:
    return make(kind, tenant, **values)


def source(tenant: Tenant, system: str = "servicetitan") -> Source:
    found, _ = Source.objects.get_or_create(tenant=tenant, system=system, defaults={"name": "ServiceTitan"})
    return found


def link(record: Any, entity: str, **values: Any) -> Link:
    """Tie a record to its counterpart in ServiceTitan under its own external id."""
    defaults = {
        "source": source(record.tenant),
        "external_id": record.external_id,
        "state": Link.State.LIVE,
        "fingerprint": 1,
        "remote_modified_at": NOON,
        "created_at": NOON,
        "updated_at": NOON,
        "base": {},
    }
    if "payload" not in values:
        defaults["payload"] = {"id": int(record.external_id)}
    return Link.objects.create(entity=entity, record_id=record.pk, **{**defaults, **values})


def person(tenant: Tenant, of: Customer | None = None, **values: Any) -> Any:
    return make("person", tenant, customer=of or customer(tenant), **values)


def opportunity(tenant: Tenant, of: Customer | None = None, **values: Any) -> Any:
    return make("opportunity", tenant, customer=of or customer(tenant), **values)
