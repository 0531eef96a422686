"""Rows of customers, locations, contacts, leads, bookings and notes, with exactly the members of the API.

Builders take what varies; everything else is the value a new row has. Times are texts.
"""

from collections.abc import Sequence
from typing import Any

from integrations.sandbox.servicetitan.store import Body

OFFICE = 77
"""The employee who enters things in the office."""


def customer(
    *, id: int, name: str, kind: str, address: Body, created: str, modified: str, active: bool = True,
    tags: Sequence[int] = (), balance: float = 0.0, do_not_service: bool = False, merged_to: int | None = None,
) -> Body:  # fmt: skip
    return {
        "id": id, "active": active, "name": name, "type": kind, "address": address, "customFields": [],
        "balance": balance, "taxExempt": False, "tagTypeIds": list(tags), "doNotMail": False,
        "doNotService": do_not_service, "nationalAccount": False, "createdOn": created, "createdById": OFFICE,
        "modifiedOn": modified, "mergedToId": merged_to, "paymentTermId": None, "creditLimit": None,
        "creditLimitBalance": None, "externalData": [],
    }  # fmt: skip


def location(
    *, id: int, customer: int, name: str, address: Body, created: str, modified: str, active: bool = True,
    tags: Sequence[int] = (), tax_zone: int | None = None,
) -> Body:  # fmt: skip
    return {
        "id": id, "customerId": customer, "active": active, "name": name, "address": address, "customFields": [],
        "createdOn": created, "createdById": OFFICE, "modifiedOn": modified, "mergedToId": None, "zoneId": None,
        "taxExempt": False, "tagTypeIds": list(tags), "externalData": [], "taxZoneId": tax_zone,
    }  # fmt: skip


def contact(*, id: int, kind: str, value: str, memo: str | None, created: str, modified: str) -> Body:
    """The parent's id and `active` are added by the views that show them."""
    digits = "".join(filter(str.isdigit, value)) if kind in {"Phone", "MobilePhone", "Fax"} else ""
    return {
        "id": id, "type": kind, "value": value, "memo": memo, "modifiedOn": modified,
        "phoneSettings": {"phoneNumber": digits, "doNotText": False}, "createdOn": created, "preferences": None,
    }  # fmt: skip


def note(*, id: int | None, text: str, pinned: bool, created: str, modified: str) -> Body:
    """A note; job notes have no id in their list."""
    body: Body = {"text": text, "isPinned": pinned, "createdById": OFFICE, "createdOn": created}
    body["modifiedOn"] = modified
    return body if id is None else {"id": id, **body}


LEAD_EMPTY: tuple[str, ...] = (
    "followUpDate", "tagTypeIds", "dismissingReasonId", "callReasonId", "callId", "bookingId", "manualCallId",
    "leadUrl", "leadCustomerName", "leadPhone", "leadEmail", "leadStreet", "leadUnit", "leadCity", "leadState",
    "leadZip", "leadCountry", "captureSource",
)  # fmt: skip


def lead(
    *, id: int, status: str, campaign: int, created: str, modified: str, customer: int | None = None,
    location: int | None = None, business_unit: int | None = None, job_type: int | None = None,
    summary: str | None = None, **more: Any,
) -> Body:  # fmt: skip
    return {
        "id": id, "status": status, "priority": "Normal", "customerId": customer, "locationId": location,
        "businessUnitId": business_unit, "jobTypeId": job_type, "campaignId": campaign, "createdById": OFFICE,
        "createdOn": created, "modifiedOn": modified, "summary": summary, **dict.fromkeys(LEAD_EMPTY), **more,
    }  # fmt: skip


def booking(
    *, id: int, source: str, name: str, address: Body | None, status: str, start: str, external_id: str,
    created: str, modified: str, summary: str | None, job: int | None = None, campaign: int | None = None,
    business_unit: int | None = None,
) -> Body:  # fmt: skip
    return {
        "id": id, "source": source, "createdOn": created, "name": name, "address": address,
        "customerType": "Residential", "start": start, "campaignId": campaign, "businessUnitId": business_unit,
        "isFirstTimeClient": None, "uploadedImages": [], "isSendConfirmationEmail": None, "status": status,
        "dismissingReasonId": None, "jobId": job, "externalId": external_id, "priority": "Normal",
        "jobTypeId": None, "bookingProviderId": 4100, "modifiedOn": modified, "summary": summary,
    }  # fmt: skip
