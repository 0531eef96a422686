"""Rows of invoices, payments and estimates. Money is cents inside and a string on the wire, as the API has it;
estimates alone carry numbers."""

from collections.abc import Sequence
from typing import Any

from integrations.sandbox.servicetitan.crm_rows import OFFICE
from integrations.sandbox.servicetitan.store import Body

INCOME: Body = {
    "id": 8100,
    "name": "Service income",
    "number": "4000",
    "type": "Income",
    "detailType": "Income",
}
TAX_CODE: Body = {"id": 8200, "name": "Washoe County", "taxRate": 0.08265}
TAX_RATE = 8265
"""Hundred-thousandths, so that tax is worked out in integers."""
ITEM_EMPTY: tuple[str, ...] = (
    "costOfSaleAccount", "assetAccount", "itemGroup", "importId", "exportId", "inventoryStatus", "budgetCodeId",
    "inventoryLocationId", "inventoryLocation", "installedEquipmentId", "estimateItemId",
)  # fmt: skip


def money(cents: int) -> str:
    sign, cents = ("-", -cents) if cents < 0 else ("", cents)
    return f"{sign}{cents // 100}.{cents % 100:02d}"


def tax_on(cents: int) -> int:
    return (cents * TAX_RATE + 50_000) // 100_000


def named(id: int, name: str | None) -> Body:
    return {"id": id, "name": name}


def postal(address: Body) -> Body:
    return {part: address[part] for part in ("street", "unit", "city", "state", "zip", "country")}


def item(
    *, id: int, order: int, kind: str, sku: int, sku_name: str, description: str, quantity: int, price: int,
    cost: int, taxable: bool, business_unit: Body, created: str, modified: str, technician: int | None = None,
    membership_type: int = 0,
) -> Body:  # fmt: skip
    """`price` and `cost` are cents for one."""
    return {
        "id": id, "description": description, "quantity": str(quantity), "cost": money(cost),
        "totalCost": money(cost * quantity), "price": money(price), "type": kind, "skuName": sku_name,
        "skuId": sku, "total": money(price * quantity), "inventory": False, "taxable": taxable,
        "isChargeable": True, "generalLedgerAccount": INCOME, "membershipTypeId": membership_type,
        "displayName": sku_name, "soldHours": 0.0, "createdOn": created, "modifiedOn": modified,
        "serviceDate": created, "order": order, "businessUnit": business_unit, "createdById": OFFICE,
        "displayInAmount": True, "addOn": False, "memberPrice": None, "technicianId": technician,
        **dict.fromkeys(ITEM_EMPTY),
    }  # fmt: skip


INVOICE_EMPTY: tuple[str, ...] = (
    "budgetCodeId", "batch", "depositedOn", "projectId", "royalty", "employeeInfo", "commissionEligibilityDate",
    "assignedTo", "importId", "exportId", "materialSkuId",
)  # fmt: skip


def invoice(
    *, id: int, number: str, date: str, due: str, subtotal: int, tax: int, balance: int, customer: Body,
    customer_address: Body, location: Body, location_address: Body, business_unit: Body, job: Body | None,
    items: Sequence[Body], created: str, modified: str, paid: str | None, sync_status: str, active: bool = True,
    summary: str | None = None, adjustment_to: int | None = None, membership: int | None = None,
    discount: int = 0, sent: str = "Sent", tax_zone: int | None = None,
) -> Body:  # fmt: skip
    """Amounts are cents."""
    return {
        "id": id, "syncStatus": sync_status, "referenceNumber": number, "invoiceDate": date, "dueDate": due,
        "subTotal": money(subtotal), "salesTax": money(tax), "salesTaxCode": TAX_CODE, "taxZoneId": tax_zone,
        "total": money(subtotal + tax), "balance": money(balance), "invoiceType": None, "customer": customer,
        "customerAddress": postal(customer_address), "location": location,
        "locationAddress": postal(location_address), "businessUnit": business_unit, "termName": "Due upon receipt",
        "createdBy": "office", "createdOn": created, "modifiedOn": modified, "adjustmentToId": adjustment_to,
        "job": job, "sentStatus": sent, "reviewStatus": "NeedsReview" if sync_status == "Pending" else "Reviewed",
        "summary": summary, "items": list(items), "customFields": None, "active": active,
        "discountTotal": money(discount), "membershipId": membership, "paidOn": paid,
        "invoiceConfiguration": "JobInvoice", **dict.fromkeys(INVOICE_EMPTY),
    }  # fmt: skip


