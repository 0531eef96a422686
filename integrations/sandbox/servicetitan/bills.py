"""Bills of vendors: those that came of purchases, and those that somebody typed in. The API only reads them."""

from random import Random

from integrations.sandbox import times
from integrations.sandbox.servicetitan.money_rows import money, named
from integrations.sandbox.servicetitan.store import Body, Store

PROCUREMENT, STANDALONE = "Procurement", "ApBill"
EMPTY = (
    "postDate", "summary", "earlyDiscountDate", "otherAmount", "termName", "dateCanceled", "canceledBy",
    "shipToDescription", "batch", "taxZone", "remittanceVendorInfo", "shipTo", "budgetCodeId", "jobId", "jobNumber",
    "dateReconciled",
)  # fmt: skip


def build(store: Store, random: Random, start: int) -> None:
    """Two of each kind, of the first two vendors."""
    vendors = sorted(store["vendors"].rows)[:2]
    for number, kind in enumerate((PROCUREMENT, PROCUREMENT, STANDALONE, STANDALONE), 1):
        table, on = store["ap-bills"], start - (40 - number) * times.DAY
        vendor = store["vendors"].read(vendors[number % 2])
        body = bill(
            id=table.new_id(), number=f"B-{7000 + number}", kind=kind, cents=random.randrange(5_000, 90_000),
            vendor=named(vendor["id"], vendor["name"]), on=times.to_text(on),
            due=times.to_text(on + 30 * times.DAY),
        )  # fmt: skip
        table.add(body, created=on, modified=on)


def bill(*, id: int, number: str, kind: str, cents: int, vendor: Body, on: str, due: str) -> Body:
    bought = kind == PROCUREMENT
    return {
        "id": id, "purchaseOrderId": None, "syncStatus": "Pending", "status": "Unreconciled",
        "source": "Purchasing" if bought else "Standalone", "billType": kind, "referenceNumber": number,
        "vendorNumber": f"V{number}", "billDate": on, "billAmount": money(cents), "vendorInvoiceTotal": money(cents),
        "taxAmount": money(0), "shippingAmount": money(0), "landedCostMethod": "None", "createdBy": "Office",
        "createdOn": on, "modifiedOn": on, "dueDate": due, "doNotPay": False, "businessUnit": None, "vendor": vendor,
        "items": [], "expenseItems": [], "customFields": [], **dict.fromkeys(EMPTY),
    }  # fmt: skip
