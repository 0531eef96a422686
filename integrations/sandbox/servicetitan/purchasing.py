"""What the shop orders: materials of the price book, kinds of orders, orders with their lines, and receipts.

An order's state follows from its lines: nothing, a part or all has come. One that was exported, or cancelled, stays as it
is. What a PATCH does to lines that it leaves out is not published: here it takes them away, which is the worst it can do.
"""

from collections.abc import Sequence
from decimal import Decimal
from random import Random
from typing import Any

from integrations.sandbox import times
from integrations.sandbox.servicetitan.reference_lists import PRICES
from integrations.sandbox.servicetitan.replies import invalid
from integrations.sandbox.servicetitan.store import Body, Store

TYPES = ("Stock replenishment", "Special order")
PENDING, SENT, PARTLY, RECEIVED = "Pending", "Sent", "PartiallyReceived", "Received"
EXPORTED, CANCELED = "Exported", "Canceled"
FIRST_SKU = 70_000
"""The number of the price book's first item, as invoices have it."""
ORDERS = (
    (0, SENT, (("MAT-VALVE", 12),)),
    (1, PENDING, (("MAT-VALVE", 4), ("MAT-BRKR", 20))),
    (0, EXPORTED, (("MAT-VALVE", 6),)),
)
"""The vendor's place, the state, and how much of what."""


def build(store: Store, random: Random, start: int) -> None:
    """Write them; the orders are of the last days."""
    on = start - 800 * times.DAY
    for place, (code, name, price, cost, _) in enumerate(PRICES):
        if code.startswith("MAT"):
            body = material(FIRST_SKU + place, code, name, price, cost, times.to_text(on))
            store["materials"].add(body, created=on, modified=on)
    for name in TYPES:
        table = store["purchase-order-types"]
        table.add(_type(table.new_id(), name, times.to_text(on)), created=on, modified=on)
    vendors, units = sorted(store["vendors"].rows), sorted(store["business-units"].rows)
    for place, (vendor, status, lines) in enumerate(ORDERS):
        at = start - (len(ORDERS) - place) * times.DAY
        order = add(store, vendors[vendor], lines, at, unit=units[0])
        if status == EXPORTED:
            for item in order["items"]:
                receive(store, order["id"], [(item["id"], item["quantity"])], at)
        store["purchase-orders"].write(order["id"], {"status": status}, at)


def add(store: Store, vendor: int, lines: Sequence[tuple[str, Any]], now: int, **members: Any) -> Body:
    """An order of the office: so much of each code, at the price book's cost. Raises KeyError for an unknown code."""
    known = {body["code"]: body for _, body in store["materials"].bodies()}
    wanted = [
        {"skuId": known[code]["id"], "description": known[code]["displayName"], "vendorPartNumber": "",
         "quantity": quantity, "cost": known[code]["cost"]}
        for code, quantity in lines
    ]  # fmt: skip
    day = times.to_text(times.midnight(now))
    body = {
        "vendorId": vendor,
        "typeId": min(store["purchase-order-types"].rows),
        "businessUnitId": members.pop("unit", min(store["business-units"].rows)),
        "inventoryLocationId": min(store["warehouses"].rows),
        "date": day,
        "requiredOn": times.to_text(times.midnight(now) + 7 * times.DAY),
        "tax": 0.0,
        "shipping": 0.0,
        **members,
        "items": wanted,
    }
    return create(store, body, now)


def create(store: Store, body: Body, now: int) -> Body:
    """A new order, pending. Raises Refused."""
    for name, entity in (("vendorId", "vendors"), ("typeId", "purchase-order-types"),
                        ("businessUnitId", "business-units"), ("inventoryLocationId", "warehouses")):  # fmt: skip
        if body[name] not in store[entity].rows:
            raise invalid(**{name: "The record was not found."})
    if not body["items"]:
        raise invalid(items="A purchase order needs at least one item.")
    table, text = store["purchase-orders"], times.to_text(now)
    row: Body = {
        "id": table.new_id(), "number": str(store.next_number("purchase order", 4001)), "invoiceId": None,
        "jobId": body.get("jobId"), "projectId": None, "status": PENDING, "typeId": body["typeId"],
        "vendorId": body["vendorId"], "technicianId": body.get("technicianId"), "shipTo": _address(store, body),
        "businessUnitId": body["businessUnitId"], "inventoryLocationId": body["inventoryLocationId"], "batchId": None,
        "budgetCodeId": None, "vendorDocumentNumber": body.get("vendorInvoiceNumber") or "", "date": body["date"],
        "requiredOn": body["requiredOn"], "sentOn": None, "receivedOn": None, "createdOn": text, "modifiedOn": text,
        "total": 0.0, "tax": body["tax"], "shipping": body["shipping"], "createdById": None,
        "summary": body.get("memo") or "", "items": [_item(store, one, text) for one in body["items"]],
        "customFields": [],
    }  # fmt: skip
    table.add({**row, **_sums(row)}, created=now, modified=now)
    return table.read(row["id"])


def change(store: Store, row_id: int, body: Body, now: int) -> None:
    """Raises Refused for an order that is frozen."""
    order = open_order(store, row_id)
    text = times.to_text(now)
    changes = {name: value for name, value in body.items() if name in order and value is not None}
    if body.get("memo") is not None:
        changes["summary"] = body["memo"]
    if "items" in changes:
        known = {item["id"]: item for item in order["items"]}
        if any(one["id"] not in known for one in changes["items"]):
            raise invalid(items="A purchase order item was not found.")
        changes["items"] = [{**known[one["id"]], **one, "modifiedOn": text} for one in changes["items"]]
    after = {**order, **changes}
    store["purchase-orders"].write(row_id, {**changes, **_sums(after), **_state(after, order, text)}, now)


