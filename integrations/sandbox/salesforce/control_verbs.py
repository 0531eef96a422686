"""The control verbs: a verb's members are those of the method of the same name on `Control`."""

from collections.abc import Mapping

from integrations.sandbox.control_http import Verb, set_faults

VERBS: Mapping[str, Verb] = {
    "stats": lambda control, body: control.stats(),
    "reset": lambda control, body: control.reset(),
    "faults": set_faults,
    "journal": lambda control, body: control.journal(),
    "rows": lambda control, body: control.rows(body["object"]),
    "add": lambda control, body: control.add(body["object"], body["members"]),
    "change": lambda control, body: control.change(body["id"], body["members"], body.get("by", "")),
    "touch": lambda control, body: control.touch(body["object"], body.get("count", 1)),
    "delete": lambda control, body: control.delete(body["id"]),
    "undelete": lambda control, body: control.undelete(body["id"]),
    "merge": lambda control, body: control.merge(body["winner"], *body["losers"]),
    "lock-rows": lambda control, body: control.lock_rows(body["ids"]),
    "advance": lambda control, body: control.advance(body["seconds"]),
    "allow-calls": lambda control, body: control.allow_calls(body["most"], body.get("used", 0)),
    "slow-jobs": lambda control, body: control.slow_jobs(body["seconds"]),
    "add-field": lambda control, body: control.add_field(body["object"], body["field"]),
    "add-object": lambda control, body: control.add_object(
        body["name"], body["fields"], body.get("label", "")
    ),
    "remove-field": lambda control, body: control.remove_field(body["object"], body["field"]),
    "add-validation-rule": lambda control, body: control.add_validation_rule(
        body.pop("object"), body.pop("field"), **body
    ),
    "add-duplicate-rule": lambda control, body: control.add_duplicate_rule(
        body["object"], body["fields"], body.get("alert", True)
    ),
    "drop-rules": lambda control, body: control.drop_rules(),
    "expire-tokens": lambda control, body: control.expire_tokens(),
    "revoke-all": lambda control, body: control.revoke_all(),
    "enable-api": lambda control, body: control.enable_api(body.get("on", True)),
    "deactivate-user": lambda control, body: control.deactivate_user(body["username"]),
}
