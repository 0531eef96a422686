"""The control verbs: a verb's members are those of the method of the same name on `Control`."""

from collections.abc import Mapping
from typing import Any

from integrations.sandbox.control_http import Verb
from integrations.sandbox.faults import from_json
from integrations.sandbox.servicetitan.control import Control


def _faults(control: Control, body: dict[str, Any]) -> Any:
    """`{"faults": [...]}`: each a text as on the command line or an object with the members of a fault."""
    faults = [from_json(fault) if isinstance(fault, dict) else fault for fault in body["faults"]]
    control.faults(*faults)
    return control.faults_on.report()


VERBS: Mapping[str, Verb] = {
    "stats": lambda control, body: control.stats(),
    "reset": lambda control, body: control.reset(),
    "faults": _faults,
    "journal": lambda control, body: control.journal(),
    "touch": lambda control, body: control.touch(body["entity"], body.get("count"), share=body.get("share")),
    "merge": lambda control, body: control.merge(body["loser"], body["winner"]),
    "dispatch": lambda control, body: control.dispatch(body["id"]),
    "deactivate": lambda control, body: control.deactivate(body["entity"], body["id"]),
    "change": lambda control, body: control.change(body["entity"], body["id"], **body["members"]),
    "add": lambda control, body: control.add(body.get("count", 1)),
    "advance": lambda control, body: control.advance(body["seconds"]),
    "limit": lambda control, body: control.limit(body["rate"], body.get("window", "sliding")),
    "endpoint": lambda control, body: control.endpoint(body["name"], body["status"]),
    "grant": lambda control, body: control.grant(body["scopes"]),
    "subscribe": lambda control, body: control.subscribe(**body),
    "notify": lambda control, body: control.notify(body["event"], body["id"]) is not None,
    "publish": lambda control, body: control.publish(body["scopes"]),
    "disable-app": lambda control, body: control.disable_app(),
    "enable-app": lambda control, body: control.enable_app(),
    "expire-tokens": lambda control, body: control.expire_tokens(),
}
