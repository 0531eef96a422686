"""Which write is which: verb and path -> scope, body and what happens. Digits in a path are handed on as ids."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from werkzeug.wrappers import Request, Response

from integrations.sandbox.servicetitan import (
    bodies,
    capacity,
    checking,
    stocktaking,
    write_crm,
    write_leads,
    write_purchasing,
    write_supplies,
    write_work,
)
from integrations.sandbox.servicetitan.checking import Schema
from integrations.sandbox.servicetitan.control import Control
from integrations.sandbox.servicetitan.replies import Refused, invalid
from integrations.sandbox.servicetitan.write_crm import CONTACTS_OF, NOTES_OF

CUSTOMERS, LOCATIONS, JOBS = "tn.crm.customers:w", "tn.crm.locations:w", "tn.jpm.jobs:w"
ASSIGNMENTS, VENDORS = "tn.dis.appointmentassignments:w", "tn.inv.vendors:w"
ORDERS = "tn.inv.purchaseorders:w"


@dataclass(frozen=True, slots=True)
class Write:
    """`run` takes the control, the checked body where there is one, and the ids of the path.

    `bare` calls refuse any query parameter.
    """

    scope: str
    run: Callable[..., Response]
    schema: Schema | None = None
    each: bool = False
    bare: bool = False


def _patch(entity: str) -> Callable[[Control, Any, int], Response]:
    return lambda control, body, row_id: write_crm.patch(control, body, entity, row_id)


def _below(parent: str, scope: str) -> dict[str, Write]:
    """The writes of a record's contacts, notes and tags."""
    contacts, notes = CONTACTS_OF[parent], NOTES_OF[parent]
    return {
        f"POST crm/{parent}/#/contacts": Write(
            scope, lambda c, body, owner: write_crm.create_contact(c, body, parent, owner), bodies.CONTACT
        ),
        f"PATCH crm/{parent}/#/contacts/#": Write(
            scope,
            lambda c, body, owner, row: write_crm.patch_contact(c, body, parent, owner, row),
            bodies.CONTACT_PATCH,
        ),
        f"DELETE crm/{parent}/#/contacts/#": Write(
            scope, lambda c, owner, row: write_crm.delete_child(c, contacts, owner, row)
        ),
        f"POST crm/{parent}/#/notes": Write(scope, _note(parent), bodies.NOTE),
        f"DELETE crm/{parent}/#/notes/#": Write(
            scope, lambda c, owner, row: write_crm.delete_child(c, notes, owner, row)
        ),
        f"POST crm/{parent}/#/tags/#": Write(
            scope, lambda c, row, tag: write_crm.add_tag(c, parent, row, tag)
        ),
        f"DELETE crm/{parent}/#/tags/#": Write(
            scope, lambda c, row, tag: write_crm.remove_tag(c, parent, row, tag)
        ),
    }


def _note(parent: str) -> Callable[[Control, Any, int], Response]:
    return lambda control, body, owner: write_crm.create_note(control, body, parent, owner)