def applied(*, id: int, invoice: int, number: str, cents: int, on: str | None) -> Body:
    return {
        "appliedAmount": money(cents), "appliedBy": "office", "appliedId": id, "appliedOn": on,
        "appliedTo": invoice, "appliedToReferenceNumber": number,
    }  # fmt: skip


PAYMENT_EMPTY: tuple[str, ...] = ("batch", "deposit", "generalLedgerAccount", "refundedPaymentId", "authCode")


def payment(
    *, id: int, splits: Sequence[Body], customer: Body, business_unit: Body, date: str, total: int,
    unapplied: int, type_id: int, type_name: str, created: str, modified: str, sync_status: str,
    memo: str | None = None, check: str | None = None, active: bool = True,
) -> Body:  # fmt: skip
    return {
        "active": active, "appliedTo": list(splits), "businessUnit": business_unit, "checkNumber": check,
        "createdBy": "office", "createdOn": created, "customer": customer, "customFields": None, "date": date,
        "id": id, "memo": memo, "modifiedOn": modified, "referenceNumber": str(id)[-6:], "syncStatus": sync_status,
        "total": money(total), "type": type_name, "typeId": str(type_id), "unappliedAmount": money(unapplied),
        **dict.fromkeys(PAYMENT_EMPTY),
    }  # fmt: skip


ESTIMATE_STATUSES = {"Open": 0, "Sold": 1, "Dismissed": 2}


def estimate_item(
    *, id: int, sku: int, name: str, kind: str, description: str, quantity: int, price: int, cost: int, created: str,
    modified: str,
) -> Body:  # fmt: skip
    return {
        "id": id, "skuAccount": "Service income", "description": description, "membershipTypeId": None,
        "sku": {
            "id": sku, "name": name, "displayName": name, "type": kind, "soldHours": 1.5,
            "generalLedgerAccountId": INCOME["id"], "generalLedgerAccountName": INCOME["name"],
            "modifiedOn": created,
        },
        "qty": float(quantity), "unitRate": price / 100, "total": price * quantity / 100, "unitCost": cost / 100,
        "totalCost": cost * quantity / 100, "itemGroupName": "", "itemGroupRootId": None, "createdOn": created,
        "modifiedOn": modified, "chargeable": True, "invoiceItemId": None, "budgetCodeId": None,
    }  # fmt: skip


def estimate(
    *, id: int, job: Body, name: str, status: str, items: Sequence[Body], subtotal: int, tax: int, created: str,
    modified: str, sold: str | None, sold_by: int | None, business_unit: Body, active: bool = True, **more: Any,
) -> Body:  # fmt: skip
    """`job` is the job's row; amounts are cents."""
    return {
        "id": id, "jobId": job["id"], "projectId": None, "locationId": job["locationId"],
        "customerId": job["customerId"], "name": name, "jobNumber": job["jobNumber"],
        "status": {"value": ESTIMATE_STATUSES[status], "name": status}, "reviewStatus": "None", "summary": None,
        "createdOn": created, "modifiedOn": modified, "soldOn": sold, "soldBy": sold_by, "active": active,
        "items": list(items), "externalLinks": [], "subtotal": subtotal / 100, "tax": tax / 100,
        "businessUnitId": business_unit["id"], "businessUnitName": business_unit["name"], "isRecommended": False,
        "budgetCodeId": None, "isChangeOrder": False, "proposalTagName": None, "depositAmount": None,
        "depositPercent": None, "requireDepositOnSignature": None, **more,
    }  # fmt: skip
