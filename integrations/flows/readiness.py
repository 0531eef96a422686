"""Whether a merchant is ready for a flow: what is met and what is not, and what installing would switch on.

The route: connections and rules -> each judged -> needs as a person reads them, with where each is seen to, and changes
of rules. Changes nothing. What a person has set is a need where it stands in the way, never a change.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.text import capfirst

from integrations.connectors.registry import CONNECTORS
from integrations.flows.base import FlowSpec, Need, NeededRule, Place
from integrations.models import Connection, SyncRule
from integrations.push.owing import PUSHING, write_of
from integrations.work import MISSING_SCOPE
from portal.models import Tenant
from reconciliation.entities import ENTITIES

_RULES = "admin:integrations_connection_rules"


@dataclass(slots=True)
class Setup:
    """What the flow needs of this merchant's rules: `needs` as a person reads them, `changes` to be made, by rule."""

    needs: list[Need] = field(default_factory=list)
    changes: list[tuple[SyncRule, dict[str, Any]]] = field(default_factory=list)

    @property
    def is_ready(self) -> bool:
        return all(need.met for need in self.needs)


def setup_of(tenant: Tenant, spec: FlowSpec, stored: Mapping[str, Any] | None = None) -> Setup:
    """What is met, what is not, and what installing would switch on. Changes nothing."""
    found, settings = Setup(), spec.chosen(stored or {})
    needed = [wanted for wanted in spec.rules if wanted.applies(settings)]
    connections = {row.system: row for row in tenant.connections.filter(system__in=spec.systems)}
    rules = {
        (rule.connection.system, rule.entity): rule
        for rule in SyncRule.objects.filter(connection__in=connections.values()).select_related("connection")
    }
    for system in spec.systems:
        names = [wanted.entity for wanted in needed if wanted.system == system]
        found.needs.append(_connected(tenant, system, connections.get(system), names))
    for wanted in needed:
        rule = rules.get((wanted.system, wanted.entity))
        if rule is not None:
            _judge(found, wanted, rule)
    if spec.needs:
        found.needs += spec.needs(tenant, settings)
    return found


def _connected(tenant: Tenant, system: str, connection: Connection | None, names: Sequence[str]) -> Need:
    """Whether the system is connected, and has been read as far as the flow needs it."""
    label = CONNECTORS[system].label
    if connection is None or connection.status == Connection.Status.DISCONNECTED:
        query = f"tenant={tenant.pk}&system={system}"
        place = Place("admin:integrations_connection_add", query=query)
        if connection is not None:
            place = Place("admin:integrations_connection_credentials", (connection.pk,))
        return Need(f"{label} is connected", False, f"Connect {label}", place)
    if connection.status != Connection.Status.CONNECTED:
        place = Place("admin:integrations_connection_test", (connection.pk,))
        return Need(f"{label} is connected", False, f"See what {label} lacks", place)
    if connection.rules.filter(entity__in=names, enabled=True, synced_at=None).exists():
        place = Place("admin:integrations_connection_sync", (connection.pk,))
        return Need(f"{label} was read once", False, "Start the first sync", place)
    return Need(f"{label} is connected and read", True)


def _judge(found: Setup, wanted: NeededRule, rule: SyncRule) -> None:
    """One rule: fit, to be switched on, or set otherwise by a person, who then has to say so."""
    label, rules = rule.connection.label, Place(_RULES, (rule.connection_id,))
    changes: dict[str, Any] = {}
    if wanted.optional and not rule.enabled and (rule.off_because or "enabled" in rule.chosen):
        return
    if not rule.enabled and rule.off_because.startswith(MISSING_SCOPE):
        test = Place("admin:integrations_connection_test", (rule.connection_id,))
        found.needs.append(
            Need(f"{label} lets us see {plural(rule).lower()}", False, "How to grant it", test)
        )
        return
    if not rule.enabled:
        if "enabled" in rule.chosen:
            found.needs.append(Need(f"{plural(rule)} of {label} are synced", False, "Switch it on", rules))
            return
        changes |= {"enabled": True, "off_because": ""}
    if wanted.pushes and rule.direction not in PUSHING:
        if "direction" in rule.chosen or write_of(rule) is None:
            words = f"{plural(rule)} are written to {label}: somebody chose “pull” for them"
            found.needs.append(Need(words, False, "Choose both ways", rules))
            return
        changes["direction"] = SyncRule.Direction.BOTH
        if "creates" not in rule.chosen:
            changes["creates"] = wanted.creates
    if wanted.asks and "policy" not in rule.chosen and rule.policy != SyncRule.ConflictPolicy.ASK:
        changes["policy"] = SyncRule.ConflictPolicy.ASK
    if changes:
        found.changes.append((rule, changes))


def words_of(change: tuple[SyncRule, dict[str, Any]]) -> str:
    """A change of a rule, as a person reads it before it is made."""
    rule, values = change
    label = rule.connection.label
    if "direction" not in values:
        return f"{plural(rule)} of {label} are synced."
    which = (
        "changes of those that are there, and what flows make"
        if values.get("creates", rule.creates) == SyncRule.Creates.ASKED
        else "all that are made here, and changes"
    )
    return f"{plural(rule)} are written to {label}: {which}."


def plural(rule: SyncRule) -> str:
    """The rule's records, at the head of a sentence."""
    return capfirst(ENTITIES[rule.entity].plural)
