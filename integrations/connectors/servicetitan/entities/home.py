"""What a customer has for longer than one job: maintenance plans, and the units in the house."""

from integrations.connectors.entity import Entity, FieldMap, Reference
from integrations.connectors.servicetitan.entities.shared import (
    ANY_ACTIVE,
    BUSINESS_UNIT,
    CUSTOMER,
    LOCATION,
    required,
)

_MEMBERSHIPS = "/memberships/v2/tenant/{tenant}"
_EQUIPMENT = "/equipmentsystems/v2/tenant/{tenant}"

MEMBERSHIP = Entity(
    name="membership",
    scope="tn.mem.memberships:r",
    path=f"{_MEMBERSHIPS}/memberships",
    feed=f"{_MEMBERSHIPS}/export/memberships",
    params=ANY_ACTIVE,
    references={
        "customer": required(CUSTOMER),
        "location": LOCATION,
        "membership_type": Reference("membershipTypeId", "membership_type"),
        "business_unit": BUSINESS_UNIT,
    },
    mapping=(
        FieldMap("status", "status"),
        FieldMap("from", "starts_at", "timestamp"),
        FieldMap("to", "ends_at", "timestamp"),
        FieldMap("cancellationDate", "cancelled_at", "timestamp"),
        FieldMap("nextScheduledBillDate", "next_bill_at", "timestamp"),
        FieldMap("billingFrequency", "billing_frequency"),
        FieldMap("memo", "memo"),
    ),
)

EQUIPMENT = Entity(
    name="equipment",
    scope="tn.eqs.installedequipment:r",
    path=f"{_EQUIPMENT}/installed-equipment",
    feed=f"{_EQUIPMENT}/export/installed-equipment",
    params=ANY_ACTIVE,
    references={"location": required(LOCATION), "customer": CUSTOMER},
    mapping=(
        FieldMap("name", "name"),
        FieldMap("type.name", "kind"),
        FieldMap("manufacturer", "manufacturer"),
        FieldMap("model", "model"),
        FieldMap("serialNumber", "serial_number"),
        FieldMap("status", "status"),
        FieldMap("memo", "memo"),
        FieldMap("installedOn", "installed_at", "timestamp"),
        FieldMap("manufacturerWarrantyEnd", "warranty_ends_at", "timestamp"),
        FieldMap("cost", "cost", "decimal"),
    ),
)
