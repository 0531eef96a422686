"""Adjustments of stock: control verbs for what an office does, which the API does not, and the one write that it has."""

from collections.abc import Mapping
from decimal import Decimal

from werkzeug.wrappers import Response

from integrations.sandbox import times
from integrations.sandbox.servicetitan import supplies
from integrations.sandbox.servicetitan.control import Control
from integrations.sandbox.servicetitan.replies import as_json
from integrations.sandbox.servicetitan.store import Body
from integrations.sandbox.servicetitan.write_crm import keep_external, must_exist


def adjust(
    control: Control,
    items: Mapping[str, str | int],
    location: int | None = None,
    memo: str = "",
    reference: str = "",
) -> Body:
    """Signed quantities by item, in the first warehouse unless a place is named. Returns the adjustment."""
    with control.store.lock:
        place = location or min(control.store["warehouses"].rows)
        wanted = [(code, code, Decimal(quantity), Decimal("12.50")) for code, quantity in items.items()]
        return supplies.new_adjustment(
            control.store, control.now_ticks(), location=place, items=wanted, memo=memo, reference=reference
        )


def cancel_adjustment(control: Control, row_id: int, reason: str = "Accidental") -> Body:
    """It counts no more, and says why. Raises KeyError."""
    at = times.to_text(control.present())
    return control.change("adjustments", row_id, active=False, canceledReason=reason, dateCanceled=at)


def attach(control: Control, body: Body, row_id: int) -> Response:
    """PATCH: an application's own data and nothing else. The reply is the id alone. Raises Refused."""
    must_exist(control.store, "adjustments", row_id)
    control.store["adjustments"].write(row_id, {}, control.now_ticks())
    keep_external(control.store, "adjustments", row_id, body.get("externalData"))
    return as_json({"id": row_id})
