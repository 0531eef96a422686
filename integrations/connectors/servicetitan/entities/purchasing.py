"""What the shop orders: purchase orders, and their lines, which come within them.

An order keeps no key of ours, so one that may have been made is looked for among the newest by what its memo says. An
order that was exported to accounting is frozen there (its status says so): it is left alone.
"""

from integrations.connectors.entity import (
    Entity,
    FieldMap,
    Find,
    Frozen,
    Inside,
    Parts,
    Reference,
    Removal,
    Write,
)
from integrations.connectors.servicetitan.entities.shared import BUSINESS_UNIT, address
from integrations.connectors.servicetitan.inside import RECEIPTS

_INVENTORY = "/inventory/v2/tenant/{tenant}"
_ORDERS = f"{_INVENTORY}/purchase-orders"
_FEED = f"{_INVENTORY}/export/purchase-orders"
_READ, _WRITE = "tn.inv.purchaseorders:r", "tn.inv.purchaseorders:w"
PULL, PUSH = "pull", "push"
EXPORTED = "Exported"
CANCELED = "Canceled"
_FROZEN = (
    "ServiceTitan has exported this order and keeps it as it is: it was left alone there. Put the difference right by "
    "hand, in ServiceTitan or in accounting."
)
_SHIP_TO = ("street", "unit", "city", "state", "zip", "country")
_KEPT_AS = {"zip": "postal_code"}

PURCHASE_ORDER = Entity(
    name="purchase_order",
    scope=_READ,
    path=_ORDERS,
    feed=_FEED,
    active="active",
    inactive={"status": frozenset({CANCELED})},
    references={
        "vendor": Reference("vendorId", "vendor"),
        "job": Reference("jobId", "job"),
        "business_unit": BUSINESS_UNIT,
        "warehouse": Reference("inventoryLocationId", "warehouse"),
        "order_type": Reference("typeId", "purchase_order_type"),
    },
    mapping=(
        FieldMap("number", "number"),
        FieldMap("status", "status"),
        FieldMap("inventoryLocationId", "place", direction=PULL),
        FieldMap("summary", "summary"),
        FieldMap("date", "ordered_on", "date", direction=PULL),
        FieldMap("date", "ordered_on", "template", "{ordered_on}T00:00:00Z", direction=PUSH, mode="if_new"),
        FieldMap("requiredOn", "required_on", "date", direction=PULL),
        FieldMap("requiredOn", "required_on", "template", "{required_on}T00:00:00Z", direction=PUSH),
        FieldMap("receivedOn", "received_on", "date", direction=PULL),
        FieldMap("total", "total", "decimal", direction=PULL),
        FieldMap("tax", "tax", "decimal"),
        FieldMap("shipping", "shipping", "decimal"),
        FieldMap("items", "line_count", "count", direction=PULL),
        *(FieldMap(line.remote, line.field, direction=PULL) for line in address("shipTo")),
        FieldMap("shipTo.description", "warehouse.name", direction=PUSH, mode="if_new"),
        *(
            FieldMap(f"shipTo.address.{part}", _KEPT_AS.get(part, part), direction=PUSH, mode="if_new")
            for part in _SHIP_TO
        ),
    ),
    write=Write(
        scope=_WRITE,
        create=_ORDERS,
        update=f"{_ORDERS}/{{id}}",
        members=frozenset({"summary", "requiredOn"}),
        create_members=frozenset({"date", "tax", "shipping", "shipTo"}),
        at_first={
            "tax": 0,
            "shipping": 0,
            "impactsTechnicianPayroll": False,
            "shipTo": {"description": "", "address": dict.fromkeys(_SHIP_TO, "")},
        },
        references={
            "vendor": "vendorId",
            "business_unit": "businessUnitId",
            "warehouse": "inventoryLocationId",
            "order_type": "typeId",
        },
        optional={"job": "jobId"},
        needed=frozenset({"date", "requiredOn", "summary"}),
        rename={"summary": "memo"},
        find=Find.FEED,
        alike=("summary",),
        parts=(Parts("purchase_order_line", "items", "purchase_order", ("item_id", "ordered"), needed=True),),
        remove=Removal(f"{_ORDERS}/{{id}}/cancellation", "PATCH", always={"canceledReason": "Other"}),
        frozen=Frozen("status", frozenset({EXPORTED}), _FROZEN),
    ),
)

PURCHASE_ORDER_LINE = Entity(
    name="purchase_order_line",
    scope=_READ,
    feed=_FEED,
    inside=Inside(
        "items", {"purchaseOrderId": "id", "purchaseOrderStatus": "status", "modifiedOn": "modifiedOn"}
    ),
    ids=None,
    active=None,
    references={"purchase_order": Reference("purchaseOrderId", "purchase_order", required=True)},
    mapping=(
        FieldMap("skuCode", "sku"),
        FieldMap("skuId", "item_id", "integer"),
        FieldMap("description", "description"),
        FieldMap("vendorPartNumber", "part_number"),
        FieldMap("quantity", "ordered", "decimal"),
        FieldMap("quantityReceived", "received", "decimal"),
        FieldMap("cost", "cost", "decimal"),
    ),
    write=Write(
        scope=_WRITE,
        update=f"{_ORDERS}/{{parent}}",
        siblings=f"{_ORDERS}/{{parent}}",
        parent="purchase_order",
        members=frozenset({"quantity", "quantityReceived", "cost"}),
        create_members=frozenset({"skuId", "description", "vendorPartNumber"}),
        needed=frozenset({"skuId", "quantity"}),
        at_first={"description": "", "vendorPartNumber": "", "cost": 0},
        aside={"quantityReceived": RECEIPTS},
        find=Find.SIBLINGS,
        alike=("skuId", "quantity"),
        frozen=Frozen("purchaseOrderStatus", frozenset({EXPORTED}), _FROZEN),
    ),
)
"""ServiceTitan adds no line to an order that is there: its PATCH takes known lines alone."""