def cancel(store: Store, row_id: int, now: int) -> None:
    """Raises Refused once something has come."""
    order = open_order(store, row_id)
    if any(item["quantityReceived"] for item in order["items"]):
        raise invalid(status="A purchase order with receipts cannot be canceled.")
    store["purchase-orders"].write(row_id, {"status": CANCELED}, now)


def receive(store: Store, row_id: int, came: Sequence[tuple[int, Any]], now: int, **members: Any) -> int:
    """(line, quantity) each; the receipt's id. Raises Refused."""
    order, text = open_order(store, row_id), times.to_text(now)
    items = {item["id"]: dict(item) for item in order["items"]}
    if not came or any(line not in items for line, _ in came):
        raise invalid(items="A purchase order item was not found.")
    for line, quantity in came:
        received = Decimal(str(items[line]["quantityReceived"])) + Decimal(str(quantity))
        items[line] |= {"quantityReceived": float(received), "modifiedOn": text}
    after = {**order, "items": list(items.values())}
    store["purchase-orders"].write(row_id, {"items": after["items"], **_state(after, order, text)}, now)
    table = store["receipts"]
    rows = [{"id": store.next_number("receipt item", 880_100_001), "skuId": items[line]["skuId"],
             "name": items[line]["skuName"], "code": items[line]["skuCode"], "description": items[line]["description"],
             "quantity": quantity, "cost": items[line]["cost"], "purchaseOrderItemId": line}
            for line, quantity in came]  # fmt: skip
    receipt = {"id": table.new_id(), "active": True, "purchaseOrderId": row_id, "items": rows, **members}
    table.add(receipt, created=now, modified=now)
    return int(receipt["id"])


def open_order(store: Store, row_id: int) -> Body:
    """Raises Refused for one that takes no change any more."""
    order = store["purchase-orders"].read(row_id)
    if order["status"] in {EXPORTED, CANCELED}:
        raise invalid(status=f"The purchase order is {order['status'].lower()} and cannot be changed.")
    return order


def _state(after: Body, before: Body, text: str) -> Body:
    came = [item["quantityReceived"] for item in after["items"]]
    if not any(came):
        return {}
    done = all(item["quantityReceived"] >= item["quantity"] for item in after["items"])
    return {
        "status": RECEIVED if done else PARTLY,
        "receivedOn": (before["receivedOn"] or text) if done else None,
    }


def _sums(order: Body) -> Body:
    for item in order["items"]:
        item["total"] = float(Decimal(str(item["quantity"])) * Decimal(str(item["cost"])))
    goods = sum((Decimal(str(item["total"])) for item in order["items"]), Decimal(0))
    return {"total": float(goods + Decimal(str(order["tax"])) + Decimal(str(order["shipping"])))}


def _item(store: Store, body: Body, on: str) -> Body:
    if body["skuId"] not in store["materials"].rows:
        raise invalid(skuId="The SKU was not found.")
    sku = store["materials"].read(body["skuId"])
    return {
        "id": store.next_number("purchase order item", 880_200_001), "skuId": body["skuId"],
        "description": body["description"], "createdOn": on, "modifiedOn": on, "skuName": sku["displayName"],
        "skuCode": sku["code"], "skuType": "Material", "vendorPartNumber": body["vendorPartNumber"],
        "quantity": body["quantity"], "quantityReceived": 0.0, "cost": body["cost"], "total": 0.0, "serialNumbers": [],
        "status": "Pending", "chargeable": True, "budgetCodeId": None,
    }  # fmt: skip


def _address(store: Store, body: Body) -> Body:
    given = (body.get("shipTo") or {}).get("address")
    place = given or store["warehouses"].read(body["inventoryLocationId"])["address"]
    return {name: place.get(name) for name in ("street", "unit", "city", "state", "zip", "country")}


def _type(row_id: int, name: str, on: str) -> Body:
    return {
        "id": row_id, "name": name, "active": True, "automaticallyReceive": False, "displayToTechnician": True,
        "impactToTechnicianPayroll": False, "allowTechniciansToSendPo": False, "defaultRequiredDateDaysOffset": 7,
        "skipWeekends": True, "excludeTaxFromJobCosting": False, "landedCostMethod": "None",
        "includeTaxInFullyLandedCost": False, "createdOn": on, "modifiedOn": on,
    }  # fmt: skip


def material(row_id: int, code: str, name: str, price: int, cost: int, on: str) -> Body:
    """Amounts are cents."""
    return {
        "id": row_id, "code": code, "displayName": name, "description": name, "cost": cost / 100, "active": True,
        "price": price / 100, "memberPrice": price / 100, "addOnPrice": 0.0, "addOnMemberPrice": 0.0, "hours": 0.0,
        "bonus": 0.0, "commissionBonus": 0.0, "paysCommission": False, "deductAsJobCost": False, "unitOfMeasure": "EA",
        "isInventory": True, "account": None, "costOfSaleAccount": None, "assetAccount": None, "taxable": True,
        "primaryVendor": None, "otherVendors": [], "categories": [], "assets": [], "createdOn": on, "modifiedOn": on,
        "source": None, "externalId": None, "externalData": [], "isConfigurableMaterial": False,
        "chargeableByDefault": True, "variationsOrConfigurableMaterials": [], "businessUnitId": None, "createdById": 1,
        "displayInAmount": False, "generalLedgerAccountId": None, "isOtherDirectCost": False, "costTypeId": None,
    }  # fmt: skip
