"""Invoices with their items, payments with their splits, estimates, bills of vendors. Read only: they belong to
ServiceTitan."""

from integrations.connectors.entity import Children, Entity, FieldMap, Reference
from integrations.connectors.servicetitan.entities.shared import ANY_ACTIVE, BUSINESS_UNIT, CUSTOMER, LOCATION

_ACCOUNTING = "/accounting/v2/tenant/{tenant}"
_SALES = "/sales/v2/tenant/{tenant}"
_ANY_STATE = {"activeState": "All"}

INVOICE = Entity(
    name="invoice",
    scope="tn.acc.invoices:r",
    path=f"{_ACCOUNTING}/invoices",
    feed=f"{_ACCOUNTING}/export/invoices",
    params=_ANY_STATE,
    read_only=True,
    deep_link="https://go.servicetitan.com/#/Invoice/{id}",
    references={
        "customer": Reference("customer.id", "customer", required=True),
        "location": Reference("location.id", "location"),
        "job": Reference("job.id", "job"),
        "business_unit": Reference("businessUnit.id", "business_unit"),
    },
    mapping=(
        FieldMap("referenceNumber", "number"),
        FieldMap("invoiceConfiguration", "kind"),
        FieldMap("invoiceDate", "invoiced_at", "timestamp"),
        FieldMap("dueDate", "due_at", "timestamp"),
        FieldMap("paidOn", "paid_at", "timestamp"),
        FieldMap("subTotal", "subtotal", "decimal"),
        FieldMap("salesTax", "tax", "decimal"),
        FieldMap("total", "total", "decimal"),
        FieldMap("balance", "balance", "decimal"),
        FieldMap("syncStatus", "sync_status"),
        FieldMap("reviewStatus", "review_status"),
        FieldMap("summary", "summary"),
        FieldMap("adjustmentToId", "adjustment_of"),
    ),
    children=Children(
        remote="items",
        name="lines",
        mapping=(
            FieldMap("order", "position", "integer"),
            FieldMap("type", "kind"),
            FieldMap("skuName", "sku"),
            FieldMap("description", "description"),
            FieldMap("quantity", "quantity", "decimal"),
            FieldMap("price", "unit_price", "decimal"),
            FieldMap("total", "total", "decimal"),
            FieldMap("cost", "cost", "decimal"),
            FieldMap("taxable", "taxable", "boolean"),
        ),
    ),
)

PAYMENT = Entity(
    name="payment",
    scope="tn.acc.payments:r",
    path=f"{_ACCOUNTING}/payments",
    feed=f"{_ACCOUNTING}/export/payments",
    params=_ANY_STATE,
    read_only=True,
    references={
        "customer": Reference("customer.id", "customer"),
        "payment_type": Reference("typeId", "payment_type"),
        "business_unit": Reference("businessUnit.id", "business_unit"),
    },
    mapping=(
        FieldMap("referenceNumber", "number"),
        FieldMap("type", "method"),
        FieldMap("date", "paid_at", "timestamp"),
        FieldMap("total", "total", "decimal"),
        FieldMap("unappliedAmount", "unapplied", "decimal"),
        FieldMap("memo", "memo"),
        FieldMap("checkNumber", "check_number"),
        FieldMap("authCode", "auth_code"),
        FieldMap("syncStatus", "sync_status"),
    ),
    children=Children(
        remote="appliedTo",
        name="splits",
        id="appliedId",
        references={"invoice": Reference("appliedTo", "invoice")},
        mapping=(
            FieldMap("appliedToReferenceNumber", "invoice_number"),
            FieldMap("appliedAmount", "amount", "decimal"),
            FieldMap("appliedOn", "applied_at", "timestamp"),
        ),
    ),
)

ESTIMATE = Entity(
    name="estimate",
    scope="tn.sal.estimates:r",
    path=f"{_SALES}/estimates",
    feed=f"{_SALES}/export/estimates",
    params=ANY_ACTIVE,
    read_only=True,
    references={
        "job": Reference("jobId", "job"),
        "customer": CUSTOMER,
        "location": LOCATION,
        "business_unit": BUSINESS_UNIT,
    },
    mapping=(
        FieldMap("name", "name"),
        FieldMap("status.name", "status"),
        FieldMap("reviewStatus", "review_status"),
        FieldMap("summary", "summary"),
        FieldMap("jobNumber", "job_number"),
        FieldMap("subtotal", "subtotal", "decimal"),
        FieldMap("tax", "tax", "decimal"),
        FieldMap("soldOn", "sold_at", "timestamp"),
    ),
)


def _bill(name: str, kind: str) -> Entity:
    """Bills of one kind: asked for none, the list gives those of purchases alone."""
    return Entity(
        name=name,
        scope="tn.acc.apbills:r",
        path=f"{_ACCOUNTING}/ap-bills",
        params={"billType": kind},
        active=None,
        sort=None,
        read_only=True,
        references={
            "vendor": Reference("vendor.id", "vendor"),
            "job": Reference("jobId", "job"),
            "business_unit": Reference("businessUnit.id", "business_unit"),
        },
        mapping=(
            FieldMap("referenceNumber", "number"),
            FieldMap("vendorNumber", "vendor_number"),
            FieldMap("status", "status"),
            FieldMap("syncStatus", "sync_status"),
            FieldMap("source", "entered_by"),
            FieldMap("summary", "summary"),
            FieldMap("billDate", "billed_at", "timestamp"),
            FieldMap("dueDate", "due_at", "timestamp"),
            FieldMap("billAmount", "total", "decimal"),
            FieldMap("taxAmount", "tax", "decimal"),
            FieldMap("shippingAmount", "shipping", "decimal"),
            FieldMap("dateCanceled", "cancelled_at", "timestamp"),
        ),
    )


AP_BILL, PURCHASE_BILL = _bill("ap_bill", "ApBill"), _bill("purchase_bill", "Procurement")
