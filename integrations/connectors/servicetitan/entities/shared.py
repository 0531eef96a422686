"""What the declarations have in common."""

from integrations.connectors.entity import FieldMap, Reference

ANY_ACTIVE = {"active": "Any"}
"""Lists show active rows only, unless asked: a deletion would then look like a row that is not there."""

CUSTOMER = Reference("customerId", "customer")
LOCATION = Reference("locationId", "location")
BUSINESS_UNIT = Reference("businessUnitId", "business_unit")
SHOP = {
    "business_unit": BUSINESS_UNIT,
    "job_type": Reference("jobTypeId", "job_type"),
    "campaign": Reference("campaignId", "campaign"),
}


WHOLE_ADDRESS = {"address": {"street": "", "unit": "", "city": "", "state": "", "zip": "", "country": "USA"}}
"""An address is sent with all its members or not at all; these may not be null."""


def required(reference: Reference) -> Reference:
    return Reference(reference.remote, reference.entity, required=True)


def address(prefix: str) -> tuple[FieldMap, ...]:
    """The six lines of a nested address."""
    return (
        FieldMap(f"{prefix}.street", "street"),
        FieldMap(f"{prefix}.unit", "unit"),
        FieldMap(f"{prefix}.city", "city"),
        FieldMap(f"{prefix}.state", "state"),
        FieldMap(f"{prefix}.zip", "postal_code"),
        FieldMap(f"{prefix}.country", "country"),
    )


def coordinates(prefix: str) -> tuple[FieldMap, ...]:
    return (
        FieldMap(f"{prefix}.latitude", "latitude", "number"),
        FieldMap(f"{prefix}.longitude", "longitude", "number"),
    )
