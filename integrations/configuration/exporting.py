"""A tenant's configuration, read out of the database into a document."""

from collections import Counter
from typing import Any

from django.forms.models import model_to_dict

from integrations.configuration.document import FORMAT, Document
from integrations.flows.base import Setting
from integrations.flows.catalogue import FLOWS
from integrations.mapping_versions import as_rows
from integrations.models import (
    AlertChannel,
    AlertRule,
    Connection,
    Flow,
    RemoteFields,
    SyncRule,
    TableRow,
)
from integrations.work import MISSING_SCOPE
from portal.models import Tenant
from reconciliation.entities import ENTITIES
from reconciliation.models import MatchSettings, MergeSettings

RULE_SETTINGS = (
    "direction",
    "creates",
    "system_of_record",
    "policy",
    "interval",
    "page_size",
    "recent",
    "becomes",
)
RULE = ("entity", "object", *RULE_SETTINGS)
ALERT_RULE = ("kind", "limit", "window", "hour", "tells_recovery", "enabled")
MATCHING = ("merges_by_itself", "merge_from", "review_from")
OF_TENANT = ("timezone", "phone_region", "currency")
ALL_ELSE = "all else"
Values = dict[str, Any]


def export(tenant: Tenant) -> Document:
    """Everything that a person has chosen for it, but credentials, addresses and people."""
    connections = Connection.objects.filter(tenant=tenant).order_by("system")
    return Document.model_validate(
        {
            "format": FORMAT,
            "version": 1,
            "tenant": tenant.slug,
            "settings": {name: getattr(tenant, name) for name in OF_TENANT},
            "connections": {row.system: _connection(row) for row in connections},
            "flows": {row.name: _flow(row) for row in Flow.objects.filter(tenant=tenant).order_by("name")},
            "tables": _tables(tenant),
            "duplicates": _duplicates(tenant),
            "alerts": _alerts(tenant),
            "described": _described(tenant),
        }
    )


def rule_name(rule: SyncRule) -> str:
    return f"{rule.entity} {rule.object}".strip()


def _connection(connection: Connection) -> Values:
    rules = connection.rules.prefetch_related("mappings").order_by("position", "pk")
    return {"scope": connection.scope, "rules": {rule_name(rule): _rule(rule) for rule in rules}}


def _rule(rule: SyncRule) -> Values:
    values = {name: getattr(rule, name) for name in RULE}
    enabled = rule.enabled or rule.off_because.startswith(MISSING_SCOPE)
    return {**values, "enabled": enabled, "mapping": as_rows(rule.mappings.all())}


def _flow(flow: Flow) -> Values:
    spec = FLOWS.get(flow.name)
    settings = dict(flow.settings)
    for setting in spec.settings if spec else ():
        if setting.name in settings:
            settings[setting.name] = outward(setting, settings[setting.name], flow.tenant)
    return {"enabled": flow.enabled, "settings": settings}


def outward(setting: Setting, stored: Any, tenant: Tenant) -> Any:
    """A setting without ids: records by what they are called."""
    if setting.kind == "reference":
        return names_of(setting.refers_to, [stored], tenant).get(stored)
    if setting.kind == "pairs":
        keys = names_of(setting.each, [int(key) for key in stored], tenant)
        values = names_of(setting.refers_to, stored.values(), tenant)
        pairs = {keys.get(int(key)): values.get(value) for key, value in stored.items()}
        return {key: value for key, value in pairs.items() if key and value}
    return stored


def names_of(entity: str, pks: Any, tenant: Tenant) -> dict[int, str]:
    rows = ENTITIES[entity].objects.filter(tenant=tenant, pk__in=[pk for pk in pks if pk])
    return {row.pk: str(row) for row in rows}


def _tables(tenant: Tenant) -> Values:
    """By what people call the key; a record that only the portal knows has no name elsewhere, and is left out."""
    rows = [row for row in TableRow.objects.filter(tenant=tenant) if not row.key.startswith("#")]
    alike = Counter((row.table, row.label) for row in rows)
    found: dict[str, Values] = {}
    for row in rows:
        label = row.label or (row.key or ALL_ELSE)
        if alike[row.table, row.label] > 1:
            label = f"{label} ({row.key})"
        found.setdefault(row.table, {})[label[:300]] = {"key": row.key, "target": row.target}
    return found


def _duplicates(tenant: Tenant) -> Values:
    matching = MatchSettings.objects.filter(tenant=tenant).first() or MatchSettings()
    merging = MergeSettings.objects.filter(tenant=tenant).first() or MergeSettings()
    return {
        "matching": model_to_dict(matching, MATCHING),
        "merging": {"rules": merging.rules, "loser": merging.loser},
    }


def _alerts(tenant: Tenant) -> Values:
    channels = AlertChannel.objects.filter(tenant=tenant).order_by("name")
    rules = AlertRule.objects.filter(tenant=tenant).prefetch_related("channels").order_by("kind", "pk")
    return {
        "channels": {
            row.name: {"kind": row.kind, "recipients": row.recipients, "enabled": row.enabled}
            for row in channels
        },
        "rules": {name: _alert_rule(rule) for name, rule in named_rules(rules)},
    }


def named_rules(rules: Any) -> list[tuple[str, AlertRule]]:
    """Each with its kind, counted where there are several of one."""
    seen: Counter[str] = Counter()
    found = []
    for rule in rules:
        seen[rule.kind] += 1
        found.append((rule.kind if seen[rule.kind] == 1 else f"{rule.kind} {seen[rule.kind]}", rule))
    return found


def _alert_rule(rule: AlertRule) -> Values:
    names = sorted(channel.name for channel in rule.channels.all())
    return {**{name: getattr(rule, name) for name in ALERT_RULE}, "channels": names}


def _described(tenant: Tenant) -> Values:
    found: dict[str, Values] = {}
    rows = RemoteFields.objects.filter(rule__connection__tenant=tenant).select_related("rule__connection")
    for row in rows.order_by("rule__connection__system", "rule__position"):
        found.setdefault(row.rule.connection.system, {})[rule_name(row.rule)] = row.fields
    return found
