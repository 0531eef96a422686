"""Purchase orders at ServiceTitan: lines come out of their orders, go back with all of them, and are received."""

from datetime import UTC, datetime, timedelta

import pytest

from integrations.connectors.errors import RemoteError
from integrations.connectors.servicetitan.entities import ENTITIES
from integrations.connectors.servicetitan.inside import RECEIPTS, change, shaped
from tests.contract import load, needs_specs

ORDER, LINE = ENTITIES["purchase_order"], ENTITIES["purchase_order_line"]
ITEMS = [
    {"id": 1, "skuId": 9, "description": "Valve", "vendorPartNumber": "V", "quantity": 5, "quantityReceived": 2.0,
     "cost": 3.5, "skuCode": "MAT-VALVE", "budgetCodeId": None},
    {"id": 2, "skuId": 8, "description": None, "vendorPartNumber": "", "quantity": 1, "quantityReceived": 0.0, "cost": 1},
]  # fmt: skip
OWNER = {"id": 77, "status": "Sent", "modifiedOn": "2026-03-01T00:00:00Z", "items": ITEMS}


@pytest.fixture
def sent():
    calls: list[tuple] = []
    return calls, lambda *call: calls.append(call)


def test_a_line_carries_what_it_needs_of_its_order():
    first, second = shaped(LINE, [OWNER])
    assert (first["id"], first["purchaseOrderId"], first["purchaseOrderStatus"]) == (1, 77, "Sent")
    assert second["modifiedOn"] == "2026-03-01T00:00:00Z"


def test_a_canceled_order_is_inactive():
    assert [row["active"] for row in shaped(ORDER, [OWNER, {**OWNER, "status": "Canceled"}])] == [True, False]


def test_a_changed_line_goes_with_all_lines_of_its_order(sent):
    calls, send = sent
    change(send, "/order", OWNER, "1", {"quantity": 7})
    ((method, path, body),) = calls
    assert (method, path) == ("PATCH", "/order")
    assert [(row["id"], row["quantity"], row["description"]) for row in body["items"]] == [
        (1, 7, "Valve"),
        (2, 1, ""),
    ]
    assert set(body["items"][0]) == {"id", "skuId", "description", "vendorPartNumber", "quantity", "cost"}


def test_only_what_has_not_come_yet_is_received(sent):
    calls, send = sent
    change(send, "/order", OWNER, "1", {"quantityReceived": 5})
    ((method, path, body),) = calls
    assert (method, path) == ("POST", RECEIPTS)
    assert [(row["purchaseOrderItemId"], row["quantity"]) for row in body["items"]] == [(1, 3.0)]


def test_what_has_come_already_is_not_received_again(sent):
    calls, send = sent
    change(send, "/order", OWNER, "1", {"quantityReceived": 2})
    assert calls == []


def test_less_than_has_come_is_for_a_person(sent):
    calls, send = sent
    with pytest.raises(RemoteError, match="received 1 more of MAT-VALVE"):
        change(send, "/order", OWNER, "1", {"quantityReceived": 1})
    assert calls == []


def test_a_line_that_is_gone_is_for_a_person(sent):
    with pytest.raises(RemoteError, match="no longer has this line"):
        change(sent[1], "/order", OWNER, "3", {"quantity": 7})


@needs_specs
def test_every_write_of_an_order_is_a_published_one(connect, sandbox, monkeypatch):
    contract, problems = load(), []
    connector = connect()
    plain = connector._http.send

    def checked(call, headers, **more):
        answer = plain(call, headers, **more)
        if call.method != "GET" and "/inventory/" in call.url:
            path = call.url.partition("://")[2].partition("/")[2]
            problems.extend(contract.problems(call.method, f"/{path}", {}, call.json, 200, answer.data))
        return answer

    monkeypatch.setattr(connector._http, "send", checked)
    row = connector.list_page(ORDER, 1, 10).rows[0]
    since = datetime.now(UTC) - timedelta(minutes=1)
    address = dict.fromkeys(("street", "unit", "city", "state", "zip", "country"), "")
    item = {
        "skuId": row["items"][0]["skuId"],
        "description": "",
        "vendorPartNumber": "",
        "quantity": 3,
        "cost": 1,
    }
    body = {
        "vendorId": row["vendorId"], "typeId": row["typeId"], "businessUnitId": row["businessUnitId"],
        "inventoryLocationId": row["inventoryLocationId"], "date": "2026-03-01T00:00:00Z", "tax": 0, "shipping": 0,
        "requiredOn": "2026-03-08T00:00:00Z", "memo": "SYSPRO order 547", "impactsTechnicianPayroll": False,
        "shipTo": {"description": "", "address": address},
        "items": [item],
    }  # fmt: skip
    made = connector.create(ORDER, body, key="k")
    [found] = connector.find(ORDER, body, key="k", parent="", since=since)
    assert ORDER.id_of(found) == made
    [line] = connector.below(LINE, "purchase_order", made)
    connector.update(ORDER, made, {"requiredOn": "2026-04-01T00:00:00Z"})
    connector.update(LINE, str(line["id"]), {"quantity": 4, "quantityReceived": 1}, parent=made)
    [line] = connector.below(LINE, "purchase_order", made)
    assert (line["quantity"], line["quantityReceived"]) == (4, 1)
    other = connector.create(ORDER, {**body, "memo": "SYSPRO order 548"}, key="l")
    connector.remove(ORDER, {"id": int(other)})
    assert connector.read(ORDER, other)["active"] is False
    assert problems == []
