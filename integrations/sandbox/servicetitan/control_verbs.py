"""The control verbs: a verb's members are those of the method of the same name on `Control`."""

from collections.abc import Mapping

from integrations.sandbox.control_http import Verb, set_faults
from integrations.sandbox.servicetitan import loyalty, stocktaking

VERBS: Mapping[str, Verb] = {
    "stats": lambda control, body: control.stats(),
    "reset": lambda control, body: control.reset(),
    "faults": set_faults,
    "journal": lambda control, body: control.journal(),
    "touch": lambda control, body: control.touch(body["entity"], body.get("count"), share=body.get("share")),
    "merge": lambda control, body: control.merge(body["loser"], body["winner"]),
    "dispatch": lambda control, body: control.dispatch(body["id"]),
    "deactivate": lambda control, body: control.deactivate(body["entity"], body["id"]),
    "change": lambda control, body: control.change(body["entity"], body["id"], **body["members"]),
    "add": lambda control, body: control.add(body.get("count", 1)),
    "advance": lambda control, body: control.advance(body["seconds"]),
    "limit": lambda control, body: control.limit(body["rate"], body.get("window", "sliding")),
    "buy": lambda control, body: loyalty.buy(control, body["customer"], body["type"]),
    "renew": lambda control, body: loyalty.renew(control, body["id"]),
    "lapse": lambda control, body: loyalty.lapse(control, body["id"], body.get("status", "Expired")),
    "rate": lambda control, body: loyalty.rate(control, body["job"], body["rating"], body.get("technician")),
    "review": lambda control, body: loyalty.review(control, body["stars"], body["text"], body.get("job")),
    "adjust": lambda control, body: stocktaking.adjust(control, **body),
    "cancel-adjustment": lambda control, body: stocktaking.cancel_adjustment(control, body["id"]),
    "endpoint": lambda control, body: control.endpoint(body["name"], body["status"]),
    "grant": lambda control, body: control.grant(body["scopes"]),
    "subscribe": lambda control, body: control.subscribe(**body),
    "notify": lambda control, body: control.notify(body["event"], body["id"]) is not None,
    "publish": lambda control, body: control.publish(body["scopes"]),
    "disable-app": lambda control, body: control.disable_app(),
    "enable-app": lambda control, body: control.enable_app(),
    "expire-tokens": lambda control, body: control.expire_tokens(),
}