WRITES: Mapping[str, Write] = {
    "POST crm/customers": Write(CUSTOMERS, write_crm.create_customer, bodies.CUSTOMER),
    "PATCH crm/customers/#": Write(CUSTOMERS, _patch("customers"), bodies.CUSTOMER_PATCH),
    **_below("customers", CUSTOMERS),
    "POST crm/locations": Write(LOCATIONS, write_crm.create_location, bodies.LOCATION),
    "PATCH crm/locations/#": Write(LOCATIONS, _patch("locations"), bodies.LOCATION_PATCH),
    **_below("locations", LOCATIONS),
    "POST crm/leads": Write("tn.crm.leads:w", write_leads.create_lead, bodies.LEAD),
    "PATCH crm/leads/#": Write("tn.crm.leads:w", write_leads.patch_lead, bodies.LEAD_PATCH),
    "POST crm/leads/#/notes": Write("tn.crm.leads:w", _note("leads"), bodies.NOTE),
    "PUT crm/tags": Write(
        "tn.crm.tags:w", lambda c, body: write_crm.bulk_tags(c, body, add=True), bodies.TAGS
    ),
    "DELETE crm/tags": Write(
        "tn.crm.tags:w", lambda c, body: write_crm.bulk_tags(c, body, add=False), bodies.TAGS
    ),
    "POST jpm/jobs": Write(JOBS, write_work.create_job, bodies.JOB),
    "PATCH jpm/jobs/#": Write(JOBS, _patch("jobs"), bodies.JOB_PATCH),
    "PUT jpm/jobs/#/cancel": Write(JOBS, write_work.cancel_job, bodies.CANCEL),
    "PUT jpm/jobs/#/complete": Write(JOBS, write_work.complete_job, bodies.COMPLETE),
    "POST jpm/jobs/#/notes": Write(JOBS, _note("jobs"), bodies.NOTE),
    "PATCH jpm/appointments/#/reschedule": Write(
        "tn.jpm.appointments:w", write_work.reschedule, bodies.RESCHEDULE
    ),
    "POST dispatch/capacity": Write("tn.dis.capacity:w", capacity.answer, bodies.CAPACITY, bare=True),
    "POST dispatch/appointment-assignments/assign-technicians": Write(
        ASSIGNMENTS, write_work.assign, bodies.TECHNICIANS
    ),
    "POST dispatch/appointment-assignments/unassign-technicians": Write(
        ASSIGNMENTS, write_work.unassign, bodies.TECHNICIANS
    ),
    "POST inventory/vendors": Write(VENDORS, write_supplies.create_vendor, bodies.VENDOR),
    "PATCH inventory/vendors/#": Write(VENDORS, write_supplies.patch_vendor, bodies.VENDOR_PATCH),
    "PATCH inventory/vendors/custom-fields": Write(VENDORS, write_supplies.vendor_fields, bodies.FIELDS),
    "PATCH accounting/invoices/#": Write("tn.acc.invoices:w", write_work.patch_invoice, bodies.INVOICE_PATCH),
    "POST accounting/invoices/markasexported": Write(
        "tn.acc.invoices:w", write_work.mark_exported, bodies.EXPORTED, each=True
    ),
    "POST accounting/payments": Write("tn.acc.payments:w", write_work.create_payment, bodies.PAYMENT),
    "PATCH accounting/payments/#": Write("tn.acc.payments:w", write_work.patch_payment, bodies.PAYMENT),
    "PATCH inventory/adjustments/#": Write(
        "tn.inv.adjustments:w",
        stocktaking.attach,
        bodies.EXTERNAL_ALONE,
    ),
    "POST inventory/purchase-orders": Write(ORDERS, write_purchasing.create_order, bodies.ORDER),
    "PATCH inventory/purchase-orders/#": Write(ORDERS, write_purchasing.patch_order, bodies.ORDER_PATCH),
    "PATCH inventory/purchase-orders/#/cancellation": Write(
        ORDERS, write_purchasing.cancel_order, bodies.ORDER_CANCEL
    ),
    "POST inventory/receipts": Write("tn.inv.receipts:w", write_purchasing.create_receipt, bodies.RECEIPT),
    "POST settings/tag-types": Write("tn.stt.tagtypes:w", write_work.create_tag_type, bodies.TAG_TYPE),
}


def answer(control: Control, request: Request, where: str, check: Callable[[str], None]) -> Response:
    """Do one write; `where` is `module/path`. Raises Refused."""
    write = WRITES.get(f"{request.method} {re.sub(r'/[0-9]+', '/#', where)}")
    if write is None:
        raise Refused(404)
    check(write.scope)
    if write.bare and request.args:
        raise invalid(**dict.fromkeys(request.args, "It takes no query parameters."))
    ids = [int(part) for part in where.split("/") if part.isdigit()]
    if write.schema is None:
        return write.run(control, *ids)
    body = _parsed(request)
    known = checking.check_each(write.schema, body) if write.each else checking.check(write.schema, body)
    return write.run(control, known, *ids)


def _parsed(request: Request) -> Any:
    try:
        return orjson.loads(request.get_data())
    except orjson.JSONDecodeError:
        raise invalid(body="The body is not JSON.") from None
