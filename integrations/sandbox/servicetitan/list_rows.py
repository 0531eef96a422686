"""Rows of the reference lists: business units, technicians, types, campaigns."""

from integrations.sandbox.servicetitan.store import Body

BUSINESS_UNIT_EMPTY: tuple[str, ...] = (
    "invoiceHeader", "invoiceMessage", "authorizationParagraph", "acknowledgementParagraph", "materialSku",
    "franchiseId", "conceptCode", "corporateContractNumber", "certifiedSentriconSpecialistCode", "quickbooksClass",
)  # fmt: skip


def business_unit(
    *, id: int, name: str, code: str, address: Body, tenant: int, active: bool, on: str
) -> Body:
    return {
        "id": id, "active": active, "name": name, "officialName": f"Silver State {name}",
        "email": f"{name.lower().replace(' ', '.')}@silverstate.example", "currency": "USD",
        "phoneNumber": "7755550100", "defaultTaxRate": 0.08265,
        "address": {**address, "isManualCoordinates": False, "isMilitary": False}, "accountCode": code,
        "trade": {"id": id + 1, "name": name}, "division": None, "tagTypeIds": [],
        "tenant": {
            "id": tenant, "name": "Silver State Home Services", "accountCode": None, "franchiseId": None,
            "conceptCode": None, "modifiedOn": on,
        },
        "createdOn": on, "modifiedOn": on, "externalData": [], **dict.fromkeys(BUSINESS_UNIT_EMPTY),
    }  # fmt: skip


TECHNICIAN_EMPTY: tuple[str, ...] = (
    "mainZoneId", "home", "aadUserId", "currentValue", "jobId", "outboundCallerId", "payrollId",
    "payrollProfileId", "appoitmentId", "shiftStart", "shiftEnd", "startDate", "location", "bio", "memo",
)  # fmt: skip


def technician(
    *, id: int, name: str, business_unit: int, phone: str, team: str, active: bool, on: str
) -> Body:
    first, _, last = name.partition(" ")
    login = f"{first[0]}{last}".lower()
    return {
        "id": id, "userId": id + 500, "name": name, "roleIds": [41], "businessUnitId": business_unit, "zoneIds": [],
        "createdOn": on, "modifiedOn": on, "email": f"{login}@silverstate.example", "phoneNumber": phone,
        "loginName": login, "dailyGoal": 1500.0, "isManagedTech": True, "licenseType": "ManagedTech",
        "customFields": [], "active": active, "burdenRate": 18.5, "team": team,
        "jobFilter": "AllScheduledDispatchedWorking", "permissions": [], "accountLocked": False,
        "commissionRate": 0.05, "firstName": first, "lastName": last, "hourlyRate": 34.0, "mobilePhone": phone,
        "soldByRate": 0.0, "status": "Idle", "skills": [], "positions": ["Service"],
        **dict.fromkeys(TECHNICIAN_EMPTY),
    }  # fmt: skip


def job_type(*, id: int, name: str, business_units: list[int], seconds: int, active: bool, on: str) -> Body:
    return {
        "id": id, "name": name, "businessUnitIds": business_units, "skills": [], "tagTypeIds": [],
        "priority": "Normal", "duration": seconds, "soldThreshold": None, "class": "Service", "summary": "",
        "noCharge": False, "enforceRecurringServiceEventSelection": None, "invoiceSignaturesRequired": True,
        "modifiedOn": on, "createdOn": on, "externalData": [], "active": active, "isSmartDispatched": False,
        "defaultEstimateSoldAction": "None", "customFieldTypeIds": [],
    }  # fmt: skip


def tag_type(*, id: int, name: str, color: str, active: bool, on: str, code: str = "") -> Body:
    return {
        "id": id, "name": name, "color": color, "code": code, "importance": None,
        "isConversionOpportunity": False, "allowToUseOnTimesheetActivity": False,
        "isVisibleOnDispatchBoard": True, "active": active, "createdOn": on, "modifiedOn": on,
    }  # fmt: skip


def campaign(*, id: int, name: str, category: str, active: bool, on: str) -> Body:
    return {
        "id": id, "name": name, "modifiedOn": on, "createdOn": on, "active": active,
        "isDefaultCampaign": name == "Repeat customer", "category": {"id": id + 1, "name": category, "active": True},
        "source": None, "otherSource": None, "businessUnit": None, "medium": None, "otherMedium": None,
        "campaignPhoneNumbers": [],
    }  # fmt: skip


def cancel_reason(*, id: int, name: str, active: bool, on: str) -> Body:
    return {"id": id, "name": name, "active": active, "createdOn": on, "modifiedOn": on}


def payment_type(*, id: int, name: str, on: str) -> Body:
    return {"id": id, "name": name, "modifiedOn": on, "createdOn": on}


def membership_type(*, id: int, name: str, price: float, on: str, active: bool) -> Body:
    """The optional parts (prices, discounts, services, tags) show only when asked for; `price` is a month's."""
    return {
        "name": name, "displayName": name, "active": active, "discountMode": "Basic",
        "locationTarget": "AllLocations", "revenueRecognitionMode": "PointOfSale",
        "autoCalculateInvoiceTemplates": False, "useMembershipPricingTable": False, "showMembershipSavings": True,
        "id": id, "createdOn": on, "createdById": None, "modifiedOn": on, "importId": None,
        "billingTemplateId": None, "discount": 10.0, "discounts": [], "recurringServices": [], "tagTypeIds": [],
        "durationBilling": [
            {
                "duration": 12, "billingFrequency": "Monthly", "salePrice": price, "billingPrice": price,
                "renewalPrice": price,
            }
        ],
    }  # fmt: skip
