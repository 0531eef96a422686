"""Who the shop buys from, and what it put right about its stock. Neither vendors nor warehouses have a feed.

ServiceTitan has no member for the code that accounting knows a vendor by: a custom field of that name holds it, where the
merchant has made one. Whoever has not chooses the code in the mapping table of vendors instead. Custom fields are
written by a call of their own; a write answers with the id alone.
"""

from integrations.connectors.entity import Children, Entity, FieldMap, Find, Reference, Write
from integrations.connectors.servicetitan.entities.shared import (
    ANY_ACTIVE,
    BUSINESS_UNIT,
    WHOLE_ADDRESS,
    address,
)

_INVENTORY = "/inventory/v2/tenant/{tenant}"
SUPPLIER_CODE = "Supplier code"
"""The custom field of a vendor that is read and written unless the mapping names another."""

VENDOR = Entity(
    name="vendor",
    scope="tn.inv.vendors:r",
    path=f"{_INVENTORY}/vendors",
    params=ANY_ACTIVE,
    of_record=False,  # accounting's suppliers are: where both have changed, nobody is overruled unasked
    write=Write(
        scope="tn.inv.vendors:w",
        create=f"{_INVENTORY}/vendors",
        update=f"{_INVENTORY}/vendors/{{id}}",
        members=frozenset(("name", "memo", "contactInfo", "address", "customFields")),
        create_members=frozenset(("taxRate", "isTruckReplenishment", "restrictedMobileCreation")),
        at_first={
            "active": True,
            "taxRate": 0,
            "isTruckReplenishment": False,
            "restrictedMobileCreation": False,
        },
        flat=frozenset(("contactInfo",)),
        aside={"customFields": f"{_INVENTORY}/vendors/custom-fields"},
        whole=WHOLE_ADDRESS,
        needed=frozenset(("name", "address")),
        find=Find.KEY,
    ),
    mapping=(
        FieldMap("name", "name"),
        FieldMap("customFields", "code", "named", SUPPLIER_CODE),
        FieldMap("contactInfo.firstName, contactInfo.lastName", "contact", "combine"),
        FieldMap("contactInfo.phone", "phone"),
        FieldMap("contactInfo.email", "email"),
        FieldMap("memo", "memo"),
        *address("address"),
    ),
)
ADJUSTMENT = Entity(
    name="adjustment",
    scope="tn.inv.adjustments:r",
    path=f"{_INVENTORY}/adjustments",
    feed=f"{_INVENTORY}/export/adjustments",
    params=ANY_ACTIVE,
    write=Write(
        scope="tn.inv.adjustments:w",
        update=f"{_INVENTORY}/adjustments/{{id}}",
        members=frozenset(("externalData",)),
        attached={"externalData": "accounting_journal"},
        find=Find.KEY,
    ),
    references={
        "warehouse": Reference("inventoryLocationId", "warehouse"),  # or a truck, which is in no list here
        "business_unit": BUSINESS_UNIT,
    },
    mapping=(
        FieldMap("number", "number"),
        FieldMap("referenceNumber", "reference"),
        FieldMap("type", "kind"),
        FieldMap("inventoryLocationId", "place"),
        FieldMap("memo", "memo"),
        FieldMap("items", "summary", "listed", "quantity code"),
        FieldMap("date", "adjusted_at", "timestamp"),
        FieldMap("syncStatus", "sync_status"),
        FieldMap("dateCanceled", "cancelled_at", "timestamp"),
        FieldMap("canceledReason", "cancel_reason"),
        FieldMap("externalData", "posted_as", direction="push"),
    ),
    children=Children(
        remote="items",
        name="lines",
        mapping=(
            FieldMap("code", "sku"),
            FieldMap("name", "name"),
            FieldMap("description", "description"),
            FieldMap("quantity", "quantity", "decimal"),
            FieldMap("cost", "cost", "decimal"),
            FieldMap("totalCost", "total", "decimal"),
            FieldMap("active", "is_active", "boolean"),
        ),
    ),
)
"""The API makes none: what somebody else moved is entered in ServiceTitan by hand. All that it takes is an application's
own data: where accounting has posted it, if the rule goes both ways."""
