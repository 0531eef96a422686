"""What the sandbox serves: one declaration per resource, read by the lists, the feeds and the single reads.

Members of the real API that need a join the sandbox does not make stand in `unsupported`: asking for one is
answered 501, because ignoring it would return rows that the real API would not.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

CRM, JPM, DISPATCH, SETTINGS = "crm", "jpm", "dispatch", "settings"
MARKETING, ACCOUNTING, SALES = "marketing", "accounting", "sales"
MEMBERSHIPS, EQUIPMENT = "memberships", "equipmentsystems"
INTERACTIONS, REPUTATION, INVENTORY = "customer-interactions", "marketingreputation", "inventory"
PRICEBOOK = "pricebook"


@dataclass(frozen=True, slots=True)
class Filter:
    """A query parameter that narrows a list: the dotted member it looks at and how it compares.

    Kinds: `same` (text), `number` (an integer), `holds` (text within, any case), `any` (comma list against the
    member), `flag`, `from` and `before` (times), `over` and `under` (amounts).
    `default` stands where the parameter is not given.
    """

    member: str
    kind: str = "number"
    default: str = ""


@dataclass(frozen=True, slots=True)
class Resource:
    """`list_extra` and `feed_extra` are members appended to the stored row in that view, beside its parent.

    `on_request` maps query parameters of the list to members that are null unless the parameter is true.
    """

    name: str
    module: str
    scope: str
    path: str | None = None
    feed: str | None = None
    by_id: bool = True
    ids: bool = True
    active: str | None = "active"
    active_default: str = "True"
    feed_active: str | None = None
    sort: tuple[str, ...] = ("Id", "ModifiedOn", "CreatedOn")
    filters: Mapping[str, Filter] = field(default_factory=dict)
    unsupported: tuple[str, ...] = ()
    list_extra: tuple[str, ...] = ()
    feed_extra: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()
    external: bool = False
    modified_filter: bool = True
    order_by: bool = False
    feed_scope: str | None = None
    on_request: Mapping[str, str] = field(default_factory=dict)


def same(member: str) -> Filter:
    return Filter(member, "same")


def any_of(member: str) -> Filter:
    return Filter(member, "any")


ADDRESS = {
    "name": Filter("name", "holds"),
    **{
        part: Filter(f"address.{part}", "holds")
        for part in ("street", "unit", "city", "state", "zip", "country")
    },
}
IDS = ("customerId", "locationId", "businessUnitId", "jobTypeId", "campaignId", "projectId")


def numbers(*members: str) -> dict[str, Filter]:
    return {member: Filter(member) for member in members}


ALL: tuple[Resource, ...] = (
    Resource(
        "customers", CRM, "tn.crm.customers", "customers", "customers", external=True,
        filters={**ADDRESS, "phone": Filter("", "phone")},
        unsupported=("latitude", "longitude"),
    ),
    Resource(
        "customer-contacts", CRM, "tn.crm.customers", "customers/contacts", "customers/contacts",
        by_id=False, ids=False, active=None, sort=(), one_of=("customerIds", "modifiedBefore", "modifiedOnOrAfter"),
        filters={"customerIds": any_of("parent")}, list_extra=("customerId",), feed_extra=("customerId", "active"),
    ),
    Resource(
        "locations", CRM, "tn.crm.locations", "locations", "locations", external=True,
        filters={**ADDRESS, "customerId": Filter("customerId")},
        unsupported=("latitude", "longitude"),
    ),
    Resource(
        "location-contacts", CRM, "tn.crm.locations", "locations/contacts", "locations/contacts",
        by_id=False, ids=False, active=None, sort=(), one_of=("locationIds", "modifiedBefore", "modifiedOnOrAfter"),
        filters={"locationIds": any_of("parent")}, list_extra=("locationId",), feed_extra=("locationId", "active"),
    ),
    Resource(
        "leads", CRM, "tn.crm.leads", "leads", "leads", active=None, feed_extra=("active",),
        filters={
            "customerId": Filter("customerId"), "status": same("status"),
            "leadCustomerName": Filter("leadCustomerName", "holds"), "leadPhone": same("leadPhone"),
        },
        unsupported=(
            "isProspect", "withoutCustomer", "customerCity", "customerState", "customerZip", "isCaptureSourceForm",
            "customerCreatedOnOrAfter", "customerCreatedBefore", "customerModifiedOnOrAfter",
        ),
    ),
    Resource(
        "bookings", CRM, "tn.crm.bookings", "bookings", "bookings", active=None, feed_extra=("active",),
        filters={"externalId": same("externalId")},
    ),
    Resource("customer-notes", CRM, "tn.crm.customers", by_id=False),
    Resource("location-notes", CRM, "tn.crm.locations", by_id=False),
    Resource("lead-notes", CRM, "tn.crm.leads", by_id=False),
    Resource(
        "jobs", JPM, "tn.jpm.jobs", "jobs", "jobs", active=None, feed_extra=("active",), external=True,
        sort=("Id", "ModifiedOn", "CreatedOn", "Priority"),
        filters={
            **numbers(*IDS, "bookingId", "soldById", "invoiceId", "createdFromEstimateId"),
            "number": same("jobNumber"), "jobStatus": same("jobStatus"), "priority": same("priority"),
            "estimateIds": any_of("estimateIds"), "tagTypeIds": any_of("tagTypeIds"),
            "equipmentIds": any_of("equipmentIds"),
            "completedOnOrAfter": Filter("completedOn", "from"), "completedBefore": Filter("completedOn", "before"),
        },
        unsupported=(
            "appointmentStatus", "firstAppointmentStartsOnOrAfter", "firstAppointmentStartsBefore", "technicianId",
            "appointmentStartsOnOrAfter", "appointmentStartsBefore", "hasUnusedAppointments",
        ),
    ),
    Resource(
        "job-notes", JPM, "tn.jpm.jobs", None, "job-notes", by_id=False, feed_scope="tn.jpm.jobnotes",
        feed_extra=("id", "jobId", "active"),
    ),
    Resource(
        "appointments", JPM, "tn.jpm.appointments", "appointments", "appointments", feed_active="Any",
        filters={
            **numbers("jobId", "customerId"), "number": same("appointmentNumber"), "status": same("status"),
            "startsOnOrAfter": Filter("start", "from"), "startsBefore": Filter("start", "before"),
            "unused": Filter("unused", "flag"),
        },
        unsupported=("projectId", "technicianId"),
    ),
    Resource(
        "job-types", JPM, "tn.jpm.jobtypes", "job-types", sort=(), order_by=True,
        filters={
            "name": Filter("name", "holds"), "priority": same("priority"),
            "minDuration": Filter("duration", "over"), "maxDuration": Filter("duration", "under"),
        },
    ),
    Resource(
        "appointment-assignments", DISPATCH, "tn.dis.appointmentassignments", "appointment-assignments",
        "appointment-assignments", by_id=False, feed_active="True",
        filters={"appointmentIds": any_of("appointmentId"), "jobId": Filter("jobId")},
    ),
    Resource(
        "technicians", SETTINGS, "tn.stt.technicians", "technicians", "technicians", sort=(),
        filters={"name": Filter("name", "holds"), "userIds": any_of("userId")},
    ),
    Resource(
        "business-units", SETTINGS, "tn.stt.businessunits", "business-units", "business-units", sort=(),
        filters={"name": Filter("name", "holds")}, external=True,
    ),
    Resource("tag-types", SETTINGS, "tn.stt.tagtypes", "tag-types", "tag-types", by_id=False, ids=False),
    Resource(
        "campaigns", MARKETING, "tn.mrk.campaigns", "campaigns", sort=("Id", "Name", "CreatedOn", "ModifiedOn"),
        filters={"name": Filter("name", "holds"), "campaignPhoneNumber": any_of("campaignPhoneNumbers")},
    ),
    Resource(
        "invoices", ACCOUNTING, "tn.acc.invoices", "invoices", "invoices", by_id=False, active="activeState",
        order_by=True,
        filters={
            "statuses": any_of("syncStatus"), "jobId": Filter("job.id"), "jobNumber": same("job.number"),
            "businessUnitId": Filter("businessUnit.id"), "customerId": Filter("customer.id"),
            "number": same("referenceNumber"), "adjustmentToId": Filter("adjustmentToId"),
            "invoicedOnOrAfter": Filter("invoiceDate", "from"), "invoicedOnBefore": Filter("invoiceDate", "before"),
            "dueDateOnOrAfter": Filter("dueDate", "from"), "dueDateBefore": Filter("dueDate", "before"),
            "totalGreater": Filter("total", "over"), "totalLess": Filter("total", "under"),
            "reviewStatuses": any_of("reviewStatus"), "invoiceConfigurations": any_of("invoiceConfiguration"),
        },
        unsupported=("batchId", "batchNumber", "balanceFilter.Balance", "assignedToIds", "customField.Fields"),
    ),
    Resource(
        "payments", ACCOUNTING, "tn.acc.payments", "payments", "payments", by_id=False, active="activeState",
        filters={
            "appliedToInvoiceIds": any_of("appliedTo.appliedTo"),
            "appliedToReferenceNumber": any_of("appliedTo.appliedToReferenceNumber"),
            "businessUnitIds": any_of("businessUnit.id"), "customerId": Filter("customer.id"),
            "paidOnAfter": Filter("date", "from"), "paidOnBefore": Filter("date", "before"),
            "statuses": any_of("syncStatus"), "totalGreater": Filter("total", "over"),
            "totalLess": Filter("total", "under"),
        },
        unsupported=("batchId", "batchNumber", "depositIds", "transactionType", "customField.Fields"),
    ),
    Resource(
        "payment-types", ACCOUNTING, "tn.acc.paymenttypes", "payment-types", sort=(), modified_filter=False,
    ),
    Resource(
        "estimates", SALES, "tn.sal.estimates", "estimates", "estimates", order_by=True,
        filters={
            **numbers("jobId", "projectId", "locationId"), "jobNumber": same("jobNumber"),
            "soldById": Filter("soldBy"), "status": same("status.name"),
            "soldAfter": Filter("soldOn", "from"), "soldBefore": Filter("soldOn", "before"),
            "totalGreater": Filter("subtotal", "over"), "totalLess": Filter("subtotal", "under"),
        },
        unsupported=("soldByEmployeeId",),
    ),
    Resource(
        "memberships", MEMBERSHIPS, "tn.mem.memberships", "memberships", "memberships",
        filters={
            "customerIds": any_of("customerId"), "status": same("status"), "duration": Filter("duration"),
            "billingFrequency": same("billingFrequency"),
        },
    ),
    Resource(
        "membership-types", MEMBERSHIPS, "tn.mem.membershiptypes", "membership-types", "membership-types",
        unsupported=("duration", "billingFrequency"),
        on_request={
            "includeDurationBilling": "durationBilling", "includeDiscounts": "discounts",
            "includeRecurringServices": "recurringServices", "includeTags": "tagTypeIds",
        },
    ),
    Resource(
        "installed-equipment", EQUIPMENT, "tn.eqs.installedequipment", "installed-equipment",
        "installed-equipment", filters={"locationIds": any_of("locationId")},
    ),
    Resource(
        "job-cancel-reasons", JPM, "tn.jpm.jobcancelreasons", "job-cancel-reasons", by_id=False, ids=False,
        active_default="Any",
    ),
    Resource(
        "job-canceled-logs", JPM, "tn.jpm.jobs", None, "job-canceled-logs", by_id=False,
        feed_scope="tn.jpm.jobcanceledlogs",
    ),
    Resource(
        "technician-ratings", INTERACTIONS, "tn.csi.technicianrating", "technician-ratings", "technician-ratings",
        by_id=False, ids=False, filters=numbers("technicianId", "jobId"),
    ),
    Resource(
        "reviews", REPUTATION, "tn.mrep.reviews", "reviews", by_id=False, ids=False, active=None,
        filters={
            "sources": any_of("platform"), "technicianIds": any_of("technicianId"),
            "fromRating": Filter("rating", "over"), "toRating": Filter("rating", "under"),
            "fromDate": Filter("publishDate", "from"), "toDate": Filter("publishDate", "before"),
            "internalId": Filter("internalId"), "externalId": same("externalId"),
        },
        unsupported=(
            "search", "reportType", "responseTypes", "locationIds", "reviewStatuses", "campaignIds",
            "includeReviewsWithoutLocation", "includeReviewsWithoutCampaign", "includeReviewsWithoutTechnician",
        ),
    ),
    Resource("vendors", INVENTORY, "tn.inv.vendors", "vendors", external=True, unsupported=("customField.Fields",)),
    Resource("warehouses", INVENTORY, "tn.inv.warehouses", "warehouses", by_id=False, external=True),
    Resource(
        "adjustments", INVENTORY, "tn.inv.adjustments", "adjustments", "adjustments", by_id=False, external=True,
        filters={
            "number": same("number"), "referenceNumber": same("referenceNumber"), "invoiceIds": any_of("invoiceId"),
            "inventoryLocationIds": any_of("inventoryLocationId"), "adjustmentTypes": any_of("type"),
            "businessUnitIds": any_of("businessUnitId"), "syncStatuses": any_of("syncStatus"),
            "dateOnOrAfter": Filter("date", "from"), "dateBefore": Filter("date", "before"),
        },
        unsupported=("batchId", "customFields.Fields", "customFields.Operator"),
    ),
    Resource("materials", PRICEBOOK, "tn.pb.materials", "materials", external=True,
             unsupported=("isOtherDirectCost", "costTypeIds", "searchText")),
    Resource("purchase-order-types", INVENTORY, "tn.inv.purchaseordertypes", "purchase-order-types", by_id=False,
             ids=False),
    Resource(
        "purchase-orders", INVENTORY, "tn.inv.purchaseorders", "purchase-orders", "purchase-orders", active=None,
        filters={
            **numbers("jobId", "technicianId", "projectId"), "status": same("status"), "number": same("number"),
            "jobIds": any_of("jobId"), "dateOnOrAfter": Filter("date", "from"), "dateBefore": Filter("date", "before"),
            "sentOnOrAfter": Filter("sentOn", "from"), "sentBefore": Filter("sentOn", "before"),
        },
    ),
    Resource("receipts", INVENTORY, "tn.inv.receipts", by_id=False),
    Resource(
        "ap-bills", ACCOUNTING, "tn.acc.apbills", "ap-bills", active=None, sort=(),
        filters={
            "billType": Filter("billType", "same", "Procurement"), "billNumber": Filter("referenceNumber", "holds"),
            "businessUnitIds": any_of("businessUnit.id"), "jobNumber": Filter("jobNumber", "holds"),
            "dateFrom": Filter("billDate", "from"), "syncStatuses": any_of("syncStatus"),
            "statuses": any_of("status"), "sources": any_of("source"),
            "minCost": Filter("billAmount", "over"), "maxCost": Filter("billAmount", "under"),
        },
        unsupported=(
            "batchId", "batchNumber", "customField.Fields", "dateTo", "purchaseOrderNumber", "purchaseOrderTypes",
            "dateReconciledBefore", "dateReconciledOnOrAfter", "threeWayMatchDiscrepancy",
        ),
    ),
)  # fmt: skip

BY_NAME: Mapping[str, Resource] = {resource.name: resource for resource in ALL}

NOTES: Mapping[tuple[str, str], tuple[str, str]] = {
    (CRM, "customers"): ("customer-notes", "customers"),
    (CRM, "locations"): ("location-notes", "locations"),
    (CRM, "leads"): ("lead-notes", "leads"),
    (JPM, "jobs"): ("job-notes", "jobs"),
}
CANCELLATIONS: Mapping[tuple[str, str], tuple[str, str]] = {(JPM, "jobs"): ("job-canceled-logs", "jobs")}
CONTACTS: Mapping[tuple[str, str], tuple[str, str]] = {
    (CRM, "customers"): ("customer-contacts", "customers"),
    (CRM, "locations"): ("location-contacts", "locations"),
}

READ_SCOPES: tuple[str, ...] = tuple(
    sorted(
        {f"{resource.feed_scope or resource.scope}:r" for resource in ALL}
        | {f"{resource.scope}:r" for resource in ALL}
        | {"tn.acc.invoiceitems:r"}
    )
)
WRITE_SCOPES: tuple[str, ...] = (
    "tn.acc.invoices:w", "tn.acc.payments:w", "tn.crm.customers:w", "tn.crm.leads:w", "tn.crm.locations:w",
    "tn.crm.tags:w", "tn.dis.appointmentassignments:w", "tn.dis.capacity:w", "tn.inv.adjustments:w",
    "tn.inv.purchaseorders:w", "tn.inv.receipts:w", "tn.inv.vendors:w", "tn.jpm.appointments:w", "tn.jpm.jobs:w",
    "tn.stt.tagtypes:w",
)  # fmt: skip
