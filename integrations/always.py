"""“Always do this for this field”: what a person chose in a review becomes the field's policy in its sync rule.

The route: `reconciliation.reviewing.always_chosen` -> the rule that met the conflict -> the field's mapping line.
"""

from typing import Any

from integrations.models import FieldMapping, SyncRule
from portal import audit
from portal.models import User
from reconciliation.models import Conflict
from reconciliation.survivorship import Mode, Policy

Outcome = Conflict.Outcome


def remember(
    sender: Any, *, conflict: Conflict, outcome: Conflict.Outcome, actor: User | None, **kwargs: Any
) -> str:
    """Write the policy down. Returns a sentence for the person who chose it."""
    name = conflict.field.replace("_", " ")
    rule = _rule_of(conflict)
    if rule is None:
        return f"No sync rule reads this {name} any more, so there is nothing to remember for next time."
    policy = _policy(rule, outcome)
    line = FieldMapping.objects.filter(rule=rule, part="", field=conflict.field).first()
    if line is None:
        return f"Not remembered: the field mapping of {rule.label}s has no line of its own for {name}."
    before = line.get_policy_display() or "as the rule"
    line.mode, line.policy = Mode.ALWAYS, policy
    line.save(update_fields=["mode", "policy"])
    after = line.get_policy_display()
    audit.record("mapping.changed", rule, actor=actor, diff={f"{name}: conflict policy": [before, after]})
    ours, theirs = "the portal", rule.connection.label
    winner, loser = (ours, theirs) if policy is Policy.PORTAL else (theirs, ours)
    field = f"this field of {rule.label}s"
    return f"From now on {winner} wins {field} against {loser}. It can be changed in the field mapping."


def _rule_of(conflict: Conflict) -> SyncRule | None:
    rules = SyncRule.objects.select_related("connection__tenant")
    return rules.filter(connection__source=conflict.link.source_id, entity=conflict.entity).first()


def _policy(rule: SyncRule, outcome: Conflict.Outcome) -> Policy:
    """The policy by which the chosen side always wins."""
    if outcome == Outcome.PORTAL:
        return Policy.PORTAL
    is_record = rule.system_of_record == SyncRule.SystemOfRecord.SOURCE
    return Policy.SYSTEM_OF_RECORD if is_record else Policy.SOURCE
