"""Writes of leads: somebody asked, and has not booked yet."""

from werkzeug.wrappers import Response

from integrations.sandbox import times
from integrations.sandbox.servicetitan import crm_rows
from integrations.sandbox.servicetitan.control import Control
from integrations.sandbox.servicetitan.replies import as_json, invalid
from integrations.sandbox.servicetitan.store import Body, Store
from integrations.sandbox.servicetitan.write_crm import must_exist, plain

REFERENCES = {
    "campaignId": "campaigns",
    "customerId": "customers",
    "locationId": "locations",
    "businessUnitId": "business-units",
    "jobTypeId": "job-types",
}


def create_lead(control: Control, body: Body) -> Response:
    """A lead needs somebody to call back: a reason or a day."""
    store, now = control.store, control.now_ticks()
    _must_refer(store, body)
    if body.get("callReasonId") is None and body.get("followUpDate") is None:
        raise invalid(followUpDate="Either CallReasonId or FollowUpDate is required.")
    table, text = store["leads"], times.to_text(now)
    row = crm_rows.lead(
        id=table.new_id(), status="Open", campaign=body["campaignId"], created=text, modified=text
    )
    row.update({name: value for name, value in plain(body).items() if name in row})
    table.add(row, created=now, modified=now)
    return as_json(row)


def patch_lead(control: Control, body: Body, row_id: int) -> Response:
    must_exist(control.store, "leads", row_id)
    _must_refer(control.store, body)
    return as_json(control.store["leads"].write(row_id, plain(body), control.now_ticks()))


def _must_refer(store: Store, body: Body) -> None:
    for name, entity in REFERENCES.items():
        if body.get(name) is not None and body[name] not in store[entity].rows:
            raise invalid(**{name: "The record was not found."})
