"""Writes of vendors. Each takes a checked body and answers with the id alone; custom fields have a call of their own."""

from werkzeug.wrappers import Response

from integrations.sandbox import times
from integrations.sandbox.servicetitan.control import Control
from integrations.sandbox.servicetitan.replies import Refused, as_json, empty, invalid
from integrations.sandbox.servicetitan.store import Body
from integrations.sandbox.servicetitan.supplies import CODE, blank_vendor
from integrations.sandbox.servicetitan.write_crm import keep_external, must_exist, plain

NAMES = {"taxRate": "defaultTaxRate", "restrictedMobileCreation": "isMobileCreationRestricted"}
"""What a write calls otherwise than a read."""
CONTACT = ("firstName", "lastName", "phone", "email", "fax")
UNSEEN = ("vendorQuickbooksItem", "paymentTermId", "remittanceVendorId", "tags", "vendorContacts")
"""Members that a write takes and no read shows."""


def create_vendor(control: Control, body: Body) -> Response:
    store, now = control.store, control.now_ticks()
    table = store["vendors"]
    row = blank_vendor(id=table.new_id(), name=body["name"], on=times.to_text(now))
    table.add({**row, **_shown(row, body)}, created=now, modified=now, active=body["active"])
    keep_external(store, "vendors", row["id"], body.get("externalData"))
    return as_json({"id": row["id"]})


def patch_vendor(control: Control, body: Body, row_id: int) -> Response:
    store = control.store
    must_exist(store, "vendors", row_id)
    table = store["vendors"]
    table.write(row_id, _shown(table.read(row_id), body), control.now_ticks())
    keep_external(store, "vendors", row_id, body.get("externalData"))
    return as_json({"id": row_id})


def _shown(row: Body, body: Body) -> Body:
    """What of a row a body changes, under the names that a read gives."""
    given = plain(body)
    contact = {name: given.pop(name) for name in CONTACT if name in given}
    changes = {NAMES.get(name, name): value for name, value in given.items() if name not in UNSEEN}
    return {**changes, "contactInfo": {**row["contactInfo"], **contact}}


def vendor_fields(control: Control, body: Body) -> Response:
    """Custom fields of many vendors, by name: one that nobody has set up is refused, and with it the whole call."""
    table = control.store["vendors"]
    for place, operation in enumerate(body["operations"]):
        if operation["objectId"] not in table.rows:
            raise Refused(404)
        if any(field["name"] != CODE["name"] for field in operation["customFields"]):
            raise invalid(**{f"operations[{place}].customFields": "The custom field was not found."})
    for operation in body["operations"]:
        fields = [{**CODE, "value": field["value"] or ""} for field in operation["customFields"]]
        table.write(
            operation["objectId"],
            {"customFields": [field for field in fields if field["value"]]},
            control.now_ticks(),
        )
    return empty()
