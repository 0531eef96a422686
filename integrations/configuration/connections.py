"""The part of an import that is about a connection: made without credentials, its rules, mappings and scope set.

The route: connection (made, if there is none) -> what its system described, where it was not asked here -> rules ->
mappings, checked line by line -> scope.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone

from integrations import connecting, mapping_versions, own_objects, scoping
from integrations import scope as scopes
from integrations.configuration.document import ConnectionPart, FieldPart, RulePart
from integrations.configuration.exporting import RULE_SETTINGS, rule_name
from integrations.connectors.base import RemoteField
from integrations.connectors.registry import CONNECTORS
from integrations.models import Connection, RemoteFields, SyncRule
from integrations.push.owing import owe, pushes, write_of
from integrations.push.planning import candidates
from integrations.work import MISSING_SCOPE
from portal import audit
from portal.models import Tenant, User

Described = Mapping[str, Sequence[FieldPart]]


def take_connection(
    tenant: Tenant,
    system: str,
    part: ConnectionPart,
    described: Described,
    user: User | None,
    problems: list[str],
    todo: list[str],
) -> None:
    """What is wrong goes to `problems`, what a person has to do afterwards to `todo`."""
    place = f"connections > {system}"
    if system not in CONNECTORS:
        problems.append(f"{place}: there is no such system; there is {', '.join(CONNECTORS)}.")
        return
    connection = Connection.objects.filter(tenant=tenant, system=system).first()
    if connection is None:
        connection = connecting.begin(tenant, system, user=user)
    rules = {rule_name(rule): rule for rule in connection.rules.select_related("connection__tenant")}
    for name, wanted in part.rules.items():
        where = f"{place} > rules > {name}"
        rule = rules.get(name) or _own_object(
            connection, wanted, described.get(name, []), where, user, problems
        )
        if rule is not None:
            _describe(rule, described.get(name, []))
            _settings(rule, wanted, where, user, problems)
            _mapping(rule, wanted, where, user, problems)
    _scope(connection, part.scope, place, user, problems, todo)


def _own_object(
    connection: Connection,
    wanted: RulePart,
    fields: Sequence[FieldPart],
    where: str,
    user: User | None,
    problems: list[str],
) -> SyncRule | None:
    """The rule of an object that the account made for itself, from what its system said of it."""
    if not wanted.object or not own_objects.may_have(connection):
        problems.append(f"{where}: {connection.label} has no such entity.")
        return None
    try:
        found = [_field(field) for field in fields]
        return own_objects.declare(connection, wanted.object, wanted.entity, found, user=user)
    except ValidationError as error:
        problems.append(f"{where}: {' '.join(error.messages)}")
        return None


def _field(field: FieldPart) -> RemoteField:
    values = field.model_dump()
    choices = tuple((value, label) for value, label in values.pop("choices"))
    return RemoteField(**{**values, "choices": choices, "refers_to": tuple(values["refers_to"])})


def _describe(rule: SyncRule, fields: Sequence[FieldPart]) -> None:
    """Only until the system itself is asked here."""
    if fields and not RemoteFields.objects.filter(rule=rule).exists():
        RemoteFields.objects.create(rule=rule, fields=[field.model_dump() for field in fields])


def _settings(rule: SyncRule, wanted: RulePart, where: str, user: User | None, problems: list[str]) -> None:
    """As the rules page stores them: noted as a person's choice, told in the trail, owed where more is written now."""
    diff = {
        name: [getattr(rule, name), getattr(wanted, name)]
        for name in RULE_SETTINGS
        if getattr(rule, name) != getattr(wanted, name)
    }
    lacks_scope = not rule.enabled and rule.off_because.startswith(MISSING_SCOPE)
    if rule.enabled != wanted.enabled and not lacks_scope:
        diff["enabled"] = [rule.enabled, wanted.enabled]
    if not diff:
        return
    for name, (_, value) in diff.items():
        setattr(rule, name, value)
    if rule.direction != SyncRule.Direction.PULL and write_of(rule) is None:
        problems.append(f"{where} > direction: {rule.connection.label} takes no {rule.label} records.")
        return
    try:
        rule.full_clean(exclude=["connection"])
    except ValidationError as error:
        problems += [f"{where} > {name}: {' '.join(words)}" for name, words in error.message_dict.items()]
        return
    if "enabled" in diff:
        rule.off_because = ""
        rule.due_at = timezone.now() if rule.enabled and rule.connection.synced_at else rule.due_at
    rule.note_choice(diff)
    rule.save(update_fields=[*diff, "off_because", "due_at", "chosen"])
    audit.record("sync_rule.changed", rule, actor=user, tenant=rule.connection.tenant, diff=diff)
    if {"direction", "creates"} & set(diff) and pushes(rule):
        owe(rule, candidates(rule), backfill=True)


def _mapping(rule: SyncRule, wanted: RulePart, where: str, user: User | None, problems: list[str]) -> None:
    document = {
        "format": mapping_versions.FORMAT,
        "version": 1,
        "system": rule.connection.system,
        "entity": rule.entity,
        "lines": wanted.mapping,
    }
    if wanted.mapping == mapping_versions.as_rows(rule.mappings.all()):
        return
    try:
        lines = mapping_versions.from_document(rule, document)
    except mapping_versions.NotAMapping as error:
        problems.append(f"{where} > mapping: {str(error).removeprefix('Nothing was stored. ')}")
        return
    mapping_versions.store(rule, lines, action="mapping.imported", note="configuration", actor=user)


def _scope(
    connection: Connection,
    wanted: dict[str, Any],
    place: str,
    user: User | None,
    problems: list[str],
    todo: list[str],
) -> None:
    """Checked against the lists that were read here; before that it is kept as it is, and nothing is read past it."""
    if connection.scope == wanted:
        return
    before = connection.scope
    choices = scoping.choices_of(connection)
    if not (choices.units or choices.tags):
        named = {member: wanted.get(member) or [] for member in ("businessUnits", "customerTagFilter")}
        if not all(isinstance(names, list) for names in named.values()):
            problems.append(f"{place} > scope: business units and tags are lists of names, or null.")
            return
        try:
            scopes.check({**wanted, "businessUnits": None, "customerTagFilter": None}, choices)
        except scopes.ScopeError as error:
            problems.append(f"{place} > scope: {error}")
            return
        connection.scope = wanted
        connection.save(update_fields=["scope"])
        if any(named.values()):
            todo.append(f"{connection.label}: look at its scope once its business units and tags are read.")
    else:
        try:
            scoping.apply(connection, wanted)
        except scopes.ScopeError as error:
            problems += [f"{place} > scope: {words}" for words in error.messages]
            return
    audit.record(
        "scope.changed",
        connection,
        actor=user,
        tenant=connection.tenant,
        diff={"scope": [before, connection.scope]},
        note="from a configuration",
    )
