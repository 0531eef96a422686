"""Writes of purchase orders and their receipts. All answer with the id alone."""

from werkzeug.wrappers import Response

from integrations.sandbox.servicetitan import purchasing
from integrations.sandbox.servicetitan.control import Control
from integrations.sandbox.servicetitan.replies import as_json
from integrations.sandbox.servicetitan.store import Body
from integrations.sandbox.servicetitan.write_crm import must_exist

ORDERS = "purchase-orders"


def create_order(control: Control, body: Body) -> Response:
    return as_json({"id": purchasing.create(control.store, body, control.now_ticks())["id"]})


def patch_order(control: Control, body: Body, row_id: int) -> Response:
    must_exist(control.store, ORDERS, row_id)
    purchasing.change(control.store, row_id, body, control.now_ticks())
    return as_json({"id": row_id})


def cancel_order(control: Control, body: Body, row_id: int) -> Response:
    must_exist(control.store, ORDERS, row_id)
    purchasing.cancel(control.store, row_id, control.now_ticks())
    return as_json({"id": row_id})


def create_receipt(control: Control, body: Body) -> Response:
    must_exist(control.store, ORDERS, body["purchaseOrderId"])
    came = [(item.get("purchaseOrderItemId"), item["quantity"]) for item in body["items"]]
    row_id = purchasing.receive(
        control.store, body["purchaseOrderId"], came, control.now_ticks(), memo=body.get("memo") or ""
    )
    return as_json({"id": row_id})
