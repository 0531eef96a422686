"""Rows of jobs, appointments, assignments, memberships and installed equipment, with exactly the API's members."""

from collections.abc import Sequence

from integrations.sandbox.servicetitan.crm_rows import OFFICE
from integrations.sandbox.servicetitan.store import Body


def job(
    *, id: int, number: str, customer: int, location: int, status: str, completed: str | None, business_unit: int,
    job_type: int, priority: str, campaign: int, appointments: Sequence[int], invoice: int, total: float | None,
    summary: str | None, created: str, modified: str, tags: Sequence[int] = (), membership: int | None = None,
    no_charge: bool = False, sold_by: int | None = None, customer_po: str = "",
) -> Body:  # fmt: skip
    return {
        "id": id, "jobNumber": number, "projectId": None, "customerId": customer, "locationId": location,
        "jobStatus": status, "completedOn": completed, "businessUnitId": business_unit, "jobTypeId": job_type,
        "priority": priority, "campaignId": campaign, "appointmentCount": len(appointments),
        "firstAppointmentId": appointments[0], "lastAppointmentId": appointments[-1], "recallForId": None,
        "warrantyId": None, "jobGeneratedLeadSource": None, "noCharge": no_charge, "notificationsEnabled": True,
        "createdOn": created, "createdById": OFFICE, "modifiedOn": modified, "tagTypeIds": list(tags),
        "leadCallId": None, "partnerLeadCallId": None, "bookingId": None, "soldById": sold_by,
        "customerPo": customer_po, "invoiceId": invoice, "membershipId": membership, "total": total,
        "createdFromEstimateId": None, "estimateIds": [], "equipmentIds": [], "isAutoDispatched": False,
        "summary": summary, "customFields": [], "externalData": [], "summaryOfWork": None,
    }  # fmt: skip


def appointment(
    *, id: int, job: int, number: str, start: str, end: str, status: str, customer: int, created: str,
    modified: str, instructions: str | None = None, window: tuple[str | None, str | None] = (None, None),
) -> Body:  # fmt: skip
    return {
        "id": id, "jobId": job, "appointmentNumber": number, "start": start, "end": end,
        "arrivalWindowStart": window[0], "arrivalWindowEnd": window[1], "status": status,
        "specialInstructions": instructions, "createdOn": created, "modifiedOn": modified, "customerId": customer,
        "unused": False, "createdById": OFFICE, "isConfirmed": status in {"Dispatched", "Working", "Done"},
        "active": True, "appointmentSummaries": None,
    }  # fmt: skip


def assignment(
    *, id: int, technician: int, technician_name: str, status: str, job: int, appointment: int, created: str,
    modified: str, active: bool = True,
) -> Body:  # fmt: skip
    return {
        "id": id, "technicianId": technician, "technicianName": technician_name, "assignedById": OFFICE,
        "assignedOn": created, "status": status, "isPaused": False, "jobId": job, "appointmentId": appointment,
        "createdOn": created, "modifiedOn": modified, "active": active,
    }  # fmt: skip


def cancellation(*, id: int, job: int, reason: int, memo: str | None, created: str) -> Body:
    return {
        "id": id, "jobId": job, "reasonId": reason, "memo": memo, "createdOn": created, "createdById": OFFICE,
        "active": True,
    }  # fmt: skip


MEMBERSHIP_EMPTY: tuple[str, ...] = (
    "activatedById", "activatedFromId", "billingTemplateId", "cancellationBalanceInvoiceId",
    "cancellationInvoiceId", "followUpCustomStatusId", "paymentMethodId", "paymentTypeId", "recurringLocationId",
    "renewalMembershipTaskId", "renewedById", "soldById", "customerPo", "importId", "memo",
)  # fmt: skip


def membership(
    *, id: int, customer: int, location: int | None, type_id: int, business_unit: int, status: str, begin: str,
    end: str | None, next_bill: str | None, created: str, modified: str, active: bool, cancelled: str | None = None,
) -> Body:  # fmt: skip
    return {
        "id": id, "createdOn": created, "createdById": OFFICE, "modifiedOn": modified, "followUpOn": end or begin,
        "cancellationDate": cancelled, "from": begin, "nextScheduledBillDate": next_bill, "to": end,
        "billingFrequency": "Monthly", "renewalBillingFrequency": "Monthly", "status": status,
        "followUpStatus": "NotAttempted", "active": active, "initialDeferredRevenue": 0.0, "duration": 12,
        "renewalDuration": 12, "businessUnitId": business_unit, "customerId": customer,
        "membershipTypeId": type_id, "locationId": location, **dict.fromkeys(MEMBERSHIP_EMPTY), "customFields": [],
    }  # fmt: skip


def equipment(
    *, id: int, customer: int, location: int, name: str, maker: str, model: str, serial: str, installed: str,
    type_id: int, type_name: str, created: str, modified: str, warranty_end: str | None, replaced: bool = False,
    invoice_item: int | None = None, cost: float = 0.0,
) -> Body:  # fmt: skip
    return {
        "id": id, "active": not replaced, "equipmentId": None, "locationId": location, "customerId": customer,
        "invoiceItemId": invoice_item, "name": name, "type": {"id": type_id, "name": type_name},
        "installedOn": installed, "createdOn": created, "modifiedOn": modified, "serialNumber": serial,
        "barcodeId": None, "memo": "", "manufacturer": maker, "model": model, "cost": cost,
        "status": "Replaced" if replaced else "Installed", "manufacturerWarrantyStart": installed,
        "manufacturerWarrantyEnd": warranty_end, "serviceProviderWarrantyStart": None,
        "serviceProviderWarrantyEnd": None, "tags": [],
        "actualReplacementDate": modified[:10] if replaced else None, "manufacturedOn": installed[:10],
        "predictedReplacementMonths": None, "predictedReplacementDate": None,
    }  # fmt: skip
