"""Who the shop buys from. Read only. Neither vendors nor warehouses have a feed.

ServiceTitan has no member for the code that accounting knows a vendor by: a custom field of that name holds it, where the
merchant has made one. Whoever has not chooses the code in the mapping table of vendors instead.
"""

from integrations.connectors.base import Entity, FieldMap
from integrations.connectors.servicetitan.entities.shared import ANY_ACTIVE, address

_INVENTORY = "/inventory/v2/tenant/{tenant}"
SUPPLIER_CODE = "Supplier code"
"""The custom field of a vendor that is read unless the mapping names another."""

VENDOR = Entity(
    name="vendor",
    scope="tn.inv.vendors:r",
    path=f"{_INVENTORY}/vendors",
    params=ANY_ACTIVE,
    of_record=False,  # accounting's suppliers are: where both have changed, nobody is overruled unasked
    read_only=True,
    mapping=(
        FieldMap("name", "name"),
        FieldMap("customFields", "code", "named", SUPPLIER_CODE),
        FieldMap("contactInfo.firstName, contactInfo.lastName", "contact", "joined"),
        FieldMap("contactInfo.phone", "phone"),
        FieldMap("contactInfo.email", "email"),
        FieldMap("memo", "memo"),
        *address("address"),
    ),
)
