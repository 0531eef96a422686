"""What request bodies may hold: one declaration per body."""

from integrations.sandbox.servicetitan.checking import Field, Schema, choice, many, one

TEXT, FLAG, WHOLE, AMOUNT, TIME, WHOLES = (
    Field(kind) for kind in ("text", "flag", "whole", "amount", "time", "wholes")
)
KIND_OF_CONTACT = choice("Phone", "Email", "Fax", "MobilePhone")
KIND_OF_CUSTOMER = choice("Residential", "Commercial")
PARTS = ("street", "city", "state", "zip", "country")

ADDRESS: Schema = {**dict.fromkeys(PARTS, TEXT.needed), "unit": TEXT, "latitude": AMOUNT, "longitude": AMOUNT}
ADDRESS_PATCH: Schema = {
    **dict.fromkeys((*PARTS, "unit"), TEXT.needed),
    "latitude": AMOUNT,
    "longitude": AMOUNT,
}
CUSTOM: Schema = {"typeId": WHOLE.needed, "value": TEXT}
PAIRS = many({"key": TEXT.needed, "value": TEXT})
EXTERNAL: Schema = {
    "applicationGuid": TEXT.needed,
    "externalData": PAIRS.needed,
    "patchMode": choice("Replace", "Merge"),
}
CONTACT: Schema = {"type": KIND_OF_CONTACT.needed, "value": TEXT.needed, "memo": TEXT}
CONTACT_PATCH: Schema = {
    "type": KIND_OF_CONTACT.never_null,
    "value": TEXT.never_null,
    "memo": TEXT,
    "preferences": one(
        dict.fromkeys(
            (
                "jobRemindersEnabled",
                "marketingUpdatesEnabled",
                "invoiceStatementNotification",
                "invoiceNotification",
                "statementNotification",
            ),
            FLAG.needed,
        )
    ),
}
SHARED: Schema = {"customFields": many(CUSTOM), "tagTypeIds": WHOLES, "externalData": one(EXTERNAL)}
LOCATION_PART: Schema = {
    "name": TEXT.needed,
    "address": one(ADDRESS).needed,
    "contacts": many(CONTACT),
    "coordinatesSource": choice("None", "System", "User", "Imported"),
    "coordinatesVerificationStatus": choice("Unverified", "InProgress", "Failed", "Verified"),
    **SHARED,
}
LOCATION: Schema = {**LOCATION_PART, "customerId": WHOLE.needed}
LOCATION_PATCH: Schema = {
    "customerId": WHOLE.never_null,
    "name": TEXT.never_null,
    "address": one(ADDRESS_PATCH).never_null,
    "active": FLAG.never_null,
    "taxZoneId": WHOLE,
    **SHARED,
}
FLAGS: Schema = dict.fromkeys(("doNotMail", "doNotService", "nationalAccount", "taxExempt"), FLAG)
CREDIT: Schema = {"paymentTermId": WHOLE, "creditLimit": AMOUNT, "creditLimitBalance": AMOUNT}
CUSTOMER: Schema = {
    "name": TEXT.needed,
    "type": KIND_OF_CUSTOMER,
    "locations": many(LOCATION_PART).needed,
    "address": one(ADDRESS).needed,
    "contacts": many(CONTACT),
    **SHARED,
    **FLAGS,
    **CREDIT,
}
CUSTOMER_PATCH: Schema = {
    "name": TEXT.never_null,
    "type": KIND_OF_CUSTOMER.never_null,
    "address": one(ADDRESS_PATCH).never_null,
    "active": FLAG.never_null,
    **SHARED,
    **FLAGS,
    **CREDIT,
}
VENDOR_PATCH: Schema = {
    "name": TEXT.never_null,
    "address": one(dict.fromkeys((*PARTS, "unit"), TEXT.needed)).never_null,
    "taxRate": AMOUNT.never_null,
    "deliveryOption": choice(
        "Manual",
        "EmailAsExcel",
        "EmailAsPdf",
        "EmailAsPdfRollupView",
        "Electronic",
        "MarkAsSent",
        "EmailAsExcelAndPdf",
        "VendorPortal",
    ),
    **dict.fromkeys(("active", "isTruckReplenishment", "restrictedMobileCreation"), FLAG.never_null),
    **dict.fromkeys(("memo", "firstName", "lastName", "phone", "email", "fax", "vendorQuickbooksItem"), TEXT),
    **dict.fromkeys(("paymentTermId", "remittanceVendorId"), WHOLE),
    "tags": many({"tagTypeId": WHOLE.needed}),
    "vendorContacts": many({"id": WHOLE, "name": TEXT.needed, "email": TEXT.needed}),
    "externalData": one(EXTERNAL),
}
_VENDOR_NEEDS = ("name", "active", "isTruckReplenishment", "taxRate", "restrictedMobileCreation", "address")
VENDOR: Schema = {
    name: field.needed if name in _VENDOR_NEEDS else field for name, field in VENDOR_PATCH.items()
}
FIELDS: Schema = {
    "operations": many(
        {
            "objectId": WHOLE.needed,
            "customFields": many({"name": TEXT.needed, "value": TEXT.needed}).needed,
        }
    ).needed
}
NOTE: Schema = {"text": TEXT.needed, "pinToTop": FLAG, "addToLocations": FLAG, "addToCustomer": FLAG}
TAGS: Schema = {"customerIds": WHOLES.needed, "tagTypeIds": WHOLES.needed}
TAG_TYPE: Schema = {
    "name": TEXT.needed,
    "color": TEXT.needed,
    "code": TEXT,
    "importance": choice("Medium", "High"),
    **dict.fromkeys(
        ("isConversionOpportunity", "allowToUseOnTimesheetActivity", "isVisibleOnDispatchBoard"), FLAG
    ),
}
APPOINTMENT: Schema = {
    "start": TIME.needed,
    "end": TIME.needed,
    "arrivalWindowStart": TIME,
    "arrivalWindowEnd": TIME,
    "technicianIds": WHOLES,
}
RESCHEDULE: Schema = {**dict.fromkeys(("start", "end", "arrivalWindowStart", "arrivalWindowEnd"), TIME)}
JOB_MORE: Schema = {
    "summary": TEXT,
    "customerPo": TEXT,
    "soldById": WHOLE,
    "noCharge": FLAG,
    "jobGeneratedLeadSource": one({"jobId": WHOLE, "employeeId": WHOLE}),
    **SHARED,
}
JOB_LINKS = ("customerId", "locationId", "businessUnitId", "jobTypeId", "campaignId")
JOB: Schema = {
    **dict.fromkeys(JOB_LINKS, WHOLE.needed),
    "priority": TEXT.needed,
    "appointments": many(APPOINTMENT).needed,
    "projectId": WHOLE,
    "bookingId": WHOLE,
    **JOB_MORE,
}
JOB_PATCH: Schema = {
    **dict.fromkeys(JOB_LINKS, WHOLE.never_null),
    "priority": TEXT.never_null,
    "isAutoDispatched": FLAG,
    "summaryOfWork": TEXT,
    **JOB_MORE,
}
CAPACITY: Schema = {
    "startsOnOrAfter": TIME.needed,
    "endsOnOrBefore": TIME.needed,
    "skillBasedAvailability": FLAG.needed,
    "businessUnitIds": WHOLES,
    "jobTypeId": WHOLE,
}
CANCEL: Schema = {"reasonId": WHOLE.needed, "memo": TEXT.needed}
TECHNICIANS: Schema = {"jobAppointmentId": WHOLE.needed, "technicianIds": WHOLES.needed}
LEAD_PERSON: Schema = dict.fromkeys(
    (
        "leadCustomerName",
        "leadPhone",
        "leadEmail",
        "leadStreet",
        "leadUnit",
        "leadCity",
        "leadState",
        "leadZip",
        "leadCountry",
    ),
    TEXT,
)
LEAD: Schema = {
    "campaignId": WHOLE.needed,
    "summary": TEXT.needed,
    "priority": choice("Low", "Normal", "High", "Urgent"),
    **dict.fromkeys(
        ("customerId", "locationId", "businessUnitId", "jobTypeId", "callReasonId", "bookingId"), WHOLE
    ),
    "followUpDate": TIME,
    "tagTypeIds": WHOLES,
    **LEAD_PERSON,
}
LEAD_PATCH: Schema = {
    **dict.fromkeys(("campaignId", "businessUnitId", "jobTypeId"), WHOLE.never_null),
    "priority": choice("Low", "Normal", "High", "Urgent").never_null,
    "summary": TEXT.never_null,
    **{name: kind.never_null for name, kind in LEAD_PERSON.items()},
}
COMPLETE: Schema = {"completedOn": TIME.needed}
INVOICE_PATCH: Schema = {
    "summary": TEXT,
    "exportId": TEXT,
    "invoicedOn": TIME,
    "dueDate": TIME,
    "reviewStatus": choice(
        "NeedsReview", "OnHold", "Reviewed", "PendingApproval", "Rejected", "ReadyForBilling", "Invoiced"
    ),
}
EXPORTED: Schema = {"invoiceId": WHOLE.needed, "externalId": TEXT, "externalMessage": TEXT}
PAYMENT: Schema = {
    "typeId": WHOLE.needed,
    "splits": many({"invoiceId": WHOLE, "invoiceNumber": TEXT, "amount": AMOUNT}).needed,
    "status": choice("Pending", "Posted", "Exported"),
    "paidOn": TIME,
    "active": FLAG,
    "amount": AMOUNT,
    "customerId": WHOLE,
    **dict.fromkeys(("authCode", "checkNumber", "exportId", "memo"), TEXT),
}
EXTERNAL_ALONE: Schema = {"externalData": one(EXTERNAL)}
SHIP_TO_PARTS: Schema = dict.fromkeys((*PARTS, "unit"), TEXT.needed)
SHIP_TO: Schema = {"description": TEXT.needed, "address": one(SHIP_TO_PARTS).needed}
ORDER_ITEM: Schema = {
    "skuId": WHOLE.needed,
    "description": TEXT.needed,
    "vendorPartNumber": TEXT.needed,
    "quantity": AMOUNT.needed,
    "cost": AMOUNT.needed,
    "budgetCodeId": WHOLE,
}
ORDER_OPTIONS: Schema = {
    **dict.fromkeys(("jobId", "technicianId", "projectId", "budgetCodeId"), WHOLE),
    **dict.fromkeys(("vendorInvoiceNumber", "memo"), TEXT),
}
ORDER: Schema = {
    **dict.fromkeys(("vendorId", "typeId", "businessUnitId", "inventoryLocationId"), WHOLE.needed),
    "shipTo": one(SHIP_TO).needed,
    "impactsTechnicianPayroll": FLAG.needed,
    "date": TIME.needed,
    "requiredOn": TIME.needed,
    "tax": AMOUNT.needed,
    "shipping": AMOUNT.needed,
    "items": many(ORDER_ITEM).needed,
    **ORDER_OPTIONS,
}
ORDER_PATCH: Schema = {
    **dict.fromkeys(("vendorId", "typeId", "businessUnitId", "inventoryLocationId"), WHOLE.never_null),
    "impactsTechnicianPayroll": FLAG.never_null,
    "date": TIME.never_null,
    "requiredOn": TIME.never_null,
    "tax": AMOUNT.never_null,
    "shipping": AMOUNT.never_null,
    "items": many({"id": WHOLE.needed, **ORDER_ITEM}).never_null,
    **ORDER_OPTIONS,
}
ORDER_CANCEL: Schema = {
    "canceledReason": choice("NotRequired", "Duplicate", "Accidental", "VendorIssue", "Other", "JobCanceled")
}
RECEIPT: Schema = {
    "purchaseOrderId": WHOLE.needed,
    "jobId": WHOLE,
    "dateReceived": TIME.needed,
    "vendorDocumentNumber": TEXT,
    "memo": TEXT,
    "tax": AMOUNT.needed,
    "shipping": AMOUNT.needed,
    "budgetCodeId": WHOLE,
    "items": many(
        {
            "purchaseOrderItemId": WHOLE,
            "skuId": WHOLE.needed,
            "description": TEXT,
            "vendorPartNumber": TEXT,
            "quantity": AMOUNT.needed,
            "cost": AMOUNT.needed,
            "budgetCodeId": WHOLE,
        }
    ).needed,
}
