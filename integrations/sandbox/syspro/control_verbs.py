"""The control verbs: a verb's members are those of the method of the same name on `Control`."""

from collections.abc import Mapping

from integrations.sandbox.control_http import Verb, set_faults

VERBS: Mapping[str, Verb] = {
    "stats": lambda control, body: control.stats(),
    "reset": lambda control, body: control.reset(),
    "faults": set_faults,
    "journal": lambda control, body: control.journal(),
    "attempts": lambda control, body: control.attempts(),
    "posted": lambda control, body: control.posted(body.get("object", "APSTIN")),
    "rows": lambda control, body: control.rows(body["table"]),
    "row": lambda control, body: control.row(body["table"], *body["key"]),
    "put": lambda control, body: control.put(body["table"], body["members"]),
    "add-supplier": lambda control, body: control.add_supplier(**body),
    "add-account": lambda control, body: control.add_account(**body),
    "add-stock": lambda control, body: control.add_stock(**body),
    "on-hand": lambda control, body: control.on_hand(**body),
    "deny-warehouse": lambda control, body: control.deny_warehouse(**body),
    "add-invoice": lambda control, body: control.add_invoice(**body),
    "hold-supplier": lambda control, body: control.hold_supplier(**body),
    "add-order": lambda control, body: control.add_order(**body),
    "receive-order": lambda control, body: control.receive_order(**body),
    "cancel-order": lambda control, body: control.cancel_order(**body),
    "adjust-stock": lambda control, body: control.adjust_stock(**body),
    "pay": lambda control, body: control.pay(**body),
    "close-period": lambda control, body: control.close_period(**body),
    "open-period": lambda control, body: control.open_period(**body),
    "end-month": lambda control, body: control.end_month(),
    "evict": lambda control, body: control.evict(**body),
    "expire-sessions": lambda control, body: control.expire_sessions(),
    "lock-operator": lambda control, body: control.lock_operator(**body),
    "license": lambda control, body: control.license(**body),
    "advance": lambda control, body: control.advance(body["seconds"]),
}
