"""A document becomes a tenant's configuration: all of it or nothing, with what changes and what is left to be entered.

The route: document -> `preview` (the import itself, undone) -> a person -> `apply`: tenant, connections, rules and
mappings, scopes, tables, duplicates, alerts, flows, each through the same function as its page, in one transaction. What
the document does not name stays: nothing is taken away but mapping lines, since a mapping is one whole.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, transaction

from integrations.configuration import duties, exporting
from integrations.configuration.comparing import Difference, compare
from integrations.configuration.connections import take_connection
from integrations.configuration.document import (
    AlertsPart,
    Document,
    DuplicatesPart,
    NotAConfiguration,
    RowPart,
)
from integrations.configuration.flows import take_flow
from integrations.models import AlertChannel, AlertRule
from integrations.tables import storing
from integrations.tables.base import DEFAULT, Key
from integrations.tables.catalogue import TABLES
from portal import audit
from portal.models import Tenant, User
from reconciliation.models import MatchSettings, MergeSettings

audit.register_action("configuration.imported", "imported a configuration into {target}: {note}")
audit.register_action("configuration.exported", "exported the configuration of {target}")


@dataclass(slots=True)
class Imported:
    """What an import changes, what then still differs from the document, and what a person still has to do."""

    changes: list[Difference] = field(default_factory=list)
    left: list[Difference] = field(default_factory=list)
    todo: list[str] = field(default_factory=list)


def preview(tenant: Tenant, document: Document, user: User | None = None) -> Imported:
    """What `apply` would do. Changes nothing. Raises NotAConfiguration with everything that is in its way."""
    with transaction.atomic():
        found = apply(tenant, document, user)
        transaction.set_rollback(True)
    return found


@transaction.atomic
def apply(tenant: Tenant, document: Document, user: User | None = None) -> Imported:
    """All or nothing. Raises NotAConfiguration."""
    tenant = Tenant.objects.select_for_update().get(pk=tenant.pk)
    before = exporting.export(tenant)
    todo: list[str] = []
    problems: list[str] = []
    _tenant(tenant, document, problems)
    for system, part in document.connections.items():
        described = document.described.get(system, {})
        take_connection(tenant, system, part, described, user, problems, todo)
    for name, rows in document.tables.items():
        _table(tenant, name, rows, user, problems)
    _duplicates(tenant, document.duplicates, problems)
    _alerts(tenant, document.alerts, problems, todo)
    for name, flow in document.flows.items():
        take_flow(tenant, name, flow, user, problems, todo)
    if problems:
        raise NotAConfiguration(problems)
    after = exporting.export(tenant)
    changes = compare(before, after)
    if changes:
        diff = {one.path: [one.here, one.there] for one in changes[:200]}
        audit.record(
            "configuration.imported",
            tenant,
            actor=user,
            tenant=tenant,
            diff=diff,
            note=f"from {document.tenant}",
        )
    return Imported(changes, compare(after, document), duties.of(tenant, todo))


def _tenant(tenant: Tenant, document: Document, problems: list[str]) -> None:
    for name, value in document.settings.model_dump().items():
        setattr(tenant, name, value)
    store("settings", tenant, problems)


def store(path: str, row: models.Model, problems: list[str]) -> bool:
    """Save what is valid; what is not is said with its place in the document."""
    try:
        row.full_clean()
    except ValidationError as error:
        problems += [
            f"{path} > {name}: {' '.join(messages)}" for name, messages in error.message_dict.items()
        ]
        return False
    row.save()
    return True


def _table(
    tenant: Tenant, name: str, rows: Mapping[str, RowPart], user: User | None, problems: list[str]
) -> None:
    """Keys by their id where it is known here, else by what people call them."""
    table = TABLES.get(name)
    if table is None:
        problems.append(f"tables > {name}: there is no such table.")
        return
    known = {key.key: key for key in table.keys(tenant)}
    by_label: dict[str, list[Key]] = {}
    for key in known.values():
        by_label.setdefault(key.label.casefold(), []).append(key)
    checker = storing.Checker(tenant, table)
    found = []
    for label, row in rows.items():
        alike = by_label.get(label.casefold(), [])
        plain = label if label != row.key else ""
        key = known.get(row.key) or (alike[0] if len(alike) == 1 else Key(row.key, plain))
        try:
            target = checker.clean(row.target)
        except storing.BadTarget as error:
            problems.append(f"tables > {name} > {label}: {error}")
        else:
            found.append(storing.Row(Key(DEFAULT, "") if row.key == DEFAULT else key, target))
    storing.store(tenant, table, found, user=user, note="configuration")


def _duplicates(tenant: Tenant, part: DuplicatesPart, problems: list[str]) -> None:
    """A row is made only where something is not by default."""
    for path, model, values in (
        ("matching", MatchSettings, part.matching.model_dump()),
        ("merging", MergeSettings, part.merging.model_dump()),
    ):
        known = model._default_manager.filter(tenant=tenant).first()
        row = known or model(tenant=tenant)
        if all(getattr(row, name) == value for name, value in values.items()):
            continue
        for name, value in values.items():
            setattr(row, name, value)
        store(f"duplicates > {path}", row, problems)


def _alerts(tenant: Tenant, part: AlertsPart, problems: list[str], todo: list[str]) -> None:
    channels = {row.name: row for row in AlertChannel.objects.filter(tenant=tenant)}
    for name, wanted in part.channels.items():
        row = channels.get(name) or AlertChannel(tenant=tenant, name=name)
        row.kind, row.recipients, row.enabled = wanted.kind, wanted.recipients, wanted.enabled
        if store(f"alerts > channels > {name}", row, problems):
            channels[name] = row
    known = dict(exporting.named_rules(AlertRule.objects.filter(tenant=tenant).order_by("kind", "pk")))
    for name, asked in part.rules.items():
        rule = known.get(name) or AlertRule(tenant=tenant)
        for member, value in asdict_without_channels(asked.model_dump()).items():
            setattr(rule, member, value)
        rule.next_digest_at = None
        if asked.kind == AlertRule.Kind.WORKERS:
            problems.append(f"alerts > rules > {name}: workers are watched for the platform alone.")
        missing = [channel for channel in asked.channels if channel not in channels]
        problems += [f"alerts > rules > {name}: there is no channel “{one}”." for one in missing]
        if not missing and store(f"alerts > rules > {name}", rule, problems):
            rule.channels.set([channels[channel] for channel in asked.channels])


def asdict_without_channels(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name != "channels"}
