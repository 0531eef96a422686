"""What request bodies may hold: one declaration per body, and one check for all.

Members that no declaration names are dropped without a word, as the real API does; wrong types, missing
members and unknown enumeration values are a 400 that names each.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from integrations.sandbox import times
from integrations.sandbox.servicetitan.replies import Refused

Schema = Mapping[str, "Field"]


@dataclass(frozen=True, slots=True)
class Field:
    """Kinds: text, flag, whole, amount, time, wholes (a list of integers), one (an object), many (objects)."""

    kind: str
    required: bool = False
    null: bool = True
    schema: Schema | None = None
    choices: tuple[str, ...] = ()

    @property
    def needed(self) -> "Field":
        return Field(self.kind, True, False, self.schema, self.choices)

    @property
    def never_null(self) -> "Field":
        return Field(self.kind, self.required, False, self.schema, self.choices)


def choice(*values: str) -> Field:
    return Field("text", choices=values)


def one(schema: Schema) -> Field:
    return Field("one", schema=schema)


def many(schema: Schema) -> Field:
    return Field("many", schema=schema)


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
CANCEL: Schema = {"reasonId": WHOLE.needed, "memo": TEXT.needed}
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

TYPES: Mapping[str, type | tuple[type, ...]] = {
    "text": str,
    "flag": bool,
    "whole": int,
    "amount": (int, float),
    "time": str,
    "wholes": list,
    "one": dict,
    "many": list,
}


def check(schema: Schema, body: Any) -> dict[str, Any]:
    """The known members of a body. Raises Refused 400 with every error."""
    errors: dict[str, list[str]] = {}
    known = _object(schema, body, "", errors)
    if errors:
        raise Refused(400, "One or more validation errors occurred.", errors)
    return known


def check_each(schema: Schema, body: Any) -> list[dict[str, Any]]:
    """As `check`, for a body that is a list of such objects."""
    if not isinstance(body, list):
        raise Refused(400, "One or more validation errors occurred.", {"": ["A list is expected."]})
    return [check(schema, entry) for entry in body]


def _object(schema: Schema, body: Any, path: str, errors: dict[str, list[str]]) -> dict[str, Any]:
    if not isinstance(body, dict):
        errors[path] = ["An object is expected."]
        return {}
    for name, field in schema.items():
        if field.required and body.get(name) is None:
            errors[_join(path, name)] = [f"The {_pascal(name)} field is required."]
    return {
        name: _value(schema[name], value, _join(path, name), errors)
        for name, value in body.items()
        if name in schema
    }


def _value(field: Field, value: Any, path: str, errors: dict[str, list[str]]) -> Any:
    if value is None:
        if not field.null:
            errors.setdefault(path, ["A value is required."])
        return None
    if not _fits(field, value):
        errors[path] = [f"The value '{str(value)[:80]}' is not valid."]
        return None
    if field.schema is not None and field.kind == "one":
        return _object(field.schema, value, path, errors)
    if field.schema is not None and field.kind == "many":
        return [_object(field.schema, entry, f"{path}[{place}]", errors) for place, entry in enumerate(value)]
    return times.to_text(times.from_text(value)) if field.kind == "time" else value


def _fits(field: Field, value: Any) -> bool:
    if not isinstance(value, TYPES[field.kind]) or (
        isinstance(value, bool) and field.kind in {"whole", "amount"}
    ):
        return False
    if field.choices:
        return value in field.choices
    if field.kind == "wholes":
        return _are_whole(value)
    return field.kind != "time" or _is_time(value)


def _are_whole(values: Sequence[Any]) -> bool:
    return all(isinstance(value, int) and not isinstance(value, bool) for value in values)


def _is_time(text: str) -> bool:
    try:
        times.from_text(text)
    except ValueError:
        return False
    return True


def _pascal(name: str) -> str:
    return name[:1].upper() + name[1:]


def _join(path: str, name: str) -> str:
    return f"{path}.{_pascal(name)}" if path else _pascal(name)
